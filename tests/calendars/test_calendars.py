"""Working days of whole years, told by a package; limits across holidays, rests, extensions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from events.errors import Invalid, Unknown
from services import calendars
from services.facts.rule_words import CalendarRule
from services.kernel.calendar import SHANGHAI, Calendar
from services.kernel.words import Limit
from tests.calendars import made

ALL = [calendars.shipped(year) for year in calendars.years()]
CALENDAR = Calendar(
    free=frozenset(day for one in ALL for day in one.free),
    worked=frozenset(day for one in ALL for day in one.worked),
)
DAY = 86_400


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_is_what_the_package_says(year: int) -> None:
    day = date(year, 1, 1)
    while day.year == year:
        assert CALENDAR.is_working(day) is chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_moved_saturdays_count_and_the_days_added_in_2025_are_free() -> None:
    assert CALENDAR.is_working(date(2024, 2, 4))  # a Sunday worked for the Spring Festival
    assert CALENDAR.is_working(date(2025, 1, 26))
    assert CALENDAR.is_working(date(2026, 2, 14))  # a Saturday
    assert not CALENDAR.is_working(date(2025, 1, 28))  # the eve, free by law since 2025
    assert not CALENDAR.is_working(date(2025, 5, 2))


@pytest.mark.parametrize("year", calendars.years())
def test_the_files_are_what_the_script_makes(year: int) -> None:
    path = calendars.FOLDER / f"{year}.toml"
    assert path.read_text(encoding="utf-8") == made.text_of(year)
    CalendarRule.model_validate(calendars.shipped(year).fields()["calendar"])


def test_three_working_days_before_the_national_day_end_after_it() -> None:
    due = CALENDAR.due(at("2025-09-29T10:00"), Limit(3 * DAY, working=True))
    assert due == at("2025-10-10T10:00")  # 29, 30 September, 9 October; then ten hours
    assert CALENDAR.spent(at("2025-09-29T10:00"), due, working=True) == 3 * DAY


def test_a_year_that_is_not_shipped_is_said_so() -> None:
    with pytest.raises(Unknown, match="2099"):
        calendars.shipped(2099)


@pytest.mark.parametrize(
    "text",
    [
        "free = [2027-01-01]",
        "year = 2027\nfree = [2026-01-01]",
        "year = 2027\nfree = ['2027-01-01']",
        "year = 2027\nfree = [2027-01-02]\nworked = [2027-01-02]",
        "year = 2027\nholidays = [2027-01-01]",
        "year =",
    ],
)
def test_what_is_no_notice_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "notice.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Invalid):
        calendars.read(tmp_path / "notice.toml")


def test_the_next_notice_is_a_file_of_the_same_form(tmp_path: Path) -> None:
    (tmp_path / "n.toml").write_text("year = 2027\nfree = [2027-01-01]\n", encoding="utf-8")
    notice = calendars.read(tmp_path / "n.toml")
    assert notice.rule == "calendar.2027"
    assert notice.fields()["calendar"] == {"free": ["2027-01-01"], "worked": []}
