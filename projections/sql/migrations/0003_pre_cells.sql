-- Ordinary tables of sums for SQL tools and dashboards, written by `jishi export cells`. Derived:
-- each export replaces what was there, and says up to which position of the log it counts.

CREATE TABLE projections.cell (
    counter text COLLATE "C" NOT NULL,
    label_zh text COLLATE "C" NOT NULL,
    label_en text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL,
    measure_word text COLLATE "C" NOT NULL,
    additive boolean NOT NULL,              -- rows of one level may be added up
    area text COLLATE "C" NOT NULL,         -- the area with everything below it
    area_name text COLLATE "C" NOT NULL,
    level text COLLATE "C" NOT NULL,
    parent text COLLATE "C",
    unit text COLLATE "C",                  -- NULL where all units are one row
    period_on date,                         -- first day of the period; NULL where all time is one row
    value double precision,
    verified bigint,
    numerator double precision,
    denominator double precision,
    position bigint NOT NULL,
    as_of timestamptz NOT NULL
);
CREATE INDEX cell_by_counter ON projections.cell (counter, level, period_on);
