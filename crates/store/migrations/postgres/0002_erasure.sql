-- The same as migrations/sqlite/0002: a key for the detail of each event of a case, destroyed by an erasure.

CREATE TABLE event_key (
    seq     BIGINT PRIMARY KEY REFERENCES event (seq),
    case_id TEXT COLLATE "C",
    sealed  BYTEA NOT NULL
);

CREATE FUNCTION only_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq = OLD.seq AND NEW.case_id IS NOT DISTINCT FROM OLD.case_id AND length(NEW.sealed) = 0 THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'law 10: a key is destroyed or left as it is';
END $$;
CREATE TRIGGER event_key_never_removed BEFORE DELETE OR TRUNCATE ON event_key
    FOR EACH STATEMENT EXECUTE FUNCTION never('law 10: a key is destroyed by an erasure, and its place stays');
CREATE TRIGGER event_key_only_destroyed BEFORE UPDATE ON event_key
    FOR EACH ROW EXECUTE FUNCTION only_destroyed();

DO $policies$
DECLARE
    app text := current_setting('app.role');
BEGIN
    REVOKE ALL ON FUNCTION only_destroyed() FROM PUBLIC;
    EXECUTE format('GRANT SELECT, INSERT ON event_key TO %I', app);
    EXECUTE format('GRANT UPDATE (sealed) ON event_key TO %I', app);
    ALTER TABLE event_key ENABLE ROW LEVEL SECURITY;
    ALTER TABLE event_key FORCE ROW LEVEL SECURITY;
    EXECUTE format($$CREATE POLICY event_key_seen ON event_key FOR SELECT TO %I USING (
        (SELECT app_view()) = 'log'
        OR ((SELECT app_view()) = 'person' AND case_id = ANY ((SELECT app_cases())::text[]))
        OR ((SELECT app_view()) = 'case' AND case_id = (SELECT app_case())))$$, app);
    EXECUTE format($$CREATE POLICY event_key_added ON event_key FOR INSERT TO %I WITH CHECK (
        (app_view() = 'case' AND case_id = app_case())
        OR (app_view() = 'restore' AND NOT EXISTS (SELECT 1 FROM log_head)))$$, app);
    EXECUTE format($$CREATE POLICY event_key_destroyed ON event_key FOR UPDATE TO %I USING (
        app_view() = 'case' AND case_id = app_case())$$, app);
END $policies$;
