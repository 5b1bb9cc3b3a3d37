"""周期 · Weeks, months, quarters, years: what is due once in each, and by which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.kernel.words import Choice

MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}


class Every(Choice, zh="周期", en="How often"):
    """How often something is due."""

    ONCE = "once", "一次性", "Not periodic"
    WEEKLY = "weekly", "每周"
    MONTHLY = "monthly", "每月"
    QUARTERLY = "quarterly", "每季度"
    HALF_YEARLY = "half_yearly", "每半年"
    YEARLY = "yearly", "每年"


@dataclass(frozen=True)
class Period:
    """From its first day up to, and without, the first day of the next."""

    every: Every
    first: date
    until: date

    @property
    def next(self) -> Period:
        """The one after it."""
        return period_of(self.every, self.until)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.until - timedelta(days=1)

    def day(self, number: int) -> date:
        """Its day of that number (1 is the first), its last where it has none, or for 0."""
        found = self.first + timedelta(days=number - 1)
        return found if number and found < self.until else self.last

    def count_to(self, later: Period) -> int:
        """How many periods lie from this one up to, and without, a later one."""
        found, one = 0, self
        while one.first < later.first:
            found, one = found + 1, one.next
        return found


def period_of(every: Every, day: date) -> Period:
    """The period a day lies in. Raises AssertionError for what is not periodic."""
    if every is Every.ONCE:
        raise AssertionError("what is due once has no periods")
    if every is Every.WEEKLY:
        monday = day - timedelta(days=day.weekday())
        return Period(every, monday, monday + timedelta(days=7))
    months = MONTHS[every.value]
    start = (day.month - 1) // months * months
    first = date(day.year, start + 1, 1)
    end = start + months
    return Period(every, first, date(day.year + end // 12, end % 12 + 1, 1))


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day is over."""
    return datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)
