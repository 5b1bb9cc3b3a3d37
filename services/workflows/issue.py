"""问题闭环 · Issue: found, assessed, classified, assigned, handled, fed back, verified, closed.

Closing is not solving: a closing names its resolution, and "solved" is three facts by three people:
declared by the handler (`issue.handled`), confirmed by the requester (`issue.confirmed`), found so
by an auditor (`issue.verified`).

Source (seed 003): general issues are solved within 1 hour, major ones within 1 day; for complex
ones a *plan* is formed within 1 week, which ends the clock and solves nothing yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.clock import Instant
from events.fact import Coded, LocalDay, Member, Quantity
from services.kernel.words import (
    Actor,
    CategoryCode,
    Choice,
    Help,
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
from services.kernel.workflow import (
    About,
    Clock,
    Command,
    Context,
    Fact,
    Note,
    Opening,
    State,
    Workflow,
)

RETURNS_MAX = 2
REOPEN_WITHIN = timedelta(days=30)
LABELS_MAX = 32

INTAKE = (Party.COMMUNITY, Party.DISPATCHER, Party.STREET)
"""Who looks at what comes in and gives it to a unit."""

RETURNS_USED_UP = Refusal(
    "returns_used_up",
    zh="已退回 {returns} 次,不能再退;请由派单员转办",
    en="returned {returns} times already: ask the dispatcher to transfer it",
)
ONLY_COMPLEX = Refusal(
    "only_complex",
    zh="仅复杂问题以形成方案为限;一般和重大问题请直接处置",
    en="only a complex issue ends its clock with a plan: handle this one",
)
NOT_DECLARED_SOLVED = Refusal(
    "not_declared_solved",
    zh="承办单位未声明已解决,不能按“已解决”办结",
    en="its handler has not declared it solved, so it cannot be closed as solved",
)
REOPEN_TOO_LATE = Refusal(
    "reopen_too_late",
    zh="重办期已于 {until} 截止;请另行提出",
    en="it could be reopened until {until}: raise it as a new issue",
)
IMPORT_ONLY = Refusal("import_only", zh="来源信息仅限导入", en="`source` is for imports only")
SAME_UNIT = Refusal("same_unit", zh="已由 {unit} 承办", en="{unit} has it already")


class Channel(Choice, zh="渠道"):
    """How it came to be known."""

    IN_PERSON = "in_person", "当面反映"
    HOTLINE = "hotline", "政务热线"
    ONLINE = "online", "网上或应用", "Online or app"
    CARD = "card", "联系卡来电", "Call by contact card"
    TALK_ROOM = "talk_room", "居民说事室"
    PATROL = "patrol", "巡查发现", "Found on patrol"
    VISIT = "visit", "走访发现", "Found on a visit"
    IMPORTED = "imported", "外部数据", "Other system"


class Tier(Choice, zh="分级"):
    """What must be reached, and how soon."""

    GENERAL = "general", "一般(1 小时解决)", "General (solved in 1 hour)"
    MAJOR = "major", "重大(1 天解决)", "Major (solved in 1 day)"
    COMPLEX = "complex", "复杂(1 周形成方案)", "Complex (a plan in 1 week)"


class Resolution(Choice, zh="办理结果"):
    """How it ended. Only the first means solved."""

    SOLVED = "solved", "已解决"
    EXPLAINED = "explained", "已解释说明"
    NOT_IN_SCOPE = "not_in_scope", "不属受理范围"
    NO_POWER = "no_power", "超出权限"
    DUPLICATE = "duplicate", "重复诉求"
    WITHDRAWN = "withdrawn", "诉求人撤回"
    UNREACHABLE = "unreachable", "无法联系诉求人"
    REFUSED_BY_RULE = "refused_by_rule", "依规不予办理"
    REFERRED = "referred", "已转其他渠道", "Referred elsewhere"
    NOT_STATED = "not_stated", "来源未说明", "Not stated by the source"


class Reply(Choice, zh="答复"):
    """What a fact means for the requester who waits for an answer."""

    AWAITED = "awaited", "待答复"
    GIVEN = "given", "本次答复", "Given now"
    EARLIER = "earlier", "此前已答复", "Given earlier"
    NONE = "none", "未答复而结束", "Ended without one"
    UNTOLD = "untold", "来源未记载", "Not told by the source"


class ReturnReason(Choice, zh="退回原因"):
    """Why a unit gives it back."""

    NOT_OURS = "not_ours", "不属本单位职责"
    NOT_ON_LIST = "not_on_list", "不在事项清单"
    NO_POWER = "no_power", "无相应权限"
    UNCLEAR = "unclear", "信息不清"


class SuspendReason(Choice, zh="挂起原因"):
    """Why the clock may stand still."""

    REQUESTER = "requester", "等待诉求人配合", "Waiting for the requester"
    APPROVAL = "approval", "等待审批或经费", "Waiting for approval or funds"
    SEASON = "season", "受季节或工期限制", "Season or works"


class ReopenReason(Choice, zh="重办原因"):
    """Why it is taken up again."""

    NOT_SOLVED = "not_solved", "诉求人反映未解决", "Not solved, says the requester"
    CHECK_FAILED = "check_failed", "核查未通过"
    CAME_BACK = "came_back", "问题再次出现"


class After(Choice, zh="重办前"):
    """Where it stood when it was taken up again: what had been closed counts as open once more."""

    CLOSED = "closed", "已办结", "Closed"
    REPLY = "reply", "已反馈,未办结", "Replied to, not closed"


class EscalateReason(Choice, zh="督办原因"):
    """Why a higher level is told."""

    OVERDUE = "overdue", "逾期未办"
    REPEATED = "repeated", "反复出现"
    SERIOUS = "serious", "影响重大"


class Finding(Choice, zh="核查结论"):
    """What an auditor found."""

    SOLVED = "solved", "确已解决"
    NOT_SOLVED = "not_solved", "未解决"


class ContactMeans(Choice, zh="联系方式"):
    """How the requester was reached."""

    PHONE = "phone", "电话"
    VISIT = "visit", "上门"
    MESSAGE = "message", "消息或书面", "Message or letter"


_tag = StringConstraints(min_length=1, max_length=64)
_raw = StringConstraints(max_length=1_000)
Labels = Annotated[
    dict[Annotated[str, _tag], Annotated[str, _raw]],
    Field(max_length=LABELS_MAX, examples=[{"ward": "Ward 14"}]),
    Label("来源标签", "Labels of the source"),
]
RowId = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f]{1,128}$"),
    Field(examples=["101000729509"]),
    Label("来源编号", "Id at the source"),
]
OpenedAt = Annotated[Instant, Label("提出时间", "Opened at")]
DueAt = Annotated[Instant, Label("应结时间", "Due at")]
CountedFrom = Annotated[
    Instant,
    Label("计时起点", "Counted from"),
    Help(
        "用时自此计算;夏令时切换前后,按来源的墙上时钟,可与提出时间相差一小时",
        "time taken counts from here: the opening, or by the clock on the source's wall",
    ),
]
Day = Annotated[date, Label("来源当地日期", "Local day of the source")]


class Source(BaseModel):
    """What only an import can say of a request. `replies`: whether the source tells of replies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row_id: RowId
    day: Day | None = None
    due_at: DueAt | None = None
    replies: Annotated[bool, Label("来源记载答复", "The source tells of replies")] = False
    labels: Labels = Field(default_factory=dict)


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

    def said(self, context: Context, doer: str | None = None) -> About:
        """Its dimensions, for a fact the actor now says of a deed of `doer`."""
        provenance = context.said_by(doer, self.matter.requester)
        same = provenance is self.about.provenance
        return self.about if same else self.about.at(provenance=provenance)


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


# ---- commands, in life order


class Find(
    Opening,
    zh="发现",
    by=[Party.RESIDENT, Party.WORKER, Party.COMMUNITY, Party.DISPATCHER, Party.STREET],
):
    """Put an issue on record: one's own, somebody else's, or one that was seen."""

    channel: Channel = Channel.IN_PERSON
    requester: Annotated[Person | None, Label("诉求人", "Requester")] = None
    source: Annotated[Source | None, Label("来源(仅限导入)", "Source (imports only)")] = None

    def decide(self, issue: None, context: Context) -> IssueFound:
        """A resident is their own requester. An import may add what its source knows."""
        parties = context.actor.parties()
        if self.source is not None:
            if Party.IMPORTER not in parties:
                refuse(IMPORT_ONLY)
            return self._imported(self.source, context)
        requester = self.requester
        if requester is None and Party.RESIDENT in parties:
            requester = context.actor.person
        return IssueFound(
            about=self.about(context, requester),
            channel=self.channel,
            requester=requester,
            opened_at=context.occurred_at,
        )

    def _imported(self, source: Source, context: Context) -> IssueFound:
        return IssueFound(
            about=self.about(context),
            channel=self.channel,
            reply=Reply.AWAITED if source.replies else Reply.UNTOLD,
            requester=self.requester,
            opened_at=context.occurred_at,
            due_at=source.due_at,
            day=source.day,
            row_id=source.row_id,
            labels=source.labels,
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
        about = issue.said(context)
        if self.category is not None:
            about = about.at(category=self.category)
        return IssueClassified(about=about, tier=self.tier)


class Assign(Command, zh="交办", by=INTAKE):
    """Give it to a unit."""

    unit: UnitCode

    def decide(self, issue: Classified, context: Context) -> IssueAssigned:
        """The unit's clock runs already."""
        return IssueAssigned(about=issue.said(context).at(unit=self.unit), tier=issue.tier)


class Return(Command, zh="退回", by=Party.HANDLER):
    """Give it back, with a reason."""

    reason: ReturnReason

    def decide(self, issue: Assigned, context: Context) -> IssueReturned:
        """Not for ever: after a few times only a dispatcher moves it."""
        if issue.matter.returns >= RETURNS_MAX:
            refuse(RETURNS_USED_UP, returns=issue.matter.returns)
        return IssueReturned(about=issue.said(context), reason=self.reason)


class Transfer(Command, zh="转办", by=(Party.DISPATCHER, Party.STREET)):
    """Give it to another unit, for good."""

    unit: UnitCode

    def decide(self, issue: InHand, context: Context) -> IssueTransferred:
        """The clock runs on."""
        if issue.about.unit == self.unit or issue.about.unit is None:
            refuse(SAME_UNIT, unit=self.unit)
        about = issue.said(context).at(unit=self.unit)
        return IssueTransferred(about=about, from_unit=issue.about.unit)


class Contact(Command, zh="联系诉求人", by=(Party.HANDLER, *INTAKE)):
    """Tell the requester who is at it."""

    means: ContactMeans

    def decide(self, issue: Open, context: Context) -> RequesterContacted:
        """Any time before the end."""
        matter = issue.matter
        return RequesterContacted(
            about=issue.said(context), means=self.means, opened_at=matter.opened_at
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


# ---- what several commands record


def fed_back(
    issue: Found | Handled, context: Context, counted_from: datetime | None, day: date | None = None
) -> IssueFedBack:
    """The reply to an issue."""
    matter = issue.matter
    return IssueFedBack(
        about=issue.said(context),
        reply=Reply.GIVEN if matter.reply is Reply.AWAITED else matter.reply,
        opened_at=matter.opened_at,
        counted_from=counted_from or matter.opened_at,
        day=day,
        labels=matter.labels,
    )


def closed(
    issue: Open,
    context: Context,
    resolution: Resolution,
    counted_from: datetime | None,
    day: date | None = None,
) -> IssueClosed:
    """The end of an issue."""
    matter = issue.matter
    ended = {Reply.GIVEN: Reply.EARLIER, Reply.AWAITED: Reply.NONE}
    return IssueClosed(
        about=issue.said(context),
        resolution=resolution,
        reply=ended.get(matter.reply, matter.reply),
        holder=issue.holder if isinstance(issue, Answered) else None,
        requester=matter.requester,
        counted_from=counted_from or matter.opened_at,
        due_at=matter.due_at,
        day=day,
        reopen_until=context.occurred_at + REOPEN_WITHIN,
        labels=matter.labels,
    )


def reopened(issue: Replied | Closed, context: Context, reason: ReopenReason) -> IssueReopened:
    """A new beginning, while the window lasts."""
    if isinstance(issue, Closed) and context.occurred_at > issue.reopen_until:
        refuse(REOPEN_TOO_LATE, until=issue.reopen_until.isoformat())
    matter = issue.matter
    return IssueReopened(
        about=issue.said(context),
        reason=reason,
        after=After.CLOSED if isinstance(issue, Closed) else After.REPLY,
        opened_at=matter.opened_at,
        due_at=matter.due_at,
        labels=matter.labels,
    )


WORKFLOW = Workflow(
    __name__,
    zh="问题闭环",
    feedback=Replied,
    confirms={IssueConfirmed: IssueHandled},
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
