-- What the shop has. `on_hand` is in the warehouse, `reserved` of it belongs to orders.
CREATE TABLE stock (
    sku      TEXT   PRIMARY KEY,
    name     TEXT   NOT NULL,
    on_hand  BIGINT NOT NULL CHECK (on_hand >= 0),
    reserved BIGINT NOT NULL DEFAULT 0,
    -- The last line of defence: no statement, however wrong, can sell what is not there.
    CHECK (reserved BETWEEN 0 AND on_hand)
);

-- What is set aside for which order. Written with `stock`, in the transaction of the event.
CREATE TABLE reservations (
    order_id    TEXT   NOT NULL,
    sku         TEXT   NOT NULL REFERENCES stock (sku),
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    reserved_at BIGINT NOT NULL,  -- microseconds since 1970, UTC
    PRIMARY KEY (order_id, sku)
);
