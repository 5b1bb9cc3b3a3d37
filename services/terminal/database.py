"""数据库 · The database the program works on: the one that was named, else the embedded one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import asyncpg

import projections
import streams
from events.errors import Unavailable
from services.run.sql_files import read_rooms

if TYPE_CHECKING:
    from services.run.settings import Settings
    from services.terminal.say import Say

ROOMS = [Path(str(room.__file__)).parent / "sql" for room in (streams, projections)]
"""Folders of numbered SQL, in the order in which they are applied."""
CONNECT_SECONDS = 10.0
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@contextlib.contextmanager
def database(settings: Settings, say: Say) -> Iterator[str]:
    """The address of the database. The embedded server runs as long as the block does."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    from services.run import postgres

    server = postgres.start(
        settings.home,
        talk=lambda text: say.talk(text, text),
        limits=settings.database,
    )
    with server:
        yield server.dsn


@contextlib.asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """One connection. Raises Unavailable where there is none to be had."""
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise Unavailable(
            f"the database at {place(dsn)} does not answer ({error}): start it, or correct "
            "JISHI_DATABASE_URL",
            zh=f"数据库 {place(dsn)} 没有应答（{error}）：请启动它，或更正 JISHI_DATABASE_URL",
        ) from error
    try:
        yield connection
    finally:
        await connection.close()


def place(dsn: str) -> str:
    """Where a database is, without user and password."""
    parts = urlsplit(dsn)
    host = parts.hostname or "local socket"
    return f"{host}:{parts.port}{parts.path}" if parts.port else f"{host}{parts.path}"


async def pending(connection: Connection) -> list[str]:
    """The SQL files that this program has and the database has not, in their order."""
    applied: set[tuple[str, str, bytes]] = set()
    if await connection.fetchval("SELECT to_regclass('jishi.applied_sql') IS NOT NULL"):
        rows = await connection.fetch("SELECT a.room, a.name, a.sha256 FROM jishi.applied_sql AS a")
        applied = {(row["room"], row["name"], bytes(row["sha256"])) for row in rows}
    return [
        f"{room}/{file.name}"
        for room, migrations, functions in read_rooms(ROOMS)
        for file in (*migrations, *functions)
        if (room, file.name, file.sha256) not in applied
    ]
