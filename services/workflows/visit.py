"""走访 · Visit: somebody goes to a household or an organisation, notes needs, and comes again.

Households and organisations are opaque; of a need only its kind is written down. A need is met on
the spot or followed by a case of its own (an issue, an item to be claimed, an order, a dispute),
and the visit is not over before somebody has said how each need ended.

Source: seed 000 (委员联系辖区企事业单位), seed 003 (“小巷管家”:家访、接访、回访), seed 004
(走访800余户).
"""

from __future__ import annotations

from typing import Annotated

from services.facts import claim, dispute, issue, order
from services.facts.visit import (
    NEEDS_MAX,
    AwaitingRevisit,
    CancelReason,
    DeferReason,
    FollowKind,
    FollowStream,
    FollowUp,
    Home,
    Host,
    Made,
    Matter,
    Need,
    NeedFollowed,
    NeedKind,
    NeedNoted,
    NeedNumber,
    NeedSettled,
    People,
    Planned,
    PlannedFor,
    RevisitDone,
    RevisitOutcome,
    Seen,
    Setting,
    Settled,
    Visit,
    VisitCancelled,
    VisitDeferred,
    VisitDone,
    VisitMade,
    Visitor,
    VisitPlanned,
    VisitTerms,
)
from services.kernel.words import Help, Label, Party, Refusal, days, refuse
from services.kernel.workflow import About, Clock, Command, Context, Opening, Workflow

ORGANISERS = (Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN)
VISITORS = (Party.WORKER, Party.LEADER, Party.MEDIATOR, *ORGANISERS)

OVER = (
    issue.Closed,
    claim.Fulfilled,
    claim.Confirmed,
    claim.Expired,
    claim.Withdrawn,
    order.Served,
    order.Cancelled,
    dispute.Resolved,
    dispute.Revisited,
    dispute.Failed,
    dispute.Referred,
)
"""States of other kinds in which what follows a need has ended."""

SAY_WHICH_HOUSEHOLD = Refusal(
    "say_which_household", "请写明住户编号", "say which household is visited"
)
SAY_WHICH_ORGANISATION = Refusal(
    "say_which_organisation", "请写明走访单位", "say which organisation is visited"
)
NOT_BEFORE_NOW = Refusal(
    "not_before_now", "计划到访时间须在 {now} 之后", "it is planned for a time after {now}"
)
TOO_MANY_NEEDS = Refusal(
    "too_many_needs", "一次走访最多记录 {most} 项需求", "one visit notes {most} needs at most"
)
NO_SUCH_NEED = Refusal("no_such_need", "没有第 {number} 项需求", "there is no need {number}")
SETTLED_ALREADY = Refusal(
    "settled_already", "第 {number} 项需求已了结", "need {number} is settled already"
)
FOLLOWED_ALREADY = Refusal(
    "followed_already",
    "第 {number} 项需求已由 {by} 办理",
    "need {number} is followed by {by} already",
)
NO_SUCH_CASE = Refusal(
    "no_such_case", "没有 {by} 这一案件，请先立案", "there is no case {by} here: start it first"
)
SAY_THE_FOLLOW = Refusal(
    "say_the_follow",
    "第 {number} 项需求由 {by} 办理，请一并写明",
    "need {number} is followed by {by}: name it",
)
FOLLOW_OPEN = Refusal(
    "follow_open",
    "{by} 尚未办结，不能说已解决",
    "{by} is not over, so the need is not met yet",
)

NoLater = Annotated[
    PlannedFor | None,
    Help("留空：已经走访，直接登记", "Empty: it was made, and is put on record"),
]


class Plan(Opening, zh="走访登记", by=VISITORS):
    """Plan a visit, or put one on record that was made."""

    visitor: Visitor | None = None
    household: Home = None
    host: Host = None
    people: People = 1
    planned_for: NoLater = None

    def decide(self, nothing: None, context: Context) -> VisitPlanned | VisitMade:
        """In the books of whoever goes there."""
        terms = context.terms_of(VisitTerms)
        if terms.names_subject:
            if terms.setting is Setting.HOME and self.household is None:
                refuse(SAY_WHICH_HOUSEHOLD)
            if terms.setting is Setting.ORGANISATION and self.host is None:
                refuse(SAY_WHICH_ORGANISATION)
        if self.host is not None:
            context.directory.unit(self.host)
        visitor = context.person_meant(self.visitor, ORGANISERS)
        about = self.about(context, visitor)
        about = about.at(books=context.books_of(visitor, about))
        matter = Matter(terms, visitor, self.household, self.host)
        if self.planned_for is None:
            return made(about, matter, self.people, context)
        if self.planned_for <= context.occurred_at:
            refuse(NOT_BEFORE_NOW, now=context.occurred_at.isoformat())
        return VisitPlanned(
            about=about,
            visitor=visitor,
            household=self.household,
            host=self.host,
            setting=terms.setting,
            planned_for=self.planned_for,
            terms=terms,
        )


class Defer(Command, zh="改期", by=[Party.HOLDER, *ORGANISERS]):
    """Go there on another day."""

    planned_for: PlannedFor
    reason: DeferReason

    def decide(self, visit: Planned, context: Context) -> VisitDeferred:
        """Always with the reason."""
        if self.planned_for <= context.occurred_at:
            refuse(NOT_BEFORE_NOW, now=context.occurred_at.isoformat())
        about = said(visit, context)
        return VisitDeferred(about=about, reason=self.reason, planned_for=self.planned_for)


class Cancel(Command, zh="取消走访", by=[Party.HOLDER, Party.REQUESTER, *ORGANISERS]):
    """Do not go there at all."""

    reason: CancelReason

    def decide(self, visit: Planned, context: Context) -> VisitCancelled:
        """Nobody is visited who does not want it."""
        return VisitCancelled(about=said(visit, context), reason=self.reason)


class Make(Command, zh="走访", en="Visit", by=[Party.HOLDER, *ORGANISERS]):
    """Say that somebody was there."""

    people: People = 1

    def decide(self, visit: Planned, context: Context) -> VisitMade:
        """The visitor's deed, whoever enters it."""
        return made(said(visit, context), visit.matter, self.people, context)


class NoteNeed(Command, zh="记录需求", by=[Party.HOLDER, *ORGANISERS]):
    """Note that something is needed: its kind, and no story."""

    need: NeedKind

    def decide(self, visit: Seen, context: Context) -> NeedNoted:
        """Numbered, so that each has its own end."""
        needs = visit.matter.needs
        if len(needs) >= NEEDS_MAX:
            refuse(TOO_MANY_NEEDS, most=NEEDS_MAX)
        return NeedNoted(
            about=said(visit, context),
            number=max((one.number for one in needs), default=0) + 1,
            need=self.need,
            household=visit.matter.household,
        )


class OfNeed(Command):
    """A command about one need."""

    number: NeedNumber = 1

    def meant(self, visit: Seen) -> Need:
        """The need of that number, still open."""
        found = visit.matter.of(self.number)
        if found is None:
            refuse(NO_SUCH_NEED, number=self.number)
        if found.settled is not None:
            refuse(SETTLED_ALREADY, number=self.number)
        return found


class Follow(OfNeed, zh="转办需求", en="Follow up", by=[Party.HOLDER, *ORGANISERS]):
    """Say which case takes a need on."""

    by_case: FollowStream

    def reads(self, kind: str) -> tuple[str, ...]:
        """It must be there."""
        return (self.by_case,)

    def decide(self, visit: FollowUp | AwaitingRevisit, context: Context) -> NeedFollowed:
        """Once for each need."""
        need = self.meant(visit)
        if need.by is not None:
            refuse(FOLLOWED_ALREADY, number=need.number, by=need.by)
        case = context.cases.get(self.by_case)
        if case is None or case.state is None:
            refuse(NO_SUCH_CASE, by=self.by_case)
        return NeedFollowed(
            about=said(visit, context),
            number=need.number,
            need=need.kind,
            follow=FollowKind(case.kind),
            by=self.by_case,
        )


class Settle(OfNeed, zh="了结需求", en="Settle a need", by=[Party.HOLDER, *ORGANISERS]):
    """Say how a need ended."""

    outcome: Settled
    by_case: Annotated[
        FollowStream | None,
        Label("后续案件", "Followed by"),
        Help("已转办的须写明", "Where a case follows the need"),
    ] = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """What follows the need must be over before it is met."""
        return (self.by_case,) if self.by_case else ()

    def decide(self, visit: FollowUp | AwaitingRevisit, context: Context) -> NeedSettled:
        """What another case has taken on is met when that one is over."""
        need = self.meant(visit)
        if self.outcome is Settled.MET and need.by is not None:
            if self.by_case != need.by:
                refuse(SAY_THE_FOLLOW, number=need.number, by=need.by)
            case = context.cases.get(need.by)
            if case is None or not isinstance(case.state, OVER):
                refuse(FOLLOW_OPEN, by=need.by)
        return NeedSettled(
            about=said(visit, context),
            number=need.number,
            need=need.kind,
            outcome=self.outcome,
            made_at=visit.made_at,
        )


class Revisit(Command, zh="回访", by=[Party.HOLDER, Party.AUDITOR, *ORGANISERS]):
    """Come again, and see."""

    outcome: RevisitOutcome

    def decide(self, visit: Seen, context: Context) -> RevisitDone:
        """As often as it takes; by the visitor, or somebody else."""
        return RevisitDone(
            about=said(visit, context),
            reviser=context.actor.person,
            household=visit.matter.household,
            outcome=self.outcome,
        )


class Finish(Command, zh="办结走访", en="Close", by=[Party.HOLDER, *ORGANISERS]):
    """Say that nothing is left."""

    def decide(self, visit: Made, context: Context) -> VisitDone:
        """Every need has its end, and nobody has to come again."""
        needs = visit.matter.needs
        met = sum(one.settled is Settled.MET for one in needs)
        return VisitDone(about=said(visit, context), needs=len(needs), met=met)


def made(about: About, matter: Matter, people: int, context: Context) -> VisitMade:
    """The deed that counts."""
    terms, revisit_by = matter.terms, None
    if terms.revisit_days:
        limit = context.limits.get("visit.revisit") or days(terms.revisit_days)
        revisit_by = context.calendar.due(context.occurred_at, limit)
    return VisitMade(
        about=about,
        visitor=matter.visitor,
        household=matter.household,
        host=matter.host,
        setting=terms.setting,
        people=people,
        made_at=context.occurred_at,
        revisit_by=revisit_by,
        terms=terms,
    )


def said(visit: Visit, context: Context) -> About:
    """In the visitor's books, by whoever says it."""
    return context.said(visit.about, visit.matter.visitor)


WORKFLOW = Workflow(
    __name__,
    zh="走访",
    terms=VisitTerms,
    feedback=Seen,
    confirms={RevisitDone: VisitMade},
    clocks=[
        Clock(
            "revisit",
            Label("回访时限", "Revisit"),
            runs=(AwaitingRevisit,),
            until="revisit_by",
            extensions=0,
        )
    ],
)
