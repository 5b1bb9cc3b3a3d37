"""What every record takes, seen on an order."""

from __future__ import annotations

from datetime import timedelta

from projections.due import DueProjection
from services.facts.order import Timing
from services.kernel.clocks import DeadlineEnded, ExtensionReason
from services.kernel.corrections import Correct, CorrectionReason, Uphold, Void, VoidReason
from services.kernel.facts import (
    ChallengeReason,
    EvidenceKind,
    RecordVerified,
    SampleMethod,
    UpholdReason,
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
from services.kernel.testing import MONDAY, Story
from services.kernel.words import Satisfaction, working_days
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


CHALLENGED = SERVED.when(RESIDENT, Challenge(revision=7, reason=ChallengeReason.WRONG_NUMBER))
CHECKED = Uphold(reason=UpholdReason.CHECKED)


def ended(now: Story) -> DeadlineEnded:
    (found,) = [fact for fact in now.facts if isinstance(fact, DeadlineEnded)]
    assert (found.clock, found.of_revision) == ("record.challenge", 7)
    assert now.case is not None
    assert not now.case.in_question
    return found


def test_a_challenge_waits_five_working_days_for_its_answer() -> None:
    CHALLENGED.recorded("record.challenged", "deadline.set")
    assert CHALLENGED.case is not None
    clock = CHALLENGED.case.clocks["challenge.7"]
    assert clock.due_at == MONDAY + timedelta(days=8)
    assert CHALLENGED.case.in_question == {7}
    again = Challenge(revision=7, reason=ChallengeReason.WRONG_TIME)
    CHALLENGED.when(COMMUNITY, again).refused("said_already")
    slow = SERVED.knowing(limits={"record.challenge": working_days(10)}).when(RESIDENT, again)
    assert slow.case is not None
    assert slow.case.clocks["challenge.7"].due_at == MONDAY + timedelta(days=15)


def test_the_clock_of_a_challenge_is_a_row_of_its_own_until_it_is_answered() -> None:
    due = DueProjection()
    stories = (CHALLENGED, CHALLENGED.when(WORKER, CHECKED))
    events = [[one for one in told.events if due.wants(one)] for told in stories]
    running = [set(due.grow(None, CHALLENGED.stream, some).running) for some in events]
    assert running == [{"record.challenge.7"}, set()]


def test_a_challenge_nobody_answers_is_missed_for_all_to_see_and_can_still_be_answered() -> None:
    miss = Miss(clock="challenge.7")
    CHALLENGED.later(days=6).when(SYSTEM, miss).refused("not_due")
    late = CHALLENGED.later(days=8).when(SYSTEM, miss).recorded("deadline.missed")
    assert late.case is not None
    assert late.case.clocks["challenge.7"].missed
    assert not ended(late.when(WORKER, CHECKED)).on_time
    more = MONDAY + timedelta(days=30)
    extend = Extend(clock="challenge.7", until=more, reason=ExtensionReason.COMPLEX)
    extended = CHALLENGED.when(LEADER, extend).recorded("deadline.extended")
    assert ended(extended.later(days=20).when(WORKER, CHECKED)).on_time


def test_a_correction_a_void_a_verification_and_a_reasoned_no_answer() -> None:
    right = Correct(changes={"beneficiaries": 2}, reason=CorrectionReason.CHALLENGED)
    assert ended(CHALLENGED.when(WORKER, right)).on_time
    elsewhere = Correct(revision=5, changes={"worker": "w2"}, reason=CorrectionReason.CHALLENGED)
    ended(CHALLENGED.when(WORKER, elsewhere))
    void = Void(revision=7, reason=VoidReason.CHALLENGED)
    voided = CHALLENGED.when(COMMUNITY, void)
    assert ended(voided).on_time
    assert voided.case is not None
    assert voided.case.challenged == {7}
    ended(CHALLENGED.when(AUDITOR, Verify(revision=7, method=VerifyMethod.ON_SITE)))
    upheld = CHALLENGED.when(WORKER, CHECKED).recorded("record.upheld", "deadline.ended")
    assert upheld.case is not None
    assert upheld.case.upheld == {7}
    upheld.when(WORKER, CHECKED).refused("not_challenged")


def test_who_challenged_does_not_answer_and_who_answers_does_not_take_the_challenge_away() -> None:
    CHALLENGED.when(RESIDENT, CHECKED).refused("not_your_record")
    by_community = SERVED.when(COMMUNITY, Challenge(reason=ChallengeReason.WRONG_TIME))
    by_community.when(COMMUNITY, CHECKED).refused("own_challenge")
    take_away = Void(revision=9, reason=VoidReason.TYPING)
    CHALLENGED.when(COMMUNITY, take_away).refused("answer_it")
    withdrawn = CHALLENGED.when(RESIDENT, take_away).recorded("record.voided")
    assert withdrawn.case is not None
    assert not withdrawn.case.clocks
    assert not withdrawn.case.challenged


def test_after_a_reasoned_no_others_may_ask_and_after_a_correction_everybody() -> None:
    again = Challenge(revision=7, reason=ChallengeReason.WRONG_NUMBER)
    upheld = CHALLENGED.when(WORKER, CHECKED)
    upheld.when(RESIDENT, again).refused("upheld_already")
    upheld.when(COMMUNITY, again).recorded("record.challenged", "deadline.set")
    right = Correct(changes={"beneficiaries": 2}, reason=CorrectionReason.CHALLENGED)
    corrected = CHALLENGED.when(WORKER, right).when(RESIDENT, again)
    assert corrected.case is not None
    assert corrected.case.in_question == {7}
    ended(corrected.when(WORKER, right.model_copy(update={"changes": {"beneficiaries": 4}})))


def test_the_clock_of_a_challenge_runs_on_in_cases_that_rest_and_in_imports() -> None:
    other = NEW.knowing(stream="order/case-2").when(RESIDENT, Place()).case
    assert other is not None
    asked = PLACED.when(RESIDENT, Challenge(reason=ChallengeReason.WRONG_PLACE))
    rests = asked.knowing(cases={"order/case-2": other}).when(
        DISPATCHER, LinkDuplicate(of="order/case-2")
    )
    assert rests.case is not None
    assert set(rests.case.clocks) == {"challenge.1"}
    imported = NEW.when(IMPORTER, Place(requester="p1", area="c1"))
    imported.when(RESIDENT, Challenge(reason=ChallengeReason.WRONG_PLACE)).recorded(
        "record.challenged", "deadline.set"
    )


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
