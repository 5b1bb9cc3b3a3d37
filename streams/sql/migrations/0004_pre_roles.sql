-- Two roles without a login: one may read the log, the other may also append to it. Where the owner
-- may not create roles the log works without them, and `jishi doctor` says so.

DO $do$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['jishi_reader', 'jishi_writer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'the role % could not be created: the log is kept without it', wanted;
                -- Another database of the same server is being made at this moment.
                WHEN duplicate_object OR unique_violation THEN
                    NULL;
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = wanted) THEN
            EXECUTE format('GRANT USAGE ON SCHEMA streams TO %I', wanted);
            EXECUTE format('GRANT SELECT ON streams.event, streams.log_constant TO %I', wanted);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'jishi_writer') THEN
        GRANT INSERT ON streams.event TO jishi_writer;
        GRANT INSERT, SELECT ON streams.access_log TO jishi_writer;
    END IF;
END
$do$;
