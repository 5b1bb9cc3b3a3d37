"""议事 · Deliberation: proposed, consulted, reviewed, voted on; decision and result made public.

Four deliberations and two disclosures (四议两公开), or fewer where the variant says so. A meeting
that too few attend is none: it is refused and held again. A meeting that says no ends the proposal.
Numbers only: who came and how anybody voted is not written down.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.facts.deliberation import (
    Against,
    Channel,
    CommitteesConsulted,
    Consulted,
    Decided,
    Deliberation,
    DeliberationTerms,
    Disclosure,
    Due,
    Executed,
    Execution,
    ExecutionReported,
    InFavour,
    MembersReviewed,
    Open,
    Passed,
    PlanSent,
    Present,
    ProposalRaised,
    ProposalWithdrawn,
    Proposed,
    Proposer,
    Published,
    ResolutionPassed,
    ResolutionPublished,
    ResolutionRejected,
    ResultPublished,
    Reviewed,
    Step,
    WithdrawReason,
)
from services.kernel.words import Count, Label, Party, Refusal, days, deny, refuse
from services.kernel.workflow import Clock, Command, Context, Opening, Workflow

HOSTS = (Party.COMMUNITY, Party.STREET, Party.HANDLER)
"""Who convenes and keeps the minutes: the community, the street, or the unit whose matter it is."""

BRANCH_PROPOSES = Refusal(
    "branch_proposes",
    "该议事由党支部提议",
    "a proposal of this kind comes from the party branch",
)
STEP_MISSING = Refusal(
    "step_missing", "须先经{step}", "the {step_en} comes first: it is not on record"
)
PLAN_NOT_SENT = Refusal(
    "plan_not_sent",
    "方案须提前 {days} 天送达，尚未送达",
    "the plan is sent {days} days before: it was not sent",
)
TOO_SOON = Refusal(
    "too_soon",
    "方案须提前 {days} 天送达，{day} 起方可开会",
    "the plan is sent {days} days before: not before {day}",
)
NOT_QUORATE = Refusal(
    "not_quorate",
    "应到 {due} 人，实到 {present} 人，不足 {parts}/{of}，会议无效",
    "{present} of {due} came, and {parts}/{of} are needed: the meeting is not valid",
)
MORE_THAN_DUE = Refusal(
    "more_than_due",
    "实到 {present} 人多于应到 {due} 人",
    "{present} came, which is more than the {due} who were to come",
)
MORE_VOTES = Refusal(
    "more_votes",
    "票数 {votes} 多于实到人数 {present}",
    "{votes} votes are more than the {present} people present",
)


class Propose(
    Opening,
    zh="提议",
    by=[
        Party.RESIDENT,
        Party.WORKER,
        Party.COMMUNITY,
        Party.STREET,
        Party.UNIT_ADMIN,
        Party.LEADER,
    ],
):
    """Bring a matter up for decision."""

    proposer: Proposer
    channel: Channel = Channel.MEETING

    def decide(self, deliberation: None, context: Context) -> ProposalRaised:
        """Whose right it is, the variant says."""
        terms = context.terms_of(DeliberationTerms)
        alone = context.actor.parties() <= {Party.RESIDENT, Party.WORKER}
        if terms.branch_proposes and (self.proposer is not Proposer.BRANCH or alone):
            deny(BRANCH_PROPOSES)
        return ProposalRaised(
            about=self.about(context), proposer=self.proposer, channel=self.channel, terms=terms
        )


class Meeting(Command):
    """A command that puts a meeting on record: 应到, 实到, and the votes."""

    due: Due
    present: Present
    in_favour: InFavour
    against: Against = 0

    def held(self, deliberation: Deliberation, context: Context) -> dict[str, Any]:
        """What every fact of a meeting says. Refused where the meeting was none."""
        terms = deliberation.matter.terms
        if self.present > self.due:
            refuse(MORE_THAN_DUE, present=self.present, due=self.due)
        if (votes := self.in_favour + self.against) > self.present:
            refuse(MORE_VOTES, votes=votes, present=self.present)
        if not terms.is_quorate(self.due, self.present):
            refuse(
                NOT_QUORATE,
                due=self.due,
                present=self.present,
                parts=terms.quorum_parts,
                of=terms.quorum_of,
            )
        return {
            "about": context.said(deliberation.about),
            "due": self.due,
            "present": self.present,
            "in_favour": self.in_favour,
            "against": self.against,
        }

    def carries(self, deliberation: Deliberation) -> bool:
        """Whether it was agreed to."""
        return deliberation.matter.terms.carries(self.present, self.in_favour)


class Consult(Meeting, zh="“两委”商议", en="Consult the committees", by=HOSTS):
    """Put the meeting of both committees on record."""

    def decide(
        self, deliberation: Proposed, context: Context
    ) -> CommitteesConsulted | ResolutionRejected:
        """On, or the end."""
        held = self.held(deliberation, context)
        if self.carries(deliberation):
            return CommitteesConsulted(**held)
        return ResolutionRejected(step=Step.CONSULTED, **held)


class SendPlan(Command, zh="送达方案", by=HOSTS):
    """Send the plan to those who will meet."""

    recipients: Count

    def decide(self, deliberation: Proposed | Consulted, context: Context) -> PlanSent:
        """Days count from now."""
        return PlanSent(
            about=context.said(deliberation.about),
            recipients=self.recipients,
            sent_at=context.occurred_at,
        )


class Review(Meeting, zh="党员审议", by=HOSTS):
    """Put the meeting of the members on record."""

    def decide(
        self, deliberation: Proposed | Consulted, context: Context
    ) -> MembersReviewed | ResolutionRejected:
        """After the committees, and with the plan in hand for as long as is asked."""
        check_steps(deliberation, Step.CONSULTED)
        check_notice(deliberation, context)
        held = self.held(deliberation, context)
        if self.carries(deliberation):
            return MembersReviewed(**held)
        return ResolutionRejected(step=Step.REVIEWED, **held)


class Vote(Meeting, zh="决议", by=HOSTS):
    """Put the vote of the representatives, or of all, on record."""

    def decide(self, deliberation: Open, context: Context) -> ResolutionPassed | ResolutionRejected:
        """After every step that this kind of proposal needs."""
        check_steps(deliberation, Step.CONSULTED, Step.REVIEWED)
        if not isinstance(deliberation, Reviewed):
            check_notice(deliberation, context)
        held = self.held(deliberation, context)
        if self.carries(deliberation):
            return ResolutionPassed(decided_at=context.occurred_at, **held)
        return ResolutionRejected(step=Step.VOTED, **held)


class Publish(Command, zh="公开决议", by=HOSTS):
    """Make the decision public."""

    disclosure: Disclosure

    def decide(self, deliberation: Passed, context: Context) -> ResolutionPublished:
        """The first disclosure."""
        return ResolutionPublished(
            about=context.said(deliberation.about),
            disclosure=self.disclosure,
            decided_at=deliberation.decided_at,
        )


class ReportExecution(Command, zh="报告实施", by=HOSTS):
    """Say what came of it."""

    outcome: Execution

    def decide(self, deliberation: Published, context: Context) -> ExecutionReported:
        """Only what everybody knows was decided is carried out."""
        return ExecutionReported(
            about=context.said(deliberation.about),
            outcome=self.outcome,
            decided_at=deliberation.decided_at,
            reported_at=context.occurred_at,
        )


class PublishResult(Command, zh="公开结果", by=HOSTS):
    """Make public what came of it."""

    disclosure: Disclosure

    def decide(self, deliberation: Executed, context: Context) -> ResultPublished:
        """The second disclosure."""
        return ResultPublished(
            about=context.said(deliberation.about),
            disclosure=self.disclosure,
            reported_at=deliberation.reported_at,
        )


class Withdraw(Command, zh="撤回提议", by=HOSTS):
    """Take it back before the vote."""

    reason: WithdrawReason

    def decide(self, deliberation: Open, context: Context) -> ProposalWithdrawn:
        """Always with the reason."""
        return ProposalWithdrawn(about=context.said(deliberation.about), reason=self.reason)


def check_steps(deliberation: Open, *steps: Step) -> None:
    """Refuse where a step that the variant asks for is not on record, naming the first."""
    terms = deliberation.matter.terms
    asked = {Step.CONSULTED: terms.consulted, Step.REVIEWED: terms.reviewed}
    passed = {Consulted: {Step.CONSULTED}, Reviewed: {Step.CONSULTED, Step.REVIEWED}}
    for step in steps:
        if asked[step] and step not in passed.get(type(deliberation), set()):
            refuse(STEP_MISSING, step=step.label.zh, step_en=step.label.en.lower())


def check_notice(deliberation: Open, context: Context) -> None:
    """Refuse where the plan has not been in their hands for as many days as the variant asks."""
    needed = deliberation.matter.terms.notice_days
    if needed == 0:
        return
    sent_at = deliberation.matter.plan_sent_at
    if sent_at is None:
        refuse(PLAN_NOT_SENT, days=needed)
    zone = context.calendar.zone
    first = sent_at.astimezone(zone).date() + timedelta(days=needed)
    if context.occurred_at.astimezone(zone).date() < first:
        refuse(TOO_SOON, days=needed, day=first.isoformat())


WORKFLOW = Workflow(
    __name__,
    zh="议事",
    terms=DeliberationTerms,
    feedback=Decided,
    # How soon, no source says: the rules `deliberation.publish` and `deliberation.result` do.
    clocks=[
        Clock("publish", Label("决议公开时限", "Publish the decision"), (Passed,), days(3)),
        Clock("result", Label("结果公开时限", "Publish the result"), (Executed,), days(7)),
    ],
)
