"""Times are read as the source wrote them, on its own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange.moments import Moments, parser

NEW_YORK = ZoneInfo("America/New_York")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ISO = "%Y-%m-%d %H:%M:%S"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def naive(*parts: int) -> datetime:
    return utc(*parts).replace(tzinfo=None)


def instant(moments: Moments, text: str) -> datetime:
    moment = moments.read(text)
    assert moment is not None
    return moment.instant


def test_several_spellings_stand_in_one_column() -> None:
    moments = Moments(SHANGHAI, ("%Y/%m/%d %H:%M:%S", ISO, "%Y/%m/%d"))
    for text in ("2019/4/8 8:37:20", "2019/04/08 08:37:20", "2019-04-08 08:37:20"):
        assert instant(moments, text) == utc(2019, 4, 8, 0, 37, 20)
    assert instant(moments, " 2018/4/24 ") == utc(2018, 4, 23, 16)
    moment = moments.read("2018/4/24")
    assert moment is not None
    assert moment.day == date(2018, 4, 24)


@pytest.mark.parametrize(
    ("text", "hour"),
    [("12:00:00 AM", 0), ("01:00:00 AM", 1), ("12:00:00 PM", 12), ("11:00:00 pm", 23)],
)
def test_a_twelve_hour_clock_has_its_noon_and_midnight(text: str, hour: int) -> None:
    moments = Moments(ZoneInfo("UTC"), ("%m/%d/%Y %I:%M:%S %p",))
    assert instant(moments, f"06/26/2018 {text}") == utc(2018, 6, 26, hour)


def test_chinese_halves_of_the_day_are_read() -> None:
    moments = Moments(SHANGHAI, ("%Y年%m月%d日 %p%I:%M",))
    assert instant(moments, "2019年3月4日 下午3:05") == utc(2019, 3, 4, 7, 5)


def test_a_blank_is_no_time_and_anything_else_is_refused() -> None:
    moments = Moments(SHANGHAI, (ISO,), no_time=("N/A",))
    assert moments.read("  ") is None
    assert moments.read("N/A") is None
    for text in ("yesterday", "2019-02-30 00:00:00", "2019-02-03", "2019-02-03 25:00:00"):
        with pytest.raises(ValueError, match="fits none"):
            moments.read(text)


def test_an_offset_makes_an_exact_instant() -> None:
    moments = Moments(SHANGHAI, ("%Y-%m-%dT%H:%M:%S%z",))
    for text in ("2019-04-08T08:00:00+08:00", "2019-04-08T00:00:00Z"):
        moment = moments.read(text)
        assert moment is not None
        assert (moment.instant, moment.wall.hour) == (utc(2019, 4, 8), 8)


def test_a_reading_that_came_twice_is_the_first() -> None:
    moments = Moments(NEW_YORK, (ISO,))
    assert instant(moments, "2019-11-03 01:30:00") == utc(2019, 11, 3, 5, 30)
    assert instant(moments, "2019-11-03 02:00:00") == utc(2019, 11, 3, 7)


def test_a_reading_that_never_came_is_the_moment_of_the_change() -> None:
    moments = Moments(NEW_YORK, (ISO,))
    assert instant(moments, "2019-03-10 01:59:59") == utc(2019, 3, 10, 6, 59, 59)
    assert instant(moments, "2019-03-10 02:30:00") == utc(2019, 3, 10, 7)
    assert instant(moments, "2019-03-10 03:00:00") == utc(2019, 3, 10, 7)


@pytest.mark.parametrize("zone", [NEW_YORK, SHANGHAI, ZoneInfo("Australia/Lord_Howe")])
@given(st.data())
def test_a_later_reading_is_never_an_earlier_instant(zone: ZoneInfo, data: st.DataObject) -> None:
    moments = Moments(zone, (ISO,))
    days = st.datetimes(naive(1985, 1, 1), naive(2030, 1, 1))
    change_days = st.sampled_from([naive(2019, 3, 9), naive(2019, 11, 2), naive(2019, 4, 6)])
    first = data.draw(days | change_days).replace(microsecond=0)
    first += timedelta(minutes=data.draw(st.integers(0, 3_000)))
    second = first + timedelta(minutes=data.draw(st.integers(0, 3_000)))
    assert instant(moments, first.strftime(ISO)) <= instant(moments, second.strftime(ISO))


def test_time_taken_is_what_the_clock_on_the_wall_showed() -> None:
    opened, closed = "2019-03-09 12:00:00", "2019-03-10 12:00:00"
    for by_wall, hours in ((True, 24), (False, 23)):
        moments = Moments(NEW_YORK, (ISO,), by_wall=by_wall)
        start, end = moments.read(opened), moments.read(closed)
        assert start is not None
        assert end is not None
        assert end.instant - moments.counts_from(start, end) == timedelta(hours=hours)


@given(st.datetimes(naive(1900, 1, 1), naive(2100, 1, 1)))
def test_the_quick_readers_read_what_strptime_reads(reading: datetime) -> None:
    reading = reading.replace(microsecond=0)
    for spelling in (ISO, "%m/%d/%Y %I:%M:%S %p", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M"):
        text = reading.strftime(spelling)
        expected = datetime.strptime(text, spelling).replace(tzinfo=UTC)
        assert parser(spelling)(text) == expected


@given(st.datetimes(naive(1900, 1, 1), naive(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_the_quick_readers_read_offsets(reading: datetime, minutes: int) -> None:
    spelling = "%Y-%m-%dT%H:%M:%S.%f%z"
    text = reading.replace(tzinfo=timezone(timedelta(minutes=minutes))).strftime(spelling)
    for written in (text, f"{text[:-2]}:{text[-2:]}"):
        assert parser(spelling)(written) == datetime.fromisoformat(text)
    assert parser(spelling)("2019-02-03T04:05:06.7+0") is None
