"""查询 · Numbers, the events behind them, the registers, and the log itself, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_type_hints

from starlette.requests import Request as HttpRequest

from events.clock import micros
from events.envelope import PUT, TAKEN, Recorded
from events.errors import Denied, Malformed
from events.fact import Fact
from events.ports import Filter
from services.access import Grant
from services.kernel.entry import Entry
from services.kernel.forms import FormField
from services.kernel.sensitive import withheld
from services.kernel.words import Person
from services.web.asked import Asked, area_of, query_of
from services.web.language import Language
from services.web.parts import Parts
from services.web.reply import Reply, json_reply
from services.web.routes import GuardedRoute, Routes, language_of
from services.web.sheets import FORMATS, cells_csv, events_csv

POSITION_MAX = 10**15
PERSON = get_args(Person)[-1]
"""What marks the id of a person in a type."""
EXPLAINED_USUAL = 100
VALUE, VERIFIED = PARTS_OF = ("value", "verified")
"""What of a number is opened to its events."""
Found = tuple[list[Recorded], int, int]
"""Facts, the position to go on after, the head of the log."""


class Reading:
    """The endpoints that only read."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._directory = parts.commands.directory
        self._people = people_fields(parts)

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The routes."""
        return [
            make.guarded("/api/v1/counters/{name}/events", GET=self.explain),
            make.guarded("/api/v1/counters", GET=self.counters),
            make.guarded("/api/v1/areas", GET=self.areas),
            make.guarded("/api/v1/units", GET=self.units),
            make.guarded("/api/v1/catalogue", GET=self.catalogue),
            make.guarded("/api/v1/events", GET=self.events),
        ]

    async def counters(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /counters`: the numbers."""
        grant.check_reading()
        asked = Asked(http.query_params, self._parts.log.zone)
        query = query_of(asked, grant, self._directory, self._people)
        form = asked.choice("format", FORMATS)
        asked.done()
        await self._parts.ledger.catch_up()
        reading = await self._parts.ledger.read(query, now=self._parts.commands.now())
        answer = reading.json(language_of(http.scope))
        return cells_csv(answer["cells"]) if form == "csv" else json_reply(answer)

    async def explain(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /counters/{name}/events`: the events behind one number."""
        grant.check_reading()
        asked = Asked(http.query_params, self._parts.log.zone)
        name = http.path_params["name"]
        query = query_of(asked, grant, self._directory, self._people, counters=(name,))
        check_opening(self._parts, name, grant)
        most = self._parts.limits.page
        limit = asked.whole("limit", usual=EXPLAINED_USUAL, least=1, most=most)
        after = asked.whole("after", usual=0, least=0, most=POSITION_MAX)
        verified = asked.choice("of", PARTS_OF) == VERIFIED
        asked.done()
        await self._parts.ledger.catch_up()
        explanation = await self._parts.ledger.explain(
            name,
            query,
            limit=limit,
            after=after,
            now=self._parts.commands.now(),
            verified=verified,
        )
        return json_reply(explanation.json(language_of(http.scope)))

    async def areas(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /areas`: the map, as far as the token sees; `parent=` gives the children."""
        asked = Asked(http.query_params, self._parts.log.zone)
        top, parent = area_of(asked, grant, self._directory), asked.text("parent")
        asked.done()
        inside = self._directory.under(top) if top is not None else self._directory.areas.keys()
        found = [
            {"code": area.code, "name": area.name, "level": area.level, "parent": area.parent}
            for area in self._directory.areas.values()
            if area.level != "root"
            and area.code in inside
            and (parent is None or area.parent == parent)
        ]
        return json_reply({"items": found})

    async def units(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /units`: the organisations in the areas the token sees, and its own."""
        asked = Asked(http.query_params, self._parts.log.zone)
        top = area_of(asked, grant, self._directory)
        asked.done()
        inside = self._directory.under(top) if top is not None else None
        found = [
            {
                "code": unit.code,
                "name": unit.name,
                "kind": unit.kind,
                "area": unit.area,
                "parent": unit.parent,
                "closed": unit.closed,
            }
            for unit in self._directory.units.values()
            if inside is None or unit.area in inside or unit.code == grant.unit
        ]
        return json_reply({"items": found})

    async def catalogue(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /catalogue`: kinds, commands with their fields, facts, counters, the zone."""
        asked = Asked(http.query_params, self._parts.log.zone)
        asked.done()
        language = language_of(http.scope)
        entries = self._parts.commands.catalogue.entries.values()
        value = {
            "log": self._parts.log.log_id,
            "zone": self._parts.log.zone.key,
            "kinds": [entry_json(entry, grant, language) for entry in entries],
            "counters": [
                {
                    "counter": one.name,
                    "label": one.zh if language == "zh" else one.en,
                    "measure": one.measure.value,
                    "measure_word": one.word,
                    "facts": list(one.facts),
                }
                for one in self._parts.ledger.counters.values()
            ],
        }
        return json_reply(value)

    async def events(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /events?after=P&limit=N&wait=S`: the log, gapless. `next` is where to go on: it
        passes what the caller may not see. Without `wait` it answers at once."""
        asked = Asked(http.query_params, self._parts.log.zone)
        limits = self._parts.limits
        after = asked.whole("after", usual=0, least=0, most=POSITION_MAX)
        limit = asked.whole("limit", usual=limits.page_usual, least=1, most=limits.page)
        wait = asked.whole("wait", usual=0, least=0, most=int(limits.wait_seconds))
        newest = asked.choice("newest", ("", "1", "true")) != ""
        only = self.filter_of(asked, grant)
        answer = events_csv if asked.choice("format", FORMATS) == "csv" else events_reply
        asked.done()
        if wait and newest:
            raise Malformed("newest does not wait", field="newest", zh="newest 不能与 wait 同用")
        hidden = withheld(self._parts.commands.catalogue.kinds(), grant.actor)
        if newest:
            return answer(*await self._newest(after, limit, only, hidden))
        return answer(*await self._after(after, limit, wait, only, hidden))

    async def _newest(
        self, after: int, limit: int, only: Filter | None, hidden: frozenset[str]
    ) -> Found:
        head = await self._parts.log.head()
        if only is None:
            return [], head, head
        events = await self._parts.log.read(
            after=after, upto=head, limit=limit, backward=True, only=only
        )
        return [e for e in events[::-1] if e.case[0] not in hidden], head, head

    async def _after(
        self, after: int, limit: int, wait: int, only: Filter | None, hidden: frozenset[str]
    ) -> Found:
        clock = asyncio.get_running_loop().time
        until = clock() + wait
        position = after
        while True:
            head = await self._parts.log.head()
            events: list[Recorded] = []
            if head > position and only is not None:
                events = await self._parts.log.read(
                    after=position, upto=head, limit=limit, only=only
                )
            position = events[-1].position if len(events) == limit else max(position, head)
            events = [event for event in events if event.case[0] not in hidden]
            left = until - clock()
            if events or left <= 0 or self._parts.ring.closed:
                return events, position, head
            await self._parts.ring.wait(position, left)

    def filter_of(self, asked: Asked, grant: Grant) -> Filter | None:
        """Which events are asked for, cut down to what the token sees; None = none at all."""
        kinds = self._kinds(tuple(asked.many("kind")), grant)
        top = area_of(asked, grant, self._directory)
        areas = () if top is None else tuple(sorted(self._directory.under(top)))
        begin, end = asked.instant("from", begins=True), asked.instant("to")
        only = Filter(
            stream=asked.text("stream"),
            kinds=kinds or (),
            facts=tuple(asked.many("fact")),
            areas=areas,
            units=tuple(asked.many("unit")),
            actor=asked.text("actor"),
            occurred_from=micros_of(begin),
            occurred_to=micros_of(end),
        )
        return None if kinds is None else only

    def _kinds(self, wanted: Sequence[str], grant: Grant) -> tuple[str, ...] | None:
        catalogue = self._parts.commands.catalogue
        named = tuple(dict.fromkeys(catalogue.entry(name).kind for name in wanted))
        if grant.may_read():
            return named
        for kind in named:
            grant.check_reading(kind)
        readable = named or tuple(
            entry.kind for entry in catalogue.kinds() if grant.may_read(entry.kind)
        )
        if not readable:
            raise Denied(
                "the token may read nothing: ask for a grant of read",
                zh="令牌无查看权限，请申请 read 授权",
                action="read",
            )
        return readable


def check_opening(parts: Parts, name: str, grant: Grant) -> None:
    """A number about cases that only few may see is not opened to its facts for the others.

    Raises Denied.
    """
    hidden = withheld(parts.commands.catalogue.kinds(), grant.actor)
    counter = parts.ledger.counters.get(name)
    if counter is not None and hidden.intersection(
        fact.partition(".")[0] for fact in counter.facts
    ):
        raise Denied(
            f"{name} is about cases that only those see who keep them: its facts are not shown",
            zh=f"{name} 涉及只有经办者可见的案件，不展示其事实",
            action="read",
        )


def micros_of(instant: datetime | None) -> int | None:
    """µs since 1970 of an optional instant."""
    return None if instant is None else micros(instant)


def events_reply(events: Sequence[Recorded], following: int, head: int) -> Reply:
    """`{"events", "next", "head"}`, stored bodies spliced in."""
    envelopes = b",".join([event.envelope_bytes() for event in events])
    return Reply(b'{"events":[%b],"next":%d,"head":%d}' % (envelopes, following, head))


def people_fields(parts: Parts) -> frozenset[str]:
    """The fields of facts that hold a person, alone, among others or in whole bodies: numbers by
    them are about single people."""
    named = {"actor", TAKEN, PUT}
    for fact in parts.commands.catalogue.facts.values():
        named |= _people_in(fact)
    return frozenset(named)


@cache
def _people_in(fact: type[Fact]) -> frozenset[str]:
    """Those of one fact. Its annotations are read once in a process: that takes its time."""
    members = {name for name in fact.shape().members if name != "household"}
    hints = get_type_hints(fact, include_extras=True)
    return frozenset(members | {name for name in fact.model_fields if _holds_people(hints[name])})


def _holds_people(annotation: Any) -> bool:
    if PERSON in getattr(annotation, "__metadata__", ()):
        return True
    return any(_holds_people(part) for part in get_args(annotation))


def entry_json(entry: Entry, grant: Grant, language: Language) -> dict[str, Any]:
    """One kind or variant as the catalogue shows it."""
    facts = entry.workflow.diagram.facts
    return {
        "name": entry.name,
        "kind": entry.kind,
        "variant": entry.variant,
        "label": entry.label.text(language),
        "register": entry.is_register,
        "start": entry.workflow.start,
        "commands": [
            {
                "command": info.name,
                "label": info.label.text(language),
                "starts": info.starts,
                "shared": info.shared,
                "allowed": grant.may(entry.kind, info.name),
                "fields": [field_json(one, language) for one in info.fields],
            }
            for info in entry.commands.values()
        ],
        "facts": [{"fact": name, "label": entry.fact_label(name).text(language)} for name in facts],
    }


def field_json(field: FormField, language: Language) -> dict[str, Any]:
    """One field of a form."""
    return {
        "name": field.name,
        "label": field.label.text(language),
        "type": field.type,
        "required": field.required,
        "choices": [
            {"value": value, "label": label.text(language)} for value, label in field.choices
        ],
        "help": getattr(field.help, language, None),
        "example": field.example,
        "default": field.default,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "fields": [field_json(one, language) for one in field.fields],
    }
