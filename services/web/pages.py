"""页面 · The board, the deeds behind a number, the story of a case: server-rendered, read without
JavaScript, kept alive by one stream where there is some.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request as HttpRequest

from events.clock import instant_of
from projections.asking import MAPS
from services.access import Grant
from services.listed import ROOT, Area
from services.web.asked import OVERSEERS, Asked, area_of, query_of
from services.web.board import read_board
from services.web.cases_json import case_json
from services.web.language import Language, asked_language
from services.web.parts import Parts
from services.web.reading import (
    PARTS_OF,
    POSITION_MAX,
    VERIFIED,
    check_opening,
    people_fields,
)
from services.web.rendering import kept, page, problem_page
from services.web.reply import Reply, readable
from services.web.routes import GuardedRoute, Routes, language_of
from services.web.story import Teller
from services.web.texts import say_in

STALE_MILLISECONDS = 15_000
LINES = 50
STORY_EVENTS = 500


class Pages:
    """The pages people read."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._directory = parts.commands.directory
        self._people = people_fields(parts)

    def routes(self, parts: Parts) -> list[GuardedRoute]:
        """The routes; their errors are pages too."""
        make = Routes(parts, problem_page)
        return [
            make.guarded("/", GET=self.board),
            make.guarded("/board/{area}", GET=self.board),
            make.guarded("/explain/{name}", GET=self.explain),
            make.guarded("/case/{kind}/{id}", GET=self.case),
        ]

    async def board(self, http: HttpRequest, grant: Grant) -> Reply:
        """The numbers of one area and of those below it."""
        grant.check_reading()
        language, headers = asked_language(http, language_of(http.scope))
        top = self._area(http.path_params.get("area"), grant)
        asked = Asked(http.query_params, self._parts.log.zone)
        asked.text("lang")
        on = asked.choice("map", MAPS)
        asked.done()
        sheet = await read_board(self._parts, top, language, on)
        return page(
            "board.html",
            language,
            headers=headers,
            kept=kept(http),
            here=self._name(top, language),
            area=top or "",
            path=self._path(top, grant),
            sheet=sheet,
            zone=self._parts.log.zone.key,
            stale=STALE_MILLISECONDS,
            moment=self._local(sheet.as_of, "%H:%M:%S"),
            shown=shown,
        )

    async def explain(self, http: HttpRequest, grant: Grant) -> Reply:
        """The facts behind one number, each opening to its case. Nobody is named."""
        grant.check_reading()
        language, headers = asked_language(http, language_of(http.scope))
        asked = Asked(http.query_params, self._parts.log.zone)
        asked.text("lang")
        name = http.path_params["name"]
        query = query_of(asked, grant, self._directory, self._people, counters=(name,))
        check_opening(self._parts, name, grant)
        after = asked.whole("after", usual=0, least=0, most=POSITION_MAX)
        verified = asked.choice("of", PARTS_OF) == VERIFIED
        asked.done()
        await self._parts.ledger.catch_up()
        answer = await self._parts.ledger.explain(
            name,
            query,
            limit=LINES,
            after=after,
            now=self._parts.commands.now(),
            verified=verified,
        )
        events = await self._parts.log.at(sorted({line.position for line in answer.events}))
        teller = self._teller(language, people=False)
        told = {event.position: teller.tell(event) for event in events}
        following = None
        if answer.more:
            pairs = [pair for pair in http.query_params.multi_items() if pair[0] != "after"]
            following = "?" + urlencode([*pairs, ("after", answer.events[-1].position)])
        return page(
            "explain.html",
            language,
            headers=headers,
            kept=kept(http),
            map=query.map,
            verified=verified,
            here=self._name(query.area, language),
            path=self._path(query.area, grant),
            answer={**answer.json(language), "measure": answer.counter.measure.value},
            word=answer.counter.word,
            lines=[(line, told[line.position]) for line in answer.events],
            more=following,
            shown=shown,
        )

    async def case(self, http: HttpRequest, grant: Grant) -> Reply:
        """One case, told from its beginning."""
        language, headers = asked_language(http, language_of(http.scope))
        entry = self._parts.commands.catalogue.entry(http.path_params["kind"])
        case = await self._parts.commands.case(grant, entry.name, http.path_params["id"])
        events = (await self._parts.log.load(case.stream))[-STORY_EVENTS:]
        people = self._names_people(grant, entry.is_register)
        teller = self._teller(language, people=people)
        raw = {
            event.position: json.dumps(event.envelope(), ensure_ascii=False, indent=1)
            for event in events
            if people
        }
        return page(
            "case.html",
            language,
            headers=headers,
            kind=entry.label.text(language),
            case=readable(case_json(entry, case, grant, language)),
            path=self._path(case.about.area, grant),
            story=teller.story(events),
            raw=raw,
            local=lambda text: self._local(instant_of(text), "%Y-%m-%d %H:%M"),
        )

    # --- what they share --------------------------------------------------------------------------

    def _names_people(self, grant: Grant, is_register: bool) -> bool:
        """Who works on cases sees the ids in them; who only reads numbers does not."""
        return bool(grant.roles & OVERSEERS) or (grant.may("order", "accept") and not is_register)

    def _area(self, code: str | None, grant: Grant) -> str | None:
        asked = Asked(QueryParams({"area": code} if code else {}), self._parts.log.zone)
        return area_of(asked, grant, self._directory)

    def _name(self, area: str | None, language: Language) -> str:
        if area is None or area == ROOT:
            return say_in(language)("everywhere")
        return self._directory.area(area).name

    def _path(self, area: str | None, grant: Grant) -> list[Area]:
        """The areas from the top the token sees down to this one."""
        path: list[Area] = []
        here = area
        while here is not None and here in self._directory.areas and here != ROOT:
            path.append(self._directory.areas[here])
            if here == grant.area:
                break
            here = self._directory.areas[here].parent
        return path[::-1]

    def _local(self, instant: datetime, form: str) -> str:
        return instant.astimezone(self._parts.log.zone).strftime(form)

    def _teller(self, language: Language, *, people: bool) -> Teller:
        return Teller(
            self._parts.commands.catalogue,
            self._directory,
            self._parts.log.zone,
            language,
            people=people,
        )


def shown(cell: Any) -> str:
    """A number for people: a rate in per cent, hours and days with two decimals at most."""
    value = cell["value"]
    if value is None:
        return "–"
    if cell["measure"] == "ratio":
        return f"{value * 100:.2f}%"
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
