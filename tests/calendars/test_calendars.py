"""Working days of whole years, as the notices say; limits across holidays, rests, extensions.

The oracle of 2024 to 2026 are the State Council's notices, written down here by hand; that of the
files of all years is the package they were made from.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from events.errors import Invalid, Unknown
from services import calendars
from services.facts.rule_words import CalendarRule
from services.kernel.calendar import SHANGHAI, Calendar
from services.kernel.catalogue import entry_of
from services.kernel.clocks import DeadlineEnded, ExtensionReason
from services.kernel.records import Extend
from services.kernel.testing import Story, story
from services.kernel.words import Actor, Limit
from tests.calendars import made
from tests.kernel.lamp import WORKFLOW, Mend, Report, Resume, Wait

ALL = [calendars.shipped(year) for year in calendars.years()]
CALENDAR = Calendar(
    free=frozenset(day for one in ALL for day in one.free),
    worked=frozenset(day for one in ALL for day in one.worked),
)
DAY = 86_400
RESIDENT = Actor("p1", roles=frozenset({"resident"}), area="c1")
WORKER = Actor("w1", "u1", frozenset({"worker"}), "c1")
LEADER = Actor("l1", roles=frozenset({"leader"}), area="c1")


NOTICES = {
    2024: (
        "01-01 02-10/02-17 04-04/04-06 05-01/05-05 06-10 09-15/09-17 10-01/10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    2025: (
        "01-01 01-28/02-04 04-04/04-06 05-01/05-05 05-31/06-02 10-01/10-08",
        "01-26 02-08 04-27 09-28 10-11",
    ),
    2026: (
        "01-01/01-03 02-15/02-23 04-04/04-06 05-01/05-05 06-19/06-21 09-25/09-27 10-01/10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}
"""国务院办公厅关于2024、2025、2026年部分节假日安排的通知: days off, and weekends worked instead."""


def named(year: int, text: str) -> set[date]:
    found: set[date] = set()
    for span in text.split():
        first, _, last = span.partition("/")
        begin, end = (date.fromisoformat(f"{year}-{day}") for day in (first, last or first))
        found |= {begin + timedelta(days=n) for n in range((end - begin).days + 1)}
    return found


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_is_what_the_notice_says(year: int) -> None:
    free, worked = (named(year, text) for text in NOTICES[year])
    day = date(year, 1, 1)
    while day.year == year:
        assert CALENDAR.is_working(day) is (
            day in worked or (day.weekday() < 5 and day not in free)
        ), day
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


def test_a_limit_goes_over_a_rest_a_holiday_and_an_extension_in_working_time() -> None:
    """Three working days from Monday, 29 September 2025, 9 h: rested over the holidays."""
    begun = story(entry_of(WORKFLOW), now=at("2025-09-29T09:00"), calendar=CALENDAR)
    limits = {"lamp.mend.general": Limit(3 * DAY, working=True)}
    now = begun.knowing(limits=limits).when(RESIDENT, Report(pole="l7"))
    assert due(now) == at("2025-10-10T09:00")
    now = now.knowing(now=at("2025-09-30T21:00")).when(WORKER, Wait())
    left = 3 * DAY - 36 * 3_600
    assert now.facts[1].data()["left_seconds"] == left
    # Taken up on a holiday: what was left begins to run on the ninth; the Saturday is worked.
    now = now.knowing(now=at("2025-10-03T10:00")).when(WORKER, Resume())
    assert due(now) == at("2025-10-10T12:00")
    more = Extend(clock="mend", until=at("2025-10-14T12:00"), reason=ExtensionReason.WEATHER)
    now = now.knowing(now=at("2025-10-10T11:00")).when(LEADER, more)
    assert due(now) == at("2025-10-14T12:00")
    # Rested again before the moved Saturday, it has that Saturday, Monday and half of Tuesday left.
    now = now.knowing(now=at("2025-10-11T00:00")).when(WORKER, Wait())
    assert now.facts[1].data()["left_seconds"] == 2 * DAY + DAY // 2
    now = now.knowing(now=at("2025-10-13T00:00")).when(WORKER, Resume())
    assert due(now) == at("2025-10-15T12:00")
    mended = now.knowing(now=at("2025-10-15T12:00")).when(WORKER, Mend())
    ended = mended.facts[1]
    assert isinstance(ended, DeadlineEnded)
    assert ended.on_time


def due(now: Story) -> datetime | None:
    assert now.case is not None
    return now.case.clocks["mend"].due_at


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
