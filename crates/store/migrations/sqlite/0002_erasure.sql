-- Each event of a case has a detail under a key of its own (law 10): the key can be destroyed, the event stays.
-- What the bytes here must be stands in the event's sealed detail, so a key that is gone without an erasure is found.

CREATE TABLE event_key (
    seq     BIGINT PRIMARY KEY REFERENCES event (seq),
    case_id TEXT,
    sealed  BLOB   NOT NULL
);

CREATE TRIGGER event_key_never_removed BEFORE DELETE ON event_key
BEGIN SELECT RAISE(ABORT, 'law 10: a key is destroyed by an erasure, and its place stays'); END;
CREATE TRIGGER event_key_only_destroyed BEFORE UPDATE ON event_key
WHEN NOT (NEW.seq = OLD.seq AND NEW.case_id IS OLD.case_id AND length(NEW.sealed) = 0)
BEGIN SELECT RAISE(ABORT, 'law 10: a key is destroyed or left as it is'); END;
