"""What is not for everybody who sees its area is found by those it is for, and for its time."""

from __future__ import annotations

import pytest

from events.errors import Unknown
from services.deadlines import Deadlines
from services.kernel.sensitive import shown
from tests.town import Town, Watch, memory_town


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def town(watch: Watch) -> Town:
    return await memory_town(watch)


async def noted(town: Town) -> str:
    """A need that p1 consented to, with somebody who serves."""
    done = await town.give("resident", "care_label", need="ramp", until_on="2026-04-30")
    await town.give("east", "care_label", "note_need", done.id)
    await town.give("east", "care_label", "name_server", done.id, server="w1")
    return done.id


async def finds(town: Town, who: str, case_id: str) -> bool:
    try:
        await town.commands.case(town.grants[who], "care_label", case_id)
    except Unknown:
        return False
    return True


async def test_it_is_found_by_those_it_is_for(town: Town) -> None:
    case_id = await noted(town)
    await town.enrol("stranger", "w9", "u2", ("worker",), "d1")
    assert await finds(town, "resident", case_id)
    assert await finds(town, "worker", case_id)
    assert await finds(town, "east", case_id)
    assert not await finds(town, "stranger", case_id)
    assert not await finds(town, "west", case_id)
    with pytest.raises(Unknown):
        await town.give("stranger", "care_label", "release_server", case_id, server="w1")


async def test_a_withdrawal_hides_it_at_once(town: Town) -> None:
    case_id = await noted(town)
    await town.give("resident", "care_label", "withdraw", case_id)
    assert not await finds(town, "worker", case_id)
    assert await finds(town, "resident", case_id)


async def test_the_timer_hides_it_when_its_time_is_over(town: Town, watch: Watch) -> None:
    case_id = await noted(town)
    timer = Deadlines(town.log, town.commands)
    assert await timer.fire_due() == 0
    watch.later(days=70)
    assert await timer.fire_due() == 1
    assert not await finds(town, "worker", case_id)
    assert await finds(town, "east", case_id)


async def test_other_cases_are_everybodys_who_sees_their_area(town: Town) -> None:
    case_id = await town.placed()
    case = await town.commands.case(town.grants["east"], "order", case_id)
    assert shown(case, town.grants["worker"].actor)
