"""Deliberation: valid meetings in their order, a plan in time, a no that ends, two disclosures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from events.fact import About, Provenance
from services.facts.deliberation import (
    Channel,
    CommitteesConsulted,
    DeliberationTerms,
    Disclosed,
    Disclosure,
    Executed,
    Execution,
    ExecutionReported,
    MembersReviewed,
    Passed,
    PlanSent,
    ProposalRaised,
    Proposer,
    Rejected,
    ResolutionPassed,
    ResolutionPublished,
    ResolutionRejected,
    ResultPublished,
    Step,
    Withdrawn,
    WithdrawReason,
)
from services.kernel.catalogue import only
from services.kernel.clocks import DeadlineEnded, DeadlineSet
from services.kernel.records import GiveFeedback
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Satisfaction, days
from services.workflows.deliberation import (
    Consult,
    Propose,
    Publish,
    PublishResult,
    ReportExecution,
    Review,
    SendPlan,
    Vote,
    Withdraw,
)

KINDS = only("deliberation")
COMMUNITY = Actor("k1", None, frozenset({"community"}), "c1")
RESIDENT = Actor("p1", None, frozenset({"resident"}), "c1")
OF_UNIT = Actor("m1", "u1", frozenset({"unit_admin"}), "c1")
STRANGER = Actor("m2", "u2", frozenset({"unit_admin"}), "c1")
TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1", "u2"}))


def of(name: str) -> Story:
    return story(KINDS.entry(name), registers=TOWN)


BRANCH = Propose(proposer=Proposer.BRANCH, unit="u1", category="facility")
NEW = of("four_two")
PROPOSED = NEW.when(COMMUNITY, BRANCH)
CONSULTED = PROPOSED.later(days=1).when(COMMUNITY, Consult(due=9, present=8, in_favour=6))
SENT = CONSULTED.when(COMMUNITY, SendPlan(recipients=40))
REVIEWED = SENT.later(days=3).when(COMMUNITY, Review(due=40, present=30, in_favour=20, against=4))
PASSED = REVIEWED.later(days=7).when(COMMUNITY, Vote(due=60, present=40, in_favour=21))
PUBLISHED = PASSED.later(days=2).when(COMMUNITY, Publish(disclosure=Disclosure.BOARD))
EXECUTED = PUBLISHED.later(days=60).when(COMMUNITY, ReportExecution(outcome=Execution.DONE))
DISCLOSED = EXECUTED.later(days=9).when(COMMUNITY, PublishResult(disclosure=Disclosure.DOOR))

COUNCIL = of("residents_council").when(RESIDENT, Propose(proposer=Proposer.RESIDENTS))

HERE = About(area="c1", unit="u1", category="facility", variant="four_two")


# ---- four deliberations


def test_a_proposal_carries_the_terms_of_its_variant() -> None:
    terms = DeliberationTerms(
        branch_proposes=True,
        consulted=True,
        reviewed=True,
        notice_days=3,
        quorum_parts=2,
        quorum_of=3,
    )
    PROPOSED.then(
        ProposalRaised(about=HERE, proposer=Proposer.BRANCH, channel=Channel.MEETING, terms=terms)
    )


@pytest.mark.parametrize(
    ("actor", "proposer"),
    [(RESIDENT, Proposer.RESIDENTS), (RESIDENT, Proposer.BRANCH), (COMMUNITY, Proposer.COUNCIL)],
)
def test_some_matters_only_the_branch_proposes(actor: Actor, proposer: Proposer) -> None:
    assert NEW.when(actor, Propose(proposer=proposer)).refused("branch_proposes").events == ()


def test_residents_propose_to_their_council_and_in_the_online_hall() -> None:
    COUNCIL.recorded("deliberation.proposal_raised")
    online = of("online_hall").when(
        RESIDENT, Propose(proposer=Proposer.RESIDENTS, channel=Channel.ONLINE)
    )
    assert online.facts[0].about.variant == "online_hall"


def test_every_meeting_says_who_was_to_come_and_who_came() -> None:
    CONSULTED.then(CommitteesConsulted(about=HERE, due=9, present=8, in_favour=6))
    REVIEWED.then(MembersReviewed(about=HERE, due=40, present=30, in_favour=20, against=4))
    passed, clock = PASSED.facts
    assert passed == ResolutionPassed(
        about=HERE, due=60, present=40, in_favour=21, decided_at=MONDAY + timedelta(days=11)
    )
    assert isinstance(clock, DeadlineSet)
    assert (clock.clock, clock.limit_seconds) == ("deliberation.publish", 3 * 86_400)
    assert ResolutionPassed.shape().quantities == ("due", "present")


def test_no_step_is_left_out() -> None:
    PROPOSED.when(COMMUNITY, Review(due=9, present=9, in_favour=9)).refused("step_missing")
    PROPOSED.when(COMMUNITY, Vote(due=9, present=9, in_favour=9)).refused("step_missing")
    refused = SENT.later(days=9).when(COMMUNITY, Vote(due=9, present=9, in_favour=9))
    assert refused.error is not None
    assert "党员审议" in refused.error.zh
    refused.refused("step_missing")


def test_a_residents_council_votes_after_the_notice_alone() -> None:
    vote = Vote(due=30, present=20, in_favour=11)
    COUNCIL.when(COMMUNITY, vote).refused("plan_not_sent")
    sent = COUNCIL.when(COMMUNITY, SendPlan(recipients=30))
    sent.later(days=2).when(COMMUNITY, vote).refused("too_soon")
    assert isinstance(sent.later(days=3).when(COMMUNITY, vote).state, Passed)


def test_a_plan_lies_with_the_members_three_days_before_they_meet() -> None:
    SENT.then(PlanSent(about=HERE, recipients=40, sent_at=MONDAY + timedelta(days=1)))
    meeting = Review(due=40, present=30, in_favour=20)
    CONSULTED.later(days=9).when(COMMUNITY, meeting).refused("plan_not_sent")
    early = SENT.later(days=2).when(COMMUNITY, meeting)
    assert early.error is not None
    assert "2018-03-09" in early.error.zh
    early.refused("too_soon")
    again = SENT.later(days=2).when(COMMUNITY, SendPlan(recipients=40))
    again.later(days=1).when(COMMUNITY, meeting).refused("too_soon")


def test_a_meeting_that_too_few_attend_is_none_and_is_held_again() -> None:
    few = SENT.later(days=3).when(COMMUNITY, Review(due=40, present=26, in_favour=26))
    assert few.error is not None
    assert "应到 40 人，实到 26 人，不足 2/3" in few.error.zh
    again = few.refused("not_quorate")
    again.when(COMMUNITY, Review(due=40, present=27, in_favour=26)).recorded(
        "deliberation.members_reviewed"
    )


def test_the_numbers_of_a_meeting_fit_together() -> None:
    PROPOSED.when(COMMUNITY, Consult(due=9, present=10, in_favour=9)).refused("more_than_due")
    PROPOSED.when(COMMUNITY, Consult(due=9, present=9, in_favour=6, against=4)).refused(
        "more_votes"
    )


# ---- a no


def test_half_is_not_a_majority() -> None:
    rejected = REVIEWED.when(COMMUNITY, Vote(due=60, present=40, in_favour=20, against=20))
    rejected.then(
        ResolutionRejected(
            about=HERE, due=60, present=40, in_favour=20, against=20, step=Step.VOTED
        )
    )
    assert isinstance(rejected.state, Rejected)
    rejected.when(COMMUNITY, Publish(disclosure=Disclosure.BOARD)).refused("not_now")


@pytest.mark.parametrize(
    ("before", "meeting", "step"),
    [
        (PROPOSED, Consult(due=9, present=9, in_favour=4), Step.CONSULTED),
        (SENT.later(days=3), Review(due=9, present=9, in_favour=4), Step.REVIEWED),
    ],
)
def test_every_meeting_may_say_no(before: Story, meeting: Consult | Review, step: Step) -> None:
    rejected = before.when(COMMUNITY, meeting)
    fact = rejected.facts[0]
    assert isinstance(fact, ResolutionRejected)
    assert fact.step is step
    rejected.when(COMMUNITY, Vote(due=9, present=9, in_favour=9)).refused("not_now")


def test_a_proposal_may_be_withdrawn_before_the_vote() -> None:
    gone = REVIEWED.when(COMMUNITY, Withdraw(reason=WithdrawReason.REVISED))
    assert isinstance(gone.state, Withdrawn)
    PASSED.when(COMMUNITY, Withdraw(reason=WithdrawReason.REVISED)).refused("not_now")


# ---- two disclosures


def test_what_was_decided_is_published_in_time() -> None:
    published, clock = PUBLISHED.facts
    assert published == ResolutionPublished(
        about=HERE, disclosure=Disclosure.BOARD, decided_at=MONDAY + timedelta(days=11)
    )
    assert isinstance(clock, DeadlineEnded)
    assert clock.on_time


def test_nothing_is_carried_out_that_is_not_public() -> None:
    PASSED.when(COMMUNITY, ReportExecution(outcome=Execution.DONE)).refused("not_now")
    executed, clock = EXECUTED.facts
    decided_at = MONDAY + timedelta(days=11)
    reported_at = MONDAY + timedelta(days=73)
    assert executed == ExecutionReported(
        about=HERE, outcome=Execution.DONE, decided_at=decided_at, reported_at=reported_at
    )
    assert isinstance(EXECUTED.state, Executed)
    assert isinstance(clock, DeadlineSet)


def test_the_result_is_published_too_and_late_is_late() -> None:
    published, clock = DISCLOSED.facts
    assert published == ResultPublished(
        about=HERE, disclosure=Disclosure.DOOR, reported_at=MONDAY + timedelta(days=73)
    )
    assert isinstance(clock, DeadlineEnded)
    assert not clock.on_time
    assert isinstance(DISCLOSED.state, Disclosed)


def test_a_rule_says_how_soon() -> None:
    ruled = REVIEWED.knowing(limits={"deliberation.publish": days(1)})
    passed = ruled.when(COMMUNITY, Vote(due=60, present=40, in_favour=21))
    late = passed.later(days=2).when(COMMUNITY, Publish(disclosure=Disclosure.ONLINE))
    assert isinstance(late.facts[1], DeadlineEnded)
    assert not late.facts[1].on_time


# ---- who


def test_the_unit_whose_matter_it_is_may_convene_and_no_other() -> None:
    meeting = Consult(due=9, present=9, in_favour=9)
    assert PROPOSED.when(OF_UNIT, meeting).facts[0].about.provenance is Provenance.SELF
    PROPOSED.when(STRANGER, meeting).refused("not_yours")
    PROPOSED.when(RESIDENT, meeting).refused("not_yours")


def test_satisfaction_is_asked_once_something_was_decided() -> None:
    word = GiveFeedback(satisfaction=Satisfaction.SATISFIED)
    REVIEWED.when(COMMUNITY, word).refused("not_served")
    DISCLOSED.when(COMMUNITY, word).recorded("record.feedback_given")


@pytest.mark.parametrize(
    "terms", [{"quorum_parts": 3, "quorum_of": 2}, {"majority_parts": 2, "majority_of": 2}]
)
def test_no_variant_asks_for_what_cannot_be(terms: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="would have to"):
        DeliberationTerms(**terms)
