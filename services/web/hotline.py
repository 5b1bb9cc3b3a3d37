"""热线工单 · `GET /api/v1/hotline/tickets`: where the hotline's tickets stand, since a position.

The hotline's own system asks for it and takes on from `next`: which tickets moved, and where each
stands now. Numbers, states, times and units: no free text, and nobody is named.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request as HttpRequest

from events.clock import text_of
from events.ports import Filter
from services.access import Grant
from services.facts.issue import IssueClosed, IssueFound, IssueHandled, RequesterContacted
from services.facts.issue_words import Channel
from services.kernel.case import Case
from services.kernel.entry import Entry, state_word
from services.web.asked import Asked, area_of
from services.web.language import Language
from services.web.parts import Parts
from services.web.reading import POSITION_MAX
from services.web.reply import Reply, json_reply
from services.web.routes import GuardedRoute, Routes, language_of
from services.web.sheets import CSV, FORMATS, sheet_bytes

KIND = "issue"
STEPS = (
    "found", "classified", "assigned", "returned", "transferred", "requester_contacted",
    "plan_formed", "suspended", "resumed", "handled", "fed_back", "confirmed", "verified", "closed",
    "reopened",
)  # fmt: skip
"""The facts whose times are told, each as `<step>_at`: the newest of its kind."""
FACTS = {step: f"issue.{step}" for step in STEPS} | {"requester_contacted": RequesterContacted.fact}
ENDS = ("handled", "closed")
COLUMNS = (
    "number", "status", "label", "area", "unit", "unit_name", "declared", "resolution", "overdue",
    *(f"{step}_at" for step in STEPS), "duplicate_of", "case", "revision", "position",
)  # fmt: skip


class Hotline:
    """The endpoint about tickets."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The one route."""
        return [make.guarded("/api/v1/hotline/tickets", GET=self.tickets)]

    async def tickets(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /hotline/tickets?after=P`: the tickets that moved behind a position, each as it
        stands now. A ticket that moves on meanwhile comes again."""
        grant.check_reading(KIND)
        parts, directory = self._parts, self._parts.commands.directory
        asked = Asked(http.query_params, parts.log.zone)
        after = asked.whole("after", usual=0, least=0, most=POSITION_MAX)
        limit = asked.whole("limit", usual=parts.limits.page, least=1, most=parts.limits.page)
        area = area_of(asked, grant, directory)
        form = asked.choice("format", FORMATS)
        asked.done()
        areas = () if area is None else tuple(sorted(directory.under(area)))
        head = await parts.log.head()
        only = Filter(kinds=(KIND,), areas=areas)
        events = await parts.log.read(after=after, upto=head, limit=limit, only=only)
        following = events[-1].position if len(events) == limit else max(after, head)
        moved = {event.stream: event.position for event in events}
        found = await self._told(moved, grant, language_of(http.scope))
        if form == "json":
            return json_reply({"tickets": found, "next": following, "head": head})
        rows = ([one[name] for name in COLUMNS] for one in found)
        marks = ((b"jishi-next", b"%d" % following), (b"jishi-head", b"%d" % head))
        return Reply(sheet_bytes(COLUMNS, rows), media=CSV, headers=marks)

    async def _told(
        self, moved: dict[str, int], grant: Grant, language: Language
    ) -> list[dict[str, Any]]:
        commands = self._parts.commands
        entry = commands.catalogue.entry(KIND)
        found = []
        for stream, position in moved.items():
            case = await commands.cases.newest(entry, stream)
            if case is None or not commands.rulings.visible(grant, case):
                continue
            number = number_of(case)
            if number is not None:
                found.append(self._ticket(entry, case, number, position, language))
        return sorted(found, key=lambda one: int(one["position"]))

    def _ticket(
        self, entry: Entry, case: Case, number: str, position: int, language: Language
    ) -> dict[str, Any]:
        units = self._parts.commands.directory.units
        unit = units.get(case.about.unit or "")
        told = {step: case.latest(FACTS[step]) for step in STEPS}
        times = {
            f"{step}_at": text_of(one.occurred_at) if one is not None else None
            for step, one in told.items()
        }
        handled, closed = (one.fact if (one := told[step]) else None for step in ENDS)
        return {
            "number": number,
            "status": state_word(type(case.state)) if case.state is not None else "voided",
            "label": entry.state_label(case.state).text(language),
            "area": case.about.area,
            "unit": case.about.unit,
            "unit_name": unit.name if unit else None,
            "declared": handled.resolution.value if isinstance(handled, IssueHandled) else None,
            "resolution": closed.resolution.value if isinstance(closed, IssueClosed) else None,
            "overdue": any(clock.missed for clock in case.clocks.values()),
            **times,
            "duplicate_of": case.duplicate_of,
            "case": case.stream,
            "revision": case.revision,
            "position": position,
        }


def number_of(case: Case) -> str | None:
    """The number of a case at the hotline; None for one that did not come from there."""
    found = case.latest(IssueFound.fact)
    if found is None or not isinstance(found.fact, IssueFound):
        return None
    return found.fact.row_id if found.fact.channel is Channel.HOTLINE else None
