"""全市 · One board over several logs: each district keeps a log of its own, the city reads all.

    city = City([east, west], COUNTERS, shapes)      # ledgers, one for each log
    await city.catch_up()
    reading = await city.read(Query(counters=("services_delivered",), by=("log", "month")))

It holds no entries of its own. A question looks at the ledgers' blocks, their words numbered anew
by one vocabulary, each log cut at its own position; then everything is evaluated at once. So what
adds up is the sum over the logs, and what is told apart is the union of their members: codes of
units, categories and people mean the same everywhere. An area that two logs define differently
stands there twice, as `code@log`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from events.clock import micros, text_of
from events.errors import Invalid
from events.fact import Shape
from projections.areas import ROOT, AreaTree
from projections.asking import MAPS, Asking, check_limit, keyed
from projections.declare import Counter, check, unknown
from projections.districts import BASE, District, Seen
from projections.entries import Vocabulary
from projections.evaluate import Evaluation, Scope, Sieves, nothing
from projections.explain import behind
from projections.groups import Groups
from projections.ledger import Ledger
from projections.narrow import narrowed
from projections.nodes import Node, Nodes
from projections.query import Answer, Axis, Cell, Figure, Line, Opened, Query
from projections.strands import texts_of
from projections.sums import Cut

LOG = "log"
"""The dimension that tells the logs apart, in `by` and `where`."""
ALL = 2**62


@dataclass(frozen=True)
class CityMoment:
    """What an answer is true of: the last position seen of each log, the moment T, the axis."""

    positions: Mapping[str, int]
    time: datetime
    axis: Axis

    def json(self) -> dict[str, Any]:
        """As `Moment.json`; no single position holds for several logs."""
        return {
            "position": None,
            "positions": dict(self.positions),
            "time": text_of(self.time),
            "axis": self.axis.value,
        }


class CityReading(Answer[CityMoment]):
    """What all of them answer."""


class CityLine(NamedTuple):
    """What an event of one of the logs adds."""

    log: str
    line: Line

    def json(self) -> dict[str, Any]:
        """As `Line.json`, with the log."""
        return {LOG: self.log, **self.line.json()}


class CityExplanation(Opened[CityMoment, CityLine]):
    """What all of them open a number to: log by log, oldest first in each."""


class City:
    """Several ledgers, read as one. It changes nothing, and may be made and thrown away at will."""

    def __init__(
        self, ledgers: Sequence[Ledger], counters: Iterable[Counter], shapes: Mapping[str, Shape]
    ) -> None:
        """`ledgers` are of different logs and have these counters. Raises Invalid where two are of
        one log: every deed of it would count twice."""
        self.counters = check(counters, shapes)
        self.tree = AreaTree()
        self._vocabulary = Vocabulary()
        self._districts: dict[str, District] = {}
        for place, ledger in enumerate(ledgers):
            district = District(place, ledger, self._vocabulary)
            if district.log in self._districts:
                raise Invalid(
                    f"log {district.log} is named twice: each district has a log of its own",
                    field="district_database_urls",
                    value=district.log,
                    zh=f"日志 {district.log} 出现了两次：各区各有自己的日志",
                )
            self._districts[district.log] = district
        self._asking = Asking(self.counters, shapes)
        self._sieves = Sieves(shapes, self._vocabulary)
        self._nodes = {name: Nodes(self.tree.on(name), self._vocabulary) for name in MAPS}
        self._maps: object = None

    @property
    def logs(self) -> tuple[str, ...]:
        """The logs it reads, in the order in which they were given."""
        return tuple(self._districts)

    def ledger(self, log: str) -> Ledger:
        """The ledger of one log, which answers for it alone. Raises Unknown with the nearest."""
        if log not in self._districts:
            raise unknown(LOG, log, self._districts, zh="日志")
        return self._districts[log].ledger

    async def catch_up(self) -> None:
        """Take in everything up to the head of every log."""
        await asyncio.gather(*(one.ledger.catch_up() for one in self._districts.values()))

    # --- answering --------------------------------------------------------------------------------

    async def read(self, query: Query, *, now: datetime | None = None) -> CityReading:
        """The numbers asked for, over all logs, or those that `where` names as `log`.

        `as_of` is a time: each log is cut where it stood then. `log` in `by` is one more dimension,
        within which members are told apart too. Raises what `Ledger.read` raises.
        """
        chosen, query, place = self._parted(query)
        counters = self._asking.asked(query)
        moment, seen = await self._seen(chosen, query, now)
        tree, node = self.tree.on(query.map), self._nodes[query.map].of(query.area)
        parts = [("", seen)]
        if place is not None:
            parts = [(one.log, [part for part in seen if part.district is one]) for one in chosen]
        found: dict[str, list[tuple[tuple[str, ...], Figure]]] = {one.name: [] for one in counters}
        for log, some in parts:
            evaluation = await self._evaluation(query, some, moment, node, counters)
            for counter in counters:
                for texts, figure in keyed(evaluation, counter, query, tree, node.code):
                    key = texts if place is None else (*texts[:place], log, *texts[place:])
                    found[counter.name].append((key, figure))
        cells = [
            Cell(counter, node.code, query.unit, "|".join(texts), figure)
            for counter in counters
            for texts, figure in sorted(found[counter.name], key=lambda item: item[0])
        ]
        return CityReading(moment, tuple(cells))

    async def explain(
        self,
        name: str,
        query: Query | None = None,
        *,
        limit: int = 100,
        after: tuple[str, int] | None = None,
        now: datetime | None = None,
    ) -> CityExplanation:
        """The events behind one number, log by log, behind (log, position); `by` is not used.

        A member that several logs know contributes in the first of them. Raises what `read` raises.
        """
        check_limit(limit)
        chosen, query, _ = self._parted(replace(query or Query(), counters=(name,), by=()))
        (counter,) = self._asking.asked(query)
        moment, seen = await self._seen(chosen, query, now)
        node = self._nodes[query.map].of(query.area)
        evaluation = await self._evaluation(query, seen, moment, node, [counter], in_order=True)
        start = 0
        if after is not None:
            self.ledger(after[0])  # a log that is not known is refused
            start = self._districts[after[0]].base + after[1]
        rows = behind(evaluation, self.counters, counter, start, limit + 1)
        figure = evaluation.figures(counter).get(0, nothing(counter))
        lines: list[CityLine] = []
        for district in self._districts.values():
            own = [row for row in rows[:limit] if row.position // BASE == district.place]
            own = [row._replace(position=row.position - district.base) for row in own]
            lines += [CityLine(district.log, line) for line in await district.lines(own)]
        return CityExplanation(counter, moment, figure, tuple(lines), more=len(rows) > limit)

    # --- preparing a question ---------------------------------------------------------------------

    def _parted(self, query: Query) -> tuple[list[District], Query, int | None]:
        """The logs asked for, the question without them, and where `log` stands in `by`."""
        names = texts_of(query.where[LOG]) if LOG in query.where else frozenset(self._districts)
        for name in names:
            self.ledger(name)
        if isinstance(query.as_of, int):
            raise Invalid(
                f"{query.as_of} is a position, which belongs to one log: give a time, or name "
                "the log",
                field="as_of",
                value=query.as_of,
                zh=f"{query.as_of} 是某一日志的记录序号：请给出时间，或指明日志",
            )
        place = query.by.index(LOG) if LOG in query.by else None
        by = tuple(name for name in query.by if name != LOG)
        where = {name: values for name, values in query.where.items() if name != LOG}
        chosen = [one for log, one in self._districts.items() if log in names]
        return chosen, replace(query, by=by, where=where), place

    async def _seen(
        self, chosen: Sequence[District], query: Query, now: datetime | None
    ) -> tuple[CityMoment, list[Seen]]:
        """What of each log the question sees, and the moment T that holds for all."""
        cuts = [await one.ledger.cut(query, now) for one in chosen]
        # From here on nothing is waited for until blocks and tree are taken: they belong together.
        self._follow_maps()
        positions = {
            one.log: moment.position for one, (moment, _) in zip(chosen, cuts, strict=True)
        }
        time = max(moment.time for moment, _ in cuts)
        seen = [
            part
            for one, (_, cut) in zip(chosen, cuts, strict=True)
            for part in one.seen(cut.position)
        ]
        return CityMoment(positions, time, query.axis), seen

    async def _evaluation(
        self,
        query: Query,
        seen: Sequence[Seen],
        moment: CityMoment,
        node: Node,
        counters: Iterable[Counter],
        *,
        in_order: bool = False,
    ) -> Evaluation:
        occurred = None
        if query.as_of is not None and query.axis is not Axis.RECORDED:
            occurred = micros(moment.time)
        cut = Cut(ALL, occurred, micros(moment.time))
        blocks = tuple(part.block for part in seen)
        areas, where = None if node.code == ROOT else node.under(), query.conditions
        groups = Groups(query.by, node.dimension, self._vocabulary)
        scope = Scope(blocks, cut, node, areas, where, groups)
        evaluation = Evaluation(self.counters, self._sieves, scope)
        if await self._read_labels(evaluation, counters, seen) or in_order:
            return evaluation
        few = tuple(narrowed(blocks, cut, areas, where, self._vocabulary))
        return Evaluation(self.counters, self._sieves, replace(scope, blocks=few))

    async def _read_labels(
        self, evaluation: Evaluation, counters: Iterable[Counter], seen: Sequence[Seen]
    ) -> bool:
        """Read the body fields the question needs, each from its own log; whether there are any."""
        sieves = [s for one in self._asking.with_parts(counters) for s in evaluation.sieves(one)]
        sieves = [sieve for sieve in sieves if sieve.strand.labels]
        if sieves:
            parts = {id(part.block): part for part in seen}
            with contextlib.ExitStack() as reading:
                for district in {part.district.log: part.district for part in seen}.values():
                    reading.enter_context(district.ledger.labels.reading())
                for sieve in sieves:
                    for block, rows, _ in evaluation.matches(sieve.bare()):
                        await parts[id(block)].read(sieve.strand.labels, rows)
        return bool(sieves)

    def _follow_maps(self) -> None:
        """Fold the maps of all logs into one, where any of them has changed."""
        for one in self._districts.values():
            _ = one.ledger.blocks  # all its words for areas are there
        maps = tuple(one.map_version for one in self._districts.values())
        if maps == self._maps:
            return
        paths: dict[str, set[object]] = {}
        for district in self._districts.values():
            for area in district.areas:
                paths.setdefault(area, set()).add(district.path(area))
        twice = {area for area, known in paths.items() if len(known) > 1}
        self.tree = AreaTree()
        for district in self._districts.values():
            district.name_areas(twice)
            self.tree.take_map(district.ledger.areas, district.area)
        self._nodes = {name: Nodes(self.tree.on(name), self._vocabulary) for name in MAPS}
        self._maps = maps
