"""历日 · Days, months and years of the local calendar, as keys and as conditions.

A day is a number since 1970 (the log wrote down the local one); its key is `2018-03-01`, that of
its month `2018-03`, of its year `2018`.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from events.clock import EPOCH_DAY, day_number, instant_of
from events.errors import Invalid
from projections.entries import Flags, Ints
from projections.strands import Only

EPOCH_YEAR = 1970
WRITTEN_LIKE = {"day": "2018-03-01", "month": "2018-03", "year": "2018"}


def numbers_of(days: Ints, unit: str) -> Ints:
    """Day numbers as numbers of that unit since 1970."""
    dates = days.astype("datetime64[D]")
    if unit == "month":
        return dates.astype("datetime64[M]").astype(np.int64)
    if unit == "year":
        return dates.astype("datetime64[Y]").astype(np.int64)
    return days.astype(np.int64)


def text_of(number: int, unit: str) -> str:
    """The key of one day, month or year."""
    if unit == "month":
        return f"{EPOCH_YEAR + number // 12:04}-{number % 12 + 1:02}"
    if unit == "year":
        return f"{EPOCH_YEAR + number:04}"
    return (EPOCH_DAY + timedelta(days=number)).isoformat()


def in_days(days: Ints, only: Only) -> Flags:
    """Which days lie in (or, where not wanted, outside) the days, months or years named."""
    inside = np.zeros(len(days), np.bool_)
    for text in only.values:
        first, after = _range(text, only.column)
        inside |= (days >= first) & (days < after)
    return inside if only.wanted else ~inside


def _range(text: str, unit: str) -> tuple[int, int]:
    """First day number of a day, month or year, and that of the next."""
    try:
        if len(text) != len(WRITTEN_LIKE[unit]):
            raise ValueError(text)
        first = date.fromisoformat((text + "-01-01")[:10])
        after = first + timedelta(days=1)
        while (unit != "day" and after.day != 1) or (unit == "year" and after.month != 1):
            after += timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"{text!r} is no {unit}: write it like {WRITTEN_LIKE[unit]}",
            field=unit,
            value=text,
            zh=f"{text!r} 不是有效的日期，请写作 {WRITTEN_LIKE[unit]}",
        ) from error
    return day_number(first), day_number(after)


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """An instant as people write it: RFC 3339; without a zone, that of the deployment; a bare day
    means its end (its last microsecond). Raises Invalid."""
    try:
        if len(text) == len("2018-03-01"):
            after = datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), zone)
            return instant_of(after.isoformat()) - timedelta(microseconds=1)
        moment = datetime.fromisoformat(text)
        return instant_of((moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat())
    except ValueError as error:
        raise Invalid(
            f"{text!r} is no time: write 2018-03-01, 2018-03-01T09:00 or 2018-03-01T09:00:00+08:00",
            field="as_of",
            value=text,
            zh=f"{text!r} 不是有效的时间：请写作 2018-03-01 或 2018-03-01T09:00",
        ) from error
