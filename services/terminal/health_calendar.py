"""日历体检 · Whether the holidays of the days that deadlines reach are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services import calendars
from services.cautions import no_calendar
from services.directory import Directory
from services.terminal.health import Finding, Patient
from services.terminal.words import Both

AHEAD = timedelta(days=60)
"""Limits in working days reach so far: a notice is out by then."""


async def calendar(patient: Patient) -> list[Finding]:
    """A line for each year from now on that working days are counted in without its holidays."""
    if patient.log is None:
        return []
    directory = Directory(patient.log, patient.catalogue)
    await directory.catch_up()
    known = directory.calendar
    now = datetime.now(UTC)
    needed = sorted({at.astimezone(known.zone).year for at in (now, now + AHEAD)})
    missing = [year for year in needed if year not in known.years]
    if not missing:
        text = ", ".join(map(str, needed))
        return [Finding("calendar", "ok", Both(f"已载入 {text}", f"{text} laid down"))]
    return [_unknown(year) for year in missing]


def _unknown(year: int) -> Finding:
    if year in calendars.years():
        todo = Both(f"运行 jishi calendar install {year}", f"run `jishi calendar install {year}`")
    else:
        todo = Both(
            f"将当年通知写成 {year}.toml，再运行 jishi calendar install {year}.toml",
            f"write the notice as {year}.toml, then run `jishi calendar install {year}.toml`",
        )
    caution = no_calendar(year).title
    return Finding("calendar", "warn", Both(caution.zh, caution.en), todo)
