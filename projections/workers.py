"""在岗 · Workers that run, as they last said: for people who ask, nothing depends on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from projections.database import Database

ALIVE_SECONDS = 10.0
"""Who has said nothing for longer is not shown."""
GONE_SECONDS = 3_600.0

SAY = """
WITH gone AS (
    DELETE FROM projections.worker
    WHERE seen_at < clock_timestamp() - make_interval(secs => $3)
)
INSERT INTO projections.worker AS w (name, parts) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET parts = excluded.parts, seen_at = clock_timestamp()
"""
LEAVE = "DELETE FROM projections.worker WHERE name = $1"
SEEN = """
SELECT w.name, w.parts FROM projections.worker AS w
WHERE w.seen_at > clock_timestamp() - make_interval(secs => $1) ORDER BY w.name
"""


async def say(database: Database, name: str, parts: Iterable[int]) -> None:
    """This worker runs, and reads these parts."""
    await database.fetch(SAY, name, sorted(parts), GONE_SECONDS)


async def leave(database: Database, name: str) -> None:
    """This worker ends."""
    await database.fetch(LEAVE, name)


async def seen(database: Database) -> list[dict[str, Any]]:
    """Every worker with the parts it reads."""
    rows = await database.fetch(SEEN, ALIVE_SECONDS)
    return [{"name": row["name"], "parts": list(row["parts"])} for row in rows]
