"""装台账 · The tables there are here: those that ship, and those that rules lay down.

An installed table is a fact of `rule` (`table.<name>`), so every process and every replay knows the
same. One with the name of a table that ships takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from events.errors import Unknown
from projections.declare import Counter
from services.access import Grant
from services.commands import Commands, Request
from services.exchange.tabling import planned, shipped
from services.facts.rule_words import TableRule
from services.installing import lay_down
from services.kernel.words import AreaCode
from services.parsing import nearest, parse

CODE = "table.{name}"


class Wanted(TableRule):
    """A table as somebody wants it installed: from today on, in their own area, unless said."""

    effective_on: Annotated[date | None, Field(examples=["2018-10-01"])] = None
    area: AreaCode | None = None


@cache
def _shipped() -> Mapping[str, TableRule]:
    return shipped()


def tables_of(commands: Commands, zone: ZoneInfo) -> dict[str, tuple[TableRule, str | None]]:
    """Every table in force today by name, each with the rule that lays it down (None: it ships)."""
    today = commands.now().astimezone(zone).date()
    found: dict[str, tuple[TableRule, str | None]] = {
        name: (table, None) for name, table in _shipped().items()
    }
    for rule in commands.directory.table_rules():
        if (said := rule.on(today)) is not None:
            table = TableRule.model_validate(said["table"])
            found[table.name] = (table, rule.code)
    return dict(sorted(found.items()))


def table_named(commands: Commands, zone: ZoneInfo, name: str) -> TableRule:
    """The table of that name. Raises Unknown with the nearest."""
    known = tables_of(commands, zone)
    if name in known:
        return known[name][0]
    near = nearest(name, known)
    raise Unknown(
        f"there is no table {name!r}"
        + (f": did you mean {near}?" if near else "; `jishi table list` shows those there are"),
        what="table",
        name=name,
        nearest=near,
        zh=f"没有台账 {name!r}" + (f"，是否指 {near}?" if near else "；可用 jishi table list 查看"),
    )


def table_json(table: TableRule, rule: str | None) -> dict[str, Any]:
    """One table as lists of them show it."""
    return {
        "name": table.name,
        "title": {"zh": table.title.zh, "en": table.title.en},
        "rows": table.rows,
        "by": table.by,
        "answers": list(table.answers),
        "columns": [
            {
                "title": {"zh": column.title.zh, "en": column.title.en},
                "of": column.of,
                "counter": column.counter,
            }
            for column in table.columns
        ],
        "state": "shipped" if rule is None else "in_force",
        "rule": rule,
    }


def state_of(commands: Commands, zone: ZoneInfo, name: str) -> dict[str, Any]:
    """A table that was just laid down: as it is in force, or that it will be."""
    known = tables_of(commands, zone)
    code = CODE.format(name=name)
    if name in known and known[name][1] == code:
        return table_json(*known[name])
    rule = commands.directory.rules[code]
    table = TableRule.model_validate(rule.versions[-1][1]["table"])
    return table_json(table, code) | {"state": "later"}


def request_of(
    commands: Commands,
    grant: Grant,
    fields: bytes | Mapping[str, Any],
    counters: Mapping[str, Counter],
    zone: ZoneInfo,
    command_id: UUID | None = None,
) -> tuple[str, Request | None]:
    """The name of the table, and the command that lays it down: none where it stands there so.

    Raises Denied, and Invalid naming what is wrong with it.
    """
    grant.check("rule", "publish")
    wanted = parse(Wanted, fields)
    said = wanted.model_dump(mode="json", exclude={"effective_on", "area"}, exclude_none=True)
    planned(wanted, commands.catalogue, counters)
    code = CODE.format(name=wanted.name)
    known = commands.directory.rules.get(code)
    there = known is not None and known.withdrawn_on is None and known.versions[-1][1]["table"]
    if there and TableRule.model_validate(there) == TableRule.model_validate(said):
        return wanted.name, None
    return wanted.name, lay_down(commands, grant, code, {"table": said}, wanted, zone, command_id)
