"""The map redrawn: counters before, after, as then and on today's map; the ancestor never moves."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from events.fact import About, Fact
from events.places import Code
from projections.city import City
from projections.ledger import Ledger
from projections.pages import Page
from projections.query import Query
from tests.projections.toys import COUNTERS, SHAPES, Adjusted, ServiceDone
from tests.projections.world import Held, World

ADDITIVE = ("services", "minutes")


class AreaRedrawn(Fact):
    fact: ClassVar[str] = "area.redrawn"
    code: Code
    into: list[dict[str, Any]]


KNOWN = {**SHAPES, AreaRedrawn.fact: AreaRedrawn.shape()}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setitem(SHAPES, AreaRedrawn.fact, AreaRedrawn.shape())
    return World(random.Random(11))


async def redraw(world: World, code: str, *into: dict[str, Any]) -> None:
    world.now += timedelta(days=1)
    redrawn = AreaRedrawn(about=About(area=code), code=code, into=list(into))
    await world.add("area/map", (redrawn, world.now))
    world.now += timedelta(days=1)


async def deed(world: World, area: str, times: int = 1, category: str | None = None) -> None:
    for _ in range(times):
        about = About(area=area, category=category)
        stream = f"case/{len(world.held)}"
        held = Held(1, ServiceDone(about=about, worker="p1"), world.now)
        world.held[stream] = [held]
        await world.add(stream, (held.fact, world.now))


async def ledger_of(world: World, **options: Any) -> Ledger:
    ledger = Ledger(world.log, COUNTERS, KNOWN, **options)
    await ledger.catch_up()
    return ledger


async def below(ledger: Ledger | City, area: str, **asked: Any) -> dict[str, int]:
    query = Query(("services",), area=area, by=("area",), **asked)
    cells = (await ledger.read(query)).cells
    return {cell.key: int(cell.figure.value or 0) for cell in cells if cell.figure.value}


async def whole(ledger: Ledger | City, area: str, **asked: Any) -> int:
    return int((await ledger.read(Query(("services",), area=area, **asked))).value("services") or 0)


async def test_nine_communities_become_22(world: World) -> None:
    """Each is divided by list of grids; deeds that name no grid go with the rest."""
    await world.define("t1", None)
    for old in range(9):
        await world.define(f"old{old}", "t1")
        for grid in range(8 + (old < 6)):
            await world.define(f"g{old}-{grid}", f"old{old}")
            await deed(world, f"g{old}-{grid}")
        await deed(world, f"old{old}", 2)
    ledger = await ledger_of(world, page_events=16)
    before = {f"old{old}": 10 + (old < 6) for old in range(9)}
    assert await below(ledger, "t1") == await below(ledger, "t1", map="then") == before

    for new in range(22):
        await world.define(f"new{new}", "t1")
    for old in range(9):
        mine = [new for new in range(22) if new % 9 == old]
        first, *others = [f"new{new}" for new in mine]
        shares = [
            {"code": code, "areas": [f"g{old}-{2 * n}", f"g{old}-{2 * n + 1}"]}
            for n, code in enumerate(others)
        ]
        await redraw(world, f"old{old}", *shares, {"code": first})
    await deed(world, "new0", 5)
    await deed(world, "g0-0", 3)
    await ledger.catch_up()

    fresh = await ledger_of(world, page_events=7)
    for made in (ledger, fresh):
        today, then = await below(made, "t1"), await below(made, "t1", map="then")
        assert set(today) == {f"new{new}" for new in range(22)}
        assert today["new9"] == 2 + 3
        assert today["new0"] == before["old0"] - 4 + 5
        assert then == {**before, "new0": 5, "new9": 3}
        assert sum(today.values()) == sum(then.values()) == await whole(made, "t1")
        assert await below(made, "old0", map="then") == {
            "old0": 2, **{f"g0-{grid}": 1 for grid in range(9)},
        }  # fmt: skip
        assert await whole(made, "new9", map="then") == 3
        assert await whole(made, "old0") == 0


async def test_seventeen_committees_become_seven(world: World) -> None:
    await world.define("d1", None)
    for old in range(17):
        await world.define(f"p{old}", "d1")
        await deed(world, f"p{old}", old + 1)
    for new in range(7):
        await world.define(f"w{new}", "d1")
    for old in range(17):
        await redraw(world, f"p{old}", {"code": f"w{old % 7}"})
    await deed(world, "w6", 4)
    ledger = await ledger_of(world, page_events=32)
    today, then = await below(ledger, "d1"), await below(ledger, "d1", map="then")
    assert today == {
        f"w{new}": sum(old + 1 for old in range(17) if old % 7 == new) + 4 * (new == 6)
        for new in range(7)
    }
    assert then == {**{f"p{old}": old + 1 for old in range(17)}, "w6": 4}
    assert sum(today.values()) == sum(then.values()) == await whole(ledger, "d1", map="then")


async def test_an_area_is_divided_by_category(world: World) -> None:
    """What no share takes stays where it was; the area itself goes on."""
    for code, parent in {"s1": None, "c1": "s1", "c2": "s1", "c3": "s1"}.items():
        await world.define(code, parent)
    await deed(world, "c1", 3, "repair")
    await deed(world, "c1", 2)
    await redraw(world, "c1", {"code": "c2", "categories": ["repair"]})
    ledger = await ledger_of(world, page_events=4)
    assert await below(ledger, "s1") == {"c1": 2, "c2": 3}
    assert await below(ledger, "s1", map="then") == {"c1": 5}
    await redraw(world, "c2", {"code": "c3"})
    await ledger.catch_up()
    assert await below(ledger, "s1") == {"c1": 2, "c3": 3}
    assert await below(ledger, "s1", where={"category": "repair"}) == {"c3": 3}
    assert await whole(ledger, "s1", where={"area": "c1"}) == 5
    said = await ledger.explain("services", Query(area="s1"))
    assert [(one.area, one.area_today) for one in said.events] == [("c1", "c3")] * 3 + [
        ("c1", "c1")
    ] * 2


async def test_a_redraw_that_is_void_never_was(world: World) -> None:
    for code, parent in {"s1": None, "c1": "s1", "c2": "s1"}.items():
        await world.define(code, parent)
    await deed(world, "c1", 3)
    await redraw(world, "c1", {"code": "c2"})
    ledger = await ledger_of(world)
    assert await below(ledger, "s1") == {"c2": 3}
    redrawn = AreaRedrawn(about=About(area="c1"), code="c1", into=[{"code": "c2"}])
    void = Adjusted(about=About(area="c1"), taken=[Held(4, redrawn, world.now).item()])
    await world.add("area/map", (void, world.now))
    await ledger.catch_up()
    assert await below(ledger, "s1") == {"c1": 3}
    assert await below(ledger, "c2") == {}


@pytest.mark.parametrize("page_events", [8, 4096])
async def test_every_way_to_a_number_agrees(world: World, page_events: int) -> None:
    """Live sums, evaluation and the city's reading, over a random history with redraws in it; and
    what was summed on the way equals what is summed at once."""
    await world.map()
    await world.history(40)
    followed = await ledger_of(world, page_events=page_events)
    await redraw(world, "c1", {"code": "c3", "areas": ["g1"], "categories": ["repair"]})
    await world.history(25)
    await followed.catch_up()
    await redraw(world, "s1", {"code": "s2"})
    await world.history(25)
    await followed.catch_up()
    at_once = await ledger_of(world, page_events=page_events)
    city = City([at_once], COUNTERS, KNOWN)
    for name in ("today", "then"):
        for area in ("root", "city", "s1", "s2", "c1", "c3", "g1"):
            for by in ((), ("area",)):
                query = Query(area=area, by=by, map=name)
                cells = (await followed.read(query, now=world.now)).cells
                assert (await at_once.read(query, now=world.now)).cells == cells
                cut = Query(area=area, by=by, map=name, as_of=world.now)
                assert (await at_once.read(cut, now=world.now)).cells == cells
                assert (await city.read(query, now=world.now)).cells == cells
    figures = [await at_once.read(Query(area="city", map=name)) for name in ("today", "then")]
    assert figures[0].cells == figures[1].cells


class Kept:
    """Keeps what is sealed."""

    def __init__(self) -> None:
        self.sealed: list[Page] = []

    async def pages(self, number: int = 0) -> AsyncIterator[Page]:
        for page in self.sealed[number:]:
            yield page

    async def write(self, page: Page) -> None:
        self.sealed.append(page)


async def test_sealed_pages_do_not_depend_on_the_map(world: World) -> None:
    for code, parent in {"s1": None, "c1": "s1", "c2": "s1"}.items():
        await world.define(code, parent)
    await deed(world, "c1", 20)
    kept, anew = Kept(), Kept()
    ledger = await ledger_of(world, page_events=8, pages=kept)
    await redraw(world, "c1", {"code": "c2"})
    await deed(world, "c1", 8)
    await ledger.catch_up()
    fresh = await ledger_of(world, page_events=8, pages=anew)
    read_back = await ledger_of(world, page_events=8, pages=kept)
    for one in (ledger, fresh, read_back):
        assert await whole(one, "c2") == 28
        assert await below(one, "s1", map="then") == {"c1": 28}
    assert len(kept.sealed) == 4
    assert [page.digest for page in kept.sealed] == [page.digest for page in anew.sealed]
