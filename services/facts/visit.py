"""走访 · Visit, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from events.clock import Instant
from events.errors import Broken
from events.fact import Coded, Member, Quantity
from services.kernel.words import (
    Actor,
    Choice,
    Count,
    Help,
    Household,
    Label,
    Party,
    Person,
    Terms,
    UnitCode,
)
from services.kernel.workflow import About, Fact, State

# ---- choices, fields, terms

NEEDS_MAX = 20


class Setting(Choice, zh="走访方式", en="Setting"):
    """Where people meet."""

    HOME = "home", "入户家访", "At home"
    ORGANISATION = "organisation", "走访单位", "At an organisation"
    RECEPTION = "reception", "接待来访", "Reception of visitors"
    PATROL = "patrol", "巡查", "On patrol"
    SITE = "site", "联系点指导", "At a contact site"


class NeedKind(Choice, zh="需求类别", en="Need"):
    """What is needed: a need, never a label on people."""

    SCHOOLING = "schooling", "子女就学"
    EMPLOYMENT = "employment", "就业"
    HEALTH_CARE = "health_care", "就医", "Access to health care"
    HOUSING = "housing", "住房维修", "Housing and repairs"
    ENVIRONMENT = "environment", "环境卫生"
    SAFETY = "safety", "安全隐患", "A hazard"
    DISPUTE = "dispute", "矛盾纠纷", "A dispute"
    LEGAL = "legal", "法律咨询", "Legal advice"
    DAILY_HELP = "daily_help", "生活照料", "Help in daily life"
    BUSINESS = "business", "企业经营", "Running a business"
    OTHER = "other", "其他"


class Settled(Choice, zh="需求结果", en="Outcome"):
    """How a need ended. Only the first means met."""

    MET = "met", "已解决"
    EXPLAINED = "explained", "已解释说明"
    NOT_POSSIBLE = "not_possible", "无法解决并已说明", "Not possible, explained"
    WITHDRAWN = "withdrawn", "本人不再需要", "No longer wanted"


class FollowKind(Choice, zh="后续类型", en="Followed by"):
    """What a need is followed by."""

    ISSUE = "issue", "问题"
    CLAIM = "claim", "认领事项", "Item to be claimed"
    ORDER = "order", "点单"
    DISPUTE = "dispute", "矛盾调解"


class DeferReason(Choice, zh="改期原因", en="Reason"):
    """Why it was not made on that day."""

    NOT_IN = "not_in", "无人在家", "Nobody in"
    ASKED_FOR = "asked_for", "对方要求", "They asked for another day"
    VISITOR_UNABLE = "visitor_unable", "走访人未能到访", "The visitor could not come"


class CancelReason(Choice, zh="取消原因", en="Reason"):
    """Why it is not made at all."""

    DECLINED = "declined", "对方谢绝", "They do not want it"
    MOVED_AWAY = "moved_away", "已迁出"
    NOT_NEEDED = "not_needed", "已无必要"


class RevisitOutcome(Choice, zh="回访结果", en="Outcome"):
    """What somebody found who came again."""

    CONTENT = "content", "已落实", "All is well"
    NOT_YET = "not_yet", "尚未落实"


Visitor = Annotated[Person, Label("走访人", "Visitor")]
Home = Annotated[Household | None, Label("住户", "Household")]
Host = Annotated[UnitCode | None, Label("走访单位", "Organisation visited")]
PlannedFor = Annotated[Instant, Label("计划到访时间", "Planned for")]
MadeAt = Annotated[Instant, Label("走访时间", "Made at")]
NeedNumber = Annotated[int, Field(ge=1, le=NEEDS_MAX, examples=[1]), Label("需求序号", "Need no.")]
People = Annotated[Count, Field(ge=1), Label("受访人数", "People met")]
FollowStream = Annotated[
    str,
    StringConstraints(pattern=r"^(issue|claim|order|dispute)/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"),
    Field(examples=["issue/01920000-0000-7000-8000-000000000000"]),
    Label("后续案件", "Followed by"),
]


class VisitTerms(Terms):
    """What a kind of visit fixes."""

    setting: Annotated[Setting, Label("走访方式", "Setting")] = Setting.HOME
    names_subject: Annotated[
        bool,
        Label("须写明对象", "Says whom"),
        Help("入户须写住户，走访单位须写单位", "A household at home, a unit at an organisation"),
    ] = False
    revisit_days: Annotated[
        int,
        Field(ge=0, le=365),
        Label("回访天数", "Days to the revisit"),
        Help("0 为不要求回访", "0: none is asked for"),
    ] = 0


# ---- states


@dataclass(frozen=True)
class Need:
    """One need noted. `by`: the case it is followed by."""

    number: int
    kind: NeedKind
    by: str | None = None
    settled: Settled | None = None


@dataclass(frozen=True)
class Matter:
    """What is true of a visit all its life."""

    terms: VisitTerms
    visitor: str
    household: str | None
    host: str | None
    needs: tuple[Need, ...] = ()
    revisited: bool = False

    def of(self, number: int) -> Need | None:
        """The need of that number."""
        return next((one for one in self.needs if one.number == number), None)

    def open_needs(self) -> list[Need]:
        """Those nobody has said the end of."""
        return [one for one in self.needs if one.settled is None]

    def moved(self, number: int, **changes: Any) -> Matter:
        """The same with one need further on. Raises Broken where a correction took it away."""
        if self.of(number) is None:
            raise Broken(f"there is no need {number}")
        needs = (replace(one, **changes) if one.number == number else one for one in self.needs)
        return replace(self, needs=tuple(needs))


class Visit(State):
    """One visit."""

    matter: Matter

    def parties(self, actor: Actor) -> set[Party]:
        """The visitor; the organisation visited."""
        found = super().parties(actor)
        if actor.person == self.matter.visitor:
            found.add(Party.HOLDER)
        if actor.unit is not None and actor.unit == self.matter.host:
            found.add(Party.REQUESTER)
        return found


class Planned(Visit, zh="待走访"):
    """Somebody is to go there."""

    planned_for: Instant


class Seen(Visit):
    """Somebody was there."""

    made_at: Instant


class Made(Seen, zh="已走访"):
    """Nothing is open; nobody has to come again."""


class FollowUp(Seen, zh="待跟进"):
    """A need is open."""


class AwaitingRevisit(Seen, zh="待回访", en="Revisit due"):
    """Somebody has to come again; needs may be open."""

    revisit_by: Instant


class Done(Visit, zh="已办结"):
    """Over."""

    made_at: Instant


class Cancelled(Visit, zh="已取消"):
    """Never made."""


def after(
    about: About, matter: Matter, made_at: Instant, revisit_by: Instant | None
) -> Made | FollowUp | AwaitingRevisit:
    """Where what is open leaves a visit that was made."""
    if revisit_by is not None and not matter.revisited:
        return AwaitingRevisit(about, matter, made_at, revisit_by)
    return (FollowUp if matter.open_needs() else Made)(about, matter, made_at)


def again(visit: Seen, matter: Matter) -> Made | FollowUp | AwaitingRevisit:
    """The same visit with its needs or revisit changed."""
    due = visit.revisit_by if isinstance(visit, AwaitingRevisit) else None
    return after(visit.about, matter, visit.made_at, due)


# ---- facts


class VisitPlanned(Fact, zh="已计划"):
    """Somebody is to go there."""

    visitor: Annotated[Visitor, Member]
    household: Annotated[Home, Member] = None
    host: Host = None
    setting: Annotated[Setting, Coded]
    planned_for: Annotated[PlannedFor, Quantity]
    terms: Annotated[VisitTerms, Label("条款", "Terms")]

    def apply(self, nothing: None) -> Planned:
        """The beginning."""
        matter = Matter(self.terms, self.visitor, self.household, self.host)
        return Planned(self.about, matter, self.planned_for)


class VisitDeferred(Fact, zh="已改期"):
    """Not on that day."""

    reason: Annotated[DeferReason, Coded]
    planned_for: Annotated[PlannedFor, Quantity]

    def apply(self, visit: Planned) -> Planned:
        """On another."""
        return Planned(visit.about, visit.matter, self.planned_for)


class VisitMade(Fact, zh="已走访"):
    """Somebody was there. Source: 走访党员群众800余户 (seed 004)."""

    visitor: Annotated[Visitor, Member]
    household: Annotated[Home, Member] = None
    host: Host = None
    setting: Annotated[Setting, Coded]
    people: Annotated[People, Quantity]
    made_at: MadeAt
    revisit_by: Annotated[Instant | None, Label("回访截止", "Revisit by")] = None
    terms: Annotated[VisitTerms, Label("条款", "Terms")]

    def apply(self, visit: Planned | None) -> Made | AwaitingRevisit:
        """Planned before, or put on record afterwards."""
        matter = Matter(self.terms, self.visitor, self.household, self.host)
        if self.revisit_by is not None:
            return AwaitingRevisit(self.about, matter, self.made_at, self.revisit_by)
        return Made(self.about, matter, self.made_at)


class NeedNoted(Fact, zh="需求已记录"):
    """Somebody needs something; what it is about is a kind, and no story."""

    number: NeedNumber
    need: Annotated[NeedKind, Coded]
    household: Annotated[Home, Member] = None

    def apply(self, visit: Seen) -> FollowUp | AwaitingRevisit:
        """Open until somebody says how it ended."""
        if visit.matter.of(self.number) is not None:
            raise Broken(f"there is a need {self.number} already")
        added = (*visit.matter.needs, Need(self.number, self.need))
        matter = replace(visit.matter, needs=added)
        if isinstance(visit, AwaitingRevisit):
            return replace(visit, matter=matter)
        return FollowUp(visit.about, matter, visit.made_at)


class NeedFollowed(Fact, zh="需求已转办", en="Need followed up"):
    """A case of its own takes the need on."""

    number: NeedNumber
    need: Annotated[NeedKind, Coded]
    follow: Annotated[FollowKind, Coded]
    by: FollowStream

    def apply(self, visit: FollowUp | AwaitingRevisit) -> FollowUp | AwaitingRevisit:
        """Still open here."""
        return replace(visit, matter=visit.matter.moved(self.number, by=self.by))


class NeedSettled(Fact, zh="需求已了结"):
    """How it ended."""

    number: NeedNumber
    need: Annotated[NeedKind, Coded]
    outcome: Annotated[Settled, Coded]
    made_at: Annotated[MadeAt, Quantity]

    def apply(self, visit: FollowUp | AwaitingRevisit) -> Made | FollowUp | AwaitingRevisit:
        """One fewer open."""
        return again(visit, visit.matter.moved(self.number, settled=self.outcome))


class RevisitDone(Fact, zh="已回访"):
    """Somebody came again, and so says too that there was a visit before."""

    reviser: Annotated[Person, Member, Label("回访人", "Revisited by")]
    household: Annotated[Home, Member] = None
    outcome: Annotated[RevisitOutcome, Coded]

    def apply(self, visit: Seen) -> Made | FollowUp | AwaitingRevisit:
        """What is open stays open."""
        return again(visit, replace(visit.matter, revisited=True))


class VisitDone(Fact, zh="走访已办结", en="Visit closed"):
    """Nothing is left."""

    needs: Annotated[Count, Quantity, Label("需求数", "Needs noted")]
    met: Annotated[Count, Quantity, Label("已解决需求数", "Needs met")]

    def apply(self, visit: Made) -> Done:
        """The end."""
        return Done(visit.about, visit.matter, visit.made_at)


class VisitCancelled(Fact, zh="走访已取消"):
    """Never made. Nobody is visited who does not want it."""

    reason: Annotated[CancelReason, Coded]

    def apply(self, visit: Planned) -> Cancelled:
        """The end."""
        return Cancelled(visit.about, visit.matter)
