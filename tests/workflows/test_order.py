"""The order: what each mechanism of its rows asks for, step by step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.fact import About, Books, Provenance
from services.kernel.catalogue import entry_of
from services.kernel.clocks import DeadlineEnded, DeadlineSet, ExtensionReason
from services.kernel.corrections import Correct, CorrectionReason, Dimensions, Void, VoidReason
from services.kernel.records import (
    AttachEvidence,
    Challenge,
    ChallengeReason,
    ConfirmRecord,
    CounterpartyConfirmed,
    EvidenceKind,
    Extend,
    GiveFeedback,
    LinkDuplicate,
    Miss,
    RecordVerified,
    Sample,
    SampleMethod,
    Verify,
    VerifyMethod,
)
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Satisfaction
from services.workflows.order import (
    WORKFLOW,
    Accept,
    AppointmentSet,
    Book,
    Booked,
    Cancel,
    CancelReason,
    Care,
    Channel,
    Close,
    Closed,
    Confirm,
    Decline,
    DeclineReason,
    Deliver,
    Delivered,
    Dispatch,
    Kept,
    Measure,
    OrderAccepted,
    OrderClosed,
    OrderDeclined,
    OrderPlaced,
    OrderRated,
    Place,
    Placed,
    Rate,
    RedoReason,
    Reopen,
    Report,
    Resolution,
    ServiceDelivered,
    ServiceStarted,
    Solved,
    Start,
    Timing,
)


def person(name: str, *roles: str, unit: str | None = None, area: str = "c1") -> Actor:
    return Actor(name, unit, frozenset(roles), area)


RESIDENT = person("p1", "resident")
NEIGHBOUR = person("p2", "resident")
COMMUNITY = person("k1", "community")
DISPATCHER = person("d1", "dispatcher")
WORKER = person("w1", "worker", unit="u1")
COLLEAGUE = person("w2", "worker", unit="u1")
STRANGER = person("w9", "worker", unit="u2")
AUDITOR = person("a1", "auditor")
LEADER = person("l1", "leader")
STREET = person("s1", "street")
SYSTEM = person("timer", "system")
IMPORTER = person("import", "importer")

HOME = Books(home_unit="u7", home_community="c9", paired_community="c1")
TOWN = Registers(
    areas=frozenset({"c1", "c2", "c9"}),
    units=frozenset({"u1", "u2", "u7"}),
    teams=frozenset({"t1"}),
    people={"w1": HOME},
)

NEW = story(entry_of(WORKFLOW), registers=TOWN)
PLACED = NEW.when(RESIDENT, Place(category="repair"))
DISPATCHED = PLACED.when(DISPATCHER, Dispatch(unit="u1"))
ACCEPTED = DISPATCHED.when(WORKER, Accept())
SERVED = ACCEPTED.later(days=1).when(WORKER, Deliver(timing=Timing.AFTER_HOURS, beneficiaries=3))
YES = SERVED.later(hours=1).when(RESIDENT, Confirm(solved=Solved.YES))

AT_C1 = About(area="c1", category="repair")
AT_U1 = AT_C1.at(unit="u1")
AT_WORK = AT_U1.at(books=HOME)


def test_a_resident_places_an_order_for_themselves() -> None:
    PLACED.then(OrderPlaced(about=AT_C1, requester="p1", channel=Channel.WINDOW, care=Care.GENERAL))
    NEW.when(RESIDENT, Place(requester="p2")).refused("for_oneself")


def test_the_community_places_an_order_for_a_resident_and_says_so() -> None:
    placed = NEW.when(COMMUNITY, Place(requester="p1", channel=Channel.VISIT, area="c2"))
    assert placed.facts[0].about == About(area="c2", provenance=Provenance.ORGANISER)
    placed.when(RESIDENT, Cancel(reason=CancelReason.WITHDRAWN)).recorded("order.cancelled")


def test_an_order_from_the_menu_keeps_the_item() -> None:
    placed = NEW.when(RESIDENT, Place(service="legal-aid", channel=Channel.ONLINE))
    assert placed.events[0].content["data"]["service"] == "legal-aid"


def test_one_tap_orders_are_told_apart() -> None:
    placed = NEW.when(RESIDENT, Place(channel=Channel.ONE_TAP))
    assert placed.events[0].content["data"]["channel"] == "one_tap"


def test_an_area_is_asked_for_where_the_actor_has_none() -> None:
    nowhere = Actor("p1", roles=frozenset({"resident"}))
    NEW.when(nowhere, Place()).invalid("area")


def test_only_registered_areas_and_units_are_recorded() -> None:
    with pytest.raises(AssertionError, match="there is no area 'c77'"):
        NEW.when(RESIDENT, Place(area="c77")).then()
    with pytest.raises(AssertionError, match="there is no unit 'u77'"):
        PLACED.when(DISPATCHER, Dispatch(unit="u77")).then()


def test_dispatching_sets_both_clocks() -> None:
    accept = DeadlineSet(
        about=AT_U1,
        clock="order.accept",
        started_at=MONDAY,
        due_at=MONDAY + timedelta(hours=1),
        limit_seconds=3600,
    )
    assert DISPATCHED.facts[1] == accept
    DISPATCHED.recorded("order.dispatched", "deadline.set", "deadline.set")
    PLACED.when(WORKER, Dispatch(unit="u1")).refused("not_yours")


def test_a_team_of_the_unit_joins_the_books() -> None:
    served = (
        PLACED.when(DISPATCHER, Dispatch(unit="u1", team="t1"))
        .when(WORKER, Accept())
        .when(WORKER, Deliver(timing=Timing.WORKING_HOURS))
    )
    assert served.facts[0].about.books == HOME.model_copy(update={"team": "t1"})


def test_accepting_in_time_and_too_late() -> None:
    ended = DeadlineEnded(
        about=AT_U1,
        clock="order.accept",
        on_time=True,
        due_at=MONDAY + timedelta(hours=1),
        took_seconds=3600,
    )
    accepted = OrderAccepted(about=AT_WORK, worker="w1")
    DISPATCHED.later(hours=1).when(WORKER, Accept()).then(accepted, ended)
    late = ended.model_copy(update={"on_time": False, "took_seconds": 7200})
    DISPATCHED.later(hours=2).when(WORKER, Accept()).then(accepted, late)


def test_only_the_unit_that_was_asked_can_accept() -> None:
    DISPATCHED.when(STRANGER, Accept()).refused("not_yours")
    PLACED.when(WORKER, Accept()).refused("not_now")
    assigned = DISPATCHED.when(COLLEAGUE, Accept(worker="w1"))
    assert assigned.facts[0].about.provenance is Provenance.ORGANISER


def test_a_decline_counts_against_the_unit_and_frees_the_order() -> None:
    declined = DISPATCHED.later(minutes=5).when(WORKER, Decline(reason=DeclineReason.NO_SKILL))
    declined.recorded("order.declined", "deadline.ended", "deadline.lifted")
    assert declined.facts[0] == OrderDeclined(about=AT_U1, reason=DeclineReason.NO_SKILL)
    assert isinstance(declined.state, Placed)
    assert declined.state.about.unit is None
    assert declined.case is not None
    assert declined.case.clocks == {}


def test_an_order_is_not_declined_for_ever() -> None:
    now = DISPATCHED
    for _ in range(3):
        now = now.when(WORKER, Decline(reason=DeclineReason.NO_CAPACITY))
        now = now.when(DISPATCHER, Dispatch(unit="u1"))
    now.when(WORKER, Decline(reason=DeclineReason.NO_CAPACITY)).refused("declines_used_up")


def test_an_appointment_is_kept_or_missed() -> None:
    at = MONDAY + timedelta(days=2)
    booked = ACCEPTED.when(WORKER, Book(start_at=at))
    booked.then(AppointmentSet(about=AT_WORK, start_at=at))
    assert isinstance(booked.state, Booked)
    ACCEPTED.when(WORKER, Book(start_at=MONDAY)).refused("appointment_past")
    for story_at, kept in (
        (booked.later(days=2, minutes=20), Kept.KEPT),
        (booked.later(days=2, hours=2), Kept.MISSED),
    ):
        begun = story_at.when(WORKER, Start())
        begun.then(ServiceStarted(about=AT_WORK, worker="w1", appointment=kept))
    begun = ACCEPTED.when(WORKER, Start())
    assert begun.facts[0].data()["appointment"] == "none"


def test_a_service_is_counted_with_people_time_and_books() -> None:
    SERVED.recorded("order.service_delivered", "deadline.ended")
    assert SERVED.facts[0] == ServiceDelivered(
        about=AT_WORK,
        beneficiaries=3,
        worker="w1",
        timing=Timing.AFTER_HOURS,
        care=Care.GENERAL,
        reopen_until=SERVED.now + timedelta(days=7),
    )
    shape = ServiceDelivered.shape()
    assert shape.quantities == ("beneficiaries", "output")
    assert shape.members == ("worker", "household")
    assert shape.codes == ("timing", "care")


def test_a_tailored_service_counts_its_household() -> None:
    NEW.when(COMMUNITY, Place(requester="p1", care=Care.TAILORED)).refused("household_needed")
    tailored = NEW.when(COMMUNITY, Place(requester="p1", care=Care.TAILORED, household="h1"))
    served = tailored.when(WORKER, Report(timing=Timing.WORKING_HOURS))
    told = served.events[-1].content["data"]
    assert (told["household"], told["care"]) == ("h1", "tailored")


def test_an_output_has_a_number_and_a_measure() -> None:
    half = Deliver(timing=Timing.WORKING_HOURS, output=40)
    ACCEPTED.when(WORKER, half).refused("output_incomplete")
    whole = Deliver(timing=Timing.WORKING_HOURS, output=40, output_measure=Measure.TREES)
    ACCEPTED.when(WORKER, whole).recorded("order.service_delivered", "deadline.ended")


def test_a_deed_nobody_dispatched_is_put_on_record() -> None:
    own = PLACED.when(WORKER, Report(timing=Timing.AFTER_HOURS))
    own.recorded("order.service_delivered")
    assert own.facts[0].about == AT_WORK
    told = PLACED.when(COMMUNITY, Report(timing=Timing.AFTER_HOURS, unit="u1", worker="w1"))
    assert told.facts[0].about == AT_WORK.at(provenance=Provenance.ORGANISER)
    PLACED.when(COMMUNITY, Report(timing=Timing.AFTER_HOURS, worker="w1")).refused("unit_needed")


def test_the_requesters_yes_confirms_the_deed() -> None:
    YES.recorded("order.confirmed", "record.counterparty_confirmed")
    told = YES.facts[1]
    assert isinstance(told, CounterpartyConfirmed)
    assert told.about == AT_WORK
    assert told.of_fact == "order.service_delivered"
    assert told.of_codes == "after_hours|general"
    assert (told.of_member_1, told.of_quantity_1) == ("w1", 3)


def test_a_worker_who_is_the_requester_confirms_nothing() -> None:
    own = (
        NEW.when(WORKER, Place(category="repair"))
        .when(WORKER, Report(timing=Timing.AFTER_HOURS))
        .when(WORKER, Confirm(solved=Solved.YES))
    )
    own.recorded("order.confirmed")


def test_the_requesters_no_is_a_reopening() -> None:
    SERVED.when(RESIDENT, Confirm(solved=Solved.NO)).refused("reason_needed")
    SERVED.when(NEIGHBOUR, Confirm(solved=Solved.YES)).refused("not_yours")
    redo = SERVED.when(RESIDENT, Confirm(solved=Solved.NO, reason=RedoReason.NOT_SOLVED))
    redo.recorded("order.reopened", "deadline.set")
    redo.when(WORKER, Deliver(timing=Timing.AFTER_HOURS)).recorded(
        "order.service_delivered", "deadline.ended"
    )


def test_the_window_for_reopening_counts_from_the_service() -> None:
    closed = YES.later(days=6).when(COMMUNITY, Close())
    closed.then(OrderClosed(about=AT_WORK, resolution=Resolution.SOLVED))
    reopen = Reopen(reason=RedoReason.POOR)
    closed.later(hours=20).when(RESIDENT, reopen).recorded("order.reopened", "deadline.set")
    closed.later(days=2).when(RESIDENT, reopen).refused("window_closed")


def test_an_order_is_not_redone_for_ever() -> None:
    no = Confirm(solved=Solved.NO, reason=RedoReason.POOR)
    now = SERVED
    for _ in range(3):
        now = now.when(RESIDENT, no).when(WORKER, Deliver(timing=Timing.AFTER_HOURS))
    now.when(RESIDENT, no).refused("redone_enough")


def test_a_rating_is_given_once_for_a_confirmed_order() -> None:
    rate = Rate(satisfaction=Satisfaction.BASICALLY)
    SERVED.when(RESIDENT, rate).refused("not_now")
    rated = YES.when(RESIDENT, rate)
    rated.then(OrderRated(about=AT_WORK, satisfaction=Satisfaction.BASICALLY))
    rated.when(RESIDENT, rate).refused("not_now")


def test_closing_without_an_answer_says_so() -> None:
    SERVED.when(COMMUNITY, Close()).refused("answer_awaited")
    closed = SERVED.later(days=7).when(COMMUNITY, Close())
    closed.then(OrderClosed(about=AT_WORK, resolution=Resolution.UNANSWERED))
    assert isinstance(closed.state, Closed)


def test_an_open_order_can_be_cancelled_and_its_clocks_lift() -> None:
    cancelled = DISPATCHED.when(RESIDENT, Cancel(reason=CancelReason.WITHDRAWN))
    cancelled.recorded("order.cancelled", "deadline.lifted", "deadline.lifted")
    SERVED.when(RESIDENT, Cancel(reason=CancelReason.WITHDRAWN)).refused("not_now")


# ---- what every record takes, seen on an order


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


# ---- corrections


def corrected(now: Story, actor: Actor, **fields: object) -> Story:
    return now.when(actor, Correct(reason=CorrectionReason.TYPING, **fields))


def test_a_wrong_number_is_put_right() -> None:
    now = corrected(SERVED, WORKER, revision=7, changes={"beneficiaries": 5})
    now.recorded("record.corrected")
    data = now.events[-1].content["data"]
    assert [entry["data"]["beneficiaries"] for entry in data["taken"]] == [3]
    assert [entry["data"]["beneficiaries"] for entry in data["put"]] == [5]
    assert now.case is not None
    assert now.case.latest("order.service_delivered") is not None
    assert isinstance(now.state, Delivered)


def test_a_wrong_unit_is_put_right_wherever_it_was_copied() -> None:
    now = corrected(YES, STREET, revision=2, dimensions=Dimensions(unit="u2"))
    assert now.case is not None
    by_unit = [told.fact.about.unit for told in now.case.held]
    assert by_unit == [None, *["u2"] * 9]
    assert now.state is not None
    assert now.state.about.unit == "u2"


def test_a_correction_stops_where_the_case_left_the_value() -> None:
    again = (
        DISPATCHED.when(WORKER, Decline(reason=DeclineReason.CONFLICT))
        .when(DISPATCHER, Dispatch(unit="u1"))
        .when(WORKER, Accept())
    )
    first = corrected(again, STREET, revision=2, dimensions=Dimensions(unit="u2"))
    assert first.case is not None
    units = {told.revision: told.fact.about.unit for told in first.case.held}
    assert {units[2], units[5]} == {"u2"}
    assert {units[8], units[11]} == {"u1"}


def test_a_wrong_worker_is_put_right_in_what_followed() -> None:
    now = corrected(SERVED, WORKER, revision=5, changes={"worker": "w2"})
    held = now.case.latest("order.service_delivered") if now.case else None
    assert held is not None
    assert held.fact.data()["worker"] == "w2"


def test_a_confirmation_follows_what_it_confirms() -> None:
    now = corrected(YES, COMMUNITY, revision=7, changes={"beneficiaries": 8})
    held = now.case.latest("record.counterparty_confirmed") if now.case else None
    assert held is not None
    assert held.fact.data()["of_quantity_1"] == 8


def test_a_wrong_time_moves_the_clocks_with_it() -> None:
    late = DISPATCHED.later(hours=2).when(WORKER, Accept())
    now = corrected(late, WORKER, happened_at=MONDAY + timedelta(minutes=30))
    held = now.case.latest("deadline.ended") if now.case else None
    assert held is not None
    assert isinstance(held.fact, DeadlineEnded)
    assert held.fact.on_time
    assert held.fact.took_seconds == 1800
    before = MONDAY - timedelta(minutes=1)
    out = Correct(reason=CorrectionReason.WRONG_TIME, happened_at=before)
    late.when(WORKER, out).refused("out_of_order")


def test_nobody_puts_right_what_another_said() -> None:
    rated = YES.when(RESIDENT, Rate(satisfaction=Satisfaction.DISSATISFIED))
    better = {"satisfaction": "satisfied"}
    corrected(rated, WORKER, changes=better).refused("not_your_record")
    corrected(rated, RESIDENT, changes=better).recorded("record.corrected")


def test_a_bad_correction_names_the_field() -> None:
    corrected(SERVED, WORKER, changes={"beneficiaries": "many"}).invalid("changes.beneficiaries")
    corrected(SERVED, WORKER, changes={"opinion": "fine"}).invalid("changes.opinion")
    corrected(SERVED, WORKER, changes={"beneficiaries": 3}).refused("nothing_changes")


def test_a_void_takes_back_the_whole_command() -> None:
    void = Void(revision=7, reason=VoidReason.NOT_HAPPENED)
    now = SERVED.when(COMMUNITY, void).recorded("record.voided")
    data = now.events[-1].content["data"]
    assert [entry["fact"] for entry in data["taken"]] == [
        "order.service_delivered",
        "deadline.ended",
    ]
    assert now.state == ACCEPTED.state
    assert now.case is not None
    assert now.case.clocks["deliver"].due_at == MONDAY + timedelta(days=7)
    now.when(WORKER, Deliver(timing=Timing.AFTER_HOURS)).recorded(
        "order.service_delivered", "deadline.ended"
    )


def test_a_void_is_refused_where_later_records_rest_on_it() -> None:
    ACCEPTED.when(COMMUNITY, Void(revision=2, reason=VoidReason.DOUBLE)).refused("rest_breaks")


def test_a_voided_deed_takes_its_confirmation_with_it() -> None:
    confirmed = SERVED.when(COMMUNITY, ConfirmRecord())
    now = confirmed.when(COMMUNITY, Void(revision=7, reason=VoidReason.NOT_HAPPENED))
    data = now.events[-1].content["data"]
    assert [entry["fact"] for entry in data["taken"]][-1] == "record.counterparty_confirmed"
    assert now.case is not None
    assert now.case.confirmed == frozenset()


def test_a_whole_case_is_taken_back() -> None:
    now = YES.when(STREET, Void(whole=True, reason=VoidReason.IMPORT_UNDONE))
    assert now.case is not None
    assert now.case.state is None
    assert len(now.events[-1].content["data"]["taken"]) == 10
    now.when(COMMUNITY, Close()).refused("voided")
