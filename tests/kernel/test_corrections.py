"""Putting right and taking back, seen on an order."""

from __future__ import annotations

from datetime import timedelta

from services.facts.order import DeclineReason, Delivered, Timing
from services.kernel.clocks import DeadlineEnded
from services.kernel.corrections import Correct, CorrectionReason, Dimensions, Void, VoidReason
from services.kernel.records import ConfirmRecord, LinkDuplicate
from services.kernel.testing import MONDAY, Story
from services.kernel.words import Actor, Satisfaction
from services.workflows.order import Accept, Close, Decline, Deliver, Dispatch, Place, Rate
from tests.workflows.orders import (
    ACCEPTED,
    COMMUNITY,
    DISPATCHED,
    DISPATCHER,
    NEW,
    PLACED,
    RESIDENT,
    SERVED,
    STREET,
    WORKER,
    YES,
)


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


def test_the_beginning_is_not_voided_from_under_what_was_said_of_it() -> None:
    other = NEW.knowing(stream="order/case-2").when(RESIDENT, Place()).case
    assert other is not None
    linked = PLACED.knowing(cases={other.stream: other}).when(
        DISPATCHER, LinkDuplicate(of=other.stream)
    )
    linked.when(RESIDENT, Void(reason=VoidReason.TYPING)).refused("rest_breaks")
    linked.when(RESIDENT, Void(whole=True, reason=VoidReason.TYPING)).refused("not_your_record")
    linked.when(STREET, Void(whole=True, reason=VoidReason.TYPING)).recorded("record.voided")


def test_what_was_not_late_after_all_loses_its_mark() -> None:
    place = Place(area="c1", occurred_at=MONDAY - timedelta(days=3))
    late = NEW.when(COMMUNITY, place)
    late.recorded("order.placed", "record.entered_late")
    still = corrected(late, COMMUNITY, revision=1, happened_at=MONDAY - timedelta(days=2))
    held = still.case.latest("record.entered_late") if still.case else None
    assert held is not None
    assert held.stored["data"]["late_seconds"] == 2 * 86_400
    now = corrected(late, COMMUNITY, revision=1, happened_at=MONDAY - timedelta(hours=1))
    assert now.case is not None
    assert now.case.latest("record.entered_late") is None
    data = now.events[-1].content["data"]
    assert [entry["fact"] for entry in data["taken"]] == ["order.placed", "record.entered_late"]
    assert [entry["fact"] for entry in data["put"]] == ["order.placed"]
