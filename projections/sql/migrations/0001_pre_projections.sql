-- The read side: everything here is derived from the log and can be made again from it.
-- It names no table of the log and may live in another database.

CREATE SCHEMA IF NOT EXISTS projections;

-- Versions of each projection. One of them is read; the one before it is kept for going back.
CREATE TABLE projections.version (
    projection text COLLATE "C" NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    state text COLLATE "C" NOT NULL CHECK (state IN ('building', 'active', 'kept')),
    shapes text COLLATE "C" NOT NULL,       -- the counted fields it was extracted by, as JSON
    bodies_upto bigint NOT NULL DEFAULT 0,  -- positions up to here were extracted from bodies
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT version_pkey PRIMARY KEY (projection, number)
);
CREATE UNIQUE INDEX version_one_active ON projections.version (projection) WHERE state = 'active';

-- How far a projection has come in one part of one log. Moved by equality with the position
-- before, never by "less than": a worker that comes back too late moves nothing. `epoch` goes up
-- when something parked is taken up again, so that every worker looks at the parked ones anew.
CREATE TABLE projections.checkpoint (
    projection text COLLATE "C" NOT NULL,
    log_id text COLLATE "C" NOT NULL,
    part integer NOT NULL,
    position bigint NOT NULL,
    epoch integer NOT NULL DEFAULT 0,
    CONSTRAINT checkpoint_pkey PRIMARY KEY (projection, log_id, part)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Streams that a projection could not take in: where it stopped, and why. Later events of such a
-- stream wait behind the first; other streams go on.
CREATE TABLE projections.parked (
    projection text COLLATE "C" NOT NULL,
    log_id text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    part integer NOT NULL,
    position bigint NOT NULL,
    fact text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT parked_pkey PRIMARY KEY (projection, log_id, stream)
);

-- Sealed pages of the ledger, one column a bytea. Stored plain, so that a part of a column can be
-- read without the rest.
CREATE TABLE projections.page (
    projection text COLLATE "C" NOT NULL,
    log_id text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    entries integer NOT NULL,
    digest bytea NOT NULL,
    "position" bytea NOT NULL,
    area_words bytea NOT NULL,
    what_words bytea NOT NULL,
    books_words bytea NOT NULL,
    unit_words bytea NOT NULL,
    category_words bytea NOT NULL,
    member_1_words bytea NOT NULL,
    member_2_words bytea NOT NULL,
    area bytea NOT NULL,
    what bytea NOT NULL,
    books bytea NOT NULL,
    unit bytea NOT NULL,
    category bytea NOT NULL,
    member_1 bytea NOT NULL,
    member_2 bytea NOT NULL,
    quantity_1 bytea NOT NULL,
    quantity_2 bytea NOT NULL,
    occurred_at bytea NOT NULL,
    day bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT page_pkey PRIMARY KEY (projection, log_id, number)
);
ALTER TABLE projections.page
    ALTER COLUMN "position" SET STORAGE EXTERNAL,
    ALTER COLUMN area_words SET STORAGE EXTERNAL,
    ALTER COLUMN what_words SET STORAGE EXTERNAL,
    ALTER COLUMN books_words SET STORAGE EXTERNAL,
    ALTER COLUMN unit_words SET STORAGE EXTERNAL,
    ALTER COLUMN category_words SET STORAGE EXTERNAL,
    ALTER COLUMN member_1_words SET STORAGE EXTERNAL,
    ALTER COLUMN member_2_words SET STORAGE EXTERNAL,
    ALTER COLUMN area SET STORAGE EXTERNAL,
    ALTER COLUMN what SET STORAGE EXTERNAL,
    ALTER COLUMN books SET STORAGE EXTERNAL,
    ALTER COLUMN unit SET STORAGE EXTERNAL,
    ALTER COLUMN category SET STORAGE EXTERNAL,
    ALTER COLUMN member_1 SET STORAGE EXTERNAL,
    ALTER COLUMN member_2 SET STORAGE EXTERNAL,
    ALTER COLUMN quantity_1 SET STORAGE EXTERNAL,
    ALTER COLUMN quantity_2 SET STORAGE EXTERNAL,
    ALTER COLUMN occurred_at SET STORAGE EXTERNAL,
    ALTER COLUMN day SET STORAGE EXTERNAL;
