-- Structure is clear (ids, times, types, states); content is sealed under case, subject or agency keys.

CREATE TABLE log_head (
    id        BIGINT PRIMARY KEY CHECK (id = 1),
    size      BIGINT NOT NULL,
    frontier  BLOB   NOT NULL,
    epoch     BIGINT NOT NULL,
    last_time BIGINT NOT NULL
);

CREATE TABLE event (
    seq       BIGINT PRIMARY KEY,
    type      TEXT   NOT NULL,
    time      BIGINT NOT NULL,
    actor     TEXT,
    case_id   TEXT,
    object    TEXT,
    leaf      BLOB   NOT NULL,
    leaf_hash BLOB   NOT NULL,
    key_ref   TEXT   NOT NULL,
    sealed    BLOB   NOT NULL
);
CREATE INDEX event_case ON event (case_id, seq);
CREATE INDEX event_object ON event (object, seq);

CREATE TABLE event_row (
    seq     BIGINT NOT NULL REFERENCES event (seq),
    kind    TEXT   NOT NULL,
    id      TEXT   NOT NULL,
    digest  BLOB   NOT NULL,
    PRIMARY KEY (kind, id, seq)
);
CREATE INDEX event_row_seq ON event_row (seq);

CREATE TABLE record (
    kind      TEXT   NOT NULL,
    id        TEXT   NOT NULL,
    case_id   TEXT,
    parent    TEXT,
    number    BIGINT,
    state     TEXT   NOT NULL,
    actor     TEXT,
    time      BIGINT NOT NULL,
    version   BIGINT NOT NULL,
    event_seq BIGINT NOT NULL REFERENCES event (seq),
    key_ref   TEXT   NOT NULL,
    sealed    BLOB   NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX record_case ON record (case_id, kind, number);
CREATE INDEX record_parent ON record (kind, parent);
CREATE INDEX record_event ON record (event_seq);

CREATE TABLE record_index (
    kind  TEXT NOT NULL,
    name  TEXT NOT NULL,
    blind BLOB NOT NULL,
    id    TEXT NOT NULL,
    PRIMARY KEY (kind, name, blind, id)
);
CREATE INDEX record_index_id ON record_index (kind, id);

CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'law 3: events are never changed'); END;
CREATE TRIGGER event_never_removed BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'law 3: events are never removed'); END;
CREATE TRIGGER event_row_never_changes BEFORE UPDATE ON event_row
BEGIN SELECT RAISE(ABORT, 'law 3: events are never changed'); END;
CREATE TRIGGER event_row_never_removed BEFORE DELETE ON event_row
BEGIN SELECT RAISE(ABORT, 'law 3: events are never removed'); END;
CREATE TRIGGER record_never_removed BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'law 2: a row leaves only by an erasure event'); END;
