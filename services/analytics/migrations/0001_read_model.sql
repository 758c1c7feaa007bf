-- The answers to the page's questions, kept ready. All of it can be rebuilt from the streams.

-- What has happened to each order; one row per event.
CREATE TABLE order_step (
    order_id TEXT   NOT NULL,
    step     TEXT   NOT NULL,  -- placed | charged | reserved | short | confirmed | cancelled | refunded
    at       BIGINT NOT NULL,  -- microseconds since 1970, UTC
    PRIMARY KEY (order_id, step)
);

-- How many orders have got to each step.
CREATE TABLE step_count (
    step   TEXT   PRIMARY KEY,
    orders BIGINT NOT NULL
);

CREATE TABLE placed_order (
    order_id  TEXT   PRIMARY KEY,
    placed_at BIGINT NOT NULL,  -- microseconds since 1970, UTC
    pieces    BIGINT NOT NULL,
    cents     BIGINT NOT NULL,
    currency  TEXT   NOT NULL
);

CREATE INDEX placed_order_newest ON placed_order (placed_at, order_id);

-- What was placed in a minute less what was refunded in it.
CREATE TABLE revenue_minute (
    minute   BIGINT NOT NULL,  -- minutes since 1970, UTC
    currency TEXT   NOT NULL,
    cents    BIGINT NOT NULL,
    PRIMARY KEY (minute, currency)
);

CREATE TABLE product (
    sku       TEXT   PRIMARY KEY,
    pieces    BIGINT NOT NULL,  -- ordered, whatever became of the order
    shortages BIGINT NOT NULL   -- orders that failed for want of it
);
