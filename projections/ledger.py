"""台账 · The ledger: entries of the whole log in memory, and every number read from them.

    ledger = Ledger(source, COUNTERS, shapes)
    await ledger.catch_up()
    reading = await ledger.read(Query(counters=("services_delivered",), by=("area",)))

It follows the log by position and never looks at a clock: `now` is handed in with the question.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from events.clock import EPOCH, from_micros, micros
from events.errors import Invalid, Unavailable
from events.fact import Shape
from events.ports import PAGE_EVENTS, EntryColumns, Filter, Source
from projections.areas import AREA_KIND, AREA_PREFIX, ROOT, AreaTree, Division
from projections.asking import MAPS, Asking, check_limit, check_verifiable, keyed
from projections.declare import Counter, check
from projections.entries import Block, Tail, Vocabulary, cut_at_pages
from projections.evaluate import Evaluation, Scope, Sieves, nothing
from projections.explain import behind, contributions, lines_of
from projections.groups import Groups
from projections.hot import Hot
from projections.labels import Labels
from projections.narrow import narrowed
from projections.nodes import Nodes
from projections.pages import Page, check_not_ahead, sealed
from projections.query import (
    Axis,
    Cell,
    Explanation,
    Moment,
    Query,
    Reading,
)
from projections.redraw import told_apart
from projections.store import PageStore
from projections.strands import texts_of
from projections.sums import Cut

log = structlog.get_logger("jishi.projections")

AREAS_PER_READ = 500
WHOLE = -1
NARROWED_MAX = 4
"""Questions whose few rows are kept together: a page of the board asks several of one kind."""


class Ledger:
    """All entries of one log, and what they add up to.

    `counters` are checked against `shapes` (the counted fields of every fact) when it is made:
    raises Unknown or Invalid. `areas` may be handed in where somebody else folds the map already;
    else it is read from the log's own `area.*` facts.
    """

    def __init__(
        self,
        source: Source,
        counters: Iterable[Counter],
        shapes: Mapping[str, Shape],
        areas: AreaTree | None = None,
        *,
        pages: PageStore | None = None,
        page_events: int = PAGE_EVENTS,
    ) -> None:
        self.counters = check(counters, shapes)
        self.areas = areas if areas is not None else AreaTree()
        self._follows_areas = areas is None
        self._areas_position = 0
        self._map_changed = False
        self.source = source
        self._page_events = page_events
        self.vocabulary = Vocabulary()
        self._blocks: list[Block] = []
        self._tail = Tail(self.vocabulary, 1)
        self._pages = pages
        self._pages_read = pages is None
        self._unkept: deque[Page] = deque()
        self._sieves = Sieves(shapes, self.vocabulary)
        self._narrowed: OrderedDict[object, Scope] = OrderedDict()
        self._nodes = {name: Nodes(self.areas.on(name), self.vocabulary) for name in MAPS}
        self._hot = Hot(self.counters, self._sieves, self.vocabulary)
        self._fed_blocks = self._fed_rows = 0
        self._divided: Mapping[str, Division] = {}
        self._told_apart: dict[tuple[int, int], Block] = {}
        self.labels = Labels(source, shapes, self.vocabulary)
        self._catching_up = asyncio.Lock()
        self._asking = Asking(self.counters, shapes)

    @property
    def position(self) -> int:
        """The last position it has taken in."""
        return self._tail.last

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every entry there is now, in the order of positions: sealed pages, then the tail. Rows
        of redrawn areas are told apart."""
        self._follow_map()
        tail = self._tail.block()
        if not self._divided:
            return (*self._blocks, tail)
        key = tail.first, len(tail)
        if key not in self._told_apart:
            for old in [one for one in self._told_apart if one[1] >= 0]:
                del self._told_apart[old]
            self._told_apart[key] = told_apart(tail, self.areas, self.vocabulary)
        return (*map(self._page_told_apart, self._blocks), self._told_apart[key])

    def keep_in(self, pages: PageStore) -> None:
        """Hand pages sealed from now on, and those that wait, to this store."""
        self._pages = pages

    # --- taking in --------------------------------------------------------------------------------

    async def catch_up(self) -> int:
        """Take in everything up to the head of the log; returns the position reached.

        Raises Broken where the pages kept reach further than the log.
        """
        async with self._catching_up:
            if not self._pages_read and self._pages is not None:
                await self._read_pages(self._pages)
            head = await self.source.head()
            check_not_ahead("the ledger", self.position, head)
            if head > self.position or self._map_changed:
                async for columns in self.source.scan(self.position, head):
                    self._take(columns)
                self._reach(head)
                if self._map_changed and self._follows_areas:
                    await self._follow_areas(head)
                await self._keep()
        return self.position

    def _take(self, columns: EntryColumns) -> None:
        if not columns.position:
            return
        for run in cut_at_pages(columns, self._page_events):
            self._reach(run.position[0] - 1)
            self._tail.add(run, run.position[-1])
        if any(fact.startswith(AREA_PREFIX) for fact in set(columns.fact)):
            self._map_changed = True

    def _reach(self, position: int) -> None:
        """Everything up to here has been taken in: seal the pages that are complete."""
        while position >= self._tail.first + self._page_events - 1:
            self._tail.last = self._tail.first + self._page_events - 1
            if self._fed_blocks == len(self._blocks):
                self._feed()
                self._fed_blocks, self._fed_rows = self._fed_blocks + 1, 0
            page, block = sealed(self._tail.block(), self.vocabulary)
            self._add_page(block)
            if self._pages is not None:
                self._unkept.append(page)
        self._tail.last = max(self._tail.last, position)

    def _add_page(self, block: Block) -> None:
        self._blocks.append(block)
        self._tail = Tail(self.vocabulary, block.last + 1)

    def _feed(self) -> None:
        """Give the sums kept ready whatever they have not seen."""
        self._follow_map()
        while self._fed_blocks < len(self._blocks):
            self._hot.feed(self._page_told_apart(self._blocks[self._fed_blocks]))
            self._fed_blocks += 1
        if self._fed_rows < len(self._tail):
            fresh = self._tail.block(self._fed_rows)
            self._hot.feed(told_apart(fresh, self.areas, self.vocabulary))
            self._fed_rows = len(self._tail)

    def _page_told_apart(self, page: Block) -> Block:
        if not self._divided:
            return page
        key = page.first, WHOLE
        if key not in self._told_apart:
            self._told_apart[key] = told_apart(page, self.areas, self.vocabulary)
        return self._told_apart[key]

    def _follow_map(self) -> None:
        """Where the map was redrawn, everything is summed anew, from entries told apart."""
        divided = self.areas.divided()
        if divided is self._divided or divided == self._divided:
            return
        self._divided = dict(divided)
        self._told_apart, self._narrowed = {}, OrderedDict()
        self._nodes = {name: Nodes(self.areas.on(name), self.vocabulary) for name in MAPS}
        self._hot = Hot(self.counters, self._sieves, self.vocabulary)
        self._fed_blocks = self._fed_rows = 0

    async def _read_pages(self, pages: PageStore) -> None:
        async for page in pages.pages(len(self._blocks)):
            self._add_page(page.block(self.vocabulary))
        # What the pages say of areas is found in the log, where the tree is read from.
        self._pages_read = self._map_changed = True

    async def _keep(self) -> None:
        """Hand sealed pages to the store, in order. Where it is away they wait for the next time:
        nothing that is read depends on it."""
        while self._pages is not None and self._unkept:
            try:
                await self._pages.write(self._unkept[0])
            except Unavailable as error:
                log.warning("pages of the ledger wait to be kept", why=error.detail)
                return
            self._unkept.popleft()

    async def _follow_areas(self, head: int) -> None:
        while True:
            events = await self.source.read(
                after=self._areas_position,
                upto=head,
                limit=AREAS_PER_READ,
                only=Filter(kinds=(AREA_KIND,)),
            )
            self.areas.apply(events)
            if len(events) < AREAS_PER_READ:
                break
            self._areas_position = events[-1].position
        self._areas_position, self._map_changed = head, False

    # --- answering --------------------------------------------------------------------------------

    async def read(self, query: Query, *, now: datetime | None = None) -> Reading:
        """The numbers asked for. `now` is the moment T of a live question (without it, the moment
        of the newest event).

        Without `by` one cell for each counter; with it one for each key where anything was counted
        (by area alone: for every child). Raises Unknown for a counter, area or dimension, Invalid
        for a condition that cannot be.
        """
        counters = self._asking.asked(query)
        moment, cut = await self.cut(query, now)
        if self._is_ready(query):
            return self._ready(query, counters, moment)
        evaluation = await self._evaluation(query, cut, counters)
        tree = self.areas.on(query.map)
        node = tree.node(query.area)
        cells: list[Cell] = []
        for counter in counters:
            for texts, figure in keyed(evaluation, counter, query, tree, node):
                cells.append(Cell(counter, node, query.unit, "|".join(texts), figure))
        return Reading(moment, tuple(cells))

    def _is_ready(self, query: Query) -> bool:
        """Whether the sums kept ready answer it."""
        return query.as_of is None and not query.conditions and query.by in ((), ("area",))

    def _ready(self, query: Query, counters: list[Counter], as_of: Moment) -> Reading:
        """A live question that the sums kept ready answer."""
        self._feed()
        node, by_area = self._nodes[query.map].of(query.area), bool(query.by)
        moment = micros(as_of.time)
        children = self.areas.on(query.map).children(node.code)
        cells: list[Cell] = []
        for counter in counters:
            figures = self._hot.figures(counter, node, moment, by_area=by_area)
            if not by_area:
                found = {"": figures.get(0, nothing(counter))}
            else:
                found = dict.fromkeys(children, nothing(counter))
                found |= {node.dimension.text(group): figure for group, figure in figures.items()}
            cells += [
                Cell(counter, node.code, query.unit, key, figure)
                for key, figure in sorted(found.items())
                if not figure.empty or key == "" or key in self.areas.parents
            ]
        return Reading(replace(as_of, position=self.position), tuple(cells))

    async def explain(
        self,
        name: str,
        query: Query | None = None,
        *,
        limit: int = 100,
        after: int = 0,
        now: datetime | None = None,
        verified: bool = False,
    ) -> Explanation:
        """The events behind one number, oldest first, from a position on; `by` is not used. With
        `verified` those behind that part of it: the second words for deeds.

        Raises what `read` raises, and Invalid for a limit outside 1 to 500, or a number of which
        nothing can be verified.
        """
        check_limit(limit)
        query = replace(query or Query(), counters=(name,), by=())
        (counter,) = self._asking.asked(query)
        if verified:
            check_verifiable(counter)
        moment, cut = await self.cut(query, now)
        evaluation = await self._evaluation(query, cut, [counter], in_order=True)
        if self._is_ready(query):
            (figure,) = (cell.figure for cell in self._ready(query, [counter], moment).cells)
        else:
            figure = evaluation.figures(counter).get(0, nothing(counter))
        rows = behind(evaluation, self.counters, counter, after, limit + 1, confirmed=verified)
        lines = await lines_of(self.source, rows[:limit], self.areas)
        return Explanation(counter, moment, figure, lines, more=len(rows) > limit)

    async def positions(self, counter: Counter, query: Query) -> list[int]:
        """Where the events stand that a counter counts, ascending. It need not be a public one."""
        _, cut = await self.cut(query, None)
        evaluation = await self._evaluation(query, cut, [counter], in_order=True)
        found: list[int] = contributions(evaluation, counter).positions.tolist()
        return found

    # --- preparing a question ---------------------------------------------------------------------

    async def cut(self, query: Query, now: datetime | None) -> tuple[Moment, Cut]:
        """What of the log a question sees. Raises Invalid for a position on another axis."""
        position, occurred, as_of = self.position, None, query.as_of
        if isinstance(as_of, datetime):
            moment = as_of
            if query.axis is not Axis.OCCURRED:
                position = min(position, await self.source.position_at(micros(as_of)))
            if query.axis is not Axis.RECORDED:
                occurred = micros(as_of)
        else:
            if as_of is not None and (query.axis is not Axis.RECORDED or as_of < 0):
                raise Invalid(
                    f"{as_of} is a position, which only the recorded axis has: give a time",
                    field="as_of",
                    value=as_of,
                    zh=f"{as_of} 是记录序号，只能用于记录时间轴：请给出时间",
                )
            position = position if as_of is None else min(position, as_of)
            moment = now if as_of is None and now is not None else await self._recorded(position)
        return Moment(position, moment, query.axis), Cut(position, occurred, micros(moment))

    async def _recorded(self, position: int) -> datetime:
        events = await self.source.at([position]) if position else []
        return from_micros(events[0].recorded_at) if events else EPOCH

    async def _evaluation(
        self, query: Query, cut: Cut, counters: Iterable[Counter], *, in_order: bool = False
    ) -> Evaluation:
        blocks = self.blocks
        node = self._nodes[query.map].of(query.area)
        areas, where = None if node.code == ROOT else node.under(), query.conditions
        groups = Groups(query.by, node.dimension, self.vocabulary)
        scope = Scope(blocks, cut, node, areas, where, groups)
        evaluation = Evaluation(self.counters, self._sieves, scope)
        if await self._read_labels(evaluation, counters) or in_order:
            return evaluation
        asked = frozenset((name, texts_of(values)) for name, values in where.items())
        shape = (len(self._blocks), len(self._tail), self.areas.version)
        key = (shape, query.map, node.code, cut.position, cut.occurred, asked)
        known = self._narrowed.get(key)
        if known is None:
            few = tuple(narrowed(blocks, cut, areas, where, self.vocabulary))
            known = self._narrowed[key] = replace(scope, blocks=few)
            while len(self._narrowed) > NARROWED_MAX:
                self._narrowed.popitem(last=False)
        scope = replace(known, cut=cut, groups=groups)
        return Evaluation(self.counters, self._sieves, scope)

    async def _read_labels(self, evaluation: Evaluation, counters: Iterable[Counter]) -> bool:
        """Read the body fields the question needs, of the rows that match it otherwise; whether
        there are any."""
        sieves = [s for one in self._asking.with_parts(counters) for s in evaluation.sieves(one)]
        sieves = [sieve for sieve in sieves if sieve.strand.labels]
        if sieves:
            with self.labels.reading():
                for sieve in sieves:
                    for block, rows, _ in evaluation.matches(sieve.bare()):
                        await self.labels.read(block, sieve.strand.labels, rows)
        return bool(sieves)
