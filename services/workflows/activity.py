"""活动 · Activity: planned, announced, held, with who was there; once, or once in every period.

Meetings, lessons, theme days, clean-ups: what differs stands in the terms of a variant. One that is
periodic is a case that lives on: each session is held in its period or recorded as missed, so
“held of due” (应开展) is a count of facts. Nothing of what was said stands here: numbers, roles,
opaque ids, and whether minutes were published.

Source: seed 000 (每月15日主题党日, 联席会议), seed 001 (每季度专题会议), seed 002 (三会一课,
月初公示), seed 004 (读书会).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.facts import venue
from services.facts.activity import (
    PEOPLE_MAX,
    Activity,
    ActivityAnnounced,
    ActivityCancelled,
    ActivityHeld,
    ActivityPlanned,
    ActivityTerms,
    Agenda,
    Announced,
    AttendanceRecorded,
    Between,
    CancelReason,
    Coming,
    Director,
    FollowKind,
    FollowStream,
    Measure,
    MinutesPublished,
    Notice,
    Output,
    Past,
    PeriodsMissed,
    PlannedFor,
    ResultLinked,
    Role,
    Shown,
    Venue,
)
from services.facts.activity_sessions import (
    awaited,
    day_of,
    due,
    first_period,
    held,
    missed_before,
)
from services.kernel.periods import Every
from services.kernel.words import Count, Help, Label, Party, Person, Refusal, TeamCode, refuse
from services.kernel.workflow import Clock, Command, Context, Opening, Workflow

ORGANISERS = (Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN, Party.LEADER)
HOSTS = (Party.HOLDER, Party.HANDLER, *ORGANISERS)
"""Who may speak for an activity: whoever directs it, its unit, or an organiser."""

NOT_TO_COME = Refusal(
    "not_to_come", "计划时间须在 {now} 之后", "it is planned for a time after {now}"
)
NOT_ANNOUNCED = Refusal("not_announced", "须先公示再开展", "it is announced before it is held")
NO_SUCH_VENUE = Refusal(
    "no_such_venue", "阵地 {venue} 未登记或已停用", "the venue {venue} is not in use"
)
NOT_PERIODIC = Refusal(
    "not_periodic", "不是定期活动，没有期次", "it is not periodic: it has no periods"
)
NOT_OVER = Refusal(
    "not_over", "本期到 {until} 才结束", "the period it is due in is not over before {until}"
)
NOT_HELD = Refusal("not_held", "尚未开展，不能记录", "it has not been held yet")
NUMBERS_ONLY = Refusal(
    "numbers_only", "此类活动只记人数，不记人员", "of this kind of activity only numbers are kept"
)
ENTERED_ALREADY = Refusal(
    "entered_already", "{person} 已记录参加本次活动", "{person} is entered for this session already"
)
FEWER_THAN_NAMED = Refusal(
    "fewer_than_named",
    "列名 {named} 人，多于人次 {number}",
    "{named} people are named, and only {number} were there",
)
OUTPUT_INCOMPLETE = Refusal(
    "output_incomplete", "产出须同时写数量和单位", "an output has both a quantity and a measure"
)
MINUTES_ALREADY = Refusal(
    "minutes_already", "本次纪要已公布", "the minutes of this session are published"
)
NO_SUCH_CASE = Refusal(
    "no_such_case", "没有 {by} 这一案件，请先立案", "there is no case {by} here: start it first"
)

Team = Annotated[
    TeamCode | None, Label("承办队伍", "Team"), Help("由服务队开展时填写", "Where a team holds it")
]
NoLater = Annotated[
    PlannedFor | None,
    Help(
        "非定期活动留空：已经开展，直接登记",
        "Not periodic and empty: it was held, and is put on record",
    ),
]
People = Annotated[
    tuple[Person, ...],
    Field(max_length=PEOPLE_MAX, examples=[["p1", "p2"]]),
    Label("参加人", "People"),
    Help("可不列名，只填人次", "Need not be named: a number is enough"),
]


class Plan(Opening, zh="策划", by=[Party.WORKER, *ORGANISERS]):
    """Plan it, lay down that it is periodic, or put one on record that was held."""

    director: Director = None
    team: Team = None
    venue: Venue = None
    planned_for: NoLater = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """The venue must be in use."""
        return in_venue(self.venue)

    def decide(self, nothing: None, context: Context) -> ActivityPlanned | ActivityHeld:
        """A periodic one is due from the first period in which its day is still to come."""
        terms = context.terms_of(ActivityTerms)
        check_venue(self.venue, context)
        about = self.about(context)
        if self.team is not None:
            about = about.at(books=about.books.model_copy(update={"team": self.team}))
        agenda = Agenda(terms, self.director, self.venue)
        periodic = terms.every is not Every.ONCE
        if self.planned_for is None and not periodic:
            if terms.announce_first:
                refuse(NOT_ANNOUNCED)
            return held(about, agenda, context, terms=terms)
        if self.planned_for is not None:
            check_to_come(self.planned_for, context)
        first = first_period(terms, context) if periodic else None
        return ActivityPlanned(
            about=about,
            form=terms.form,
            every=terms.every,
            director=self.director,
            venue=self.venue,
            planned_for=self.planned_for,
            awaited=first.first if first else None,
            due_at=due(terms, first, self.planned_for, context),
            terms=terms,
        )


class Announce(Command, zh="公示", by=HOSTS):
    """Say for all to see when, where, and who directs it; again where that changes."""

    planned_for: PlannedFor
    director: Director = None
    venue: Venue = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """The venue must be in use."""
        return in_venue(self.venue)

    def decide(self, activity: Coming, context: Context) -> ActivityAnnounced:
        """Short notice is recorded as such."""
        agenda, terms = activity.agenda, activity.agenda.terms
        check_to_come(self.planned_for, context)
        check_venue(self.venue, context)
        ahead = (day_of(self.planned_for, context) - day_of(context.occurred_at, context)).days
        period = awaited(agenda)
        return ActivityAnnounced(
            about=context.said(activity.about),
            form=terms.form,
            notice=Notice.IN_TIME if ahead >= terms.announce_days else Notice.SHORT,
            director=self.director or agenda.director,
            venue=self.venue or agenda.venue,
            planned_for=self.planned_for,
            due_at=due(terms, period, self.planned_for, context),
        )


class Hold(Command, zh="开展", by=HOSTS):
    """Say that it was held."""

    director: Director = None
    output: Output | None = None
    output_measure: Measure | None = None

    def decide(
        self, activity: Coming, context: Context
    ) -> ActivityHeld | tuple[PeriodsMissed, ActivityHeld]:
        """In its period, or in a later one: then those between were missed."""
        agenda = activity.agenda
        if agenda.terms.announce_first and not isinstance(activity, Announced):
            refuse(NOT_ANNOUNCED)
        if (self.output is None) != (self.output_measure is None):
            refuse(OUTPUT_INCOMPLETE)
        about = context.said(activity.about)
        session = held(
            about,
            agenda,
            context,
            director=self.director or agenda.director,
            output=self.output,
            measure=self.output_measure,
        )
        missed = missed_before(activity, context)
        return session if missed is None else (missed, session)


class Lapse(
    Command, zh="记未开展", en="Record as not held", by=[Party.SYSTEM, Party.AUDITOR, *HOSTS]
):
    """Put on record that whole periods went by without it."""

    def decide(self, activity: Coming, context: Context) -> PeriodsMissed:
        """Only those that are over."""
        period = awaited(activity.agenda)
        if period is None:
            refuse(NOT_PERIODIC)
        missed = missed_before(activity, context)
        if missed is None:
            refuse(NOT_OVER, until=period.until.isoformat())
        return missed


class RecordAttendance(Command, zh="记录参加", by=HOSTS):
    """Say how many were there, in which role; people may be named by their opaque ids."""

    role: Role
    number: Annotated[
        Count | None,
        Label("人次", "Person-times"),
        Help("留空为列名人数", "Empty: as many as are named"),
    ] = None
    people: People = ()
    minutes: Annotated[Count, Label("人均分钟", "Minutes each")] = 0

    def decide(
        self, activity: Past | Between | Announced, context: Context
    ) -> tuple[AttendanceRecorded, ...]:
        """One fact for each person named, in their own books, and one for all the others."""
        agenda, named = activity.agenda, tuple(dict.fromkeys(self.people))
        if agenda.held_at is None:
            refuse(NOT_HELD)
        if named and (agenda.terms.headcount_only or self.role is Role.CHILD):
            refuse(NUMBERS_ONLY)
        for person in named:
            if person in agenda.present:
                refuse(ENTERED_ALREADY, person=person)
        number = len(named) if self.number is None else self.number
        if number < len(named):
            refuse(FEWER_THAN_NAMED, named=len(named), number=number)
        facts = [self._of(activity, context, 1, person) for person in named]
        if number > len(named) or not named:
            facts.append(self._of(activity, context, number - len(named)))
        return tuple(facts)

    def _of(
        self, activity: Activity, context: Context, number: int, person: str | None = None
    ) -> AttendanceRecorded:
        about = context.said(activity.about, person)
        if person is not None:
            about = about.at(books=context.books_of(person, about))
        return AttendanceRecorded(
            about=about,
            role=self.role,
            form=activity.agenda.terms.form,
            number=number,
            minutes=self.minutes,
            person=person,
        )


class PublishMinutes(Command, zh="公布纪要", by=HOSTS):
    """Say that the minutes of the last session are published, and how many matters they have."""

    matters: Annotated[Count, Field(ge=1), Label("议题数", "Matters")] = 1

    def decide(self, activity: Past | Between | Announced, context: Context) -> MinutesPublished:
        """Once for each session."""
        if activity.agenda.held_at is None:
            refuse(NOT_HELD)
        if activity.agenda.minutes:
            refuse(MINUTES_ALREADY)
        return MinutesPublished(
            about=context.said(activity.about),
            matters=self.matters,
            form=activity.agenda.terms.form,
        )


class LinkResult(Command, zh="衔接成果", en="Link what came of it", by=HOSTS):
    """Say which case goes on with what was decided."""

    by_case: FollowStream

    def reads(self, kind: str) -> tuple[str, ...]:
        """It must be there."""
        return (self.by_case,)

    def decide(self, activity: Past | Between | Announced, context: Context) -> ResultLinked:
        """Any time after it was held."""
        if activity.agenda.held_at is None:
            refuse(NOT_HELD)
        case = context.cases.get(self.by_case)
        if case is None or case.state is None:
            refuse(NO_SUCH_CASE, by=self.by_case)
        about = context.said(activity.about)
        return ResultLinked(about=about, follow=FollowKind(case.kind), by=self.by_case)


class Cancel(Command, zh="取消", by=HOSTS):
    """Say that it is not held, or that a periodic one is a duty no more."""

    reason: CancelReason

    def decide(self, activity: Coming, context: Context) -> ActivityCancelled:
        """Always with the reason."""
        about = context.said(activity.about)
        return ActivityCancelled(about=about, form=activity.agenda.terms.form, reason=self.reason)


def in_venue(code: str | None) -> tuple[str, ...]:
    """The stream of a venue."""
    return (f"venue/{code}",) if code else ()


def check_venue(code: str | None, context: Context) -> None:
    """Refuse a venue that is not in use."""
    if code is not None:
        case = context.cases.get(f"venue/{code}")
        if case is None or not isinstance(case.state, venue.InUse):
            refuse(NO_SUCH_VENUE, venue=code)


def check_to_come(planned_for: datetime, context: Context) -> None:
    """Nobody plans for yesterday."""
    if planned_for <= context.occurred_at:
        refuse(NOT_TO_COME, now=context.occurred_at.isoformat())


WORKFLOW = Workflow(
    __name__,
    zh="活动",
    terms=ActivityTerms,
    feedback=Shown,
    deeds=[AttendanceRecorded],
    clocks=[
        Clock(
            "hold",
            Label("开展时限", "Hold"),
            runs=(Coming,),
            met=(Past,),
            until="due_at",
            extensions=0,
        )
    ],
)
