"""提醒 · What whoever gave a command should know beside its answer, though nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from events.clock import instant_of
from events.envelope import Recorded
from services.kernel.calendar import Calendar
from services.kernel.case import Case
from services.kernel.words import Label

SET, RUNS_ON = "deadline.set", ("deadline.resumed", "deadline.extended")


class Caution(NamedTuple):
    """One thing to know. `year` is the one it is about."""

    code: str
    year: int
    title: Label

    def json(self, language: str) -> dict[str, Any]:
        """`{"code", "year", "title"}`."""
        return {"code": self.code, "year": self.year, "title": self.title.text(language)}


def no_calendar(year: int) -> Caution:
    """Working days of a year are counted without knowing its holidays."""
    return Caution(
        "no_calendar",
        year,
        Label(
            f"尚未载入 {year} 年节假日安排：该年的工作日只按周一至周五计（jishi calendar install）",
            f"no calendar of {year} is laid down: its working days are counted as Monday to Friday"
            " (jishi calendar install)",
        ),
    )


def cautions(
    events: Sequence[Recorded], case: Case | None, calendar: Calendar
) -> tuple[Caution, ...]:
    """What these new events of a case leave to be known: a clock that counts working days and
    reaches into a year of which no calendar is laid down."""
    years = {year for event in events for year in _years(event, case, calendar)}
    return tuple(no_calendar(year) for year in sorted(years - calendar.years))


def _years(event: Recorded, case: Case | None, calendar: Calendar) -> Iterator[int]:
    if event.fact != SET and event.fact not in RUNS_ON:
        return
    data = event.content["data"]
    begin = event.occurred_at
    if event.fact == SET:
        working, begin = data["working"], instant_of(data["started_at"])
    else:
        clock = case.clocks.get(data["clock"].partition(".")[2]) if case is not None else None
        working = clock is not None and clock.working
    if working:
        yield from range(_year(begin, calendar), _year(instant_of(data["due_at"]), calendar) + 1)


def _year(at: datetime, calendar: Calendar) -> int:
    return at.astimezone(calendar.zone).year
