"""Deadlines fire once, never early, also after the house was closed; on memory and on Postgres."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from events.clock import text_of
from projections.counters import COUNTERS
from projections.ledger import Ledger
from projections.query import Query
from services.commands import Commands
from services.deadlines import Deadlines
from services.directory import Directory
from services.kernel.catalogue import Catalogue, only
from tests.town import CATALOGUE, Town, Watch, memory_town, migrated_log, town_on


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture(params=["memory", "postgres"])
def database_or_none(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    database: str = request.getfixturevalue("database")
    return database


@pytest.fixture
async def town(database_or_none: str | None, watch: Watch) -> AsyncIterator[Town]:
    if database_or_none is None:
        yield await memory_town(watch)
        return
    log = await migrated_log(database_or_none, now=watch.micros)
    yield await town_on(log, watch)
    await log.close()


def another_process(town: Town, watch: Watch) -> Deadlines:
    """Commands and deadlines of another process on the same log."""
    directory = Directory(town.log, CATALOGUE)
    return Deadlines(town.log, Commands(town.log, CATALOGUE, directory, watch.now))


async def missed(town: Town, case_id: str) -> list[str]:
    """The clocks of a case that were recorded as missed."""
    return [
        event.content["data"]["clock"]
        for event in await town.log.load(f"order/{case_id}")
        if event.fact == "deadline.missed"
    ]


async def test_fires_once_and_never_early(town: Town, watch: Watch) -> None:
    case_id = await town.dispatched()
    deadlines = another_process(town, watch)
    watch.later(minutes=59, seconds=59)
    assert await deadlines.fire_due() == 0
    watch.later(seconds=1)
    assert await deadlines.fire_due() == 1
    assert await missed(town, case_id) == ["order.accept"]
    watch.later(hours=1)
    assert await deadlines.fire_due() == 0
    assert await missed(town, case_id) == ["order.accept"]


async def test_what_is_open_and_overdue_stays_in_the_denominator(watch: Watch) -> None:
    town = await memory_town(watch)
    kept, _ = await town.dispatched(), await town.dispatched()
    await town.give("worker", "order", "accept", kept)
    watch.later(hours=2)
    assert await another_process(town, watch).fire_due() == 1
    names = ("deadlines_met", "deadlines_ended", "deadlines_due", "on_time_rate")
    counters = [counter for counter in COUNTERS if counter.name in names]
    ledger = Ledger(town.log, counters, CATALOGUE.shapes)
    await ledger.catch_up()
    reading = await ledger.read(Query(), now=watch.now())
    found = {cell.counter.name: cell.figure.value for cell in reading.cells}
    # One of two: of so few no rate is told.
    assert [found[name] for name in names] == [1, 1, 2, None]


async def test_two_processes_fire_it_once(town: Town, watch: Watch) -> None:
    cases = [await town.dispatched() for _ in range(5)]
    timers = [another_process(town, watch) for _ in range(3)]
    for timer in timers:
        await timer.catch_up()
    watch.later(hours=2)
    fired = await asyncio.gather(*(timer.fire_due() for timer in timers))
    assert sum(fired) == 5
    for case_id in cases:
        assert await missed(town, case_id) == ["order.accept"]


async def test_what_was_done_in_time_does_not_fire(town: Town, watch: Watch) -> None:
    case_id = await town.dispatched()
    deadlines = another_process(town, watch)
    await deadlines.catch_up()
    watch.later(minutes=30)
    await town.give("worker", "order", "accept", case_id)
    watch.later(hours=2)
    # What it holds is older than the acceptance.
    assert len(deadlines) == 2
    assert await deadlines.fire_due() == 0
    assert await missed(town, case_id) == []


async def test_extension_moves_it(town: Town, watch: Watch) -> None:
    case_id = await town.dispatched()
    await town.enrol("leader", "lee", None, ("leader",), "d1")
    until = text_of(watch.now() + timedelta(hours=3))
    await town.give(
        "leader", "order", "extend", case_id, clock="accept", until=until, reason="weather"
    )
    deadlines = another_process(town, watch)
    watch.later(hours=2)
    assert await deadlines.fire_due() == 0
    watch.later(hours=1)
    assert await deadlines.fire_due() == 1
    assert await missed(town, case_id) == ["order.accept"]


async def test_after_the_house_was_closed_everything_due_fires(town: Town, watch: Watch) -> None:
    cases = [await town.dispatched() for _ in range(3)]
    watch.later(days=30)
    assert await another_process(town, watch).fire_due() == 6
    for case_id in cases:
        assert sorted(await missed(town, case_id)) == ["order.accept", "order.deliver"]
    assert await another_process(town, watch).fire_due() == 0


async def test_the_hosts_clock_jumps(town: Town, watch: Watch) -> None:
    """A day forward and an hour back: each fires once, when it is due by the clock as it is then,
    and what is recorded never goes back in time."""
    before = await town.dispatched()
    deadlines = another_process(town, watch)
    watch.later(days=1)
    assert await deadlines.fire_due() == 1
    watch.later(hours=-1)
    assert await deadlines.fire_due() == 0
    after = await town.dispatched()
    watch.later(minutes=59)
    assert await deadlines.fire_due() == 0
    assert await another_process(town, watch).fire_due() == 0
    watch.later(minutes=1)
    assert await deadlines.fire_due() == 1
    assert await another_process(town, watch).fire_due() == 0
    assert await missed(town, before) == await missed(town, after) == ["order.accept"]
    recorded = [event.recorded_at for event in await town.log.read(limit=1_000)]
    assert recorded == sorted(recorded)
    assert recorded[-1] == watch.micros()


async def test_working_days_of_a_year_without_a_calendar_are_counted_and_said(
    watch: Watch,
) -> None:
    town = await memory_town(watch)
    limit: dict[str, Any] = {"seconds": 3 * 86_400, "working": True}
    first_day: dict[str, Any] = {"area": "d1", "effective_on": "2026-01-01"}
    await town.give("admin", "rule", code="order.accept", limit=limit, **first_day)

    async def told() -> list[tuple[str, int]]:
        placed = await town.placed()
        done = await town.give("dispatcher", "order", "dispatch", placed, unit="u1")
        assert (b'"warnings"' in done.json()) == bool(done.cautions)
        return [(one.code, one.year) for one in done.cautions]

    assert await told() == [("no_calendar", 2026)]
    free: dict[str, Any] = {"free": ["2026-10-01"]}
    await town.give("admin", "rule", code="calendar.2026", calendar=free, **first_day)
    assert await told() == []
    watch.at = watch.at.replace(month=12, day=30)
    assert await told() == [("no_calendar", 2027)]
    placed = await town.placed()
    done = await town.give("dispatcher", "order", "dispatch", placed, unit="u1")
    assert json.loads(done.json("zh"))["warnings"] == [
        {"code": "no_calendar", "year": 2027, "title": done.cautions[0].title.zh}
    ]


async def test_timer_wakes_for_what_falls_due(town: Town, watch: Watch) -> None:
    case_id = await town.dispatched()
    deadlines = another_process(town, watch)
    await deadlines.catch_up()
    watch.later(minutes=59, seconds=59, milliseconds=950)
    running = asyncio.create_task(deadlines.run())
    watch.later(milliseconds=60)
    async with asyncio.timeout(10):
        while not await missed(town, case_id):  # noqa: ASYNC110 (another task's doing)
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await missed(town, case_id) == ["order.accept"]


async def test_each_department_of_a_callout_has_a_deadline_of_its_own(watch: Watch) -> None:
    registers = [entry for entry in CATALOGUE.kinds() if entry.is_register]
    catalogue = Catalogue([*registers, *only("callout").entries.values()])
    town = await memory_town(watch, catalogue)
    raised = await town.give(
        "dispatcher", "community_call", area="c1", unit="u1", ground="residents_need"
    )
    whistle = raised.id
    watch.later(minutes=30)
    await town.give("dispatcher", "callout", "call", whistle, departments=["u2"])
    directory = Directory(town.log, catalogue)
    deadlines = Deadlines(town.log, Commands(town.log, catalogue, directory, watch.now))
    watch.later(minutes=30)
    assert await deadlines.fire_due() == 1
    await town.give("worker", "callout", "sign", whistle)
    watch.later(minutes=30)
    assert await deadlines.fire_due() == 1
    events = await town.log.load(f"callout/{whistle}")
    about = [event.content for event in events if event.fact == "deadline.missed"]
    assert [(one["about"]["unit"], one["data"]["of_unit"]) for one in about] == [
        ("u1", "u1"),
        ("u2", "u2"),
    ]
