"""问题闭环 · Issue: found, assessed, classified, assigned, handled, fed back, verified, closed.

Closing is not solving: a closing names its resolution, and "solved" is three facts by three people:
declared by the handler (`issue.handled`), confirmed by the requester (`issue.confirmed`), found so
by an auditor (`issue.verified`).

Source (seed 003): general issues are solved within 1 hour, major ones within 1 day; for complex
ones a *plan* is formed within 1 week, which ends the clock and solves nothing yet.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from events.clock import Instant
from services.facts import list as lists
from services.facts.issue import (
    Answered,
    Assessed,
    Assigned,
    Classified,
    Closed,
    FedBack,
    Found,
    Handled,
    InHand,
    Issue,
    IssueAssessed,
    IssueAssigned,
    IssueClassified,
    IssueClosed,
    IssueCloseRefused,
    IssueConfirmed,
    IssueEscalated,
    IssueFedBack,
    IssueFound,
    IssueHandled,
    IssuePlanFormed,
    IssueReopened,
    IssueResumed,
    IssueReturned,
    IssueSuspended,
    IssueTold,
    IssueTransferred,
    IssueVerified,
    Open,
    Planned,
    Replied,
    RequesterContacted,
    Suspended,
)
from services.facts.issue_said import (
    INTAKE,
    NOT_DECLARED_SOLVED,
    ONLY_COMPLEX,
    RETURNS_USED_UP,
    check_ticket,
    closed,
    fed_back,
    imported,
    reopened,
    told,
)
from services.facts.issue_words import (
    Channel,
    ContactMeans,
    CountedFrom,
    Day,
    EscalateReason,
    Finding,
    ReopenReason,
    Resolution,
    ReturnReason,
    Source,
    SourceNote,
    SuspendReason,
    Ticket,
    Tier,
    ticket_id,
)
from services.kernel.words import (
    Actor,
    CategoryCode,
    Label,
    Party,
    Person,
    Refusal,
    UnitCode,
    days,
    hours,
    refuse,
    weeks,
)
from services.kernel.workflow import Clock, Command, Context, Opening, Workflow

RETURNS_MAX = 2

IMPORT_ONLY = Refusal("import_only", zh="来源信息仅限导入", en="`source` is for imports only")
SAME_UNIT = Refusal("same_unit", zh="已由 {unit} 承办", en="{unit} has it already")


# ---- commands, in life order


class Find(
    Opening,
    zh="发现",
    by=[Party.RESIDENT, Party.WORKER, Party.COMMUNITY, Party.DISPATCHER, Party.STREET],
):
    """Put an issue on record: one's own, somebody else's, or one that was seen."""

    finds: ClassVar[bool] = True
    channel: Channel = Channel.IN_PERSON
    requester: Annotated[Person | None, Label("诉求人", "Requester")] = None
    ticket: Ticket | None = None
    source: Annotated[Source | None, Label("来源（仅限导入）", "Source (imports only)")] = None

    def case_id(self, actor: Actor) -> str | None:
        """A number of the hotline is one case, whoever brings it."""
        return ticket_id(self.ticket) if self.ticket is not None else None

    def decide(self, issue: None, context: Context) -> IssueFound:
        """A resident is their own requester. An import may add what its source knows."""
        parties = context.actor.parties()
        check_ticket(self.ticket, self.channel, self.source, parties)
        if self.source is not None:
            if Party.IMPORTER not in parties:
                refuse(IMPORT_ONLY)
            return imported(self.source, self.about(context), self.channel, self.requester, context)
        requester = self.requester
        if Party.RESIDENT in parties:
            requester = context.person_meant(requester, (Party.WORKER, *INTAKE))
        return IssueFound(
            about=self.about(context, requester),
            channel=self.channel,
            requester=requester,
            opened_at=context.occurred_at,
            row_id=self.ticket,
        )


class Assess(Command, zh="研判", by=INTAKE):
    """Say that it is ours. What is not is closed, with the reason why."""

    def decide(self, issue: Found, context: Context) -> IssueAssessed:
        """On to its tier."""
        return IssueAssessed(about=issue.said(context))


class Classify(Command, zh="分类", by=INTAKE):
    """Say how urgent it is; the clock starts."""

    tier: Tier
    category: CategoryCode | None = None

    def decide(self, issue: Found | Assessed, context: Context) -> IssueClassified:
        """Straight from being found, where there is nothing to look at first."""
        new = {"category": self.category} if self.category is not None else {}
        return IssueClassified(about=issue.said(context, **new), tier=self.tier)


class Assign(Command, zh="交办", by=INTAKE):
    """Give it to a unit."""

    unit: UnitCode

    def decide(self, issue: Classified, context: Context) -> IssueAssigned:
        """The unit's clock runs already."""
        return IssueAssigned(about=issue.said(context, unit=self.unit), tier=issue.tier)


class Return(Command, zh="退回", by=Party.HANDLER):
    """Give it back, with a reason. What is on no list names the list."""

    reason: ReturnReason
    not_on: lists.NotOn = None
    item: lists.Asked = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """The list it is said not to stand on."""
        return (lists.stream(self.not_on),) if self.not_on else ()

    def decide(self, issue: Assigned, context: Context) -> IssueReturned:
        """Not for ever: after a few times only a dispatcher moves it."""
        if issue.matter.returns >= RETURNS_MAX:
            refuse(RETURNS_USED_UP, returns=issue.matter.returns)
        off_list = self.reason is ReturnReason.NOT_ON_LIST
        item = self.item or (issue.about.category if off_list else None)
        lists.check_off(context, self.not_on, item, needed=off_list)
        return IssueReturned(
            about=issue.said(context), reason=self.reason, not_on=self.not_on, item=item
        )


class Transfer(Command, zh="转办", by=(Party.DISPATCHER, Party.STREET)):
    """Give it to another unit, for good."""

    unit: UnitCode

    def decide(self, issue: InHand, context: Context) -> IssueTransferred:
        """The clock runs on."""
        if issue.about.unit == self.unit or issue.about.unit is None:
            refuse(SAME_UNIT, unit=self.unit)
        about = issue.said(context, unit=self.unit)
        return IssueTransferred(about=about, from_unit=issue.about.unit)


class Contact(Command, zh="联系诉求人", by=(Party.HANDLER, *INTAKE)):
    """Tell the requester who is at it."""

    means: ContactMeans

    def decide(self, issue: Open, context: Context) -> RequesterContacted:
        """Any time before the end."""
        return RequesterContacted(
            about=issue.said(context), means=self.means, opened_at=issue.matter.opened_at
        )


class FormPlan(Command, zh="形成方案", by=Party.HANDLER):
    """Say how and by when a complex issue will be solved."""

    def decide(self, issue: Assigned, context: Context) -> IssuePlanFormed:
        """Only complex ones end their clock so."""
        if issue.tier is not Tier.COMPLEX:
            refuse(ONLY_COMPLEX)
        return IssuePlanFormed(about=issue.said(context))


class Suspend(Command, zh="挂起", by=INTAKE):
    """Let the clock stand still: never a decision of the unit whose clock it is."""

    reason: SuspendReason

    def decide(self, issue: Assigned | Planned, context: Context) -> IssueSuspended:
        """Until it is resumed."""
        return IssueSuspended(about=issue.said(context), reason=self.reason)


class Resume(Command, zh="恢复", by=(Party.HANDLER, *INTAKE)):
    """Let it go on."""

    def decide(self, issue: Suspended, context: Context) -> IssueResumed:
        """Where it was."""
        return IssueResumed(about=issue.said(context))


class Handle(Command, zh="处置", by=Party.HANDLER):
    """Declare how it ended."""

    resolution: Resolution
    holder: Annotated[Person | None, Label("经办人", "Handled by")] = None

    def decide(self, issue: InHand, context: Context) -> IssueHandled:
        """Nobody's word but the handler's, so far."""
        holder = self.holder or context.actor.person
        return IssueHandled(
            about=issue.said(context, holder),
            resolution=self.resolution,
            tier=issue.tier,
            holder=holder,
            opened_at=issue.matter.opened_at,
        )


class FeedBack(Command, zh="反馈", by=(Party.HANDLER, *INTAKE)):
    """Tell the requester how it really ended."""

    def decide(self, issue: Handled, context: Context) -> IssueFedBack:
        """The time until then is the time to a reply."""
        return fed_back(issue, context, issue.matter.opened_at)


class Confirm(Command, zh="确认", by=Party.REQUESTER):
    """Say whether it is solved. A no is a reopening."""

    solved: Annotated[bool, Label("已解决", "Solved")]

    def decide(self, issue: Replied | Closed, context: Context) -> IssueConfirmed | IssueReopened:
        """Also after it was closed, for a while."""
        if not self.solved:
            return reopened(issue, context, ReopenReason.NOT_SOLVED)
        return IssueConfirmed(about=issue.said(context), requester=issue.matter.requester)


class Check(Command, zh="核查", by=Party.AUDITOR):
    """Look whether it is solved."""

    finding: Finding

    def decide(
        self, issue: FedBack, context: Context
    ) -> IssueVerified | tuple[IssueVerified, IssueReopened]:
        """If not, it is taken up again."""
        verified = IssueVerified(about=issue.said(context), finding=self.finding)
        if self.finding is Finding.SOLVED:
            return verified
        return verified, reopened(issue, context, ReopenReason.CHECK_FAILED)


class Close(Command, zh="办结", by=INTAKE):
    """End it, with how it ended."""

    resolution: Resolution

    def decide(self, issue: Open, context: Context) -> IssueClosed:
        """Solved only where the handler says so; `not_stated` is for imports."""
        declared = issue.declared if isinstance(issue, Answered) else None
        if self.resolution is Resolution.SOLVED and declared is not Resolution.SOLVED:
            refuse(NOT_DECLARED_SOLVED)
        if self.resolution is Resolution.NOT_STATED:
            refuse(IMPORT_ONLY)
        return closed(issue, context, self.resolution, issue.matter.opened_at)


class Reopen(Command, zh="重办", by=(Party.AUDITOR, *INTAKE)):
    """Take it up again: it came back, or was never solved."""

    reason: ReopenReason

    def decide(self, issue: Closed, context: Context) -> IssueReopened:
        """For a while; later it is a new issue."""
        return reopened(issue, context, self.reason)


class Escalate(Command, zh="上报督办", by=(Party.SYSTEM, Party.AUDITOR, *INTAKE)):
    """Tell a higher level."""

    reason: EscalateReason

    def decide(self, issue: Open, context: Context) -> IssueEscalated:
        """Nothing moves but attention."""
        return IssueEscalated(about=issue.said(context), reason=self.reason)


# ---- importers only: what a source tells, and no step more


class ReplyImported(Command, zh="导入答复", by=Party.IMPORTER):
    """The source tells of a reply, and of nothing between."""

    counted_from: CountedFrom | None = None
    day: Day | None = None

    def decide(self, issue: Found, context: Context) -> IssueFedBack:
        """Straight from being found: no assignment is made up."""
        return fed_back(issue, context, self.counted_from, self.day)


class CloseImported(Command, zh="导入办结", by=Party.IMPORTER):
    """The source tells of an end, and of nothing between."""

    resolution: Resolution = Resolution.NOT_STATED
    counted_from: CountedFrom | None = None
    day: Day | None = None

    def decide(self, issue: Found | FedBack, context: Context) -> IssueClosed:
        """Straight from being found or replied to."""
        return closed(issue, context, self.resolution, self.counted_from, self.day)


class RefuseCloseImported(Command, zh="导入办结有误", by=Party.IMPORTER):
    """The source tells of an end before the beginning."""

    claimed_at: Annotated[Instant, Label("来源所记办结时间", "Closed at, says the source")]

    def decide(self, issue: Found | FedBack, context: Context) -> IssueCloseRefused:
        """Counted, not believed."""
        return IssueCloseRefused(about=issue.said(context), claimed_at=self.claimed_at)


class TellImported(Command, zh="导入来源记录", by=Party.IMPORTER):
    """The source tells of a note in its history, or of a milestone."""

    note: Annotated[SourceNote, Label("来源记录", "Told by the source")]

    def decide(self, issue: Issue, context: Context) -> IssueTold:
        """Nothing moves, in whatever state it is."""
        return told(issue, context, self.note)


WORKFLOW = Workflow(
    __name__,
    zh="问题闭环",
    feedback=Replied,
    confirms={IssueConfirmed: (IssueHandled, IssueClosed)},
    clocks=[
        Clock(
            "settle",
            Label("处置时限", "Settle"),
            runs=(Classified, Assigned),
            rests=(Suspended,),
            met=(Planned, Answered),
            limit={Tier.GENERAL: hours(1), Tier.MAJOR: days(1), Tier.COMPLEX: weeks(1)},
            of="tier",
        ),
    ],
)
