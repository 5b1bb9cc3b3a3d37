"""语句 · The one statement of a batch: move the checkpoint and write the rows, or do neither."""

from __future__ import annotations

from collections.abc import Sequence

from projections.rows import Table

OPEN = """
WITH made AS (
    INSERT INTO projections.checkpoint (projection, log_id, part, position)
    SELECT $1::text, $2::text, $3::integer, 0
    WHERE EXISTS (SELECT FROM projections.version AS v WHERE v.projection || '_v' || v.number = $1)
    ON CONFLICT (projection, log_id, part) DO NOTHING
    RETURNING position, epoch, next_offset
)
SELECT m.position, m.epoch, m.next_offset FROM made AS m
UNION ALL
SELECT c.position, c.epoch, c.next_offset FROM projections.checkpoint AS c
WHERE c.projection = $1 AND c.log_id = $2 AND c.part = $3
"""
PARKED = """
SELECT p.stream, p.position FROM projections.parked AS p WHERE p.projection = $1 AND p.log_id = $2
"""

NOTE_OFFSET = """
UPDATE projections.checkpoint SET next_offset = $5
WHERE projection = $1 AND log_id = $2 AND part = $3 AND position = $4
"""
STANDING = """
SELECT count(*), coalesce(min(c.position), 0) AS position,
       coalesce(sum(c.epoch), 0)::bigint AS epoch
FROM projections.checkpoint AS c WHERE c.projection = $1 AND c.log_id = $2 AND c.part < $3
"""
"""How many parts (of $3) there are, the position all have reached, and their epochs."""

MOVE = """
moved AS (
    UPDATE projections.checkpoint
    SET position = $1, epoch = $7,
        next_offset = CASE WHEN $13::bigint > 0 THEN $13 ELSE next_offset END
    WHERE projection = $2 AND log_id = $3 AND part = $4 AND position = $5 AND epoch = $6
    RETURNING 1
),
parked AS (
    INSERT INTO projections.parked (projection, log_id, part, stream, position, fact, reason)
    SELECT $2, $3, $4, u.stream, u.position, u.fact, u.reason
    FROM moved, unnest($8::text[], $9::bigint[], $10::text[], $11::text[])
        AS u (stream, position, fact, reason)
    ON CONFLICT (projection, log_id, stream) DO NOTHING
),
let_go AS (
    DELETE FROM projections.parked AS p USING moved
    WHERE p.projection = $2 AND p.log_id = $3 AND p.stream = ANY ($12::text[])
)"""
"""The beginning of every statement of a batch: the checkpoint is moved, or nothing is written.

$1 new position, $2 projection, $3 log, $4 part, $5 position before, $6 epoch, $7 new epoch,
$8–$11 streams to park, $12 streams let go, $13 offset of the broker (0 = none to note)."""
MOVE_ARGUMENTS = 13


def statement(table: Table, name: str) -> str:
    """Move the checkpoint and write rows, or do neither: the arguments of MOVE, then the rows."""
    return f"""
WITH {MOVE},
{upsert(table, name, first=MOVE_ARGUMENTS + 1)}
SELECT count(*) FROM moved
"""  # noqa: S608 (names of this program)


def trial(table: Table, name: str) -> str:
    """Write rows whatever the checkpoint says: to be rolled back."""
    return f"WITH moved AS (SELECT 1), {upsert(table, name, first=1)} SELECT 1"


def upsert(table: Table, name: str, *, first: int) -> str:
    """The CTEs that write rows of a version, where `moved` says the checkpoint was moved.

    The arguments, from number `first` on: one array for each column, then one for each column of
    the keys taken out.
    """
    columns = ", ".join(table.columns)
    keys = ", ".join(table.keys)
    arrays = _arrays(list(table.columns.values()), first)
    gone = _arrays(list(table.columns.values())[: table.key], first + len(table.columns))
    rest = [column for column in table.columns if column not in table.keys]
    same = " AND ".join(f"t.{column} = g.{column}" for column in table.keys)
    return f"""
put AS (
    INSERT INTO projections.{name} ({columns})
    SELECT {", ".join(f"u.{column}" for column in table.columns)}
    FROM moved, unnest({arrays}) AS u ({columns})
    ON CONFLICT ({keys}) DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in rest)}
),
gone AS (
    DELETE FROM projections.{name} AS t USING moved, unnest({gone}) AS g ({keys}) WHERE {same}
)"""  # noqa: S608 (names of this program)


def _arrays(types: Sequence[str], first: int) -> str:
    return ", ".join(f"${first + place}::{kind}[]" for place, kind in enumerate(types))
