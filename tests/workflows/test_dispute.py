"""The dispute: consent first, steps and outcome only, resolved when nothing is left to be done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from events.fact import About, Books, Provenance
from services.facts.dispute import (
    Agreed,
    AgreementPerformed,
    AgreementReached,
    Channel,
    DisputeReferred,
    DisputeRegistered,
    DisputeRelapsed,
    DisputeResolved,
    Failed,
    FailReason,
    Held,
    Mediating,
    MediationHeld,
    MediatorAssigned,
    Performance,
    Referred,
    ReferTo,
    Resolved,
    RevisitDone,
    Revisited,
    Role,
)
from services.kernel.catalogue import entry_of
from services.kernel.clocks import DeadlineEnded, DeadlineSet
from services.kernel.facts import CounterpartyConfirmed
from services.kernel.records import GiveFeedback
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Party, Satisfaction
from services.workflows.dispute import (
    WORKFLOW,
    Agree,
    AssignMediator,
    Consent,
    Fail,
    Mediate,
    Perform,
    Refer,
    Register,
    Revisit,
)


def person(name: str, *roles: str, unit: str | None = None) -> Actor:
    return Actor(name, unit, frozenset(roles), "c1")


RESIDENT = person("p1", "resident")
COMMUNITY = person("k1", "community")
MEDIATOR = person("m1", unit="u1")
COLLEAGUE = person("m2", unit="u1")
STRANGER = person("m3", "worker", unit="u2")

MINE = Books(home_unit="u1", team="t1")
TOWN = Registers(
    areas=frozenset({"c1"}),
    units=frozenset({"u1", "u2"}),
    teams=frozenset({"t1"}),
    people={"m1": MINE},
)
NEW = story(entry_of(WORKFLOW), registers=TOWN)
REGISTERED = NEW.when(COMMUNITY, Register(category="neighbour", sides=("p1", "p2")))
CONSENTED = REGISTERED.when(COMMUNITY, Consent())
MEDIATING = CONSENTED.later(days=1).when(COMMUNITY, AssignMediator(mediator="m1", role=Role.MEMBER))
HEARD = MEDIATING.later(days=1).when(MEDIATOR, Mediate(minutes=90))
AGREED = HEARD.when(MEDIATOR, Agree(performance=Performance.LATER))
SETTLED = AGREED.later(days=5).when(MEDIATOR, Perform())

HERE = About(area="c1", category="neighbour", provenance=Provenance.ORGANISER)
BY_MEDIATOR = HERE.at(unit="u1", books=MINE, provenance=Provenance.SELF)
RESOLVED = DisputeResolved(about=BY_MEDIATOR, mediator="m1", parties=2, registered_at=MONDAY)


# ---- taking it in


def test_a_dispute_is_category_number_and_opaque_ids() -> None:
    fact, clock = REGISTERED.facts
    assert fact == DisputeRegistered(
        about=HERE,
        channel=Channel.IN_PERSON,
        parties=2,
        sides=("p1", "p2"),
        registered_at=MONDAY,
    )
    assert isinstance(clock, DeadlineSet)
    assert (clock.clock, clock.due_at) == ("dispute.settle", MONDAY + timedelta(days=30))


@pytest.mark.parametrize("field", ["content", "summary", "claims", "notes"])
def test_there_is_no_place_for_what_it_is_about(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Register.model_validate({field: "…"})


def test_the_parties_need_not_be_named_and_are_named_once() -> None:
    nobody = NEW.when(COMMUNITY, Register(parties=5))
    assert nobody.events[0].content["data"]["parties"] == 5
    three = NEW.when(COMMUNITY, Register(sides=("p1", "p2", "p2", "p3")))
    assert three.events[0].content["data"]["sides"] == ["p1", "p2", "p3"]
    assert three.events[0].content["data"]["parties"] == 3


def test_a_resident_may_ask_for_help() -> None:
    asked = NEW.when(RESIDENT, Register(sides=("p2", "p1")))
    assert asked.facts[0].about.provenance is Provenance.SELF
    assert asked.case is not None
    assert Party.REQUESTER in asked.case.parties(RESIDENT)
    assert Party.REQUESTER not in asked.case.parties(STRANGER)


def test_what_was_settled_on_the_spot_is_put_on_record_at_once() -> None:
    settled = NEW.when(COMMUNITY, Register(category="neighbour", settled_by="m1"))
    registered, resolved = settled.facts[:2]
    assert isinstance(registered, DisputeRegistered)
    said_by = BY_MEDIATOR.at(provenance=Provenance.ORGANISER)
    assert resolved == RESOLVED.model_copy(update={"about": said_by})
    assert isinstance(settled.state, Resolved)
    broken = settled.later(days=9).when(MEDIATOR, Revisit(outcome=Held.RELAPSED))
    assert isinstance(broken.state, Mediating)


def test_nobody_settles_on_the_spot_what_they_are_party_to_or_take_in_themselves() -> None:
    NEW.when(COMMUNITY, Register(sides=("p1", "m1"), settled_by="m1")).refused("mediator_is_party")
    NEW.when(RESIDENT, Register(settled_by="m1")).refused("settled_by_others")


# ---- mediating


def test_nobody_mediates_without_consent() -> None:
    REGISTERED.when(COMMUNITY, AssignMediator(mediator="m1")).refused("not_now")
    REGISTERED.when(STRANGER, Consent()).refused("not_yours")


def test_a_mediation_counts_in_the_books_of_the_mediator() -> None:
    MEDIATING.then(
        MediatorAssigned(
            about=BY_MEDIATOR.at(provenance=Provenance.ORGANISER), mediator="m1", role=Role.MEMBER
        )
    )
    HEARD.then(MediationHeld(about=BY_MEDIATOR, mediator="m1", minutes=90))
    assert MediationHeld.shape().members == ("mediator",)


def test_a_unit_named_at_the_beginning_stays_that_of_the_dispute() -> None:
    given = NEW.when(COMMUNITY, Register(unit="u2")).when(COMMUNITY, Consent())
    assigned = given.when(COMMUNITY, AssignMediator(mediator="m1"))
    assert assigned.facts[0].about.unit == "u2"
    assert assigned.facts[0].about.books.home_unit == "u1"


def test_a_party_cannot_mediate_its_own_dispute() -> None:
    CONSENTED.when(COMMUNITY, AssignMediator(mediator="p2")).refused("mediator_is_party")


def test_another_mediator_takes_over_what_was_heard() -> None:
    HEARD.when(COMMUNITY, AssignMediator(mediator="m1")).refused("same_mediator")
    other = HEARD.when(COMMUNITY, AssignMediator(mediator="m2", role=Role.LAWYER))
    assert isinstance(other.state, Mediating)
    assert (other.state.mediator, other.state.sessions) == ("m2", 1)
    other.when(MEDIATOR, Mediate()).refused("not_yours")
    other.when(COLLEAGUE, Agree()).recorded(
        "dispute.agreement_reached",
        "dispute.agreement_performed",
        "dispute.resolved",
        "deadline.ended",
    )


def test_they_agree_only_after_they_were_heard() -> None:
    MEDIATING.when(MEDIATOR, Agree()).refused("not_heard")


# ---- settled, and resolved


def test_an_agreement_performed_at_once_resolves_the_dispute() -> None:
    at_once = HEARD.when(MEDIATOR, Agree())
    reached, performed, resolved, clock = at_once.facts
    assert reached == AgreementReached(
        about=BY_MEDIATOR, mediator="m1", performance=Performance.AT_ONCE
    )
    assert performed == AgreementPerformed(about=BY_MEDIATOR)
    assert resolved == RESOLVED
    assert isinstance(clock, DeadlineEnded)
    assert clock.on_time
    assert isinstance(at_once.state, Resolved)


def test_an_agreement_to_be_performed_is_not_yet_resolved() -> None:
    AGREED.recorded("dispute.agreement_reached", "deadline.ended")
    assert isinstance(AGREED.state, Agreed)
    SETTLED.then(AgreementPerformed(about=BY_MEDIATOR), RESOLVED)


def test_an_agreement_that_is_not_kept_has_failed() -> None:
    broken = AGREED.when(COMMUNITY, Fail(reason=FailReason.NOT_PERFORMED))
    assert isinstance(broken.state, Failed)
    shown = broken.when(COMMUNITY, Refer(to=ReferTo.COURT))
    assert isinstance(shown.state, Referred)


@pytest.mark.parametrize("before", [REGISTERED, CONSENTED, MEDIATING])
def test_a_dispute_may_be_referred_at_any_stage(before: Story) -> None:
    shown = before.when(COMMUNITY, Refer(to=ReferTo.LEGAL_AID))
    fact = shown.facts[0]
    assert isinstance(fact, DisputeReferred)
    assert fact.to is ReferTo.LEGAL_AID
    shown.when(COMMUNITY, Consent()).refused("not_now")


def test_what_is_resolved_is_not_referred() -> None:
    SETTLED.when(COMMUNITY, Refer(to=ReferTo.STREET)).refused("not_now")


# ---- looking again


def test_a_revisit_by_somebody_else_verifies_the_resolution() -> None:
    held = SETTLED.later(days=30).when(COMMUNITY, Revisit(outcome=Held.HOLDS))
    word, verified = held.facts
    assert word == RevisitDone(about=BY_MEDIATOR.at(provenance=Provenance.ORGANISER))
    assert isinstance(verified, CounterpartyConfirmed)
    assert verified.of_fact == "dispute.resolved"
    assert isinstance(held.state, Revisited)


def test_a_revisit_by_the_mediator_verifies_nothing() -> None:
    SETTLED.when(MEDIATOR, Revisit(outcome=Held.HOLDS)).recorded("dispute.revisit_done")


def test_a_relapse_is_mediated_again_and_counts_back_where_it_was_resolved() -> None:
    again = SETTLED.later(days=30).when(COMMUNITY, Revisit(outcome=Held.RELAPSED))
    fact = again.facts[0]
    assert fact == DisputeRelapsed(
        about=BY_MEDIATOR.at(provenance=Provenance.ORGANISER), mediator="m1"
    )
    again.when(MEDIATOR, Agree()).refused("not_heard")
    settled = again.when(MEDIATOR, Mediate()).when(MEDIATOR, Agree())
    assert isinstance(settled.state, Resolved)


def test_the_parties_say_how_satisfied_they_are_once_somebody_mediates() -> None:
    word = GiveFeedback(satisfaction=Satisfaction.BASICALLY)
    CONSENTED.when(RESIDENT, word).refused("not_served")
    SETTLED.when(RESIDENT, word).recorded("record.feedback_given")
