"""How much of a log of 100,000 events each statement touches: what it needs, and no more.

Counted by the server itself (`pg_stat_xact_user_tables`), so that every statement inside
append_v1 is covered, and every plan is the one that really ran.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from typing import NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
import pytest

from events.ports import PAGE_EVENTS, Append, Condition, Filter
from streams import sqltext
from streams.log import PostgresLog
from streams.schema import establish
from streams.sqltext import read_statement
from tests.conftest import at
from tests.streams.making import LOG_ID, SHAPES, written

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

EVENTS = 100_000
OLD_EVENTS = 20_000
FILL = """
INSERT INTO streams.event (
    position, recorded_at, occurred_at, quantity_1, quantity_2, command_id, revision, ordinal,
    version, day, stream, fact, area, unit, category, variant, provenance, home_unit, team,
    home_community, paired_community, code_1, code_2, member_1, member_2, actor, cause,
    request_hash, sha256, body
)
SELECT n, 1500000000000000 + n, 1500000000000000 + n, 1, 0, md5(n::text)::uuid,
    CASE WHEN n <= 20000 THEN n ELSE 1 + (n - 20001) / 16000 END, 0, 1, 17000,
    CASE WHEN n <= 20000 THEN 'old/1' ELSE 'deed/' || n % 16000 END, 'deed.done', 'c' || n % 50,
    'u' || n % 9, '', '', 'self', '', '', '', '', '', '', 'w' || n % 999, '', 'person/p' || n % 99,
    NULL, '\\x00', '\\x00', convert_to('{}', 'UTF8')
FROM generate_series(1, $1::integer) AS n
"""
"""One long stream that ended long ago, then 16,000 streams of five events, far apart."""


class Work(NamedTuple):
    """What was done to the table of events."""

    whole_scans: int
    rows_by_index: int


@pytest.fixture(scope="module")
async def large(
    server: str, administrator: Connection, template: str
) -> AsyncIterator[dict[str, str]]:
    """URLs of two databases with the same large log. Never analyzed: what an import into a new
    database meets."""
    names = {state: f"jishi_large_{state}_{os.getpid()}" for state in ("fresh", "analyzed")}
    await administrator.execute(f'CREATE DATABASE "{names["fresh"]}" TEMPLATE "{template}"')
    try:
        connection = await asyncpg.connect(at(server, names["fresh"]))
        await establish(connection, log_id=LOG_ID)
        await connection.execute("ALTER TABLE streams.event SET (autovacuum_enabled = false)")
        await connection.execute(FILL, EVENTS)
        await connection.close()
        await administrator.execute(
            f'CREATE DATABASE "{names["analyzed"]}" TEMPLATE "{names["fresh"]}"'
        )
        connection = await asyncpg.connect(at(server, names["analyzed"]))
        await connection.execute("ANALYZE streams.event")
        await connection.close()
        yield {state: at(server, name) for state, name in names.items()}
    finally:
        for name in names.values():
            await administrator.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(params=["fresh", "analyzed"])
async def connection(
    request: pytest.FixtureRequest, large: dict[str, str]
) -> AsyncIterator[Connection]:
    """In a transaction that is undone."""
    opened = await asyncpg.connect(large[request.param])
    transaction = opened.transaction()
    await transaction.start()
    yield opened
    await transaction.rollback()
    await opened.close()


async def work_of(connection: Connection, statement: str, *arguments: object) -> Work:
    """What the statement does, many times: the planner may change its mind after a few."""
    before = await _work(connection)
    for _ in range(7):
        await connection.fetch(statement, *arguments)
    after = await _work(connection)
    return Work(after[0] - before[0], (after[1] - before[1]) // 7)


async def _work(connection: Connection) -> Work:
    row = await connection.fetchrow(
        "SELECT coalesce(t.seq_scan, 0), coalesce(t.idx_tup_fetch, 0)"
        " FROM pg_stat_xact_user_tables AS t WHERE t.schemaname = 'streams' AND t.relname = 'event'"
    )
    assert row is not None
    return Work(*row)


async def appended(connection: Connection, *batches: list[Append]) -> Work:
    before = await _work(connection)
    for batch in batches:
        rows = [row for item in batch for row in sqltext.rows_of(item)]
        conditions = [
            (number, *condition)
            for number, item in enumerate(batch, 1)
            for condition in item.conditions
        ]
        await connection.fetchrow(sqltext.APPEND, rows, conditions, None)
    after = await _work(connection)
    return Work(after[0] - before[0], after[1] - before[1])


async def test_an_append_reads_a_few_rows_however_long_the_log_is(connection: Connection) -> None:
    new = [[written(f"new/{b}-{n}", 0) for n in range(64)] for b in range(8)]
    assert await appended(connection, *new) <= Work(0, 8 * 10)
    # Each reads the newest revision of its stream.
    old = [[written(f"deed/{b * 64 + n}", 5) for n in range(64)] for b in range(8)]
    assert await appended(connection, *old) <= Work(0, 8 * (64 + 10))


async def test_an_unusual_append_reads_a_few_rows_too(connection: Connection) -> None:
    repeats = [written("deed/1", 0, command=command_of(n)) for n in range(1, 65)]
    assert await appended(connection, repeats, repeats) <= Work(0, 2 * 64 * 6)
    stale = [written(f"deed/{n}", 3) for n in range(64)]
    assert await appended(connection, stale) <= Work(0, 64 * 6)
    conditions = [Condition(f"deed/{n}", 5) for n in range(20)]
    guarded = [written(f"guarded/{n}", 0, conditions=conditions) for n in range(8)]
    assert await appended(connection, guarded) <= Work(0, 8 * 20 * 2 + 20)
    failing = [written("guarded/9", 0, conditions=[*conditions, Condition("deed/30", 4)])]
    assert await appended(connection, failing) <= Work(0, 100)


def command_of(position: int) -> UUID:
    """The command of one of the events that FILL made."""
    return UUID(hashlib.md5(str(position).encode()).hexdigest())


async def test_reads_touch_what_they_return(connection: Connection) -> None:
    streams = [f"deed/{n * 17}" for n in range(256)]
    assert await work_of(connection, sqltext.LOAD, streams, [0] * 256) == Work(0, 256 * 5)
    assert await work_of(connection, sqltext.LOAD, streams, [4] * 256) == Work(0, 256)
    assert await work_of(connection, sqltext.LOAD, ["deed/77"], [0]) == Work(0, 5)
    assert await work_of(connection, sqltext.HEAD) <= Work(0, 1)
    assert await work_of(connection, sqltext.AT, list(range(1, 90_000, 300))) == Work(0, 300)
    position_at = await work_of(connection, sqltext.POSITION_AT, 1500000000050000)
    assert position_at <= Work(0, 20)
    assert await work_of(connection, sqltext.COMMAND_FIRST, command_of(7)) == Work(0, 1)
    assert await work_of(connection, sqltext.COMMAND_EVENTS, 70_000) <= Work(0, 3)
    assert await work_of(connection, sqltext.ROWS, 50_000, 100) == Work(0, 100)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"after": 40_000}, 50),
        ({"after": 0, "upto": 90_000}, 50),
        ({"after": 40_000, "upto": 40_020}, 20),
        ({"after": 0, "only": Filter(stream="deed/55")}, 5),
        ({"after": 0, "only": Filter(stream="old/1")}, 50),
        ({"after": 0, "only": Filter(stream="old/1", areas=("c1", "c2", "c3"))}, 1_000),
        ({"after": 20_000, "only": Filter(stream="deed/55", facts=("deed.done",))}, 5),
        ({"after": 40_000, "upto": 40_100, "only": Filter(areas=("c7",))}, 100),
        ({"after": 40_000, "upto": 40_100, "only": Filter(kinds=("wish",))}, 100),
        ({"after": 40_000, "upto": 40_100, "only": Filter(kinds=("deed", "wish"))}, 100),
        ({"after": 0, "only": Filter(kinds=("area", "wish"))}, 10),
    ],
    ids=str,
)
async def test_each_form_of_reading_touches_what_it_must(
    connection: Connection,
    request: pytest.FixtureRequest,
    asked: dict[str, object],
    rows: int,
    backward: bool,
) -> None:
    form = {"upto": None, "only": Filter(), **asked}
    statement, arguments = read_statement(limit=50, backward=backward, **form)  # type: ignore[arg-type]
    # Without statistics a stream is taken for a short one and read whole, but no more than it.
    if request.node.callspec.params["connection"] == "fresh" and "old/1" in arguments:
        rows = OLD_EVENTS
    assert await work_of(connection, statement, *arguments) <= Work(0, rows)


async def test_a_scan_is_cut_at_pages_and_misses_nothing(large: dict[str, str]) -> None:
    log = await PostgresLog.open(large["analyzed"], SHAPES)
    try:
        runs = [run async for run in log.scan(1_000, EVENTS)]
        assert [run.position[0] for run in runs] == [1_001, PAGE_EVENTS + 1]
        assert [position for run in runs for position in run.position] == list(
            range(1_001, EVENTS + 1)
        )
        assert {fact for run in runs for fact in run.fact} == {"deed.done"}
        assert runs[1].member_1[0] == f"w{(PAGE_EVENTS + 1) % 999}"
        assert runs[1].occurred_at[0] == 1_500_000_000_000_001 + PAGE_EVENTS
        assert (runs[0].day[0], runs[0].sign[0], runs[0].quantity_1[0]) == (17_000, 1, 1)
    finally:
        await log.close()
