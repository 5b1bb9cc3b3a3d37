"""The fund: planned above its floor, never more spent than allocated, nor more paid than came."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.errors import Refused
from events.fact import About, Provenance
from services.facts.fund import (
    AccountAudited,
    AccountPublished,
    Audited,
    Available,
    Finding,
    Floor,
    FundAllocated,
    FundBudgeted,
    FundReceived,
    FundTerms,
    Published,
    Purpose,
    RejectReason,
    SpendApproved,
    SpendPaid,
    SpendRejected,
    SpendRequested,
    Spent,
)
from services.kernel.catalogue import only
from services.kernel.clocks import DeadlineEnded, DeadlineSet
from services.kernel.corrections import Correct, CorrectionReason, Void, VoidReason
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor
from services.workflows.fund import (
    Allocate,
    Approve,
    Audit,
    Budget,
    Pay,
    Publish,
    RaiseBudget,
    Receive,
    Reject,
    Request,
)

CATALOGUE = only("fund")
STREET = Actor("s1", roles=frozenset({"street"}), area="c1")
LEADER = Actor("l1", roles=frozenset({"leader"}), area="c1")
COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
WORKER = Actor("w1", roles=frozenset({"worker"}), area="c1")
AUDITOR = Actor("a1", roles=frozenset({"auditor"}), area="c1")

TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1"}), teams=frozenset())
YUAN = 100
FLOOR = 100_000 * YUAN

EARMARKED = story(CATALOGUE.entry("earmarked_fund"), registers=TOWN)
BUDGETED = EARMARKED.when(STREET, Budget(fund_year=2018, budgeted_fen=120_000 * YUAN))
ALLOCATED = BUDGETED.when(STREET, Allocate(allocated_fen=60_000 * YUAN))
RECEIVED = ALLOCATED.when(COMMUNITY, Receive(received_fen=50_000 * YUAN))
REQUESTED = RECEIVED.when(
    COMMUNITY, Request(purpose=Purpose.ACTIVITIES, requested_fen=20_000 * YUAN)
)
APPROVED = REQUESTED.when(STREET, Approve(number=1, approved_fen=18_000 * YUAN))
PAID = APPROVED.when(COMMUNITY, Pay(number=1))
PUBLISHED = PAID.later(days=20).when(COMMUNITY, Publish())

INCOME = story(CATALOGUE.entry("collective_income"), registers=TOWN).when(
    STREET, Budget(fund_year=2018, budgeted_fen=100 * YUAN)
)

HERE = About(area="c1", variant="earmarked_fund")


def left(told: Story) -> object:
    """What the last refusal said is left."""
    assert isinstance(told.error, Refused)
    return told.error.fields["left"]


# ---- planned, allocated, received


def test_no_less_is_planned_than_the_floor() -> None:
    EARMARKED.when(STREET, Budget(fund_year=2018, budgeted_fen=FLOOR - 1)).refused("below_floor")
    BUDGETED.then(
        FundBudgeted(
            about=HERE,
            fund_year=2018,
            floor=Floor.BELOW,
            budgeted_fen=120_000 * YUAN,
            terms=FundTerms(floor_fen=FLOOR),
        )
    )


@pytest.mark.parametrize(
    ("name", "yuan"),
    [("earmarked_fund", 100_000), ("work_fund", 60_000), ("service_fund", 200_000)],
)
def test_the_floors_are_those_of_the_variants(name: str, yuan: int) -> None:
    entry = CATALOGUE.entry(name)
    assert entry.terms is not None
    assert entry.terms.model_dump()["floor_fen"] == yuan * YUAN


def test_the_allocation_that_reaches_the_floor_says_so() -> None:
    ALLOCATED.then(
        FundAllocated(about=HERE, fund_year=2018, floor=Floor.BELOW, allocated_fen=60_000 * YUAN)
    )
    reached = ALLOCATED.when(STREET, Allocate(allocated_fen=40_000 * YUAN, giver="u1"))
    assert reached.events[-1].content["data"]["floor"] == "reached"
    passed = reached.when(STREET, Allocate(allocated_fen=1))
    assert passed.events[-1].content["data"]["floor"] == "passed"
    plain = story(CATALOGUE.entry("fund")).when(STREET, Budget(fund_year=2018, budgeted_fen=9))
    none = plain.when(STREET, Allocate(allocated_fen=9))
    assert none.events[-1].content["data"]["floor"] == "none"


def test_no_more_is_allocated_than_was_budgeted() -> None:
    over = ALLOCATED.when(STREET, Allocate(allocated_fen=60_001 * YUAN))
    assert left(over) == 60_000 * YUAN
    over.refused("over_budget")
    more = ALLOCATED.when(STREET, RaiseBudget(raised_fen=1 * YUAN))
    more.when(STREET, Allocate(allocated_fen=60_001 * YUAN)).recorded("fund.allocated")
    BUDGETED.when(STREET, RaiseBudget(raised_fen=1)).recorded("fund.budget_raised")
    ALLOCATED.when(COMMUNITY, Allocate(allocated_fen=1)).refused("not_yours")
    unknown = ALLOCATED.when(STREET, Allocate(allocated_fen=1, giver="u77"))
    assert "u77" in str(unknown.error)


def test_no_more_comes_than_was_allocated() -> None:
    RECEIVED.then(FundReceived(about=HERE, fund_year=2018, received_fen=50_000 * YUAN))
    RECEIVED.when(COMMUNITY, Receive(received_fen=10_001 * YUAN)).refused("not_allocated")
    BUDGETED.when(COMMUNITY, Receive(received_fen=1)).refused("not_allocated")


def test_own_income_is_there_when_it_has_come() -> None:
    INCOME.when(STREET, Allocate(allocated_fen=1)).refused("own_income")
    come = INCOME.when(COMMUNITY, Receive(received_fen=5_860_000 * YUAN))
    assert isinstance(come.state, Available)
    asked = come.when(COMMUNITY, Request(purpose=Purpose.WORKS, requested_fen=5_860_000 * YUAN))
    asked.when(STREET, Approve(number=1)).when(COMMUNITY, Pay(number=1)).recorded(
        "fund.spend_paid", "deadline.set"
    )


# ---- asking, approving, paying


def test_somebody_asks_for_so_much_on_something() -> None:
    REQUESTED.then(
        SpendRequested(
            about=HERE,
            number=1,
            purpose=Purpose.ACTIVITIES,
            requested_fen=20_000 * YUAN,
            person="k1",
        )
    )
    over = RECEIVED.when(WORKER, Request(purpose=Purpose.VENUE, requested_fen=60_001 * YUAN))
    assert left(over) == 60_000 * YUAN
    over.refused("more_than_left")
    BUDGETED.when(COMMUNITY, Request(purpose=Purpose.VENUE, requested_fen=1)).refused("not_now")


def test_a_fund_is_for_what_its_rule_says() -> None:
    fund = story(CATALOGUE.entry("service_fund"), registers=TOWN)
    budgeted = fund.when(STREET, Budget(fund_year=2018, budgeted_fen=200_000 * YUAN))
    there = budgeted.when(STREET, Allocate(allocated_fen=200_000 * YUAN))
    refused = there.when(COMMUNITY, Request(purpose=Purpose.OFFICE, requested_fen=1))
    assert isinstance(refused.error, Refused)
    assert "党群活动" in str(refused.error.zh)
    refused.refused("wrong_purpose")
    there.when(COMMUNITY, Request(purpose=Purpose.ACTIVITIES, requested_fen=1)).recorded(
        "fund.spend_requested"
    )


def test_no_more_is_approved_than_was_allocated() -> None:
    two = REQUESTED.when(WORKER, Request(purpose=Purpose.VENUE, requested_fen=45_000 * YUAN))
    first = two.when(STREET, Approve(number=1))
    over = first.when(STREET, Approve(number=2))
    assert left(over) == 40_000 * YUAN
    over.refused("more_than_left")
    first.when(STREET, Approve(number=2, approved_fen=40_000 * YUAN)).recorded(
        "fund.spend_approved"
    )


def test_whoever_asks_does_not_approve_and_whoever_approves_does_not_pay() -> None:
    both = Actor("k1", roles=frozenset({"community", "street"}), area="c1")
    REQUESTED.when(both, Approve(number=1)).refused("own_request")
    APPROVED.when(STREET, Pay(number=1)).refused("own_approval")
    APPROVED.then(
        SpendApproved(
            about=HERE,
            number=1,
            purpose=Purpose.ACTIVITIES,
            approved_fen=18_000 * YUAN,
            approver="s1",
        )
    )


def test_a_request_is_decided_once_and_for_no_more_than_was_asked() -> None:
    REQUESTED.when(LEADER, Approve(number=1, approved_fen=20_001 * YUAN)).refused("above_request")
    APPROVED.when(LEADER, Approve(number=1)).refused("no_such_request")
    REQUESTED.when(LEADER, Approve(number=2)).refused("no_such_request")
    rejected = REQUESTED.when(LEADER, Reject(number=1, reason=RejectReason.TOO_MUCH))
    rejected.then(
        SpendRejected(
            about=HERE, number=1, purpose=Purpose.ACTIVITIES, reason=RejectReason.TOO_MUCH
        )
    )
    rejected.when(LEADER, Approve(number=1)).refused("no_such_request")


def test_what_was_approved_and_is_not_wanted_is_free_again() -> None:
    all_of_it = RECEIVED.when(
        WORKER, Request(purpose=Purpose.VENUE, requested_fen=60_000 * YUAN)
    ).when(STREET, Approve(number=1))
    again = Request(purpose=Purpose.VENUE, requested_fen=1)
    all_of_it.when(WORKER, again).refused("more_than_left")
    free = all_of_it.when(COMMUNITY, Reject(number=1, reason=RejectReason.NOT_NEEDED))
    free.when(WORKER, again).recorded("fund.spend_requested")


def test_no_more_is_paid_than_was_approved_and_has_come() -> None:
    fact, clock = PAID.facts
    assert fact == SpendPaid(
        about=HERE, number=1, purpose=Purpose.ACTIVITIES, paid_fen=18_000 * YUAN
    )
    assert isinstance(clock, DeadlineSet)
    assert isinstance(PAID.state, Spent)
    REQUESTED.when(COMMUNITY, Pay(number=1)).refused("not_approved")
    PAID.when(COMMUNITY, Pay(number=1)).refused("no_such_request")
    APPROVED.when(COMMUNITY, Pay(number=1, paid_fen=18_001 * YUAN)).refused("above_approval")
    big = RECEIVED.when(WORKER, Request(purpose=Purpose.VENUE, requested_fen=55_000 * YUAN))
    approved = big.when(STREET, Approve(number=1))
    short = approved.when(COMMUNITY, Pay(number=1))
    assert left(short) == 50_000 * YUAN
    short.refused("not_come")
    approved.when(COMMUNITY, Pay(number=1, paid_fen=50_000 * YUAN, payee="u1")).recorded(
        "fund.spend_paid", "deadline.set"
    )
    assert "u77" in str(APPROVED.when(COMMUNITY, Pay(number=1, payee="u77")).error)


def test_there_are_only_so_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.workflows.fund.SPENDS_MAX", 1)
    REQUESTED.when(WORKER, Request(purpose=Purpose.VENUE, requested_fen=1)).refused("too_many")


# ---- published, audited


def test_what_was_paid_is_published_within_a_quarter() -> None:
    fact, clock = PUBLISHED.facts
    assert fact == AccountPublished(
        about=HERE, fund_year=2018, spent_fen=18_000 * YUAN, left_fen=42_000 * YUAN
    )
    assert isinstance(clock, DeadlineEnded)
    assert clock.on_time
    assert clock.due_at == PAID.now + timedelta(days=90)
    assert isinstance(PUBLISHED.state, Published)


def test_published_accounts_go_on_and_are_published_anew() -> None:
    more = PUBLISHED.when(WORKER, Request(purpose=Purpose.VENUE, requested_fen=1))
    paid = more.when(LEADER, Approve(number=2)).when(COMMUNITY, Pay(number=2))
    paid.recorded("fund.spend_paid", "deadline.set")
    PUBLISHED.when(STREET, Allocate(allocated_fen=1)).recorded("fund.allocated")


def test_an_account_is_audited_when_it_is_published_and_no_request_is_open() -> None:
    PAID.when(AUDITOR, Audit(finding=Finding.CLEAN)).refused("not_now")
    PUBLISHED.when(STREET, Audit(finding=Finding.CLEAN)).refused("not_yours")
    more = PUBLISHED.when(WORKER, Request(purpose=Purpose.VENUE, requested_fen=1))
    more.when(AUDITOR, Audit(finding=Finding.CLEAN)).refused("open_requests")
    done = PUBLISHED.when(AUDITOR, Audit(finding=Finding.REMARKS, remarks=2))
    done.then(AccountAudited(about=HERE, fund_year=2018, finding=Finding.REMARKS, remarks=2))
    assert isinstance(done.state, Audited)
    done.when(STREET, Allocate(allocated_fen=1)).refused("not_now")


# ---- put right


def test_no_correction_makes_the_figures_contradict_each_other() -> None:
    typing = CorrectionReason.TYPING
    less = {"allocated_fen": 10_000 * YUAN}
    PAID.when(STREET, Correct(revision=2, changes=less, reason=typing)).refused("rest_breaks")
    more = {"budgeted_fen": 130_000 * YUAN}
    PAID.when(STREET, Correct(revision=1, changes=more, reason=typing)).recorded("record.corrected")
    PAID.when(STREET, Void(revision=2, reason=VoidReason.TYPING)).refused("rest_breaks")
    back = PAID.when(COMMUNITY, Void(revision=6, reason=VoidReason.TYPING))
    assert isinstance(back.state, Available)


def test_a_word_said_later_about_something_earlier_is_taken() -> None:
    late = PAID.later(days=3).when(COMMUNITY, Receive(received_fen=1, occurred_at=ALLOCATED.now))
    assert late.facts[0].about.provenance is Provenance.SELF
