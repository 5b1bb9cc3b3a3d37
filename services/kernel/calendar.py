"""历 · Working days: which days count, and when a limit counted in working time runs out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.kernel.words import Limit

SHANGHAI = ZoneInfo("Asia/Shanghai")

DAYS_MAX = 3_660
"""A calendar in which ten years bring no working day is a mistake, not a long wait."""


@dataclass(frozen=True)
class Calendar:
    """Monday to Friday, without the days `free` (holidays) and with the days `worked`
    (weekends moved to make up for them). Days are those of `zone`. `years` are those of which the
    holidays are known; of another year it is Monday to Friday that counts."""

    zone: ZoneInfo = SHANGHAI
    free: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether time on this day counts."""
        if day in self.worked:
            return True
        return day.weekday() < 5 and day not in self.free

    def due(self, start: datetime, limit: Limit) -> datetime:
        """The instant at which `limit` has run out, counted from `start`."""
        if not limit.working:
            return start + timedelta(seconds=limit.seconds)
        left = timedelta(seconds=limit.seconds)
        for begin, end in self._working_spans(start):
            if end - begin >= left:
                return begin + left
            left -= end - begin
        raise AssertionError(f"no working day within {DAYS_MAX} days of {start}")

    def spent(self, start: datetime, end: datetime, *, working: bool) -> int:
        """Counted seconds from `start` to `end`; 0 where end comes first."""
        if not working or end <= start:
            return max(0, int((end - start).total_seconds()))
        total = timedelta()
        for begin, stop in self._working_spans(start):
            if begin >= end:
                break
            total += min(stop, end) - begin
        return int(total.total_seconds())

    def _working_spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = start.astimezone(self.zone).date()
        for _ in range(DAYS_MAX):
            following = day + timedelta(days=1)
            if self.is_working(day):
                yield max(start, self._midnight(day)), self._midnight(following)
            day = following

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.zone).astimezone(UTC)


USUAL = Calendar()
"""Monday to Friday in Shanghai."""
