"""时刻 · Times as a source writes them: several spellings in one column, a clock on some wall.

A text without an offset is a reading of the wall clock in the source's zone. Two readings a year
are doubtful, and are decided so that a later reading never becomes an earlier instant:

- a reading that came twice (clocks put back) is taken as the first of the two,
- a reading that never came (clocks put forward) is taken as the moment of the change.

*Time taken* is what that clock showed, end minus start: so a source reckons its own targets
("by the same hour tomorrow") and its own published hours. It differs from the seconds that passed
only across a change of the clocks. Texts with an offset (`%z`) are exact instants, and the time
taken is the seconds that passed; `durations` in the profile overrides either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

Parser = Callable[[str], datetime | None]

_DIGITS = {
    "%Y": r"(?P<Y>\d{4})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>\d{1,2})",
    "%S": r"(?P<S>\d{1,2})",
    "%f": r"(?P<f>\d{1,6})",
    "%p": r"(?P<p>[AaPp])\.?[Mm]\.?|(?P<h>上午|下午)",
    "%z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
    "%%": "%",
}
_ISO = "%Y-%m-%d %H:%M:%S"
_NOON_HALVES = {"a": 0, "上午": 0, "p": 12, "下午": 12}


class Moment(NamedTuple):
    """An instant, and what the source's clock showed then (written as though it were UTC)."""

    instant: datetime
    wall: datetime

    @property
    def day(self) -> date:
        """The day on the source's calendar."""
        return self.wall.date()


class Moments:
    """Reads the texts of one source. Shape: `read` gives None for a blank, raises ValueError for
    a text that fits none of the spellings."""

    def __init__(
        self,
        zone: ZoneInfo,
        spellings: tuple[str, ...],
        *,
        by_wall: bool = True,
        no_time: tuple[str, ...] = (),
    ) -> None:
        self._zone = zone
        self._spellings = spellings
        self._readers = [(parser(spelling), "%z" in spelling) for spelling in spellings]
        self._by_wall = by_wall
        self._no_time = frozenset(no_time)
        self._offsets: dict[int, timedelta | None] = {}

    def read(self, text: str) -> Moment | None:
        """The moment a text stands for."""
        text = text.strip()
        if not text or text in self._no_time:
            return None
        for parse, exact in self._readers:
            found = parse(text)
            if found is not None:
                return self.exact(found) if exact else self.on_wall(found)
        raise ValueError(f"fits none of: {', '.join(self._spellings)}")

    def exact(self, instant: datetime) -> Moment:
        """The moment of an instant."""
        wall = instant.astimezone(self._zone).replace(tzinfo=UTC)
        return Moment(instant.astimezone(UTC), wall)

    def on_wall(self, wall: datetime) -> Moment:
        """The moment of a reading of the source's clock (written as though it were UTC)."""
        day = wall.toordinal()
        offset = self._offsets.get(day)
        if offset is None:
            if day not in self._offsets:
                self._offsets[day] = self._offset_all_day(wall)
                return self.on_wall(wall)
            return self._doubtful(wall)
        return Moment(wall - offset, wall)

    def counts_from(self, start: Moment, end: Moment) -> datetime:
        """The instant from which the time taken until `end` counts: that of the start, or, by
        the wall clock, as long before the end as that clock showed."""
        if not self._by_wall:
            return start.instant
        return end.instant - (end.wall - start.wall)

    def _offset_all_day(self, wall: datetime) -> timedelta | None:
        """The one offset of a day; None where the clocks are changed on it or beside it."""
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        around = [midnight - timedelta(hours=3), midnight + timedelta(hours=27)]
        offsets = {self._zone.utcoffset(reading) for reading in around}
        return offsets.pop() if len(offsets) == 1 else None

    def _doubtful(self, wall: datetime) -> Moment:
        """A reading on a day on which the clocks are changed."""
        reading = wall.replace(tzinfo=None)
        first = self._zone.utcoffset(reading)
        again = self._zone.utcoffset(reading.replace(fold=1))
        if first is None or again is None:
            raise AssertionError(f"a zone without offsets: {self._zone}")
        if first < again:
            return Moment(self._change(wall - again, wall - first), wall)
        return Moment(wall - first, wall)

    def _change(self, low: datetime, high: datetime) -> datetime:
        """The instant between these two at which the clocks are put forward."""
        before = low.astimezone(self._zone).utcoffset()
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) / 2).replace(microsecond=0)
            if middle.astimezone(self._zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        return high.replace(microsecond=0)


def parser(spelling: str) -> Parser:
    """A reader of one strptime spelling: None where the text does not fit; a reading without an
    offset is written as though it were UTC.

    Spellings of digits are read by a regular expression, four times faster than strptime, which
    reads the others. As with strptime a leading zero may be left out.
    """
    if spelling == _ISO:
        return _iso
    parts = re.split(r"(%.)", spelling)
    directives = parts[1::2]
    if len(set(directives)) < len(directives) or not set(directives) <= set(_DIGITS):
        return _by_strptime(spelling)
    pattern = "".join(
        f"(?:{_DIGITS[part]})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
    return _by_pattern(re.compile(pattern, re.ASCII))


def _iso(text: str) -> datetime | None:
    if len(text) != 19 or text[4] != "-" or text[7] != "-" or text[10] != " " or text[13] != ":":
        return _iso_short(text)
    try:
        return datetime.fromisoformat(text + "+00:00")
    except ValueError:
        return None


def _by_strptime(spelling: str) -> Parser:
    def read(text: str) -> datetime | None:
        try:
            reading = datetime.strptime(text, spelling)  # noqa: DTZ007 - read on the wall
        except ValueError:
            return None
        return reading if reading.tzinfo else reading.replace(tzinfo=UTC)

    return read


def _by_pattern(pattern: re.Pattern[str]) -> Parser:
    def read(text: str) -> datetime | None:
        match = pattern.fullmatch(text)
        if match is None:
            return None
        part = match.groupdict()
        half = part.get("p") or part.get("h")
        if part.get("I") is not None:
            hour = int(part["I"])
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (_NOON_HALVES[half.lower()] if half else 0)
        else:
            hour = int(part.get("H") or 0)
        try:
            reading = datetime(
                int(part.get("Y") or 1900),
                int(part.get("m") or 1),
                int(part.get("d") or 1),
                hour,
                int(part.get("M") or 0),
                int(part.get("S") or 0),
                int((part.get("f") or "0").ljust(6, "0")),
                tzinfo=UTC,
            )
            return reading - _offset(part["z"]) if part.get("z") else reading
        except (ValueError, OverflowError):
            return None

    return read


def _offset(text: str) -> timedelta:
    """`+02:00`, `-0500` or `Z`."""
    if text == "Z":
        return timedelta(0)
    away = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -away if text[0] == "-" else away


_iso_short = _by_pattern(
    re.compile("".join(_DIGITS.get(part, part) for part in re.split(r"(%.)", _ISO)), re.ASCII)
)
