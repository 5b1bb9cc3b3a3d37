"""裸插入 · The same table without a log around it: what Postgres itself can take."""

from __future__ import annotations

from typing import Any

from bench import deeds
from streams.sqltext import rows_of

COLUMNS = (
    "stream, revision, ordinal, fact, version, actor, command_id, request_hash, cause, area, unit,"
    " category, variant, provenance, home_unit, team, home_community, paired_community, code_1,"
    " code_2, member_1, member_2, quantity_1, quantity_2, occurred_at, day, body"
)
COUNT = COLUMNS.count(",") + 1
PLACES = ", ".join(f"${number}" for number in range(1, COUNT + 1))
INTO = f"INSERT INTO streams.event (position, recorded_at, sha256, {COLUMNS})"

SEQUENCE = "CREATE SEQUENCE IF NOT EXISTS raw_position"
INSERT = f"{INTO} VALUES (nextval('raw_position'), 0, sha256(${COUNT}), {PLACES})"
UNNEST = (
    f"{INTO} SELECT nextval('raw_position'), 0, sha256(f.body), f.*"
    " FROM unnest($1::streams.event_in[]) AS f"
)


def row() -> tuple[Any, ...]:
    """The values of one new case, in the order of the columns."""
    return rows_of(deeds.new_append())[0]
