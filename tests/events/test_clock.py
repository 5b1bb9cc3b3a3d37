"""Time as a value: one spelling for one instant, exact to the microsecond."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from events import clock
from events.clock import Instant

ZONES = [ZoneInfo(name) for name in ("UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/New_York")]
INSTANTS = st.builds(
    datetime.astimezone,
    st.integers(clock.micros(clock.EARLIEST), clock.micros(clock.LATEST) - 1).map(
        clock.from_micros
    ),
    st.sampled_from(ZONES),
)
READ = TypeAdapter(Instant)


@given(INSTANTS)
def test_text_is_read_back(instant: datetime) -> None:
    text = clock.text_of(instant)
    assert len(text) == 27
    assert text.endswith("Z")
    assert clock.instant_of(text) == instant
    assert clock.text_of(clock.instant_of(text)) == text


@given(INSTANTS)
def test_one_instant_has_one_spelling_in_every_zone(instant: datetime) -> None:
    elsewhere = instant.astimezone(timezone(timedelta(hours=-7)))
    assert clock.text_of(elsewhere) == clock.text_of(instant)


@given(INSTANTS, INSTANTS)
def test_texts_sort_as_times_do(one: datetime, other: datetime) -> None:
    one, other = one.astimezone(UTC), other.astimezone(UTC)
    assert (clock.text_of(one) < clock.text_of(other)) == (one < other)
    assert (clock.micros(one) < clock.micros(other)) == (one < other)


@given(INSTANTS)
def test_microseconds_are_exact(instant: datetime) -> None:
    assert clock.from_micros(clock.micros(instant)) == instant


def test_known_values() -> None:
    first = datetime(2018, 3, 1, 1, 0, tzinfo=UTC)
    assert clock.text_of(first) == "2018-03-01T01:00:00.000000Z"
    assert clock.micros(first) == 1_519_866_000_000_000
    assert clock.micros(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1
    assert clock.instant_of("2018-03-01T09:00:00+08:00") == first
    assert clock.day_number(date(1970, 1, 2)) == 1
    assert clock.text_of(datetime(33, 4, 3, tzinfo=UTC)) == "0033-04-03T00:00:00.000000Z"


def test_the_local_day_is_that_of_the_wall_calendar() -> None:
    evening = datetime(2018, 2, 28, 17, 0, tzinfo=UTC)
    assert clock.local_day(evening, ZoneInfo("Asia/Shanghai")) == date(2018, 3, 1)
    assert clock.local_day(evening, ZoneInfo("America/New_York")) == date(2018, 2, 28)


def test_a_time_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="needs a time zone"):
        clock.text_of(datetime(2018, 3, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="needs a zone"):
        clock.instant_of("2018-03-01T09:00:00")


class Dated(BaseModel):
    at: Instant


def test_a_field_is_utc_inside_and_one_spelling_outside() -> None:
    read = Dated.model_validate({"at": "2018-03-01T09:00:00.5+08:00"})
    assert read.at.tzinfo is UTC
    assert read.model_dump(mode="json") == {"at": "2018-03-01T01:00:00.500000Z"}


@pytest.mark.parametrize(
    "value",
    [
        "2018-03-01T09:00:00",
        "2018-03-01",
        "yesterday",
        "",
        # pydantic would take numbers as seconds since 1970: a year typed alone is not a time.
        pytest.param(2018, id="number"),
        "2018",
        1_519_866_000.5,
        "1519866000",
        # So near the ends of the calendar that another zone would leave it.
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
        "0999-12-31T23:59:59Z",
        "9000-01-01T00:00:00Z",
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(value)
