"""工作簿 · A table as an Excel workbook: one sheet with its rows, one that says what it is of."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.exchange.filling import Filled, Value

XLSX = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTH_MIN, WIDTH_MAX = 8, 40
ROWS_MEASURED = 200
SHEET_MAX = 31
ABOUT_SHEET = "说明 About"
NOT_IN_A_SHEETS_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def workbook(filled: Filled, heads: list[str], rows: list[list[Value]], about: About) -> bytes:
    """The workbook. Texts are written as texts: none becomes a formula or a link."""
    # Imported here: it takes a tenth of a second, and most callers never ask for a workbook.
    import xlsxwriter

    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"created": filled.made_at.replace(tzinfo=None)})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet(_sheets_name(about[0][1]))
        for place, text in enumerate(heads):
            sheet.write_string(0, place, text, head)
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                _write(sheet, number, place, value, filled.span.zone, moment, day)
        for place, text in enumerate(heads):
            shown = [_width(row[place]) for row in rows[:ROWS_MEASURED]]
            width = min(max([_width(text), *shown, WIDTH_MIN]) + 1, WIDTH_MAX)
            sheet.set_column(place, place, width)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(heads) - 1)
        sheet.set_landscape()
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        said = book.add_worksheet(ABOUT_SHEET)
        said.set_column(0, 0, 24)
        said.set_column(1, 1, 60)
        for number, (name, text) in enumerate(about):
            said.write_string(number, 0, name, head)
            said.write_string(number, 1, text)
    return file.getvalue()


About = list[tuple[str, str]]


def _sheets_name(title: str) -> str:
    """A title as the name of a sheet; that of the other sheet, and none, become another."""
    name = title.translate(NOT_IN_A_SHEETS_NAME)[:SHEET_MAX].strip()
    return name if name and name.lower() != ABOUT_SHEET.lower() else "台账"


def _write(
    sheet: Any, row: int, place: int, value: Value, zone: ZoneInfo, moment: Any, day: Any
) -> None:
    if isinstance(value, datetime):
        # Workbooks know whole milliseconds and no zones; seconds are what people read.
        local = value.astimezone(zone).replace(tzinfo=None)
        sheet.write_datetime(row, place, local - timedelta(microseconds=local.microsecond), moment)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, day)
    elif isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, (int, float)):
        sheet.write_number(row, place, value)
    elif value is not None:
        sheet.write_string(row, place, value)


def _width(value: Value) -> int:
    """Columns of a fixed-width font: a Chinese character takes two."""
    if isinstance(value, datetime):
        return 19
    text = "" if value is None else str(value)
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
