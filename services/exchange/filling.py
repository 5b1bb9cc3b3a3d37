"""台账 · A table filled: its rows as they stood at one position of the log, for one reader.

Rows of facts are read from the log, each with its case as it was at that position: what was
corrected by then stands corrected, what was voided is not there. Rows by a dimension are numbers of
the ledger at the same position. So a table made again at its position is the same table.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from events import codec
from events.clock import instant_of, micros
from events.errors import Invalid, TooLarge
from events.fact import About, Provenance
from events.ports import Filter, Source
from projections.declare import Counter, Measure
from projections.ledger import Ledger
from projections.query import Query
from services.access import Grant
from services.directory import Directory, ZonedLog
from services.exchange.tabling import Column, Plan
from services.kernel.case import Case, Told, fold, read_told
from services.kernel.receipt import receipt
from services.kernel.sensitive import shown
from services.kernel.words import Choice, Label

ROWS_MAX = 20_000
READ_EVENTS = 2_000
LOADED_AT_ONCE = 200
CASES_BETWEEN_PAUSES = 25
"""Others are served in between: a case takes a millisecond."""
DAYS_MAX = 3_660
CORRECTED = "record.corrected"
PROVENANCE = {
    Provenance.SELF: Label("本人", "The doer"),
    Provenance.COUNTERPARTY: Label("对方", "The other side"),
    Provenance.ORGANISER: Label("组织者代录", "An organiser"),
    Provenance.IMPORT: Label("外部导入", "An import"),
}
KEY_HEADS = {"zh": ("代码", "名称"), "en": ("Code", "Name")}
Value = str | int | float | bool | datetime | date | None


@dataclass(frozen=True)
class Span:
    """What part of the log a table is about: the areas and unit, the time, up to a position.
    `areas` None = everywhere; `begin` and `end` bound when it occurred, both inclusive."""

    position: int
    zone: ZoneInfo
    area: str | None = None
    areas: frozenset[str] | None = None
    unit: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One line. `case` and `position` say which fact it is; of numbers they are None. `opens` is
    the page that shows what stands behind it."""

    values: tuple[Value, ...]
    opens: str
    case: str | None = None
    position: int | None = None


@dataclass(frozen=True)
class Filled:
    """A table with its rows."""

    plan: Plan
    span: Span
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    log_id: str
    made_at: datetime


@dataclass(frozen=True)
class Reader:
    """Who reads, and in which language."""

    grant: Grant
    language: str = "zh"


async def of_facts(
    plan: Plan, span: Span, log: ZonedLog, directory: Directory, reader: Reader, now: datetime
) -> Filled:
    """A table with a row for each fact. Raises TooLarge beyond 20,000 cases."""
    if plan.entry is None:
        raise AssertionError(f"{plan.table.name} is a table of numbers")
    filling = _Filling(plan, span, directory, reader)
    streams = await _streams(plan, span, log)
    for place in range(0, len(streams), LOADED_AT_ONCE):
        some = streams[place : place + LOADED_AT_ONCE]
        loaded = await asyncio.gather(*(log.load(stream) for stream in some))
        for number, events in enumerate(loaded):
            if number % CASES_BETWEEN_PAUSES == 0:
                await asyncio.sleep(0)
            known = [event for event in events if event.position <= span.position]
            case = fold(plan.entry, known) if known else None
            if case is not None and shown(case, reader.grant.actor):
                filling.take(case, {event.revision: event.position for event in known})
    in_order = sorted(filling.found, key=lambda row: row.position or 0)
    return Filled(
        plan=plan,
        span=span,
        heads=_heads(plan, reader),
        rows=tuple(_sorted(plan, [(row.values, row) for row in in_order])),
        log_id=log.log_id,
        made_at=now,
    )


async def _streams(plan: Plan, span: Span, source: Source) -> list[str]:
    """The cases that may have a row: those with such a fact there and then, and those in which a
    fact was put right, since it may have come from elsewhere."""
    rows = plan.table.rows or ""
    areas = () if span.areas is None else tuple(sorted(span.areas))
    there = Filter(
        facts=(rows,),
        areas=areas,
        units=(span.unit,) if span.unit else (),
        occurred_from=micros(span.begin) if span.begin else None,
        occurred_to=micros(span.end) if span.end else None,
    )
    corrected = Filter(kinds=(rows.partition(".")[0],), facts=(CORRECTED,))
    found: dict[str, None] = {}
    for only in (there, corrected):
        after = 0
        while True:
            events = await source.read(
                after=after, upto=span.position, limit=READ_EVENTS, only=only
            )
            found |= dict.fromkeys(event.stream for event in events)
            if len(found) > ROWS_MAX:
                raise TooLarge(
                    f"the table would have more than {ROWS_MAX} rows: ask for a shorter period or"
                    " a smaller area",
                    zh=f"台账将超过 {ROWS_MAX} 行：请缩短时段或缩小区域",
                    limit=ROWS_MAX,
                )
            if len(events) < READ_EVENTS:
                break
            after = events[-1].position
    return list(found)


class _Filling:
    """Makes rows of cases."""

    def __init__(self, plan: Plan, span: Span, directory: Directory, reader: Reader) -> None:
        self.found: list[Row] = []
        self._plan = plan
        self._where = plan.table.where
        self._span = span
        self._directory = directory
        self._language = reader.language

    def take(self, case: Case, positions: Mapping[int, int]) -> None:
        """The rows of one case."""
        mark = b'"fact":"%b"' % (self._plan.table.rows or "").encode()
        for body in case.bodies:
            if mark not in body:
                continue
            stored = codec.parse(body)
            if stored["fact"] != self._plan.table.rows or not self._wanted(stored):
                continue
            told = read_told(case.workflow, stored)
            values = tuple(self._value(column, case, told) for column in self._plan.columns)
            position = positions[told.revision]
            self.found.append(Row(values, f"/case/{case.stream}", case.stream, position))

    def _wanted(self, stored: Mapping[str, Any]) -> bool:
        span, about = self._span, stored["about"]
        happened = instant_of(stored["occurred_at"])
        said = {**(about.get("books") or {}), **stored["data"], **about}
        return (
            (span.areas is None or about["area"] in span.areas)
            and (span.unit is None or about.get("unit") == span.unit)
            and (span.begin is None or happened >= span.begin)
            and (span.end is None or happened <= span.end)
            and all(
                str(said.get(name, "")) == text for name, text in self._plan.table.where.items()
            )
        )

    def _value(self, column: Column, case: Case, told: Told) -> Value:
        if column.fact == "case":
            return self._of_case(column.field, case, told)
        source: Told | None = told if column.fact is None else case.latest(column.fact)
        if source is None:
            return None
        if column.field == "occurred_at":
            return source.occurred_at
        if column.form is None:
            return self._of_about(column.field, source.fact.about)
        value = getattr(source.fact, column.field)
        if isinstance(value, Choice):
            return value.label.text(self._language)
        if value is None or isinstance(value, (str, int, datetime, date)):
            return value
        return json.dumps(source.fact.data().get(column.field), ensure_ascii=False)

    def _of_case(self, field: str, case: Case, told: Told) -> Value:
        match field:
            case "state":
                entry = self._plan.entry
                return entry.state_label(case.state).text(self._language) if entry else None
            case "receipt":
                return receipt(case.id)
            case "opened_at":
                return case.opened_at
            case "moved_at":
                return case.moved_at
            case "overdue":
                return any(clock.missed for clock in case.clocks.values())
            case "confirmed":
                return told.revision in case.confirmed
            case "verified":
                return told.revision in case.verified
            case _:
                return self._of_about(field, case.about)

    def _of_about(self, field: str, about: About) -> Value:
        if field == "area_name":
            known = self._directory.areas.get(about.area)
            return known.name if known else about.area
        if field == "unit_name":
            unit = self._directory.units.get(about.unit or "")
            return unit.name if unit else about.unit
        if field == "provenance":
            return PROVENANCE[about.provenance].text(self._language)
        found: str | None = getattr(about if hasattr(about, field) else about.books, field)
        return found


async def of_numbers(
    plan: Plan, span: Span, ledger: Ledger, directory: Directory, reader: Reader, now: datetime
) -> Filled:
    """A table with a row for each key of its dimension. With a period, each number is of what
    occurred on its days. Raises Unknown for a dimension that a counter has not."""
    by = plan.table.by
    if by is None:
        raise AssertionError(f"{plan.table.name} is a table of facts")
    columns: list[dict[str, Value]] = []
    for column in plan.columns:
        query = Query(
            counters=(column.source,),
            area=span.area,
            unit=span.unit,
            by=(by,),
            where={**(column.where or {}), **_days(span)},
            as_of=span.position,
        )
        reading = await ledger.read(query, now=now)
        columns.append({cell.key: cell.figure.value for cell in reading.cells})
    found = []
    for key in sorted({key for column in columns for key in column}):
        numbers = zip(plan.columns, columns, strict=True)
        values = tuple(column.get(key, _nothing(one.counter)) for one, column in numbers)
        name = _name_of(by, key, directory)
        found.append(Row((key, name, *values), _opening(plan, key, span)))
    return Filled(
        plan=plan,
        span=span,
        heads=(*KEY_HEADS[reader.language], *_heads(plan, reader)),
        rows=tuple(_sorted(plan, [(row.values[2:], row) for row in found])),
        log_id=ledger.source.log_id,
        made_at=now,
    )


def _heads(plan: Plan, reader: Reader) -> tuple[str, ...]:
    return tuple(column.title.text(reader.language) for column in plan.columns)


def _nothing(counter: Counter | None) -> Value:
    """What stands where a key has nothing: no rate and no median of nothing."""
    whole = counter is not None and counter.measure not in (Measure.RATIO, Measure.DURATION)
    return 0 if whole else None


def _days(span: Span) -> dict[str, tuple[str, ...]]:
    """The days of a period. Raises Invalid where it is open to one side, or too long."""
    if span.begin is None and span.end is None:
        return {}
    if span.begin is None or span.end is None:
        raise Invalid(
            "a table of numbers needs both from and to, or neither",
            field="to" if span.end is None else "from",
            zh="数字台账的 from 与 to 须同时给出或都不给",
        )
    first, last = (one.astimezone(span.zone).date() for one in (span.begin, span.end))
    count = (last - first).days + 1
    if not 1 <= count <= DAYS_MAX:
        raise Invalid(
            f"the period must be 1 to {DAYS_MAX} days, not {count}",
            field="to",
            value=last.isoformat(),
            zh=f"时段应为 1 至 {DAYS_MAX} 天，而不是 {count} 天",
        )
    return {"day": tuple((first + timedelta(days=one)).isoformat() for one in range(count))}


def _name_of(by: str, key: str, directory: Directory) -> str:
    if by in ("area", "home_community", "paired_community"):
        area = directory.areas.get(key)
        return area.name if area else key
    if by in ("unit", "home_unit"):
        unit = directory.units.get(key)
        return unit.name if unit else key
    return key


def _opening(plan: Plan, key: str, span: Span) -> str:
    """The page that lists the facts behind the first number of a row."""
    column, by = plan.columns[0], plan.table.by
    pairs = [("where", f"{name}={text}") for name, text in (column.where or {}).items()]
    if by == "area":
        pairs.append(("area", key))
    else:
        pairs.append(("where", f"{by}={key}"))
        pairs += [("area", span.area)] if span.area else []
    pairs += [("unit", span.unit)] if span.unit else []
    return f"/explain/{column.source}?{urlencode([*pairs, ('as_of', str(span.position))])}"


def _sorted(plan: Plan, found: Iterable[tuple[Sequence[Any], Row]]) -> list[Row]:
    """Rows by the columns the table is sorted by, what is empty last; else as they came."""
    rows = list(found)
    for place, down in reversed(plan.sort):
        there = [one for one in rows if one[0][place] is not None]
        there.sort(key=lambda one: one[0][place], reverse=down)
        rows = there + [one for one in rows if one[0][place] is None]
    return [row for _, row in rows]
