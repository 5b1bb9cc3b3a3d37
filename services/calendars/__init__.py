"""节假日安排 · The days off and weekends worked of each year, as facts beside the program.

One file for each year that a notice has been given for. They bind nobody until an operator installs
them as the rule `calendar.<year>`; the next year's notice is a file of the same form.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from events.errors import Invalid, Unknown

FOLDER = Path(__file__).parent
FIELDS = ("free", "worked")


@dataclass(frozen=True)
class Notice:
    """What one year's notice lays down."""

    year: int
    free: tuple[date, ...]
    worked: tuple[date, ...]

    @property
    def rule(self) -> str:
        """The code of the rule it is installed as."""
        return f"calendar.{self.year}"

    def fields(self) -> dict[str, Any]:
        """What the rule says."""
        said = {name: [day.isoformat() for day in getattr(self, name)] for name in FIELDS}
        return {"effective_on": date(self.year, 1, 1).isoformat(), "calendar": said}


def years() -> list[int]:
    """The years that are shipped, ascending."""
    return sorted(int(path.stem) for path in FOLDER.glob("*.toml"))


def shipped(year: int) -> Notice:
    """The notice of a year. Raises Unknown where none is shipped."""
    path = FOLDER / f"{year}.toml"
    if not path.is_file():
        first, *_, last = years()
        raise Unknown(
            f"no calendar of {year} is shipped ({first} to {last} are): load the notice as a file",
            what="calendar",
            name=str(year),
            zh=f"没有随附 {year} 年的节假日安排（有 {first} 至 {last} 年）：请用文件载入当年通知",
        )
    return read(path)


def read(path: Path) -> Notice:
    """A notice from a file of the form of those shipped. Raises Invalid where it says nothing."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        year = int(told.pop("year"))
        days = {name: tuple(sorted(told.pop(name, ()))) for name in FIELDS}
    except (OSError, ValueError, TypeError, KeyError) as wrong:
        raise _invalid(path, str(wrong)) from wrong
    for day in (*days["free"], *days["worked"]):
        if type(day) is not date or day.year != year:
            raise _invalid(path, f"{day} is not a day of {year}")
    if told or set(days["free"]) & set(days["worked"]):
        raise _invalid(path, f"{', '.join(told) or 'a day that is both free and worked'}")
    return Notice(year, days["free"], days["worked"])


def _invalid(path: Path, why: str) -> Invalid:
    return Invalid(
        f"{path.name} is not a calendar: {why}. It says year, free = [days], worked = [days]",
        field="notice",
        value=str(path),
        zh=f"{path.name} 不是节假日安排：{why}。应写明 year、free = [日期]、worked = [日期]",
    )
