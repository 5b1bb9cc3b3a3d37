"""A case is the fold of its facts, and says so where it cannot be."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from events import codec
from events.envelope import Recorded
from events.errors import Broken
from services.kernel.case import fold
from services.kernel.catalogue import entry_of
from services.kernel.testing import story
from services.kernel.words import Actor, Party
from tests.kernel.lamp import WORKFLOW, Mend, Mended, Report, Reported, Tier
from tests.workflows.orders import ACCEPTED, DISPATCHED, PLACED, SERVED, TOWN, WORKER

LAMP = entry_of(WORKFLOW)
REPORTED = story(LAMP).when(
    Actor("p1", roles=frozenset({"resident"}), area="c1"), Report(pole="l7")
)
MENDED = REPORTED.when(Actor("w1", "u1", frozenset({"worker"})), Mend())


def rewritten(event: Recorded, **changes: Any) -> Recorded:
    body = codec.canonical({**event.content, **changes})
    revision = changes.get("revision", event.revision)
    fact, version = changes.get("fact", event.fact), changes.get("version", event.version)
    return Recorded(
        event.position, event.stream, revision, fact, version, 0, body, codec.digest(body)
    )


def test_a_case_is_folded_from_its_bytes() -> None:
    case = fold(LAMP, MENDED.events)
    assert case is not None
    assert isinstance(case.state, Mended)
    assert (case.kind, case.id, case.revision) == ("lamp", "case-1", len(MENDED.events))
    assert case == MENDED.case
    assert fold(LAMP, []) is None


def test_a_case_grows_by_what_came_since() -> None:
    half = fold(LAMP, MENDED.events[:1])
    assert half is not None
    assert half.grown(MENDED.events[1:]) == MENDED.case
    assert half.grown([]) is half


def test_an_old_version_is_read_as_of_today() -> None:
    first = REPORTED.events[0]
    old = rewritten(first, version=1, data={"pole": "l7"})
    case = fold(LAMP, [old])
    assert case is not None
    assert case.state == Reported(case.about, Tier.GENERAL)


@pytest.mark.parametrize(
    ("number", "changes", "why"),
    [
        (0, {"fact": "lamp.stolen"}, "not a fact of lamp"),
        (0, {"version": 3}, "upgrade it"),
        (0, {"data": {"pole": "l7"}}, "does not fit"),
        (1, {"revision": 5}, "where 2 was due"),
        (2, {"revision": 1}, "does not apply in no case"),
    ],
)
def test_what_contradicts_itself_is_broken(number: int, changes: dict[str, Any], why: str) -> None:
    events = [*MENDED.events[:number], rewritten(MENDED.events[number], **changes)]
    if changes == {"revision": 1}:
        events = events[-1:]
    with pytest.raises(Broken, match=why):
        fold(LAMP, events)


def test_a_fact_out_of_place_is_broken() -> None:
    again = rewritten(REPORTED.events[0], revision=3)
    with pytest.raises(Broken, match="does not apply in Reported"):
        fold(LAMP, [*REPORTED.events, again])


def test_the_parties_are_roles_and_relations() -> None:
    assert DISPATCHED.case is not None
    assert ACCEPTED.case is not None
    assert DISPATCHED.case.parties(WORKER) == {Party.WORKER, Party.HANDLER}
    assert ACCEPTED.case.parties(WORKER) == {Party.WORKER, Party.HANDLER, Party.HOLDER}
    requester_at_work = Actor("p1", "u7")
    assert ACCEPTED.case.parties(requester_at_work) == {Party.REQUESTER, Party.HOME_UNIT}


def test_a_case_keeps_its_history_as_bytes() -> None:
    assert SERVED.case is not None
    assert [orjson.loads(body)["fact"] for body in SERVED.case.bodies] == [
        event.fact for event in SERVED.events
    ]
    latest = SERVED.case.latest("order.accepted")
    assert latest is not None
    assert latest.revision == 5
    assert PLACED.case is not None
    assert PLACED.case.latest("order.accepted") is None
    assert TOWN.books("w1").home_unit == "u7"
