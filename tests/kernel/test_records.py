"""What every record takes, seen on an order."""

from __future__ import annotations

from datetime import timedelta

from services.facts.order import Timing
from services.kernel.clocks import DeadlineEnded, ExtensionReason
from services.kernel.corrections import Void, VoidReason
from services.kernel.facts import (
    ChallengeReason,
    EvidenceKind,
    RecordVerified,
    SampleMethod,
    VerifyMethod,
)
from services.kernel.records import (
    AttachEvidence,
    Challenge,
    ConfirmRecord,
    Extend,
    GiveFeedback,
    LinkDuplicate,
    Miss,
    Sample,
    Verify,
)
from services.kernel.testing import MONDAY
from services.kernel.words import Satisfaction
from services.workflows.order import Accept, Deliver, Dispatch, Place
from tests.workflows.orders import (
    ACCEPTED,
    AUDITOR,
    COMMUNITY,
    DISPATCHED,
    DISPATCHER,
    IMPORTER,
    LEADER,
    NEW,
    PLACED,
    RESIDENT,
    SERVED,
    SYSTEM,
    WORKER,
    person,
)


def test_a_deadline_fires_once_and_never_early() -> None:
    miss = Miss(clock="accept")
    DISPATCHED.later(minutes=59).when(SYSTEM, miss).refused("not_due")
    missed = DISPATCHED.later(hours=1).when(SYSTEM, miss).recorded("deadline.missed")
    missed.when(SYSTEM, miss).refused("no_clock")
    missed.when(WORKER, miss).refused("not_yours")


def test_an_extension_goes_forward_and_once() -> None:
    until = MONDAY + timedelta(hours=5)
    extend = Extend(clock="accept", until=until, reason=ExtensionReason.COMPLEX)
    extended = DISPATCHED.when(LEADER, extend).recorded("deadline.extended")
    on_time = extended.later(hours=4).when(WORKER, Accept())
    assert isinstance(on_time.facts[1], DeadlineEnded)
    assert on_time.facts[1].on_time
    back = extend.model_copy(update={"until": MONDAY})
    DISPATCHED.when(LEADER, back).refused("not_later")
    more = extend.model_copy(update={"until": until + timedelta(hours=1)})
    extended.when(LEADER, more).refused("extended_enough")
    DISPATCHED.when(WORKER, extend).refused("not_yours")


def test_the_other_side_confirms_and_the_doer_does_not() -> None:
    SERVED.when(WORKER, ConfirmRecord()).refused("own_word")
    confirmed = SERVED.when(COMMUNITY, ConfirmRecord())
    confirmed.recorded("record.counterparty_confirmed")
    confirmed.when(RESIDENT, ConfirmRecord()).refused("said_already")


def test_a_deed_confirmed_and_verified_counts_once() -> None:
    both = SERVED.when(COMMUNITY, ConfirmRecord()).when(
        AUDITOR, Verify(method=VerifyMethod.CALL_BACK)
    )
    assert isinstance(both.facts[0], RecordVerified)
    assert both.facts[0].of_fact is None
    assert both.facts[0].of_revision == 7


def test_evidence_challenge_and_sample_name_their_record() -> None:
    evidence = AttachEvidence(revision=7, evidence=EvidenceKind.PHOTO, sha256="a" * 64)
    story_now = SERVED.when(WORKER, evidence).recorded("record.evidence_attached")
    story_now = story_now.when(AUDITOR, Sample(revision=7, method=SampleMethod.RANDOM))
    story_now = story_now.when(RESIDENT, Challenge(revision=7, reason=ChallengeReason.WRONG_NUMBER))
    assert story_now.case is not None
    assert story_now.case.in_question == {7}
    SERVED.when(WORKER, evidence.model_copy(update={"revision": 3})).refused("no_such_record")


def test_feedback_is_given_once_by_each_and_only_after_the_service() -> None:
    feedback = GiveFeedback(satisfaction=Satisfaction.SATISFIED)
    ACCEPTED.when(RESIDENT, feedback).refused("not_served")
    given = SERVED.when(RESIDENT, feedback).recorded("record.feedback_given")
    given.when(RESIDENT, feedback).refused("said_already")
    home = person("h1", "unit_admin", unit="u7")
    given.when(home, feedback).recorded("record.feedback_given")


def test_a_duplicate_rests_in_the_other_case() -> None:
    other = NEW.knowing(stream="order/case-2").when(RESIDENT, Place()).case
    assert other is not None
    link = LinkDuplicate(of="order/case-2")
    DISPATCHED.when(DISPATCHER, link).refused("not_a_duplicate")
    linked = DISPATCHED.knowing(cases={"order/case-2": other}).when(DISPATCHER, link)
    linked.recorded("record.duplicate_linked", "deadline.lifted", "deadline.lifted")
    linked.when(WORKER, Accept()).refused("duplicate")
    undone = linked.when(COMMUNITY, Void(revision=5, reason=VoidReason.TYPING))
    assert undone.case is not None
    assert set(undone.case.clocks) == {"accept", "deliver"}


def test_what_is_entered_long_after_is_marked() -> None:
    late = ACCEPTED.later(days=3)
    deliver = Deliver(timing=Timing.AFTER_HOURS, occurred_at=MONDAY + timedelta(hours=1))
    told = late.when(WORKER, deliver)
    told.recorded("order.service_delivered", "deadline.ended", "record.entered_late")
    assert told.facts[2].data()["late_seconds"] == 3 * 86_400 - 3_600
    early = deliver.model_copy(update={"occurred_at": MONDAY - timedelta(hours=1)})
    late.when(WORKER, early).refused("before_last")
    future = deliver.model_copy(update={"occurred_at": late.now + timedelta(hours=1)})
    late.when(WORKER, future).invalid("occurred_at")


def test_an_imported_order_sets_no_clocks() -> None:
    placed = NEW.later(days=30).when(IMPORTER, Place(requester="p1", area="c1", occurred_at=MONDAY))
    placed.recorded("order.placed")
    placed.when(DISPATCHER, Dispatch(unit="u1")).recorded("order.dispatched")


def test_a_case_voided_and_begun_anew_by_an_import_sets_no_clocks() -> None:
    voided = PLACED.when(COMMUNITY, Void(whole=True, reason=VoidReason.DOUBLE))
    again = voided.when(IMPORTER, Place(requester="p1", area="c1"))
    again.recorded("order.placed")
    assert again.case is not None
    assert again.case.imported
    again.when(DISPATCHER, Dispatch(unit="u1")).recorded("order.dispatched")
