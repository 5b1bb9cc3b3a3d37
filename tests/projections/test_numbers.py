"""Every number the ledger gives equals a brute-force fold of the same envelopes."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from events.clock import micros
from projections.city import City
from projections.declare import Measure
from projections.ledger import Ledger
from projections.query import Axis, Figure, Query
from tests.projections.naive import Naive, Question
from tests.projections.toys import COUNTERS, SHAPES
from tests.projections.world import START, TREE, ZONE, World

pytestmark = pytest.mark.slow

NAMES = tuple(counter.name for counter in COUNTERS)
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"unit": "u1"},
    {"category": ""},
    {"provenance": ("self", "import")},
    {"home_unit": "u1"},
    {"month": "2018-03"},
    {"unit": "u1", "team": "t1", "home_unit": "h1"},
]
BREAKDOWNS: list[tuple[str, ...]] = [
    (),
    ("area",),
    ("unit",),
    ("day",),
    ("month", "area"),
    ("year",),
    ("team", "variant"),
    ("fact", "provenance", "home_unit"),
]
HISTORIES = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a seed is as small as it gets
)
SEEDS = st.integers(0, 2**32 - 1)


def compared(figure: Figure, measure: Measure) -> Any:
    if measure is Measure.RATIO:
        return figure.numerator, figure.denominator
    return pytest.approx(figure.value, rel=1e-12) if measure is Measure.DURATION else figure.value


def expected_rows(naive: Naive, question: Question) -> dict[str, Any]:
    counter = naive.counters[question.counter]
    rows = naive.figures(question)
    if counter.measure is Measure.RATIO:
        return rows
    if counter.measure is Measure.DURATION:
        return {key: value for key, (value, _) in rows.items() if value is not None}
    told = {key: pair if counter.is_verifiable else pair[:1] for key, pair in rows.items()}
    return {key: pair[0] for key, pair in told.items() if any(pair)}


async def all_equal(ledger: Ledger | City, naive: Naive, query: Query, asked: Question) -> None:
    """One question to both, for every counter."""
    reading = await ledger.read(query, now=asked.moment)
    for counter in ledger.counters.values():
        asked.counter = counter.name
        expected = expected_rows(naive, asked)
        cells = {c.key: c.figure for c in reading.cells if c.counter is counter}
        if query.by in ((), ("area",)):
            cells = {key: figure for key, figure in cells.items() if not figure.empty}
        found = {key: compared(figure, counter.measure) for key, figure in cells.items()}
        assert found == expected, (counter.name, query)
        check_verified(cells, counter.is_verifiable, naive, asked)


def check_verified(
    cells: dict[str, Figure], verifiable: bool, naive: Naive, asked: Question
) -> None:
    if not verifiable:
        assert all(figure.verified is None for figure in cells.values())
        return
    for key, pair in naive.figures(asked).items():
        if any(pair):
            assert cells[key].verified == pair[1], (asked, key)


async def told(chance: random.Random, steps: int) -> tuple[World, Ledger, Naive]:
    world = World(chance)
    await world.map()
    await world.history(steps)
    ledger = Ledger(world.log, COUNTERS, SHAPES, page_events=chance.choice([8, 64]))
    await ledger.catch_up()
    return world, ledger, await naive_of(world)


async def naive_of(world: World) -> Naive:
    events = await world.log.read(limit=10_000)
    return Naive([event.envelope() for event in events], COUNTERS, TREE, ZONE)


@HISTORIES
@given(SEEDS)
def test_live_numbers_equal_a_naive_fold(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        world, ledger, naive = await told(chance, 40)
        where = chance.choice(CONDITIONS)
        area = chance.choice([None, *TREE])
        for by in BREAKDOWNS:
            query = Query(area=area, where=where, by=by)
            asked = Question("", area=area, where=where, by=by, moment=world.now)
            await all_equal(ledger, naive, query, asked)

    asyncio.run(run())


@HISTORIES
@given(SEEDS)
def test_as_of_numbers_equal_a_naive_fold(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        world, ledger, naive = await told(chance, 40)
        span = (world.now - START) // timedelta(seconds=1)
        for axis in Axis:
            moment = START + timedelta(seconds=chance.randrange(max(span, 1)), microseconds=1)
            position = await world.log.position_at(micros(moment))
            recorded = axis is not Axis.OCCURRED
            occurred = axis is not Axis.RECORDED
            area = chance.choice([None, *TREE])
            by = chance.choice(BREAKDOWNS)
            asked = Question(
                "",
                area=area,
                by=by,
                position=position if recorded else None,
                occurred=moment if occurred else None,
                moment=moment,
            )
            query = Query(area=area, by=by, as_of=moment, axis=axis)
            await all_equal(ledger, naive, query, asked)

    asyncio.run(run())


@HISTORIES
@given(SEEDS)
def test_breakdowns_by_body_fields_equal_a_naive_fold(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        world, ledger, naive = await told(chance, 30)
        area = chance.choice([None, "s1", "c1"])
        where: dict[str, Any] = chance.choice([{}, {"weather": "rain"}, {"weather": ("", "sun")}])
        for name in ("services", "person_times", "members", "after_hours", "received"):
            for by in (("weather",), ("timing", "weather"), ("ward",)):
                lacking = name == "received" and by != ("weather",)
                if lacking or (name == "members" and "timing" in by):
                    continue
                counter = ledger.counters[name]
                query = Query(counters=(name,), area=area, by=by, where=where)
                reading = await ledger.read(query)
                asked = Question(name, area=area, by=by, where=where, moment=world.now)
                rows = expected_rows(naive, asked)
                found = {cell.key: cell.figure.value for cell in reading.cells}
                assert found == {key: value for key, value in rows.items() if value}, (name, by)
                assert counter.is_verifiable
                assert all(cell.figure.verified is None for cell in reading.cells)

    asyncio.run(run())


@HISTORIES
@given(SEEDS)
def test_contributions_add_up_to_the_value(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        world, ledger, _ = await told(chance, 60)
        area = chance.choice([None, "s1", "c1"])
        for counter in ledger.counters.values():
            query = Query(area=area)
            explained = await ledger.explain(counter.name, query, limit=500, now=world.now)
            assert not explained.more
            lines = explained.events
            if counter.measure is Measure.RATIO:
                above = sum(line.numerator or 0 for line in lines)
                below = sum(line.denominator or 0 for line in lines)
                assert above == explained.figure.numerator
                assert below == explained.figure.denominator
            elif counter.measure is Measure.DURATION:
                assert len(lines) == (explained.figure.denominator or 0)
            else:
                assert sum(line.contribution or 0 for line in lines) == explained.figure.value

    asyncio.run(run())


@HISTORIES
@given(SEEDS)
def test_sums_kept_ready_stay_equal_while_the_log_grows(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        world = World(chance)
        await world.map()
        ledger = Ledger(world.log, COUNTERS, SHAPES, page_events=16)
        for _ in range(6):
            await world.history(chance.choice([1, 2, 9]))
            if chance.randrange(4):
                await ledger.catch_up()
                naive = await naive_of(world)
                for area in (None, "city", "s1", "c1"):
                    for by in BREAKDOWNS[:2]:
                        asked = Question("", area=area, by=by, moment=world.now)
                        await all_equal(ledger, naive, Query(area=area, by=by), asked)

    asyncio.run(run())
