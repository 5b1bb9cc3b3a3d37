"""对账 · A source's own figures beside jishi's: row by row, at the decimals of the source.

A file of figures has the columns metric, dim, key, value. The profile says which counter a metric
is; the dimension is read by rule:

    all                   the whole
    day, month, year      by that part of the source's own calendar
    asof                  what had happened by the time in the key, on the source's clock
    a column, or several  joined by `|`: the area, unit or category it is imported as, or its label

`[metrics]` may also name one metric of one dimension (`"replied_within/1h"`), or one key of it
(`"cases_with/field/end"`), and that holds first. A row without a dimension is read as its metric
says (`by`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Protocol

from events.errors import Invalid
from projections.declare import Counter, Measure
from projections.query import Axis, Query, Reading
from services.exchange.moments import Moments
from services.exchange.names import Names
from services.exchange.profile import Metric, Profile
from services.exchange.readers import inspect

FIELDS = ("metric", "dim", "key", "value")
CALENDAR = ("day", "month", "year")
CLOCK = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")
SLACK = Decimal("1e-9")


class Reads(Protocol):
    """The part of the ledger that is needed here."""

    @property
    def counters(self) -> Mapping[str, Counter]:
        """Every counter by name."""
        ...

    async def read(self, query: Query) -> Reading:
        """The numbers asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Expected:
    """One row of the source's figures; `value` '' = there is none."""

    metric: str
    dim: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Different:
    """A row that jishi counts otherwise."""

    expected: Expected
    counted: float | int | None

    def json(self) -> dict[str, Any]:
        """Contract §3."""
        row = self.expected
        return {
            "metric": row.metric,
            "dim": row.dim,
            "key": row.key,
            "expected": row.value,
            "counted": self.counted,
        }


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How it came out. `unknown`: what the profile has no counter for, with its number of rows."""

    rows: int
    equal: int
    different: tuple[Different, ...]
    unknown: Mapping[tuple[str, str], int]

    @property
    def all_equal(self) -> bool:
        """Every row is known and equal."""
        return self.equal == self.rows

    def json(self) -> dict[str, Any]:
        """Contract §3."""
        return {
            "rows": self.rows,
            "equal": self.equal,
            "different": [row.json() for row in self.different],
            "unknown": [
                {"metric": metric, "dim": dim, "rows": rows}
                for (metric, dim), rows in self.unknown.items()
            ],
        }


async def reconcile(path: Path, profile: Profile, ledger: Reads) -> Reconciled:
    """Compare every row of the file with what the ledger counts now.

    Only what lies under the profile's own area is counted, so other sources may stand in the same
    log. Raises Invalid where the file cannot be read, Unknown for a counter that does not exist.
    """
    groups: dict[tuple[str, str, str | None], list[Expected]] = {}
    rows = 0
    for row in expected_rows(path):
        apart = f"{row.metric}/{row.dim}/{row.key}" if row.key else ""
        key = row.key if apart in profile.metrics else None
        groups.setdefault((row.metric, row.dim, key), []).append(row)
        rows += 1
    comparing = _Comparing(profile, ledger)
    different: list[Different] = []
    unknown: dict[tuple[str, str], int] = {}
    for (metric, dim, key), members in groups.items():
        reading = comparing.reading(metric, dim, key)
        if reading is None:
            unknown[metric, dim] = len(members)
            continue
        different += await comparing.different(reading, members)
    equal = rows - len(different) - sum(unknown.values())
    return Reconciled(rows, equal, tuple(different), unknown)


def expected_rows(path: Path) -> Iterator[Expected]:
    """The rows of a file of figures. Raises Invalid naming line and column."""
    inspect(path, "utf-8-sig")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in FIELDS if name not in (reader.fieldnames or ())]
        if missing:
            raise Invalid(
                f"{path.name} has no column {missing[0]}: {', '.join(FIELDS)} are expected",
                field=missing[0],
                zh=f"{path.name} 缺少列 {missing[0]}：须有 {'、'.join(FIELDS)}",
            )
        for row in reader:
            texts = [row[name] for name in FIELDS]
            if None in texts or not _is_number(row["value"]):
                raise Invalid(
                    f"line {reader.line_num} of {path.name}: a number or nothing is expected",
                    field="value",
                    value=str(row["value"]),
                    line=reader.line_num,
                    zh=f"{path.name} 第 {reader.line_num} 行：应为数字或空白",
                )
            yield Expected(*texts)


def is_equal(expected: str, counted: float | int | None) -> bool:
    """Whether they agree at the decimals of the expected value (`2816.0` equals 2816)."""
    if not expected.strip():
        return counted is None
    if counted is None:
        return False
    said = Decimal(expected)
    exponent = said.as_tuple().exponent
    unit = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return abs(Decimal(repr(counted)) - said) <= unit / 2 + SLACK


@dataclass(frozen=True)
class _Reading:
    """How one metric of one dimension is read."""

    metric: Metric
    by: tuple[str, ...]
    as_of: bool = False


class _Comparing:
    """Reads the ledger for one profile."""

    def __init__(self, profile: Profile, ledger: Reads) -> None:
        self._profile = profile
        self._ledger = ledger
        self._names = Names(profile)
        self._clock = Moments(profile.zone, CLOCK)
        columns = profile.columns
        named = {columns.area: "area", columns.unit: "unit", columns.category: "category"}
        self._dimensions = {column: name for name, column in columns.raw_labels().items()}
        self._dimensions |= {column: name for column, name in named.items() if column is not None}
        self._dimensions |= {name: name for name in columns.raw_labels()}
        self._dimensions |= {name: name for name in CALENDAR}

    def reading(self, metric: str, dim: str, key: str | None = None) -> _Reading | None:
        """How to read it; None where the profile does not say."""
        metrics = self._profile.metrics
        if key is not None:
            return _Reading(metrics[f"{metric}/{dim}/{key}"], ())
        special = metrics.get(f"{metric}/{dim}")
        if special is not None:
            return _Reading(special, special.by or (), as_of=dim == "asof")
        found = metrics.get(metric)
        if found is None:
            return None
        if dim in ("all", "asof"):
            return _Reading(found, (), as_of=dim == "asof")
        if found.by is not None and dim in ("", "|".join(found.by)):
            return _Reading(found, found.by)
        by = tuple(self._dimensions.get(column, "") for column in dim.split("|"))
        return _Reading(found, by) if all(by) else None

    async def different(self, reading: _Reading, rows: list[Expected]) -> list[Different]:
        """The rows that are not equal."""
        if reading.as_of:
            counted = {row.key: await self._as_of(reading, row.key) for row in rows}
        else:
            cells = await self._cells(reading)
            absent = self._absent(reading.metric.counter)
            counted = {row.key: cells.get(self._key(reading, row.key), absent) for row in rows}
        return [
            Different(row, counted[row.key])
            for row in rows
            if not is_equal(row.value, counted[row.key])
        ]

    async def _cells(self, reading: _Reading) -> dict[str, float | int | None]:
        answer = await self._ledger.read(self._query(reading))
        return {cell.key: cell.figure.value for cell in answer.cells}

    def _absent(self, counter: str) -> int | None:
        """What a key without a cell counts: nothing, or no figure."""
        known = self._ledger.counters.get(counter)
        without = (Measure.DURATION, Measure.RATIO)
        return None if known is not None and known.measure in without else 0

    async def _as_of(self, reading: _Reading, key: str) -> float | int | None:
        try:
            moment = self._clock.read(key)
        except ValueError:
            moment = None
        if moment is None:
            raise Invalid(
                f"{key!r} is no time: an as-of row needs one, as in 2019-12-31 23:59:59",
                field="key",
                value=key,
                zh=f"{key!r} 不是时间:asof 行的 key 应如 2019-12-31 23:59:59",
            )
        query = self._query(reading)
        query = replace(query, as_of=moment.instant, axis=Axis.OCCURRED)
        answer = await self._ledger.read(query)
        return answer.cells[0].figure.value

    def _query(self, reading: _Reading) -> Query:
        metric = reading.metric
        where = {
            self._dimensions.get(name, name): self._code(self._dimensions.get(name, name), text)
            for name, text in metric.where.items()
        }
        return Query(
            counters=(metric.counter,), area=self._profile.root_area, by=reading.by, where=where
        )

    def _key(self, reading: _Reading, key: str) -> str:
        """The key of a cell for the key of a row. Only a breakdown by several has a bar in it."""
        parts = key.split("|") if len(reading.by) > 1 else [key]
        if len(parts) != len(reading.by):
            return "" if not reading.by else key
        return "|".join(map(self._code, reading.by, parts))

    def _code(self, dimension: str, text: str) -> str:
        return self._names.code(dimension, text)


def _is_number(text: str | None) -> bool:
    try:
        return text is not None and (not text.strip() or Decimal(text).is_finite())
    except InvalidOperation:
        return False
