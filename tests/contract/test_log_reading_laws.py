"""The laws of reading, scanning and following, on memory and on Postgres."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from events.envelope import Recorded, entries
from events.errors import TooLarge
from events.fact import Counted
from events.ports import (
    EntryColumns,
    Filter,
    Log,
)
from tests.streams.making import (
    SHAPES,
    ZONE,
    Spell,
    written,
)


async def test_reading_forward_pages_through_everything(log: Log, filled: list[Recorded]) -> None:
    assert [event.position for event in filled] == list(range(1, len(filled) + 1))
    after, seen = 0, []
    while events := await log.read(after=after, limit=7):
        seen += events
        after = events[-1].position
    assert seen == filled


async def test_reading_has_an_upper_end_and_a_direction(log: Log, filled: list[Recorded]) -> None:
    assert await log.read(after=3, upto=9) == filled[3:9]
    assert await log.read(after=3, upto=9, limit=2) == filled[3:5]
    assert await log.read(after=3, upto=9, backward=True) == filled[8:2:-1]
    assert await log.read(after=3, upto=9, limit=2, backward=True) == [filled[8], filled[7]]
    assert await log.read(backward=True, limit=1) == [filled[-1]]
    assert await log.read(after=len(filled)) == []
    assert await log.read(after=-5, limit=1) == filled[:1]


async def test_a_stream_is_read_by_itself(log: Log, filled: list[Recorded]) -> None:
    name, many = Counter(event.stream for event in filled).most_common(1)[0]
    assert many >= 5
    mine = [event for event in filled if event.stream == name]
    assert [event.revision for event in mine] == list(range(1, len(mine) + 1))
    assert await log.load(name) == mine
    assert await log.load(name, 2) == mine[2:]
    assert await log.load(name, len(mine)) == []
    assert await log.read(only=Filter(stream=name)) == mine
    assert await log.read(only=Filter(stream=name), backward=True) == mine[::-1]
    assert await log.read(only=Filter(stream=name), after=mine[1].position) == mine[2:]
    assert await log.read(only=Filter(stream=name), limit=2, backward=True) == mine[:-3:-1]


async def test_loads_at_the_same_time_are_each_answered(log: Log, filled: list[Recorded]) -> None:
    names = [f"{kind}/{n}" for kind in ("deed", "wish") for n in range(5)] * 3
    loaded = await asyncio.gather(*(log.load(name, n % 3) for n, name in enumerate(names)))
    for number, (name, events) in enumerate(zip(names, loaded, strict=True)):
        of_it = [event for event in filled if event.stream == name]
        assert events == of_it[number % 3 :]


def about_of(event: Recorded) -> dict[str, Any]:
    about: dict[str, Any] = event.content["about"]
    return about


FILTERS: dict[str, tuple[Filter, Callable[[Recorded], bool]]] = {
    "kinds": (Filter(kinds=("wish",)), lambda e: e.case[0] == "wish"),
    "two kinds": (Filter(kinds=("wish", "deed")), lambda _: True),
    "no such kind": (Filter(kinds=("wis",)), lambda _: False),
    "facts": (
        Filter(facts=("deed.praised", "deed.unlisted")),
        lambda e: e.fact in ("deed.praised", "deed.unlisted"),
    ),
    "areas": (Filter(areas=("c1", "c3")), lambda e: about_of(e)["area"] in ("c1", "c3")),
    "units": (Filter(units=("u2",)), lambda e: about_of(e).get("unit") == "u2"),
    "actor": (Filter(actor="person/p2"), lambda e: e.content["actor"] == "person/p2"),
    "occurred": (
        Filter(occurred_from=1_519_900_000_000_000, occurred_to=1_520_300_000_000_000),
        lambda e: 1_519_900_000 <= e.occurred_at.timestamp() <= 1_520_300_000,
    ),
    "several": (
        Filter(kinds=("deed",), areas=("c1",), facts=("deed.done",)),
        lambda e: e.case[0] == "deed" and about_of(e)["area"] == "c1" and e.fact == "deed.done",
    ),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_filters_leave_exactly_what_they_say(
    log: Log, filled: list[Recorded], name: str
) -> None:
    only, wanted = FILTERS[name]
    left = [event for event in filled if wanted(event)]
    assert await log.read(only=only) == left
    assert await log.read(only=only, backward=True) == left[::-1]
    assert await log.read(only=only, after=20, limit=3) == [e for e in left if e.position > 20][:3]


async def test_events_are_read_at_their_positions(log: Log, filled: list[Recorded]) -> None:
    assert await log.at([7, 3, 40, 3]) == [filled[2], filled[6], filled[39]]
    assert await log.at([0, -1, 10_000]) == []
    assert await log.at([]) == []


async def test_limits_are_said_aloud(log: Log) -> None:
    with pytest.raises(TooLarge, match="0 events in one read"):
        await log.read(limit=0)
    with pytest.raises(TooLarge, match="10001 events in one read"):
        await log.read(limit=10_001)
    with pytest.raises(TooLarge, match="10001 positions"):
        await log.at(range(10_001))
    with pytest.raises(TooLarge, match="2001 facts in one append"):
        await log.append([written("deed/1", 0, [Spell()] * 2_001)])


def flat(run: EntryColumns) -> list[tuple[Any, ...]]:
    columns = [run.position, run.sign, *(getattr(run, name) for name in Counted._fields)]
    return list(zip(*columns, strict=True))


def entries_of(events: list[Recorded]) -> list[tuple[Any, ...]]:
    return [
        (event.position, sign, *columns)
        for event in events
        for sign, columns in entries(event, SHAPES, ZONE)
    ]


async def test_a_scan_gives_the_entries_of_every_event(log: Log, filled: list[Recorded]) -> None:
    (run,) = [run async for run in log.scan(0, len(filled))]
    assert flat(run) == entries_of(filled)
    (part,) = [run async for run in log.scan(5, 25)]
    assert flat(part) == entries_of(filled[5:25])
    (beyond,) = [run async for run in log.scan(50, 10**9)]
    assert flat(beyond) == entries_of(filled[50:])


async def take(batches: AsyncIterator[list[Recorded]], upto: int) -> list[Recorded]:
    """What follows, until a position has been reached."""
    seen: list[Recorded] = []
    async with asyncio.timeout(10):
        while not seen or seen[-1].position < upto:
            seen += await anext(batches)
    return seen


async def test_a_follower_gets_the_past_then_what_comes(log: Log, filled: list[Recorded]) -> None:
    follower = log.follow(10, limit=9)
    past = await take(follower, len(filled))
    assert past == filled[10:]
    waiting = asyncio.create_task(take(follower, len(filled) + 3))
    for number in range(3):
        await log.append([written(f"new/{number}", 0)])
    assert [event.position for event in await waiting] == [len(filled) + n for n in (1, 2, 3)]


async def test_many_followers_each_get_everything_once(log: Log) -> None:
    followers = [log.follow(0, limit=1 + number) for number in range(20)]
    waiting = [asyncio.create_task(take(follower, 30)) for follower in followers]
    for number in range(30):
        await log.append([written(f"deed/{number}", 0)])
    for seen in await asyncio.gather(*waiting):
        assert [event.position for event in seen] == list(range(1, 31))


async def test_following_ends_when_the_log_is_closed(log: Log) -> None:
    await log.append([written("deed/1", 0)])
    seen: list[int] = []
    started = asyncio.Event()

    async def watch() -> None:
        async for batch in log.follow(0):
            seen.extend(event.position for event in batch)
            started.set()

    watching = asyncio.create_task(watch())
    async with asyncio.timeout(10):
        await started.wait()
        await log.close()  # type: ignore[attr-defined]
        await watching
    assert seen == [1]
