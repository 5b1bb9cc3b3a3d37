"""The issue: the closed loop, three tiers, and three facts of being solved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.fact import About, Provenance
from services.facts.issue import (
    Assigned,
    Closed,
    Found,
    IssueClosed,
    IssueConfirmed,
    IssueFound,
    IssueHandled,
    IssueReopened,
    IssueReturned,
    IssueTransferred,
    Planned,
    RequesterContacted,
)
from services.facts.issue_words import (
    After,
    Channel,
    ContactMeans,
    EscalateReason,
    Finding,
    ReopenReason,
    Reply,
    Resolution,
    ReturnReason,
    SuspendReason,
    Tier,
    ticket_id,
)
from services.kernel.clocks import (
    DeadlineEnded,
    DeadlineSet,
)
from services.kernel.facts import CounterpartyConfirmed
from services.kernel.testing import (
    MONDAY,
)
from services.workflows.issue import (
    RETURNS_MAX,
    Assess,
    Assign,
    Check,
    Classify,
    Close,
    Confirm,
    Contact,
    Escalate,
    FeedBack,
    Find,
    FormPlan,
    Handle,
    Reopen,
    Resume,
    Return,
    Suspend,
    Transfer,
)
from tests.workflows.issues import (
    AT_C1,
    AUDITOR,
    CLOSED,
    COMMUNITY,
    DISPATCHER,
    FED_BACK,
    FOUND,
    GENERAL,
    HANDLED,
    NEW,
    OTHER_UNIT,
    RESIDENT,
    SYSTEM,
    UNIT,
    assigned,
    classified,
)

# ---- intake


def test_a_resident_is_their_own_requester() -> None:
    FOUND.then(IssueFound(about=AT_C1, channel=Channel.IN_PERSON, requester="p1", opened_at=MONDAY))
    NEW.when(RESIDENT, Find(area="c1", requester="p2")).refused("for_oneself")


def test_what_was_seen_on_patrol_has_no_requester() -> None:
    found = NEW.when(COMMUNITY, Find(area="c1", channel=Channel.PATROL))
    found.then(IssueFound(about=About(area="c1"), channel=Channel.PATROL, opened_at=MONDAY))


def test_what_is_taken_down_for_a_resident_says_so() -> None:
    found = NEW.when(COMMUNITY, Find(area="c1", requester="p1", channel=Channel.HOTLINE))
    assert found.facts[0].about.provenance is Provenance.ORGANISER


def test_classifying_may_name_the_category_and_follows_assessing_or_finding() -> None:
    assessed = FOUND.when(COMMUNITY, Assess()).recorded("issue.assessed")
    told = assessed.when(COMMUNITY, Classify(tier=Tier.MAJOR, category="traffic"))
    assert told.facts[0].about.category == "traffic"
    classified(Tier.MAJOR).recorded("issue.classified", "deadline.set")


# ---- the three tiers (seed 003)


@pytest.mark.parametrize(
    ("tier", "limit"),
    [
        (Tier.GENERAL, timedelta(hours=1)),
        (Tier.MAJOR, timedelta(days=1)),
        (Tier.COMPLEX, timedelta(weeks=1)),
    ],
)
def test_each_tier_has_its_limit_from_classification_on(tier: Tier, limit: timedelta) -> None:
    begun = classified(tier).recorded("issue.classified", "deadline.set")
    assert [fact.due_at for fact in begun.facts if isinstance(fact, DeadlineSet)] == [
        MONDAY + limit
    ]


def test_a_general_issue_handled_within_the_hour_is_on_time() -> None:
    HANDLED.then(
        IssueHandled(
            about=AT_C1.at(unit="u1"),
            resolution=Resolution.SOLVED,
            tier=Tier.GENERAL,
            holder="w1",
            opened_at=MONDAY,
        ),
        DeadlineEnded(
            about=AT_C1.at(unit="u1"),
            clock="issue.settle",
            tier="general",
            on_time=True,
            due_at=MONDAY + timedelta(hours=1),
            took_seconds=1_800,
        ),
    )


def test_a_major_issue_handled_after_a_day_is_late() -> None:
    late = assigned(Tier.MAJOR).later(hours=25).when(UNIT, Handle(resolution=Resolution.SOLVED))
    ended = [fact for fact in late.facts if isinstance(fact, DeadlineEnded)]
    assert [fact.on_time for fact in ended] == [False]


def test_a_plan_stops_the_clock_of_a_complex_issue_and_solves_nothing() -> None:
    planned = assigned(Tier.COMPLEX).later(days=6).when(UNIT, FormPlan())
    planned.recorded("issue.plan_formed", "deadline.ended")
    assert isinstance(planned.state, Planned)
    handled = planned.later(days=60).when(UNIT, Handle(resolution=Resolution.SOLVED))
    handled.recorded("issue.handled")


def test_a_plan_is_no_way_out_of_the_hour() -> None:
    GENERAL.when(UNIT, FormPlan()).refused("only_complex")


def test_the_clock_stands_still_while_suspended_and_the_unit_cannot_stop_it() -> None:
    GENERAL.when(UNIT, Suspend(reason=SuspendReason.APPROVAL)).refused("not_yours")
    waiting = GENERAL.later(minutes=20).when(COMMUNITY, Suspend(reason=SuspendReason.REQUESTER))
    waiting.recorded("issue.suspended", "deadline.rested")
    on = waiting.later(days=3).when(UNIT, Resume()).recorded("issue.resumed", "deadline.resumed")
    assert isinstance(on.state, Assigned)
    done = on.later(minutes=39).when(UNIT, Handle(resolution=Resolution.SOLVED))
    assert [f.on_time for f in done.facts if isinstance(f, DeadlineEnded)] == [True]


def test_a_suspended_plan_goes_on_as_a_plan() -> None:
    planned = assigned(Tier.COMPLEX).when(UNIT, FormPlan())
    waiting = planned.when(COMMUNITY, Suspend(reason=SuspendReason.SEASON))
    assert isinstance(waiting.when(UNIT, Resume()).state, Planned)


# ---- who has it


def test_a_return_gives_it_back_and_the_clock_runs_on() -> None:
    back = GENERAL.when(UNIT, Return(reason=ReturnReason.NOT_OURS))
    back.then(
        IssueReturned(about=AT_C1.at(unit="u1"), reason=ReturnReason.NOT_OURS),
    )
    assert back.case is not None
    assert back.case.about.unit is None
    assert back.case.clocks["settle"].due_at == MONDAY + timedelta(hours=1)


def test_what_is_on_no_list_names_the_list() -> None:
    GENERAL.when(UNIT, Return(reason=ReturnReason.NOT_ON_LIST)).refused("name_the_list")


def test_a_number_of_the_hotline_is_one_case() -> None:
    ticket = {"area": "c1", "ticket": "GD-1", "channel": Channel.HOTLINE}
    (found,) = NEW.when(COMMUNITY, Find.model_validate(ticket)).facts
    assert isinstance(found, IssueFound)
    assert (found.row_id, found.channel) == ("GD-1", Channel.HOTLINE)
    ids = {Find.model_validate(ticket).case_id(one) for one in (COMMUNITY, DISPATCHER)}
    assert ids == {ticket_id("GD-1")} != {ticket_id("GD-2")}
    NEW.when(RESIDENT, Find.model_validate(ticket)).refused("ticket_by_intake")
    NEW.when(COMMUNITY, Find(area="c1", ticket="GD-1")).refused("of_the_hotline")


def test_an_issue_is_not_returned_for_ever() -> None:
    now = GENERAL
    for _ in range(RETURNS_MAX):
        now = now.when(UNIT, Return(reason=ReturnReason.NOT_OURS))
        now = now.when(DISPATCHER, Assign(unit="u1"))
    now.when(UNIT, Return(reason=ReturnReason.NOT_OURS)).refused("returns_used_up")
    now.when(DISPATCHER, Transfer(unit="u2")).recorded("issue.transferred")


def test_a_transfer_names_both_units() -> None:
    moved = GENERAL.when(DISPATCHER, Transfer(unit="u2"))
    moved.then(
        IssueTransferred(about=AT_C1.at(unit="u2", provenance=Provenance.SELF), from_unit="u1")
    )
    moved.when(UNIT, Handle(resolution=Resolution.SOLVED)).refused("not_yours")
    moved.when(OTHER_UNIT, Handle(resolution=Resolution.SOLVED)).recorded(
        "issue.handled", "deadline.ended"
    )
    GENERAL.when(DISPATCHER, Transfer(unit="u1")).refused("same_unit")


def test_the_requester_is_told_who_is_at_it() -> None:
    told = GENERAL.later(minutes=10).when(UNIT, Contact(means=ContactMeans.PHONE))
    told.then(
        RequesterContacted(about=AT_C1.at(unit="u1"), means=ContactMeans.PHONE, opened_at=MONDAY)
    )
    assert told.state == GENERAL.state


def test_a_higher_level_is_told_and_nothing_moves() -> None:
    told = GENERAL.when(SYSTEM, Escalate(reason=EscalateReason.OVERDUE))
    assert told.recorded("issue.escalated").state == GENERAL.state


# ---- three facts of being solved


def test_declared_confirmed_and_verified_are_three_facts_by_three_people() -> None:
    confirmed = FED_BACK.when(RESIDENT, Confirm(solved=True))
    confirmed.recorded("issue.confirmed", "record.counterparty_confirmed")
    assert confirmed.facts[0] == IssueConfirmed(
        about=AT_C1.at(unit="u1", provenance=Provenance.SELF), requester="p1"
    )
    checked = confirmed.when(AUDITOR, Check(finding=Finding.SOLVED)).recorded("issue.verified")
    closed = checked.when(COMMUNITY, Close(resolution=Resolution.SOLVED))
    closed.recorded("issue.closed", "record.counterparty_confirmed")
    assert [f.of_fact for f in closed.facts[1:] if isinstance(f, CounterpartyConfirmed)] == [
        "issue.closed"
    ]
    FED_BACK.when(COMMUNITY, Confirm(solved=True)).refused("not_yours")
    FED_BACK.when(UNIT, Check(finding=Finding.SOLVED)).refused("not_yours")


def test_a_no_of_the_requester_is_a_reopening() -> None:
    again = FED_BACK.when(RESIDENT, Confirm(solved=False))
    again.then(
        IssueReopened(
            about=AT_C1.at(unit="u1", provenance=Provenance.SELF),
            reason=ReopenReason.NOT_SOLVED,
            after=After.REPLY,
            opened_at=MONDAY,
        )
    )
    assert isinstance(again.state, Found)
    assert again.state.about.unit is None
    assert again.state.matter.reply is Reply.AWAITED


def test_an_auditor_who_finds_it_unsolved_reopens_it() -> None:
    checked = FED_BACK.when(AUDITOR, Check(finding=Finding.NOT_SOLVED))
    checked.recorded("issue.verified", "issue.reopened")


# ---- closing is not solving


def test_what_its_handler_did_not_solve_is_not_closed_as_solved() -> None:
    explained = GENERAL.when(UNIT, Handle(resolution=Resolution.EXPLAINED)).when(UNIT, FeedBack())
    explained.when(COMMUNITY, Close(resolution=Resolution.SOLVED)).refused("not_declared_solved")
    closed = explained.when(COMMUNITY, Close(resolution=Resolution.EXPLAINED))
    assert isinstance(closed.state, Closed)
    FOUND.when(COMMUNITY, Close(resolution=Resolution.SOLVED)).refused("not_declared_solved")


def test_what_was_closed_without_an_answer_says_so() -> None:
    aside = FOUND.when(COMMUNITY, Close(resolution=Resolution.NOT_IN_SCOPE))
    aside.then(
        IssueClosed(
            about=AT_C1,
            resolution=Resolution.NOT_IN_SCOPE,
            reply=Reply.NONE,
            requester="p1",
            counted_from=MONDAY,
            reopen_until=MONDAY + timedelta(days=30),
        )
    )
    assert [fact.reply for fact in CLOSED.facts if isinstance(fact, IssueClosed)] == [Reply.EARLIER]


def test_people_say_how_it_ended_only_sources_may_leave_it_open() -> None:
    FOUND.when(COMMUNITY, Close(resolution=Resolution.NOT_STATED)).refused("import_only")


def test_a_closed_issue_is_reopened_for_a_month() -> None:
    soon = CLOSED.later(days=29)
    soon.when(COMMUNITY, Reopen(reason=ReopenReason.CAME_BACK)).recorded("issue.reopened")
    again = soon.when(RESIDENT, Confirm(solved=False)).recorded("issue.reopened")
    assert [f.after for f in again.facts if isinstance(f, IssueReopened)] == [After.CLOSED]
    late = CLOSED.later(days=31)
    late.when(COMMUNITY, Reopen(reason=ReopenReason.CAME_BACK)).refused("reopen_too_late")
    late.when(RESIDENT, Confirm(solved=False)).refused("reopen_too_late")
    confirmed = late.when(RESIDENT, Confirm(solved=True))
    confirmed.recorded("issue.confirmed", "record.counterparty_confirmed")
    assert [f.of_fact for f in confirmed.facts if isinstance(f, CounterpartyConfirmed)] == [
        "issue.closed"
    ]


def test_a_closing_is_confirmed_only_by_a_yes_to_what_was_done_before_it() -> None:
    CLOSED.recorded("issue.closed")
    again = FED_BACK.when(RESIDENT, Confirm(solved=False)).when(
        COMMUNITY, Classify(tier=Tier.GENERAL)
    )
    handled = again.when(DISPATCHER, Assign(unit="u1")).when(
        UNIT, Handle(resolution=Resolution.SOLVED)
    )
    handled.when(UNIT, FeedBack()).when(COMMUNITY, Close(resolution=Resolution.SOLVED)).recorded(
        "issue.closed"
    )
