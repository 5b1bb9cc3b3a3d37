"""名录 · The registers in memory: areas, units, teams, people, rules, grants, as facts left them.

It follows the log and holds nothing of its own: any process that has read the same log knows the
same. Whatever asks for a code that is not known yet reads the log's newer facts first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from events import codec
from events.envelope import Recorded
from events.errors import Unknown
from events.fact import Books
from events.ports import Filter, Log
from services.access import Grant, token_hash
from services.kernel.calendar import Calendar
from services.kernel.case import fold
from services.kernel.catalogue import Catalogue, only
from services.kernel.words import Limit
from services.listed import ROOT, Area, Lists, Rule, Team, Unit, limit_of
from services.parsing import nearest

REGISTERS = ("area", "org", "team", "person", "rule", "access")
REWRITING = frozenset({"record.corrected", "record.voided"})
"""After these a register stream is folded anew."""
PAGE_EVENTS = 2_000
NO_BOOKS = Books()


class ZonedLog(Log, Protocol):
    """A log that knows the zone of its days."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone, a constant of its database."""
        ...


class Directory:
    """All registers of one log. `position` is how far it has read."""

    def __init__(self, log: ZonedLog, catalogue: Catalogue) -> None:
        self._log = log
        self._catalogue = catalogue
        self._catching_up = asyncio.Lock()
        self._lists = Lists()
        self._worked_out: _WorkedOut = _WorkedOut(0)
        self.position = 0

    # --- following the log ------------------------------------------------------------------------

    async def catch_up(self) -> bool:
        """Read the registers' newer facts; whether there were any."""
        async with self._catching_up:
            head = await self._log.head()
            changed = False
            while self.position < head:
                events = await self._log.read(
                    after=self.position,
                    upto=head,
                    limit=PAGE_EVENTS,
                    only=Filter(kinds=REGISTERS),
                )
                newer = [event for event in events if event.position > self.position]
                await self._take_all(newer)
                changed = changed or bool(newer)
                full = len(events) == PAGE_EVENTS
                self.position = max(self.position, events[-1].position if full else head)
            return changed

    def take(self, events: Sequence[Recorded]) -> bool:
        """Take in the next events of the log, of any kind; what is known already is passed over.
        False where they cannot be taken (a hole before them, a register rewritten, a read under
        way): then `catch_up` is needed."""
        newer = [event for event in events if event.position > self.position]
        if not newer:
            return True
        ours = [event for event in newer if event.case[0] in REGISTERS]
        rewritten = any(event.fact in REWRITING for event in ours)
        if rewritten or newer[0].position != self.position + 1 or self._catching_up.locked():
            return False
        for event in ours:
            self._lists.take(event.case[1], event.content)
        self.position = newer[-1].position
        return True

    async def _take_all(self, events: Sequence[Recorded]) -> None:
        for event in events:
            if event.fact not in REWRITING:
                self._lists.take(event.case[1], event.content)
        for stream in {event.stream for event in events if event.fact in REWRITING}:
            kind, _, name = stream.partition("/")
            entry = self._catalogue.entries.get(kind) or only(kind).entry(kind)
            case = fold(entry, await self._log.load(stream))
            self._lists.forget(kind, name)
            if case is not None:
                for body in case.bodies:
                    self._lists.take(name, codec.parse(body))

    # --- answers ----------------------------------------------------------------------------------

    @property
    def areas(self) -> Mapping[str, Area]:
        """All areas by code, with the one above them all."""
        return self._lists.areas

    @property
    def units(self) -> Mapping[str, Unit]:
        """All organisations by code."""
        return self._lists.units

    @property
    def teams(self) -> Mapping[str, Team]:
        """All teams by code."""
        return self._lists.teams

    @property
    def rules(self) -> Mapping[str, Rule]:
        """All rules by code, those withdrawn as well."""
        return self._lists.rules

    @property
    def grants(self) -> Mapping[str, Grant]:
        """All grants that were not revoked, by token id."""
        return self._lists.grants

    def area(self, code: str) -> Area:
        """The area of that code. Raises Unknown with the nearest."""
        found = self._lists.areas.get(code)
        if found is None:
            raise _unknown("area", "区域", code, self._lists.areas)
        return found

    def unit(self, code: str) -> Unit:
        """The unit of that code. Raises Unknown with the nearest."""
        found = self._lists.units.get(code)
        if found is None:
            raise _unknown("unit", "单位", code, self._lists.units)
        return found

    def team(self, code: str) -> Team:
        """The team of that code. Raises Unknown with the nearest."""
        found = self._lists.teams.get(code)
        if found is None:
            raise _unknown("team", "服务队", code, self._lists.teams)
        return found

    def books(self, person: str) -> Books:
        """The further books this person's deeds count in; empty where the person is not listed."""
        return self._lists.books.get(person, NO_BOOKS)

    def children(self, code: str | None) -> list[Area]:
        """The areas directly below, by code; None = those at the top."""
        below = self._current().children
        if not below:
            for area in sorted(self._lists.areas.values(), key=lambda area: area.code):
                if area.code != ROOT:
                    below.setdefault(area.parent or ROOT, []).append(area)
        return below.get(code or ROOT, [])

    def under(self, code: str) -> frozenset[str]:
        """The area and everything below it. Raises Unknown."""
        known = self._current().under
        if code not in known:
            self.area(code)
            found, waiting = {code}, [code]
            while waiting:
                children = {child.code for child in self.children(waiting.pop())} - found
                found |= children
                waiting += children
            known[code] = frozenset(found)
        return known[code]

    def reaches(self, grant: Grant, area: str) -> bool:
        """Whether an area lies inside what the token was granted for."""
        if grant.area is None or grant.area == area:
            return True
        return grant.area in self._lists.areas and area in self.under(grant.area)

    def concerns(self, grant: Grant, area: str) -> bool:
        """Whether what is laid down in an area holds for the token: the area lies inside what it
        was granted for, or above it."""
        return self.reaches(grant, area) or (area in self.areas and grant.area in self.under(area))

    def visible(self, grant: Grant) -> frozenset[str] | None:
        """The areas a token sees; None where it sees all of them."""
        if grant.area is None:
            return None
        return self.under(grant.area) if grant.area in self._lists.areas else frozenset()

    def grant(self, token: str, now: datetime) -> Grant | None:
        """What a token may do; None where it is unknown, revoked or expired."""
        token_id = self._lists.tokens.get(token_hash(token))
        found = self._lists.grants.get(token_id) if token_id else None
        return found if found is not None and found.live(now) else None

    # --- rules ------------------------------------------------------------------------------------

    @property
    def calendar(self) -> Calendar:
        """Working days, as all calendars laid down say."""
        worked_out = self._current()
        if worked_out.calendar is None:
            rules = list(self._rules("calendar"))
            said = [version for rule in rules for _, version in rule.versions]
            worked_out.calendar = Calendar(
                zone=self._log.zone,
                free=_days(said, "free"),
                worked=_days(said, "worked"),
                years=frozenset(year for rule in rules for year in _calendar_years(rule)),
            )
        return worked_out.calendar

    def limits_in(self, area: str, now: datetime) -> Mapping[str, Limit]:
        """The limits of clocks in force in an area today, by the clock's name."""
        day = now.astimezone(self._log.zone).date()
        known = self._current().limits
        if (day, area) not in known:
            found: dict[str, Limit] = {}
            for rule in self._rules("limit"):
                said = rule.on(day)
                limit = limit_of(said) if said is not None else None
                if limit is not None and self._holds(rule, area):
                    found[rule.code] = limit
            known[day, area] = found
        return known[day, area]

    def numbers_in(self, code: str, area: str, now: datetime) -> Mapping[str, int] | None:
        """The numbers a rule lays down in an area today; None where it does not hold there."""
        rule = self._lists.rules.get(code)
        if rule is None or not self._holds(rule, area):
            return None
        said = rule.on(now.astimezone(self._log.zone).date())
        numbers = said.get("numbers") if said is not None else None
        return None if numbers is None else numbers.get("numbers") or {}

    def templates(self, day: date) -> Iterator[Mapping[str, Any]]:
        """The variants of kinds that rules lay down on a day."""
        for rule in self._rules("template"):
            if (said := rule.on(day)) is not None:
                yield said["template"]

    def template_rules(self) -> Iterator[Rule]:
        """The rules that lay down variants, whenever they hold."""
        return self._rules("template")

    def table_rules(self) -> Iterator[Rule]:
        """The rules that lay down tables, whenever they hold."""
        return self._rules("table")

    @property
    def version(self) -> int:
        """Goes up with every change of the map or the rules."""
        return self._lists.version

    def _rules(self, subject: str) -> Iterator[Rule]:
        for rule in self._lists.rules.values():
            if subject in rule.versions[0][1]:
                yield rule

    def _holds(self, rule: Rule, area: str) -> bool:
        return rule.area == ROOT or (rule.area in self.areas and area in self.under(rule.area))

    def _current(self) -> _WorkedOut:
        if self._worked_out.version != self._lists.version:
            self._worked_out = _WorkedOut(self._lists.version)
        return self._worked_out


class _WorkedOut:
    """What was worked out from the lists at one version of them."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.under: dict[str, frozenset[str]] = {}
        self.children: dict[str, list[Area]] = {}
        self.calendar: Calendar | None = None
        self.limits: dict[tuple[date, str], Mapping[str, Limit]] = {}


def _calendar_years(rule: Rule) -> Iterator[int]:
    """The years a calendar is about: `calendar.2026`; of another name, those of its days."""
    year = rule.code.rpartition(".")[2]
    if year.isdigit():
        yield int(year)
        return
    said = [version for _, version in rule.versions]
    yield from {day.year for day in _days(said, "free") | _days(said, "worked")}


def _days(said: Sequence[Mapping[str, Any]], name: str) -> frozenset[date]:
    return frozenset(
        date.fromisoformat(day) for one in said for day in one["calendar"].get(name) or ()
    )


def _unknown(what: str, zh: str, code: str, known: Mapping[str, object]) -> Unknown:
    near = nearest(code, [name for name in known if name != ROOT])
    hint, wink = (f": did you mean {near}?", f"，是否指 {near}?") if near else ("", "")
    return Unknown(
        f"there is no {what} {code!r}{hint}",
        what=what,
        name=code,
        nearest=near,
        zh=f"没有{zh} {code!r}{wink}",
    )
