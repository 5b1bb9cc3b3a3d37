"""Callouts in the states that tests begin from."""

from __future__ import annotations

from typing import Any

from events.fact import About
from services.facts.callout_words import (
    Ground,
    Resolution,
)
from services.kernel.catalogue import only
from services.kernel.clocks import (
    DeadlineEnded,
    DeadlineLifted,
    DeadlineSet,
)
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor
from services.workflows.callout import (
    Call,
    Handle,
    Raise,
    Report,
    Sign,
)

CALLOUTS = only("callout")
TOWN = Registers(
    areas=frozenset({"c1"}), units=frozenset({"u1", "u2", "u3"}), teams=frozenset({"t1"})
)

COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
STREET = Actor("s1", roles=frozenset({"street"}), area="c1")
POLICE = Actor("d1", "u1", frozenset({"worker"}))
CITY = Actor("d2", "u2", frozenset({"worker"}))
STRANGER = Actor("d3", "u3", frozenset({"worker"}))
SYSTEM = Actor("timer", roles=frozenset({"system"}))
RESIDENT = Actor("p1", roles=frozenset({"resident"}), area="c1")

HERE = About(area="c1", unit="u1", category="noise", variant="community_call")
ASK = Raise(unit="u1", category="noise", ground=Ground.RESIDENTS_NEED)


def new(variant: str = "community_call", **changes: Any) -> Story:
    return story(CALLOUTS.entry(variant), registers=TOWN, **changes)


RAISED = new().when(COMMUNITY, ASK)
BOTH = RAISED.later(minutes=30).when(COMMUNITY, Call(departments=("u2",)))
SIGNED = BOTH.when(POLICE, Sign()).when(CITY, Sign())
THERE = SIGNED.later(hours=5).when(POLICE, Report()).when(CITY, Report())
DONE = THERE.later(days=2).when(COMMUNITY, Handle(resolution=Resolution.SOLVED))


def clocks(of: Story) -> set[str]:
    assert of.case is not None
    return set(of.case.clocks)


def told(of: Story) -> list[tuple[str, str | None]]:
    """The clocks' facts of the last command: which, and of which unit."""
    return [
        (one.fact, one.of_unit)
        for one in of.facts
        if isinstance(one, (DeadlineEnded, DeadlineLifted, DeadlineSet))
    ]
