"""Issues in the states that tests begin from."""

from __future__ import annotations

from events.fact import About
from services.facts.issue_words import Resolution, Tier
from services.kernel.catalogue import entry_of
from services.kernel.testing import Story, story
from services.kernel.words import Actor
from services.workflows.issue import WORKFLOW, Assign, Classify, Close, FeedBack, Find, Handle

RESIDENT = Actor("p1", roles=frozenset({"resident"}), area="c1")
COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
DISPATCHER = Actor("d1", roles=frozenset({"dispatcher"}), area="s1")
UNIT = Actor("w1", unit="u1", roles=frozenset({"worker"}))
OTHER_UNIT = Actor("w2", unit="u2", roles=frozenset({"worker"}))
AUDITOR = Actor("a1", roles=frozenset({"auditor"}))
SYSTEM = Actor("system", roles=frozenset({"system"}))
IMPORTER = Actor("i1", roles=frozenset({"importer"}))

NEW = story(entry_of(WORKFLOW))
FOUND = NEW.when(RESIDENT, Find(area="c1", category="noise"))
AT_C1 = About(area="c1", category="noise")


def classified(tier: Tier) -> Story:
    return FOUND.when(COMMUNITY, Classify(tier=tier))


def assigned(tier: Tier) -> Story:
    return classified(tier).when(DISPATCHER, Assign(unit="u1"))


GENERAL = assigned(Tier.GENERAL)
HANDLED = GENERAL.later(minutes=30).when(UNIT, Handle(resolution=Resolution.SOLVED))
FED_BACK = HANDLED.later(minutes=5).when(UNIT, FeedBack())
CLOSED = FED_BACK.later(minutes=5).when(COMMUNITY, Close(resolution=Resolution.SOLVED))
