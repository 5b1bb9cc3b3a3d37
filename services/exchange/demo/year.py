"""时段 · The year the demonstration covers, and likely moments within it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from events.clock import text_of

DAYS = 365
LEAD = timedelta(days=14)
"""Before the year of deeds: the registers are filled, members check in."""
REST = timedelta(hours=6)
"""Between the last deed of the year and the moment the demonstration starts."""


@dataclass(frozen=True, slots=True)
class Year:
    """365 days up to shortly before `end`."""

    end: datetime
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first day of deeds."""
        return self.end - timedelta(days=DAYS)

    @property
    def eve(self) -> datetime:
        """When the registers begin to be filled."""
        return self.start - LEAD

    def moment(self, chance: random.Random, *, after_hours: bool) -> datetime:
        """An evening or a weekend, or a time within the eight hours of a working day."""
        while True:
            day = (self.start + timedelta(days=6 + chance.random() * (DAYS - 6))).astimezone(
                self.zone
            )
            weekend = day.weekday() >= 5
            if after_hours:
                hour = chance.uniform(9, 20.5) if weekend else chance.uniform(18.2, 21)
            elif weekend:
                continue
            else:
                hour = chance.uniform(8.7, 17)
            found = datetime.combine(day.date(), time(), self.zone) + timedelta(hours=hour)
            if self.start + timedelta(days=5) < found < self.end - REST:
                return found.astimezone(UTC)

    @staticmethod
    def text(instant: datetime) -> str:
        """An instant as a field of a command."""
        return text_of(instant)


def minutes(chance: random.Random, low: int, high: int) -> timedelta:
    """So many minutes, by chance."""
    return timedelta(seconds=chance.randrange(low * 60, high * 60))
