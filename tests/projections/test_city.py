"""The city's board over several logs: the sum of their boards, and the union of their members."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from events.clock import micros
from events.errors import Invalid, Unknown
from events.fact import About
from projections.city import City
from projections.declare import Measure
from projections.ledger import Ledger
from projections.query import Axis, Query
from tests.projections.naive import Naive, Question
from tests.projections.test_numbers import (
    BREAKDOWNS,
    CONDITIONS,
    HISTORIES,
    SEEDS,
    all_equal,
    expected_rows,
)
from tests.projections.toys import COUNTERS, SHAPES, ServiceDone
from tests.projections.world import START, TREE, ZONE, World

ADDITIVE = (Measure.OCCURRENCES, Measure.SUM, Measure.CURRENT)
NAMES = ("east", "west", "north")


async def told(chance: random.Random, steps: int, names: tuple[str, ...] = NAMES) -> list[World]:
    """Districts on one map, with the same people: one log may hold nothing at all."""
    worlds = [World(chance, name=name) for name in names]
    for world in worlds:
        await world.map()
        await world.history(chance.choice([0, steps, steps]))
    latest = max(world.now for world in worlds)
    for world in worlds:
        world.now = latest
    return worlds


async def city_of(worlds: list[World], page_events: int = 16) -> City:
    ledgers = [Ledger(world.log, COUNTERS, SHAPES, page_events=page_events) for world in worlds]
    city = City(ledgers, COUNTERS, SHAPES)
    await city.catch_up()
    return city


async def naive_of(worlds: list[World], recorded: int | None = None) -> Naive:
    """All envelopes as one heap, each log cut where it stood at an instant."""
    envelopes: list[dict[str, Any]] = []
    for world in worlds:
        upto = None if recorded is None else await world.log.position_at(recorded)
        for event in await world.log.read(limit=10_000, upto=upto):
            stream = f"{world.name}:{event.stream}"
            envelopes.append({**event.envelope(), "stream": stream})
    return Naive(envelopes, COUNTERS, TREE, ZONE)


@pytest.mark.slow
@HISTORIES
@given(SEEDS)
def test_live_numbers_equal_a_naive_fold_of_all_logs(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        worlds = await told(chance, 25)
        city, naive = await city_of(worlds, chance.choice([8, 64])), await naive_of(worlds)
        where, area = chance.choice(CONDITIONS), chance.choice([None, *TREE])
        for by in BREAKDOWNS:
            query = Query(area=area, where=where, by=by)
            asked = Question("", area=area, where=where, by=by, moment=worlds[0].now)
            await all_equal(city, naive, query, asked)

    asyncio.run(run())


@pytest.mark.slow
@HISTORIES
@given(SEEDS)
def test_as_of_each_log_is_cut_where_it_stood(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        worlds = await told(chance, 25)
        city = await city_of(worlds)
        span = (worlds[0].now - START) // timedelta(seconds=1)
        for axis in Axis:
            moment = START + timedelta(seconds=chance.randrange(max(span, 1)), microseconds=1)
            recorded = None if axis is Axis.OCCURRED else micros(moment)
            naive = await naive_of(worlds, recorded)
            area, by = chance.choice([None, *TREE]), chance.choice(BREAKDOWNS)
            occurred = None if axis is Axis.RECORDED else moment
            asked = Question("", area=area, by=by, occurred=occurred, moment=moment)
            await all_equal(city, naive, Query(area=area, by=by, as_of=moment, axis=axis), asked)

    asyncio.run(run())


@pytest.mark.slow
@HISTORIES
@given(SEEDS)
def test_breakdowns_by_body_fields_read_each_log(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        worlds = await told(chance, 25)
        city, naive = await city_of(worlds), await naive_of(worlds)
        area = chance.choice([None, "s1", "c1"])
        where: dict[str, Any] = chance.choice([{}, {"weather": "rain"}, {"weather": ("", "sun")}])
        for name in ("services", "person_times", "after_hours"):
            for by in (("weather",), ("timing", "weather"), ("ward",)):
                reading = await city.read(Query((name,), area=area, by=by, where=where))
                asked = Question(name, area=area, by=by, where=where, moment=worlds[0].now)
                rows = expected_rows(naive, asked)
                found = {cell.key: cell.figure.value for cell in reading.cells}
                assert found == {key: value for key, value in rows.items() if value}, (name, by)

    asyncio.run(run())


async def test_what_adds_up_is_the_sum_of_the_boards() -> None:
    worlds = await told(random.Random(11), 60)
    city = await city_of(worlds)
    for counter in COUNTERS:
        whole = (await city.read(Query((counter.name,)), now=worlds[0].now)).value(counter.name)
        apart = await city.read(Query((counter.name,), by=("log",)), now=worlds[0].now)
        assert [cell.key for cell in apart.cells] == sorted(NAMES)
        alone = []
        for name in NAMES:
            query = Query((counter.name,))
            own = await city.ledger(name).read(query, now=worlds[0].now)
            alone.append(own.value(counter.name))
            assert apart.value(counter.name, name) == alone[-1]
        if counter.measure in ADDITIVE:
            assert whole == sum(value or 0 for value in alone)


async def test_who_is_known_in_two_districts_is_one_member() -> None:
    worlds = [World(random.Random(1), name=name) for name in ("east", "west")]
    for world, people in zip(worlds, (("p1", "p2"), ("p2", "p3")), strict=True):
        for number, person in enumerate(people):
            deed = ServiceDone(about=About(area="c1"), worker=person)
            await world.add(f"case/{number}", (deed, world.now))
    city = await city_of(worlds)
    assert (await city.read(Query(("members",)))).value("members") == 3
    apart = await city.read(Query(("members",), by=("log",)))
    assert {cell.key: cell.figure.value for cell in apart.cells} == {"east": 2, "west": 2}
    explained = await city.explain("members")
    assert [(log, line.position, line.contribution) for log, line in explained.events] == [
        ("east", 1, 1), ("east", 2, 1), ("west", 1, 0), ("west", 2, 1),
    ]  # fmt: skip


async def test_logs_are_told_apart_beside_other_dimensions() -> None:
    worlds = await told(random.Random(5), 50, ("east", "west"))
    city = await city_of(worlds)
    for by in (("log", "month"), ("month", "log"), ("area", "log")):
        reading = await city.read(Query(("services",), by=by), now=worlds[0].now)
        for name in ("east", "west"):
            others = tuple(one for one in by if one != "log")
            own = await city.ledger(name).read(Query(("services",), by=others), now=worlds[0].now)
            place = by.index("log")
            found = {
                cell.key.split("|")[1 - place]: cell.figure
                for cell in reading.cells
                if cell.key.split("|")[place] == name
            }
            assert found == {cell.key: cell.figure for cell in own.cells}
        assert [cell.key for cell in reading.cells] == sorted(cell.key for cell in reading.cells)


async def test_one_log_can_be_asked_for() -> None:
    worlds = await told(random.Random(5), 50)
    city = await city_of(worlds)
    reading = await city.read(Query(where={"log": ("east", "north")}), now=worlds[0].now)
    assert reading.as_of.json()["positions"].keys() == {"east", "north"}
    naive = await naive_of([worlds[0], worlds[2]])
    query = Query(where={"log": ("east", "north")})
    await all_equal(city, naive, query, Question("", moment=worlds[0].now))
    with pytest.raises(Unknown) as refused:
        await city.read(Query(where={"log": "norht"}))
    assert refused.value.nearest == "north"


@pytest.mark.parametrize("name", ["services", "members", "median_hours", "closing_rate", "open"])
async def test_explain_names_the_log_in_every_line_and_pages_through_all(name: str) -> None:
    worlds = await told(random.Random(7), 40, ("east", "west"))
    city = await city_of(worlds)
    whole = await city.explain(name, limit=500, now=worlds[0].now)
    seen: list[dict[str, Any]] = []
    more, after = True, None
    while more:
        page = await city.explain(name, limit=7, after=after, now=worlds[0].now)
        assert page.figure == whole.figure
        seen += page.json()["events"]
        more, after = page.more, (seen[-1]["log"], seen[-1]["position"])
    assert seen == whole.json()["events"]
    for world in worlds:
        own = await city.ledger(world.name).explain(name, limit=500, now=world.now)
        positions = [line["position"] for line in seen if line["log"] == world.name]
        assert positions == [line.position for line in own.events]
    value = (await city.read(Query((name,)), now=worlds[0].now)).value(name)
    assert whole.figure.value == value
    if whole.counter.measure is not Measure.DURATION and name != "closing_rate":
        assert sum(line.contribution or 0 for _, line in whole.events) == value


async def test_an_area_two_logs_define_differently_stands_there_twice() -> None:
    worlds = [World(random.Random(1), name=name) for name in ("east", "west")]
    for world, top in zip(worlds, ("d1", "d2"), strict=True):
        await world.define("city", None)
        await world.define(top, "city")
        await world.define("c1", top)
        await world.define("g1", "c1")
        await world.add("case/1", (ServiceDone(about=About(area="g1"), worker="p1"), world.now))
        await world.add("case/2", (ServiceDone(about=About(area=top), worker="p1"), world.now))
    city = await city_of(worlds)

    async def below(area: str | None) -> dict[str, Any]:
        reading = await city.read(Query(("services",), area=area, by=("area",)))
        return {cell.key: cell.figure.value for cell in reading.cells}

    assert await below(None) == {"city": 4}
    assert await below("city") == {"d1": 2, "d2": 2}
    assert await below("d1") == {"c1@east": 1, "d1": 1}
    assert await below("c1@west") == {"g1@west": 1}
    with pytest.raises(Unknown):
        await city.read(Query(("services",), area="c1"))


async def test_maps_that_change_are_followed() -> None:
    worlds = [World(random.Random(1), name=name) for name in ("east", "west")]
    for world in worlds:
        await world.define("city", None)
        await world.add("case/1", (ServiceDone(about=About(area="c1"), worker="p1"), world.now))
    city = await city_of(worlds)
    query = Query(("services",), by=("area",))
    assert (await city.read(query)).value("services", "c1") == 2
    await worlds[1].define("c1", "city")
    await city.catch_up()
    reading = await city.read(query)
    assert {cell.key: cell.figure.value for cell in reading.cells} == {"c1@east": 1, "city": 1}
    await worlds[0].define("c1", "city")
    await city.catch_up()
    reading = await city.read(query)
    assert {cell.key: cell.figure.value for cell in reading.cells} == {"city": 2}


async def test_a_position_belongs_to_one_log_and_a_log_is_named_once() -> None:
    worlds = await told(random.Random(3), 5)
    city = await city_of(worlds)
    with pytest.raises(Invalid, match="belongs to one log"):
        await city.read(Query(as_of=3))
    with pytest.raises(Invalid, match="log east is named twice"):
        await city_of([worlds[0], worlds[0]])
    with pytest.raises(Invalid, match="limit must be 1 to 500"):
        await city.explain("services", limit=0)
