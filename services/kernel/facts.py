"""记录之事实 · Facts that a record of any kind may be given, and what confirmations are made of.

A confirmation carries what the books need to count the *verified* among the claimed deeds: the
deed's own dimensions, quantities, members and codes. `of_fact` is there only on the first word for
a deed, so that a deed both confirmed and audited counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field

from events.clock import EPOCH_DAY
from events.fact import Coded, LocalDay, Member, Quantity, counted
from events.fact import Fact as EventFact
from services.kernel.case import Case, CaseFact, Told
from services.kernel.clocks import DeadlineLifted, Seconds
from services.kernel.context import Context
from services.kernel.words import (
    Choice,
    FactName,
    Label,
    Person,
    Revision,
    Satisfaction,
    Stream,
)


class EvidenceKind(Choice, zh="佐证类型", en="Evidence"):
    """What shows it."""

    PHOTO = "photo", "照片"
    DOCUMENT = "document", "文件"
    SIGNATURE = "signature", "签字"
    RECEIPT = "receipt", "票据"
    MEASUREMENT = "measurement", "量测"


class VerifyMethod(Choice, zh="核验方式", en="Method"):
    """How it was verified."""

    ON_SITE = "on_site", "实地"
    CALL_BACK = "call_back", "回访"
    DOCUMENTS = "documents", "查阅资料"


class ChallengeReason(Choice, zh="质疑理由", en="Reason"):
    """What is wrong with a record."""

    NOT_HAPPENED = "not_happened", "没有发生", "It did not happen"
    WRONG_NUMBER = "wrong_number", "数字不符"
    WRONG_PERSON = "wrong_person", "人员不符"
    WRONG_PLACE = "wrong_place", "地点或单位不符", "Wrong place or unit"
    WRONG_TIME = "wrong_time", "时间不符"


class UpholdReason(Choice, zh="维持理由", en="Reason"):
    """Why a record stays as it is."""

    CHECKED = "checked", "经核对无误", "Checked and found right"
    EVIDENCED = "evidenced", "有佐证", "Shown by evidence"
    AGREED = "agreed", "对方已确认", "Confirmed by the other side"
    OTHER_RECORD = "other_record", "所指并非本记录", "The challenge is about another record"


class SampleMethod(Choice, zh="抽样方式", en="Method"):
    """How the sample was drawn."""

    RANDOM = "random", "随机"
    TARGETED = "targeted", "定向"


Hash = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{64}$", examples=["0" * 64]),
    Label("文件指纹", "SHA-256 of the file"),
]
LATE_AFTER = timedelta(hours=24)
"""What is recorded longer than this after it happened is marked as entered late."""

OfRevision = Annotated[Revision, Label("所指记录", "Record")]


class RecordEnteredLate(CaseFact, zh="已补录", kind="record.entered_late"):
    """It was put on record long after it happened."""

    of_fact: Annotated[FactName, Coded]
    late_seconds: Annotated[Seconds, Quantity]

    @classmethod
    def of(cls, fact: EventFact, context: Context) -> RecordEnteredLate:
        """The mark beside this fact, in the same books."""
        late = context.now - context.occurred_at
        return cls(about=fact.about, of_fact=fact.fact, late_seconds=int(late.total_seconds()))

    def apply(self, case: Case, told: Told) -> Case:
        """Nothing changes."""
        return case


class EvidenceAttached(CaseFact, zh="已附佐证", kind="record.evidence_attached"):
    """Something that shows it; the file itself is kept elsewhere."""

    of_revision: OfRevision
    evidence: Annotated[EvidenceKind, Coded]
    sha256: Hash

    def apply(self, case: Case, told: Told) -> Case:
        """One more."""
        return case.but(evidence=case.evidence + 1)


class FeedbackGiven(CaseFact, zh="已评价", kind="record.feedback_given"):
    """How satisfied those are whom it was done for."""

    satisfaction: Annotated[Satisfaction, Coded]

    def apply(self, case: Case, told: Told) -> Case:
        """One word from each."""
        return case.but(feedback=case.feedback | {told.actor})


class Confirmation(CaseFact):
    """A second word for a deed, with what the books need to count it."""

    of_revision: OfRevision
    of_fact: Annotated[FactName | None, Coded] = None
    of_codes: Annotated[
        str | None, Coded, Field(pattern=r"^[^|]*\|[^|]*$"), Label("分类码", "Codes")
    ] = None
    """The deed's first and second code, joined by a bar."""
    of_member_1: Annotated[Person | None, Member, Label("人员一", "First member")] = None
    of_member_2: Annotated[Person | None, Member, Label("人员二", "Second member")] = None
    of_quantity_1: Annotated[int | None, Quantity, Label("数量一", "First quantity")] = None
    of_quantity_2: Annotated[int | None, Quantity, Label("数量二", "Second quantity")] = None
    of_day: Annotated[date, LocalDay, Label("发生日", "Day of the deed")]


class CounterpartyConfirmed(Confirmation, zh="对方已确认", kind="record.counterparty_confirmed"):
    """The other side says it was so."""

    def apply(self, case: Case, told: Told) -> Case:
        """That fact is confirmed."""
        return case.but(confirmed=case.confirmed | {self.of_revision})


class RecordVerified(Confirmation, zh="已核验", kind="record.verified"):
    """An auditor looked and found it so."""

    method: VerifyMethod

    def apply(self, case: Case, told: Told) -> Case:
        """That fact is verified."""
        return case.but(verified=case.verified | {self.of_revision})


class RecordChallenged(CaseFact, zh="已质疑", kind="record.challenged"):
    """Somebody it concerns says it is wrong. A correction, a void, a verification answers, or a
    reasoned no (`record.upheld`)."""

    of_revision: OfRevision
    of_fact: Annotated[FactName, Coded]
    reason: Annotated[ChallengeReason, Coded]

    def apply(self, case: Case, told: Told) -> Case:
        """That fact is in question."""
        return case.but(challenged=case.challenged | {self.of_revision})


class RecordUpheld(CaseFact, zh="质疑未采纳", en="Record upheld", kind="record.upheld"):
    """The answer to a challenge: the record stays as it is, for a reason."""

    of_revision: OfRevision
    of_fact: Annotated[FactName, Coded]
    reason: Annotated[UpholdReason, Coded]

    def apply(self, case: Case, told: Told) -> Case:
        """That fact was looked at again."""
        return case.but(upheld=case.upheld | {self.of_revision})


class RecordSampled(CaseFact, zh="已抽样", kind="record.sampled"):
    """Drawn for a check."""

    of_revision: OfRevision
    of_fact: Annotated[FactName, Coded]
    method: Annotated[SampleMethod, Coded]

    def apply(self, case: Case, told: Told) -> Case:
        """That fact is to be looked at."""
        return case.but(sampled=case.sampled | {self.of_revision})


class DuplicateLinked(CaseFact, zh="已并案", kind="record.duplicate_linked"):
    """The same matter is another case already; this one rests there."""

    of: Stream

    def apply(self, case: Case, told: Told) -> Case:
        """Nothing more happens here."""
        return case.but(duplicate_of=self.of)


def lifted(case: Case) -> tuple[DeadlineLifted, ...]:
    """The end of every clock that has not ended; who was challenged still owes an answer."""
    return tuple(
        DeadlineLifted(
            about=clock.counted(case.about),
            clock=f"{case.kind}.{clock.declared}",
            tier=clock.tier,
            of_unit=clock.of_unit,
        )
        for clock in case.clocks.values()
        if clock.of_revision is None
    )


def is_other_side(told: Told, context: Context) -> bool:
    """Whether the actor neither recorded the deed nor is the member who did it."""
    doers = told.fact.shape().members[:1]
    own = {told.actor, *(getattr(told.fact, name) for name in doers)}
    return context.actor.person not in own


def confirmed(case: Case, told: Told, context: Context) -> dict[str, Any]:
    """The fields of a confirmation of this record."""
    first = told.revision not in case.confirmed | case.verified
    return {**copied(told, context), "of_fact": told.fact.fact if first else None}


def copied(told: Told, context: Context) -> dict[str, Any]:
    """What a confirmation copies of a deed."""
    fact = told.fact
    about = fact.about.model_dump(mode="json", exclude_none=True)
    columns = counted(fact.shape(), about, fact.data(), told.occurred_at, context.calendar.zone)
    return {
        "about": fact.about,
        "of_revision": told.revision,
        "of_codes": f"{columns.code_1}|{columns.code_2}",
        "of_member_1": columns.member_1 or None,
        "of_member_2": columns.member_2 or None,
        "of_quantity_1": columns.quantity_1,
        "of_quantity_2": columns.quantity_2,
        "of_day": EPOCH_DAY + timedelta(days=columns.day),
    }


def confirmations(
    case: Case, decided: Sequence[EventFact], context: Context
) -> list[CounterpartyConfirmed]:
    """Where a fact of the requester's is itself the other side's word (`confirms=`): for the deed
    before it, and for a deed now decided that carries on what was confirmed before."""
    found = []
    for place, fact in enumerate(decided, start=1):
        names = case.workflow.confirms.get(fact.fact, ())
        told = _newest(case, names, fact) if names else None
        if told and told.revision not in case.confirmed and is_other_side(told, context):
            found.append(CounterpartyConfirmed(**confirmed(case, told, context)))
        if case.confirmed and _is_carried_on(case, fact):
            new = Told(
                case.revision + place, fact, context.occurred_at, context.actor.person, "", {}
            )
            found.append(CounterpartyConfirmed(**confirmed(case, new, context)))
    return found


def _newest(case: Case, names: Sequence[str], word: EventFact) -> Told | None:
    """The newest of these facts that the case holds and that the word is about."""
    held = (
        next((one for one in case.told(name) if same_doer(one.fact, word)), None) for name in names
    )
    return max(filter(None, held), key=lambda told: told.revision, default=None)


def _is_carried_on(case: Case, fact: EventFact) -> bool:
    """Whether it says again, under another name, what the other side has confirmed."""
    for names in case.workflow.confirms.values():
        if fact.fact in names[1:]:
            deed = _newest(case, names, fact)
            if deed is not None and deed.revision in case.confirmed:
                codes = [name for name in deed.fact.shape().codes if name in fact.shape().codes]
                return all(getattr(deed.fact, name) == getattr(fact, name) for name in codes)
    return False


def same_doer(deed: EventFact, word: EventFact) -> bool:
    """Whether a word is about this deed: where it names the doer, it must be the same one."""
    doers = deed.shape().members[:1]
    return all(getattr(word, name, getattr(deed, name)) == getattr(deed, name) for name in doers)
