"""名录 · The registers in memory: areas, units, teams, people, rules, grants, as facts left them.

It follows the log and holds nothing of its own: any process that has read the same log knows the
same. Whatever asks for a code that is not known yet reads the log's newer facts first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from events.clock import instant_of
from events.envelope import PUT, Recorded
from events.errors import Unknown
from events.fact import Books
from events.ports import Filter, Source
from services.access import Grant, token_hash
from services.kernel.calendar import Calendar
from services.kernel.words import Limit
from services.parsing import nearest

ROOT = "root"
"""The area above all areas. It is always there, and stands on no map."""

REGISTERS = ("area", "org", "team", "person", "rule", "access")
PAGE_EVENTS = 2_000


@dataclass(frozen=True, slots=True)
class Area:
    """One area of the map; a closed one stays known, since its deeds do."""

    code: str
    name: str
    level: str = ""
    parent: str | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """One organisation."""

    code: str
    name: str
    kind: str = ""
    area: str = ""
    parent: str | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """One service team."""

    code: str
    name: str
    area: str = ""
    unit: str | None = None
    closed: bool = False


class Directory:
    """All registers of one log. `position` is how far it has read."""

    def __init__(self, log: Source) -> None:
        self._log = log
        self._catching_up = asyncio.Lock()
        self.position = 0
        self.areas: dict[str, Area] = {ROOT: Area(ROOT, "全域", "root")}
        self.units: dict[str, Unit] = {}
        self.teams: dict[str, Team] = {}
        self.grants: dict[str, Grant] = {}
        self.calendar = Calendar()
        self.limits: dict[str, Limit] = {}
        self._books: dict[str, Books] = {}
        self._tokens: dict[str, str] = {}
        self._under: dict[str, frozenset[str]] = {}
        self._children: dict[str, list[str]] = {}

    # --- following the log ------------------------------------------------------------------------

    async def catch_up(self) -> bool:
        """Read the registers' newer facts; whether there were any."""
        async with self._catching_up:
            head = await self._log.head()
            if head <= self.position:
                return False
            changed = False
            after = self.position
            while True:
                events = await self._log.read(
                    after=after, upto=head, limit=PAGE_EVENTS, only=Filter(kinds=REGISTERS)
                )
                for event in events:
                    self._take_one(event)
                changed = changed or bool(events)
                if len(events) < PAGE_EVENTS:
                    break
                after = events[-1].position
            self.position = max(self.position, head)
            return changed

    def take(self, events: Sequence[Recorded]) -> None:
        """Take in the next events of the log, of any kind; those known already are passed over.
        Events after a hole are left for `catch_up`."""
        if not events or events[-1].position <= self.position:
            return
        if events[0].position > self.position + 1:
            return
        for event in events:
            self._take_one(event)
        self.position = max(self.position, events[-1].position)

    def _take_one(self, event: Recorded) -> None:
        kind, _, name = event.stream.partition("/")
        if event.position <= self.position or kind not in REGISTERS:
            return
        content = event.content
        put: Iterable[Mapping[str, Any]] = content["data"].get(PUT) or ()
        for said in (content, *put):
            fold = FOLDS.get(said["fact"])
            if fold is not None:
                fold(self, name, said["about"], said["data"])

    # --- answers ----------------------------------------------------------------------------------

    def area(self, code: str) -> Area:
        """The area of that code. Raises Unknown with the nearest."""
        found = self.areas.get(code)
        if found is None:
            raise _unknown("area", "区域", code, self.areas)
        return found

    def unit(self, code: str) -> Unit:
        """The unit of that code. Raises Unknown with the nearest."""
        found = self.units.get(code)
        if found is None:
            raise _unknown("unit", "单位", code, self.units)
        return found

    def team(self, code: str) -> Team:
        """The team of that code. Raises Unknown with the nearest."""
        found = self.teams.get(code)
        if found is None:
            raise _unknown("team", "服务队", code, self.teams)
        return found

    def books(self, person: str) -> Books:
        """The further books this person's deeds count in; empty where the person is not listed."""
        return self._books.get(person, NO_BOOKS)

    def children(self, code: str | None) -> list[Area]:
        """The areas directly below, by code; None = those at the top."""
        if not self._children:
            for area in sorted(self.areas):
                if area != ROOT:
                    self._children.setdefault(self.areas[area].parent or ROOT, []).append(area)
        return [self.areas[child] for child in self._children.get(code or ROOT, ())]

    def under(self, code: str) -> frozenset[str]:
        """The area and everything below it. Raises Unknown."""
        known = self._under.get(code)
        if known is not None:
            return known
        self.area(code)
        found = {code}
        waiting = [code]
        while waiting:
            for child in self.children(waiting.pop()):
                if child.code not in found:
                    found.add(child.code)
                    waiting.append(child.code)
        self._under[code] = frozenset(found)
        return self._under[code]

    def reaches(self, grant: Grant, area: str) -> bool:
        """Whether an area lies inside what the token was granted for."""
        if grant.area is None or grant.area == area:
            return True
        return grant.area in self.areas and area in self.under(grant.area)

    def grant(self, token: str, now: datetime) -> Grant | None:
        """What a token may do; None where it is unknown, revoked or expired."""
        token_id = self._tokens.get(token_hash(token))
        found = self.grants.get(token_id) if token_id else None
        return found if found is not None and found.live(now) else None

    def with_new(self, kind: str, code: str) -> Directory | Including:
        """The same, with a code that a register command is about to enter."""
        return Including(self, kind, code) if kind in ("area", "org", "team") else self

    # --- folding ----------------------------------------------------------------------------------

    def set_area(self, area: Area) -> None:
        """An area is new or has changed."""
        self.areas[area.code] = area
        self._under.clear()
        self._children.clear()

    def set_grant(self, grant: Grant, secret_hash: str) -> None:
        """A token is good from now on."""
        self.grants[grant.token_id] = grant
        self._tokens[secret_hash] = grant.token_id


@dataclass(frozen=True)
class Including:
    """A directory that also knows one code of one register, which is just being entered."""

    directory: Directory
    kind: str
    code: str

    def area(self, code: str) -> object:
        """See `Directory.area`."""
        return code if (self.kind, self.code) == ("area", code) else self.directory.area(code)

    def unit(self, code: str) -> object:
        """See `Directory.unit`."""
        return code if (self.kind, self.code) == ("org", code) else self.directory.unit(code)

    def team(self, code: str) -> object:
        """See `Directory.team`."""
        return code if (self.kind, self.code) == ("team", code) else self.directory.team(code)

    def books(self, person: str) -> Books:
        """See `Directory.books`."""
        return self.directory.books(person)


def _unknown(what: str, zh: str, code: str, known: Mapping[str, object]) -> Unknown:
    near = nearest(code, [name for name in known if name != ROOT])
    hint, wink = (f": did you mean {near}?", f",是否指 {near}?") if near else ("", "")
    return Unknown(
        f"there is no {what} {code!r}{hint}",
        what=what,
        name=code,
        nearest=near,
        zh=f"没有{zh} {code!r}{wink}",
    )


NO_BOOKS = Books()
About = Mapping[str, Any]
Data = Mapping[str, Any]
Fold = Callable[[Directory, str, About, Data], None]


def _area_defined(directory: Directory, name: str, about: About, data: Data) -> None:
    directory.set_area(Area(data["code"], data["name"], data["level"], data.get("parent")))


def _area_renamed(directory: Directory, name: str, about: About, data: Data) -> None:
    if (known := directory.areas.get(data["code"])) is not None:
        directory.set_area(replace(known, name=data["name"]))


def _org_registered(directory: Directory, name: str, about: About, data: Data) -> None:
    directory.units[name] = Unit(
        name, data["name"], data["org_kind"], about["area"], data.get("parent")
    )


def _org_renamed(directory: Directory, name: str, about: About, data: Data) -> None:
    if (known := directory.units.get(name)) is not None:
        directory.units[name] = replace(known, name=data["name"])


def _org_closed(directory: Directory, name: str, about: About, data: Data) -> None:
    if (known := directory.units.get(name)) is not None:
        directory.units[name] = replace(known, closed=True)


def _access_granted(directory: Directory, name: str, about: About, data: Data) -> None:
    expires = data.get("expires_at")
    area = about["area"]
    grant = Grant(
        token_id=name,
        person=data["person"],
        unit=about.get("unit"),
        roles=frozenset(data.get("roles") or ()),
        area=None if area == ROOT else area,
        actions=frozenset(data["actions"]),
        expires_at=instant_of(expires) if expires else None,
    )
    directory.set_grant(grant, data["secret_hash"])


def _access_revoked(directory: Directory, name: str, about: About, data: Data) -> None:
    directory.grants.pop(name, None)


FOLDS: Mapping[str, Fold] = {
    "area.defined": _area_defined,
    "area.renamed": _area_renamed,
    "org.registered": _org_registered,
    "org.renamed": _org_renamed,
    "org.closed": _org_closed,
    "access.granted": _access_granted,
    "access.revoked": _access_revoked,
}
