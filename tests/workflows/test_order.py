"""The order: what each mechanism of its rows asks for, step by step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events.fact import About, Provenance
from services.facts.order import (
    AppointmentSet,
    Booked,
    CancelReason,
    Care,
    Channel,
    Closed,
    DeclineReason,
    Kept,
    Measure,
    OrderAccepted,
    OrderClosed,
    OrderDeclined,
    OrderPlaced,
    OrderRated,
    Placed,
    RedoReason,
    Resolution,
    ServiceDelivered,
    ServiceStarted,
    Solved,
    Timing,
)
from services.kernel.clocks import DeadlineEnded, DeadlineSet
from services.kernel.facts import (
    CounterpartyConfirmed,
)
from services.kernel.testing import MONDAY
from services.kernel.words import Actor, Satisfaction
from services.workflows.order import (
    Accept,
    Book,
    Cancel,
    Close,
    Confirm,
    Decline,
    Deliver,
    Dispatch,
    Place,
    Rate,
    Reopen,
    Report,
    Start,
)
from tests.workflows.orders import (
    ACCEPTED,
    AT_C1,
    AT_U1,
    AT_WORK,
    COLLEAGUE,
    COMMUNITY,
    DISPATCHED,
    DISPATCHER,
    HOME,
    NEIGHBOUR,
    NEW,
    PLACED,
    RESIDENT,
    SERVED,
    STRANGER,
    WORKER,
    YES,
)


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
