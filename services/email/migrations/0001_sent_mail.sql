-- One row per mail, written in the transaction that marks its event as handled.
CREATE TABLE sent_mail (
    event_id   TEXT   PRIMARY KEY,
    order_id   TEXT   NOT NULL,
    kind       TEXT   NOT NULL,  -- confirmed | cancelled
    recipient  TEXT   NOT NULL,
    message_id TEXT   NOT NULL,
    sent_at    BIGINT NOT NULL   -- microseconds since 1970, UTC
);

CREATE INDEX sent_mail_newest ON sent_mail (sent_at, event_id);
