"""One person in two places at once, too much for one household: refused naming the other case."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from events.clock import text_of
from events.errors import Refused
from services.commands import Commands, Done
from services.directory import Directory
from services.kernel.catalogue import discover
from streams.alone import CLASS
from tests.town import FOUNDER, Town, Watch, memory_town, migrated_log, town_on

CATALOGUE = discover()
WAITING = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def town(watch: Watch) -> Town:
    return await ruled(await memory_town(watch, CATALOGUE), tolerance_minutes=10)


async def ruled(town: Town, code: str = "two_places", area: str = "d1", **numbers: int) -> Town:
    """The same town where a rule says so."""
    content = {"numbers": numbers}
    await town.give(
        FOUNDER, "rule", code=code, area=area, effective_on="2026-01-01", numbers=content
    )
    return town


async def served(town: Town, area: str = "c1", minutes: int | None = 60, **more: Any) -> str:
    """The stream of a service of w1 that ended now."""
    placed = await town.placed(area)
    how: dict[str, Any] = {"timing": "after_hours"} | ({"minutes": minutes} if minutes else {})
    await town.give("worker", "order", "report", placed, **how, **more)
    return f"order/{placed}"


async def refused(giving: Awaitable[object], code: str = "elsewhere_then") -> Refused:
    with pytest.raises(Refused) as no:
        await giving
    assert no.value.fields["refusal"] == code
    return no.value


async def test_nobody_serves_in_two_places_at_once(town: Town, watch: Watch) -> None:
    first = await served(town)
    watch.later(minutes=30)
    no = await refused(served(town, "c2"))
    assert no.fields["case"] == first
    assert first in str(no.zh)
    assert "2026-03-02 08:00" in str(no.zh)
    assert await town.log.load(f"order/{first}") == []
    # In the same place, and once the time is over (but for the tolerance), nothing is against it.
    await served(town, "c1")
    watch.later(minutes=50)
    await served(town, "c2")


async def test_an_instant_lies_in_a_span_and_two_instants_never_meet(
    town: Town, watch: Watch
) -> None:
    await served(town, "c1", minutes=None)
    await served(town, "c2", minutes=None)
    watch.later(minutes=30)
    no = await refused(served(town, "c3", minutes=60))
    assert str(no.fields["case"]).startswith("order/")


async def test_attendance_and_visits_count_from_when_they_were(town: Town, watch: Watch) -> None:
    await town.enrol("host", "h1", None, ("community",), "d1")
    waiting = await town.placed("c2")
    held = (await town.give("host", "theme_day", area="c1")).stream
    activity = held.partition("/")[2]
    coming = text_of(watch.now() + timedelta(hours=1))
    await town.give("host", "activity", "announce", activity, planned_for=coming)
    watch.later(hours=1)
    await town.give("host", "activity", "hold", activity)
    watch.later(hours=5)
    attended: dict[str, Any] = {"role": "member", "people": ["w1", "w2"], "minutes": 90}
    await town.give("host", "activity", "record_attendance", activity, **attended)
    then = text_of(watch.now() - timedelta(hours=4))
    late: dict[str, Any] = {"timing": "after_hours", "occurred_at": then}
    no = await refused(town.give("worker", "order", "report", waiting, **late))
    assert no.fields["case"] == held
    await town.give("worker", "order", "report", waiting, timing="after_hours", minutes=120)


async def test_what_was_taken_back_is_in_nobodys_way(town: Town, watch: Watch) -> None:
    first = (await served(town)).partition("/")[2]
    await refused(served(town, "c2"))
    await town.give("dispatcher", "order", "void", first, whole=True, reason="not_happened")
    await served(town, "c2")


async def test_a_correction_is_judged_too(town: Town, watch: Watch) -> None:
    first = await served(town, "c1")
    watch.later(hours=2)
    other = (await served(town, "c2")).partition("/")[2]
    watch.later(hours=2)
    events = await town.log.load(f"order/{other}")
    longer: dict[str, Any] = {
        "revision": next(e.revision for e in events if e.fact == "order.service_delivered"),
        "changes": {"minutes": 220},
        "reason": "typing",
    }
    no = await refused(town.give("dispatcher", "order", "correct", other, **longer))
    assert no.fields["case"] == first


async def test_without_the_rule_or_outside_its_area_all_is_recorded(watch: Watch) -> None:
    town = await ruled(await memory_town(watch, CATALOGUE), area="s2")
    await served(town, "c1")
    await served(town, "c2")
    await refused(served(town, "c3"))


async def test_a_household_has_so_many_services_in_so_many_days(town: Town, watch: Watch) -> None:
    await ruled(town, "household_services", most=2, days=30)

    async def placed() -> str:
        fields: dict[str, Any] = {"care": "tailored", "household": "h1"}
        return (await town.give("dispatcher", "order", area="c1", **fields)).stream

    first = await placed()
    watch.later(days=1)
    second = await placed()
    no = await refused(placed(), "household_full")
    assert (no.fields["household"], no.fields["case"]) == ("h1", f"{first}、{second}")
    await town.give("dispatcher", "order", "cancel", second.partition("/")[2], reason="withdrawn")
    await placed()
    watch.later(days=30)
    await placed()


async def test_of_two_deeds_at_once_one_lands(database: str, watch: Watch) -> None:
    """On Postgres, by two processes: whoever comes second sees what the first has recorded."""
    log = await migrated_log(database, CATALOGUE, now=watch.micros)
    other_log = await migrated_log(database, CATALOGUE, now=watch.micros)
    town = await ruled(await town_on(log, watch, CATALOGUE))
    directory = Directory(other_log, CATALOGUE)
    await directory.catch_up()
    other = Town(other_log, Commands(other_log, CATALOGUE, directory, watch.now))
    other.grants = town.grants
    placed = [await town.placed(area) for area in ("c1", "c2")]
    async with log.alone(["person/w1"]):
        giving = [
            asyncio.create_task(
                where.give("worker", "order", "report", one, timing="after_hours", minutes=60)
            )
            for where, one in zip((town, other), placed, strict=True)
        ]
        await waiting(database, 2)
    first, second = await asyncio.gather(*giving, return_exceptions=True)
    no, done = (first, second) if isinstance(first, Refused) else (second, first)
    assert isinstance(no, Refused)
    assert isinstance(done, Done)
    assert no.fields["case"] == done.stream
    await log.close()
    await other_log.close()


async def waiting(database: str, count: int) -> None:
    """Until so many wait to be alone with somebody."""
    connection = await asyncpg.connect(database)
    async with asyncio.timeout(30):
        while await connection.fetchval(WAITING, CLASS) < count:  # noqa: ASYNC110 (another's doing)
            await asyncio.sleep(0.01)
    await connection.close()
