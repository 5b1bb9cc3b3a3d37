-- How far the topics of each name have been filled from this log, and which relay fills them. It is
-- derived: without its row everything is sent again from the start, and readers drop what they have.

CREATE TABLE streams.relay (
    topics text COLLATE "C" PRIMARY KEY,        -- what the names of its topics begin with
    position bigint NOT NULL DEFAULT 0,         -- up to here the broker has acknowledged everything
    reached bigint[] NOT NULL,                  -- by partition: its readers were told all up to here
    newest bigint[] NOT NULL,                   -- by partition: where its newest event stands
    epoch bigint NOT NULL,                      -- one more with each leader
    leader text COLLATE "C" NOT NULL,           -- machine, pid, and a random word
    lease_until timestamptz NOT NULL,
    CHECK (cardinality(reached) = cardinality(newest))
);

DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'jishi_reader') THEN
        GRANT SELECT ON streams.relay TO jishi_reader;
    END IF;
    IF EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'jishi_writer') THEN
        GRANT SELECT, INSERT, UPDATE ON streams.relay TO jishi_writer;
    END IF;
END
$do$;
