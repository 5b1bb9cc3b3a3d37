"""议事 · Deliberation, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from events.clock import Instant
from events.fact import Coded, Quantity
from services.kernel.words import Choice, Count, Help, Label, Terms
from services.kernel.workflow import Fact, State

# ---- limits, choices, fields

NOTICE_DAYS_MAX = 60
PARTS_MAX = 100


class Proposer(Choice, zh="提议方", en="Proposed by"):
    """On whose behalf it is proposed."""

    BRANCH = "branch", "党支部", "Party branch"
    COUNCIL = "council", "议事会", "Residents' council"
    RESIDENTS = "residents", "居民联名", "Residents together"
    UNIT = "unit", "驻区单位", "Resident unit"


class Channel(Choice, zh="渠道", en="Channel"):
    """How it was brought up."""

    MEETING = "meeting", "会议", "At a meeting"
    TALK_ROOM = "talk_room", "居民说事室", "Residents' talk room"
    ONLINE = "online", "网上议事厅", "Online hall"
    VISIT = "visit", "走访", "On a visit"


class Disclosure(Choice, zh="公开方式", en="Disclosed through"):
    """Where everybody can read it."""

    BOARD = "board", "公开栏", "Notice board"
    MEETING = "meeting", "会议通报", "At a meeting"
    ONLINE = "online", "网上公开", "Online"
    DOOR = "door", "入户送达", "Brought to every door"


class Step(Choice, zh="议事环节", en="Step"):
    """The meetings a proposal passes through."""

    CONSULTED = "consulted", "“两委”商议", "Consultation of the committees"
    REVIEWED = "reviewed", "党员审议", "Review by the members"
    VOTED = "voted", "代表决议", "Vote of the representatives"


class Execution(Choice, zh="实施结果", en="Outcome"):
    """What came of what was decided."""

    DONE = "done", "已完成"
    PARTLY = "partly", "部分完成", "Partly done"
    NOT_DONE = "not_done", "未能实施", "Could not be done"


class WithdrawReason(Choice, zh="撤回原因", en="Reason"):
    """Why it was not put to the vote."""

    NOT_NEEDED = "not_needed", "已不需要"
    REVISED = "revised", "修改后另提", "To be proposed anew"
    OUT_OF_SCOPE = "out_of_scope", "不属议事范围", "Not a matter for them"


Due = Annotated[Count, Field(ge=1, examples=[30]), Label("应到人数", "Entitled to attend")]
Present = Annotated[Count, Field(examples=[25]), Label("实到人数", "Present")]
InFavour = Annotated[Count, Field(examples=[20]), Label("同意", "In favour")]
Against = Annotated[Count, Field(examples=[3]), Label("反对", "Against")]
DecidedAt = Annotated[Instant, Label("决议时间", "Decided at")]
Parts = Annotated[int, Field(ge=0, le=PARTS_MAX)]
Whole = Annotated[int, Field(ge=1, le=PARTS_MAX)]


class DeliberationTerms(Terms):
    """What a variant fixes: the steps before the vote, and what makes a meeting valid.

    A fraction is two numbers, since two thirds are no percentage: `quorum_parts` of `quorum_of`.
    """

    branch_proposes: Annotated[bool, Label("仅由党支部提议", "Only a branch proposes")] = False
    consulted: Annotated[bool, Label("须经“两委”商议", "Committees consulted first")] = False
    reviewed: Annotated[bool, Label("须经党员审议", "Members review it first")] = False
    notice_days: Annotated[
        int,
        Field(ge=0, le=NOTICE_DAYS_MAX),
        Label("方案提前送达天数", "Days of notice"),
        Help("0 为不要求", "0: none needed"),
    ] = 0
    quorum_parts: Annotated[Parts, Label("到会比例（分子）", "Quorum, parts")] = 1
    quorum_of: Annotated[Whole, Label("到会比例（分母）", "Quorum, of")] = 2
    majority_parts: Annotated[Parts, Label("通过比例（分子）", "Majority, parts")] = 1
    majority_of: Annotated[Whole, Label("通过比例（分母）", "Majority, of")] = 2

    @model_validator(mode="after")
    def _can_be_met(self) -> DeliberationTerms:
        if self.quorum_parts > self.quorum_of:
            raise ValueError("more would have to come than are entitled to")
        if self.majority_parts >= self.majority_of:
            raise ValueError("more would have to agree than are there")
        return self

    def is_quorate(self, due: int, present: int) -> bool:
        """Whether enough came, of those who were entitled to."""
        return present * self.quorum_of >= due * self.quorum_parts

    def carries(self, present: int, in_favour: int) -> bool:
        """Whether more than the part asked for, of those who came, are in favour."""
        return in_favour * self.majority_of > present * self.majority_parts


# ---- states


@dataclass(frozen=True)
class Matter:
    """What is true of a proposal all its life."""

    terms: DeliberationTerms
    plan_sent_at: datetime | None = None


class Deliberation(State):
    """One proposal."""

    matter: Matter


class Open(Deliberation):
    """Not voted on yet."""


class Proposed(Open, zh="已提议"):
    """Somebody proposes it."""


class Consulted(Open, zh="已商议"):
    """Both committees agree."""


class Reviewed(Open, zh="已审议"):
    """The members agree."""


class Decided(Deliberation):
    """Passed."""

    decided_at: datetime


class Passed(Decided, zh="待公开决议", en="Passed"):
    """Passed, and not made public yet."""


class Published(Decided, zh="待实施", en="Decision published"):
    """Everybody can read what was decided: the first disclosure."""


class Executed(Decided, zh="待公开结果", en="Carried out"):
    """What came of it is on record, and not public yet."""

    reported_at: datetime


class Disclosed(Decided, zh="结果已公开", en="Result published"):
    """Everybody can read what came of it: the second disclosure."""


class Rejected(Deliberation, zh="未通过"):
    """A meeting said no."""


class Withdrawn(Deliberation, zh="已撤回"):
    """Taken back before the vote."""


# ---- facts


class ProposalRaised(Fact, zh="已提议"):
    """A proposal; what it says is kept elsewhere."""

    proposer: Annotated[Proposer, Coded]
    channel: Annotated[Channel, Coded]
    terms: Annotated[DeliberationTerms, Label("条款", "Terms")]

    def apply(self, deliberation: None) -> Proposed:
        """The beginning."""
        return Proposed(self.about, Matter(self.terms))


class PlanSent(Fact, zh="方案已送达"):
    """Those who will meet have the plan, so many days before they do."""

    recipients: Annotated[Count, Quantity, Label("送达人数", "Recipients")]
    sent_at: Annotated[Instant, Label("送达时间", "Sent at")]

    def apply(self, deliberation: Proposed | Consulted) -> Proposed | Consulted:
        """A plan sent anew counts from then on."""
        return replace(deliberation, matter=replace(deliberation.matter, plan_sent_at=self.sent_at))


class Met(Fact):
    """What every meeting says: who was to come, who came, how they voted. Abstained: the rest."""

    due: Annotated[Due, Quantity]
    present: Annotated[Present, Quantity]
    in_favour: InFavour
    against: Against = 0


class CommitteesConsulted(Met, zh="“两委”已商议"):
    """The branch committee and the villagers' or residents' committee agree."""

    def apply(self, deliberation: Proposed) -> Consulted:
        """On to the members."""
        return Consulted(deliberation.about, deliberation.matter)


class MembersReviewed(Met, zh="党员已审议"):
    """The meeting of the members agrees."""

    def apply(self, deliberation: Proposed | Consulted) -> Reviewed:
        """On to the representatives."""
        return Reviewed(deliberation.about, deliberation.matter)


class ResolutionPassed(Met, zh="已决议"):
    """The representatives, or all, vote for it."""

    decided_at: DecidedAt

    def apply(self, deliberation: Open) -> Passed:
        """To be made public."""
        return Passed(deliberation.about, deliberation.matter, self.decided_at)


class ResolutionRejected(Met, zh="未通过"):
    """A meeting says no: the end."""

    step: Annotated[Step, Coded]

    def apply(self, deliberation: Open) -> Rejected:
        """It may be proposed anew, as another proposal."""
        return Rejected(deliberation.about, deliberation.matter)


class ResolutionPublished(Fact, zh="决议已公开"):
    """The first disclosure."""

    disclosure: Annotated[Disclosure, Coded]
    decided_at: Annotated[DecidedAt, Quantity]

    def apply(self, deliberation: Passed) -> Published:
        """To be carried out."""
        return Published(deliberation.about, deliberation.matter, deliberation.decided_at)


class ExecutionReported(Fact, zh="实施已报告"):
    """What came of it."""

    outcome: Annotated[Execution, Coded]
    decided_at: Annotated[DecidedAt, Quantity]
    reported_at: Annotated[Instant, Label("报告时间", "Reported at")]

    def apply(self, deliberation: Published) -> Executed:
        """To be made public."""
        return Executed(
            deliberation.about, deliberation.matter, deliberation.decided_at, self.reported_at
        )


class ResultPublished(Fact, zh="结果已公开"):
    """The second disclosure."""

    disclosure: Annotated[Disclosure, Coded]
    reported_at: Annotated[Instant, Quantity, Label("报告时间", "Reported at")]

    def apply(self, deliberation: Executed) -> Disclosed:
        """The end."""
        return Disclosed(deliberation.about, deliberation.matter, deliberation.decided_at)


class ProposalWithdrawn(Fact, zh="提议已撤回"):
    """Never voted on, with the reason why."""

    reason: Annotated[WithdrawReason, Coded]

    def apply(self, deliberation: Open) -> Withdrawn:
        """The end."""
        return Withdrawn(deliberation.about, deliberation.matter)
