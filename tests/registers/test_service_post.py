"""Standing posts: as many holders as places, a rota, counted where their holders come from."""

from __future__ import annotations

from events.fact import About, Books, Provenance
from services.kernel.catalogue import entry_of
from services.kernel.corrections import Void, VoidReason
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor
from services.registers.service_post import (
    WORKFLOW,
    Close,
    Closed,
    Fill,
    Leave,
    LeaveReason,
    OpenPost,
    PostFilled,
    PostKind,
    PostLeft,
    PostOpened,
    PostRevised,
    Revise,
    ServicePost,
    Shift,
    Weekday,
)

COMMUNITY = Actor("k1", None, frozenset({"community"}), "c1")
MEMBER = Actor("m1", "u1", frozenset({"worker"}), "c1")
OTHER = Actor("m2", "u2", frozenset({"worker"}), "c1")
THIRD = Actor("m3", None, frozenset({"resident"}), "c1")
MINE = Books(home_unit="u1")
TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1", "u2"}), people={"m1": MINE})

NEW = story(entry_of(WORKFLOW, is_register=True), stream="service_post/g1", registers=TOWN)
DESK = OpenPost(code="g1", area="c1", post_kind=PostKind.DUTY_DESK, places=2)
OPENED = NEW.when(COMMUNITY, DESK)
HELD = OPENED.when(MEMBER, Fill())
FULL = HELD.when(OTHER, Fill())
ROTA = (Shift(weekday=Weekday.MONDAY, from_hour=9, to_hour=17),)

HERE = About(area="c1")


def holders(of: Story) -> set[str]:
    assert isinstance(of.state, ServicePost)
    return set(of.state.desk.held)


def test_a_post_stands_under_a_code_of_its_own() -> None:
    assert WORKFLOW.id_of(DESK, COMMUNITY) == "g1"
    OPENED.then(PostOpened(about=HERE, code="g1", post_kind=PostKind.DUTY_DESK, places=2))


def test_a_holder_counts_in_the_books_of_their_own_unit() -> None:
    HELD.then(PostFilled(about=HERE.at(books=MINE), person="m1", post_kind=PostKind.DUTY_DESK))
    entered = OPENED.when(COMMUNITY, Fill(person="m1"))
    assert entered.facts[0].about.provenance is Provenance.ORGANISER
    OPENED.when(MEMBER, Fill(person="m2")).refused("for_oneself")


def test_nobody_holds_it_beyond_its_places_and_the_holders_are_named() -> None:
    third = FULL.when(THIRD, Fill())
    assert third.error is not None
    assert "m1、m2" in third.error.zh
    third.refused("no_place")
    HELD.when(MEMBER, Fill()).refused("held_already")
    more = FULL.when(COMMUNITY, Revise(places=3))
    assert holders(more.when(THIRD, Fill())) == {"m1", "m2", "m3"}


def test_a_rota_says_who_is_there_when() -> None:
    revised = FULL.when(COMMUNITY, Revise(shifts=ROTA))
    revised.then(PostRevised(about=HERE, post_kind=PostKind.DUTY_DESK, places=2, shifts=ROTA))
    kept = revised.when(COMMUNITY, Revise(places=5)).facts[0]
    assert isinstance(kept, PostRevised)
    assert kept.shifts == ROTA
    backwards = (Shift(weekday=Weekday.MONDAY, from_hour=17, to_hour=9),)
    FULL.when(COMMUNITY, Revise(shifts=backwards)).refused("hours_reversed")
    FULL.when(COMMUNITY, Revise(places=1)).refused("too_few_places")


def test_a_post_is_given_up_where_it_counted() -> None:
    left = HELD.when(MEMBER, Leave(reason=LeaveReason.ROTATED))
    left.then(
        PostLeft(
            about=HERE.at(books=MINE),
            person="m1",
            post_kind=PostKind.DUTY_DESK,
            reason=LeaveReason.ROTATED,
        )
    )
    assert holders(left) == set()
    left.when(COMMUNITY, Leave(person="m1", reason=LeaveReason.ROTATED)).refused("not_held")
    HELD.when(OTHER, Leave(reason=LeaveReason.ROTATED)).refused("not_yours")


def test_a_post_is_closed_when_nobody_holds_it() -> None:
    HELD.when(COMMUNITY, Close()).refused("still_held")
    closed = OPENED.when(COMMUNITY, Close())
    assert isinstance(closed.state, Closed)
    closed.when(MEMBER, Fill()).refused("not_now")


def test_what_others_rest_on_is_not_taken_back() -> None:
    left = HELD.when(MEMBER, Leave(reason=LeaveReason.ROTATED))
    taking_up = HELD.events[-1].revision
    left.when(COMMUNITY, Void(revision=taking_up, reason=VoidReason.TYPING)).refused("rest_breaks")
