"""表格 · Workbooks (.xlsx): one sheet as rows of text, its first row names the columns.

Numbers are written as they were meant (12345, not 12345.0), dates by one spelling of their own
(`CELL_TIMES`), which holds beside those of the profile.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from events.errors import Invalid
from services.exchange.opening import Inspected, broken_workbook, check_zip, whole
from services.exchange.profile import Profile
from services.parsing import nearest

CELL_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")
"""How a cell that holds a date is written as a text."""


def inspect(path: Path) -> Inspected:
    """Read the whole file once. Raises Invalid where it is no workbook."""
    content = whole(path)
    check_zip(path, content)
    _workbook(path, content)
    return Inspected(hashlib.sha256(content).hexdigest(), len(content))


def table(path: Path, profile: Profile) -> Iterator[tuple[int, list[str]]]:
    """The rows of the sheet, each with its number, the header first; all equally wide.

    Raises Invalid where there is no such sheet, with the nearest there is.
    """
    sheet = _sheet(path, profile)
    for line, cells in enumerate(sheet.iter_rows(), sheet.start[0] + 1 if sheet.start else 1):
        yield line, [_text(cell) for cell in cells]


def _workbook(path: Path, content: bytes) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, ValueError, OSError) as error:
        raise broken_workbook(path, str(error)) from error


def _sheet(path: Path, profile: Profile) -> CalamineSheet:
    workbook = _workbook(path, whole(path))
    names = workbook.sheet_names
    wanted = profile.sheet if profile.sheet is not None else next(iter(names), "")
    if wanted not in names:
        near, there = nearest(wanted, names), ", ".join(names)
        raise Invalid(
            f"{path.name} has no sheet {wanted}: it has {there}",
            field="sheet",
            value=wanted,
            zh=f"{path.name} 中没有工作表 {wanted}：有 {there}",
            nearest=near,
        )
    try:
        return workbook.get_sheet_by_name(wanted)
    except (CalamineError, ValueError, OSError) as error:
        raise broken_workbook(path, str(error)) from error


def _text(cell: Any) -> str:
    """A cell as a text."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return _moment(cell)
    if isinstance(cell, date):
        return f"{cell.isoformat()} 00:00:00"
    if isinstance(cell, time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


def _moment(cell: datetime) -> str:
    """A workbook counts days in binary fractions: a second comes back a little off."""
    second = (cell + timedelta(milliseconds=500)).replace(microsecond=0)
    exact = cell if abs(cell - second) >= timedelta(milliseconds=1) else second
    return exact.isoformat(sep=" ", timespec="milliseconds" if exact.microsecond else "seconds")
