"""核对 · Compare: each published figure beside what the log comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from events.errors import Unknown
from events.ports import Filter
from projections.ledger import Ledger
from projections.query import Axis, Query
from services.commands import Commands
from services.directory import ZonedLog
from services.exchange.demo.figures import Figure, Number, Shown
from services.kernel.catalogue import Catalogue
from services.kernel.words import Limit
from services.registers import rule

FIRST_DAYS = timedelta(days=13)
"""From the eve of the year until its first day, and a day to spare before deeds begin."""


class House(Protocol):
    """What is asked: the part of a running house that this needs."""

    @property
    def log(self) -> ZonedLog:
        """Its log."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """What it knows of."""
        ...

    @property
    def commands(self) -> Commands:
        """Its commands, which keep the cases."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Its books."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures with their counts, and the numbers shown beside them."""

    figures: tuple[tuple[Figure, Number], ...]
    beside: tuple[tuple[Shown, Number], ...]

    @property
    def equal(self) -> int:
        """How many figures are met: exactly, or at least where the source says “more than”."""
        return sum(figure.met(counted) for figure, counted in self.figures)

    @property
    def of(self) -> int:
        """How many there are."""
        return len(self.figures)

    def json(self, events: int, seconds: float) -> dict[str, Any]:
        """`jishi demo --json` (contract)."""
        return {
            "figures": [figure.row(counted) for figure, counted in self.figures],
            "beside": [
                {"counter": one.counter, "label": one.zh, "counted": counted}
                for one, counted in self.beside
            ],
            "events": events,
            "equal": self.equal,
            "of": self.of,
            "seconds": round(seconds, 3),
        }


async def compare(
    house: House, figures: Sequence[Figure], beside: Sequence[Shown], eve: datetime
) -> Comparison:
    """Ask for every figure. `eve`: when the registers of the demonstration began to be filled."""
    asking = Asking(house, eve)
    return Comparison(
        tuple([(one, await asking.answer(one)) for one in figures]),
        tuple([(one, await asking.counted(one.counter, one.area)) for one in beside]),
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks the ledger, the rules, and what was put out as said."""

    house: House
    eve: datetime

    async def answer(self, figure: Figure) -> Number:
        """What stands against one figure. A source that is not there counts 0."""
        source, _, rest = figure.counter.partition(":")
        found: Number
        if source == "rule":
            found = await self._rule(*rest.split(":"))
        elif source == "terms":
            found = terms_of(self.house.catalogue, *rest.split(":"))
        elif source == "limit":
            found = limit_of(self.house.catalogue, *rest.split(":"))
        elif source == "said":
            found = await self._said(rest)
        else:
            found = await self._figure(figure)
        value = found / figure.per
        return int(value) if value == int(value) else value

    async def _figure(self, figure: Figure) -> Number:
        query = Query(where=dict(figure.where))
        if figure.before:
            query = replace(query, as_of=self.eve + FIRST_DAYS, axis=Axis.OCCURRED)
        areas = figure.areas or (figure.area,)
        if not (figure.different or figure.level):
            return sum([await self.counted(figure.counter, one, query) for one in areas])
        ledger = self.house.ledger
        query = replace(query, counters=(figure.counter,), area=figure.area)
        if figure.level:
            return await self._of_level(ledger, query, figure)
        reading = await ledger.read(replace(query, by=(figure.different,)))
        return sum(bool(cell.figure.value) for cell in reading.cells)

    async def _of_level(self, ledger: Ledger, query: Query, figure: Figure) -> Number:
        tree = ledger.areas
        values: list[Number] = []
        for code, level in tree.levels.items():
            if level == figure.level and tree.is_under(code, query.area or "root"):
                here = {**query.where, "area": code}
                reading = await ledger.read(replace(query, where=here))
                values.append((reading.cells[0].figure.value or 0) if reading.cells else 0)
        if figure.of_level:
            return {"most": max, "least": min}[figure.of_level](values, default=0)
        return sum(value >= figure.reaching for value in values)

    async def counted(self, counter: str, area: str, query: Query | None = None) -> Number:
        """One counter in one area."""
        query = replace(query or Query(), counters=(counter,), area=area)
        reading = await self.house.ledger.read(query)
        return (reading.cells[0].figure.value or 0) if reading.cells else 0

    async def _rule(self, code: str, name: str) -> int:
        case = await self.house.commands.cases.newest(
            self.house.catalogue.entry("rule"), f"rule/{code}"
        )
        state = case.state if case is not None else None
        if not isinstance(state, rule.InForce):
            return 0
        numbers = state.versions[-1].numbers
        return numbers.numbers.get(name, 0) if numbers is not None else 0

    async def _said(self, code: str) -> int:
        only = Filter(stream=f"indicator/{code}")
        events = await self.house.log.read(limit=10, only=only)
        said = [event for event in events if event.fact == "indicator.figure_published"]
        return int(said[-1].content["data"]["value"]) if said else 0


def terms_of(catalogue: Catalogue, variant: str, name: str) -> Number:
    """A number that the terms of a variant fix, which its deciders keep to; `a*b` multiplies."""
    try:
        terms = catalogue.entry(variant).terms
    except Unknown:
        return 0
    found = 1
    for one in name.split("*"):
        found *= int(getattr(terms, one) or 0)
    return found


def limit_of(catalogue: Catalogue, kind: str, clock: str, choice: str) -> Number:
    """The seconds a clock gives in one case."""
    limit = catalogue.entry(kind).workflow.clocks[clock].limit
    if isinstance(limit, dict):
        limit = next(each for key, each in limit.items() if key.value == choice)
    return int(limit.seconds) if isinstance(limit, Limit) else 0
