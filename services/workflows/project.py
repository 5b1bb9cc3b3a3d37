"""项目 · Project: proposed, approved, taken through its stage gates, accepted, and looked back on.

The stages, what must have been deliberated before, whether a provider is found first and whether it
is handed over stand in the variant. A gate is passed in its turn and no other; the days of a stage
count from when the one before it was cleared, blocked or not. Nobody accepts their own work.
"""

from __future__ import annotations

from typing import Annotated

from services.facts.project import (
    AcceptanceFailed,
    Accepted,
    Approved,
    Blocked,
    BlockReason,
    Budget,
    Cleared,
    Consequence,
    Effect,
    Finding,
    Finished,
    Gate,
    OnStage,
    OutcomeReviewed,
    Project,
    ProjectAccepted,
    ProjectApproved,
    ProjectHandedOver,
    ProjectInspected,
    ProjectProposed,
    ProjectRejected,
    ProjectStopped,
    ProjectTerms,
    Proposed,
    ProviderSelected,
    RejectReason,
    Selection,
    SquareMetres,
    StageBlocked,
    StageCleared,
    StageCode,
    StageResumed,
    StopReason,
    Underway,
    Unfinished,
)
from services.kernel.case import Case
from services.kernel.words import (
    Count,
    Help,
    Label,
    Party,
    Refusal,
    Stream,
    UnitCode,
    days,
    deny,
    refuse,
)
from services.kernel.workflow import About, Clock, Command, Context, Opening, Workflow

STEWARDS = (Party.COMMUNITY, Party.STREET, Party.REQUESTER)
"""Who answers for it: the community, the street, the unit that proposed it."""

GATEKEEPERS = (*STEWARDS, Party.HANDLER, Party.UNIT_ADMIN)
"""Who clears or blocks a stage: those, the provider, or the department whose gate it is."""

DECISION = {
    "deliberation.resolution_passed": Label("决议", "the vote"),
    "deliberation.resolution_published": Label("决议公开", "the decision made public"),
}
FOUR_AND_TWO = {
    "deliberation.proposal_raised": Label("提议", "the proposal"),
    "deliberation.committees_consulted": Label("“两委”商议", "the consultation"),
    "deliberation.members_reviewed": Label("党员审议", "the review by the members"),
    **DECISION,
    "deliberation.result_published": Label("结果公开", "the result made public"),
}
NEEDED = {Gate.NONE: {}, Gate.DECISION: DECISION, Gate.BOTH: FOUR_AND_TWO}
"""What a deliberation must hold, by the gate of the variant."""

NOT_DELIBERATED = Refusal(
    "not_deliberated",
    "该项目须先经{gate}，请填写所依议事",
    "this project needs {gate_en} first: say which deliberation",
)
NO_SUCH_DELIBERATION = Refusal(
    "no_such_deliberation", "没有 {stream} 这一议事", "there is no deliberation {stream} here"
)
ELSEWHERE = Refusal(
    "deliberated_elsewhere",
    "{stream} 是 {area} 的议事，不是本区域的",
    "{stream} was deliberated in {area}, not here",
)
STEPS_MISSING = Refusal("steps_missing", "{stream} 缺少：{missing}", "{stream} lacks {missing_en}")
NOT_THIS_STAGE = Refusal(
    "not_this_stage",
    "现处环节 {stage}，不能办理 {asked}",
    "it is at the stage {stage}, not at {asked}",
)
SAME_PROVIDER = Refusal("same_provider", "已由 {unit} 承接", "{unit} is its provider already")
OWN_WORK = Refusal(
    "own_work", "承接方不能验收自己的项目", "a provider does not accept its own work"
)
NOT_HANDED_OVER = Refusal(
    "not_handed_over", "验收后须先交付", "it is handed over before it is looked back on"
)


class Propose(Opening, zh="申报项目", by=[Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN]):
    """Ask for a project to be taken up."""

    deliberation: Annotated[
        Stream | None,
        Label("所依议事", "Deliberation"),
        Help("如 deliberation/…", "deliberation/…"),
    ] = None
    budget: Budget = None
    square_metres: SquareMetres = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """The deliberation it rests on."""
        return (self.deliberation,) if self.deliberation else ()

    def decide(self, project: None, context: Context) -> ProjectProposed:
        """No project without what its variant asks to be deliberated."""
        terms = context.terms_of(ProjectTerms)
        about = self.about(context)
        self._check_deliberation(terms.deliberation, about, context)
        return ProjectProposed(
            about=about,
            deliberation=self.deliberation,
            budget=self.budget,
            square_metres=self.square_metres,
            proposed_at=context.occurred_at,
            terms=terms,
        )

    def _check_deliberation(self, gate: Gate, about: About, context: Context) -> None:
        if self.deliberation is None:
            if gate is not Gate.NONE:
                refuse(NOT_DELIBERATED, gate=gate.label.zh, gate_en=gate.label.en.lower())
            return
        case = context.cases.get(self.deliberation)
        if case is None or case.kind != "deliberation" or case.state is None:
            refuse(NO_SUCH_DELIBERATION, stream=self.deliberation)
        if case.about.area != about.area:
            refuse(ELSEWHERE, stream=case.stream, area=case.about.area)
        if missing := lacking(case, gate):
            refuse(
                STEPS_MISSING,
                stream=case.stream,
                missing="、".join(step.zh for step in missing),
                missing_en=", ".join(step.en for step in missing),
            )


class Approve(Command, zh="立项", by=[Party.STREET, Party.COMMUNITY, Party.LEADER]):
    """Take it up."""

    budget: Budget = None

    def decide(self, project: Proposed, context: Context) -> ProjectApproved:
        """With the budget that is granted."""
        return ProjectApproved(
            about=context.said(project.about),
            budget=self.budget,
            proposed_at=project.plan.proposed_at,
            approved_at=context.occurred_at,
        )


class Reject(Command, zh="不予立项", by=[Party.STREET, Party.COMMUNITY, Party.LEADER]):
    """Do not take it up."""

    reason: RejectReason

    def decide(self, project: Proposed, context: Context) -> ProjectRejected:
        """Always with the reason."""
        return ProjectRejected(about=context.said(project.about), reason=self.reason)


class SelectProvider(Command, zh="选定承接方", by=STEWARDS):
    """Say who does it, or who does it from now on."""

    provider: Annotated[UnitCode, Label("承接方", "Provider")]
    selection: Selection

    def decide(self, project: Approved | OnStage, context: Context) -> ProviderSelected:
        """It counts under them."""
        if project.plan.provider == self.provider:
            refuse(SAME_PROVIDER, unit=self.provider)
        return ProviderSelected(
            about=context.said(project.about, unit=self.provider),
            provider=self.provider,
            selection=self.selection,
            selected_at=context.occurred_at,
        )


class AtStage(Command):
    """A command about the gate the project is at."""

    stage: StageCode

    def place(self, project: OnStage, context: Context) -> About:
        """Counts under whoever says so. Refused for any other gate, naming the one it is at."""
        if self.stage != project.stage:
            refuse(NOT_THIS_STAGE, stage=project.stage, asked=self.stage)
        return context.said(project.about, unit=context.actor.unit or project.about.unit)


class Clear(AtStage, zh="通过环节", en="Clear a stage", by=GATEKEEPERS):
    """Pass the gate."""

    def decide(self, project: OnStage, context: Context) -> StageCleared:
        """In its turn."""
        return StageCleared(
            about=self.place(project, context),
            stage=self.stage,
            entered_at=project.entered_at,
            cleared_at=context.occurred_at,
        )


class Block(AtStage, zh="环节受阻", en="Block a stage", by=GATEKEEPERS):
    """Say that it does not go on, and why."""

    reason: BlockReason
    consequence: Consequence = Consequence.RECTIFY

    def decide(self, project: Underway, context: Context) -> StageBlocked:
        """Until it is resumed."""
        return StageBlocked(
            about=self.place(project, context),
            stage=self.stage,
            reason=self.reason,
            consequence=self.consequence,
        )


class Resume(AtStage, zh="恢复环节", en="Resume a stage", by=GATEKEEPERS):
    """Say that what was in the way is gone."""

    def decide(self, project: Blocked, context: Context) -> StageResumed:
        """At work again."""
        return StageResumed(about=self.place(project, context), stage=self.stage)


class Inspect(Command, zh="监督", by=[Party.RESIDENT, Party.AUDITOR, *STEWARDS]):
    """Look at the work: those for whom it is done may, at any time."""

    finding: Finding

    def decide(self, project: OnStage, context: Context) -> ProjectInspected:
        """Beside the stage it is at."""
        return ProjectInspected(
            about=context.said(project.about), finding=self.finding, stage=project.stage
        )


class Accept(Command, zh="验收", by=[*STEWARDS, Party.AUDITOR]):
    """Say that it is as it was meant to be."""

    square_metres: SquareMetres = None

    def decide(self, project: Cleared, context: Context) -> ProjectAccepted:
        """After every gate, and not by the provider."""
        check_other(project, context)
        return ProjectAccepted(
            about=context.said(project.about),
            square_metres=self.square_metres,
            proposed_at=project.plan.proposed_at,
        )


class FailAcceptance(Command, zh="验收不合格", en="Not accept", by=[*STEWARDS, Party.AUDITOR]):
    """Say that it is not as it was meant to be."""

    reason: BlockReason

    def decide(self, project: Cleared, context: Context) -> AcceptanceFailed:
        """The last stage is done again."""
        check_other(project, context)
        return AcceptanceFailed(
            about=context.said(project.about), reason=self.reason, failed_at=context.occurred_at
        )


class HandOver(Command, zh="交付", by=[*STEWARDS, Party.HANDLER]):
    """Give it into the hands of those who use it."""

    to: Annotated[UnitCode, Label("接收单位", "Handed over to")]
    square_metres: SquareMetres = None

    def decide(self, project: Accepted, context: Context) -> ProjectHandedOver:
        """To a unit that is registered."""
        context.directory.unit(self.to)
        return ProjectHandedOver(
            about=context.said(project.about), to=self.to, square_metres=self.square_metres
        )


class ReviewOutcome(Command, zh="评价成效", by=[*STEWARDS, Party.LEADER, Party.AUDITOR]):
    """Look back: the effect, who took part, what work it gave."""

    effect: Effect
    participants: Annotated[Count, Label("参与人数", "Took part")] = 0
    jobs: Annotated[Count, Label("务工人数", "Given work")] = 0

    def decide(self, project: Finished, context: Context) -> OutcomeReviewed:
        """As often as it is worth one."""
        if project.plan.terms.handed_over and isinstance(project, Accepted):
            refuse(NOT_HANDED_OVER)
        return OutcomeReviewed(
            about=context.said(project.about),
            effect=self.effect,
            participants=self.participants,
            jobs=self.jobs,
        )


class Stop(Command, zh="终止项目", by=[*STEWARDS, Party.LEADER]):
    """End it before it is accepted."""

    reason: StopReason

    def decide(self, project: Unfinished, context: Context) -> ProjectStopped:
        """Always with the reason."""
        return ProjectStopped(about=context.said(project.about), reason=self.reason)


def lacking(deliberation: Case, gate: Gate) -> list[Label]:
    """The steps this gate asks for that the deliberation does not hold."""
    return [step for fact, step in NEEDED[gate].items() if deliberation.latest(fact) is None]


def check_other(project: Project, context: Context) -> None:
    """Refuse where the provider would judge its own work."""
    provider = project.plan.provider
    if provider is not None and context.actor.unit == provider:
        deny(OWN_WORK)


WORKFLOW = Workflow(
    __name__,
    zh="项目",
    terms=ProjectTerms,
    feedback=Finished,
    # How long a stage may take, no source says: the rules `project.stage.<stage>` do.
    clocks=[
        Clock(
            "stage",
            Label("环节时限", "Stage"),
            runs=(OnStage,),
            limit=days(90),
            met=(Cleared,),
            of="stage",
            restarts=True,
        )
    ],
)
