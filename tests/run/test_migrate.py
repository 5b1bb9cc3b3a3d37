"""Migrations: forward only, checked by hash, one file to a transaction, errors with their line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from events.errors import Broken, Unavailable
from services.run import migrate as module
from services.run.migrate import check_server, migrate

ROOT = Path(__file__).parents[2]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

TABLE = "CREATE TABLE {name} (number integer);\n"
FUNCTION = """-- What is said.
CREATE OR REPLACE FUNCTION said_v1() RETURNS text LANGUAGE sql AS $function$
    SELECT '{said}; with a semicolon';
$function$;
"""


@pytest.fixture
async def connection(empty_database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(empty_database)
    yield opened
    await opened.close()


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """The `sql` folder of a room called `hall`."""
    folder = tmp_path / "hall" / "sql"
    (folder / "migrations").mkdir(parents=True)
    (folder / "functions").mkdir()
    return folder


def write(room: Path, name: str, text: str, kind: str = "migrations") -> Path:
    path = room / kind / name
    path.write_text(text)
    return path


async def tables(connection: Connection) -> set[str]:
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_class AS c WHERE c.relkind = 'r'"
        " AND c.relnamespace = 'public'::regnamespace"
    )
    return {row["relname"] for row in rows}


async def test_files_are_applied_in_order_and_once(connection: Connection, room: Path) -> None:
    write(room, "0002_pre_more.sql", "ALTER TABLE deed ADD COLUMN more text;")
    write(room, "0001_pre_first.sql", TABLE.format(name="deed"))
    write(room, "said_v1.sql", FUNCTION.format(said="kept"), "functions")
    assert await migrate(connection, [room]) == [
        "hall/0001_pre_first.sql",
        "hall/0002_pre_more.sql",
        "hall/said_v1.sql",
    ]
    assert await migrate(connection, [room]) == []
    assert await connection.fetchval("SELECT said_v1()") == "kept; with a semicolon"
    write(room, "0003_post_less.sql", "ALTER TABLE deed DROP COLUMN number;")
    assert await migrate(connection, [room]) == ["hall/0003_post_less.sql"]


async def test_rooms_follow_each_other_and_count_apart(
    connection: Connection, room: Path, tmp_path: Path
) -> None:
    other = tmp_path / "attic" / "sql"
    (other / "migrations").mkdir(parents=True)
    write(room, "0001_pre_first.sql", TABLE.format(name="below"))
    write(other, "0001_pre_first.sql", "CREATE TABLE above AS SELECT * FROM below;")
    assert await migrate(connection, [room, other]) == [
        "hall/0001_pre_first.sql",
        "attic/0001_pre_first.sql",
    ]
    assert await migrate(connection, [other]) == []


async def test_a_changed_function_is_applied_again(connection: Connection, room: Path) -> None:
    write(room, "0001_pre_first.sql", TABLE.format(name="deed"))
    write(room, "said_v1.sql", FUNCTION.format(said="once"), "functions")
    await migrate(connection, [room])
    write(room, "said_v1.sql", FUNCTION.format(said="anew"), "functions")
    assert await migrate(connection, [room]) == ["hall/said_v1.sql"]
    assert await connection.fetchval("SELECT said_v1()") == "anew; with a semicolon"


async def test_only_pre_stops_before_what_old_programs_need(
    connection: Connection, room: Path
) -> None:
    write(room, "0001_pre_first.sql", TABLE.format(name="deed"))
    write(room, "0002_post_gone.sql", "DROP TABLE deed;")
    write(room, "0003_pre_next.sql", TABLE.format(name="act"))
    assert await migrate(connection, [room], only_pre=True) == ["hall/0001_pre_first.sql"]
    assert await tables(connection) == {"deed"}
    assert len(await migrate(connection, [room])) == 2
    assert await tables(connection) == {"act"}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("CREATE TABLE good ();\n\nCREATE TABLE bad (\n  a int,\n  b nothing\n);\n", 5, "nothing"),
        ("-- first\n;;\n/* a\nb */ CREATE TABLE deed ();\n", 4, "already exists"),
        ("SELECT 'a;\nb';\nSELECT\n  1/0;\n", 3, "division by zero"),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETRUN 1;\nEND\n$$;",
            3,
            "RETRUN",
        ),
        ("SELECT 1;\nDO $do$\nBEGIN\n  RAISE 'no; never';\nEND\n$do$;", 2, "no; never"),
        ("CREATE INDEX CONCURRENTLY here ON deed (number);", 1, "transaction"),
        ("SELECT 1;\nSELECT 'never ends;\n", 2, "never ends"),
        (
            "SELECT 1;\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $x$ SELECT 1; $y$;",
            2,
            "never",
        ),
        ("\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;", 2, "BEGIN ATOMIC"),
    ],
)
async def test_a_broken_file_is_named_with_its_line_and_leaves_nothing(
    connection: Connection, room: Path, text: str, line: int, reason: str
) -> None:
    write(room, "0001_pre_first.sql", TABLE.format(name="deed"))
    path = write(room, "0002_pre_broken.sql", text)
    with pytest.raises(Broken) as failed:
        await migrate(connection, [room])
    assert f"{path}:{line}: " in failed.value.detail
    assert reason in failed.value.detail
    assert await tables(connection) == {"deed"}
    # Mended, it goes on where it stopped.
    write(room, "0002_pre_broken.sql", TABLE.format(name="mended"))
    assert await migrate(connection, [room]) == ["hall/0002_pre_broken.sql"]


async def test_a_changed_applied_file_is_refused(connection: Connection, room: Path) -> None:
    path = write(room, "0001_pre_first.sql", TABLE.format(name="deed"))
    await migrate(connection, [room])
    path.write_text(TABLE.format(name="deed") + "-- a word more\n")
    with pytest.raises(Broken, match="has changed since it was applied"):
        await migrate(connection, [room])


async def test_line_ends_of_another_system_are_no_change(
    connection: Connection, room: Path
) -> None:
    path = write(room, "0001_pre_first.sql", TABLE.format(name="deed"))
    await migrate(connection, [room])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert await migrate(connection, [room]) == []


async def test_a_database_newer_than_the_program_is_refused(
    connection: Connection, room: Path
) -> None:
    write(room, "0001_pre_first.sql", TABLE.format(name="deed"))
    newer = write(room, "0002_pre_later.sql", TABLE.format(name="act"))
    await migrate(connection, [room])
    newer.unlink()
    with pytest.raises(Broken, match=r"newer than this program: hall/0002_pre_later.sql"):
        await migrate(connection, [room])


@pytest.mark.parametrize(
    "names",
    [
        ["0002_pre_first.sql"],
        ["0001_pre_first.sql", "0003_pre_third.sql"],
        ["0001_pre_first.sql", "0001_pre_twin.sql"],
        ["0001_first.sql"],
        ["1_pre_first.sql"],
        ["0001_pre_First.sql"],
    ],
)
async def test_names_and_numbers_follow_the_rule(
    connection: Connection, room: Path, names: list[str]
) -> None:
    for name in names:
        write(room, name, "SELECT 1;")
    with pytest.raises(Broken):
        await migrate(connection, [room])


async def test_many_processes_at_once_apply_each_file_once(empty_database: str, room: Path) -> None:
    for number in range(1, 6):
        write(room, f"{number:04}_pre_step.sql", TABLE.format(name=f"step_{number}"))
    opened = [await asyncpg.connect(empty_database) for _ in range(4)]
    try:
        done = await asyncio.gather(*(migrate(connection, [room]) for connection in opened))
    finally:
        for connection in opened:
            await connection.close()
    assert sorted(name for names in done for name in names) == [
        f"hall/{number:04}_pre_step.sql" for number in range(1, 6)
    ]


async def test_waiting_for_another_migration_has_a_limit(
    connection: Connection, empty_database: str, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_SECONDS_MAX", 0.1)
    write(room, "0001_pre_first.sql", TABLE.format(name="deed"))
    other = await asyncpg.connect(empty_database)
    try:
        await other.execute("SELECT pg_advisory_lock($1)", module.ADVISORY_LOCK)
        with pytest.raises(Unavailable, match="another process has been migrating"):
            await migrate(connection, [room])
    finally:
        await other.close()
    assert await migrate(connection, [room]) == ["hall/0001_pre_first.sql"]


async def test_a_user_who_may_not_make_schemas_is_told(
    connection: Connection, empty_database: str, room: Path
) -> None:
    name = f"jishi_guest_{connection.get_server_pid()}"
    await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'guest'")
    try:
        guest = await asyncpg.connect(empty_database, user=name, password="guest")
        try:
            with pytest.raises(Unavailable, match="permission denied"):
                await migrate(guest, [room])
        finally:
            await guest.close()
    finally:
        await connection.execute(f"DROP ROLE {name}")


def test_an_old_server_is_refused() -> None:
    check_server(15)
    with pytest.raises(Unavailable, match="Postgres 14, and jishi needs 15 or newer"):
        check_server(14)


async def test_our_own_schema_is_complete_and_at_rest(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        assert await migrate(connection, [ROOT / "streams/sql", ROOT / "projections/sql"]) == []
    finally:
        await connection.close()
