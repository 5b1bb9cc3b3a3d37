"""表格 · Numbers and facts as CSV, for spreadsheets and other departments.

What it holds is what the JSON answer to the same question holds. It begins with a byte order mark,
so that a spreadsheet reads the Chinese in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from events.envelope import Recorded
from services.web.reply import Reply

CSV = b"text/csv; charset=utf-8"
MARK = "\ufeff"
FORMATS = ("json", "csv")
CELL = (
    "counter", "label", "area", "unit", "key", "value", "measure_word", "verified", "numerator",
    "denominator",
)  # fmt: skip
ENVELOPE = (
    "position", "stream", "revision", "fact", "version", "occurred_at", "recorded_at", "sha256",
)  # fmt: skip
ABOUT = ("area", "unit", "category", "variant")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cells_csv(cells: Iterable[Mapping[str, Any]]) -> Reply:
    """The cells of an answer of numbers, one a line."""
    return _sheet(CELL, ([cell[name] for name in CELL] for cell in cells))


def events_csv(events: Sequence[Recorded], following: int, head: int) -> Reply:
    """Facts, one a line, their own fields as JSON in the last column. Where to go on and the head
    of the log stand in the headers `Jishi-Next` and `Jishi-Head`."""
    envelopes = (orjson.loads(event.envelope_bytes()) for event in events)
    rows = (
        [
            *(one[name] for name in ENVELOPE),
            *(one["about"].get(name) for name in ABOUT),
            orjson.dumps(one["data"]).decode(),
        ]
        for one in envelopes
    )
    marks = ((b"jishi-next", b"%d" % following), (b"jishi-head", b"%d" % head))
    return _sheet((*ENVELOPE, *ABOUT, "data"), rows, *marks)


def _sheet(
    heads: Sequence[str], rows: Iterable[Sequence[Any]], *headers: tuple[bytes, bytes]
) -> Reply:
    return Reply(sheet_bytes(heads, rows), media=CSV, headers=headers)


def sheet_bytes(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Any rows under their heads. No text is one that a spreadsheet takes for a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([_safe(head) for head in heads])
    writer.writerows([_safe(value) for value in row] for row in rows)
    return (MARK + text.getvalue()).encode()


def _safe(value: Any) -> Any:
    """No text that a spreadsheet would take for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
