"""活动 · Activity, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from events.clock import Instant
from events.errors import Broken
from events.fact import Coded, Member, Quantity
from events.places import CODE_PATTERN
from services.kernel.periods import Every
from services.kernel.words import (
    Actor,
    Choice,
    Count,
    Help,
    Label,
    Party,
    Person,
    Terms,
)
from services.kernel.workflow import Fact, Note, State

# ---- choices, fields, terms

PEOPLE_MAX = 200
"""People entered by one command."""


class Form(Choice, zh="活动形式", en="Form"):
    """What people come together for."""

    MEETING = "meeting", "会议"
    STUDY = "study", "学习"
    THEME_DAY = "theme_day", "主题党日", "Theme day"
    VOLUNTEERING = "volunteering", "志愿服务"
    CULTURE = "culture", "文体活动", "Culture and sport"
    TRAINING = "training", "培训"
    HELP = "help", "帮扶活动", "Helping out"
    CLEAN_UP = "clean_up", "环境整治", "Clean-up"
    NOTICE = "notice", "公示", "Public notice"


class Duty(Choice, zh="期次履行", en="As a duty"):
    """Whether it was due, and done by the day it was due."""

    NONE = "none", "非定期", "Not a duty"
    ON_TIME = "on_time", "按期"
    LATE = "late", "非按期", "Not on time"
    EXTRA = "extra", "加开", "More than was due"


class Notice(Choice, zh="公示情况", en="Notice"):
    """Whether people heard of it early enough."""

    IN_TIME = "in_time", "提前公示", "In time"
    SHORT = "short", "临时公示", "At short notice"


class Role(Choice, zh="参加者", en="Role"):
    """As what people take part."""

    MEMBER = "member", "党员", "Party member"
    RESIDENT = "resident", "群众", "Resident"
    VOLUNTEER = "volunteer", "志愿者"
    WORKER = "worker", "工作人员"
    DELEGATE = "delegate", "单位代表", "Delegate of a unit"
    CHILD = "child", "未成年人", "Child"


class Measure(Choice, zh="产出单位", en="Output in"):
    """What an output is counted in."""

    TREES = "trees", "株"
    VEHICLES = "vehicles", "车", "Vehicle loads"
    SQUARE_METRES = "square_metres", "平方米"
    ITEMS = "items", "件"
    METRES = "metres", "米"


class CancelReason(Choice, zh="取消原因", en="Reason"):
    """Why it is not held, or not any more."""

    WEATHER = "weather", "天气原因"
    TOO_FEW = "too_few", "人数不足", "Too few people"
    NO_VENUE = "no_venue", "场地不可用"
    EMERGENCY = "emergency", "应急任务"
    DUTY_ENDED = "duty_ended", "定期要求已取消", "It is no longer a duty"


class FollowKind(Choice, zh="成果类型", en="Followed by"):
    """What a meeting leads to."""

    COMMITMENT = "commitment", "承诺事项"
    ISSUE = "issue", "问题"
    PROJECT = "project", "项目"
    CLAIM = "claim", "认领事项", "Item to be claimed"
    DELIBERATION = "deliberation", "议事"
    CALLOUT = "callout", "吹哨"


Director = Annotated[Person | None, Label("主持人", "Director")]
PlannedFor = Annotated[Instant, Label("计划时间", "Planned for")]
DueAt = Annotated[Instant, Label("应开展截止", "To be held by")]
Awaited = Annotated[date | None, Label("应开展期次首日", "First day of the period it is due in")]
Output = Annotated[Count, Label("产出数量", "Output")]
Venue = Annotated[
    str | None,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["v1"]),
    Label("阵地", "Venue"),
]
FollowStream = Annotated[
    str,
    StringConstraints(
        pattern=r"^(commitment|issue|project|claim|deliberation|callout)"
        r"/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
    ),
    Field(examples=["issue/01920000-0000-7000-8000-000000000000"]),
    Label("成果案件", "Followed by"),
]


class ActivityTerms(Terms):
    """What a kind of activity fixes."""

    form: Annotated[Form, Label("活动形式", "Form")] = Form.MEETING
    every: Annotated[Every, Label("周期", "How often")] = Every.ONCE
    day: Annotated[
        int,
        Field(ge=0, le=31),
        Label("期次内第几日", "Day of the period"),
        Help("0 为期次内任一日", "0: any day of it"),
    ] = 0
    on_the_day: Annotated[bool, Label("仅限当日", "On that very day")] = False
    announce_first: Annotated[bool, Label("先公示后开展", "Announced first")] = False
    announce_days: Annotated[int, Field(ge=0, le=60), Label("提前公示天数", "Days of notice")] = 0
    headcount_only: Annotated[
        bool,
        Label("只记人数", "Numbers only"),
        Help("涉及未成年人等，不记姓名编号", "No ids: children take part"),
    ] = False

    @model_validator(mode="after")
    def _day_of_a_period(self) -> ActivityTerms:
        if self.every is Every.ONCE and self.day:
            raise ValueError("what is not periodic has no day of a period")
        if self.on_the_day and not self.day:
            raise ValueError("say on which day of the period it is held")
        return self


# ---- states


@dataclass(frozen=True)
class Agenda:
    """What is true of an activity all its life. `present`: who is entered as having been at the
    last session; `awaited`: the first day of the period it is due in next."""

    terms: ActivityTerms
    director: str | None = None
    venue: str | None = None
    planned_for: Instant | None = None
    awaited: date | None = None
    sessions: int = 0
    held_at: Instant | None = None
    present: frozenset[str] = frozenset()
    minutes: bool = False


class Activity(State):
    """One activity, or one periodic duty with all its sessions."""

    agenda: Agenda

    def parties(self, actor: Actor) -> set[Party]:
        """Whoever directs it, beside its unit."""
        found = super().parties(actor)
        return found | ({Party.HOLDER} if actor.person == self.agenda.director else set())


class Coming(Activity):
    """A session is to come."""

    due_at: Instant


class Shown(Activity):
    """A session was held: it can be judged."""


class Planned(Coming, zh="待公示"):
    """Nobody has heard of it yet."""


class Announced(Coming, zh="待开展"):
    """Everybody knows when and where."""


class Between(Coming, Shown, zh="待下期"):
    """A periodic duty: one session was held, the next is to come."""


class Past(Shown):
    """Held, once."""


class Held(Past, zh="已开展"):
    """Who was there is not on record yet."""


class Recorded(Past, zh="已记录"):
    """Who was there is."""


class Cancelled(Activity, zh="已取消"):
    """Not held, or not any more."""


# ---- facts


class ActivityPlanned(Fact, zh="已策划"):
    """Somebody means to hold it; a periodic one, in every period from now on."""

    form: Annotated[Form, Coded]
    every: Annotated[Every, Coded]
    director: Annotated[Director, Member] = None
    venue: Venue = None
    planned_for: Annotated[PlannedFor | None, Quantity] = None
    awaited: Awaited = None
    due_at: Annotated[DueAt, Quantity]
    terms: Annotated[ActivityTerms, Label("条款", "Terms")]

    def apply(self, nothing: None) -> Planned:
        """The beginning."""
        agenda = Agenda(self.terms, self.director, self.venue, self.planned_for, self.awaited)
        return Planned(self.about, agenda, self.due_at)


class ActivityAnnounced(Fact, zh="已公示"):
    """When, where, and who directs it: for all to see."""

    form: Annotated[Form, Coded]
    notice: Annotated[Notice, Coded]
    director: Annotated[Director, Member] = None
    venue: Venue = None
    planned_for: Annotated[PlannedFor, Quantity]
    due_at: DueAt

    def apply(self, activity: Coming) -> Announced:
        """Announced again where it changes."""
        agenda = replace(
            activity.agenda,
            planned_for=self.planned_for,
            director=self.director,
            venue=self.venue,
        )
        return Announced(activity.about, agenda, self.due_at)


class PeriodsMissed(Fact, zh="期次未开展", en="Periods without a session"):
    """It was due, and was not held."""

    form: Annotated[Form, Coded]
    every: Annotated[Every, Coded]
    periods: Annotated[Count, Quantity, Label("未开展期数", "Periods")]
    awaited: Awaited = None
    due_at: DueAt

    def apply(self, activity: Coming) -> Planned | Between:
        """Due in a later period."""
        agenda = replace(activity.agenda, awaited=self.awaited)
        kind = Between if agenda.sessions else Planned
        return kind(activity.about, agenda, self.due_at)


class ActivityHeld(Fact, zh="已开展"):
    """One session. Source: 开展志愿服务活动4368个 (seed 001)."""

    form: Annotated[Form, Coded]
    duty: Annotated[Duty, Coded]
    periods: Annotated[Count, Quantity, Label("履行期数", "Periods done with it")] = 0
    director: Annotated[Director, Member] = None
    venue: Venue = None
    output: Annotated[Output | None, Quantity] = None
    output_measure: Measure | None = None
    held_at: Annotated[Instant, Label("开展时间", "Held at")]
    awaited: Awaited = None
    due_at: DueAt | None = None
    terms: Annotated[
        ActivityTerms | None,
        Label("条款", "Terms"),
        Help("未经策划、事后登记的才有", "Where it was never planned"),
    ] = None

    def apply(self, activity: Coming | None) -> Held | Between:
        """A periodic duty waits for its next period."""
        before = activity.agenda if activity is not None else self._unplanned()
        agenda = replace(
            before,
            director=self.director,
            venue=self.venue,
            planned_for=None,
            awaited=self.awaited,
            sessions=before.sessions + 1,
            held_at=self.held_at,
            present=frozenset(),
            minutes=False,
        )
        about = activity.about if activity is not None else self.about
        if self.due_at is not None:
            return Between(about, agenda, self.due_at)
        return Held(about, agenda)

    def _unplanned(self) -> Agenda:
        if self.terms is None:
            raise Broken("an activity that begins by being held says its terms")
        return Agenda(self.terms)


class AttendanceRecorded(Fact, zh="参加已记录"):
    """So many were there, in that role; where one person is named, one."""

    role: Annotated[Role, Coded]
    form: Annotated[Form, Coded]
    number: Annotated[Count, Quantity, Label("人次", "Person-times")]
    minutes: Annotated[Count, Quantity, Label("人均分钟", "Minutes each")] = 0
    person: Annotated[Person | None, Member, Label("参加人", "Person")] = None

    def apply(self, activity: Past | Between | Announced) -> Recorded | Between | Announced:
        """Somebody more was there."""
        agenda = activity.agenda
        if self.person is not None:
            agenda = replace(agenda, present=agenda.present | {self.person})
        if isinstance(activity, Past):
            return Recorded(activity.about, agenda)
        return replace(activity, agenda=agenda)


class MinutesPublished(Fact, zh="纪要已公布"):
    """What was decided is known: how many matters, and no text."""

    matters: Annotated[Count, Quantity, Label("议题数", "Matters")]
    form: Annotated[Form, Coded]

    def apply(self, activity: Past | Between | Announced) -> Past | Between | Announced:
        """Of the last session."""
        return replace(activity, agenda=replace(activity.agenda, minutes=True))


class ResultLinked(Note, zh="成果已衔接", en="Followed by a case"):
    """Something came of it that goes its own way."""

    follow: Annotated[FollowKind, Coded]
    by: FollowStream


class ActivityCancelled(Fact, zh="已取消"):
    """Not held, or not any more; the reason stands."""

    form: Annotated[Form, Coded]
    reason: Annotated[CancelReason, Coded]

    def apply(self, activity: Coming) -> Cancelled:
        """The end; what was held stays in the books."""
        return Cancelled(activity.about, activity.agenda)
