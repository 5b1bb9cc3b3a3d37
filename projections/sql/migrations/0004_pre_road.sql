-- The road on which the facts of a version come: read from the log by the process that serves, or
-- over Kafka to workers, in so many parts.

ALTER TABLE projections.version
    ADD COLUMN road text COLLATE "C" NOT NULL DEFAULT 'log' CHECK (road IN ('log', 'kafka')),
    ADD COLUMN parts integer NOT NULL DEFAULT 1 CHECK (parts > 0);

-- Where a reader of Kafka may begin for this part: a hint. What counts is the position.
ALTER TABLE projections.checkpoint ADD COLUMN next_offset bigint NOT NULL DEFAULT 0;

-- Entries of the ledger on their way into a page: what one part wrote at a time. A slip never
-- crosses the border of a page, and is gone when its page is sealed. No two hold the same position.
CREATE TABLE projections.slip (
    projection text COLLATE "C" NOT NULL,
    log_id text COLLATE "C" NOT NULL,
    part integer NOT NULL,
    lo bigint NOT NULL,                     -- position of its first entry
    hi bigint NOT NULL,                     -- position of its last
    entries integer NOT NULL,
    columns bytea NOT NULL,                 -- in the order of the position
    CONSTRAINT slip_pkey PRIMARY KEY (projection, log_id, hi)
) WITH (
    toast_tuple_target = 8160,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000
);

-- Workers that run, as they last said. For people who ask how it is running; nothing depends on it.
CREATE TABLE projections.worker (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    parts integer[] NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
