"""The project: no gate without its deliberation, stages in their turn, nobody accepts their own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.fact import About, Provenance
from services.facts.deliberation import Disclosure, Execution, Proposer
from services.facts.project import (
    AcceptanceFailed,
    Accepted,
    Approved,
    Blocked,
    BlockReason,
    Cleared,
    Consequence,
    Effect,
    Finding,
    Gate,
    HandedOver,
    OutcomeReviewed,
    ProjectAccepted,
    ProjectApproved,
    ProjectHandedOver,
    ProjectInspected,
    ProjectProposed,
    ProjectTerms,
    ProviderSelected,
    Rejected,
    RejectReason,
    Reviewed,
    Selection,
    StageBlocked,
    StageCleared,
    Stopped,
    StopReason,
    Underway,
)
from services.kernel.catalogue import only
from services.kernel.clocks import DeadlineEnded, DeadlineLifted, DeadlineSet
from services.kernel.corrections import Void, VoidReason
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, days
from services.kernel.workflow import Command
from services.workflows import deliberation as council
from services.workflows.project import (
    Accept,
    Approve,
    Block,
    Clear,
    FailAcceptance,
    HandOver,
    Inspect,
    Propose,
    Reject,
    Resume,
    ReviewOutcome,
    SelectProvider,
    Stop,
)

KINDS = only("project")
COUNCILS = only("deliberation")
STREET = Actor("s1", None, frozenset({"street"}), "c1")
COMMUNITY = Actor("k1", None, frozenset({"community"}), "c1")
OWNER = Actor("m1", "u1", frozenset({"unit_admin"}), "c1")
PROVIDER = Actor("m2", "u2", frozenset({"unit_admin"}), "c1")
PLANNERS = Actor("m3", "u3", frozenset({"unit_admin"}), "c1")
RESIDENT = Actor("p1", None, frozenset({"resident"}), "c1")
TOWN = Registers(areas=frozenset({"c1", "c2"}), units=frozenset({"u1", "u2", "u3"}))


def of(name: str) -> Story:
    return story(KINDS.entry(name), registers=TOWN)


NEW = of("venue_works")
PROPOSED = NEW.when(OWNER, Propose(unit="u1", budget=500_00, square_metres=1500))
APPROVED = PROPOSED.later(days=9).when(STREET, Approve(budget=400_00))
SELECTED = APPROVED.later(days=1).when(
    COMMUNITY, SelectProvider(provider="u2", selection=Selection.TENDER)
)
PLANNED = SELECTED.later(days=20).when(PLANNERS, Clear(stage="planning"))

VENUE = ("planning", "land", "housing", "construction", "ownership", "transfer")
HERE = About(area="c1", unit="u1", variant="venue_works")
DONE = HERE.at(unit="u2")
START = MONDAY + timedelta(days=9)


def through(now: Story, *stages: str) -> Story:
    for stage in stages:
        now = now.later(days=10).when(PLANNERS, Clear(stage=stage))
    return now


CLEARED = through(PLANNED, *VENUE[1:])
ACCEPTED = CLEARED.when(STREET, Accept(square_metres=1480))
HANDED = ACCEPTED.when(PROVIDER, HandOver(to="u1", square_metres=1480))

MEETING = {"due": 30, "present": 25, "in_favour": 20}


def deliberated(variant: str, *, upto: str = "", area: str = "c1") -> Story:
    """A deliberation up to a command, or to its end."""
    steps: tuple[tuple[str, Command], ...] = (
        ("consult", council.Consult(**MEETING)),
        ("send_plan", council.SendPlan(recipients=30)),
        ("review", council.Review(**MEETING)),
        ("vote", council.Vote(**MEETING)),
        ("publish", council.Publish(disclosure=Disclosure.BOARD)),
        ("report", council.ReportExecution(outcome=Execution.DONE)),
        ("disclose", council.PublishResult(disclosure=Disclosure.BOARD)),
    )
    now = story(COUNCILS.entry(variant), stream="deliberation/d1", registers=TOWN)
    now = now.when(COMMUNITY, council.Propose(area=area, proposer=Proposer.BRANCH))
    for name, command in steps:
        if variant == "four_two" or name not in ("consult", "review"):
            now = now.later(days=5).when(COMMUNITY, command)
        if name == upto:
            break
    return now


def resting_on(variant: str, of_deliberation: Story) -> Story:
    assert of_deliberation.case is not None
    now = of(variant).knowing(cases={"deliberation/d1": of_deliberation.case})
    return now.later(days=99).when(COMMUNITY, Propose(deliberation="deliberation/d1"))


# ---- proposed, and by which deliberation


def test_a_project_carries_the_gates_of_its_variant() -> None:
    PROPOSED.then(
        ProjectProposed(
            about=HERE,
            budget=500_00,
            square_metres=1500,
            proposed_at=MONDAY,
            terms=ProjectTerms(stages=VENUE, handed_over=True),
        )
    )


def test_no_project_without_four_deliberations_and_two_disclosures() -> None:
    village = of("village_works")
    refused = village.when(COMMUNITY, Propose())
    assert refused.error is not None
    assert "四议两公开" in refused.error.zh
    assert refused.refused("not_deliberated").events == ()
    proposal = Propose(deliberation="deliberation/d1")
    assert proposal.reads("project") == ("deliberation/d1",)
    village.when(COMMUNITY, proposal).refused("no_such_deliberation")
    resting_on("village_works", deliberated("four_two")).recorded("project.proposed")


def test_what_is_missing_of_it_is_named() -> None:
    refused = resting_on("village_works", deliberated("four_two", upto="publish"))
    assert refused.error is not None
    assert refused.error.zh == "deliberation/d1 缺少：结果公开"
    refused.refused("steps_missing")
    council_only = resting_on("village_works", deliberated("residents_council"))
    assert council_only.error is not None
    assert council_only.error.zh == "deliberation/d1 缺少：“两委”商议、党员审议"
    council_only.refused("steps_missing")


def test_a_voided_step_is_missing() -> None:
    whole = deliberated("four_two")
    voided = whole.when(COMMUNITY, Void(reason=VoidReason.NOT_HAPPENED))
    resting_on("village_works", voided).refused("steps_missing")


def test_an_estate_needs_a_decision_that_is_public() -> None:
    resting_on("estate_works", deliberated("residents_council", upto="vote")).refused(
        "steps_missing"
    )
    resting_on("estate_works", deliberated("residents_council", upto="publish")).recorded(
        "project.proposed"
    )


def test_what_another_village_decided_is_no_ground() -> None:
    elsewhere = deliberated("four_two", area="c2")
    resting_on("village_works", elsewhere).refused("deliberated_elsewhere")


def test_what_is_no_deliberation_is_no_ground() -> None:
    assert PROPOSED.case is not None
    village = of("village_works").knowing(cases={"project/case-1": PROPOSED.case})
    village.when(COMMUNITY, Propose(deliberation="project/case-1")).refused("no_such_deliberation")


@pytest.mark.parametrize("name", [name for name, one in KINDS.entries.items() if one.variant])
def test_gates_are_terms(name: str) -> None:
    terms = KINDS.entry(name).terms
    assert isinstance(terms, ProjectTerms)
    assert (terms.deliberation is Gate.NONE) == (name not in ("village_works", "estate_works"))


# ---- taken up, and by whom it is done


def test_a_project_is_taken_up_with_its_budget_or_not() -> None:
    approved, clock = APPROVED.facts
    assert approved == ProjectApproved(
        about=HERE, budget=400_00, proposed_at=MONDAY, approved_at=START
    )
    assert isinstance(clock, DeadlineSet)
    assert (clock.clock, clock.tier) == ("project.stage", "planning")
    not_now = PROPOSED.when(STREET, Reject(reason=RejectReason.NO_FUNDS))
    assert isinstance(not_now.state, Rejected)
    not_now.when(STREET, Approve()).refused("not_now")
    PROPOSED.when(OWNER, Approve()).refused("not_yours")


def test_it_counts_under_the_provider_once_there_is_one() -> None:
    SELECTED.then(
        ProviderSelected(
            about=DONE,
            provider="u2",
            selection=Selection.TENDER,
            selected_at=START + timedelta(days=1),
        )
    )
    again = SelectProvider(provider="u2", selection=Selection.COMMISSION)
    SELECTED.when(COMMUNITY, again).refused("same_provider")
    other = SELECTED.when(COMMUNITY, SelectProvider(provider="u3", selection=Selection.COMMISSION))
    assert other.state is not None
    assert other.state.about.unit == "u3"


def test_a_purchase_begins_when_the_provider_is_found() -> None:
    bought = of("service_purchase").when(COMMUNITY, Propose()).when(STREET, Approve())
    assert isinstance(bought.state, Approved)
    bought.recorded("project.approved")
    bought.when(COMMUNITY, Clear(stage="delivery")).refused("not_now")
    found = bought.when(
        COMMUNITY, SelectProvider(provider="u2", selection=Selection.PURCHASE)
    ).recorded("project.provider_selected", "deadline.set")
    assert isinstance(found.state, Underway)
    assert found.state.stage == "delivery"


# ---- stages


def test_a_gate_counts_under_the_department_that_clears_it() -> None:
    cleared, ended, begun = PLANNED.facts
    assert cleared == StageCleared(
        about=HERE.at(unit="u3"),
        stage="planning",
        entered_at=START,
        cleared_at=START + timedelta(days=21),
    )
    assert isinstance(ended, DeadlineEnded)
    assert (ended.tier, ended.on_time, ended.about) == ("planning", True, DONE)
    assert ended.took_seconds == 21 * 86_400
    assert isinstance(begun, DeadlineSet)
    assert (begun.tier, begun.started_at) == ("land", START + timedelta(days=21))


def test_a_gate_is_passed_in_its_turn() -> None:
    refused = PLANNED.when(PLANNERS, Clear(stage="construction"))
    assert refused.error is not None
    assert "land" in refused.error.zh
    refused.refused("not_this_stage")
    PLANNED.when(PLANNERS, Clear(stage="planning")).refused("not_this_stage")
    PLANNED.when(RESIDENT, Clear(stage="land")).refused("not_yours")


def test_each_stage_has_a_limit_of_its_own() -> None:
    ruled = APPROVED.knowing(limits={"project.stage.land": days(5)})
    on_land = ruled.when(PLANNERS, Clear(stage="planning"))
    late = on_land.later(days=6).when(PLANNERS, Clear(stage="land"))
    ended = late.facts[1]
    assert isinstance(ended, DeadlineEnded)
    assert (ended.tier, ended.on_time) == ("land", False)


def test_a_stage_that_was_not_cleared_after_all_is_the_one_it_is_at() -> None:
    back = PLANNED.later(days=1).when(
        PLANNERS, Void(reason=VoidReason.NOT_HAPPENED, revision=PLANNED.events[-3].revision)
    )
    assert isinstance(back.state, Underway)
    assert back.state.stage == "planning"
    assert back.case is not None
    assert back.case.clocks["stage"].tier == "planning"


def test_a_block_says_why_and_what_follows_and_its_days_count() -> None:
    held = Block(
        stage="land", reason=BlockReason.NOT_AS_PLANNED, consequence=Consequence.PRESALE_HELD
    )
    blocked = PLANNED.when(PLANNERS, held)
    blocked.then(
        StageBlocked(
            about=HERE.at(unit="u3"),
            stage="land",
            reason=BlockReason.NOT_AS_PLANNED,
            consequence=Consequence.PRESALE_HELD,
        )
    )
    assert isinstance(blocked.state, Blocked)
    blocked.when(PLANNERS, Resume(stage="planning")).refused("not_this_stage")
    resumed = blocked.later(days=5).when(PLANNERS, Resume(stage="land"))
    resumed.recorded("project.stage_resumed")
    for later in (resumed, blocked.later(days=5)):
        ended = later.later(days=90).when(PLANNERS, Clear(stage="land")).facts[1]
        assert isinstance(ended, DeadlineEnded)
        assert not ended.on_time


def test_residents_look_at_the_work() -> None:
    seen = PLANNED.when(RESIDENT, Inspect(finding=Finding.DEFECT))
    seen.then(ProjectInspected(about=DONE, finding=Finding.DEFECT, stage="land"))
    CLEARED.when(RESIDENT, Inspect(finding=Finding.DEFECT)).refused("not_now")


# ---- accepted, handed over, looked back on


def test_it_is_accepted_after_every_gate_and_not_by_the_provider() -> None:
    assert isinstance(CLEARED.state, Cleared)
    PLANNED.when(STREET, Accept()).refused("not_now")
    judge = Actor("m9", "u2", frozenset({"community"}), "c1")
    CLEARED.when(judge, Accept()).refused("own_work")
    CLEARED.when(judge, FailAcceptance(reason=BlockReason.QUALITY)).refused("own_work")
    ACCEPTED.then(ProjectAccepted(about=DONE, square_metres=1480, proposed_at=MONDAY))


def test_what_is_not_as_meant_is_done_again() -> None:
    failed = CLEARED.when(STREET, FailAcceptance(reason=BlockReason.QUALITY))
    fact, clock = failed.facts
    assert isinstance(fact, AcceptanceFailed)
    assert isinstance(clock, DeadlineSet)
    assert isinstance(failed.state, Underway)
    assert failed.state.stage == "transfer"


def test_a_venue_is_handed_over_before_it_is_looked_back_on() -> None:
    ACCEPTED.when(STREET, ReviewOutcome(effect=Effect.PARTLY)).refused("not_handed_over")
    HANDED.then(ProjectHandedOver(about=DONE, to="u1", square_metres=1480))
    assert isinstance(HANDED.state, HandedOver)
    with_jobs = ReviewOutcome(effect=Effect.AS_INTENDED, participants=200, jobs=12)
    reviewed = HANDED.when(STREET, with_jobs)
    reviewed.then(OutcomeReviewed(about=DONE, effect=Effect.AS_INTENDED, participants=200, jobs=12))
    assert isinstance(reviewed.when(STREET, with_jobs).state, Reviewed)


def test_what_needs_no_handing_over_is_looked_back_on_at_once() -> None:
    right = of("rectification").when(COMMUNITY, Propose()).when(STREET, Approve())
    right = through(right, "diagnosis", "rectification").when(STREET, Accept())
    assert isinstance(right.state, Accepted)
    right.when(STREET, ReviewOutcome(effect=Effect.AS_INTENDED)).recorded(
        "project.outcome_reviewed"
    )


def test_a_project_may_be_stopped_before_it_is_accepted() -> None:
    stopped = PLANNED.when(OWNER, Stop(reason=StopReason.NOT_FEASIBLE))
    fact, clock = stopped.facts
    assert isinstance(stopped.state, Stopped)
    assert fact.about.provenance is Provenance.SELF
    assert isinstance(clock, DeadlineLifted)
    ACCEPTED.when(OWNER, Stop(reason=StopReason.NOT_FEASIBLE)).refused("not_now")
