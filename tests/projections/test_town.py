"""The public numbers over the real workflows: what people do is what the board says."""

from __future__ import annotations

import pytest

from projections.counters import COUNTERS
from projections.ledger import Ledger
from projections.query import Query
from tests.town import CATALOGUE, Town, Watch, memory_town

ASKED = (
    "services_delivered",
    "services_after_hours",
    "resident_person_times",
    "members_participating",
    "orders_open",
)
KNOWN = [
    counter
    for counter in COUNTERS
    if counter.facts and all(fact in CATALOGUE.shapes for fact in counter.facts)
]


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def town(watch: Watch) -> Town:
    return await memory_town(watch)


async def board(town: Town, area: str | None = None) -> dict[str, tuple[object, object]]:
    ledger = Ledger(town.log, KNOWN, CATALOGUE.shapes)
    await ledger.catch_up()
    names = tuple(name for name in ASKED if name in ledger.counters)
    reading = await ledger.read(Query(names, area=area), now=town.commands.now())
    return {c.counter.name: (c.figure.value, c.figure.verified) for c in reading.cells}


async def delivered(town: Town, watch: Watch) -> str:
    case_id = await town.dispatched()
    await town.give("worker", "order", "accept", case_id)
    watch.later(hours=2)
    await town.give("worker", "order", "deliver", case_id, beneficiaries=3, timing="after_hours")
    return case_id


async def test_a_service_counts_when_declared_and_is_verified_when_confirmed(
    town: Town, watch: Watch
) -> None:
    case_id = await delivered(town, watch)
    before = await board(town)
    assert before["services_after_hours"] == (1, 0)
    assert before["resident_person_times"] == (3, 0)
    assert before["orders_open"] == (0, 0)
    await town.give("resident", "order", "confirm", case_id, solved="yes")
    after = await board(town)
    assert after["services_delivered"] == after["services_after_hours"] == (1, 1)
    assert after["resident_person_times"] == (3, 3)


async def test_a_deed_that_is_taken_back_leaves_nothing_neither_claimed_nor_verified(
    town: Town, watch: Watch
) -> None:
    case_id = await delivered(town, watch)
    await town.give("resident", "order", "confirm", case_id, solved="yes")
    await town.give("dispatcher", "order", "void", case_id, whole=True, reason="double")
    after = await board(town)
    assert set(after.values()) == {(0, 0)}


async def test_a_deed_counts_on_every_area_above_it_and_on_no_other(
    town: Town, watch: Watch
) -> None:
    await delivered(town, watch)
    counted = {area: (await board(town, area))["services_delivered"][0] for area in
               ("root", "d1", "s1", "s2", "c1", "c2")}  # fmt: skip
    assert counted == {"root": 1, "d1": 1, "s1": 1, "s2": 0, "c1": 1, "c2": 0}
