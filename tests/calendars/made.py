"""How services/calendars/*.toml were made: `python -m tests.calendars.made`. Never runs in service.

Facts alone: the days off and the weekends worked instead, as the State Council's notices of each
year lay them down, read from the package chinesecalendar. What it says of 2024 to 2026 is compared
in test_calendars.py with the notices themselves, written down there by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import chinese_calendar

YEARS = range(2018, 2027)
FOLDER = Path(__file__).parents[2] / "services" / "calendars"


def text_of(year: int) -> str:
    """The file of one year."""
    free = _days(chinese_calendar.constants.holidays, year)
    worked = _days(chinese_calendar.constants.workdays, year)
    return (
        f"# {year} 年节假日安排：国务院办公厅通知。Days off, weekends worked: the State Council's\n"
        f"# notice for {year}, as in the PyPI package chinesecalendar.\n"
        f"year = {year}\nfree = [\n{_lines(free)}]\nworked = [\n{_lines(worked)}]\n"
    )


def _days(known: Iterable[date], year: int) -> list[date]:
    return sorted(day for day in known if day.year == year)


def _lines(days: list[date]) -> str:
    return "".join(f"  {day.isoformat()},\n" for day in days)


if __name__ == "__main__":
    for one in YEARS:
        (FOLDER / f"{one}.toml").write_text(text_of(one), encoding="utf-8")
