"""Clocks run in states: tiers, rests, working days, rules, and what a void in the middle leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.kernel.calendar import Calendar
from services.kernel.catalogue import entry_of
from services.kernel.clocks import (
    DeadlineEnded,
    DeadlineRested,
    DeadlineResumed,
    DeadlineSet,
    ExtensionReason,
)
from services.kernel.corrections import Void, VoidReason
from services.kernel.records import Extend, Miss
from services.kernel.testing import MONDAY, Story, story
from services.kernel.words import Actor, days, hours, weeks, working_days
from tests.kernel.lamp import WORKFLOW, Grade, Mend, Report, Resume, Tier, Wait

RESIDENT = Actor("p1", roles=frozenset({"resident"}), area="c1")
COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
WORKER = Actor("w1", "u1", frozenset({"worker"}), "c1")
LEADER = Actor("l1", roles=frozenset({"leader"}), area="c1")
TIMER = Actor("timer", roles=frozenset({"system"}))

REPORTED = story(entry_of(WORKFLOW)).when(RESIDENT, Report(pole="l7"))
WEEKDAYS = Calendar()
FRIDAY_NOON = datetime(2018, 3, 9, 4, 0, tzinfo=UTC)


def due(now: Story) -> datetime | None:
    assert now.case is not None
    return now.case.clocks["mend"].due_at


def test_a_clock_may_begin_anew_where_its_tier_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gates of a project: what each took is counted, and the next has a time of its own."""
    monkeypatch.setitem(WORKFLOW.clocks, "mend", replace(WORKFLOW.clocks["mend"], restarts=True))
    graded = REPORTED.later(hours=9).when(COMMUNITY, Grade(tier=Tier.MAJOR))
    ended, begun = graded.facts[1:]
    assert isinstance(ended, DeadlineEnded)
    assert (ended.tier, ended.on_time, ended.took_seconds) == ("general", False, 9 * 3_600)
    assert isinstance(begun, DeadlineSet)
    assert (begun.tier, begun.started_at) == ("major", MONDAY + timedelta(hours=9))


def test_limits_are_seconds_on_the_wall_or_on_working_days() -> None:
    assert [limit.seconds for limit in (hours(1), days(1), weeks(1), working_days(1))] == [
        3_600,
        86_400,
        604_800,
        86_400,
    ]
    assert WEEKDAYS.due(FRIDAY_NOON, days(1)) == FRIDAY_NOON + timedelta(days=1)


def test_working_days_leave_out_the_weekend() -> None:
    assert WEEKDAYS.due(FRIDAY_NOON, working_days(1)) == FRIDAY_NOON + timedelta(days=3)
    saturday = FRIDAY_NOON + timedelta(days=1)
    monday_midnight = datetime(2018, 3, 12, 16, 0, tzinfo=UTC)
    assert WEEKDAYS.due(saturday, working_days(1)) == monday_midnight


def test_holidays_are_left_out_and_make_up_days_count() -> None:
    calendar = Calendar(free=frozenset({date(2018, 3, 12)}), worked=frozenset({date(2018, 3, 10)}))
    assert calendar.due(FRIDAY_NOON, working_days(1)) == FRIDAY_NOON + timedelta(days=1)
    assert calendar.due(FRIDAY_NOON, working_days(2)) == FRIDAY_NOON + timedelta(days=4)


def test_counted_time_is_the_inverse_of_due() -> None:
    for count in (1, 2, 7):
        end = WEEKDAYS.due(FRIDAY_NOON, working_days(count))
        assert WEEKDAYS.spent(FRIDAY_NOON, end, working=True) == count * 86_400
    assert WEEKDAYS.spent(MONDAY, FRIDAY_NOON, working=False) == 4 * 86_400 + 3 * 3_600
    assert WEEKDAYS.spent(FRIDAY_NOON, MONDAY, working=True) == 0


def test_a_calendar_without_a_working_day_is_refused() -> None:
    never = Calendar(free=frozenset(MONDAY.date() + timedelta(days=n) for n in range(4_000)))
    with pytest.raises(AssertionError, match="no working day"):
        never.due(MONDAY, working_days(1))


def test_a_change_of_tier_keeps_the_beginning() -> None:
    graded = REPORTED.later(hours=5).when(COMMUNITY, Grade(tier=Tier.MAJOR))
    fact = graded.facts[1]
    assert isinstance(fact, DeadlineSet)
    assert (fact.started_at, fact.tier, fact.working) == (MONDAY, "major", True)
    assert due(graded) == MONDAY + timedelta(days=1)
    graded.when(COMMUNITY, Grade(tier=Tier.MAJOR)).recorded("lamp.graded")


def test_a_clock_rests_and_goes_on_with_what_was_left() -> None:
    waiting = REPORTED.later(hours=3).when(WORKER, Wait())
    rested = waiting.facts[1]
    assert isinstance(rested, DeadlineRested)
    assert rested.left_seconds == 5 * 3_600
    assert due(waiting) is None
    again = waiting.later(days=2).when(WORKER, Resume())
    resumed = again.facts[1]
    assert isinstance(resumed, DeadlineResumed)
    assert resumed.due_at == again.now + timedelta(hours=5)
    mended = again.later(hours=5).when(WORKER, Mend())
    ended = mended.facts[1]
    assert isinstance(ended, DeadlineEnded)
    assert ended.on_time


def test_what_was_overdue_stays_overdue_through_a_rest() -> None:
    waiting = REPORTED.later(hours=9).when(WORKER, Wait())
    mended = waiting.later(days=1).when(WORKER, Mend())
    mended.recorded("lamp.seen", "lamp.mended", "deadline.ended")
    assert not mended.facts[2].data()["on_time"]


def test_working_time_rests_in_working_time() -> None:
    friday = REPORTED.knowing(now=FRIDAY_NOON).when(COMMUNITY, Grade(tier=Tier.MAJOR))
    assert friday.case is not None
    begun = story(entry_of(WORKFLOW), now=FRIDAY_NOON).when(RESIDENT, Report(pole="l7"))
    begun = begun.when(COMMUNITY, Grade(tier=Tier.MAJOR)).later(hours=6).when(WORKER, Wait())
    assert begun.facts[1].data()["left_seconds"] == 18 * 3_600
    assert due(begun.later(days=1).when(WORKER, Resume())) == datetime(
        2018, 3, 12, 10, 0, tzinfo=UTC
    )


def test_a_rule_of_the_register_comes_before_the_declared_limit() -> None:
    ruled = story(entry_of(WORKFLOW), limits={"lamp.mend.general": hours(2)})
    assert due(ruled.when(RESIDENT, Report(pole="l7"))) == MONDAY + timedelta(hours=2)
    other = story(entry_of(WORKFLOW), limits={"lamp.mend": hours(3)})
    assert due(other.when(RESIDENT, Report(pole="l7"))) == MONDAY + timedelta(hours=3)


def test_a_void_in_the_middle_leaves_the_clock_as_if_it_had_not_been() -> None:
    waiting = REPORTED.later(hours=3).when(WORKER, Wait())
    back = waiting.later(hours=1).when(WORKER, Void(reason=VoidReason.TYPING))
    back.recorded("record.voided")
    assert due(back) == MONDAY + timedelta(hours=8)


def test_a_void_of_a_grade_brings_the_old_limit_back() -> None:
    graded = REPORTED.later(hours=1).when(COMMUNITY, Grade(tier=Tier.MAJOR))
    again = graded.later(hours=1).when(WORKER, Wait()).when(WORKER, Resume())
    back = again.when(COMMUNITY, Void(revision=3, reason=VoidReason.TYPING))
    assert back.case is not None
    clock = back.case.clocks["mend"]
    assert (clock.tier, clock.due_at) == ("general", MONDAY + timedelta(hours=8))


def test_a_clock_stands_once_among_those_that_had_to_be_kept() -> None:
    """From when it is missed or ends, whatever comes after: open and overdue is not left out."""
    kept = REPORTED.later(hours=3).when(WORKER, Mend())
    assert [fact.due for fact in kept.facts if isinstance(fact, DeadlineEnded)] == [1]
    missed = REPORTED.later(hours=9).when(TIMER, Miss(clock="mend"))
    until = missed.now + timedelta(hours=2)
    given = missed.when(LEADER, Extend(clock="mend", until=until, reason=ExtensionReason.WEATHER))
    again = given.later(hours=3).when(TIMER, Miss(clock="mend"))
    late = again.later(hours=1).when(WORKER, Mend())
    said = [event.content["data"] for event in late.events]
    assert [one["due"] for one in said if "due" in one] == [1, 0, 0]
    in_time = given.later(hours=1).when(WORKER, Mend())
    ended = in_time.facts[-1]
    assert isinstance(ended, DeadlineEnded)
    assert (ended.on_time, ended.due) == (True, 0)
