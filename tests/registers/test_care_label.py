"""Care labels: only a need, only by consent, only for a time, seen by those who serve."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from events.fact import About, Books, Provenance
from services.facts.care_label import (
    CareLabel,
    CareNeedNoted,
    CareNeedRemoved,
    Consented,
    ConsentExpired,
    ConsentGiven,
    ConsentRenewed,
    ConsentWithdrawn,
    Ended,
    GivenBy,
    Need,
    Noted,
    Purpose,
    RemoveReason,
    ServerNamed,
    ServerReleased,
)
from services.kernel.catalogue import only
from services.kernel.records import Miss
from services.kernel.sensitive import shown
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor
from services.registers.care_label import (
    Expire,
    GiveConsent,
    NameServer,
    NoteNeed,
    ReleaseServer,
    RemoveNeed,
    Renew,
    Withdraw,
)

CATALOGUE = only("care_label")
SELF = Actor("p1", roles=frozenset({"resident"}), area="c1")
NEIGHBOUR = Actor("p2", roles=frozenset({"resident"}), area="c1")
COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
STREET = Actor("s1", roles=frozenset({"street"}), area="c1")
SERVER = Actor("w1", roles=frozenset({"worker"}), area="c1")
UNIT = Actor("w2", unit="u1", roles=frozenset({"worker"}), area="c1")
LEADER = Actor("l1", roles=frozenset({"leader"}), area="c1")
AUDITOR = Actor("a1", roles=frozenset({"auditor"}), area="c1")
SYSTEM = Actor("system", roles=frozenset({"system"}))

TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1"}), teams=frozenset({"t1"}))
UNTIL = date(2018, 12, 31)
NEW = story(CATALOGUE.entry("care_label"), registers=TOWN)
GIVEN = NEW.when(SELF, GiveConsent(need=Need.WEEKLY_VISIT, unit="u1", until_on=UNTIL))
NOTED = GIVEN.when(COMMUNITY, NoteNeed(team="t1"))
SERVED = NOTED.when(COMMUNITY, NameServer(server="w1"))

HERE = About(area="c1", unit="u1")
NOTED_HERE = HERE.at(provenance=Provenance.ORGANISER, books=Books(team="t1"))


def seen(told: Story, *actors: Actor) -> list[bool]:
    assert told.case is not None
    return [shown(told.case, actor) for actor in actors]


# ---- consent


def test_somebody_consents_for_oneself_to_one_need() -> None:
    fact, clock = GIVEN.facts
    assert isinstance(fact, ConsentGiven)
    assert fact == ConsentGiven(
        about=HERE,
        need=Need.WEEKLY_VISIT,
        purpose=Purpose.SERVICE,
        given_by=GivenBy.SELF,
        person="p1",
        expires_at=fact.expires_at,
    )
    assert clock.fact == "deadline.set"
    NEW.when(SELF, GiveConsent(person="p2", need=Need.RAMP, until_on=UNTIL)).refused("own_consent")


def test_for_others_a_community_enters_it_and_looks_who_is_a_guardian() -> None:
    child = GiveConsent(person="p3", need=Need.TUTORING, given_by=GivenBy.GUARDIAN, until_on=UNTIL)
    NEW.when(NEIGHBOUR, child).refused("own_consent")
    NEW.when(COMMUNITY, child).recorded("care_label.consent_given", "deadline.set")


def test_there_is_one_label_for_each_person_and_need_and_the_id_says_neither() -> None:
    id_of = CATALOGUE.entry("care_label").workflow.id_of
    mine = GiveConsent(need=Need.RAMP, until_on=UNTIL)
    entered = GiveConsent(need=Need.RAMP, person="p1", until_on=UNTIL)
    assert id_of(mine, SELF) == id_of(entered, COMMUNITY)
    assert id_of(mine, SELF) != id_of(GiveConsent(need=Need.MEALS, until_on=UNTIL), SELF)
    assert "p1" not in str(id_of(mine, SELF))


@pytest.mark.parametrize(
    ("until", "refusal"), [(date(2018, 3, 4), "already_over"), (date(2019, 3, 8), "too_long")]
)
def test_a_consent_ends_within_a_year(until: date, refusal: str) -> None:
    NEW.when(SELF, GiveConsent(need=Need.RAMP, until_on=until)).refused(refusal)
    GIVEN.when(SELF, Renew(until_on=until)).refused(refusal)


def test_a_consent_is_renewed_while_it_holds() -> None:
    GIVEN.when(SELF, Renew(until_on=UNTIL)).refused("not_later")
    longer = NOTED.when(SELF, Renew(until_on=date(2019, 2, 28)))
    fact = longer.facts[0]
    assert isinstance(fact, ConsentRenewed)
    assert isinstance(longer.state, Noted)
    assert longer.state.expires_at == fact.expires_at
    GIVEN.later(days=400).when(SELF, Renew(until_on=date(2019, 6, 30))).refused("consent_over")


# ---- the need


def test_a_need_is_noted_while_the_consent_holds() -> None:
    NOTED.then(CareNeedNoted(about=NOTED_HERE, need=Need.WEEKLY_VISIT))
    GIVEN.later(days=400).when(COMMUNITY, NoteNeed()).refused("consent_over")
    GIVEN.when(SELF, NoteNeed()).refused("not_yours")


def test_no_fact_lets_anybody_list_people() -> None:
    for name, fact in CATALOGUE.facts.items():
        if name.startswith("care_label."):
            assert fact.shape().members == ()
            named = {"person"} & set(fact.model_fields)
            assert not named or name == "care_label.consent_given"


def test_those_who_serve_are_named_and_few(monkeypatch: pytest.MonkeyPatch) -> None:
    SERVED.then(ServerNamed(about=NOTED_HERE, need=Need.WEEKLY_VISIT, server="w1"))
    SERVED.when(COMMUNITY, NameServer(server="w1")).refused("serves_already")
    SERVED.when(UNIT, NameServer(server="w3")).recorded("care_label.server_named")
    NOTED.later(days=400).when(COMMUNITY, NameServer(server="w1")).refused("consent_over")
    monkeypatch.setattr("services.registers.care_label.SERVERS_MAX", 1)
    SERVED.when(COMMUNITY, NameServer(server="w3")).refused("enough_servers")


def test_who_serves_no_more_sees_it_no_more() -> None:
    released = SERVED.when(SELF, ReleaseServer(server="w1"))
    released.then(
        ServerReleased(
            about=NOTED_HERE.at(provenance=Provenance.SELF), need=Need.WEEKLY_VISIT, server="w1"
        )
    )
    assert seen(SERVED, SERVER) == [True]
    assert seen(released, SERVER) == [False]
    released.when(COMMUNITY, ReleaseServer(server="w1")).refused("serves_not")


def test_a_need_that_was_met_is_there_no_more_and_may_come_again() -> None:
    met = SERVED.when(COMMUNITY, RemoveNeed())
    met.then(CareNeedRemoved(about=NOTED_HERE, need=Need.WEEKLY_VISIT, reason=RemoveReason.MET))
    assert isinstance(met.state, Consented)
    assert seen(met, SERVER, UNIT) == [False, False]
    met.when(COMMUNITY, NoteNeed()).recorded("care_label.care_need_noted")


# ---- who sees it, and until when


def test_only_those_it_is_for_see_it() -> None:
    assert seen(SERVED, SELF, COMMUNITY, AUDITOR, SERVER, UNIT) == [True] * 5
    assert seen(SERVED, NEIGHBOUR, LEADER, STREET) == [False] * 3
    assert seen(GIVEN, SELF, COMMUNITY, SERVER, UNIT) == [True, True, False, False]


def test_a_withdrawal_needs_no_reason_and_hides_it_at_once() -> None:
    back = SERVED.when(SELF, Withdraw())
    removed, withdrawn, clock = back.facts
    assert isinstance(removed, CareNeedRemoved)
    assert removed.reason is RemoveReason.CONSENT
    assert isinstance(withdrawn, ConsentWithdrawn)
    assert clock.fact == "deadline.lifted"
    assert isinstance(back.state, Ended)
    assert back.state.consent.servers == frozenset()
    assert seen(back, SERVER, UNIT, SELF) == [False, False, True]
    GIVEN.when(SELF, Withdraw()).recorded("care_label.consent_withdrawn", "deadline.lifted")
    GIVEN.when(NEIGHBOUR, Withdraw()).refused("not_yours")


def test_a_consent_that_is_over_ends_by_itself_or_by_hand() -> None:
    SERVED.when(SYSTEM, Expire()).refused("not_over")
    assert SERVED.case is not None
    due = SERVED.case.clocks["consent"].due_at
    assert due is not None
    over = SERVED.knowing(now=due + timedelta(seconds=1)).when(SYSTEM, Expire())
    assert isinstance(over.facts[1], ConsentExpired)
    GIVEN.later(days=400).when(SYSTEM, Expire()).recorded(
        "care_label.consent_expired", "deadline.lifted"
    )


def test_a_consent_that_runs_out_hides_the_need_by_itself() -> None:
    assert SERVED.case is not None
    due = SERVED.case.clocks["consent"].due_at
    assert due is not None
    over = SERVED.knowing(now=due).when(SYSTEM, Miss(clock="consent"))
    assert seen(over, SERVER, UNIT, COMMUNITY, SELF, SYSTEM) == [False, False, True, True, True]


def test_it_may_be_consented_to_anew() -> None:
    back = SERVED.when(SELF, Withdraw())
    again = back.when(SELF, GiveConsent(need=Need.WEEKLY_VISIT, until_on=UNTIL))
    assert isinstance(again.state, CareLabel)
    assert isinstance(again.state, Consented)
    assert seen(again, SERVER) == [False]
