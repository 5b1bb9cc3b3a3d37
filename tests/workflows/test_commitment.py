"""The commitment: promised by a date, published, reported on, kept or not; moved by others only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from events.fact import About, Books, Provenance
from services.facts.commitment import (
    CommitmentDeclared,
    CommitmentDenied,
    CommitmentMet,
    CommitmentMissed,
    CommitmentMoved,
    CommitmentPublished,
    CommitmentTerms,
    CommitmentWithdrawn,
    Met,
    Missed,
    MissReason,
    MoveReason,
    ProgressReported,
    Rhythm,
    WithdrawReason,
)
from services.kernel.calendar import SHANGHAI
from services.kernel.catalogue import only
from services.kernel.clocks import DeadlineEnded, DeadlineSet
from services.kernel.corrections import Correct, CorrectionReason, Void, VoidReason
from services.kernel.records import ConfirmRecord, Extend
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Party
from services.workflows.commitment import (
    Declare,
    Deny,
    FallShort,
    Meet,
    Move,
    Publish,
    Report,
    Withdraw,
    period_of,
)

CATALOGUE = only("commitment")
MEMBER = Actor("m1", unit="u1", roles=frozenset({"worker"}), area="c1")
COLLEAGUE = Actor("m2", unit="u1", roles=frozenset({"worker"}), area="c1")
COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
LEADER = Actor("l1", roles=frozenset({"leader"}), area="c1")

TOWN = Registers(
    areas=frozenset({"c1"}),
    units=frozenset({"u1", "u2"}),
    teams=frozenset(),
    people={"m1": Books(home_unit="u1")},
)
YEAR_END = date(2018, 12, 31)
DUE = datetime(2018, 12, 31, 16, 0, tzinfo=UTC)
"""The end of the year in Shanghai."""

NEW = story(CATALOGUE.entry("commitment"), registers=TOWN)
DECLARED = NEW.when(MEMBER, Declare(item="stairs", due_on=YEAR_END))
PUBLIC = story(CATALOGUE.entry("public_pledge"), registers=TOWN).when(
    MEMBER, Declare(due_on=YEAR_END)
)
WEEKLY = story(CATALOGUE.entry("weekly_duty"), registers=TOWN).when(
    MEMBER, Declare(due_on=YEAR_END)
)
QUOTA = story(CATALOGUE.entry("quota"), registers=TOWN).when(
    MEMBER, Declare(target=3, due_on=YEAR_END)
)
KEPT = DECLARED.later(days=10).when(MEMBER, Meet())

MINE = About(area="c1", unit="u1", books=Books(home_unit="u1"))


def due(now: Story) -> datetime | None:
    assert now.case is not None
    return now.case.clocks["keep"].due_at


def reports(now: Story) -> tuple[int, int]:
    fact = now.facts[0]
    assert isinstance(fact, ProgressReported)
    return fact.reports_due, fact.reports_made


# ---- promising


def test_a_promise_is_due_at_the_end_of_its_day() -> None:
    fact, clock = DECLARED.facts
    assert fact == CommitmentDeclared(
        about=MINE,
        person="m1",
        item="stairs",
        due_at=DUE,
        declared_at=MONDAY,
        terms=CommitmentTerms(),
    )
    assert isinstance(clock, DeadlineSet)
    assert (clock.clock, clock.due_at) == ("commitment.keep", DUE)
    assert clock.limit_seconds == int((DUE - MONDAY).total_seconds())


def test_a_date_before_the_promise_is_refused() -> None:
    NEW.when(MEMBER, Declare(due_on=date(2018, 3, 4))).refused("past_due")


def test_a_unit_promises_through_its_own_people() -> None:
    promised = NEW.when(MEMBER, Declare(unit="u1", due_on=YEAR_END))
    assert promised.facts[0].about == About(area="c1", unit="u1")
    assert "person" not in promised.events[0].content["data"]
    promised.when(COLLEAGUE, Report()).recorded("commitment.progress_reported")
    NEW.when(MEMBER, Declare(unit="u2", due_on=YEAR_END)).refused("for_oneself")
    NEW.when(COMMUNITY, Declare(unit="u2", due_on=YEAR_END)).recorded(
        "commitment.declared", "deadline.set"
    )


def test_a_persons_promise_is_their_own() -> None:
    NEW.when(MEMBER, Declare(person="m2", due_on=YEAR_END)).refused("for_oneself")
    DECLARED.when(COLLEAGUE, Meet()).refused("not_yours")
    assert DECLARED.case is not None
    assert DECLARED.case.parties(COLLEAGUE) == {Party.WORKER, Party.HOME_UNIT}


def test_it_is_taken_back_only_before_anybody_was_told() -> None:
    DECLARED.when(MEMBER, Withdraw(reason=WithdrawReason.MISTAKE)).then(
        CommitmentWithdrawn(about=MINE, item="stairs", reason=WithdrawReason.MISTAKE),
        *DECLARED.when(MEMBER, Withdraw(reason=WithdrawReason.MISTAKE)).facts[1:],
    )
    published = DECLARED.when(MEMBER, Publish())
    published.then(CommitmentPublished(about=MINE, person="m1", item="stairs"))
    published.when(MEMBER, Withdraw(reason=WithdrawReason.MISTAKE)).refused("not_now")


def test_a_public_pledge_is_published_before_anything_else() -> None:
    PUBLIC.when(MEMBER, Report()).refused("not_published")
    PUBLIC.when(MEMBER, Meet()).refused("not_published")
    PUBLIC.when(MEMBER, Publish()).when(MEMBER, Report()).recorded("commitment.progress_reported")


# ---- reports due and made


def test_periods_are_weeks_from_monday_months_and_quarters() -> None:
    sunday, monday = MONDAY - timedelta(days=1), MONDAY
    weekly = Rhythm.WEEKLY
    assert period_of(monday, weekly, SHANGHAI) == period_of(sunday, weekly, SHANGHAI) + 1
    assert period_of(monday, weekly, SHANGHAI) == period_of(
        monday + timedelta(days=6), weekly, SHANGHAI
    )
    assert period_of(MONDAY, Rhythm.MONTHLY, SHANGHAI) == 2018 * 12 + 2
    assert period_of(MONDAY, Rhythm.QUARTERLY, SHANGHAI) == 2018 * 4
    assert period_of(MONDAY, Rhythm.NONE, SHANGHAI) == 0


def test_a_week_counts_once_and_skipped_weeks_count_as_due() -> None:
    first = WEEKLY.when(MEMBER, Report())
    assert reports(first) == (1, 1)
    again = first.later(days=2).when(MEMBER, Report())
    assert reports(again) == (0, 0)
    fourth = again.later(days=19).when(MEMBER, Report())
    assert reports(fourth) == (3, 1)
    kept = fourth.later(days=14).when(MEMBER, Meet())
    fact = kept.facts[0]
    assert isinstance(fact, CommitmentMet)
    assert fact.reports_due == 1


def test_where_no_reports_are_asked_for_none_are_due() -> None:
    assert reports(DECLARED.later(days=40).when(MEMBER, Report())) == (0, 0)


# ---- keeping


def test_it_is_kept_as_those_say_who_promised_and_others_confirm_it() -> None:
    fact, clock = KEPT.facts
    assert fact == CommitmentMet(
        about=MINE, person="m1", item="stairs", due_at=DUE, reports_due=0, period=0
    )
    assert isinstance(clock, DeadlineEnded)
    assert clock.on_time
    KEPT.when(COMMUNITY, ConfirmRecord(revision=None)).recorded("record.counterparty_confirmed")


def test_those_it_was_promised_to_may_deny_it() -> None:
    denied = KEPT.later(days=1).when(COMMUNITY, Deny())
    fact = denied.facts[0]
    assert fact == CommitmentDenied(
        about=MINE.at(provenance=Provenance.ORGANISER), person="m1", item="stairs"
    )
    assert due(denied) == DUE
    own = Actor("m1", roles=frozenset({"leader"}))
    KEPT.when(own, Deny()).refused("own_promise")
    denied.when(MEMBER, Meet()).recorded("commitment.met", "deadline.ended")


def test_a_quota_is_kept_when_all_of_it_is_done() -> None:
    two = QUOTA.when(MEMBER, Report(done=2))
    two.when(MEMBER, Meet()).refused("short_of_target")
    two.when(MEMBER, Meet(done=1)).recorded("commitment.met", "deadline.ended")
    assert CommitmentDeclared.shape().quantities == ("target", "due_at")


def test_what_is_not_kept_stays_overdue_until_it_is() -> None:
    missed = DECLARED.later(days=310).when(COMMUNITY, FallShort(reason=MissReason.NO_MEANS))
    fact = missed.facts[0]
    assert fact == CommitmentMissed(
        about=MINE.at(provenance=Provenance.ORGANISER),
        person="m1",
        item="stairs",
        reason=MissReason.NO_MEANS,
        reports_due=0,
        period=0,
    )
    assert isinstance(missed.state, Missed)
    late = missed.later(days=3).when(MEMBER, Meet())
    ended = late.facts[1]
    assert isinstance(late.state, Met)
    assert isinstance(ended, DeadlineEnded)
    assert not ended.on_time


def test_before_its_date_only_who_promised_says_that_it_will_not_be_kept() -> None:
    word = FallShort(reason=MissReason.NO_TIME)
    DECLARED.when(COMMUNITY, word).refused("not_due_yet")
    DECLARED.when(MEMBER, word).recorded("commitment.missed")


# ---- moving the date


def test_the_date_is_moved_by_others_and_once() -> None:
    spring = Move(due_on=date(2019, 3, 31), reason=MoveReason.FUNDS)
    moved = DECLARED.when(LEADER, spring)
    fact, clock = moved.facts
    later = datetime(2019, 3, 31, 16, 0, tzinfo=UTC)
    assert fact == CommitmentMoved(
        about=MINE.at(provenance=Provenance.ORGANISER), due_at=later, reason=MoveReason.FUNDS
    )
    assert isinstance(clock, DeadlineSet)
    assert (clock.started_at, clock.due_at) == (MONDAY, later)
    moved.when(LEADER, Move(due_on=date(2019, 6, 30), reason=MoveReason.FUNDS)).refused(
        "moved_enough"
    )
    DECLARED.when(LEADER, Move(due_on=date(2018, 6, 30), reason=MoveReason.FUNDS)).refused(
        "not_later"
    )
    own = Actor("m1", roles=frozenset({"leader"}))
    DECLARED.when(own, spring).refused("own_promise")
    DECLARED.when(MEMBER, spring).refused("not_yours")
    QUOTA.when(LEADER, spring).refused("moved_enough")


def test_the_clock_is_not_extended_apart_from_the_date() -> None:
    word = {"clock": "keep", "until": "2019-03-31T00:00:00Z", "reason": "complex"}
    DECLARED.when(Actor("s1", roles=frozenset({"street"})), Extend.model_validate(word)).refused(
        "extended_enough"
    )


def test_a_corrected_date_corrects_the_clock() -> None:
    summer = "2018-06-30T16:00:00.000000Z"
    put_right = DECLARED.when(
        MEMBER, Correct(changes={"due_at": summer}, reason=CorrectionReason.TYPING)
    )
    put_right.recorded("record.corrected")
    assert due(put_right) == datetime(2018, 6, 30, 16, 0, tzinfo=UTC)


def test_a_move_taken_back_brings_the_old_date_back() -> None:
    moved = DECLARED.when(LEADER, Move(due_on=date(2019, 3, 31), reason=MoveReason.JOINT))
    back = moved.when(LEADER, Void(reason=VoidReason.TYPING))
    assert due(back) == DUE


@pytest.mark.parametrize("name", ["pledge", "duty_item", "meeting_item"])
def test_the_variants_are_the_same_with_other_terms(name: str) -> None:
    declared = story(CATALOGUE.entry(name), registers=TOWN).when(MEMBER, Declare(due_on=YEAR_END))
    assert declared.facts[0].about.variant == name
