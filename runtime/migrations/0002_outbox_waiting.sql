-- Keys that wait after a failure: the relay passes over their rows, of which there may be many.
CREATE INDEX jetway_outbox_waiting ON jetway_outbox (next_attempt_at) WHERE published_at IS NULL AND next_attempt_at > 0;
