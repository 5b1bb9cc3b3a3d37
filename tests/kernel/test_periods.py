"""Weeks, months, quarters and years: where a day lies, and what follows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kernel.calendar import SHANGHAI
from services.kernel.periods import Every, end_of, period_of

PERIODIC = [every for every in Every if every is not Every.ONCE]
DAYS = st.integers(0, 40_000).map(lambda days: date(1990, 1, 1) + timedelta(days=days))


@pytest.mark.parametrize(
    ("every", "first", "until"),
    [
        (Every.WEEKLY, date(2018, 12, 31), date(2019, 1, 7)),
        (Every.MONTHLY, date(2019, 1, 1), date(2019, 2, 1)),
        (Every.QUARTERLY, date(2019, 1, 1), date(2019, 4, 1)),
        (Every.HALF_YEARLY, date(2019, 1, 1), date(2019, 7, 1)),
        (Every.YEARLY, date(2019, 1, 1), date(2020, 1, 1)),
    ],
)
def test_a_day_lies_in_one_period(every: Every, first: date, until: date) -> None:
    period = period_of(every, date(2019, 1, 2))
    assert (period.first, period.until) == (first, until)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PERIODIC), DAYS)
def test_periods_follow_each_other_without_a_gap(every: Every, day: date) -> None:
    period = period_of(every, day)
    assert period.first <= day <= period.last
    assert period.next.first == period.until
    assert period_of(every, period.last) == period
    assert period.count_to(period) == 0
    assert period.count_to(period.next.next) == 2


def test_a_day_of_a_period_is_at_most_its_last() -> None:
    february = period_of(Every.MONTHLY, date(2018, 2, 1))
    assert february.day(15) == date(2018, 2, 15)
    assert february.day(31) == february.day(0) == date(2018, 2, 28)


def test_a_day_ends_when_the_next_begins() -> None:
    assert end_of(date(2018, 3, 15), SHANGHAI) == datetime(2018, 3, 15, 16, tzinfo=UTC)
    assert end_of(date(2018, 3, 15), SHANGHAI) - end_of(date(2018, 3, 14), SHANGHAI) == timedelta(1)


def test_what_is_due_once_has_no_periods() -> None:
    with pytest.raises(AssertionError, match="no periods"):
        period_of(Every.ONCE, date(2018, 3, 15))
