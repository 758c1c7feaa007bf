-- Which events a consumer has handled. Written in the transaction of the effect, so both are there or neither.
CREATE TABLE jetway_inbox (
    durable    TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    event_id   TEXT   NOT NULL,
    handled_at BIGINT NOT NULL,
    PRIMARY KEY (durable, source, event_id)
);
CREATE INDEX jetway_inbox_handled_at ON jetway_inbox (handled_at);

-- What is to be published. Written in the transaction that decided it; the relay publishes in order per key.
CREATE TABLE jetway_outbox (
    position        $IDENTITY,
    event_id        TEXT   NOT NULL UNIQUE,
    event_type      TEXT   NOT NULL,
    address         TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    ordering_key    TEXT   NOT NULL,
    body            TEXT   NOT NULL,
    correlation_id  TEXT   NOT NULL,
    traceparent     TEXT,
    tracestate      TEXT,
    created_at      BIGINT NOT NULL,
    published_at    BIGINT,
    attempts        BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT NOT NULL DEFAULT 0,
    last_error      TEXT
);
CREATE INDEX jetway_outbox_open ON jetway_outbox (position) WHERE published_at IS NULL;
CREATE INDEX jetway_outbox_open_key ON jetway_outbox (ordering_key, position) WHERE published_at IS NULL;
CREATE INDEX jetway_outbox_published_at ON jetway_outbox (published_at) WHERE published_at IS NOT NULL;

-- Attempts at messages that did not succeed at once. The server's delivered count cannot tell an attempt from a
-- deferral, nor from a delivery that never reached the handler.
CREATE TABLE jetway_attempts (
    durable          TEXT   NOT NULL,
    stream           TEXT   NOT NULL,
    stream_sequence  BIGINT NOT NULL,
    attempts         BIGINT NOT NULL,
    running          BIGINT NOT NULL,
    deferred_at      BIGINT,
    first_failure_at BIGINT,
    last_failure_at  BIGINT,
    last_error       TEXT,
    touched_at       BIGINT NOT NULL,
    PRIMARY KEY (durable, stream, stream_sequence)
);
CREATE INDEX jetway_attempts_touched_at ON jetway_attempts (touched_at);
