"""相抵 · What two deeds cannot both be, across cases: refused where a rule of a district says so.

    two_places           {tolerance_minutes: 10}    one person is in one place at a time
    household_services   {most: 2, days: 30}        so many services for one household

Neither rule is laid down by itself: without them a command costs two looks into a dictionary. With
one, the deeds recorded since are read, and nobody else may record for the same person or household
meanwhile (`Log.alone`): of two that collide, one lands. What is recorded in bulk (an import, the
demonstration) is not judged so; a source's own deeds are its source's business.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from events import codec
from events.clock import instant_of, micros
from events.envelope import PUT
from events.ports import Filter, Outcome
from services.cases import Cases
from services.directory import Directory, ZonedLog
from services.kernel.case import Case
from services.kernel.catalogue import Catalogue, only
from services.kernel.words import Refusal, refuse
from services.ruling import Ruling

TWO_PLACES, HOUSEHOLD_SERVICES = "two_places", "household_services"
PLACED, CANCELLED, HELD = "order.placed", "order.cancelled", "activity.held"
CORRECTED = "record.corrected"
WHO = {
    "order.service_delivered": "worker",
    "activity.attendance_recorded": "person",
    "dispute.mediation_held": "mediator",
    "visit.made": "visitor",
}
"""Deeds that somebody was there for, and the field that says who."""
DAY = timedelta(days=1)
"""No deed lasts longer, so what a deed may meet was recorded at most so long before it."""
PAGE_EVENTS = 2_000
NAMED_MAX = 5

ELSEWHERE = Refusal(
    "elsewhere_then",
    "{person} 在 {begin} 至 {end} 已记在另一处（{case}）：请核对时间，或先更正该记录",
    "{person} was in another place from {begin} to {end}, says {case}:"
    " check the times, or have that record corrected first",
)
HOUSEHOLD_FULL = Refusal(
    "household_full",
    "住户 {household} 在 {days} 天内的服务已满 {most} 项（{case}），按规则不再新增",
    "household {household} has as many services as the rule allows, {most} in {days} days"
    " ({case}): no further one is added",
)

Body = Mapping[str, Any]


class Stay(NamedTuple):
    """Somebody in one place for a while; a deed without minutes is an instant."""

    person: str
    area: str
    begin: datetime
    end: datetime

    def meets(self, other: Stay, tolerance: timedelta) -> bool:
        """Whether one person would be in two places at once, for longer than is let pass."""
        if self.person != other.person or self.area == other.area:
            return False
        begin, end = max(self.begin, other.begin), min(self.end, other.end)
        instant = self.begin == self.end or other.begin == other.end
        return begin < end - tolerance or (instant and self._within(other))

    def _within(self, other: Stay) -> bool:
        inner, outer = (self, other) if self.begin == self.end else (other, self)
        return outer.begin < inner.begin < outer.end


class Asked(NamedTuple):
    """What has to be looked at before a ruling is appended."""

    stays: tuple[Stay, ...]
    household: str | None
    keys: tuple[str, ...]
    numbers: Mapping[str, Mapping[str, int]]


class Collisions:
    """Looks across the cases of one log, and appends what collides with none."""

    def __init__(
        self, log: ZonedLog, catalogue: Catalogue, directory: Directory, cases: Cases
    ) -> None:
        self._log = log
        self._catalogue = catalogue
        self._directory = directory
        self._cases = cases

    async def append(self, ruling: Ruling, case: Case | None, now: datetime) -> Outcome:
        """Append what was decided. Raises Refused, naming the case it collides with."""
        asked = self._asked(ruling, case, now)
        if asked is None:
            (outcome,) = await self._log.append([ruling.append])
            return outcome
        async with self._log.alone(asked.keys):
            await self._check(asked, ruling, now)
            (outcome,) = await self._log.append([ruling.append])
            return outcome

    def _asked(self, ruling: Ruling, case: Case | None, now: datetime) -> Asked | None:
        numbers = {
            code: found
            for code in (TWO_PLACES, HOUSEHOLD_SERVICES)
            if (found := self._directory.numbers_in(code, ruling.facts[0].about.area, now))
            is not None
        }
        if not numbers:
            return None
        drafts = [codec.parse(draft.body) for draft in ruling.append.drafts]
        new = tuple(new_stays(case, drafts)) if TWO_PLACES in numbers else ()
        first = drafts[0] if drafts[0]["fact"] == PLACED else None
        household = first["data"].get("household") if first is not None else None
        if HOUSEHOLD_SERVICES not in numbers:
            household = None
        keys = {f"person/{stay.person}" for stay in new}
        if household is not None:
            keys.add(f"household/{household}")
        return Asked(new, household, tuple(sorted(keys)), numbers) if keys else None

    async def _check(self, asked: Asked, ruling: Ruling, now: datetime) -> None:
        own = ruling.order.stream
        if asked.stays:
            await self._check_places(asked, own)
        if asked.household is not None:
            await self._check_household(
                asked.household, asked.numbers[HOUSEHOLD_SERVICES], own, now
            )

    async def _check_places(self, asked: Asked, own: str) -> None:
        tolerance = timedelta(minutes=asked.numbers[TWO_PLACES].get("tolerance_minutes", 0))
        since = min(stay.begin for stay in asked.stays) - DAY
        people = {stay.person for stay in asked.stays}
        async for case in self._naming(people, (*WHO, CORRECTED), since, own):
            for stay in stays(codec.parse(body) for body in case.bodies):
                if any(new.meets(stay, tolerance) for new in asked.stays):
                    zone = self._log.zone
                    refuse(
                        ELSEWHERE,
                        person=stay.person,
                        begin=f"{stay.begin.astimezone(zone):%Y-%m-%d %H:%M}",
                        end=f"{stay.end.astimezone(zone):%H:%M}",
                        case=case.stream,
                    )

    async def _check_household(
        self, household: str, numbers: Mapping[str, int], own: str, now: datetime
    ) -> None:
        most, days = numbers.get("most", 1), numbers.get("days", 30)
        found: list[str] = []
        async for case in self._naming({household}, (PLACED,), now - DAY * days, own):
            bodies = [codec.parse(body) for body in case.bodies]
            placed = [one for one in bodies if one["fact"] == PLACED]
            theirs = any(one["data"].get("household") == household for one in placed)
            if theirs and not any(one["fact"] == CANCELLED for one in bodies):
                found.append(case.stream)
        if len(found) >= most:
            named = "、".join(found[:NAMED_MAX])
            refuse(HOUSEHOLD_FULL, household=household, most=most, days=days, case=named)

    async def _naming(
        self, names: Iterable[str], facts: tuple[str, ...], since: datetime, own: str
    ) -> AsyncIterator[Case]:
        """The cases, as they stand, of which one of these facts since then names one of these."""
        marks = [codec.canonical(name) for name in names]
        after = await self._log.position_at(micros(since))
        seen = {own}
        while events := await self._log.read(
            after=after, limit=PAGE_EVENTS, only=Filter(facts=facts)
        ):
            after = events[-1].position
            for event in events:
                if event.stream in seen or not any(mark in event.body for mark in marks):
                    continue
                seen.add(event.stream)
                kind = event.case[0]
                entry = self._catalogue.entries.get(kind) or only(kind).entry(kind)
                case = await self._cases.newest(entry, event.stream)
                if case is not None and case.state is not None:
                    yield case
            if len(events) < PAGE_EVENTS:
                return


def stays(history: Iterable[Body]) -> Iterator[Stay]:
    """Who was where, by the facts of one case in their order."""
    held_at: datetime | None = None
    for said in history:
        name, data = said["fact"], said["data"]
        if name == HELD:
            held_at = instant_of(data["held_at"])
        if name not in WHO or (person := data.get(WHO[name])) is None:
            continue
        lasting = timedelta(minutes=data.get("minutes") or 0)
        end = instant_of(said["occurred_at"])
        if name == "visit.made":
            end = instant_of(data["made_at"])
        elif name == "activity.attendance_recorded":
            end = (held_at or end) + lasting
        yield Stay(person, said["about"]["area"], end - lasting, end)


def new_stays(case: Case | None, drafts: Iterable[Body]) -> Iterator[Stay]:
    """The same of what a command records or puts right, and was not so before."""
    before = {} if case is None else {(one := codec.parse(b))["revision"]: one for b in case.bodies}
    after = dict(before)
    for draft in drafts:
        if draft["fact"] == CORRECTED:
            for item in draft["data"].get(PUT, ()):
                after[item["revision"]] = {**before[item["revision"]], **item}
        else:
            after[draft["revision"]] = draft
    if any(said["fact"] in WHO for revision, said in after.items() if said != before.get(revision)):
        known = set(stays(before.values()))
        yield from (stay for stay in stays(after.values()) if stay not in known)
