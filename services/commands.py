"""命令 · The one way in which something comes to be on record: parse, load, decide, append.

    done = await commands.do(Request(grant, "order", "accept", case_id, b'{"worker": "w1"}', key))

Every way in (HTTP, command line, timers) uses it. What is decided is safe against everybody else:
the append checks the revision the decision was made on. A repeat of a command gets the first
answer, before it is judged anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from events.envelope import Recorded
from events.errors import Conflict, Denied, JishiError, KeyReused, Unavailable, Unknown
from events.ports import Appended, Repeated, Reused, Stale
from services.access import Grant
from services.cases import CASES_MAX, Cases
from services.cautions import Caution, cautions
from services.collisions import Collisions
from services.directory import Directory, ZonedLog
from services.kernel.case import Case
from services.kernel.catalogue import Catalogue, only
from services.ruling import (
    Now,
    Order,
    Request,
    Ruling,
    Rulings,
    about_field,
    no_such_case,
    recorded,
)

__all__ = ["Commands", "Done", "Limits", "Request"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends somewhere."""

    attempts: int = 8
    """How often a command is decided anew because its case moved on meanwhile."""
    cases: int = CASES_MAX
    """Folded cases kept in memory."""
    reads: int = 32
    """Further cases one command may read."""


class Done(NamedTuple):
    """What a command came to. `revision` and `position` are those of its last event."""

    id: str
    stream: str
    events: list[Recorded]
    replayed: bool = False
    cautions: tuple[Caution, ...] = ()

    @property
    def revision(self) -> int:
        """The case's revision afterwards."""
        return self.events[-1].revision

    @property
    def position(self) -> int:
        """Where its last event stands in the log."""
        return self.events[-1].position

    def json(self, language: str = "en") -> bytes:
        """`{"id", "revision", "position", "facts": [envelope…]}`, stored bodies spliced in; with
        `"warnings": [{"code", "year", "title"}…]` where there is something to know."""
        last = self.events[-1]
        warnings = b""
        if self.cautions:
            told = [caution.json(language) for caution in self.cautions]
            warnings = b',"warnings":%b' % orjson.dumps(told)
        return b'{"id":"%b","revision":%d,"position":%d,"facts":[%b]%b}' % (
            self.id.encode(),
            last.revision,
            last.position,
            b",".join([event.envelope_bytes() for event in self.events]),
            warnings,
        )


def clock() -> datetime:
    """Now, by this machine."""
    return datetime.now(UTC)


class Commands:
    """Gives commands to one log. Safe for any number of callers at once."""

    def __init__(
        self,
        log: ZonedLog,
        catalogue: Catalogue,
        directory: Directory,
        now: Now = clock,
        limits: Limits = Limits(),
    ) -> None:
        self._log = log
        self._now = now
        self._limits = limits
        self.directory = directory
        self.rulings = Rulings(log.log_id, log.zone, catalogue, directory)
        self.cases = Cases(log, limits.cases)
        self.collisions = Collisions(log, catalogue, directory, self.cases)

    @property
    def catalogue(self) -> Catalogue:
        """All kinds and variants there are now."""
        self.rulings.renew(self._now())
        return self.rulings.catalogue

    def now(self) -> datetime:
        """The clock commands are judged by."""
        return self._now()

    async def do(self, request: Request) -> Done:
        """Put on record what this command comes to, once.

        Raises Unknown, Denied, Malformed, Invalid, Refused, Conflict (only where `expect` was
        given, or after many attempts), KeyReused, Unavailable; Ambiguous: send it again, with the
        same id.
        """
        now = self._now()
        rulings = self.rulings
        rulings.renew(now)
        entry, info = rulings.named(request.kind, request.command)
        denied: Denied | None = None
        try:
            request.grant.check(entry.kind, info.name)
        except Denied as error:
            if request.command_id is None:
                raise
            denied = error
        order = rulings.parsed(request, entry, info, now)
        try:
            if denied is not None:
                raise denied
            return await self._carry_out(order, now)
        except Unavailable:
            raise
        except JishiError:
            if request.command_id is None:
                raise
            replay = await self._answered(order)
            if replay is None:
                raise
            return replay

    async def case(self, grant: Grant, kind: str, case_id: str) -> Case:
        """A case as it is now. Raises Denied, or Unknown where it is not there or out of reach."""
        entry = self.catalogue.entry(kind)
        grant.check_reading(entry.kind)
        stream = f"{entry.kind}/{case_id}"
        case = await self.cases.newest(entry, stream)
        if case is None or not self.rulings.visible(grant, case):
            raise no_such_case(stream)
        return case

    # --- one order --------------------------------------------------------------------------------

    async def _carry_out(self, order: Order, now: datetime) -> Done:
        stale = Stale(order.stream, 0, 0)
        fresh = not (order.keyed or not order.info.starts or order.command.reads(order.entry.kind))
        for _ in range(self._limits.attempts):
            case = await self._loaded(order, fresh=fresh)
            if case is not None and case.state is not None and _finds(order):
                return await self._found(order, case)
            try:
                ruling = await self._ruled(order, case, now, fresh=fresh)
            except JishiError:
                if fresh:
                    raise
                # What is cached may be outdated: no refusal without a look at the log.
                fresh = True
                continue
            outcome = await self.collisions.append(ruling, case, now)
            match outcome:
                case Appended():
                    events = recorded(ruling.append, outcome)
                    self.cases.landed(ruling, events)
                    if order.entry.is_register:
                        await self.directory.catch_up()
                    return self._done(order, events)
                case Repeated():
                    replay = await self._answered(order)
                    if replay is None:
                        raise AssertionError(f"command {order.command_id} landed and is not there")
                    return replay
                case Reused():
                    raise _reused(order)
                case Stale():
                    if order.expect is not None and outcome.stream == order.stream:
                        raise Conflict(order.stream, expected=order.expect, current=outcome.current)
                    fresh = True
                    stale = outcome
        raise Conflict(stale.stream, expected=stale.expected, current=stale.current)

    def _done(self, order: Order, events: list[Recorded]) -> Done:
        case = self.cases.seen(order.stream) if order.entry.workflow.clocks else None
        told = cautions(events, case, self.directory.calendar) if case is not None else ()
        return Done(order.stream.partition("/")[2], order.stream, events, cautions=told)

    async def _found(self, order: Order, case: Case) -> Done:
        """What a case that is there already began with. Raises Denied where the caller may not
        see it."""
        if not self.rulings.visible(order.grant, case):
            raise Denied(
                f"{order.stream} is there already, outside your area",
                zh=f"{order.stream} 已在案，不在您的范围内",
                action=f"{order.entry.kind}.read",
            )
        events = await self._log.load(order.stream)
        first = events[0].content["command"]
        begun = [event for event in events if event.content["command"] == first]
        return Done(case.id, order.stream, begun, replayed=True)

    async def _loaded(self, order: Order, *, fresh: bool) -> Case | None:
        if order.info.starts and not order.keyed:
            return None
        load = self.cases.newest if fresh else self.cases.lately
        return await load(order.entry, order.stream)

    async def _ruled(
        self, order: Order, case: Case | None, now: datetime, *, fresh: bool
    ) -> Ruling:
        self.rulings.check_case(order, case)
        further = await self._further(order, fresh=fresh)
        try:
            return self.rulings.decide(order, case, further, now)
        except Unknown as unknown:
            if await self.directory.catch_up():
                return self.rulings.decide(order, case, further, now)
            raise about_field(order.command, unknown) from unknown

    async def _further(self, order: Order, *, fresh: bool) -> dict[str, Case]:
        streams = order.command.reads(order.entry.kind)
        if not streams:
            return {}
        if len(streams) > self._limits.reads:
            raise AssertionError(f"{order.info.name} reads {len(streams)} cases")
        load = self.cases.newest if fresh else self.cases.lately
        found: dict[str, Case] = {}
        for stream in streams:
            kind = stream.partition("/")[0]
            entry = self.catalogue.entries.get(kind) or only(kind).entry(kind)
            case = await load(entry, stream)
            if case is None or stream == order.stream:
                continue
            if entry.is_register or self.rulings.visible(order.grant, case):
                found[stream] = case
        return found

    async def _answered(self, order: Order) -> Done | None:
        """The first answer to this command id, where there was one."""
        found = await self._log.command(order.command_id)
        if found is None:
            return None
        request_hash, events = found
        if request_hash != order.request_hash:
            raise _reused(order)
        stream = events[0].stream
        return Done(stream.partition("/")[2], stream, events, replayed=True)


def _finds(order: Order) -> bool:
    return order.keyed and order.info.starts and order.command.finds


def _reused(order: Order) -> KeyReused:
    return KeyReused(
        f"the command id {order.command_id} was used for another request: take a new one",
        zh=f"命令编号 {order.command_id} 已用于另一请求，请换新的编号",
        command_id=str(order.command_id),
    )
