"""纪实本 · A person's record book: what they did, where it counts, who confirmed it; and what they
are asked about. For themselves and the administrators of their unit, and never beside another's.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from events.clock import EPOCH_DAY, instant_of, local_day, text_of
from events.envelope import TAKEN
from events.errors import Denied
from events.fact import counted
from events.ports import Filter
from projections.declare import Counter
from projections.query import Query
from services.access import Grant
from services.kernel.case import Case, Told, fold
from services.kernel.corrections import OVERSEERS, RecordVoided, VoidReason
from services.kernel.entry import Entry
from services.kernel.facts import RecordChallenged
from services.web.asked import Asked, invalid, keeps_book_of
from services.web.deed_wording import Deed, DeedWording, Json, Kept, last_about
from services.web.deeds import doers, numbers_of_deeds
from services.web.language import Language
from services.web.parts import Parts

EVENTS_MAX = 2_000
CASES_MAX = 200
CHALLENGES_MAX = 200


class Wanted(NamedTuple):
    """Whose book, and of which time: `2026`, `2026-03`, or '' for all of it."""

    person: str
    period: str

    @property
    def calendar(self) -> dict[str, str]:
        """The time as a condition of numbers."""
        unit = "month" if "-" in self.period else "year"
        return {unit: self.period} if self.period else {}


def wanted_of(asked: Asked, grant: Grant) -> Wanted:
    """Whose book is asked for; one's own where nobody is named. Raises Invalid."""
    period = asked.text("period") or ""
    if period and not re.fullmatch(r"[0-9]{4}(-(0[1-9]|1[0-2]))?", period):
        raise invalid("period", period, "must look like 2026 or 2026-03", "应写作 2026 或 2026-03")
    return Wanted(asked.text("person") or grant.person, period)


async def read_book(parts: Parts, wanted: Wanted, grant: Grant, language: Language) -> Json:
    """The book as JSON, worded in the reader's language. Raises Denied for whose it is not."""
    grant.check_reading()
    if not keeps_book_of(grant, parts.commands.directory, wanted.person):
        raise Denied(
            "a record book is for the person themselves and for administrators of their unit",
            zh="纪实本只供本人及其所在单位的管理员查看",
            action="book",
        )
    await parts.ledger.catch_up()
    return await _Reading(parts, wanted, grant, language).book()


class _Reading:
    """One reading of one book."""

    def __init__(self, parts: Parts, wanted: Wanted, grant: Grant, language: Language) -> None:
        self._parts = parts
        self._wanted = wanted
        self._grant = grant
        self._language: Language = language
        self._catalogue = parts.commands.catalogue
        self._directory = parts.commands.directory
        self._doing = doers(self._catalogue)
        self._worded = DeedWording(parts, grant, language)

    async def book(self) -> Json:
        """All of it."""
        kept, more = await self._cases()
        found = [(one, deed) for one in kept for deed in self._deeds(one)]
        found.sort(key=lambda pair: pair[1].told.occurred_at, reverse=True)
        deeds = [self._worded.deed(one, deed) for one, deed in found]
        unit = self._directory.books(self._wanted.person).home_unit
        return {
            "person": self._wanted.person,
            "unit": {"code": unit, "name": self._worded.teller.unit(unit)} if unit else None,
            "period": self._wanted.period or None,
            "as_of": text_of(self._parts.commands.now()),
            "totals": await self._totals(),
            "confirmed": [deed for deed in deeds if deed["confirmed"]],
            "unconfirmed": [deed for deed in deeds if not deed["confirmed"]],
            "voided": [void for one in kept for void in self._voided(one)],
            "to_answer": await self._to_answer(),
            "more": more,
        }

    # --- numbers ----------------------------------------------------------------------------------

    async def _totals(self) -> list[Json]:
        """What the confirmed deeds add up to, as the ledger counts it everywhere."""
        ledger, now = self._parts.ledger, self._parts.commands.now()
        found: list[Json] = []
        numbers = numbers_of_deeds(ledger.counters.values(), self._doing)
        for field, names in numbers.items():
            where = {field: self._wanted.person, **self._wanted.calendar}
            query = Query(counters=tuple(names), area=self._grant.area, where=where)
            reading = await ledger.read(query, now=now)
            asked = urlencode(
                [("of", "verified"), *(("where", f"{k}={v}") for k, v in where.items())]
            )
            for cell in reading.json(self._language)["cells"]:
                if cell["verified"]:
                    name = cell["counter"]
                    found.append(
                        {
                            "counter": name,
                            "label": cell["label"],
                            "measure_word": cell["measure_word"],
                            "value": cell["verified"],
                            "events": f"/api/v1/counters/{name}/events?{asked}",
                            "href": f"/explain/{name}?{asked}",
                        }
                    )
        return found

    # --- cases ------------------------------------------------------------------------------------

    async def _cases(self) -> tuple[list[Kept], bool]:
        """The cases in which this person did something, the newest first; whether there are more
        than are read."""
        ledger, person = self._parts.ledger, self._wanted.person
        positions = set[int]()
        for field in sorted(set(self._doing.values())):
            facts = tuple(fact for fact, named in self._doing.items() if named == field)
            where = {field: person, **self._wanted.calendar}
            query = Query(area=self._grant.area, where=where)
            counter = Counter(f"deeds by {field}", "", "", on=facts)
            positions.update(await ledger.positions(counter, query))
        newest = sorted(positions, reverse=True)[:EVENTS_MAX]
        events = await self._parts.log.at(sorted(newest))
        streams = list(dict.fromkeys(event.stream for event in reversed(events)))
        kept = await asyncio.gather(*(self._kept(stream) for stream in streams[:CASES_MAX]))
        more = len(streams) > CASES_MAX or len(positions) > EVENTS_MAX
        return [one for one in kept if one is not None], more

    async def _kept(self, stream: str) -> Kept | None:
        entry = self._catalogue.of_stream(stream)
        events = await self._parts.log.load(stream)
        case = fold(entry, events)
        if case is None or not self._parts.commands.rulings.visible(self._grant, case):
            return None
        return Kept(entry, case, events)

    def _deeds(self, one: Kept) -> Iterator[Deed]:
        """What this person did in the case. What says the same again, later on the way, is the
        same deed: handled, then closed."""
        open_deeds: dict[str, Deed] = {}
        for told in one.case.held:
            if not self._is_theirs(told.fact.fact, told.stored["data"]):
                continue
            names = self._said_by(one.entry, told.fact.fact)
            before = open_deeds.pop(names[0], None)
            if before is not None and told.fact.fact != names[0]:
                told_by = (*before.revisions, told.revision)
                yield from self._within(Deed(told, told_by))
                continue
            if before is not None:
                yield from self._within(before)
            open_deeds[names[0]] = Deed(told, (told.revision,))
        for deed in open_deeds.values():
            yield from self._within(deed)

    def _within(self, deed: Deed) -> Iterator[Deed]:
        if self._day(deed.told).startswith(self._wanted.period):
            yield deed

    def _day(self, told: Told) -> str:
        """The local day on which it counts."""
        stored, zone = told.stored, self._parts.log.zone
        shape = told.fact.shape()
        columns = counted(shape, stored["about"], stored["data"], told.occurred_at, zone)
        return (EPOCH_DAY + timedelta(days=columns.day)).isoformat()

    def _is_theirs(self, fact: str, data: Json) -> bool:
        return fact in self._doing and data.get(self._doing[fact]) == self._wanted.person

    @staticmethod
    def _said_by(entry: Entry, fact: str) -> tuple[str, ...]:
        """The facts that say the same deed on its way, in their order."""
        return next((names for names in entry.workflow.confirms.values() if fact in names), (fact,))

    def _voided(self, one: Kept) -> Iterator[Json]:
        """Deeds of theirs that were taken back: they do not vanish without a word."""
        for event in one.events:
            if event.fact != RecordVoided.fact:
                continue
            for item in event.content["data"][TAKEN]:
                day = local_day(instant_of(item["occurred_at"]), self._parts.log.zone).isoformat()
                theirs = self._is_theirs(item["fact"], item["data"])
                if theirs and day.startswith(self._wanted.period):
                    yield {
                        **self._worded.place(one.case, event.revision),
                        "label": one.entry.fact_label(item["fact"]).text(self._language),
                        "occurred_at": item["occurred_at"],
                        "voided_at": text_of(event.occurred_at),
                        "reason": VoidReason(event.content["data"]["reason"]).label.text(
                            self._language
                        ),
                    }

    # --- what is asked of them --------------------------------------------------------------------

    async def _to_answer(self) -> list[Json]:
        """Challenges that wait for an answer of the reader's: of records of theirs, and, where they
        watch over others' records, of those that the recorders themselves ask to be looked at."""
        if self._wanted.person != self._grant.person:
            return []
        seen = self._directory.visible(self._grant)
        only = Filter(facts=(RecordChallenged.fact,), areas=tuple(sorted(seen or ())))
        events = await self._parts.log.read(limit=CHALLENGES_MAX, backward=True, only=only)
        found: dict[str, Json] = {}
        for stream in dict.fromkeys(event.stream for event in events):
            one = await self._kept(stream)
            if one is None:
                continue
            for told in one.case.held:
                if told.revision in one.case.in_question and self._owes(one.case, told):
                    place = self._worded.place(one.case, told.revision)
                    found[place["href"]] = {
                        **place,
                        "label": one.entry.fact_label(told.fact.fact).text(self._language),
                        "challenge": self._worded.challenge(one.case, told.revision),
                    }
        return list(found.values())

    def _owes(self, case: Case, told: Told) -> bool:
        challenge = last_about(case, RecordChallenged.fact, told.revision)
        challenger = challenge.actor if challenge is not None else ""
        if challenger == self._grant.person:
            return False
        watches = not case.parties(self._grant.actor).isdisjoint(OVERSEERS)
        return told.actor == self._grant.person or (watches and challenger == told.actor)
