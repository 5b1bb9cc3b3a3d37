"""Seats: as many as there must and may be, one each, counted where their holders come from."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from events.fact import About, Books, Provenance
from services.facts.seat import (
    BodyConstituted,
    BodyDissolved,
    Complete,
    Constituted,
    Dissolved,
    Full,
    Role,
    SeatFilled,
    SeatKind,
    SeatRenewed,
    SeatTerms,
    SeatVacated,
    Short,
    VacateReason,
    Way,
)
from services.kernel.catalogue import only
from services.kernel.clocks import DeadlineEnded, DeadlineSet
from services.kernel.corrections import Correct, CorrectionReason
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor
from services.registers.seat import Constitute, Dissolve, Fill, Renew, Vacate

KINDS = only("seat")
STREET = Actor("s1", None, frozenset({"street"}), "street1")
HOLDER = Actor("m1", "u1", frozenset({"worker"}), "street1")
OTHER = Actor("m2", "u2", frozenset({"worker"}), "street1")
OF_ITS_UNIT = Actor("m9", "u9", frozenset({"unit_admin"}), "street1")
TOWN = Registers(
    areas=frozenset({"street1", "c1"}),
    units=frozenset({"u1", "u2", "u9"}),
    people={"m1": Books(home_unit="u1")},
)


def of(name: str) -> Story:
    entry = KINDS.entry(name)
    return story(entry, stream="seat/b1", registers=TOWN).when(
        STREET, Constitute(code="b1", area="street1", unit="u9")
    )


def seating(now: Story, count: int, first: int = 1, unit: str = "u2") -> Story:
    for number in range(first, first + count):
        now = now.when(STREET, Fill(person=f"h{number}", from_unit=unit))
    return now


NEW = of("street_grand_committee")
SIX = seating(NEW, 6)
SEVEN = SIX.later(days=20).when(STREET, Fill(person="m1", way=Way.ELECTED))
NINE = seating(SEVEN, 2, first=7)

HERE = About(area="street1", unit="u9", variant="street_grand_committee")
MINE = HERE.at(books=Books(home_unit="u1"))


def test_a_body_begins_short_of_what_it_must_have() -> None:
    fact, clock = NEW.facts
    terms = SeatTerms(part_time_min=7, part_time_max=9, from_units=True)
    assert fact == BodyConstituted(about=HERE, code="b1", part_time_max=9, terms=terms)
    assert isinstance(clock, DeadlineSet)
    assert clock.clock == "seat.fill"
    assert isinstance(SIX.state, Short)


def test_a_seat_counts_in_the_books_of_its_holders_unit() -> None:
    fact, clock = SEVEN.facts
    assert fact == SeatFilled(
        about=MINE.at(provenance=Provenance.ORGANISER),
        person="m1",
        from_unit="u1",
        seat_kind=SeatKind.PART_TIME,
        role=Role.MEMBER,
        way=Way.ELECTED,
    )
    assert isinstance(clock, DeadlineEnded)
    assert clock.on_time
    assert isinstance(SEVEN.state, Complete)


def test_a_street_seats_nine_and_names_limit_and_holders_to_the_tenth() -> None:
    assert isinstance(NINE.state, Full)
    tenth = NINE.when(STREET, Fill(person="h10", from_unit="u2"))
    assert tenth.error is not None
    assert "b1 的兼职席位最多 9 名" in tenth.error.zh
    assert "h1、h2" in tenth.error.zh
    assert "m1" in tenth.error.zh
    assert tenth.refused("full_already").events == NINE.events


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("street_grand_committee", 7, 9), ("community_grand_committee", 5, 7)],
)
def test_a_body_is_complete_and_full_at_its_numbers(name: str, least: int, most: int) -> None:
    now = of(name)
    for count in range(1, most + 1):
        now = seating(now, 1, first=count)
        full = Full if count == most else Complete
        assert type(now.state) is (Short if count < least else full)
    now.when(STREET, Fill(person="h99", from_unit="u2")).refused("full_already")


def test_full_time_seats_are_apart() -> None:
    with_head = NINE.when(STREET, Fill(person="h20", seat_kind=SeatKind.FULL_TIME, role=Role.HEAD))
    assert isinstance(with_head.state, Full)
    staff = of("community_staff")
    staff.when(STREET, Fill(person="h1")).refused("full_already")
    one = staff.when(
        STREET, Fill(person="h1", seat_kind=SeatKind.FULL_TIME, role=Role.SOCIAL_WORKER)
    )
    assert isinstance(one.state, Short)
    two = one.when(STREET, Fill(person="h2", seat_kind=SeatKind.FULL_TIME, way=Way.RECRUITED))
    assert isinstance(two.state, Complete)


def test_nobody_is_seated_twice() -> None:
    twice = SEVEN.when(STREET, Fill(person="m1", role=Role.HEAD))
    assert twice.error is not None
    assert twice.error.zh == "m1 已任委员（seat/b1）"
    twice.refused("seated_already")


def test_a_part_time_seat_is_for_somebody_of_a_unit() -> None:
    NEW.when(STREET, Fill(person="h1")).refused("from_no_unit")
    of("council_members").when(STREET, Fill(person="h1")).recorded("seat.filled")


def test_a_seat_is_vacated_where_it_counted_and_the_body_is_short_again() -> None:
    vacated = SEVEN.later(days=1).when(HOLDER, Vacate(reason=VacateReason.TRANSFERRED))
    fact, clock = vacated.facts
    assert fact == SeatVacated(
        about=MINE,
        person="m1",
        from_unit="u1",
        seat_kind=SeatKind.PART_TIME,
        role=Role.MEMBER,
        reason=VacateReason.TRANSFERRED,
    )
    assert isinstance(clock, DeadlineSet)
    assert isinstance(vacated.state, Short)
    vacated.when(STREET, Vacate(person="m1", reason=VacateReason.OWN_WISH)).refused("not_seated")
    assert isinstance(vacated.when(STREET, Fill(person="m1")).state, Complete)


def test_a_holder_frees_no_seat_but_their_own() -> None:
    SEVEN.when(HOLDER, Vacate(person="h1", reason=VacateReason.OWN_WISH)).refused("for_oneself")
    SEVEN.when(OTHER, Vacate(reason=VacateReason.OWN_WISH)).refused("not_yours")
    SEVEN.when(OF_ITS_UNIT, Vacate(person="h1", reason=VacateReason.REPLACED)).recorded(
        "seat.vacated", "deadline.set"
    )


def test_a_term_is_as_long_as_the_variant_says() -> None:
    committee = of("neighbourhood_committee")
    seated = committee.when(STREET, Fill(person="h1", seat_kind=SeatKind.FULL_TIME))
    fact = seated.facts[0]
    assert isinstance(fact, SeatFilled)
    assert fact.until == date(2023, 3, 5)
    again = seated.later(days=365).when(STREET, Renew(person="h1", until=date(2028, 3, 4)))
    renewed = again.facts[0]
    assert isinstance(renewed, SeatRenewed)
    assert isinstance(again.state, Constituted)
    held = again.state.body.of("h1")
    assert held is not None
    assert held.until == date(2028, 3, 4)


def test_a_term_is_not_over_before_it_begins() -> None:
    past = (MONDAY - timedelta(days=1)).date()
    NEW.when(STREET, Fill(person="h1", from_unit="u2", until=past)).refused("term_over_before")
    SEVEN.when(STREET, Renew(person="m1", until=past)).refused("term_over_before")
    SEVEN.when(STREET, Renew(person="h99")).refused("not_seated")


def test_a_body_is_dissolved_when_nobody_is_seated() -> None:
    one = seating(NEW, 1)
    one.when(STREET, Dissolve()).refused("still_seated")
    gone = one.when(STREET, Vacate(person="h1", reason=VacateReason.TERM_OVER)).when(
        STREET, Dissolve()
    )
    assert isinstance(gone.state, Dissolved)
    assert gone.facts[0] == BodyDissolved(about=HERE)
    gone.when(STREET, Fill(person="h1", from_unit="u2")).refused("not_now")


def test_a_correction_seats_nobody_beyond_the_limit() -> None:
    full_time = NINE.when(STREET, Fill(person="h20", seat_kind=SeatKind.FULL_TIME))
    full_time.when(
        STREET, Correct(changes={"seat_kind": "part_time"}, reason=CorrectionReason.TYPING)
    ).refused("rest_breaks")


def test_terms_do_not_contradict_themselves() -> None:
    with pytest.raises(ValidationError, match="fewer part_time seats"):
        SeatTerms(part_time_min=7, part_time_max=5)
