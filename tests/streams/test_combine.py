"""How callers that wait together are put into batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from events.ports import Append, Appended, Condition, Stale
from streams.limits import LogLimits
from streams.log import PostgresLog
from tests.streams.making import SHAPES, Spell, written


@pytest.fixture
def batches(log: PostgresLog, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Calls in each batch that is sent."""
    return watched(log, monkeypatch)


def watched(log: PostgresLog, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sizes: list[int] = []
    send: Callable[..., Any] = log._combiner._attempt

    async def watch(batch: list[Any]) -> Any:
        sizes.append(len(batch))
        return await send(batch)

    monkeypatch.setattr(log._combiner, "_attempt", watch)
    return sizes


async def together(log: PostgresLog, items: Sequence[Append]) -> list[Any]:
    return [one for (one,) in await asyncio.gather(*(log.append([item]) for item in items))]


async def test_all_that_wait_share_one_commit(log: PostgresLog, batches: list[int]) -> None:
    await together(log, [written(f"deed/{number}", 0) for number in range(100)])
    assert batches == [100]
    (times,) = {tuple(sorted({event.recorded_at for event in await log.read(limit=200)}))}
    assert len(times) == 1


async def test_callers_on_one_stream_cost_two_batches(log: PostgresLog, batches: list[int]) -> None:
    items = [written("deed/hot", 0) for _ in range(60)]
    items += [written(f"deed/{number}", 0) for number in range(40)]
    outcomes = await together(log, items)
    assert batches == [41, 59]
    assert outcomes.count(Stale("deed/hot", 0, 1)) == 59
    assert sum(isinstance(outcome, Appended) for outcome in outcomes) == 41


async def test_a_chain_of_callers_lands_in_the_order_they_came(
    log: PostgresLog, batches: list[int]
) -> None:
    outcomes = await together(log, [written("deed/1", step) for step in range(10)])
    assert batches == [1, 9]
    assert [outcome.position for outcome in outcomes] == list(range(1, 11))


async def test_a_condition_on_a_stream_of_the_batch_waits_for_it(
    log: PostgresLog, batches: list[int]
) -> None:
    items = [
        written("rule/a", 0),
        written("deed/1", 0, conditions=[Condition("rule/a", 1)]),
        written("deed/2", 0, conditions=[Condition("rule/b", 0)]),
    ]
    outcomes = await together(log, items)
    assert batches == [2, 1]
    assert [outcome.position for outcome in outcomes] == [1, 3, 2]


async def test_a_batch_is_full_at_its_limit(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = await PostgresLog.open(home, SHAPES, limits=LogLimits(batch_events=10))
    batches = watched(log, monkeypatch)
    await together(log, [written(f"deed/{number}", 0, [Spell()] * 3) for number in range(10)])
    assert batches == [3, 3, 3, 1]
    await log.append([written("deed/long", 0, [Spell()] * 25)])
    assert batches == [3, 3, 3, 1, 1]
    assert await log.head() == 55
    await log.close()
