"""台账样式 · Table templates: those that ship, those a district installs, and the check of one.

A template is a file of `services/tables`, or a rule `table.<name>` that an operator has installed:

    title = "服务台账 · Services"
    rows = "order.service_delivered"       # a row for each of these facts
    sort = ["occurred_at"]                 # "-occurred_at" is newest first
    columns = [
      { title = "完成时间 · Served at", of = "occurred_at" },
      { title = "下单渠道 · Channel", of = "order.placed.channel" },    # of the same case
      { title = "现状 · State", of = "case.state" },
    ]

With `by = "area"` there is a row for each key of that dimension, and each column is a counter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from events.fact import Fact
from projections.declare import CALENDAR, ENTRY_TEXTS, Counter
from services.facts.rule_words import TableColumn, TableRule
from services.kernel.catalogue import Catalogue
from services.kernel.entry import Entry
from services.kernel.forms import FormField, form_field
from services.kernel.words import Label
from services.parsing import parse, toml_file, worded, wrong

FOLDER = Path(__file__).parents[1] / "tables"
FILE = re.compile(r"^(?:table\.)?([a-z][a-z0-9_]{0,31})\.toml$")
NAMED = ("area_name", "unit_name")
DIMENSIONS = (
    "area", "unit", "category", "variant", "provenance", "home_unit", "team", "home_community",
    "paired_community",
)  # fmt: skip
OWN = ("occurred_at", *NAMED, *DIMENSIONS)
"""What every fact says beside its own fields."""
OF_CASE = (
    "state", "receipt", "opened_at", "moved_at", "overdue", "confirmed", "verified", *NAMED,
    "area", "unit", "category", "variant",
)  # fmt: skip
"""What a row may say of its case. `confirmed` and `verified` are about the fact of the row."""
BY = (*(name for name in ENTRY_TEXTS if name != "fact"), *CALENDAR)


@dataclass(frozen=True)
class Column:
    """One column that was found: where its value comes from, and how it is shown. `fact` is None
    for the fact of the row, `case` for its case."""

    title: Label
    source: str
    fact: str | None = None
    field: str = ""
    form: FormField | None = None
    counter: Counter | None = None
    where: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Plan:
    """A table that was checked. `entry` is the kind of its rows; None where it is of counters."""

    table: TableRule
    entry: Entry | None
    columns: tuple[Column, ...]
    sort: tuple[tuple[int, bool], ...]
    """Places of columns, and whether downwards."""

    @property
    def title(self) -> Label:
        """What it is called."""
        return Label(self.table.title.zh, self.table.title.en)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds whose facts it shows or counts."""
        facts = [self.table.rows] if self.table.rows else []
        for column in self.columns:
            facts += column.counter.facts if column.counter is not None else []
        return frozenset(fact.partition(".")[0] for fact in facts)


def shipped() -> dict[str, TableRule]:
    """The tables that ship, by name."""
    files = sorted(FOLDER.glob("*.toml"))
    return {path.stem: read(path.name, path.read_text(encoding="utf-8")) for path in files}


def read(file: str, text: str) -> TableRule:
    """A table from the text of its file, `<name>.toml`. Raises Invalid naming what is wrong."""
    name, raw = toml_file(file, text, FILE, "NAME.toml", "名称.toml")
    raw["name"] = name[1]
    raw["title"] = worded("title", raw.get("title", ""))
    columns = raw.get("columns", [])
    for place, column in enumerate(columns if isinstance(columns, list) else []):
        if isinstance(column, dict):
            column["title"] = worded(f"columns.{place}.title", column.get("title", ""))
    return parse(TableRule, raw)


def planned(
    table: TableRule, catalogue: Catalogue, counters: Mapping[str, Counter] | None = None
) -> Plan:
    """The table, checked against the facts and counters there are. Without `counters` their names
    are not looked at.

    Raises Invalid: nothing to make rows of, a column that no fact has (with the nearest), a sort
    by what is no column.
    """
    if (table.rows is None) == (table.by is None):
        raise wrong("rows", table.rows or "", "say rows or by: one", "rows 与 by 须且只能写一个")
    if table.by is not None:
        entry, columns = None, _of_counters(table, table.by, counters)
    else:
        entry, columns = _of_facts(table, table.rows or "", catalogue)
    return Plan(table, entry, columns, tuple(_sorting(table, columns)))


def _of_facts(
    table: TableRule, rows: str, catalogue: Catalogue
) -> tuple[Entry, tuple[Column, ...]]:
    kinds = {entry.kind: entry for entry in catalogue.kinds()}
    kind = kinds.get(rows.partition(".")[0])
    if kind is None or rows not in kind.workflow.diagram.facts:
        facts = [fact for one in kinds.values() for fact in one.workflow.diagram.facts]
        raise wrong("rows", rows, "there is no such fact", "没有这一事实", facts)
    for name in table.where:
        _check_field(f"where.{name}", name, catalogue.facts[rows])
    columns = (
        _column(f"columns.{place}", column, rows, kind, catalogue)
        for place, column in enumerate(table.columns)
    )
    return kind, tuple(columns)


def _column(at: str, column: TableColumn, rows: str, kind: Entry, catalogue: Catalogue) -> Column:
    title = Label(column.title.zh, column.title.en)
    source = column.of
    if source is None or column.counter is not None or column.where:
        why = "a table of facts has columns with `of` alone"
        raise wrong(f"{at}.of", column.counter or "", why, "按事实成行的台账，各列只写 of")
    fact, _, field = source.rpartition(".")
    if fact == "case":
        if field not in OF_CASE:
            known = [f"case.{name}" for name in OF_CASE]
            raise wrong(f"{at}.of", source, "there is no such column", "没有这一列", known)
        return Column(title, source, "case", field)
    name = fact or rows
    known_facts = {**kind.workflow.diagram.facts, **_shared(catalogue)}
    model = known_facts.get(name)
    if model is None:
        known = [*(f"{one}.{field}" for one in known_facts), *OWN, *_fields(catalogue.facts[rows])]
        raise wrong(f"{at}.of", source, "there is no such column", "没有这一列", known)
    prefix = f"{fact}." if fact else ""
    _check_field(f"{at}.of", field, model, prefix)
    info = model.model_fields.get(field)
    form = form_field(field, info) if info is not None and field not in OWN else None
    return Column(title, source, fact or None, field, form)


def _shared(catalogue: Catalogue) -> dict[str, type[Fact]]:
    kinds = {entry.kind for entry in catalogue.kinds()}
    found = catalogue.facts.items()
    return {name: fact for name, fact in found if name.partition(".")[0] not in kinds}


def _fields(model: type[Fact]) -> list[str]:
    return [name for name in model.model_fields if name != "about"]


def _check_field(at: str, field: str, model: type[Fact], prefix: str = "") -> None:
    known = [*OWN, *_fields(model)]
    if field not in known:
        names = [prefix + name for name in known]
        raise wrong(at, prefix + field, "there is no such column", "没有这一列", names)


def _of_counters(
    table: TableRule, by: str, counters: Mapping[str, Counter] | None
) -> tuple[Column, ...]:
    if by not in BY:
        raise wrong("by", by, "no dimension a table is made by", "不是可成台账的分项", BY)
    found = []
    for place, column in enumerate(table.columns):
        at, title = f"columns.{place}", Label(column.title.zh, column.title.en)
        if column.counter is None or column.of is not None:
            why, zh = "a table by a dimension has counters", "按分项成行的台账，各列只写 counter"
            raise wrong(f"{at}.counter", column.of or "", why, zh)
        if counters is None:
            continue
        counter = counters.get(column.counter)
        if counter is None:
            why, zh = "there is no such counter", "没有这一指标"
            raise wrong(f"{at}.counter", column.counter, why, zh, counters)
        where = {**table.where, **column.where}
        found.append(Column(title, counter.name, counter=counter, where=where))
    return tuple(found)


def _sorting(table: TableRule, columns: tuple[Column, ...]) -> Iterable[tuple[int, bool]]:
    sources = [column.source for column in columns]
    for key in table.sort:
        name = key.removeprefix("-")
        if not columns:
            continue
        if name not in sources:
            raise wrong("sort", name, "is none of the columns", "不是其中一列", sources)
        yield sources.index(name), key.startswith("-")
