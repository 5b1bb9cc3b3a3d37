-- The form of row projections. Each version has a table of its own, made like one of these; the
-- view of the same name without `_row` shows the version that is read.
-- Instants are microseconds since 1970; 0 = none.

CREATE TABLE projections.case_row (
    stream text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    receipt text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    area text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    variant text COLLATE "C" NOT NULL,
    opened_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    closed_at bigint NOT NULL,
    due_at bigint NOT NULL,                 -- the earliest deadline that runs
    missed boolean NOT NULL,                -- one of its deadlines has passed
    revision integer NOT NULL,
    opened_position bigint NOT NULL,
    position bigint NOT NULL,               -- of its newest event
    PRIMARY KEY (stream)
) WITH (fillfactor = 80);
CREATE INDEX ON projections.case_row (kind, opened_position DESC);
CREATE INDEX ON projections.case_row (kind, unit, opened_position DESC);
CREATE INDEX ON projections.case_row (kind, area, opened_position DESC);
CREATE INDEX ON projections.case_row (receipt);

CREATE TABLE projections.due_row (
    stream text COLLATE "C" NOT NULL,
    clock text COLLATE "C" NOT NULL,
    tier text COLLATE "C" NOT NULL,
    area text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    due_at bigint NOT NULL,                 -- 0 while it rests
    missed boolean NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (stream, clock)
) WITH (fillfactor = 80);
CREATE INDEX ON projections.due_row (due_at) WHERE due_at > 0 AND NOT missed;
