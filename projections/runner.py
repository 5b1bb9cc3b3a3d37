"""执行器 · A projection follows a log: each batch is ONE autocommit statement.

The statement moves the checkpoint from exactly the position it was at, and writes the rows, or does
neither. So what comes twice falls away, a worker that was thought dead and comes back writes
nothing, and nobody ever waits for a transaction left open. A hole before a batch is filled from the
log. Where the batch comes from, the log's tail or a broker, is not known here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import structlog

from events.envelope import Recorded
from events.errors import Broken, Unavailable
from events.ports import Filter, Source
from projections.database import Database, RefusedDataError
from projections.pages import check_not_ahead
from projections.rows import Change, RowProjection, State, change
from projections.statements import OPEN, PARKED, statement, trial

log = structlog.get_logger("jishi.projections")

STATES_MAX = 20_000
HISTORY_READ = 500
HEAL_READ = 1_000
TRIES_MAX = 20
REASON_LENGTH_MAX = 500


@dataclass(frozen=True)
class Batch:
    """A run of events of one part, in position order.

    `previous` is the position of the event before it in that part (or any position between): what
    lies after it and before the first is known to be none of this part's. `upto` is the position
    the batch reaches, where positions without events of this part follow the last.
    """

    events: Sequence[Recorded]
    previous: int
    upto: int = 0

    @property
    def last(self) -> int:
        """The position it reaches."""
        return max(self.upto, self.events[-1].position if self.events else self.previous)


@dataclass(frozen=True)
class Parked:
    """A stream that could not be taken in: its first event that failed, and why."""

    projection: str
    stream: str
    position: int
    fact: str
    reason: str


@dataclass
class Plan(Generic[State]):
    """What one statement is to write."""

    changes: list[Change[State]] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)


class Runner(Generic[State]):
    """One version of one row projection, over one part of one log.

    `mine` says which streams belong to this part. Only one runner of a part makes progress at a
    time; any number may try.
    """

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
        self.projection = projection
        self.name = projection.table.versioned(version)
        self.part = part
        self.position = -1
        self._database = database
        self._source = source
        self._mine = mine
        self._epoch = 0
        self._parked: dict[str, int] = {}
        self._states: OrderedDict[str, State | None] = OrderedDict()
        self._statement = statement(projection.table, self.name)
        self._trial = trial(projection.table, self.name)

    # --- the checkpoint ---------------------------------------------------------------------------

    async def open(self) -> int:
        """Read where it stands (0 where it has never run) and what is parked."""
        rows: Sequence[Any] = ()
        while (
            not rows
        ):  # none where another process made it between the two halves of the statement
            rows = await self._database.fetch(OPEN, self.name, self._source.log_id, self.part)
        self.position, self._epoch = rows[0]["position"], rows[0]["epoch"]
        parked = await self._database.fetch(PARKED, self.name, self._source.log_id)
        self._parked = {row["stream"]: row["position"] for row in parked}
        self._states.clear()
        return self.position

    @property
    def parked(self) -> frozenset[str]:
        """The streams that wait."""
        return frozenset(self._parked)

    # --- taking in --------------------------------------------------------------------------------

    async def apply(self, batch: Batch) -> int:
        """Take in a batch; returns the position reached.

        Duplicates fall away, a hole is filled from the log, a stale view of the checkpoint is read
        anew. Raises Unavailable while the database or the log is away (nothing was written), Broken
        where stored data contradicts itself.
        """
        for _ in range(TRIES_MAX):
            if self.position < 0:
                await self.open()
            if batch.last <= self.position:
                return self.position
            events = [event for event in batch.events if event.position > self.position]
            if batch.previous > self.position:
                events = [*await self._missing(batch.previous), *events]
            if await self._write(await self._plan(events), batch.last):
                return self.position
            await self.open()
        raise Unavailable(
            f"{self.name} is moved by others all the time: run one worker for part {self.part}",
            zh=f"{self.name} 正被其他进程推进：每个分区请只运行一个工作进程",
        )

    async def catch_up(self, *, limit: int = HEAL_READ) -> int:
        """Take in everything up to the head of the log. Raises Broken where it stands further."""
        if self.position < 0:
            await self.open()
        head = await self._source.head()
        check_not_ahead(self.name, self.position, head)
        while self.position < head:
            events = await self._source.read(after=self.position, upto=head, limit=limit)
            upto = events[-1].position if len(events) == limit else head
            await self.apply(Batch(self._own(events), self.position, upto))
        return self.position

    def _own(self, events: Iterable[Recorded]) -> list[Recorded]:
        return [event for event in events if self._mine(event.stream)]

    async def _missing(self, upto: int) -> list[Recorded]:
        """The hole before a batch, from the log."""
        log.warning("filled a hole from the log", name=self.name, after=self.position, upto=upto)
        found: list[Recorded] = []
        after = self.position
        while after < upto:
            events = await self._source.read(after=after, upto=upto, limit=HEAL_READ)
            found += self._own(events)
            after = events[-1].position if len(events) == HEAL_READ else upto
        return found

    async def _plan(self, events: Iterable[Recorded]) -> Plan[State]:
        by_stream: dict[str, list[Recorded]] = {}
        for event in events:
            if event.stream not in self._parked and self.projection.wants(event):
                by_stream.setdefault(event.stream, []).append(event)
        plan: Plan[State] = Plan()
        for stream, fresh in by_stream.items():
            await self._plan_stream(plan, stream, fresh)
        return plan

    async def _plan_stream(self, plan: Plan[State], stream: str, fresh: list[Recorded]) -> None:
        known = stream in self._states or fresh[0].revision == 1
        earlier = [] if known else await self._stream(stream, fresh[0].position - 1)
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

    async def _stream(self, stream: str, upto: int) -> list[Recorded]:
        """The events of one stream that the projection wants, from the log."""
        found: list[Recorded] = []
        while True:
            events = await self._source.read(
                after=found[-1].position if found else 0,
                upto=upto,
                limit=HISTORY_READ,
                only=Filter(stream=stream),
            )
            found += events
            if len(events) < HISTORY_READ:
                return [event for event in found if self.projection.wants(event)]

    # --- writing ----------------------------------------------------------------------------------

    async def _write(self, plan: Plan[State], upto: int) -> bool:
        """One statement; False where the checkpoint was not where it was thought to be."""
        try:
            moved = await self._send(plan, upto)
        except RefusedDataError as error:
            plan = await self._without_refused(plan, error)
            moved = await self._send(plan, upto)
        if moved:
            self.position = upto
            self._parked |= {parked.stream: parked.position for parked in plan.parked}
            for parked in plan.parked:
                self._states.pop(parked.stream, None)
                log.error("parked a stream", name=self.name, stream=parked.stream,
                          position=parked.position, reason=parked.reason)  # fmt: skip
            for one in plan.changes:
                self._remember(one.stream, one.state)
        return moved

    async def _send(self, plan: Plan[State], upto: int) -> bool:
        moved = await self._database.value(
            self._statement,
            upto,
            self.name,
            self._source.log_id,
            self.part,
            self.position,
            self._epoch,
            self._epoch,
            [parked.stream for parked in plan.parked],
            [parked.position for parked in plan.parked],
            [parked.fact for parked in plan.parked],
            [parked.reason for parked in plan.parked],
            [],
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

    def _refused(self, event: Recorded, error: Exception) -> Parked:
        reason = f"{type(error).__name__}: {error}"[:REASON_LENGTH_MAX].replace("\x00", "")
        return Parked(self.name, event.stream, event.position, event.fact, reason)

    def _remember(self, stream: str, state: State | None) -> None:
        self._states[stream] = state
        self._states.move_to_end(stream)
        while len(self._states) > STATES_MAX:
            self._states.popitem(last=False)

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
            events = await self._stream(stream, self.position)
            early = [event for event in events if event.position < self._parked[stream]]
            before = self.projection.grow(None, stream, early) if early else None
            changed, refused = self._readable(stream, before, events[len(early) :])
            if refused is not None or changed is None:
                return refused
            try:
                if await self._let_go(changed):
                    await self.open()
                    return None
            except RefusedDataError as error:
                return self._refused(events[len(early)], error)
        raise Unavailable(f"{self.name} moves too fast to take {stream} up again: try once more")

    async def _let_go(self, changed: Change[State]) -> bool:
        moved = await self._database.value(
            self._statement,
            self.position,
            self.name,
            self._source.log_id,
            self.part,
            self.position,
            self._epoch,
            self._epoch + 1,
            [],
            [],
            [],
            [],
            [changed.stream],
            *_columns(self.projection, [changed]),
        )
        return bool(moved)


def _columns(projection: RowProjection[State], changes: Sequence[Change[State]]) -> list[list[Any]]:
    """The rows put, then the keys taken out, as one list for each column."""
    put = [row for one in changes for row in one.put]
    gone = [key for one in changes for key in one.gone]
    table = projection.table
    columns = [list(column) for column in zip(*put, strict=True)] or [[] for _ in table.columns]
    keys = [list(column) for column in zip(*gone, strict=True)] or [[] for _ in table.keys]
    return columns + keys
