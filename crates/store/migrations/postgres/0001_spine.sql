-- The same tables as migrations/sqlite, and what only a server can add: grants, row-level security, triggers that
-- also a session of the owner meets. Run once, by the owner role; `app.role` names the role that the program works as.
-- Collation "C" everywhere: pages and dumps come in the same order as in SQLite, and a new version of the system's
-- collation cannot unsort an index.

CREATE TABLE log_head (
    id        BIGINT PRIMARY KEY CHECK (id = 1),
    size      BIGINT NOT NULL,
    frontier  BYTEA  NOT NULL,
    epoch     BIGINT NOT NULL,
    last_time BIGINT NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE event (
    seq       BIGINT PRIMARY KEY,
    type      TEXT COLLATE "C" NOT NULL,
    time      BIGINT NOT NULL,
    actor     TEXT COLLATE "C",
    case_id   TEXT COLLATE "C",
    object    TEXT COLLATE "C",
    leaf      BYTEA NOT NULL,
    leaf_hash BYTEA NOT NULL,
    key_ref   TEXT COLLATE "C" NOT NULL,
    sealed    BYTEA NOT NULL
);
CREATE INDEX event_case ON event (case_id, seq);
CREATE INDEX event_object ON event (object, seq);

CREATE TABLE event_row (
    seq     BIGINT NOT NULL REFERENCES event (seq),
    kind    TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    digest  BYTEA NOT NULL,
    PRIMARY KEY (kind, id, seq)
);
CREATE INDEX event_row_seq ON event_row (seq);

CREATE TABLE record (
    kind      TEXT COLLATE "C" NOT NULL,
    id        TEXT COLLATE "C" NOT NULL,
    case_id   TEXT COLLATE "C",
    parent    TEXT COLLATE "C",
    number    BIGINT,
    state     TEXT COLLATE "C" NOT NULL,
    actor     TEXT COLLATE "C",
    time      BIGINT NOT NULL,
    version   BIGINT NOT NULL,
    event_seq BIGINT NOT NULL REFERENCES event (seq),
    key_ref   TEXT COLLATE "C" NOT NULL,
    sealed    BYTEA NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX record_case ON record (case_id, kind, number);
CREATE INDEX record_parent ON record (kind, parent);
CREATE INDEX record_event ON record (event_seq);

CREATE TABLE record_index (
    kind  TEXT COLLATE "C" NOT NULL,
    name  TEXT COLLATE "C" NOT NULL,
    blind BYTEA NOT NULL,
    id    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, name, blind, id)
);
CREATE INDEX record_index_id ON record_index (kind, id);

-- Append-only, also for the owner: he has to take a trigger away first, and that is seen by `lanternfish doctor`.
CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;
CREATE TRIGGER event_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION never('law 3: events are never changed or removed');
CREATE TRIGGER event_row_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON event_row
    FOR EACH STATEMENT EXECUTE FUNCTION never('law 3: events are never changed or removed');
CREATE TRIGGER record_never_removed BEFORE DELETE OR TRUNCATE ON record
    FOR EACH STATEMENT EXECUTE FUNCTION never('law 2: a row leaves only by an erasure event');
CREATE TRIGGER log_head_never_removed BEFORE DELETE OR TRUNCATE ON log_head
    FOR EACH STATEMENT EXECUTE FUNCTION never('law 3: the head of the log is never removed');

-- Need-to-know (decision 13). The store says in each transaction for whom it looks: `app.view` is register, docket,
-- person, case, log or restore; `app.uid` the person; `app.case` the one case that is written. Unset: no row at all.
CREATE FUNCTION app_view() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('app.view', true), '') $$;
CREATE FUNCTION app_uid() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('app.uid', true), '') $$;
CREATE FUNCTION app_case() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('app.case', true), '') $$;
-- The cases of which the person holds a live key. It runs as the owner, who sees key wraps and nothing else: a policy
-- that asked its own table would never end. In plpgsql, which keeps its plan from one question to the next.
CREATE FUNCTION app_cases() RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT case_id), '{}') FROM record
        WHERE kind = 'key-wrap' AND parent = nullif(current_setting('app.uid', true), '') AND state = 'live');
END $$;

DO $policies$
DECLARE
    app text := current_setting('app.role');
    name text;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), app);
    REVOKE ALL ON FUNCTION never(), app_view(), app_uid(), app_case(), app_cases() FROM PUBLIC;
    EXECUTE format('GRANT EXECUTE ON FUNCTION app_view(), app_uid(), app_case(), app_cases() TO %I', app);
    EXECUTE format('GRANT SELECT ON _sqlx_migrations TO %I', app);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON log_head TO %I', app);
    EXECUTE format('GRANT SELECT, INSERT ON event, event_row TO %I', app);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON record TO %I', app);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON record_index TO %I', app);

    FOREACH name IN ARRAY ARRAY['event', 'event_row', 'record', 'record_index'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    END LOOP;

    CREATE POLICY owner_sees_key_wraps ON record FOR SELECT TO CURRENT_USER USING (kind = 'key-wrap');

    EXECUTE format($$CREATE POLICY record_seen ON record FOR SELECT TO %I USING (
        (SELECT app_view()) = 'log'
        OR (case_id IS NULL AND (SELECT app_view()) IN ('register', 'docket', 'person', 'case'))
        OR ((SELECT app_view()) = 'docket' AND kind IN ('case', 'key-wrap'))
        OR ((SELECT app_view()) = 'person' AND kind = 'key-wrap' AND parent = (SELECT app_uid()))
        OR ((SELECT app_view()) = 'person' AND case_id = ANY ((SELECT app_cases())::text[]))
        OR ((SELECT app_view()) = 'case' AND case_id = (SELECT app_case())))$$, app);
    EXECUTE format($$CREATE POLICY record_added ON record FOR INSERT TO %I WITH CHECK (
        (app_view() = 'docket' AND (case_id IS NULL OR kind = 'key-wrap'))
        OR (app_view() = 'case' AND case_id = app_case())
        OR (app_view() = 'restore' AND NOT EXISTS (SELECT 1 FROM log_head)))$$, app);
    EXECUTE format($$CREATE POLICY record_changed ON record FOR UPDATE TO %I USING (
        (app_view() = 'docket' AND (case_id IS NULL OR kind = 'key-wrap'))
        OR (app_view() = 'case' AND case_id = app_case()))$$, app);

    -- An index is seen, and taken out, where its row is seen.
    EXECUTE format($$CREATE POLICY index_seen ON record_index FOR SELECT TO %I USING ((SELECT app_view()) = 'log' OR EXISTS
        (SELECT 1 FROM record WHERE record.kind = record_index.kind AND record.id = record_index.id))$$, app);
    EXECUTE format($$CREATE POLICY index_cleared ON record_index FOR DELETE TO %I USING (app_view() IN ('docket', 'case') AND EXISTS
        (SELECT 1 FROM record WHERE record.kind = record_index.kind AND record.id = record_index.id))$$, app);
    EXECUTE format($$CREATE POLICY index_added ON record_index FOR INSERT TO %I WITH CHECK (
        (app_view() = 'restore' AND NOT EXISTS (SELECT 1 FROM log_head))
        OR (app_view() IN ('docket', 'case') AND EXISTS
            (SELECT 1 FROM record WHERE record.kind = record_index.kind AND record.id = record_index.id)))$$, app);

    EXECUTE format($$CREATE POLICY event_seen ON event FOR SELECT TO %I USING (
        (SELECT app_view()) = 'log'
        OR (case_id IS NULL AND (SELECT app_view()) IN ('register', 'docket', 'person', 'case'))
        OR ((SELECT app_view()) = 'person' AND case_id = ANY ((SELECT app_cases())::text[]))
        OR ((SELECT app_view()) = 'case' AND case_id = (SELECT app_case())))$$, app);
    -- A refusal of somebody who is no member is an event of the case too.
    EXECUTE format($$CREATE POLICY event_added ON event FOR INSERT TO %I WITH CHECK (
        (app_view() IN ('docket', 'case') AND case_id IS NOT DISTINCT FROM app_case())
        OR (app_view() = 'restore' AND NOT EXISTS (SELECT 1 FROM log_head)))$$, app);

    -- Which event wrote which row: only the check of the log and a dump read it.
    EXECUTE format($$CREATE POLICY event_row_seen ON event_row FOR SELECT TO %I USING ((SELECT app_view()) = 'log')$$, app);
    EXECUTE format($$CREATE POLICY event_row_added ON event_row FOR INSERT TO %I WITH CHECK (
        app_view() IN ('docket', 'case') OR (app_view() = 'restore' AND NOT EXISTS (SELECT 1 FROM log_head)))$$, app);
END $policies$;
