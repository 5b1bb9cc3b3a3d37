"""The log under test: in memory, and on Postgres."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import asyncpg
import pytest

from events.envelope import Recorded
from events.ports import Log
from streams.log import PostgresLog
from streams.memory import MemoryLog
from streams.schema import establish
from tests.contract.common import Clock, everything
from tests.streams.making import LOG_ID, SHAPES, ZONE, varied, written


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "postgres"])
def database_or_none(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    database: str = request.getfixturevalue("database")
    return database


@pytest.fixture
async def log(database_or_none: str | None, clock: Clock) -> AsyncIterator[Log]:
    if database_or_none is None:
        memory = MemoryLog(LOG_ID, ZONE, SHAPES, clock)
        yield memory
        await memory.close()
        return
    connection = await asyncpg.connect(database_or_none)
    await establish(connection, log_id=LOG_ID, made_as="scenario")
    await connection.close()
    postgres = await PostgresLog.open(database_or_none, SHAPES, now=clock)
    yield postgres
    await postgres.close()


@pytest.fixture
async def filled(log: Log, clock: Clock) -> list[Recorded]:
    """Sixty events of every sort on ten streams."""
    chance = random.Random(2018)
    revisions: dict[str, int] = {}
    for _ in range(30):
        stream = f"{chance.choice(['deed', 'wish'])}/{chance.randrange(5)}"
        before = revisions.get(stream, 0)
        spells = [varied(chance) for _ in range(chance.choice([1, 2, 3]))]
        actor = chance.choice(["person/p1", "person/p2"])
        await log.append([written(stream, before, spells, actor=actor)])
        revisions[stream] = before + len(spells)
        clock.now += 1_000
    return await everything(log)
