"""执行器 · A row projection follows a log: each batch is ONE autocommit statement.

By which laws a checkpoint moves stands in `projections.part`; here is what a batch does to rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

from events.envelope import Recorded
from events.errors import Broken, Unavailable
from events.ports import Filter, Source
from projections.database import Database, RefusedDataError
from projections.part import TRIES_MAX, Parked, Part
from projections.rows import Change, RowProjection, State, change
from projections.statements import statement, trial

STATES_MAX = 20_000


@dataclass
class Plan(Generic[State]):
    """What one statement is to write."""

    changes: list[Change[State]] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)


class Runner(Part, Generic[State]):
    """One version of one row projection, over one part of one log."""

    def __init__(
        self,
        database: Database,
        source: Source,
        projection: RowProjection[State],
        version: int = 1,
        *,
        part: int = 0,
        mine: Callable[[str], bool] = lambda stream: True,
    ) -> None:
        name = projection.table.versioned(version)
        super().__init__(database, source, name, part=part, mine=mine)
        self.projection = projection
        self._states: OrderedDict[str, State | None] = OrderedDict()
        self._from_the_start = False
        """Whether every event of this part went through here: then what is not known is new."""
        self._statement = statement(projection.table, self.name)
        self._trial = trial(projection.table, self.name)

    def _forget(self) -> None:
        self._states.clear()
        self._from_the_start = self.position == 0

    # --- what a batch does ------------------------------------------------------------------------

    async def _plan(self, events: Iterable[Recorded]) -> Plan[State]:
        by_stream: dict[str, list[Recorded]] = {}
        begun = set[str]()
        for event in events:
            if event.revision == 1:
                begun.add(event.stream)
            if event.stream not in self._parked and self.projection.wants(event):
                by_stream.setdefault(event.stream, []).append(event)
        plan: Plan[State] = Plan()
        for stream, fresh in by_stream.items():
            # What begins in this batch has no history, also where its first event is not wanted.
            known = self._from_the_start or stream in self._states or stream in begun
            await self._plan_stream(plan, stream, fresh, known=known)
        return plan

    async def _plan_stream(
        self, plan: Plan[State], stream: str, fresh: list[Recorded], *, known: bool
    ) -> None:
        earlier = [] if known else await self._wanted(stream, fresh[0].position - 1)
        before = self._states.get(stream)
        try:
            if earlier:
                before = self.projection.grow(None, stream, earlier)
        except Exception as error:  # noqa: BLE001 (whatever a fold raises parks its stream, visibly)
            plan.parked.append(self._refused(fresh[0], error))
            return
        good, refused = self._readable(stream, before, fresh)
        if refused is not None:
            plan.parked.append(refused)
        if good is not None:
            plan.changes.append(good)

    def _readable(
        self, stream: str, before: State | None, events: Sequence[Recorded]
    ) -> tuple[Change[State] | None, Parked | None]:
        """What the events do to a stream, up to the first that cannot be taken in."""
        try:
            return change(self.projection, stream, before, events), None
        except Exception as error:  # noqa: BLE001 (see above)
            if len(events) == 1:
                return None, self._refused(events[0], error)
        good = None
        for count in range(1, len(events) + 1):
            try:
                good = change(self.projection, stream, before, events[:count])
            except Exception as error:  # noqa: BLE001 (see above)
                return good, self._refused(events[count - 1], error)
        return good, None

    async def _wanted(self, stream: str, upto: int) -> list[Recorded]:
        """The events of one stream that the projection wants, from the log."""
        return [e for e in await self._stream(stream, upto) if self.projection.wants(e)]

    # --- writing ----------------------------------------------------------------------------------

    async def _take(self, events: Sequence[Recorded], upto: int, next_offset: int) -> bool:
        plan = await self._plan(events)
        try:
            moved = await self._send(plan, upto, next_offset)
        except RefusedDataError as error:
            plan = await self._without_refused(plan, error)
            moved = await self._send(plan, upto, next_offset)
        if moved:
            self._moved(upto, next_offset, plan.parked)
            for parked in plan.parked:
                self._states.pop(parked.stream, None)
            for one in plan.changes:
                self._remember(one.stream, one.state)
        return moved

    async def _send(
        self, plan: Plan[State], upto: int, next_offset: int = 0, let_go: Sequence[str] = ()
    ) -> bool:
        moved = await self._database.value(
            self._statement,
            *self._checkpoint(upto, next_offset, plan.parked, let_go),
            *_columns(self.projection, plan.changes),
        )
        return bool(moved)

    async def _without_refused(self, plan: Plan[State], error: RefusedDataError) -> Plan[State]:
        """The plan without the streams whose rows the database will not take: those are parked.

        Each stream's rows are tried alone, in a transaction that is rolled back.
        """
        rest: Plan[State] = Plan(parked=list(plan.parked))
        for one in plan.changes:
            try:
                await self._database.trial(self._trial, *_columns(self.projection, [one]))
                rest.changes.append(one)
            except RefusedDataError as refused:
                events = await self._source.read(
                    after=self.position, limit=1, only=Filter(stream=one.stream)
                )
                rest.parked.append(self._refused(events[0], refused))
        if len(rest.parked) == len(plan.parked):
            raise Broken(f"{self.name}: the database refuses a batch and none of its rows: {error}")
        return rest

    def _remember(self, stream: str, state: State | None) -> None:
        self._states[stream] = state
        self._states.move_to_end(stream)
        while len(self._states) > STATES_MAX:
            self._states.popitem(last=False)
            self._from_the_start = False

    # --- what is parked ---------------------------------------------------------------------------

    async def retry(self, stream: str) -> Parked | None:
        """Take a parked stream in from the log, up to the checkpoint; None where that worked.

        The same statement lets it go, writes its rows and makes every worker look anew; where the
        checkpoint has moved on meanwhile, it is tried again.
        """
        for _ in range(TRIES_MAX):
            await self.open()
            if stream not in self._parked:
                return None
            events = await self._wanted(stream, self.position)
            early = [event for event in events if event.position < self._parked[stream]]
            before = self.projection.grow(None, stream, early) if early else None
            changed, refused = self._readable(stream, before, events[len(early) :])
            if refused is not None or changed is None:
                return refused
            try:
                if await self._send(Plan([changed]), self.position, let_go=[stream]):
                    await self.open()
                    return None
            except RefusedDataError as error:
                return self._refused(events[len(early)], error)
        raise Unavailable(f"{self.name} moves too fast to take {stream} up again: try once more")


def _columns(projection: RowProjection[State], changes: Sequence[Change[State]]) -> list[list[Any]]:
    """The rows put, then the keys taken out, as one list for each column."""
    put = [row for one in changes for row in one.put]
    gone = [key for one in changes for key in one.gone]
    table = projection.table
    columns = [list(column) for column in zip(*put, strict=True)] or [[] for _ in table.columns]
    keys = [list(column) for column in zip(*gone, strict=True)] or [[] for _ in table.keys]
    return columns + keys
