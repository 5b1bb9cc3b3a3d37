"""Venues: measured by a standard of their day, with titles, and open to others."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from events.fact import About, Books
from services.facts import rule_words
from services.facts.venue import (
    Closed,
    CloseReason,
    Function,
    InUse,
    Rating,
    SharedWith,
    Shortfall,
    VenueBooked,
    VenueLevel,
    VenueRated,
    VenueRegistered,
    VenueShared,
)
from services.kernel.case import Case
from services.kernel.catalogue import entry_of
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor
from services.registers import rule
from services.registers.venue import (
    WORKFLOW,
    Book,
    Change,
    Close,
    EndSharing,
    EndTitle,
    Rate,
    Register,
    Release,
    Share,
    Title,
    Use,
)

COMMUNITY = Actor("k1", roles=frozenset({"community"}))
STREET = Actor("s1", roles=frozenset({"street"}))
ADMINISTRATOR = Actor("a1", roles=frozenset({"administrator"}))
OWNER = Actor("o1", unit="u1")

TOWN = Registers(areas=frozenset({"c1", "c2"}), units=frozenset({"u1"}))
CENTRE = Register(
    code="v1",
    name="星化社区党群服务中心",
    area="c1",
    unit="u1",
    level=VenueLevel.COMMUNITY,
    floor=1_200,
    ground_floor=600,
    functions=(Function.MEMBERS, Function.SERVICE),
)
NEW = story(entry_of(WORKFLOW, is_register=True), stream="venue/v1", registers=TOWN)
VENUE = NEW.when(COMMUNITY, CENTRE)
HERE = About(area="c1", unit="u1")
STANDARD = "venue.community"


def standard(**numbers: int) -> dict[str, Case]:
    laid_down = story(entry_of(rule.WORKFLOW, is_register=True), stream=f"rule/{STANDARD}").when(
        ADMINISTRATOR,
        rule.Publish(
            code=STANDARD,
            area="c1",
            effective_on=date(2018, 1, 1),
            numbers=rule_words.NumbersRule(numbers=numbers),
        ),
    )
    assert laid_down.case is not None
    return {laid_down.stream: laid_down.case}


def ratings(of: Story) -> frozenset[Rating]:
    assert isinstance(of.state, InUse)
    return of.state.building.ratings


def test_its_code_is_its_stream() -> None:
    assert WORKFLOW.id_of(CENTRE, COMMUNITY) == "v1"
    VENUE.then(
        VenueRegistered(
            about=HERE,
            code="v1",
            name="星化社区党群服务中心",
            level=VenueLevel.COMMUNITY,
            floor=1_200,
            ground_floor=600,
            functions=(Function.MEMBERS, Function.SERVICE),
        )
    )
    VENUE.when(COMMUNITY, CENTRE).refused("there_already")


def test_a_part_is_not_larger_than_the_whole() -> None:
    NEW.when(COMMUNITY, CENTRE.model_copy(update={"ground_floor": 1_201})).refused(
        "ground_floor_larger"
    )
    VENUE.when(COMMUNITY, Change(floor=10, ground_floor=11)).refused("ground_floor_larger")


@pytest.mark.parametrize(
    ("numbers", "short"),
    [
        ({"area": 1_000, "ground_percent": 50, "functions": 2}, ()),
        ({"area": 1_500}, (Shortfall.AREA,)),
        ({"ground_percent": 51}, (Shortfall.GROUND_FLOOR,)),
        ({"functions": 6, "area": 1_201}, (Shortfall.AREA, Shortfall.FUNCTIONS)),
    ],
)
def test_it_is_measured_by_the_standard(numbers: dict[str, int], short: Any) -> None:
    rated = VENUE.knowing(cases=standard(**numbers)).when(STREET, Rate(standard=STANDARD))
    rated.then(
        VenueRated(
            about=HERE,
            rating=Rating.NOT_COMPLIANT if short else Rating.COMPLIANT,
            level=VenueLevel.COMMUNITY,
            floor=1_200,
            year=2018,
            standard=STANDARD,
            shortfalls=short,
        )
    )


def test_without_a_standard_in_force_nothing_is_measured() -> None:
    assert Rate(standard=STANDARD).reads("venue") == (f"rule/{STANDARD}",)
    VENUE.when(STREET, Rate(standard=STANDARD)).refused("no_standard")
    early = NEW.knowing(cases=standard(area=1), now=MONDAY - timedelta(days=90))
    early.when(COMMUNITY, CENTRE).when(STREET, Rate(standard=STANDARD)).refused("no_standard")


def test_no_community_rates_its_own() -> None:
    known = VENUE.knowing(cases=standard(area=1))
    known.when(COMMUNITY, Rate(standard=STANDARD)).refused("not_yours")


def test_a_new_word_by_a_standard_ends_the_one_before() -> None:
    known = VENUE.knowing(cases=standard(area=1_500))
    short = known.when(STREET, Rate(standard=STANDARD))
    larger = short.when(COMMUNITY, Change(floor=1_600, ground_floor=800))
    assert ratings(larger) == {Rating.NOT_COMPLIANT}
    again = larger.when(STREET, Rate(standard=STANDARD))
    again.recorded("venue.rating_ended", "venue.rated")
    assert ratings(again) == {Rating.COMPLIANT}


def test_titles_stand_beside_the_standard() -> None:
    titled = VENUE.when(STREET, Title(title=Rating.DEMO_SITE))
    titled.when(STREET, Title(title=Rating.DEMO_SITE)).refused("title_already")
    both = titled.knowing(cases=standard(area=1)).when(STREET, Rate(standard=STANDARD))
    assert ratings(both) == {Rating.DEMO_SITE, Rating.COMPLIANT}
    gone = both.when(STREET, EndTitle(title=Rating.DEMO_SITE))
    assert ratings(gone) == {Rating.COMPLIANT}
    gone.when(STREET, EndTitle(title=Rating.DEMO_SITE)).refused("not_a_title")
    gone.when(STREET, EndTitle(title=Rating.COMPLIANT)).refused("not_a_title")
    VENUE.when(STREET, Title(title=Rating.COMPLIANT)).refused("by_standard_only")


def test_it_is_open_to_others_in_their_books_too() -> None:
    shared = VENUE.when(OWNER, Share(shared_with=SharedWith.COMMUNITY, hours=20, serves="c2"))
    both = HERE.at(books=Books(paired_community="c2"))
    shared.then(
        VenueShared(
            about=both,
            shared_with=SharedWith.COMMUNITY,
            level=VenueLevel.COMMUNITY,
            hours=20,
            serves="c2",
        )
    )
    shared.when(OWNER, Share(shared_with=SharedWith.COMMUNITY, serves="c2")).refused(
        "shared_already"
    )
    shared.when(COMMUNITY, Share(shared_with=SharedWith.RESIDENTS, hours=40)).recorded(
        "venue.shared"
    )
    ended = shared.when(OWNER, EndSharing(shared_with=SharedWith.COMMUNITY, serves="c2"))
    assert ended.facts[0].about == both
    ended.when(OWNER, EndSharing(shared_with=SharedWith.COMMUNITY, serves="c2")).refused(
        "not_shared"
    )
    VENUE.when(OWNER, Share(shared_with=SharedWith.COMMUNITY, serves="c1")).refused("own_area")


def test_a_venue_that_is_closed_is_one_no_more() -> None:
    gone = VENUE.when(COMMUNITY, Close(reason=CloseReason.DEMOLISHED))
    assert isinstance(gone.state, Closed)
    gone.when(STREET, Title(title=Rating.DEMO_SITE)).refused("not_now")


def test_what_it_counted_as_ends_before_it_does() -> None:
    close = Close(reason=CloseReason.MOVED)
    VENUE.when(STREET, Title(title=Rating.DEMO_SITE)).when(COMMUNITY, close).refused(
        "still_in_books"
    )
    shared = VENUE.when(COMMUNITY, Share(shared_with=SharedWith.RESIDENTS))
    shared.when(COMMUNITY, close).refused("still_in_books")
    rated = VENUE.knowing(cases=standard(area=1)).when(STREET, Rate(standard=STANDARD))
    rated.when(COMMUNITY, close).recorded("venue.rating_ended", "venue.closed")


# ---- booking and using it

HOUR = timedelta(hours=1)
PARTY = "activity/a1"
BOOKED = VENUE.when(COMMUNITY, Book(start=MONDAY + HOUR, until=MONDAY + 3 * HOUR))


def test_a_booking_keeps_others_out_and_says_who_has_it() -> None:
    (fact,) = BOOKED.facts
    assert isinstance(fact, VenueBooked)
    assert fact.minutes == 120
    clash = BOOKED.when(COMMUNITY, Book(start=MONDAY, until=MONDAY + 2 * HOUR))
    assert clash.error is not None
    assert clash.error.fields["start"] == "2018-03-05T02:00:00.000000Z"
    clash.refused("booked_already")
    BOOKED.when(COMMUNITY, Book(start=MONDAY, until=MONDAY + HOUR)).recorded("venue.booked")
    BOOKED.when(COMMUNITY, Book(start=MONDAY + 3 * HOUR, until=MONDAY + 4 * HOUR)).recorded(
        "venue.booked"
    )


@pytest.mark.parametrize(("start", "until"), [(2, 1), (-3, -1), (1, 1), (0, 73)])
def test_a_booking_is_a_span_to_come(start: int, until: int) -> None:
    wanted = Book(start=MONDAY + start * HOUR, until=MONDAY + until * HOUR)
    VENUE.when(COMMUNITY, wanted).refused("not_a_span")


def test_a_booking_is_for_an_activity_that_is_there() -> None:
    wanted = Book(start=MONDAY, until=MONDAY + HOUR, activity=PARTY)
    assert wanted.reads("venue") == (PARTY,)
    VENUE.when(COMMUNITY, wanted).refused("no_such_activity")


def test_so_many_bookings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.registers.venue.BOOKINGS_MAX", 1)
    more = Book(start=MONDAY + 5 * HOUR, until=MONDAY + 6 * HOUR)
    BOOKED.when(COMMUNITY, more).refused("booked_up")
    BOOKED.later(hours=3).when(COMMUNITY, more).recorded("venue.booked")


def test_what_is_booked_is_used_or_given_back() -> None:
    BOOKED.when(COMMUNITY, Use(start=MONDAY + HOUR)).refused("not_begun")
    used = BOOKED.later(hours=2).when(COMMUNITY, Use(start=MONDAY + HOUR))
    used.recorded("venue.used")
    used.when(COMMUNITY, Use(start=MONDAY + HOUR)).refused("not_booked")
    back = BOOKED.when(COMMUNITY, Release(start=MONDAY + HOUR))
    back.recorded("venue.booking_released")
    back.when(COMMUNITY, Release(start=MONDAY + HOUR)).refused("not_booked")
    back.when(COMMUNITY, Book(start=MONDAY, until=MONDAY + 2 * HOUR)).recorded("venue.booked")
