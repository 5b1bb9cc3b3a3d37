"""席位 · Seat, its words, states and facts; what may be done is in the register's file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from events.errors import Broken
from events.fact import Coded, Member, Quantity
from events.places import CODE_PATTERN
from services.kernel.words import (
    Actor,
    Choice,
    Count,
    Help,
    Label,
    Name,
    Party,
    Person,
    Terms,
    UnitCode,
)
from services.kernel.workflow import About, Fact, State

SEATS_MAX = 200
TERM_MONTHS_MAX = 120


class SeatKind(Choice, zh="席位类别", en="Kind of seat"):
    """Beside another job, or as a job."""

    PART_TIME = "part_time", "兼职"
    FULL_TIME = "full_time", "专职"


class Role(Choice, zh="职务", en="Role"):
    """What the holder is there."""

    HEAD = "head", "负责人"
    DEPUTY = "deputy", "副职"
    MEMBER = "member", "委员"
    DIRECTOR = "director", "理事"
    DELEGATE = "delegate", "单位代表", "Delegate of a unit"
    COUNCILLOR = "councillor", "议事代表"
    SUPERVISOR = "supervisor", "监事"
    INSTRUCTOR = "instructor", "党建指导员"
    FIRST_SECRETARY = "first_secretary", "第一书记"
    GRID_LEAD = "grid_lead", "网格长"
    GRID_WORKER = "grid_worker", "网格员"
    GRID_STAFF = "grid_staff", "进网人员", "Staff serving in the grid"
    LIAISON = "liaison", "党建联络员"
    SOCIAL_WORKER = "social_worker", "专职社工"


class Way(Choice, zh="产生方式", en="How chosen"):
    """How the holder came to it."""

    ELECTED = "elected", "选举"
    APPOINTED = "appointed", "选派"
    RECRUITED = "recruited", "公开招聘", "Recruited openly"
    APPLIED = "applied", "本人申请"
    INVITED = "invited", "邀请"
    RECOMMENDED = "recommended", "推荐"
    INTRODUCED = "introduced", "介绍"


class VacateReason(Choice, zh="离任原因", en="Reason"):
    """Why a seat is free again. Nothing that judges anybody."""

    TERM_OVER = "term_over", "任期届满"
    OWN_WISH = "own_wish", "本人请辞", "At their own wish"
    TRANSFERRED = "transferred", "调离"
    REPLACED = "replaced", "单位改派", "The unit sends another"


BodyCode = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["b1"]),
    Label("机构", "Body"),
]
Holder = Annotated[Person, Label("任职人", "Holder")]
FromUnit = Annotated[UnitCode | None, Label("所代表单位", "Of the unit")]
Until = Annotated[date | None, Field(examples=["2021-12-31"]), Label("任期至", "Until")]
Least = Annotated[int, Field(ge=0, le=SEATS_MAX)]
Most = Annotated[int | None, Field(ge=0, le=SEATS_MAX), Help("不填为不限", "None: no limit")]


class SeatTerms(Terms):
    """What a variant fixes."""

    part_time_min: Annotated[Least, Label("兼职席位下限", "Part-time seats, least")] = 0
    part_time_max: Annotated[Most, Label("兼职席位上限", "Part-time seats, most")] = None
    full_time_min: Annotated[Least, Label("专职席位下限", "Full-time seats, least")] = 0
    full_time_max: Annotated[Most, Label("专职席位上限", "Full-time seats, most")] = None
    from_units: Annotated[bool, Label("兼职须来自单位", "Part-time seats are for units")] = False
    term_months: Annotated[
        int,
        Field(ge=0, le=TERM_MONTHS_MAX),
        Label("任期月数", "Months of a term"),
        Help("0 为不定", "0: open"),
    ] = 0

    @model_validator(mode="after")
    def _fits(self) -> SeatTerms:
        for kind in SeatKind:
            most = self.most(kind)
            if most is not None and most < self.least(kind):
                raise ValueError(f"fewer {kind.value} seats at most than at least")
        return self

    def least(self, kind: SeatKind) -> int:
        """As many there must be."""
        return self.part_time_min if kind is SeatKind.PART_TIME else self.full_time_min

    def most(self, kind: SeatKind) -> int | None:
        """As many there may be."""
        return self.part_time_max if kind is SeatKind.PART_TIME else self.full_time_max


# ---- states


@dataclass(frozen=True)
class Seat:
    """One seat that is held, and where it stands in the books."""

    person: str
    kind: SeatKind
    role: Role
    about: About
    until: date | None


@dataclass(frozen=True)
class Body:
    """What is true of a body."""

    code: str
    terms: SeatTerms
    seats: tuple[Seat, ...] = ()

    def of(self, person: str) -> Seat | None:
        """The seat of that person."""
        return next((seat for seat in self.seats if seat.person == person), None)

    def held(self, kind: SeatKind) -> list[Seat]:
        """The seats of that kind that are held."""
        return [seat for seat in self.seats if seat.kind is kind]

    def is_full(self, kind: SeatKind) -> bool:
        """Whether as many are held as there may be."""
        most = self.terms.most(kind)
        return most is not None and len(self.held(kind)) >= most

    def with_seat(self, seat: Seat) -> Body:
        """The same with one more held. Raises Broken where a correction leaves none for it."""
        if self.of(seat.person) is not None:
            raise Broken(f"{seat.person} is seated already")
        if self.is_full(seat.kind):
            raise Broken(f"no {seat.kind.value} seat is left")
        return replace(self, seats=(*self.seats, seat))

    def without(self, person: str) -> Body:
        """The same with that seat free. Raises Broken where there is none, any more."""
        if self.of(person) is None:
            raise Broken(f"{person} holds no seat")
        return replace(self, seats=tuple(one for one in self.seats if one.person != person))


class Constituted(State):
    """There is such a body."""

    body: Body

    def parties(self, actor: Actor) -> set[Party]:
        """Its holders, beside the unit it belongs to."""
        found = {Party.HOLDER} if self.body.of(actor.person) else set()
        return found | super().parties(actor)


class Short(Constituted, zh="缺额"):
    """Fewer are seated than there must be."""


class Complete(Constituted, zh="已配齐"):
    """As many as there must be, and there may be more."""


class Full(Constituted, zh="满额"):
    """As many as there may be, of every kind that is limited."""


class Dissolved(State, zh="已撤销"):
    """It is no more."""

    body: Body


def standing(about: About, body: Body) -> Short | Complete | Full:
    """Where its seats leave a body."""
    terms = body.terms
    if any(len(body.held(kind)) < terms.least(kind) for kind in SeatKind):
        return Short(about, body)
    limited = [kind for kind in SeatKind if terms.most(kind)]
    if limited and all(body.is_full(kind) for kind in limited):
        return Full(about, body)
    return Complete(about, body)


# ---- facts


class BodyConstituted(Fact, zh="机构已组建"):
    """There is such a body from now on, under these terms."""

    code: BodyCode
    name: Annotated[Name | None, Label("名称", "Name")] = None
    part_time_max: Annotated[Count, Quantity, Label("兼职席位上限", "Part-time seats")] = 0
    full_time_max: Annotated[Count, Quantity, Label("专职席位上限", "Full-time seats")] = 0
    terms: Annotated[SeatTerms, Label("条款", "Terms")]

    def apply(self, seat: None) -> Short | Complete:
        """Nobody is seated yet."""
        body = Body(self.code, self.terms)
        state = standing(self.about, body)
        return Complete(self.about, body) if isinstance(state, Full) else state


class OfSeat(Fact):
    """What every fact of a seat says: who, of which unit, and which seat."""

    person: Annotated[Holder, Member]
    from_unit: Annotated[FromUnit, Member] = None
    seat_kind: Annotated[SeatKind, Coded]
    role: Annotated[Role, Coded]


class SeatFilled(OfSeat, zh="已任职"):
    """Somebody holds a seat. Source: 吸纳7-9名…兼职委员 (seed 000)."""

    way: Way
    until: Until = None

    def apply(self, seat: Constituted) -> Short | Complete | Full:
        """One more."""
        taken = Seat(self.person, self.seat_kind, self.role, self.about, self.until)
        return standing(seat.about, seat.body.with_seat(taken))


class SeatRenewed(OfSeat, zh="已连任"):
    """The same holder for a further term."""

    until: Until = None

    def apply(self, seat: Constituted) -> Short | Complete | Full:
        """Nothing but the term."""
        held = seat.body.of(self.person)
        if held is None:
            raise Broken(f"{self.person} holds no seat")
        body = seat.body.without(self.person).with_seat(replace(held, until=self.until))
        return standing(seat.about, body)


class SeatVacated(OfSeat, zh="已离任"):
    """A seat is free again, taken back from where it stood."""

    reason: VacateReason

    def apply(self, seat: Constituted) -> Short | Complete | Full:
        """One fewer."""
        return standing(seat.about, seat.body.without(self.person))


class BodyDissolved(Fact, zh="机构已撤销"):
    """It is no more."""

    def apply(self, seat: Constituted) -> Dissolved:
        """For good."""
        return Dissolved(seat.about, seat.body)
