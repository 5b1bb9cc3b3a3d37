"""The activity: once or in every period, held of due, numbers and roles, and nobody's words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from events.fact import About, Books, Provenance
from services.facts.activity import (
    ActivityAnnounced,
    ActivityHeld,
    ActivityPlanned,
    ActivityTerms,
    Announced,
    AttendanceRecorded,
    Between,
    Cancelled,
    CancelReason,
    Duty,
    FollowKind,
    Form,
    Held,
    Measure,
    MinutesPublished,
    Notice,
    PeriodsMissed,
    Planned,
    Recorded,
    ResultLinked,
    Role,
)
from services.facts.venue import CloseReason, VenueLevel
from services.kernel.case import Case
from services.kernel.catalogue import only
from services.kernel.clocks import DeadlineSet
from services.kernel.periods import Every
from services.kernel.records import GiveFeedback
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Satisfaction
from services.registers import venue as venues
from services.workflows.activity import (
    Announce,
    Cancel,
    Hold,
    Lapse,
    LinkResult,
    Plan,
    PublishMinutes,
    RecordAttendance,
)
from tests.workflows.issues import FOUND

ACTIVITIES = only("activity")
MINE = Books(home_unit="u1")
TOWN = Registers(
    areas=frozenset({"c1"}),
    units=frozenset({"u1"}),
    teams=frozenset({"t1"}),
    people={"m1": MINE},
)
COMMUNITY = Actor("k1", roles=frozenset({"community"}), area="c1")
DIRECTOR = Actor("d1", area="c1")
WORKER = Actor("w1", roles=frozenset({"worker"}), area="c1")
AUDITOR = Actor("a1", roles=frozenset({"auditor"}))
FRIDAY = MONDAY + timedelta(days=4)
HERE = About(area="c1", variant="culture_event")


def new(variant: str, **changes: Any) -> Story:
    return story(ACTIVITIES.entry(variant), registers=TOWN, **changes)


def on(day: int, month: int = 3) -> datetime:
    """Nine in the morning of a day of 2018, in Shanghai."""
    return datetime(2018, month, day, 1, tzinfo=UTC)


def held_of(now: Story) -> ActivityHeld:
    found = now.facts[-2] if isinstance(now.facts[-1], DeadlineSet) else now.facts[0]
    assert isinstance(found, ActivityHeld)
    return found


PLANNED = new("culture_event").when(COMMUNITY, Plan(director="d1", planned_for=FRIDAY))
ANNOUNCED = PLANNED.when(DIRECTOR, Announce(planned_for=FRIDAY))
HELD = ANNOUNCED.later(days=4).when(DIRECTOR, Hold())


# ---- once


def test_it_is_planned_announced_and_held() -> None:
    fact, clock = PLANNED.facts
    assert isinstance(fact, ActivityPlanned)
    assert (fact.form, fact.every, fact.planned_for) == (Form.CULTURE, Every.ONCE, FRIDAY)
    assert fact.due_at == datetime(2018, 3, 9, 16, tzinfo=UTC)
    assert isinstance(clock, DeadlineSet)
    assert isinstance(PLANNED.state, Planned)
    (announced,) = ANNOUNCED.facts
    assert isinstance(announced, ActivityAnnounced)
    assert (announced.notice, announced.director) == (Notice.IN_TIME, "d1")
    assert isinstance(ANNOUNCED.state, Announced)
    HELD.recorded("activity.held", "deadline.ended")
    assert isinstance(HELD.state, Held)
    assert HELD.facts[0].model_dump()["duty"] is Duty.NONE


def test_short_notice_is_said_to_be_short() -> None:
    late = PLANNED.later(days=2).when(COMMUNITY, Announce(planned_for=FRIDAY))
    assert late.facts[0].model_dump()["notice"] is Notice.SHORT


def test_it_may_be_announced_anew_and_the_clock_goes_with_it() -> None:
    moved = ANNOUNCED.when(COMMUNITY, Announce(planned_for=FRIDAY + timedelta(days=7)))
    moved.recorded("activity.announced", "deadline.set")
    moved.later(days=12).when(DIRECTOR, Hold()).recorded("activity.held", "deadline.ended")


def test_what_is_to_be_announced_first_is() -> None:
    PLANNED.when(COMMUNITY, Hold()).refused("not_announced")
    # Nor is it put on record as held without anybody having been told.
    new("culture_event").when(COMMUNITY, Plan()).refused("not_announced")


def test_nobody_plans_for_yesterday() -> None:
    new("culture_event").when(COMMUNITY, Plan(planned_for=MONDAY)).refused("not_to_come")
    PLANNED.later(days=5).when(COMMUNITY, Announce(planned_for=FRIDAY)).refused("not_to_come")


def test_one_that_was_held_is_put_on_record_in_one_step() -> None:
    held = new("volunteering").when(WORKER, Plan(team="t1"))
    (fact,) = held.facts
    assert isinstance(fact, ActivityHeld)
    assert (fact.form, fact.duty, fact.held_at) == (Form.VOLUNTEERING, Duty.NONE, MONDAY)
    assert fact.about == About(area="c1", variant="volunteering", books=Books(team="t1"))
    assert isinstance(held.state, Held)


def test_it_may_be_cancelled_before_it_is_held() -> None:
    gone = ANNOUNCED.when(COMMUNITY, Cancel(reason=CancelReason.WEATHER))
    gone.recorded("activity.cancelled", "deadline.lifted")
    assert isinstance(gone.state, Cancelled)
    HELD.when(COMMUNITY, Cancel(reason=CancelReason.WEATHER)).refused("not_now")


def test_only_those_who_answer_for_it_say_so() -> None:
    ANNOUNCED.when(WORKER, Hold()).refused("not_yours")
    new("volunteering").when(DIRECTOR, Plan()).refused("not_yours")


def test_what_was_brought_about_has_a_number_and_a_measure() -> None:
    ANNOUNCED.when(DIRECTOR, Hold(output=98)).refused("output_incomplete")
    cleaned = ANNOUNCED.when(DIRECTOR, Hold(output=98, output_measure=Measure.VEHICLES))
    assert cleaned.facts[0].model_dump()["output"] == 98


# ---- who was there


def test_attendance_is_a_number_in_a_role() -> None:
    seen = HELD.when(DIRECTOR, RecordAttendance(role=Role.RESIDENT, number=40))
    seen.then(
        AttendanceRecorded(about=HERE, role=Role.RESIDENT, form=Form.CULTURE, number=40),
    )
    assert isinstance(seen.state, Recorded)
    more = seen.when(DIRECTOR, RecordAttendance(role=Role.VOLUNTEER, number=5, minutes=90))
    more.recorded("activity.attendance_recorded")


def test_people_named_count_in_their_own_books() -> None:
    seen = HELD.when(DIRECTOR, RecordAttendance(role=Role.MEMBER, number=3, people=("m1", "d1")))
    mine, own, others = seen.facts
    assert isinstance(mine, AttendanceRecorded)
    assert (mine.person, mine.number, mine.about.books) == ("m1", 1, MINE)
    assert mine.about.provenance is Provenance.ORGANISER
    assert own.about.provenance is Provenance.SELF
    assert isinstance(others, AttendanceRecorded)
    assert (others.person, others.number) == (None, 1)
    seen.when(DIRECTOR, RecordAttendance(role=Role.VOLUNTEER, people=("m1",))).refused(
        "entered_already"
    )


def test_more_people_are_not_named_than_were_there() -> None:
    HELD.when(DIRECTOR, RecordAttendance(role=Role.MEMBER, number=1, people=("m1", "m2"))).refused(
        "fewer_than_named"
    )


def test_children_are_a_number() -> None:
    HELD.when(DIRECTOR, RecordAttendance(role=Role.CHILD, people=("p1",))).refused("numbers_only")
    school = new("after_school").when(COMMUNITY, Plan())
    school.when(COMMUNITY, RecordAttendance(role=Role.RESIDENT, people=("p1",))).refused(
        "numbers_only"
    )
    school.when(COMMUNITY, RecordAttendance(role=Role.CHILD, number=12)).recorded(
        "activity.attendance_recorded"
    )


def test_nobody_was_there_before_it_was_held() -> None:
    ANNOUNCED.when(DIRECTOR, RecordAttendance(role=Role.MEMBER, number=1)).refused("not_held")
    ANNOUNCED.when(DIRECTOR, PublishMinutes()).refused("not_held")
    ANNOUNCED.when(DIRECTOR, LinkResult(by_case=FOUND.stream)).refused("not_held")


def test_minutes_are_published_once_for_each_session() -> None:
    told = HELD.when(DIRECTOR, PublishMinutes(matters=3))
    told.then(MinutesPublished(about=HERE, matters=3, form=Form.CULTURE))
    told.when(DIRECTOR, PublishMinutes()).refused("minutes_already")
    for field in ("text", "notes", "minutes_text"):
        with pytest.raises(ValidationError, match=field):
            PublishMinutes.model_validate({field: "…"})


def test_what_came_of_it_is_a_case_that_is_there() -> None:
    HELD.when(DIRECTOR, LinkResult(by_case=FOUND.stream)).refused("no_such_case")
    assert FOUND.case is not None
    known = HELD.knowing(cases={FOUND.stream: FOUND.case})
    known.when(DIRECTOR, LinkResult(by_case=FOUND.stream)).then(
        ResultLinked(about=HERE, follow=FollowKind.ISSUE, by=FOUND.stream)
    )


# ---- in every period

THEME_DAY = new("theme_day").when(COMMUNITY, Plan())


def at(now: Story, moment: datetime) -> Story:
    return now.knowing(now=moment)


def test_a_periodic_one_is_due_in_every_period() -> None:
    fact, clock = THEME_DAY.facts
    assert isinstance(fact, ActivityPlanned)
    assert (fact.every, fact.awaited) == (Every.MONTHLY, date(2018, 3, 1))
    assert fact.due_at == datetime(2018, 3, 15, 16, tzinfo=UTC)
    assert isinstance(clock, DeadlineSet)
    after_the_15th = new("theme_day", now=on(16)).when(COMMUNITY, Plan())
    assert after_the_15th.facts[0].model_dump()["awaited"] == date(2018, 4, 1)


def test_held_on_its_day_it_waits_for_the_next_period() -> None:
    held = at(THEME_DAY, on(15)).when(COMMUNITY, Hold())
    held.recorded("activity.held", "deadline.set")
    assert held_of(held).duty is Duty.ON_TIME
    assert isinstance(held.state, Between)
    assert held.state.agenda.awaited == date(2018, 4, 1)
    assert held.state.due_at == datetime(2018, 4, 15, 16, tzinfo=UTC)


@pytest.mark.parametrize(("day", "duty"), [(14, Duty.LATE), (16, Duty.LATE), (15, Duty.ON_TIME)])
def test_on_the_day_means_that_day(day: int, duty: Duty) -> None:
    assert held_of(at(THEME_DAY, on(day)).when(COMMUNITY, Hold())).duty is duty


def test_without_a_day_any_day_of_the_period_will_do() -> None:
    laid_down = new("leading_group_meeting").when(COMMUNITY, Plan())
    held = at(laid_down, on(31)).when(COMMUNITY, Hold())
    assert held_of(held).duty is Duty.ON_TIME
    assert isinstance(held.state, Between)
    assert held.state.agenda.awaited == date(2018, 4, 1)


def test_a_second_session_in_a_period_is_extra() -> None:
    first = at(THEME_DAY, on(15)).when(COMMUNITY, Hold())
    second = first.later(days=5).when(COMMUNITY, Hold())
    assert held_of(second).duty is Duty.EXTRA
    second.recorded("activity.held")
    assert isinstance(second.state, Between)
    assert second.state.agenda.awaited == date(2018, 4, 1)


def test_periods_that_went_by_are_on_record_with_the_next_session() -> None:
    held = at(THEME_DAY, on(15, month=6)).when(COMMUNITY, Hold())
    missed, session, *_ = held.facts
    assert isinstance(missed, PeriodsMissed)
    assert (missed.periods, missed.awaited) == (3, date(2018, 6, 1))
    assert isinstance(session, ActivityHeld)
    # The session that was missed before it: what is awaited now is the period after.
    assert session.duty is Duty.ON_TIME
    assert isinstance(held.state, Between)
    assert held.state.agenda.awaited == date(2018, 7, 1)


def test_an_auditor_may_put_a_missed_period_on_record() -> None:
    at(THEME_DAY, on(31)).when(AUDITOR, Lapse()).refused("not_over")
    lapsed = at(THEME_DAY, on(2, month=4)).when(AUDITOR, Lapse())
    lapsed.recorded("activity.periods_missed", "deadline.set")
    assert isinstance(lapsed.state, Planned)
    lapsed.when(AUDITOR, Lapse()).refused("not_over")
    PLANNED.later(days=90).when(AUDITOR, Lapse()).refused("not_periodic")


def test_attendance_is_that_of_the_last_session() -> None:
    first = at(THEME_DAY, on(15)).when(COMMUNITY, Hold())
    seen = first.when(COMMUNITY, RecordAttendance(role=Role.MEMBER, people=("m1",)))
    assert isinstance(seen.state, Between)
    told = seen.when(COMMUNITY, Announce(planned_for=on(15, month=4)))
    late = told.when(COMMUNITY, RecordAttendance(role=Role.MEMBER, people=("m2",)))
    assert isinstance(late.state, Announced)
    again = at(late, on(15, month=4)).when(COMMUNITY, Hold())
    again.when(COMMUNITY, RecordAttendance(role=Role.MEMBER, people=("m1",))).recorded(
        "activity.attendance_recorded"
    )


def test_those_it_was_for_say_how_it_was() -> None:
    word = GiveFeedback(satisfaction=Satisfaction.BASICALLY)
    ANNOUNCED.when(COMMUNITY, word).refused("not_served")
    HELD.when(COMMUNITY, word).recorded("record.feedback_given")
    held = at(THEME_DAY, on(15)).when(COMMUNITY, Hold())
    held.when(COMMUNITY, word).recorded("record.feedback_given")


def test_a_rota_says_who_directs_the_next_session() -> None:
    club = new("reading_club").when(COMMUNITY, Plan(director="d1"))
    told = club.when(COMMUNITY, Announce(planned_for=FRIDAY, director="d2"))
    assert held_of(told.later(days=4).when(Actor("d2"), Hold())).director == "d2"
    told.later(days=4).when(DIRECTOR, Hold()).refused("not_yours")


def test_a_duty_may_end() -> None:
    held = at(THEME_DAY, on(15)).when(COMMUNITY, Hold())
    gone = held.when(COMMUNITY, Cancel(reason=CancelReason.DUTY_ENDED))
    gone.recorded("activity.cancelled", "deadline.lifted")


@pytest.mark.parametrize(
    "terms",
    [{"day": 3}, {"every": "weekly", "on_the_day": True}, {"every": "daily"}],
)
def test_terms_that_contradict_themselves_are_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ActivityTerms.model_validate(terms)


# ---- where

VENUE = story(only("venue").entry("venue"), stream="venue/v1").when(
    COMMUNITY,
    venues.Register(
        code="v1", name="党群服务中心", area="c1", level=VenueLevel.COMMUNITY, floor=300
    ),
)


def known(of: Story) -> dict[str, Case]:
    assert of.case is not None
    return {of.stream: of.case}


def test_it_is_held_in_a_venue_that_is_in_use() -> None:
    plan = Plan(venue="v1", planned_for=FRIDAY)
    assert plan.reads("activity") == ("venue/v1",)
    new("culture_event").when(COMMUNITY, plan).refused("no_such_venue")
    planned = new("culture_event", cases=known(VENUE)).when(COMMUNITY, plan)
    held = planned.when(COMMUNITY, Announce(planned_for=FRIDAY)).when(COMMUNITY, Hold())
    assert held.facts[0].model_dump()["venue"] == "v1"
    closed = VENUE.when(COMMUNITY, venues.Close(reason=CloseReason.MOVED))
    new("culture_event", cases=known(closed)).when(COMMUNITY, plan).refused("no_such_venue")
    gone = planned.knowing(cases=known(closed))
    gone.when(COMMUNITY, Announce(planned_for=FRIDAY, venue="v1")).refused("no_such_venue")
