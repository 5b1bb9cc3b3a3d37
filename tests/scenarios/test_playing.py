"""A scenario that is not as it says fails, and says where."""

from __future__ import annotations

from typing import Any

import pytest

from services.exchange.scenarios.form import Scenario
from services.exchange.scenarios.play import play
from services.staging import Stages

pytestmark = pytest.mark.postgres

PLACE = {
    "at": "2018-03-01T09:00",
    "as": "community",
    "do": "order.place",
    "save": "o",
    "with": {"requester": "p1"},
}
DISPATCH = {"as": "dispatcher", "do": "order.dispatch", "on": "o", "with": {"unit": "u1"}}


async def failures(made: Stages, *steps: dict[str, Any], then: list[Any] | None = None) -> str:
    """What failed, line by line; nothing where all was as told."""
    told = {"id": "x", "areas": {"c1": "s1", "s1": "root"}, "steps": steps, "then": then or []}
    async with made.stage() as stage:
        outcome = await play(Scenario.model_validate(told), stage, "en")
    assert outcome.passed == (not outcome.failures)
    return "\n".join(failure.text("en") for failure in outcome.failures)


async def test_all_is_well(made: Stages) -> None:
    then = [
        {"facts": "o", "are": ["order.placed", "order.dispatched"]},
        {"facts": "o", "include": ["deadline.set"], "without": ["order.closed"]},
        {"fact": "order.dispatched", "of": "o", "has": {"about.unit": "u1", "actor": "dispatcher"}},
        {"counter": "orders_dispatched", "unit": "u1", "area": "s1", "is": 1},
        {"counter": "orders_placed", "area": "s1", "by": ["area"], "key": "c1", "is": 1},
        {"state": "o", "is": "dispatched", "has": {"ask": {"requester": "p1"}}},
        {"nowhere": "order.closed"},
    ]
    assert await failures(made, PLACE, DISPATCH, then=then) == ""


async def test_every_check_can_fail(made: Stages) -> None:
    then = [
        {"facts": "o", "are": ["order.dispatched"]},
        {"facts": "o", "include": ["order.closed"], "without": ["order.placed"]},
        {"fact": "order.placed", "of": "o", "has": {"requester": "p2"}},
        {"fact": "order.closed", "of": "o", "has": {"requester": "p2"}},
        {"counter": "orders_placed", "is": 2},
        {"counter": "orders_placed", "at_least": 2},
        {"counter": "orders_placed", "none": True},
        {"counter": "orders_placed", "is": 1, "verified": 1},
        {"counter": "orders_plaecd", "is": 1},
        {"state": "o", "is": "closed"},
        {"nowhere": "order.placed"},
    ]
    found = (await failures(made, PLACE, then=then)).splitlines()
    assert [line.partition(",")[0].partition(":")[0] for line in found] == [
        "then 1",
        "then 2",
        "then 2",
        *(f"then {number}" for number in range(3, 12)),
    ]
    assert "nearest: orders_placed" in found[9]


async def test_a_step_that_is_refused_ends_the_play(made: Stages) -> None:
    wrong = {**DISPATCH, "do": "order.accept", "with": {}}
    found = await failures(made, PLACE, wrong, {**DISPATCH, "as": "nobody_known"} | DISPATCH)
    assert found.startswith("step 2: order.accept as dispatcher: not_now")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({**DISPATCH, "do": "ordr.dispatch"}, "did you mean order"),
        ({**DISPATCH, "do": "order.dispach"}, "did you mean dispatch"),
        ({**DISPATCH, "on": "p"}, 'no case was saved as "p"'),
        ({name: value for name, value in DISPATCH.items() if name != "on"}, "say which"),
        ({**DISPATCH, "with": {"unit": "u1", "untt": "u1"}}, "did you mean unit"),
        ({**DISPATCH, "with": {"unit": "u1", "team": "t7"}}, "there is no team"),
        ({**DISPATCH, "expect": "order.accepted"}, "expected ['order.accepted']"),
    ],
)
async def test_what_is_wrong_with_a_step_is_told(
    made: Stages, step: dict[str, Any], said: str
) -> None:
    found = await failures(made, PLACE, step)
    assert found.startswith("step 2")
    assert said in found


async def test_a_refusal_must_come_and_must_be_the_one_told(made: Stages) -> None:
    assert "found ['order.dispatched'" in await failures(
        made, PLACE, {**DISPATCH, "refused": "not_now"}
    )
    other = {**DISPATCH, "as": "worker:w1", "refused": "not_now"}
    assert "not not_now but not_yours" in await failures(made, PLACE, other)
    assert await failures(made, PLACE, {**other, "refused": "not_yours"}) == ""


async def test_deadlines_on_the_way_fire_at_their_own_times(made: Stages) -> None:
    then = [
        {"facts": "o", "are": ["order.placed", "order.dispatched", "deadline.missed"]},
        {
            "fact": "deadline.missed",
            "of": "o",
            "has": {"clock": "order.accept", "recorded_at": "2018-03-01T02:00:00.000000Z"},
        },
    ]
    found = await failures(made, PLACE, DISPATCH, {"at": "+3h"}, then=then)
    # `are` names a fact about deadlines, so all of them count.
    assert found.startswith("then 1")
    assert "then 2" not in found
    assert await failures(made, PLACE, DISPATCH, {"at": "+3h"}, then=then[1:]) == ""


async def test_a_grant_may_end_at_an_area(made: Stages) -> None:
    outside = {**PLACE, "as": "community:cw/c1", "with": {"requester": "p1", "area": "s1"}}
    assert "step 1" in await failures(made, outside)
    inside = {**PLACE, "as": "community:cw/c1"}
    assert (
        await failures(made, inside, then=[{"counter": "orders_placed", "area": "c1", "is": 1}])
        == ""
    )


async def test_a_case_may_follow_from_another(made: Stages) -> None:
    found = {
        "at": "+1h",
        "as": "community",
        "do": "issue.find",
        "save": "i",
        "cause": "o",
        "with": {"channel": "visit"},
    }
    caused = [{"fact": "issue.found", "of": "i", "has": {"about.area": "c1"}}]
    assert await failures(made, PLACE, found, then=caused) == ""


async def test_logs_know_nothing_of_each_other(made: Stages) -> None:
    for _ in range(2):
        then = [{"counter": "orders_placed", "is": 1}]
        assert await failures(made, PLACE, then=then) == ""
