"""The errand: asked once, run for whoever asks, told in one go what is missing, brought back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from events.fact import About, Books, Provenance
from services.facts.agency import (
    Accepted,
    AgencyAccepted,
    AgencyAnswered,
    AgencyCompleted,
    AgencyDeclined,
    AgencyRequested,
    AgencySubmitted,
    AgencyTerms,
    AgencyWithdrawn,
    Channel,
    DeclineReason,
    Delivered,
    Delivery,
    MaterialsRequested,
    MaterialsSupplied,
    Outcome,
    Visits,
    WithdrawReason,
)
from services.facts.list import ListKind
from services.kernel.catalogue import only
from services.kernel.clocks import DeadlineEnded, DeadlineSet
from services.kernel.records import ConfirmRecord, GiveFeedback
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Limit, Party, Satisfaction
from services.registers import list as papers
from services.workflows.agency import (
    Accept,
    Answer,
    Decline,
    Deliver,
    Request,
    RequestMaterials,
    Submit,
    Supply,
    Withdraw,
)

CATALOGUE = only("agency")
RESIDENT = Actor("p1", roles=frozenset({"resident"}), area="c1")
NEIGHBOUR = Actor("p2", roles=frozenset({"resident"}), area="c1")
DESK = Actor("k1", unit="u1", roles=frozenset({"community"}), area="c1")
AGENT = Actor("w1", unit="u1", roles=frozenset({"worker"}), area="c1")
OFFICE = Actor("o1", unit="u9")
STRANGER = Actor("w9", unit="u2", roles=frozenset({"worker"}), area="c1")

TOWN = Registers(
    areas=frozenset({"c1"}),
    units=frozenset({"u1", "u2", "u9"}),
    teams=frozenset({"t1"}),
    people={"w1": Books(home_unit="u1", team="t1")},
)
NEW = story(CATALOGUE.entry("agency"), registers=TOWN)
AT_DESK = story(CATALOGUE.entry("one_stop"), registers=TOWN)
REQUESTED = NEW.when(RESIDENT, Request(matter="pension", channel=Channel.HOME))
ACCEPTED = REQUESTED.later(hours=1).when(AGENT, Accept())
MISSING = ACCEPTED.later(hours=1).when(AGENT, RequestMaterials(materials=("form", "photo", "form")))
SUBMITTED = ACCEPTED.later(hours=2).when(AGENT, Submit(office="u9"))
ANSWERED = SUBMITTED.later(days=2).when(OFFICE, Answer(outcome=Outcome.GRANTED))
DELIVERED = ANSWERED.later(hours=4).when(AGENT, Deliver(visits=Visits.ONCE, delivery=Delivery.HOME))

HERE = About(area="c1")
RUN = HERE.at(unit="u1", books=Books(home_unit="u1", team="t1"))


def due(now: Story, clock: str) -> Any:
    assert now.case is not None
    return now.case.clocks[clock].due_at


def test_a_resident_asks_for_oneself_and_is_told_by_when() -> None:
    fact, clock = REQUESTED.facts
    assert fact == AgencyRequested(
        about=HERE,
        requester="p1",
        matter="pension",
        channel=Channel.HOME,
        requested_at=MONDAY,
        terms=AgencyTerms(),
    )
    assert isinstance(clock, DeadlineSet)
    assert (clock.clock, clock.working, clock.limit_seconds) == ("agency.accept", True, 5 * 86_400)
    NEW.when(RESIDENT, Request(matter="pension", requester="p2")).refused("for_oneself")


def test_the_desk_takes_it_in_for_somebody_or_for_nobody_named() -> None:
    for requester in ("p2", None):
        taken = NEW.when(DESK, Request(matter="pension", requester=requester))
        fact = taken.facts[0]
        assert isinstance(fact, AgencyRequested)
        assert fact.requester == requester


def test_the_agent_counts_in_their_own_books() -> None:
    fact, ended, begun = ACCEPTED.facts
    assert fact == AgencyAccepted(about=RUN, agent="w1", matter="pension")
    assert isinstance(ended, DeadlineEnded)
    assert ended.on_time
    assert isinstance(begun, DeadlineSet)
    assert begun.clock == "agency.submit"


def test_the_desk_gives_it_to_an_agent_and_a_worker_takes_it_only_for_oneself() -> None:
    given = REQUESTED.when(DESK, Accept(agent="w1"))
    assert given.facts[0].about == RUN.at(provenance=Provenance.ORGANISER)
    REQUESTED.when(AGENT, Accept(agent="w9")).refused("for_oneself")


def test_what_is_on_no_list_is_declined_naming_the_list() -> None:
    REQUESTED.when(DESK, Decline(reason=DeclineReason.NOT_ON_LIST)).refused("name_the_list")
    declined = REQUESTED.when(
        DESK, Decline(reason=DeclineReason.NOT_ON_LIST, list_code="matters-2018")
    )
    assert declined.facts[0] == AgencyDeclined(
        about=HERE,
        matter="pension",
        reason=DeclineReason.NOT_ON_LIST,
        list_code="matters-2018",
    )
    assert declined.facts[1].fact == "deadline.ended"
    declined.when(DESK, Accept()).refused("not_now")


def test_what_is_missing_is_named_in_one_go_and_the_clock_rests() -> None:
    fact, rested = MISSING.facts
    assert fact == MaterialsRequested(about=RUN, agent="w1", materials=("form", "photo"))
    assert rested.fact == "deadline.rested"
    back = MISSING.later(days=9).when(RESIDENT, Supply())
    assert back.facts[0] == MaterialsSupplied(about=RUN.at(provenance=Provenance.COUNTERPARTY))
    assert isinstance(back.state, Accepted)
    back.when(AGENT, RequestMaterials(materials=("form",))).refused("told_once")
    SUBMITTED.when(OFFICE, RequestMaterials(materials=("map",))).recorded(
        "agency.materials_requested", "deadline.lifted"
    )


def test_an_office_that_is_not_registered_cannot_be_given_anything() -> None:
    story_after = ACCEPTED.when(AGENT, Submit(office="u77"))
    assert story_after.error is not None
    assert "u77" in str(story_after.error)


def test_an_office_answers_what_was_submitted_to_it() -> None:
    assert SUBMITTED.facts[0] == AgencySubmitted(
        about=RUN, agent="w1", matter="pension", office="u9"
    )
    assert ANSWERED.facts[0] == AgencyAnswered(
        about=RUN.at(provenance=Provenance.ORGANISER), matter="pension", outcome=Outcome.GRANTED
    )
    ACCEPTED.when(AGENT, Answer(outcome=Outcome.GRANTED)).refused("not_submitted")
    SUBMITTED.when(STRANGER, Answer(outcome=Outcome.GRANTED)).refused("not_yours")


def test_one_matter_is_done_when_the_answer_is_brought_back() -> None:
    fact, clock = DELIVERED.facts
    assert fact == AgencyCompleted(
        about=RUN,
        agent="w1",
        requester="p1",
        outcome=Outcome.GRANTED,
        visits=Visits.ONCE,
        delivery=Delivery.HOME,
        requested_at=MONDAY,
    )
    assert isinstance(clock, DeadlineEnded)
    assert clock.clock == "agency.deliver"
    assert isinstance(DELIVERED.state, Delivered)
    assert AgencyCompleted.shape().codes == ("outcome", "visits")
    assert AgencyCompleted.shape().quantities == ("requested_at",)


def test_whoever_asked_confirms_it_and_says_how_satisfied() -> None:
    confirmed = DELIVERED.when(RESIDENT, ConfirmRecord(revision=None))
    confirmed.recorded("record.counterparty_confirmed")
    confirmed.when(RESIDENT, GiveFeedback(satisfaction=Satisfaction.SATISFIED)).recorded(
        "record.feedback_given"
    )
    DELIVERED.when(AGENT, ConfirmRecord(revision=None)).refused("own_word")


@pytest.mark.parametrize("before", [REQUESTED, ACCEPTED, MISSING, SUBMITTED])
def test_it_is_withdrawn_any_time_before_the_answer(before: Story) -> None:
    back = before.when(RESIDENT, Withdraw(reason=WithdrawReason.NOT_NEEDED))
    fact = back.facts[0]
    assert isinstance(fact, AgencyWithdrawn)
    assert fact.reason is WithdrawReason.NOT_NEEDED
    before.when(NEIGHBOUR, Withdraw(reason=WithdrawReason.NOT_NEEDED)).refused("not_yours")
    ANSWERED.when(RESIDENT, Withdraw(reason=WithdrawReason.NOT_NEEDED)).refused("not_now")


def test_at_one_desk_nothing_is_submitted_and_the_desk_answers() -> None:
    accepted = AT_DESK.when(RESIDENT, Request(matter="card")).when(DESK, Accept())
    accepted.when(DESK, Submit(office="u9")).refused("decided_here")
    answered = accepted.when(DESK, Answer(outcome=Outcome.GRANTED))
    done = answered.when(DESK, Deliver(visits=Visits.NONE))
    assert done.facts[0].about.variant == "one_stop"
    assert isinstance(done.state, Delivered)


def test_a_seal_is_used_for_what_stands_on_the_list() -> None:
    street = Actor("s1", roles=frozenset({"street"}), area="c1")
    seals = story(only("list").entry("list"), stream="list/seals").when(
        street, papers.Publish(code="seals", area="c1", list_kind=ListKind.SEALS)
    )
    listed = seals.when(street, papers.Add(items=(papers.NewItem(item="residence"),))).case
    assert listed is not None
    desk = story(CATALOGUE.entry("seal_use"), registers=TOWN, cases={listed.stream: listed})
    asked = desk.when(RESIDENT, Request(matter="residence"))
    asked.when(DESK, Accept()).refused("name_the_list")
    taken = asked.when(DESK, Accept(list_code="seals"))
    fact = taken.facts[0]
    assert isinstance(fact, AgencyAccepted)
    assert fact.list_code == "seals"
    other = desk.when(RESIDENT, Request(matter="good-conduct"))
    other.when(DESK, Accept(list_code="seals")).refused("off_list")
    other.knowing(cases={}).when(DESK, Accept(list_code="seals")).refused("off_list")
    REQUESTED.when(AGENT, Accept(list_code="seals")).refused("off_list")


def test_an_office_has_twenty_working_days_or_what_a_rule_gives_it() -> None:
    assert due(SUBMITTED, "answer") > SUBMITTED.now + timedelta(days=26)
    ruled = ACCEPTED.knowing(limits={"agency.answer": Limit(3_600)}).when(
        AGENT, Submit(office="u9")
    )
    assert due(ruled, "answer") == ruled.now + timedelta(hours=1)
    late = ruled.later(hours=2).when(OFFICE, Answer(outcome=Outcome.REFUSED))
    ended = late.facts[1]
    assert isinstance(ended, DeadlineEnded)
    assert not ended.on_time


def test_the_parties_of_an_errand() -> None:
    assert SUBMITTED.case is not None
    assert Party.REQUESTER in SUBMITTED.case.parties(RESIDENT)
    assert Party.HOLDER in SUBMITTED.case.parties(AGENT)
    assert Party.HANDLER in SUBMITTED.case.parties(OFFICE)
    assert SUBMITTED.case.parties(STRANGER) == {Party.WORKER}
