"""建库 · Bringing a database to the form this program needs: plain numbered SQL, forward only.

Each room brings a folder with `migrations/NNNN_pre_….sql` (adds something: the old program still
runs), `migrations/NNNN_post_….sql` (takes something away: no old program may be left), and
`functions/….sql` (applied again whenever their text changes). What was applied stands in
`jishi.applied_sql`, with its hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from asyncpg import Connection, PostgresError, Record
from asyncpg.pool import PoolConnectionProxy

from events.errors import Broken, Unavailable
from services.run.sql_files import Room, SqlFile, Statement, read_rooms

SERVER_MAJOR_MIN = 15
ADVISORY_LOCK = int.from_bytes(b"jishi.mi")
WAIT_SECONDS_MAX = 120

LAY_GROUND = """
CREATE SCHEMA IF NOT EXISTS jishi;
CREATE TABLE IF NOT EXISTS jishi.applied_sql (
    room text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('migration', 'function')),
    name text COLLATE "C" NOT NULL,
    sha256 bytea NOT NULL,
    program text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (room, kind, name)
)
"""
APPLIED = (
    "SELECT a.room, a.kind, a.name, a.sha256 FROM jishi.applied_sql AS a WHERE a.room = ANY($1)"
)
NOTE = """
INSERT INTO jishi.applied_sql AS a (room, kind, name, sha256, program) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (room, kind, name)
DO UPDATE SET sha256 = excluded.sha256, program = excluded.program, applied_at = clock_timestamp()
"""

AnyConnection: TypeAlias = "Connection[Record] | PoolConnectionProxy[Record]"
Key = tuple[str, str, str]
"""Room, kind, name."""


async def migrate(
    connection: AnyConnection, folders: Sequence[Path], *, only_pre: bool = False
) -> list[str]:
    """Apply what is missing, in the order of the folders, each file in a transaction of its own,
    and return the names applied (`streams/0001_pre_log.sql`). `only_pre` stops a room before its
    first missing post file: the step to take while an old program still runs.

    Safe to call from many processes at once: one works, the others wait, then find nothing to do.

    Raises Broken where an applied file has changed, where the database is newer than this program,
    or where a file fails (naming file and line); Unavailable where the server is too old, does not
    let this user make schemas, or where another process migrates for too long.
    """
    check_server(connection.get_server_version().major)
    rooms = read_rooms(folders)
    try:
        return await _bring_up(connection, rooms, only_pre=only_pre)
    except PostgresError as error:
        raise Unavailable(
            f"the database cannot be migrated: {error}: the user of JISHI_DATABASE_URL must own it",
            zh=f"无法升级数据库：{error}：JISHI_DATABASE_URL 中的用户须为该库的所有者",
        ) from error


async def _bring_up(connection: AnyConnection, rooms: list[Room], *, only_pre: bool) -> list[str]:
    names = [room for room, _, _ in rooms]
    done: list[str] = []
    if await _standing(connection, names) is None:
        await _lay_ground(connection)
    while True:
        standing = await _standing(connection, names)
        if _next(rooms, standing or {}, only_pre=only_pre) is None:
            return done
        async with connection.transaction():
            await _lock(connection)
            # Another process may have been at work while this one waited for the lock.
            standing = await _standing(connection, names)
            file = _next(rooms, standing or {}, only_pre=only_pre)
            if file is None:
                return done
            await _apply(connection, file)
        done.append(f"{file.room}/{file.name}")


def check_server(major: int) -> None:
    """Raises Unavailable where the server's major version is too old."""
    if major < SERVER_MAJOR_MIN:
        raise Unavailable(
            f"the database is Postgres {major}, and jishi needs {SERVER_MAJOR_MIN} or newer: "
            "upgrade the server, or set JISHI_DATABASE_URL to another one",
            zh=f"数据库为 Postgres {major}，而 jishi 需要 {SERVER_MAJOR_MIN} 或更新版本："
            "请升级服务器，或将 JISHI_DATABASE_URL 指向其他服务器",
        )


async def _standing(connection: AnyConnection, rooms: list[str]) -> dict[Key, bytes] | None:
    """Hash of every file applied for these rooms; None where nothing was ever applied."""
    if await connection.fetchval("SELECT to_regclass('jishi.applied_sql') IS NULL"):
        return None
    rows = await connection.fetch(APPLIED, rooms)
    return {(row["room"], row["kind"], row["name"]): row["sha256"] for row in rows}


async def _lay_ground(connection: AnyConnection) -> None:
    async with connection.transaction():
        await _lock(connection)
        await connection.execute(LAY_GROUND)


async def _lock(connection: AnyConnection) -> None:
    try:
        await connection.execute(f"SET LOCAL lock_timeout = '{WAIT_SECONDS_MAX}s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", ADVISORY_LOCK)
        await connection.execute("SET LOCAL lock_timeout TO DEFAULT")
    except PostgresError as error:
        if error.sqlstate != "55P03":
            raise
        raise Unavailable(
            f"another process has been migrating this database for {WAIT_SECONDS_MAX} s: "
            "wait for it, or end it, then try again",
            zh=f"另一进程正在升级数据库，已超过 {WAIT_SECONDS_MAX} 秒：请等待或结束它后再试",
        ) from error


def _next(
    rooms: list[Room],
    standing: Mapping[Key, bytes],
    *,
    only_pre: bool,
) -> SqlFile | None:
    """The first file still to be applied: a room's migrations by number, then its functions."""
    for room, migrations, functions in rooms:
        _refuse_newer(room, migrations, standing)
        for file in migrations:
            applied = standing.get((room, "migration", file.name))
            if applied is None and only_pre and file.is_post:
                break
            if applied is None:
                return file
            if applied != file.sha256:
                raise Broken(
                    f"{file.path} has changed since it was applied: put its old text back, and "
                    "write the change as a new migration with the next number",
                    zh=f"{file.path} 在应用之后被改动：请恢复原文，并以下一个编号另写一个迁移文件",
                )
        for file in functions:
            if standing.get((room, "function", file.name)) != file.sha256:
                return file
    return None


def _refuse_newer(room: str, migrations: list[SqlFile], standing: Mapping[Key, bytes]) -> None:
    known = {file.name for file in migrations}
    unknown = sorted(
        name
        for applied_room, kind, name in standing
        if applied_room == room and kind == "migration" and name not in known
    )
    if unknown:
        raise Broken(
            f"the database is newer than this program: {room}/{unknown[0]} was applied to it and "
            "is not known here: run the jishi that applied it, or a newer one",
            zh=f"数据库比本程序新：其中已应用 {room}/{unknown[0]}，而本程序没有它："
            "请使用应用它的版本或更新的版本",
        )


async def _apply(connection: AnyConnection, file: SqlFile) -> None:
    for statement in file.statements():
        try:
            await connection.execute(statement.text)
        except PostgresError as error:
            where = f"{file.path}:{_line(statement, error)}"
            hint = f" ({error.hint})" if error.hint else ""
            raise Broken(
                f"{where}: {error}{hint}: nothing of this file was applied",
                zh=f"{where}：{error}：该文件未作任何改动",
                file=str(file.path),
                line=_line(statement, error),
            ) from error
    await connection.execute(NOTE, file.room, file.kind, file.name, file.sha256, version("jishi"))


def _line(statement: Statement, error: PostgresError) -> int:
    """The line of the file: Postgres counts characters within the statement, where it says so."""
    if not error.position:
        return statement.line
    return statement.line + statement.text.count("\n", 0, int(error.position) - 1)
