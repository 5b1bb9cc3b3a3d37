"""台账接口 · `/api/v1/tables`: the tables there are, one of them filled, installing one.

Who reads a table sees of it what they see of its facts: their own area, and nothing of cases that
only those see who keep them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request as HttpRequest

from events.clock import micros, text_of
from events.errors import Denied
from events.ports import Filter
from services.access import Grant
from services.exchange.filling import Filled, Reader, Span, Value, of_facts, of_numbers
from services.exchange.laying import request_of, state_of, table_json, table_named, tables_of
from services.exchange.tabling import Plan, planned
from services.facts.list import InForce, ListKind
from services.facts.rule_words import TableRule
from services.kernel.sensitive import withheld
from services.listed import ROOT, Area
from services.web.api import CREATED, REPEATED, command_id_of, json_body
from services.web.asked import Asked, area_of, as_of, check_people
from services.web.language import LANGUAGES, Language, asked_language
from services.web.parts import Parts
from services.web.reading import people_fields
from services.web.rendering import page, problem_page
from services.web.reply import Header, Reply, json_reply
from services.web.routes import HEADERS, GuardedRoute, Routes, language_of
from services.web.sheets import CSV, sheet_bytes
from services.web.workbook import XLSX, workbook

LISTS = Filter(facts=("list.published",))
PAGE = 500
AREAS_MAX = 500
"""Areas that can be chosen on the page; others are asked for by their code."""
YES_NO = {"zh": ("否", "是"), "en": ("no", "yes")}
ROW_HEADS = {"zh": ("案件", "位置"), "en": ("Case", "Position")}
END_HEADS = {
    "zh": ("查看", "日志", "截至位置", "制表时间"),
    "en": ("Opens", "Log", "As of position", "Made at"),
}
ABOUT = {
    "zh": ("台账", "日志", "截至位置", "制表时间", "区域", "单位", "自", "至", "行数"),
    "en": ("Table", "Log", "As of position", "Made at", "Area", "Unit", "From", "To", "Rows"),
}


class Tables:
    """The endpoints about tables."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The routes; the page's errors are pages."""
        return [
            Routes(self._parts, problem_page).guarded("/tables", GET=self.page),
            make.guarded("/api/v1/tables", GET=self.tables, POST=self.install),
            make.guarded("/api/v1/tables/{name}.csv", GET=self.as_csv),
            make.guarded("/api/v1/tables/{name}.xlsx", GET=self.as_xlsx),
        ]

    async def page(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /tables`: every table, to be fetched as a workbook or as CSV."""
        grant.check_reading("rule")
        parts = self._parts
        language, headers = asked_language(http, language_of(http.scope))
        known = tables_of(parts.commands, parts.log.zone)
        return page(
            "tables.html",
            language,
            headers=headers,
            tables=[table_json(table, rule) for table, rule in known.values()],
            areas=list(self._areas(grant.area)),
        )

    def _areas(self, top: str | None) -> Iterator[tuple[str, str]]:
        """Codes and names of an area and those below it, each deeper one further in."""
        directory = self._parts.commands.directory
        waiting = [(top or ROOT, 0)] if top is None or top in directory.areas else []
        for _ in range(AREAS_MAX):
            if not waiting:
                return
            code, depth = waiting.pop()
            yield code, "\u3000" * depth + directory.area(code).name
            waiting += [(one.code, depth + 1) for one in reversed(directory.children(code))]

    async def tables(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /tables`: the tables there are; with `item`, those that answer a request for that
        item of a list of matters, and on which lists it stands or does not."""
        grant.check_reading("rule")
        asked = Asked(http.query_params, self._parts.log.zone)
        item = asked.text("item")
        asked.done()
        known = tables_of(self._parts.commands, self._parts.log.zone)
        found = [table_json(table, rule) for table, rule in known.values()]
        if item is None:
            return json_reply({"items": found})
        return json_reply(
            {
                "items": [one | _files(one["name"]) for one in found if item in one["answers"]],
                **await self._lists(item, grant),
            }
        )

    async def install(self, http: HttpRequest, grant: Grant) -> Reply:
        """`POST /tables`: lay one down as a rule. What stands there like that is answered so."""
        parts, headers = self._parts, http.scope[HEADERS]
        body = await json_body(http, headers, parts.limits.body_bytes)
        key = command_id_of(headers.get(b"idempotency-key"))
        counters = parts.ledger.counters
        name, request = request_of(parts.commands, grant, body, counters, parts.log.zone, key)
        if request is not None:
            await parts.commands.do(request)
        found = state_of(parts.commands, parts.log.zone, name)
        return json_reply(found, status=REPEATED if request is None else CREATED)

    async def as_csv(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /tables/{name}.csv`."""
        filled = await self._filled(http, grant)
        body = self.as_bytes(filled, "csv", _language(http))
        return Reply(body, media=CSV, headers=_marks(filled))

    async def as_xlsx(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /tables/{name}.xlsx`."""
        filled = await self._filled(http, grant)
        body = await asyncio.to_thread(self.as_bytes, filled, "xlsx", _language(http))
        named = f'attachment; filename="{filled.plan.table.name}.xlsx"'.encode()
        headers = (*_marks(filled), (b"content-disposition", named))
        return Reply(body, media=XLSX, headers=headers)

    def as_bytes(self, filled: Filled, form: str, language: Language) -> bytes:
        """A filled table as a file of this form, csv or xlsx."""
        heads, rows = _laid_out(filled, language)
        if form == "xlsx":
            about = _about(filled, language, self._parts.commands.directory.areas)
            return workbook(filled, heads, rows, about)
        end: tuple[Value, ...] = (
            filled.log_id,
            filled.span.position,
            text_of(filled.made_at),
        )
        texts = [[_text(value, filled, language) for value in (*row, *end)] for row in rows]
        return sheet_bytes([*heads, *END_HEADS[language][1:]], texts)

    async def _filled(self, http: HttpRequest, grant: Grant) -> Filled:
        parts = self._parts
        table = table_named(parts.commands, parts.log.zone, http.path_params["name"])
        return await self.filled(table, http, grant)

    async def filled(self, table: TableRule, http: HttpRequest, grant: Grant) -> Filled:
        """A table for this reader, of what the address asks for."""
        parts = self._parts
        plan = planned(table, parts.commands.catalogue, parts.ledger.counters)
        self._check(plan, grant)
        span = await self._span(http, grant)
        reader = Reader(grant, _language(http))
        directory, now = parts.commands.directory, parts.commands.now()
        if plan.entry is not None:
            return await of_facts(plan, span, parts.log, directory, reader, now)
        await parts.ledger.catch_up()
        return await of_numbers(plan, span, parts.ledger, directory, reader, now)

    def _check(self, plan: Plan, grant: Grant) -> None:
        if plan.entry is None:
            grant.check_reading()
            people = people_fields(self._parts)
            for column in plan.columns:
                check_people(grant, people, (), column.where or {}, grant.person.__eq__)
            return
        grant.check_reading(plan.entry.kind)
        if plan.kinds & withheld(self._parts.commands.catalogue.kinds(), grant.actor):
            raise Denied(
                f"{plan.table.name} is about cases that only those see who keep them",
                zh=f"{plan.table.name} 涉及只有经办者可见的案件",
                action="read",
            )

    async def _span(self, http: HttpRequest, grant: Grant) -> Span:
        directory, log = self._parts.commands.directory, self._parts.log
        asked = Asked(http.query_params, log.zone)
        area = area_of(asked, grant, directory)
        unit = asked.text("unit")
        if unit is not None:
            directory.unit(unit)
        asked.choice("lang", ("", *LANGUAGES))
        begin, end = asked.instant("from", begins=True), asked.instant("to")
        position = await position_of(self._parts, asked)
        asked.done()
        return Span(
            position=position,
            zone=log.zone,
            area=area,
            areas=None if area is None else directory.under(area),
            unit=unit,
            begin=begin,
            end=end,
        )

    async def _lists(self, item: str, grant: Grant) -> dict[str, list[str]]:
        """The lists of matters that hold here, by whether the item stands on them."""
        commands = self._parts.commands
        entry, streams = commands.catalogue.entry("list"), dict[str, None]()
        after, full = 0, True
        while full:
            events = await self._parts.log.read(after=after, limit=PAGE, only=LISTS)
            streams |= dict.fromkeys(event.stream for event in events)
            full = len(events) == PAGE
            after = events[-1].position if events else after
        found: dict[str, list[str]] = {"on": [], "not_on": []}
        for stream in sorted(streams):
            case = await commands.cases.newest(entry, stream)
            state = case.state if case is not None else None
            if not isinstance(state, InForce) or state.list_kind is not ListKind.MATTERS:
                continue
            if commands.directory.concerns(grant, state.about.area):
                found["on" if item in state.items else "not_on"].append(state.code)
        return found


def _files(name: str) -> dict[str, str]:
    """Where a table is fetched."""
    return {form: f"/api/v1/tables/{name}.{form}" for form in ("csv", "xlsx")}


def _language(http: HttpRequest) -> Language:
    """The language of a file: that of `lang`, else the caller's."""
    wanted = http.query_params.get("lang")
    return next((one for one in LANGUAGES if one == wanted), language_of(http.scope))


async def position_of(parts: Parts, asked: Asked) -> int:
    """The position of `as_of`, at most the newest; without one, the newest."""
    head, wanted = await parts.log.head(), as_of(asked)
    if wanted is None:
        return head
    if isinstance(wanted, int):
        return min(wanted, head)
    return await parts.log.position_at(micros(wanted))


def _laid_out(filled: Filled, language: Language) -> tuple[list[str], list[list[Value]]]:
    """Heads and rows, each row with its case and position (of facts), and the page it opens to."""
    of_facts = filled.plan.entry is not None
    heads = [*filled.heads, *(ROW_HEADS[language] if of_facts else ()), END_HEADS[language][0]]
    rows: list[list[Value]] = []
    for row in filled.rows:
        own = (row.case, row.position) if of_facts else ()
        rows.append([*row.values, *own, row.opens])
    return heads, rows


def _text(value: Value, filled: Filled, language: Language) -> Any:
    """A value as it stands in a CSV: times by the clock of the log's zone."""
    if isinstance(value, bool):
        return YES_NO[language][value]
    if isinstance(value, datetime):
        return f"{value.astimezone(filled.span.zone):%Y-%m-%d %H:%M:%S}"
    return value


def _marks(filled: Filled) -> tuple[Header, ...]:
    return (
        (b"jishi-log", filled.log_id.encode()),
        (b"jishi-position", b"%d" % filled.span.position),
        (b"jishi-made-at", text_of(filled.made_at).encode()),
    )


def _about(filled: Filled, language: Language, areas: Mapping[str, Area]) -> list[tuple[str, str]]:
    """What the workbook says of itself."""
    span = filled.span
    area = areas.get(span.area or ROOT)
    bounds = (_text(one, filled, language) if one else "" for one in (span.begin, span.end))
    texts = (
        filled.plan.title.text(language),
        filled.log_id,
        str(span.position),
        text_of(filled.made_at),
        f"{area.name} {area.code}" if area else "",
        span.unit or "",
        *bounds,
        str(len(filled.rows)),
    )
    return list(zip(ABOUT[language], texts, strict=True))
