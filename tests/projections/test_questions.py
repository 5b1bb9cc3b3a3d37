"""What may be asked of the ledger, in what shape it answers, and what it refuses."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.errors import Invalid, Unknown
from events.fact import About
from projections.calendar import moment_of
from projections.declare import Measure
from projections.ledger import Ledger
from projections.query import Axis, Query
from tests.projections.toys import COUNTERS, SHAPES, Adjusted, AreaDefined
from tests.projections.world import ZONE, Held, World

CELL = {
    "counter", "label", "measure", "measure_word", "area", "unit", "key", "value", "verified",
    "numerator", "denominator",
}  # fmt: skip
LINE = {
    "position", "stream", "revision", "fact", "area", "area_today", "contribution", "occurred_at",
    "recorded_at", "sha256",
}  # fmt: skip


@pytest.fixture
async def world() -> World:
    world = World(random.Random(3))
    await world.map()
    await world.history(60)
    return world


@pytest.fixture
async def ledger(world: World) -> Ledger:
    ledger = Ledger(world.log, COUNTERS, SHAPES, page_events=16)
    await ledger.catch_up()
    return ledger


async def test_cells_have_the_public_shape(ledger: Ledger, world: World) -> None:
    answer = (await ledger.read(Query(), now=world.now)).json("en")
    assert set(answer) == {"as_of", "cells"}
    assert answer["as_of"] == {
        "position": await world.log.head(),
        "time": world.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "axis": "recorded",
    }
    assert [cell["counter"] for cell in answer["cells"]] == [c.name for c in COUNTERS]
    for cell in answer["cells"]:
        assert set(cell) == CELL
        assert (cell["area"], cell["unit"], cell["key"]) == ("root", None, "")
    assert answer["cells"][0]["label"] == "Services"


async def test_a_rate_shows_its_parts_and_has_no_value_over_nothing(
    ledger: Ledger, world: World
) -> None:
    (cell,) = (await ledger.read(Query(("closing_rate",)), now=world.now)).cells
    figure = cell.figure
    assert figure.numerator
    assert figure.denominator
    assert figure.value == figure.numerator / figure.denominator
    empty = await ledger.read(Query(("closing_rate",), where={"unit": "nobody"}))
    assert empty.cells[0].json()["value"] is None
    assert empty.cells[0].json()["denominator"] == 0


RATES = ("closing_rate", "closing_rate_of_many")


@pytest.mark.parametrize("asked", [Query(RATES), Query(RATES, as_of=900)], ids=["now", "then"])
async def test_of_too_few_no_rate_is_told(ledger: Ledger, world: World, asked: Query) -> None:
    told, few = (await ledger.read(asked, now=world.now)).cells
    assert told.figure.value is not None
    assert few.figure.value is None
    assert few.figure.numerator == told.figure.numerator
    assert few.figure.denominator == told.figure.denominator


async def test_children_of_an_additive_number_sum_to_it(ledger: Ledger, world: World) -> None:
    for counter in COUNTERS:
        if counter.measure in (Measure.OCCURRENCES, Measure.SUM, Measure.CURRENT):
            whole = await ledger.read(Query((counter.name,), area="city"), now=world.now)
            parts = await ledger.read(Query((counter.name,), "city", by=("area",)), now=world.now)
            values = [cell.figure.value for cell in parts.cells]
            assert sum(value or 0 for value in values) == whole.cells[0].figure.value
            assert {cell.key for cell in parts.cells} >= {"s1", "s2"}


@pytest.mark.parametrize("name", ["services", "members", "median_hours", "closing_rate"])
async def test_explain_pages_through_every_event_once(
    ledger: Ledger, world: World, name: str
) -> None:
    whole = await ledger.explain(name, limit=500)
    seen: list[dict[str, Any]] = []
    more, after = True, 0
    while more:
        page = await ledger.explain(name, limit=3, after=after)
        lines = page.json()["events"]
        assert len(lines) <= 3
        assert set(lines[0]) >= LINE
        seen += lines
        more, after = page.more, lines[-1]["position"]
    assert seen == whole.json()["events"]
    positions = [line["position"] for line in seen]
    assert positions == sorted(set(positions))
    for line, event in zip(seen, await world.log.at(positions), strict=True):
        assert (line["sha256"], line["stream"]) == (event.sha256.hex(), event.stream)


async def test_a_rates_lines_have_both_parts_and_no_contribution(ledger: Ledger) -> None:
    explained = (await ledger.explain("closing_rate", limit=500)).json()
    assert {line["contribution"] for line in explained["events"]} == {None}
    assert sum(line["numerator"] for line in explained["events"]) == explained["numerator"]


@pytest.mark.parametrize(
    ("query", "nearest"),
    [
        (Query(("service",)), "services"),
        (Query(("services",), area="citty"), "city"),
        (Query(("services",), by=("timming",)), "timing"),
        (Query(("received",), where={"wether": "rain"}), "weather"),
    ],
)
async def test_an_unknown_name_is_refused_with_the_nearest(
    ledger: Ledger, query: Query, nearest: str
) -> None:
    if query.by:  # a fact with free labels takes any name: ask one that has none
        query = Query(("received",), by=("wheather",))
        nearest = "weather"
    with pytest.raises(Unknown) as refused:
        await ledger.read(query)
    assert refused.value.nearest == nearest


@pytest.mark.parametrize(
    "query",
    [
        Query(map="tomorrow"),
        Query(by=("unit", "day", "area", "team")),
        Query(where={"month": "2018-13"}),
        Query(where={"day": "2018-02-30"}),
        Query(as_of=3, axis=Axis.OCCURRED),
        Query(as_of=-1),
    ],
)
async def test_a_question_that_cannot_be_is_refused(ledger: Ledger, query: Query) -> None:
    with pytest.raises(Invalid):
        await ledger.read(query)


async def test_all_counters_are_those_that_have_what_is_asked_for(ledger: Ledger) -> None:
    reading = await ledger.read(Query(by=("outcome",)))
    names = {cell.counter.name for cell in reading.cells}
    assert names >= {"closed", "median_hours", "closing_rate"}
    assert "received" not in names


async def test_as_of_a_position_shows_what_stood_there(ledger: Ledger, world: World) -> None:
    head = await world.log.head()
    for position in (0, 1, head // 2, head):
        reading = await ledger.read(Query(("services",), as_of=position))
        explained = await ledger.explain("services", Query(as_of=position), limit=500)
        assert reading.as_of.position == position
        assert all(line.position <= position for line in explained.events)
        assert reading.cells[0].figure.value == explained.figure.value
    live = await ledger.read(Query(("services",)))
    assert live.value("services") == reading.value("services")


async def test_nothing_recorded_gives_zero_everywhere() -> None:
    world = World(random.Random(0))
    ledger = Ledger(world.log, COUNTERS, SHAPES)
    assert await ledger.catch_up() == 0
    for by in ((), ("area",), ("day",)):
        for cell in (await ledger.read(Query(by=by))).cells:
            assert not cell.figure.value
    explained = await ledger.explain("median_hours")
    assert (explained.events, explained.more, explained.figure.value) == ((), False, None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018-03-01", datetime(2018, 3, 1, 15, 59, 59, 999_999, tzinfo=UTC)),
        ("2018-03-01T09:00", datetime(2018, 3, 1, 1, tzinfo=UTC)),
        ("2018-03-01T09:00:00.5", datetime(2018, 3, 1, 1, 0, 0, 500_000, tzinfo=UTC)),
        ("2018-03-01T09:00:00+00:00", datetime(2018, 3, 1, 9, tzinfo=UTC)),
        ("2018-03-01T09:00:00Z", datetime(2018, 3, 1, 9, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, moment: datetime) -> None:
    assert moment_of(text, ZONE) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2018-02-30", "2018-3-1", "12:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        moment_of(text, ZONE)


async def test_an_area_defined_later_takes_its_place_on_the_board(world: World) -> None:
    ledger = Ledger(world.log, COUNTERS, SHAPES)
    await ledger.catch_up()
    await ledger.read(Query(by=("area",)))
    before = await ledger.read(Query(("services",), by=("area",)))
    assert "unmapped" in {cell.key for cell in before.cells}
    await world.define("unmapped", parent="s1")
    await ledger.catch_up()
    after = await ledger.read(Query(("services",), by=("area",)))
    assert "unmapped" not in {cell.key for cell in after.cells}
    inside = await ledger.read(Query(("services",), area="s1", by=("area",)))
    assert inside.value("services", "unmapped") == before.value("services", "unmapped")


async def test_both_axes_together_cut_both_ways(ledger: Ledger, world: World) -> None:
    moment = world.now - timedelta(days=30)
    both = await ledger.explain("services", Query(as_of=moment, axis=Axis.BOTH), limit=500)
    assert both.events
    for line in both.events:
        assert line.recorded_at <= moment
    recorded = await ledger.explain("services", Query(as_of=moment), limit=500)
    occurred = await ledger.explain("services", Query(as_of=moment, axis=Axis.OCCURRED), limit=500)
    positions = {line.position for line in both.events}
    assert positions == {line.position for line in recorded.events} & {
        line.position for line in occurred.events
    }


async def test_an_area_put_right_moves_on_the_board(world: World) -> None:
    """The map is corrected and voided like any record, and the board follows."""
    ledger = Ledger(world.log, COUNTERS, SHAPES)
    await ledger.catch_up()
    before = await ledger.read(Query(("services",), by=("area",)), now=world.now)
    await world.define("new", parent="s1")
    held = Held(
        world.revisions["area/map"],
        AreaDefined(about=About(area="new"), code="new", name="new", level="x", parent="s1"),
        world.now,
    )
    await world.add("case/new", (world.service(About(area="new")), world.now))
    taken = held.item()
    held.fact = held.fact.model_copy(update={"parent": "s2"})
    corrected = Adjusted(about=About(area="new"), taken=[taken], put=[held.item()])
    await world.add("area/map", (corrected, world.now))
    await ledger.catch_up()
    assert "new" in ledger.areas.children("s2")
    assert "new" not in ledger.areas.children("s1")
    asked = Query(("services",), area="s2", by=("area",))
    assert (await ledger.read(asked, now=world.now)).value("services", "new") == 1
    voided = Adjusted(about=About(area="new"), taken=[held.item()])
    await world.add("area/map", (voided, world.now))
    await ledger.catch_up()
    assert "new" not in ledger.areas.parents
    after = await ledger.read(Query(("services",), by=("area",)), now=world.now)
    assert before.value("services", "new") == 0
    assert after.value("services", "new") == 1
