"""问题闭环 · Issue, its states and facts; what may be done with them is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from events.clock import Instant
from events.fact import Coded, LocalDay, Member, Quantity
from services.facts.issue_words import (
    After,
    Channel,
    ContactMeans,
    CountedFrom,
    Day,
    DueAt,
    EscalateReason,
    Finding,
    Labels,
    OpenedAt,
    Order,
    ReopenReason,
    Reply,
    Resolution,
    ReturnReason,
    RowId,
    SuspendReason,
    Tier,
    Told,
)
from services.facts.list import Asked, NotOn
from services.kernel.words import Actor, Label, Party, Person, UnitCode
from services.kernel.workflow import About, Context, Fact, Note, State

REOPEN_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Matter:
    """What is true of an issue in every state."""

    opened_at: datetime
    requester: str | None
    due_at: datetime | None = None
    reply: Reply = Reply.AWAITED
    labels: dict[str, str] = field(default_factory=dict)
    returns: int = 0


class Issue(State):
    """Any issue."""

    matter: Matter

    def parties(self, actor: Actor) -> set[Party]:
        """The requester, and the unit that handles it."""
        mine = {Party.REQUESTER} if actor.person == self.matter.requester else set()
        return super().parties(actor) | mine

    def said(self, context: Context, doer: str | None = None, **changes: Any) -> About:
        """Its dimensions, for a fact the actor now says of a deed of `doer`."""
        return context.said(self.about, doer, self.matter.requester, **changes)


class Open(Issue):
    """Not closed."""


class Unassigned(Open):
    """No unit has it, and nobody has said how urgent it is."""


class Found(Unassigned, zh="待研判"):
    """Somebody has to look at it."""


class Assessed(Unassigned, zh="待分类"):
    """It is ours; how urgent is it?"""


class Urgent(Open):
    """Its tier is known, and so its limit."""

    tier: Tier


class Classified(Urgent, zh="待交办"):
    """Its clock runs already: passing it around gains nobody time."""


class InHand(Urgent):
    """A unit has it."""


class Assigned(InHand, zh="待处置"):
    """To be solved, or, if complex, to be planned."""


class Planned(InHand, zh="按方案处置", en="Planned"):
    """A plan stands; the issue is not solved yet."""


class Suspended(Urgent, zh="已挂起"):
    """The clock stands still; it goes on where it was."""

    before: Assigned | Planned


class Answered(Open):
    """What was done is declared: the handler's own word."""

    declared: Resolution
    holder: str | None = None


class Handled(Answered, zh="待反馈"):
    """The requester does not know yet."""


class Replied(Answered):
    """The requester has heard how it ended."""


class FedBack(Replied, zh="待核查", en="Fed back"):
    """Nobody else has looked at it yet."""


class Verified(Replied, zh="待办结"):
    """An auditor found it solved."""


class Closed(Issue, zh="已办结"):
    """Ended, solved or not."""

    resolution: Resolution
    reopen_until: datetime


class IssueFound(Fact, zh="已发现"):
    """Somebody said so, or saw it."""

    channel: Annotated[Channel, Coded]
    reply: Annotated[Reply, Coded] = Reply.AWAITED
    requester: Annotated[Person | None, Member, Label("诉求人", "Requester")] = None
    opened_at: Annotated[OpenedAt, Quantity]
    due_at: Annotated[DueAt | None, Quantity] = None
    day: Annotated[Day | None, LocalDay] = None
    row_id: RowId | None = None
    labels: Labels = Field(default_factory=dict)

    def apply(self, nothing: None) -> Found:
        """The first fact of an issue."""
        matter = Matter(self.opened_at, self.requester, self.due_at, self.reply, self.labels)
        return Found(self.about, matter)


class IssueAssessed(Fact, zh="已研判"):
    """It is ours to deal with."""

    def apply(self, issue: Found) -> Assessed:
        """On to its tier."""
        return Assessed(issue.about, issue.matter)


class IssueClassified(Fact, zh="已分类"):
    """Its tier sets its limit; `about` has its category."""

    tier: Annotated[Tier, Coded]

    def apply(self, issue: Found | Assessed) -> Classified:
        """The clock starts."""
        return Classified(self.about, issue.matter, self.tier)


class IssueAssigned(Fact, zh="已交办"):
    """A unit has it now."""

    tier: Annotated[Tier, Coded]

    def apply(self, issue: Classified) -> Assigned:
        """The unit is that of `about`."""
        return Assigned(self.about, issue.matter, issue.tier)


class IssueReturned(Fact, zh="已退回"):
    """Counts against nobody, but is counted; the issue has no unit afterwards."""

    reason: Annotated[ReturnReason, Coded]
    not_on: NotOn = None
    item: Asked = None

    def apply(self, issue: Assigned) -> Classified:
        """One return more."""
        matter = replace(issue.matter, returns=issue.matter.returns + 1)
        return Classified(issue.about.at(unit=None), matter, issue.tier)


class IssueTransferred(Fact, zh="已转办"):
    """Another unit has it now (`about`)."""

    from_unit: UnitCode

    def apply(self, issue: InHand) -> Assigned:
        """Whatever was planned was the other unit's plan."""
        return Assigned(self.about, issue.matter, issue.tier)


class RequesterContacted(Note, zh="已联系诉求人"):
    """They know who is at it."""

    means: Annotated[ContactMeans, Coded]
    opened_at: Annotated[OpenedAt, Quantity]


class IssuePlanFormed(Fact, zh="方案已形成"):
    """What a complex issue owes within a week. It is not solved by that."""

    def apply(self, issue: Assigned) -> Planned:
        """The clock has ended; the work goes on."""
        return Planned(issue.about, issue.matter, issue.tier)


class IssueSuspended(Fact, zh="已挂起"):
    """The clock stands still."""

    reason: Annotated[SuspendReason, Coded]

    def apply(self, issue: Assigned | Planned) -> Suspended:
        """Remembers where it was."""
        return Suspended(issue.about, issue.matter, issue.tier, issue)


class IssueResumed(Fact, zh="已恢复"):
    """The clock goes on."""

    def apply(self, issue: Suspended) -> Assigned | Planned:
        """Where it was."""
        return issue.before


class IssueHandled(Fact, zh="已处置"):
    """The handler's own word for how it ended."""

    resolution: Annotated[Resolution, Coded]
    tier: Annotated[Tier, Coded]
    holder: Annotated[Person | None, Member, Label("经办人", "Handled by")] = None
    opened_at: Annotated[OpenedAt, Quantity]

    def apply(self, issue: InHand) -> Handled:
        """The requester is told next."""
        return Handled(issue.about, issue.matter, self.resolution, self.holder)


class IssueFedBack(Fact, zh="已反馈"):
    """The requester has been told, or answered in writing."""

    reply: Annotated[Reply, Coded]
    opened_at: Annotated[OpenedAt, Quantity]
    counted_from: Annotated[CountedFrom, Quantity]
    day: Annotated[Day | None, LocalDay] = None
    labels: Labels = Field(default_factory=dict)

    def apply(self, issue: Found | Handled) -> FedBack:
        """A reply that was imported says nothing of what was done."""
        matter = replace(issue.matter, reply=Reply.GIVEN)
        if isinstance(issue, Handled):
            return FedBack(issue.about, matter, issue.declared, issue.holder)
        return FedBack(issue.about, matter, Resolution.NOT_STATED)


class IssueConfirmed(Note, zh="诉求人已确认解决", en="Confirmed solved by the requester"):
    """The requester's word. A no is a reopening."""

    requester: Annotated[Person | None, Member, Label("诉求人", "Requester")] = None


class IssueVerified(Fact, zh="已核查"):
    """An auditor's word."""

    finding: Annotated[Finding, Coded]

    def apply(self, issue: FedBack) -> Verified:
        """To be closed, or reopened at once."""
        return Verified(issue.about, issue.matter, issue.declared, issue.holder)


class IssueClosed(Fact, zh="已办结"):
    """Ended. Late is what was closed after `due_at`, by the times at which it happened."""

    resolution: Annotated[Resolution, Coded]
    reply: Annotated[Reply, Coded]
    holder: Annotated[Person | None, Member, Label("经办人", "Handled by")] = None
    requester: Annotated[Person | None, Member, Label("诉求人", "Requester")] = None
    counted_from: Annotated[CountedFrom, Quantity]
    due_at: Annotated[DueAt | None, Quantity] = None
    day: Annotated[Day | None, LocalDay] = None
    reopen_until: Annotated[Instant, Label("可重办至", "May be reopened until")]
    labels: Labels = Field(default_factory=dict)

    def apply(self, issue: Open) -> Closed:
        """Whatever follows, the window for reopening counts from here."""
        return Closed(issue.about, issue.matter, self.resolution, self.reopen_until)


class IssueReopened(Fact, zh="已重办"):
    """It was not over. Counts for the unit that had handled it."""

    reason: Annotated[ReopenReason, Coded]
    after: Annotated[After, Coded]
    opened_at: Annotated[OpenedAt, Quantity]
    due_at: Annotated[DueAt | None, Quantity] = None
    labels: Labels = Field(default_factory=dict)

    def apply(self, issue: Replied | Closed) -> Found:
        """Looked at anew, by nobody's unit; the requester waits for an answer again."""
        matter = replace(issue.matter, reply=Reply.AWAITED, returns=0)
        return Found(issue.about.at(unit=None), matter)


class IssueEscalated(Note, zh="已上报督办"):
    """A higher level knows."""

    reason: Annotated[EscalateReason, Coded]


class IssueCloseRefused(Note, zh="来源办结时间有误", en="Closing refused"):
    """The source says it was closed before it was opened: it stays open, and is counted here."""

    claimed_at: Annotated[
        Instant, Label("来源所记办结时间", "Closed at, says the source"), Quantity
    ]


class IssueTold(Note, zh="来源记录", en="Told by the source"):
    """What a source tells beside opening, reply and end: a note of its history, or a milestone.

    Of a milestone, `counted_from` is where its time began, and `due_at` by when it was due.
    """

    what: Annotated[Told, Coded]
    order: Annotated[Order, Coded] = Order.KEPT
    counted_from: Annotated[CountedFrom, Quantity]
    due_at: Annotated[DueAt | None, Quantity] = None
    day: Annotated[Day | None, LocalDay] = None
    note_id: RowId
    labels: Labels = Field(default_factory=dict)
