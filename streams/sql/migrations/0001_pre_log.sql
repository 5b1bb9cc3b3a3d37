-- The log: one table of facts, in the order in which they were committed.
-- Text columns compare by bytes (COLLATE "C"): faster, and the same on every machine.

CREATE SCHEMA IF NOT EXISTS streams;

-- What is true of the whole log and never changes. Written once, when the log is made.
CREATE TABLE streams.log_constant (
    only_row boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (only_row),
    log_id text COLLATE "C" NOT NULL,
    zone text COLLATE "C" NOT NULL,
    made_as text COLLATE "C" NOT NULL CHECK (made_as IN ('live', 'demo', 'scenario')),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Columns of fixed width come first, the body last, so that a scan of the plain columns need not
-- walk past the texts it does not want. '' and 0 stand for "absent" in what is counted.
CREATE TABLE streams.event (
    position bigint NOT NULL,
    recorded_at bigint NOT NULL,            -- microseconds since 1970, never decreasing
    occurred_at bigint NOT NULL,            -- microseconds since 1970
    quantity_1 bigint NOT NULL,
    quantity_2 bigint NOT NULL,
    command_id uuid NOT NULL,
    revision integer NOT NULL,              -- place in the stream, from 1
    ordinal integer NOT NULL,               -- place in the command, from 0
    version integer NOT NULL,
    day integer NOT NULL,                   -- local day of the occurrence, days since 1970
    stream text COLLATE "C" NOT NULL,
    fact text COLLATE "C" NOT NULL,
    area text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    variant text COLLATE "C" NOT NULL,
    provenance text COLLATE "C" NOT NULL,
    home_unit text COLLATE "C" NOT NULL,
    team text COLLATE "C" NOT NULL,
    home_community text COLLATE "C" NOT NULL,
    paired_community text COLLATE "C" NOT NULL,
    code_1 text COLLATE "C" NOT NULL,
    code_2 text COLLATE "C" NOT NULL,
    member_1 text COLLATE "C" NOT NULL,
    member_2 text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    cause text COLLATE "C",
    request_hash bytea,                     -- on the first event of a command only
    sha256 bytea NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (position),
    CONSTRAINT event_stream_revision_key UNIQUE (stream, revision),
    CONSTRAINT event_counts_from_one CHECK (position > 0 AND revision > 0 AND ordinal >= 0),
    CONSTRAINT event_request_hash_on_first CHECK ((ordinal = 0) = (request_hash IS NOT NULL))
);

-- A command lands once: its first event is the proof, and carries the hash of the request.
CREATE UNIQUE INDEX event_command_key ON streams.event (command_id) WHERE ordinal = 0;

-- One fact as append_v1 takes it. An ordinal of 0 opens the next item (one command, one stream).
CREATE TYPE streams.event_in AS (
    stream text,
    revision integer,
    ordinal integer,
    fact text,
    version integer,
    actor text,
    command_id uuid,
    request_hash bytea,
    cause text,
    area text,
    unit text,
    category text,
    variant text,
    provenance text,
    home_unit text,
    team text,
    home_community text,
    paired_community text,
    code_1 text,
    code_2 text,
    member_1 text,
    member_2 text,
    quantity_1 bigint,
    quantity_2 bigint,
    occurred_at bigint,
    day integer,
    body bytea
);

-- Item number `item` (from 1) may land only while `stream` is at `revision`.
CREATE TYPE streams.condition_in AS (item integer, stream text, revision integer);

-- What became of one item: appended | repeated | reused | stale.
CREATE TYPE streams.outcome_out AS (
    outcome text,
    position bigint,
    stream text,
    events integer,
    expected integer,
    current integer
);
