"""The connection breaks at the worst moment: what was asked for happens once, or is said not to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeAlias, TypeVar

import asyncpg
import pytest

from events.errors import Ambiguous, Broken, Unavailable
from events.ports import Append, Appended, Outcome, Repeated
from streams.limits import LogLimits
from streams.log import PostgresLog
from tests.streams.broken_line import Door
from tests.streams.making import SHAPES, written

Value = TypeVar("Value")
Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def door(home: str) -> AsyncIterator[Door]:
    made = Door(home)
    await made.open()
    yield made
    await made.shut()


@pytest.fixture
async def behind(door: Door) -> AsyncIterator[PostgresLog]:
    """A log that reaches its server through the door."""
    opened = await PostgresLog.open(door.dsn, SHAPES, limits=LogLimits(poll_seconds=600.0))
    yield opened
    await opened.close()


async def first_of(values: AsyncIterator[Value]) -> Value:
    async for value in values:
        return value
    raise AssertionError("it ended before its first value")


def is_append(data: bytes) -> bool:
    """The message that executes append_v1 carries the bodies."""
    return b'"log":"test-log"' in data


async def test_an_append_whose_answer_is_lost_is_sent_again_and_stands_once(
    door: Door, behind: PostgresLog, log: PostgresLog
) -> None:
    await behind.append([written("deed/0", 0)])
    door.lose_answer_to = lambda data: is_append(data) and not door.lost.is_set()
    item = written("deed/1", 0)
    assert await behind.append([item]) == [Repeated(2, "deed/1", 1)]
    assert door.lost.is_set()
    assert [event.stream for event in await log.read()] == ["deed/0", "deed/1"]


async def test_an_append_waits_for_a_server_that_is_away(
    door: Door, behind: PostgresLog, log: PostgresLog
) -> None:
    await behind.append([written("deed/0", 0)])
    await door.shut()
    waiting = asyncio.create_task(behind.append([written("deed/1", 0)]))
    assert await log.head() == 1
    assert not waiting.done()
    await door.open()
    assert [type(outcome) for outcome in await waiting] == [Appended]
    assert await log.head() == 2


async def test_patience_ends_with_what_is_known(door: Door, log: PostgresLog) -> None:
    limits = LogLimits(patience_seconds=0.3)
    behind = await PostgresLog.open(door.dsn, SHAPES, limits=limits)
    await behind.append([written("deed/0", 0)])
    door.lose_answer_to = is_append
    with pytest.raises(Ambiguous, match="same command again"):
        await behind.append([written("deed/1", 0)])
    await door.shut()
    with pytest.raises(Unavailable) as unavailable:
        await behind.append([written("deed/2", 0)])
    assert type(unavailable.value) is Unavailable
    assert unavailable.value.__cause__ is not None
    with pytest.raises(Unavailable):
        await behind.load("deed/1")
    with pytest.raises(Unavailable):
        await behind.head()
    await behind.close()
    # The first of them had landed: exactly what Ambiguous says.
    assert [event.stream for event in await log.read()] == ["deed/0", "deed/1"]


async def test_an_append_that_was_never_sent_is_not_ambiguous(door: Door) -> None:
    behind = await PostgresLog.open(door.dsn, SHAPES, limits=LogLimits(patience_seconds=0.3))
    await behind.append([written("deed/0", 0)])
    await door.shut()
    # By now it is known that the connection, which was at rest, is gone.
    with pytest.raises(Unavailable):
        await behind.head()
    with pytest.raises(Unavailable) as unavailable:
        await behind.append([written("deed/1", 0)])
    assert type(unavailable.value) is Unavailable
    await behind.close()


async def test_reads_are_tried_again(door: Door, behind: PostgresLog) -> None:
    await behind.append([written(f"deed/{number}", 0) for number in range(20)])
    await behind.load("deed/1")
    await asyncio.gather(*(behind.head() for _ in range(5)))
    await door.shut()
    reads = [
        asyncio.create_task(behind.load("deed/3")),
        asyncio.create_task(behind.read(limit=5)),
        asyncio.create_task(behind.at([7])),
    ]
    scan = asyncio.create_task(first_of(behind.scan(0, 20)))
    await door.open()
    loaded, read, at = await asyncio.gather(*reads)
    assert [event.position for event in [*loaded, *read, *at]] == [4, 1, 2, 3, 4, 5, 7]
    assert (await scan).position == list(range(1, 21))


async def test_a_follower_goes_on_where_it_was(
    door: Door, behind: PostgresLog, log: PostgresLog
) -> None:
    await log.append([written("deed/1", 0)])
    follower = behind.follow(0)
    assert [event.position for event in await anext(follower)] == [1]
    for step in range(1, 6):
        await door.shut()
        waiting = asyncio.create_task(first_of(follower))
        await log.append([written("deed/1", step)])
        await door.open()
        async with asyncio.timeout(20):
            assert [event.position for event in await waiting] == [step + 1]


async def test_backends_ended_by_an_operator_cost_nothing(
    log: PostgresLog, owner: Owner, home: str
) -> None:
    other = await PostgresLog.open(home, SHAPES)
    seen: list[int] = []

    async def watch() -> None:
        async for batch in other.follow(0):
            seen.extend(event.position for event in batch)
            if seen[-1] == 32 * 20:
                return

    watching = asyncio.create_task(watch())
    landed: dict[Append, Outcome] = {}
    progress = asyncio.Condition()

    async def write(number: int) -> None:
        for step in range(20):
            item = written(f"deed/{number}", step)
            (landed[item],) = await log.append([item])
            async with progress:
                progress.notify_all()

    async def disturb() -> None:
        for round_ in range(1, 11):
            async with progress:
                await progress.wait_for(lambda: len(landed) >= round_ * 50)  # noqa: B023
            await owner.execute(
                "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a"
                " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()"
            )

    async with asyncio.timeout(40):
        await asyncio.gather(disturb(), *(write(number) for number in range(32)))
        await watching
    assert seen == list(range(1, 32 * 20 + 1))
    there = [one.position for one in landed.values() if isinstance(one, Appended | Repeated)]
    assert sorted(there) == seen
    await other.close()


async def test_one_spoilt_call_harms_no_other_in_its_batch(log: PostgresLog) -> None:
    spoilt = written("deed/spoilt", 0, actor="person/p1")
    spoilt_draft = spoilt.drafts[0]
    object.__setattr__(spoilt_draft, "actor", "half a text \x00")
    calls = [log.append([written(f"deed/{number}", 0)]) for number in range(20)]
    calls.insert(10, log.append([spoilt]))
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers.pop(10), Broken)
    assert all(not isinstance(answer, BaseException) for answer in answers)
    assert await log.head() == 20
    assert [type(one) for one in await log.append([written("deed/99", 0)])] == [Appended]


async def test_a_caller_who_gives_up_harms_no_other(log: PostgresLog) -> None:
    tasks = [
        asyncio.create_task(log.append([written(f"deed/{number}", 0)])) for number in range(50)
    ]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
    assert all(isinstance(answer, list) for answer in answers[1::2])
    loads = [asyncio.create_task(log.load(f"deed/{number}")) for number in range(50)]
    await asyncio.sleep(0)
    for load in loads[::2]:
        load.cancel()
    found = await asyncio.gather(*loads, return_exceptions=True)
    assert all(len(events) == 1 for events in found[1::2])  # type: ignore[arg-type]


async def test_more_than_may_wait_is_turned_away(home: str) -> None:
    log = await PostgresLog.open(home, SHAPES, limits=LogLimits(waiting_events=10))
    calls = [log.append([written(f"deed/{number}", 0)]) for number in range(30)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert 0 < len(refused) <= 20
    assert await log.head() == 30 - len(refused)
    await log.close()


async def test_closing_writes_what_is_waiting_and_then_refuses(home: str, log: PostgresLog) -> None:
    other = await PostgresLog.open(home, SHAPES)
    waiting = [
        asyncio.create_task(other.append([written(f"deed/{number}", 0)])) for number in range(20)
    ]
    await asyncio.sleep(0)
    await other.close()
    assert all(task.done() for task in waiting)
    assert await log.head() == 20
    for refused in (other.append([written("deed/1", 1)]), other.load("deed/1")):
        with pytest.raises(Unavailable, match="closed"):
            await refused
    assert [batch async for batch in other.follow(0)] == []


async def test_closing_does_not_wait_for_a_server_that_is_away(
    door: Door, log: PostgresLog
) -> None:
    behind = await PostgresLog.open(door.dsn, SHAPES, limits=LogLimits(patience_seconds=3_000.0))
    await behind.append([written("deed/0", 0)])
    follower = behind.follow(1)
    await door.shut()
    waiting = [
        asyncio.create_task(behind.append([written("deed/1", 0)])),
        asyncio.create_task(behind.load("deed/0")),
        asyncio.create_task(behind.head()),
        asyncio.create_task(first_of(follower)),
    ]
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await behind.close()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers[1:]] == [Unavailable, Unavailable, AssertionError]
    assert isinstance(answers[0], Unavailable)


async def test_a_server_that_does_not_answer_in_time_counts_as_lost(
    home: str, owner: Owner
) -> None:
    limits = LogLimits(answer_seconds=0.2, patience_seconds=0.5)
    hasty = await PostgresLog.open(home, SHAPES, limits=limits)
    async with owner.transaction():
        await owner.execute("LOCK TABLE streams.event IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Ambiguous):
            await hasty.append([written("deed/1", 0)])
    assert [type(one) for one in await hasty.append([written("deed/2", 0)])] == [Appended]
    await hasty.close()
