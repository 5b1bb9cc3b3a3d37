"""库表 · Where the log's SQL lies, and the constants of a log: id, zone, what it was made as.

The files under `sql/` are applied by the migration runner of the services; `establish` then writes
the constants once. A log knows itself by them: they stand in its database, not in a setting.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from asyncpg import Connection, Record
from asyncpg.pool import PoolConnectionProxy

SQL = Path(__file__).parent / "sql"
"""Folder with `migrations/` (numbered, forward only) and `functions/` (applied anew each time)."""

AnyConnection: TypeAlias = "Connection[Record] | PoolConnectionProxy[Record]"
MadeAs = Literal["live", "demo", "scenario"]


@dataclass(frozen=True, slots=True)
class LogConstant:
    """What is true of a whole log. Only a log made as demo or scenario lets its clock be set."""

    log_id: str
    zone: ZoneInfo
    made_as: MadeAs


async def establish(
    connection: AnyConnection, *, log_id: str, zone: str = "Asia/Shanghai", made_as: MadeAs = "live"
) -> LogConstant:
    """Write the constants of a new log; those of a log that has them stand. Returns what stands.

    Raises zoneinfo.ZoneInfoNotFoundError for a zone that is not known.
    """
    ZoneInfo(zone)
    await connection.execute(
        "INSERT INTO streams.log_constant (log_id, zone, made_as) VALUES ($1, $2, $3)"
        " ON CONFLICT (only_row) DO NOTHING",
        log_id,
        zone,
        made_as,
    )
    standing = await constants(connection)
    if standing is None:
        raise AssertionError("the constants of the log were written and cannot be read")
    return standing


async def constants(connection: AnyConnection) -> LogConstant | None:
    """The constants of the log, or None where it has not been made yet."""
    row = await connection.fetchrow(
        "SELECT c.log_id, c.zone, c.made_as FROM streams.log_constant AS c"
    )
    if row is None:
        return None
    return LogConstant(row["log_id"], ZoneInfo(row["zone"]), cast("MadeAs", row["made_as"]))
