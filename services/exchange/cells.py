"""数表 · Ordinary tables of sums, for SQL tools and dashboards that cannot ask the ledger.

One table, `projections.cell`. A row is one counter in one area (with all that lies below it): for
counters that may be added up by unit and period, for the others (distinct, current, rates, times
taken) one row for all units and all time. Rows of one level add up to the level above; never add
rows of two levels. Everything is derived: an export replaces what was there, in one transaction.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from projections.database import Database
from projections.declare import Measure
from projections.ledger import Ledger
from projections.query import Cell, Moment, Query
from services.directory import Directory
from services.listed import ROOT

Period = Literal["day", "month", "year"]
TABLE = "projections.cell"
ADDITIVE = frozenset({Measure.OCCURRENCES, Measure.SUM})
COLUMNS = (
    "counter", "label_zh", "label_en", "measure", "measure_word", "additive", "area", "area_name",
    "level", "parent", "unit", "period_on", "value", "verified", "numerator", "denominator",
    "position", "as_of",
)  # fmt: skip
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `position`: everything up to there is counted."""

    rows: int
    position: int
    seconds: float

    def json(self) -> dict[str, Any]:
        """For `jishi export cells`."""
        return {
            "table": TABLE,
            "rows": self.rows,
            "position": self.position,
            "seconds": round(self.seconds, 3),
        }


async def export_cells(
    ledger: Ledger, directory: Directory, database: Database, period: Period = "day"
) -> Exported:
    """Replace the table by what the ledger counts now, on today's map.

    Whoever reads the table meanwhile sees the old rows until all new ones are there.
    """
    begun = time.monotonic()
    position = await ledger.catch_up()
    rows: list[Row] = []
    async for cell, moment in _cells(ledger, directory, period):
        row = _row(cell, moment, directory)
        if row is not None:
            rows.append(row)
    async with database.transaction() as connection:
        await connection.execute(f"DELETE FROM {TABLE}")  # noqa: S608 (a constant)
        await connection.copy_records_to_table(
            "cell", schema_name="projections", records=rows, columns=COLUMNS
        )
    return Exported(len(rows), position, time.monotonic() - begun)


async def _cells(
    ledger: Ledger, directory: Directory, period: Period
) -> AsyncIterator[tuple[Cell, Moment]]:
    """Every cell; its key is `area|unit|period` where the counter is additive, else the area."""
    counters = ledger.counters.values()
    additive = tuple(one.name for one in counters if one.measure in ADDITIVE)
    others = tuple(one.name for one in counters if one.measure not in ADDITIVE)
    questions = [Query(additive, by=("unit", period)), Query(others)]
    for code in directory.areas:
        if directory.children(code):
            questions.append(Query(additive, area=code, by=("area", "unit", period)))
            questions.append(Query(others, area=code, by=("area",)))
    for question in questions:
        reading = await ledger.read(question)
        for cell in reading.cells:
            yield cell, reading.as_of


def _row(cell: Cell, moment: Moment, directory: Directory) -> Row | None:
    """A cell as a row; None for what lies in an area itself rather than in one below it, which the
    row of that area counts."""
    counter, figure = cell.counter, cell.figure
    additive = counter.measure in ADDITIVE
    parts = cell.key.split("|") if cell.key else []
    unit, period_on = (parts[-2], _first_day(parts[-1])) if additive else (None, None)
    below = parts[:-2] if additive else parts
    area = directory.areas.get(below[0] if below else ROOT)
    if area is None or (below and below[0] == cell.area):
        return None
    return (
        counter.name,
        counter.zh,
        counter.en,
        counter.measure.value,
        counter.word,
        additive,
        area.code,
        area.name,
        area.level,
        area.parent if area.code == ROOT else area.parent or ROOT,
        unit,
        period_on,
        figure.value,
        figure.verified,
        figure.numerator,
        figure.denominator,
        moment.position,
        moment.time,
    )


def _first_day(text: str) -> date:
    """`2018`, `2018-03` and `2018-03-01` as their first day."""
    return date.fromisoformat((text + "-01-01")[:10])
