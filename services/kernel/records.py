"""记录 · What may be said about any record, whatever its kind: evidence, feedback, confirmation,
verification, doubt, merging, more time. Corrections and voids are in `corrections`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from events.clock import Instant
from services.kernel.answers import answered, awaited
from services.kernel.case import Case, CaseCommand, Told
from services.kernel.clocks import (
    DeadlineEnded,
    DeadlineExtended,
    DeadlineLifted,
    DeadlineMissed,
    DeadlineSet,
    ExtensionReason,
    due_once,
)
from services.kernel.context import Context
from services.kernel.facts import (
    ChallengeReason,
    CounterpartyConfirmed,
    DuplicateLinked,
    EvidenceAttached,
    EvidenceKind,
    FeedbackGiven,
    Hash,
    RecordChallenged,
    RecordSampled,
    RecordVerified,
    SampleMethod,
    VerifyMethod,
    confirmed,
    is_other_side,
    lifted,
)
from services.kernel.pieces import Fact
from services.kernel.words import (
    Label,
    Party,
    Refusal,
    Revision,
    Satisfaction,
    Stream,
    refuse,
)

AFFECTED = (
    Party.REQUESTER,
    Party.HANDLER,
    Party.HOLDER,
    Party.HOME_UNIT,
    Party.COMMUNITY,
    Party.AUDITOR,
)

NO_SUCH_RECORD = Refusal(
    "no_such_record",
    "该案件没有第 {revision} 条可用记录",
    "the case holds no such record at revision {revision}",
)
OWN_WORD = Refusal(
    "own_word",
    "自己的记录须由对方确认",
    "nobody confirms their own record: the other side does",
)
SAID_ALREADY = Refusal("said_already", "第 {revision} 条记录已办过", "revision {revision} is done")
UPHELD_ALREADY = Refusal(
    "upheld_already",
    "第 {revision} 条记录已答复维持；仍有异议，请核查员核验",
    "revision {revision} was upheld in answer to you: an auditor may verify it",
)
NOT_SERVED = Refusal("not_served", "现在还不能评价", "there is nothing to give feedback on yet")
NOT_A_DUPLICATE = Refusal(
    "not_a_duplicate", "不能并入 {of}", "it cannot be merged into {of}: same kind, open, not itself"
)
NO_CLOCK = Refusal("no_clock", "没有在走的时限“{clock}”", "no clock {clock!r} is running")
NOT_LATER = Refusal("not_later", "延期须晚于 {due}", "an extension must end after {due}")
EXTENDED_ENOUGH = Refusal(
    "extended_enough", "已延期 {times} 次，不能再延", "extended {times} times already"
)
NOT_DUE = Refusal("not_due", "时限 {due} 尚未到", "it is due at {due}, not yet")

Clock = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z_]{0,31}(\.[a-z0-9][a-z0-9_-]{0,31})?$", examples=["deliver"]),
    Label("时限", "Clock"),
]
"""A clock of the case; where each unit has its own, with the unit: `report.u1`."""


class AboutRecord(CaseCommand):
    """A command about one record. Without a revision: the newest one of the case's own kind."""

    revision: Annotated[Revision | None, Label("所指记录", "Record")] = None

    def record(self, case: Case) -> Told:
        """The record meant; only facts of the case's own kind can be."""
        own = [told for told in case.held if isinstance(told.fact, Fact)]
        found = [told for told in own if self.revision is None or told.revision == self.revision]
        if not found:
            refuse(NO_SUCH_RECORD, revision=self.revision)
        return found[-1]


class AttachEvidence(AboutRecord, zh="附佐证", by=AFFECTED):
    """Never asked for as a condition of anything."""

    evidence: EvidenceKind
    sha256: Hash

    def decide(self, case: Case, context: Context) -> EvidenceAttached:
        """Beside the record it shows."""
        told = self.record(case)
        return EvidenceAttached(
            about=context.said(case.about),
            of_revision=told.revision,
            evidence=self.evidence,
            sha256=self.sha256,
        )


class GiveFeedback(CaseCommand, zh="评价", by=[Party.REQUESTER, Party.HOME_UNIT, Party.COMMUNITY]):
    """Once there is something to judge (`feedback=` of the workflow)."""

    satisfaction: Satisfaction

    def decide(self, case: Case, context: Context) -> FeedbackGiven:
        """Counts where the case is now."""
        if not self.open_to(case):
            refuse(NOT_SERVED)
        if context.actor.person in case.feedback:
            refuse(SAID_ALREADY, revision=case.revision)
        return FeedbackGiven(about=context.said(case.about), satisfaction=self.satisfaction)

    @classmethod
    def open_to(cls, case: Case) -> bool:
        """In the states the workflow names."""
        return type(case.state) in case.workflow.feedback


class ConfirmRecord(AboutRecord, zh="确认记录", by=AFFECTED):
    """The other side's word. Not the recorder's own, nor that of somebody the deed names."""

    def decide(self, case: Case, context: Context) -> CounterpartyConfirmed:
        """Once for each record."""
        told = self.record(case)
        if not is_other_side(told, context):
            refuse(OWN_WORD)
        if told.revision in case.confirmed:
            refuse(SAID_ALREADY, revision=told.revision)
        return CounterpartyConfirmed(**confirmed(case, told, context))


class Verify(AboutRecord, zh="核验", by=Party.AUDITOR):
    """An auditor's word, from a look of their own."""

    method: VerifyMethod

    def decide(
        self, case: Case, context: Context
    ) -> tuple[RecordVerified, *tuple[DeadlineEnded, ...]]:
        """Once for each record. Where it was challenged, this is the answer."""
        told = self.record(case)
        if not is_other_side(told, context):
            refuse(OWN_WORD)
        if told.revision in case.verified:
            refuse(SAID_ALREADY, revision=told.revision)
        verified = RecordVerified(method=self.method, **confirmed(case, told, context))
        return (verified, *answered(case, {told.revision}, context))


class Challenge(AboutRecord, zh="质疑", by=AFFECTED):
    """The right to have a record looked at again, and to get an answer in time."""

    reason: ChallengeReason

    def decide(self, case: Case, context: Context) -> tuple[RecordChallenged, DeadlineSet]:
        """Once at a time for each record; after a reasoned no, not by the same person again."""
        told = self.record(case)
        if told.revision in case.in_question:
            refuse(SAID_ALREADY, revision=told.revision)
        if told.revision in case.upheld - case.corrected and context.actor.person in (
            one.actor
            for one in case.told(RecordChallenged.fact)
            if one.stored["data"]["of_revision"] == told.revision
        ):
            refuse(UPHELD_ALREADY, revision=told.revision)
        challenged = RecordChallenged(
            about=context.said(told.fact.about),
            of_revision=told.revision,
            of_fact=told.fact.fact,
            reason=self.reason,
        )
        return challenged, awaited(told, context)


class Sample(AboutRecord, zh="抽样", by=[Party.AUDITOR, Party.SYSTEM]):
    """Draw a record for a check."""

    method: SampleMethod

    def decide(self, case: Case, context: Context) -> RecordSampled:
        """Once for each record."""
        told = self.record(case)
        if told.revision in case.sampled:
            refuse(SAID_ALREADY, revision=told.revision)
        return RecordSampled(
            about=context.said(told.fact.about),
            of_revision=told.revision,
            of_fact=told.fact.fact,
            method=self.method,
        )


class LinkDuplicate(CaseCommand, zh="并案", by=[Party.DISPATCHER, Party.HANDLER, Party.COMMUNITY]):
    """One matter, many requesters: this case rests in the other."""

    of: Stream

    def reads(self, kind: str) -> tuple[str, ...]:
        """The case it is to rest in."""
        return (self.of,)

    def decide(
        self, case: Case, context: Context
    ) -> tuple[DuplicateLinked, *tuple[DeadlineLifted, ...]]:
        """Its clocks end uncounted: the other case has its own."""
        other = context.cases.get(self.of)
        if (
            case.duplicate_of is not None
            or other is None
            or other.kind != case.kind
            or other.stream == case.stream
            or other.state is None
            or other.duplicate_of is not None
        ):
            refuse(NOT_A_DUPLICATE, of=self.of)
        return (DuplicateLinked(about=context.said(case.about), of=self.of), *lifted(case))


class Extend(CaseCommand, zh="延期", by=[Party.DISPATCHER, Party.STREET, Party.LEADER]):
    """More time, by somebody other than those who are late."""

    clock: Clock
    until: Annotated[Instant, Label("延至", "Until")]
    reason: ExtensionReason

    def decide(self, case: Case, context: Context) -> DeadlineExtended:
        """As often as the clock allows, and only forward."""
        ticking = case.clocks.get(self.clock)
        if ticking is None or ticking.due_at is None:
            refuse(NO_CLOCK, clock=self.clock)
        if ticking.extensions >= ticking.declaration(case.workflow).extensions:
            refuse(EXTENDED_ENOUGH, times=ticking.extensions)
        if self.until <= ticking.due_at:
            refuse(NOT_LATER, due=ticking.due_at.isoformat())
        return DeadlineExtended(
            about=context.said(ticking.counted(case.about)),
            clock=ticking.full_name(case.kind),
            tier=ticking.tier,
            of_unit=ticking.of_unit,
            of_revision=ticking.of_revision,
            due_at=self.until,
            reason=self.reason,
        )

    @classmethod
    def open_to(cls, case: Case) -> bool:
        """Where a clock runs."""
        return any(clock.due_at for clock in case.clocks.values())


class Miss(CaseCommand, zh="逾期", by=Party.SYSTEM):
    """What the timer says when a deadline has passed. Once, and never early."""

    clock: Clock

    def decide(self, case: Case, context: Context) -> DeadlineMissed:
        """Judged by now, not by when the timer thought it would be."""
        ticking = case.clocks.get(self.clock)
        if ticking is None or ticking.due_at is None or ticking.missed:
            refuse(NO_CLOCK, clock=self.clock)
        if context.now < ticking.due_at:
            refuse(NOT_DUE, due=ticking.due_at.isoformat())
        return DeadlineMissed(
            about=ticking.counted(case.about),
            clock=ticking.full_name(case.kind),
            tier=ticking.tier,
            of_unit=ticking.of_unit,
            of_revision=ticking.of_revision,
            due_at=ticking.due_at,
            due=due_once(ticking),
        )

    @classmethod
    def open_to(cls, case: Case) -> bool:
        """Where a clock runs that has not fired."""
        return any(clock.due_at and not clock.missed for clock in case.clocks.values())
