"""What the database itself refuses."""

from __future__ import annotations

from typing import TypeAlias

import asyncpg
import pytest

from events.errors import Unavailable
from streams import sqltext
from streams.log import PostgresLog
from streams.schema import constants, establish
from tests.streams.making import LOG_ID, SHAPES, written

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.mark.parametrize("table", ["event", "log_constant", "access_log"])
@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM streams.{}",
        "TRUNCATE streams.{}",
        "UPDATE streams.{} SET {} = {}",
        "SET session_replication_role = replica; DELETE FROM streams.{}",
    ],
)
async def test_what_is_recorded_cannot_be_changed_or_removed(
    owner: Owner, log: PostgresLog, table: str, change: str
) -> None:
    await log.append([written("deed/1", 0)])
    column = {"event": "area", "log_constant": "zone", "access_log": "what"}[table]
    with pytest.raises(asyncpg.PostgresError) as refused:
        await owner.execute(change.format(table, column, column))
    assert refused.value.sqlstate == "JS010"
    assert "never changed" in str(refused.value)
    assert await log.head() == 1


@pytest.mark.parametrize("level", ["repeatable_read", "serializable"])
async def test_an_append_insists_on_read_committed(owner: Owner, level: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        async with owner.transaction(isolation=level):  # type: ignore[arg-type]
            await owner.fetchrow(sqltext.APPEND, sqltext.rows_of(written("deed/1", 0)), [], None)
    assert refused.value.sqlstate == "JS001"
    assert await owner.fetchval("SELECT count(*) FROM streams.event") == 0


async def test_a_database_whose_default_is_stricter_is_served_all_the_same(
    owner: Owner, home: str
) -> None:
    name = await owner.fetchval("SELECT current_database()")
    await owner.execute(
        f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'repeatable read'"
    )
    log = await PostgresLog.open(home, SHAPES)
    try:
        assert [type(one).__name__ for one in await log.append([written("deed/1", 0)])] == [
            "Appended"
        ]
    finally:
        await log.close()


async def test_the_clock_of_a_live_log_cannot_be_set(owner: Owner, home: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await owner.fetchrow(sqltext.APPEND, sqltext.rows_of(written("deed/1", 0)), [], 5)
    assert refused.value.sqlstate == "JS002"
    with pytest.raises(AssertionError, match="clock of a live log"):
        await PostgresLog.open(home, SHAPES, now=lambda: 5)


async def test_a_live_log_tells_the_time_of_the_server(owner: Owner, log: PostgresLog) -> None:
    before = await owner.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8")
    await log.append([written("deed/1", 0)])
    after = await owner.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::int8")
    (event,) = await log.read()
    assert before <= event.recorded_at <= after


async def test_revisions_within_one_item_must_follow_each_other(owner: Owner) -> None:
    rows = sqltext.rows_of(written("deed/1", 0)) + sqltext.rows_of(written("deed/1", 4))
    second = list(rows[1])
    second[2], second[6], second[7] = 1, rows[0][6], None
    with pytest.raises(asyncpg.PostgresError) as refused:
        await owner.fetchrow(sqltext.APPEND, [rows[0], tuple(second)], [], None)
    assert refused.value.sqlstate == "JS003"


async def test_the_constants_of_a_log_are_written_once(owner: Owner, log: PostgresLog) -> None:
    again = await establish(owner, log_id="another", zone="Europe/Berlin", made_as="demo")
    assert (again.log_id, again.zone.key, again.made_as) == (LOG_ID, "Asia/Shanghai", "live")
    assert (log.log_id, log.zone.key, log.made_as) == (LOG_ID, "Asia/Shanghai", "live")


async def test_a_database_without_a_log_says_what_to_do(database: str, empty_database: str) -> None:
    for empty in (database, empty_database):
        with pytest.raises(Unavailable, match="jishi migrate"):
            await PostgresLog.open(empty, SHAPES)
    connection = await asyncpg.connect(database)
    assert await constants(connection) is None
    await connection.close()


async def test_the_writers_role_may_append_and_nothing_else(owner: Owner) -> None:
    await owner.execute("SET ROLE jishi_writer")
    row = await owner.fetchrow(
        sqltext.APPEND, sqltext.rows_of(written("deed/1", 0)), [(1, "deed/2", 0)], None
    )
    assert row is not None
    assert row["first_position"] == 1
    assert await owner.fetchval(sqltext.HEAD) == 1
    assert await owner.fetchval(sqltext.POSITION_AT, 2**62) == 1
    for change in ("UPDATE streams.event SET area = area", "DELETE FROM streams.event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(change)
    for change in ("TRUNCATE streams.event", "ALTER TABLE streams.event DISABLE TRIGGER ALL"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(change)
    await owner.execute("RESET ROLE")


async def test_the_readers_role_may_read_and_not_append(owner: Owner) -> None:
    await owner.execute("SET ROLE jishi_reader")
    assert await owner.fetchval(sqltext.HEAD) is None
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.fetchrow(sqltext.APPEND, sqltext.rows_of(written("deed/1", 0)), [], None)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner.fetch("SELECT a.person FROM streams.access_log AS a")
    await owner.execute("RESET ROLE")
