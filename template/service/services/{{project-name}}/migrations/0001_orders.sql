CREATE TABLE orders (
    order_id    TEXT   PRIMARY KEY,
    total_cents BIGINT NOT NULL,
    written_at  BIGINT NOT NULL  -- microseconds since 1970, UTC
);
