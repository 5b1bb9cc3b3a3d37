"""项目 · Project, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from events.clock import Instant
from events.errors import Broken
from events.fact import Coded, Quantity
from events.places import CODE_PATTERN
from services.kernel.words import (
    Actor,
    Amount,
    Choice,
    Count,
    Help,
    Label,
    Party,
    Stream,
    Terms,
    UnitCode,
)
from services.kernel.workflow import Fact, Note, State

# ---- limits, choices, fields

STAGES_MAX = 16


class Gate(Choice, zh="议事前置", en="Deliberated first"):
    """What must be on record of a deliberation before a project may be proposed."""

    NONE = "none", "不要求", "Nothing"
    DECISION = "decision", "决议并公开", "A decision that was made public"
    BOTH = "both", "四议两公开", "Four deliberations and two disclosures"


class RejectReason(Choice, zh="未立项原因", en="Reason"):
    """Why it is not taken up."""

    NO_FUNDS = "no_funds", "经费不足"
    NOT_A_PRIORITY = "not_a_priority", "暂不列入", "Not now"
    NOT_ALLOWED = "not_allowed", "不符合规定"
    DOUBLE = "double", "与其他项目重复", "Done by another project"


class BlockReason(Choice, zh="受阻原因", en="Reason"):
    """Why a stage does not go on."""

    NOT_AS_PLANNED = "not_as_planned", "与规划或合同不符", "Not as planned or agreed"
    PAPERS_MISSING = "papers_missing", "手续不全", "Papers are missing"
    QUALITY = "quality", "质量不合格"
    FUNDS = "funds", "经费未到位", "Funds have not come"
    OBJECTION = "objection", "居民异议", "Residents object"


class Consequence(Choice, zh="处置", en="Consequence"):
    """What the block brings with it."""

    RECTIFY = "rectify", "限期整改", "To be put right"
    PRESALE_HELD = "presale_held", "预售限制", "No presale"
    PAYMENT_HELD = "payment_held", "暂停拨付", "No payment"


class Selection(Choice, zh="选定方式", en="Selected by"):
    """How the provider was found."""

    TENDER = "tender", "公开招标", "Tender"
    PURCHASE = "purchase", "政府购买服务", "Service purchase"
    COMMISSION = "commission", "委托", "Commission"
    OWN = "own", "自行实施", "Own work"


class Finding(Choice, zh="监督情况", en="Finding"):
    """What somebody sees who looks at the work."""

    IN_ORDER = "in_order", "符合要求", "In order"
    DEFECT = "defect", "发现问题", "A defect"


class Effect(Choice, zh="成效", en="Effect"):
    """What it has brought, looked back on."""

    AS_INTENDED = "as_intended", "达到预期", "As intended"
    PARTLY = "partly", "部分达到", "Partly"
    NOT = "not", "未达到", "Not"


class StopReason(Choice, zh="终止原因", en="Reason"):
    """Why it ends before it is accepted."""

    NOT_NEEDED = "not_needed", "已不需要"
    NO_FUNDS = "no_funds", "经费不足"
    PROVIDER_GONE = "provider_gone", "承接方退出", "The provider withdrew"
    NOT_FEASIBLE = "not_feasible", "无法实施"


StageCode = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["works"]),
    Label("环节", "Stage"),
]


def _each_once(stages: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(stages)) < len(stages):
        raise ValueError("every stage has a name of its own")
    return stages


Stages = Annotated[
    tuple[StageCode, ...],
    Field(min_length=1, max_length=STAGES_MAX, examples=[["works"]]),
    AfterValidator(_each_once),
    Label("环节次序", "Stages in their order"),
]
ProposedAt = Annotated[Instant, Label("申报时间", "Proposed at")]
EnteredAt = Annotated[Instant, Label("进入环节时间", "Entered the stage at")]
Budget = Annotated[
    Amount | None, Label("预算（分）", "Budget (fen)"), Help("可不填", "May be left out")
]
SquareMetres = Annotated[Count | None, Label("面积（平方米）", "Square metres")]


class ProjectTerms(Terms):
    """What a variant fixes: its stage gates, and what comes before and after them."""

    stages: Stages = ("works",)
    deliberation: Gate = Gate.NONE
    provider_first: Annotated[bool, Label("先定承接方", "Provider selected first")] = False
    handed_over: Annotated[bool, Label("验收后交付", "Handed over once accepted")] = False


# ---- states


@dataclass(frozen=True)
class Plan:
    """What is true of a project all its life."""

    terms: ProjectTerms
    owner: str | None
    proposed_at: datetime
    provider: str | None = None


class Project(State):
    """One project. Its unit is the provider, once there is one."""

    plan: Plan

    def parties(self, actor: Actor) -> set[Party]:
        """The unit that proposed it, beside the one that does it."""
        found = super().parties(actor)
        owns = actor.unit is not None and actor.unit == self.plan.owner
        return found | ({Party.REQUESTER} if owns else set())


class Unfinished(Project):
    """Not accepted: may be stopped."""


class Proposed(Unfinished, zh="已申报"):
    """Somebody wants it."""


class Approved(Unfinished, zh="待定承接方", en="Approved"):
    """Taken up; who will do it is open."""


class OnStage(Unfinished):
    """At one of its gates."""

    stage: str
    entered_at: datetime


class Underway(OnStage, zh="实施中"):
    """At work on a stage."""


class Blocked(OnStage, zh="受阻"):
    """The stage does not go on. Its days count all the same."""


class Cleared(Unfinished, zh="待验收", en="All stages cleared"):
    """Every stage is cleared."""


class Finished(Project):
    """Accepted."""


class Accepted(Finished, zh="已验收"):
    """As it was meant to be."""


class HandedOver(Finished, zh="已交付"):
    """In the hands of those who use it."""


class Reviewed(Finished, zh="成效已评"):
    """Looked back on, perhaps more than once."""


class Rejected(Project, zh="未立项"):
    """Not taken up."""


class Stopped(Project, zh="已终止"):
    """Ended before it was accepted."""


# ---- facts


class ProjectProposed(Fact, zh="已申报"):
    """A project is wanted, and by which deliberation."""

    deliberation: Annotated[Stream | None, Label("所依议事", "Deliberation")] = None
    budget: Annotated[Budget, Quantity] = None
    square_metres: Annotated[SquareMetres, Quantity] = None
    proposed_at: ProposedAt
    terms: Annotated[ProjectTerms, Label("条款", "Terms")]

    def apply(self, project: None) -> Proposed:
        """The beginning."""
        return Proposed(self.about, Plan(self.terms, self.about.unit, self.proposed_at))


class ProjectApproved(Fact, zh="已立项"):
    """Taken up."""

    budget: Annotated[Budget, Quantity] = None
    proposed_at: Annotated[ProposedAt, Quantity]
    approved_at: Annotated[Instant, Label("立项时间", "Approved at")]

    def apply(self, project: Proposed) -> Approved | Underway:
        """Whoever is to do it is found first, where the variant says so."""
        plan = project.plan
        if plan.terms.provider_first:
            return Approved(project.about, plan)
        return Underway(project.about, plan, plan.terms.stages[0], self.approved_at)


class ProjectRejected(Fact, zh="未立项"):
    """Not taken up, with the reason why."""

    reason: Annotated[RejectReason, Coded]

    def apply(self, project: Proposed) -> Rejected:
        """The end."""
        return Rejected(project.about, project.plan)


class ProviderSelected(Fact, zh="承接方已定"):
    """Who does it; it counts under them from here on."""

    provider: Annotated[UnitCode, Label("承接方", "Provider")]
    selection: Annotated[Selection, Coded]
    selected_at: Annotated[Instant, Label("选定时间", "Selected at")]

    def apply(self, project: Approved | OnStage) -> Underway | Blocked:
        """The first stage begins; a provider may be followed by another."""
        plan = replace(project.plan, provider=self.provider)
        about = self.about
        if isinstance(project, Blocked):
            return Blocked(about, plan, project.stage, project.entered_at)
        if isinstance(project, OnStage):
            return Underway(about, plan, project.stage, project.entered_at)
        return Underway(about, plan, plan.terms.stages[0], self.selected_at)


class OfStage(Fact):
    """What every fact of a stage says. It counts under whoever clears or blocks it."""

    stage: Annotated[StageCode, Coded]

    def check(self, project: OnStage) -> None:
        """Raises Broken where the project is, after a correction, at another stage."""
        if project.stage != self.stage:
            raise Broken(f"the project is at {project.stage}, not at {self.stage}")


class StageCleared(OfStage, zh="环节已通过"):
    """A gate is passed."""

    entered_at: Annotated[EnteredAt, Quantity]
    cleared_at: Annotated[Instant, Label("通过时间", "Cleared at")]

    def apply(self, project: OnStage) -> Underway | Cleared:
        """On to the next; after the last, to be accepted."""
        self.check(project)
        stages = project.plan.terms.stages
        following = stages.index(self.stage) + 1
        if following == len(stages):
            return Cleared(project.about, project.plan)
        return Underway(project.about, project.plan, stages[following], self.cleared_at)


class StageBlocked(OfStage, zh="环节受阻"):
    """It does not go on, and what follows from that."""

    reason: Annotated[BlockReason, Coded]
    consequence: Consequence

    def apply(self, project: Underway) -> Blocked:
        """Until it is resumed, or cleared."""
        self.check(project)
        return Blocked(project.about, project.plan, project.stage, project.entered_at)


class StageResumed(OfStage, zh="环节已恢复"):
    """What was in the way is gone."""

    def apply(self, project: Blocked) -> Underway:
        """At work again."""
        self.check(project)
        return Underway(project.about, project.plan, project.stage, project.entered_at)


class ProjectInspected(Note, zh="监督已记录"):
    """A resident or an auditor looked at the work: steel, cement, service."""

    finding: Annotated[Finding, Coded]
    stage: Annotated[StageCode, Coded]


class ProjectAccepted(Fact, zh="已验收"):
    """As it was meant to be."""

    square_metres: Annotated[SquareMetres, Quantity] = None
    proposed_at: Annotated[ProposedAt, Quantity]

    def apply(self, project: Cleared) -> Accepted:
        """To be handed over, or looked back on."""
        return Accepted(project.about, project.plan)


class AcceptanceFailed(Fact, zh="验收未通过"):
    """Not as it was meant to be: the last stage is done again."""

    reason: Annotated[BlockReason, Coded]
    failed_at: Annotated[Instant, Label("验收时间", "Inspected at")]

    def apply(self, project: Cleared) -> Underway:
        """Back to the last stage."""
        plan = project.plan
        return Underway(project.about, plan, plan.terms.stages[-1], self.failed_at)


class ProjectHandedOver(Fact, zh="已交付"):
    """In the hands of those who use it."""

    to: Annotated[UnitCode, Label("接收单位", "Handed over to")]
    square_metres: Annotated[SquareMetres, Quantity] = None

    def apply(self, project: Accepted) -> HandedOver:
        """To be looked back on."""
        return HandedOver(project.about, project.plan)


class OutcomeReviewed(Fact, zh="成效已评"):
    """Effect, who took part, what work it gave: a look back, as often as it is worth one."""

    effect: Annotated[Effect, Coded]
    participants: Annotated[Count, Quantity, Label("参与人数", "Took part")] = 0
    jobs: Annotated[Count, Quantity, Label("务工人数", "Given work")] = 0

    def apply(self, project: Finished) -> Reviewed:
        """Seen."""
        return Reviewed(project.about, project.plan)


class ProjectStopped(Fact, zh="已终止"):
    """Ended before it was accepted, with the reason why."""

    reason: Annotated[StopReason, Coded]

    def apply(self, project: Unfinished) -> Stopped:
        """The end."""
        return Stopped(project.about, project.plan)
