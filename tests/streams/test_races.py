"""Many clients, many processes' worth of connections: one log, each command once, no gap."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from events.envelope import Recorded
from events.ports import Append, Appended, Outcome, Repeated, Stale
from streams.log import PostgresLog
from tests.streams.making import SHAPES, Spell, uuid_of, written


@pytest.fixture
async def logs(home: str) -> AsyncIterator[list[PostgresLog]]:
    """Four logs on one database, as four processes would open them."""
    opened = [await PostgresLog.open(home, SHAPES) for _ in range(4)]
    yield opened
    for log in opened:
        await log.close()


async def everything(log: PostgresLog) -> list[Recorded]:
    events = await log.read(limit=10_000)
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    times = [event.recorded_at for event in events]
    assert times == sorted(times)
    return events


async def test_64_clients_on_one_stream_lose_nothing(logs: list[PostgresLog]) -> None:
    async def insist(number: int) -> None:
        """Two facts, each decided on what stands there."""
        log = logs[number % len(logs)]
        for _ in range(2):
            while True:
                known = await log.load("deed/hot")
                item = written("deed/hot", len(known), actor=f"person/p{number}")
                (outcome,) = await log.append([item])
                if isinstance(outcome, Appended):
                    break
                assert isinstance(outcome, Stale)
                assert outcome.current > outcome.expected == len(known)

    await asyncio.gather(*(insist(number) for number in range(64)))
    events = await everything(logs[0])
    assert [event.revision for event in events] == list(range(1, 129))
    actors = Counter(event.content["actor"] for event in events)
    assert actors == {f"person/p{number}": 2 for number in range(64)}


@pytest.mark.parametrize("seed", range(5))
async def test_commands_sent_shuffled_over_many_connections_land_once(
    logs: list[PostgresLog], seed: int
) -> None:
    chance = random.Random(seed)
    items = [
        written(f"deed/{number}", 0, [Spell()] * chance.choice([1, 2, 3]), command=uuid_of(number))
        for number in range(1, 65)
    ]

    async def send(log: PostgresLog) -> dict[object, Outcome]:
        mine = chance.sample(items, len(items))
        answers: dict[object, Outcome] = {}

        async def one(part: list[Append]) -> None:
            for item, outcome in zip(part, await log.append(part), strict=True):
                answers[item.command_id] = outcome

        sizes = chance.choice([1, 3, 64])
        await asyncio.gather(
            *(one(mine[start : start + sizes]) for start in range(0, len(mine), sizes))
        )
        return answers

    by_log = await asyncio.gather(*(send(log) for log in logs))
    await everything(logs[0])
    for item in items:
        outcomes = [answers[item.command_id] for answers in by_log]
        landed = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
        assert len(landed) == 1
        repeated = Repeated(landed[0].position, item.stream, len(item.drafts))
        assert [outcome for outcome in outcomes if outcome is not landed[0]] == [repeated] * 3
    assert await logs[1].head() == sum(len(item.drafts) for item in items)


async def test_a_reader_beside_many_writers_never_misses_one(logs: list[PostgresLog]) -> None:
    async def write(number: int) -> None:
        for step in range(10):
            await logs[number % 4].append([written(f"deed/{number}", step)])

    async def read() -> list[int]:
        seen: list[int] = []
        while len(seen) < 480:
            events = await logs[0].read(after=seen[-1] if seen else 0)
            seen += [event.position for event in events]
        return seen

    reading = asyncio.create_task(read())
    await asyncio.gather(*(write(number) for number in range(48)))
    async with asyncio.timeout(20):
        assert await reading == list(range(1, 481))
