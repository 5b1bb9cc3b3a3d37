"""岗位 · Service post: posts that are there for good: opened, held, on a rota, closed.

Stream `service_post/<code>`. Posts that anybody may claim and serve once are the variant `post` of
`claim`, put up from here with this post as their cause. A duty desk, a plaque household or a
cleaner's round is held by the same people until they leave it: never by more than its places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.errors import Broken
from events.fact import Coded, Member, Quantity
from events.places import CODE_PATTERN
from services.kernel.words import (
    Actor,
    AreaCode,
    Choice,
    Count,
    Label,
    Name,
    Party,
    Person,
    Refusal,
    UnitCode,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

PLACES_MAX = 500
SHIFTS_MAX = 21
HOURS = 24
KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.UNIT_ADMIN)
CHANGERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.HANDLER)

HELD_ALREADY = Refusal("held_already", "{person} 已在该岗位", "{person} holds the post already")
NO_PLACE = Refusal(
    "no_place",
    "该岗位 {places} 个名额已满，在岗：{holders}",
    "all {places} places are held: {holders}",
)
NOT_HELD = Refusal("not_held", "{person} 不在该岗位", "{person} does not hold the post")
STILL_HELD = Refusal(
    "still_held", "还有 {holders} 人在岗，请先离岗", "{holders} people still hold it"
)
TOO_FEW_PLACES = Refusal(
    "too_few_places",
    "在岗 {holders} 人，名额不能少于此数",
    "{holders} people hold it: it cannot have fewer places",
)
HOURS_REVERSED = Refusal("hours_reversed", "值班起止时刻有误", "a shift ends after it begins")


class PostKind(Choice, zh="岗位类别", en="Kind of post"):
    """What is done there."""

    POLICY = "policy", "政策宣传", "Explaining policy"
    ORDER = "order", "治安巡逻", "Watch"
    ENVIRONMENT = "environment", "环境卫生", "Cleanliness"
    MEDIATION = "mediation", "矛盾调解"
    CARE = "care", "帮扶关爱", "Care"
    CULTURE = "culture", "文体服务", "Culture and sport"
    DUTY_DESK = "duty_desk", "值班坐班", "Duty desk"
    CENTRE_HOUSEHOLD = "centre_household", "党员中心户", "Plaque household"
    PROPERTY = "property", "保洁保绿", "Cleaning and greening"
    OTHER = "other", "其他"


class Weekday(Choice, zh="星期", en="Weekday"):
    """A day of the week."""

    MONDAY = "monday", "星期一"
    TUESDAY = "tuesday", "星期二"
    WEDNESDAY = "wednesday", "星期三"
    THURSDAY = "thursday", "星期四"
    FRIDAY = "friday", "星期五"
    SATURDAY = "saturday", "星期六"
    SUNDAY = "sunday", "星期日"


class LeaveReason(Choice, zh="离岗原因", en="Reason"):
    """Why a place is free again."""

    OWN_WISH = "own_wish", "本人要求", "At their own wish"
    MOVED_AWAY = "moved_away", "迁出", "Moved away"
    ROTATED = "rotated", "轮换"


PostCode = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["g1"]),
    Label("岗位编号", "Post"),
]
Places = Annotated[Count, Field(ge=1, le=PLACES_MAX, examples=[1]), Label("名额", "Places")]
Incumbent = Annotated[Person, Label("在岗人员", "Who holds it")]


class Shift(BaseModel):
    """One stretch of a rota, by the hour."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekday: Weekday
    from_hour: Annotated[int, Field(ge=0, lt=HOURS, examples=[9]), Label("自（时）", "From")]
    to_hour: Annotated[int, Field(ge=1, le=HOURS, examples=[17]), Label("至（时）", "To")]


Shifts = Annotated[
    tuple[Shift, ...],
    Field(max_length=SHIFTS_MAX, examples=[[{"weekday": "monday", "from_hour": 9, "to_hour": 17}]]),
    Label("值班安排", "Rota"),
]


@dataclass(frozen=True)
class Desk:
    """What is true of a post. `held` says in which books each holder stands."""

    code: str
    post_kind: PostKind
    places: int
    shifts: tuple[Shift, ...] = ()
    held: Mapping[str, About] = field(default_factory=dict)


class ServicePost(State):
    """One post."""

    desk: Desk

    def parties(self, actor: Actor) -> set[Party]:
        """Who holds it, beside the unit it belongs to."""
        found = {Party.HOLDER} if actor.person in self.desk.held else set()
        return found | super().parties(actor)


class Open(ServicePost, zh="已设立"):
    """It is there."""


class Closed(ServicePost, zh="已撤销"):
    """It is no more."""


class PostOpened(Fact, zh="岗位已设立", kind="service_post.opened"):
    """There is such a post from now on."""

    code: PostCode
    post_kind: Annotated[PostKind, Coded]
    name: Annotated[Name | None, Label("名称", "Name")] = None
    places: Annotated[Places, Quantity]

    def apply(self, nothing: None) -> Open:
        """Nobody holds it yet."""
        return Open(self.about, Desk(self.code, self.post_kind, self.places))


class PostRevised(Fact, zh="岗位已调整", kind="service_post.revised"):
    """It has other places, or another rota."""

    post_kind: Annotated[PostKind, Coded]
    places: Annotated[Places, Quantity]
    shifts: Shifts = ()

    def apply(self, post: Open) -> Open:
        """The newest word holds."""
        if self.places < len(post.desk.held):
            raise Broken(f"{len(post.desk.held)} people hold it")
        return Open(post.about, replace(post.desk, places=self.places, shifts=self.shifts))


class PostFilled(Fact, zh="已上岗", kind="service_post.filled"):
    """Somebody holds it from now on, in the books of their own unit."""

    person: Annotated[Incumbent, Member]
    post_kind: Annotated[PostKind, Coded]

    def apply(self, post: Open) -> Open:
        """One place fewer."""
        held = post.desk.held
        if self.person in held or len(held) >= post.desk.places:
            raise Broken(f"there is no place for {self.person}")
        desk = replace(post.desk, held={**held, self.person: self.about})
        return Open(post.about, desk)


class PostLeft(Fact, zh="已离岗", kind="service_post.left"):
    """Somebody holds it no more, taken back from where it counted."""

    person: Annotated[Incumbent, Member]
    post_kind: Annotated[PostKind, Coded]
    reason: Annotated[LeaveReason, Coded]

    def apply(self, post: Open) -> Open:
        """One place more."""
        if self.person not in post.desk.held:
            raise Broken(f"{self.person} does not hold it")
        held = {one: about for one, about in post.desk.held.items() if one != self.person}
        return Open(post.about, replace(post.desk, held=held))


class PostClosed(Fact, zh="岗位已撤销", kind="service_post.closed"):
    """It is no more."""

    post_kind: Annotated[PostKind, Coded]

    def apply(self, post: Open) -> Closed:
        """That it was, stands on record."""
        return Closed(post.about, post.desk)


class OpenPost(Command, zh="设立岗位", en="Open", by=KEEPERS):
    """Set up a post under a code of its own."""

    code: PostCode
    area: AreaCode
    unit: UnitCode | None = None
    post_kind: PostKind
    name: Annotated[Name | None, Label("名称", "Name")] = None
    places: Places = 1

    def decide(self, nothing: None, context: Context) -> PostOpened:
        """Where it is."""
        return PostOpened(
            about=About(area=self.area, unit=self.unit, provenance=context.said_by(None)),
            code=self.code,
            post_kind=self.post_kind,
            name=self.name,
            places=self.places,
        )


class Revise(Command, zh="调整岗位", by=CHANGERS):
    """Give it other places, or a rota; without a rota the one it has stays."""

    places: Places | None = None
    shifts: Shifts | None = None

    def decide(self, post: Open, context: Context) -> PostRevised:
        """Never fewer places than people."""
        desk = post.desk
        places = desk.places if self.places is None else self.places
        if places < len(desk.held):
            refuse(TOO_FEW_PLACES, holders=len(desk.held))
        shifts = desk.shifts if self.shifts is None else self.shifts
        if any(shift.to_hour <= shift.from_hour for shift in shifts):
            refuse(HOURS_REVERSED)
        return PostRevised(
            about=context.said(post.about), post_kind=desk.post_kind, places=places, shifts=shifts
        )


class Fill(Command, zh="上岗", by=(*CHANGERS, Party.WORKER, Party.RESIDENT)):
    """Take up a post; by default the caller."""

    person: Incumbent | None = None

    def decide(self, post: Open, context: Context) -> PostFilled:
        """Once each, and while there is a place."""
        desk = post.desk
        person = context.person_meant(self.person, KEEPERS)
        if person in desk.held:
            refuse(HELD_ALREADY, person=person)
        if len(desk.held) >= desk.places:
            refuse(NO_PLACE, places=desk.places, holders="、".join(desk.held))
        books = context.books_of(person, post.about)
        return PostFilled(
            about=context.said(post.about, person, books=books),
            person=person,
            post_kind=desk.post_kind,
        )


class Leave(Command, zh="离岗", by=(*CHANGERS, Party.HOLDER)):
    """Give up a post; by default the caller's own."""

    person: Incumbent | None = None
    reason: LeaveReason

    def decide(self, post: Open, context: Context) -> PostLeft:
        """Only who holds it."""
        person = context.person_meant(self.person, KEEPERS)
        if person not in post.desk.held:
            refuse(NOT_HELD, person=person)
        return PostLeft(
            about=context.said(post.desk.held[person], person),
            person=person,
            post_kind=post.desk.post_kind,
            reason=self.reason,
        )


class Close(Command, zh="撤销岗位", by=CHANGERS):
    """Say that the post is no more."""

    def decide(self, post: Open, context: Context) -> PostClosed:
        """When nobody holds it any more, so that no place counts."""
        if post.desk.held:
            refuse(STILL_HELD, holders=len(post.desk.held))
        return PostClosed(about=context.said(post.about), post_kind=post.desk.post_kind)


WORKFLOW = Workflow(__name__, zh="岗位", en="Service post", key="code", in_order=False)
