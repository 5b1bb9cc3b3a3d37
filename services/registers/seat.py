"""席位 · Seat: bodies, how many seats they have, who holds them, and for how long.

Stream `seat/<code>`. How many part-time and full-time seats there are at least and at most stands
in the variant (a street grand committee has 7 to 9 part-time ones, a community's 5 to 7). Too few:
the body is short, and a clock runs. Too many: nobody is seated, and whoever asks is told the limit
and the holders. A seat counts in the books of its holder's unit, and is taken back from there.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Annotated

from services.facts.seat import (
    Body,
    BodyCode,
    BodyConstituted,
    BodyDissolved,
    Complete,
    Constituted,
    FromUnit,
    Full,
    Holder,
    Role,
    Seat,
    SeatFilled,
    SeatKind,
    SeatRenewed,
    SeatTerms,
    SeatVacated,
    Short,
    Until,
    VacateReason,
    Way,
)
from services.kernel.words import AreaCode, Label, Name, Party, Refusal, UnitCode, days, refuse
from services.kernel.workflow import About, Clock, Command, Context, Workflow

KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY)

FULL_ALREADY = Refusal(
    "full_already",
    "{body} 的{kind}席位最多 {limit} 名，已满，现任：{holders}（{case}）",
    "{body} has {limit} {kind_en} seats at most, all held: {holders} ({case})",
)
SEATED_ALREADY = Refusal(
    "seated_already",
    "{person} 已任{role}（{case}）",
    "{person} is seated already ({role_en}, {case})",
)
NOT_SEATED = Refusal("not_seated", "{person} 未在该机构任职", "{person} holds no seat there")
FROM_NO_UNIT = Refusal(
    "from_no_unit",
    "兼职委员须来自辖区单位，请填写所代表单位",
    "a part-time seat is for somebody of a unit: say which",
)
TERM_OVER_BEFORE = Refusal(
    "term_over_before", "任期 {until} 已过", "a term until {until} is over before it begins"
)
STILL_SEATED = Refusal(
    "still_seated",
    "还有 {seats} 人任职，请先离任",
    "{seats} people still hold seats: they vacate them first",
)


class Constitute(Command, zh="组建机构", by=KEEPERS):
    """Set up a body under a code of its own."""

    code: BodyCode
    area: AreaCode
    unit: UnitCode | None = None
    name: Annotated[Name | None, Label("名称", "Name")] = None

    def decide(self, seat: None, context: Context) -> BodyConstituted:
        """Under the terms of its variant."""
        terms = context.terms_of(SeatTerms)
        return BodyConstituted(
            about=About(
                area=self.area,
                unit=self.unit,
                variant=context.variant,
                provenance=context.said_by(None),
            ),
            code=self.code,
            name=self.name,
            part_time_max=terms.part_time_max or 0,
            full_time_max=terms.full_time_max or 0,
            terms=terms,
        )


class Fill(Command, zh="任职", by=(*KEEPERS, Party.HANDLER)):
    """Seat somebody."""

    person: Holder
    seat_kind: SeatKind = SeatKind.PART_TIME
    role: Role = Role.MEMBER
    way: Way = Way.APPOINTED
    from_unit: FromUnit = None
    until: Until = None

    def decide(self, seat: Constituted, context: Context) -> SeatFilled:
        """Once each, as many as there may be, and from where they must come."""
        body = seat.body
        if (held := body.of(self.person)) is not None:
            label = held.role.label
            case = f"seat/{body.code}"
            refuse(
                SEATED_ALREADY,
                person=self.person,
                case=case,
                role=label.zh,
                role_en=label.en.lower(),
            )
        if body.is_full(self.seat_kind):
            label = self.seat_kind.label
            refuse(
                FULL_ALREADY,
                body=body.code,
                case=f"seat/{body.code}",
                kind=label.zh,
                kind_en=label.en.lower(),
                limit=body.terms.most(self.seat_kind),
                holders="、".join(one.person for one in body.held(self.seat_kind)) or "–",
            )
        books = context.books_of(self.person, seat.about)
        if self.from_unit is not None:
            books = books.model_copy(update={"home_unit": self.from_unit})
        part_time = self.seat_kind is SeatKind.PART_TIME
        if body.terms.from_units and part_time and books.home_unit is None:
            refuse(FROM_NO_UNIT)
        return SeatFilled(
            about=context.said(seat.about, self.person, books=books),
            person=self.person,
            from_unit=books.home_unit,
            seat_kind=self.seat_kind,
            role=self.role,
            way=self.way,
            until=term(self.until, body.terms, context),
        )


class Renew(Command, zh="连任", by=(*KEEPERS, Party.HANDLER)):
    """Seat the same person for a further term."""

    person: Holder
    until: Until = None

    def decide(self, seat: Constituted, context: Context) -> SeatRenewed:
        """Only who holds one."""
        held = seated(seat.body, self.person)
        return SeatRenewed(
            about=context.said(held.about, held.person),
            person=held.person,
            from_unit=held.about.books.home_unit,
            seat_kind=held.kind,
            role=held.role,
            until=term(self.until, seat.body.terms, context),
        )


class Vacate(Command, zh="离任", by=(*KEEPERS, Party.HANDLER, Party.HOLDER)):
    """Free a seat; by default the caller's own."""

    person: Holder | None = None
    reason: VacateReason

    def decide(self, seat: Constituted, context: Context) -> SeatVacated:
        """Only who holds one, and nobody but those who keep it for somebody else."""
        of_its_unit = Party.HANDLER in seat.parties(context.actor)
        person = self.person if of_its_unit else context.person_meant(self.person, KEEPERS)
        held = seated(seat.body, person or context.actor.person)
        return SeatVacated(
            about=context.said(held.about, held.person),
            person=held.person,
            from_unit=held.about.books.home_unit,
            seat_kind=held.kind,
            role=held.role,
            reason=self.reason,
        )


class Dissolve(Command, zh="撤销机构", by=KEEPERS):
    """Say that the body is no more."""

    def decide(self, seat: Constituted, context: Context) -> BodyDissolved:
        """When nobody is seated any more, so that no seat counts."""
        if seat.body.seats:
            refuse(STILL_SEATED, seats=len(seat.body.seats))
        return BodyDissolved(about=context.said(seat.about))


def seated(body: Body, person: str) -> Seat:
    """The seat of that person, or a refusal."""
    held = body.of(person)
    if held is None:
        refuse(NOT_SEATED, person=person)
    return held


def term(until: date | None, terms: SeatTerms, context: Context) -> date | None:
    """The last day of a term that begins now: what is said, else as long as the variant says."""
    today = context.occurred_at.astimezone(context.calendar.zone).date()
    if until is not None and until < today:
        refuse(TERM_OVER_BEFORE, until=until.isoformat())
    if until is None and terms.term_months:
        year, month = divmod(today.year * 12 + today.month - 1 + terms.term_months, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(today.day, last))
    return until


WORKFLOW = Workflow(
    __name__,
    zh="席位",
    key="code",
    terms=SeatTerms,
    in_order=False,
    # How soon, no source says: the rule `seat.fill` does.
    clocks=[Clock("fill", Label("补缺时限", "Fill"), (Short,), days(90), met=(Complete, Full))],
)
