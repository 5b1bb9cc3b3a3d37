"""时间 · Time as a value: nothing below the services ever asks what time it is.

Instants are timezone-aware and UTC, to the microsecond. In bytes they are RFC 3339 with exactly
six decimals and a `Z`, so that one instant has one spelling.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer

INSTANTS_KEPT = 4_096
"""Spellings kept at hand: one instant stands in several fields of the facts of one deed."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
EARLIEST, LATEST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""What a field may hold: far enough from the ends of the calendar that no zone leaves it, and
always four digits of a year, so that texts sort as times do."""


@lru_cache(maxsize=INSTANTS_KEPT)
def text_of(instant: datetime) -> str:
    """`2018-03-01T01:00:00.000000Z`. A naive instant is a mistake of the program."""
    if instant.tzinfo is None:
        raise AssertionError(f"an instant needs a time zone: {instant!r}")
    return instant.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def instant_of(text: str) -> datetime:
    """The inverse of `text_of`; also reads any RFC 3339 time with a zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"a time needs a zone: {text!r}")
    return instant.astimezone(UTC)


def micros(instant: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(count: int) -> datetime:
    """The instant that many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=count)


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH_DAY).days


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The day on the wall calendar of that zone."""
    return instant.astimezone(zone).date()


def _spelt_as_a_time(value: object) -> object:
    """Numbers are no times: a year typed alone would be read as seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and "-" in value[1:]:
        return datetime.fromisoformat(value)  # a strict reader takes no text for a time after this
    raise ValueError("a time must look like 2018-03-01T09:00:00+08:00")


def _in_range(instant: datetime) -> datetime:
    if not EARLIEST <= instant < LATEST:
        raise ValueError(f"a time must lie between {EARLIEST.year} and {LATEST.year}")
    return instant.astimezone(UTC)


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_spelt_as_a_time),
    AfterValidator(_in_range),
    PlainSerializer(text_of, return_type=str, when_used="json"),
]
"""A field that holds an instant: aware on the way in, UTC inside, one spelling in bytes."""
