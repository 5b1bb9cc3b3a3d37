"""可办服务 · What can be asked for through Open311: the items of a list, and the menu 服务菜单."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from events.errors import Unknown
from events.ports import Filter
from services.access import Grant
from services.facts import list as lists
from services.kernel.case import Case
from services.registers import menu
from services.web.language import Language
from services.web.parts import Parts

LIST = "open311"
"""The list whose items can be asked for as issues."""
ITEM = lists.ListItemAdded
STEP_EVENTS = 500


@dataclass(frozen=True)
class Service:
    """One thing that can be asked for, and what kind of case that makes."""

    code: str
    name: str
    kind: str
    group: str
    category: str | None

    def json(self) -> dict[str, Any]:
        """As GeoReport shows it: nothing more has to be said to ask for it."""
        return {
            "service_code": self.code,
            "service_name": self.name,
            "description": "",
            "metadata": False,
            "type": "realtime",
            "keywords": "",
            "group": self.group,
        }

    def fields(self, area: str | None) -> dict[str, Any]:
        """The command that asks for it."""
        found = {"area": area, "category": self.category, "channel": "online"}
        if self.kind == "order":
            found["service"] = self.code
        return {name: value for name, value in found.items() if value is not None}


class Offered:
    """The services there are. What is offered to a whole street is offered in each of its
    communities, so a token also knows of what holds above its area."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._commands = parts.commands

    async def known(self, grant: Grant, language: Language) -> dict[str, Service]:
        """The services that hold in the token's area, of the kinds it reads, by code. Raises
        Denied for a token that reads neither issues nor orders."""
        if not (grant.may_read("issue") or grant.may_read("order")):
            grant.check_reading()
        found: dict[str, Service] = {}
        entries = self._commands.catalogue
        for case in await self._register("list", (f"list/{LIST}",), grant):
            if isinstance(case.state, lists.InForce):
                label = entries.entry("issue").label.text(language)
                names = _names(case)
                for code, about in case.state.items.items():
                    group = about.category or label
                    found[code] = Service(code, names.get(code) or code, "issue", group, code)
        streams = await self._streams(Filter(facts=(menu.ServiceListed.fact,)))
        for case in await self._register("menu", streams, grant):
            if isinstance(case.state, menu.Listed):
                told = case.latest(menu.ServiceRevised.fact) or case.latest(menu.ServiceListed.fact)
                named = told.fact if told else None
                group = case.state.service_class.label.text(language)
                words = getattr(named, "name", case.id)
                category = case.about.category
                found.setdefault(case.id, Service(case.id, words, "order", group, category))
        return {code: one for code, one in sorted(found.items()) if grant.may_read(one.kind)}

    async def named(self, code: str, grant: Grant, language: Language) -> Service:
        """The service of a code. Raises Unknown."""
        found = (await self.known(grant, language)).get(code)
        if found is None:
            raise Unknown(
                f"there is no service_code {code!r} here: see services",
                what="service_code",
                name=code,
                zh=f"没有服务 {code!r}，请见 services",
            )
        return found

    async def _streams(self, only: Filter) -> list[str]:
        after, found = 0, dict[str, None]()
        while True:
            events = await self._parts.log.read(after=after, limit=STEP_EVENTS, only=only)
            found |= dict.fromkeys(event.stream for event in events)
            if len(events) < STEP_EVENTS:
                return list(found)
            after = events[-1].position

    async def _register(self, kind: str, streams: Iterable[str], grant: Grant) -> list[Case]:
        """Cases of a register that hold where the token reaches."""
        entry = self._commands.catalogue.entry(kind)
        cases = [await self._commands.cases.newest(entry, stream) for stream in streams]
        concerns = self._commands.directory.concerns
        return [case for case in cases if case is not None and concerns(grant, case.about.area)]


def _names(paper: Case) -> dict[str, str | None]:
    """What the items of a list are called, as they were put on it last."""
    facts = [one.fact for one in paper.told(lists.ListItemAdded.fact)]
    return {fact.item: fact.name for fact in reversed(facts) if isinstance(fact, ITEM)}
