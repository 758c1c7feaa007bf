-- An order: what was placed, and what became of it.
CREATE TABLE orders (
    order_id   TEXT PRIMARY KEY,
    status     TEXT NOT NULL,  -- placed | confirmed | cancelled
    payment_id TEXT NOT NULL,  -- the payment provider's reference
    placed     TEXT NOT NULL   -- the data of order.placed.v1, as JSON: a published schema never changes
);

-- The events of an order, in the order in which they became known here.
CREATE TABLE order_history (
    order_id    TEXT   NOT NULL REFERENCES orders (order_id),
    position    BIGINT NOT NULL,
    event_type  TEXT   NOT NULL,
    event_id    TEXT   NOT NULL,
    recorded_at BIGINT NOT NULL,  -- microseconds since 1970, UTC
    PRIMARY KEY (order_id, position)
);

-- Which request came with which Idempotency-Key, and how it ended. Claimed before the customer is charged, concluded in
-- the transaction that stores the order.
CREATE TABLE idempotency_keys (
    idempotency_key TEXT   PRIMARY KEY,
    fingerprint     TEXT   NOT NULL,  -- of the request's body
    order_id        TEXT   NOT NULL,
    outcome         TEXT,             -- JSON; NULL until there is one
    claimed_at      BIGINT NOT NULL   -- microseconds since 1970, UTC
);
