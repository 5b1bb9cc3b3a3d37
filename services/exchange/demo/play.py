"""演出 · Play the plan: the past many commands at a time, the live part one by one.

The past is decided by the same deciders as everything else, on a clock that is set to each step
(only logs made as demo let their clock be set), and appended a day at a time. A run that was cut
short is simply run again: every command has the id it had before, and lands once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from events.clock import micros
from events.errors import Broken, Refused
from events.ports import Append, Appended, Repeated
from services.access import Grant
from services.cases import grown_by
from services.commands import Commands, Request
from services.directory import ZonedLog
from services.exchange.demo.plan import Plan, plan
from services.exchange.demo.steps import Doer, Numbered
from services.exchange.demo.year import DAYS, LEAD
from services.kernel.case import Case
from services.ruling import MAP, recorded

BATCH_EVENTS_MAX = 1_500
TURN = 32
"""So many commands are decided before whoever else is waiting has their turn."""
OWN_IDS = frozenset({"check_in"})
"""Kinds that name their cases themselves."""
DOERS_KEPT = 4_096
GRANTED = frozenset({"*"})
FIRST_FACT = "area.defined"
SETTLED = timedelta(minutes=15)
"""How long before now the year ends: the live part fits between."""

Progress = Callable[[int, int], None]
"""(done, of) commands."""


class NotADemonstration(Refused):
    """The log holds facts that are not of the demonstration."""


class SettableClock:
    """The clock of a log made as demo: it stands where it is set, or runs with the machine's."""

    def __init__(self) -> None:
        self._set: datetime | None = None

    def set(self, instant: datetime | None) -> None:
        """Stand there; None = run."""
        self._set = instant

    def now(self) -> datetime:
        """The time it shows."""
        return self._set or datetime.now(UTC)

    def micros(self) -> int:
        """The same in µs since 1970, as the log wants it."""
        return micros(self.now())


@dataclass(slots=True)
class Player:
    """Plays one plan into one log. The clock is that of the log and of the commands."""

    commands: Commands
    log: ZonedLog
    clock: SettableClock
    progress: Progress = lambda done, of: None
    ids: dict[str, str] = field(default_factory=dict)
    """Id of each case by its name in the plan, once it has begun."""
    _kept: dict[str, Case] = field(default_factory=dict)
    """The one map, as 荔城 left it: the other districts go on from there."""

    async def planned(self) -> Plan:
        """The plan of this log: that of its first fact, or a new one where it is empty.

        Raises NotADemonstration where the log was begun by something else.
        """
        first = [one for one in await self.log.read(limit=50) if one.case[0] != "access"]
        if not first:
            return plan(datetime.now(UTC).replace(microsecond=0) - SETTLED, self.log.zone)
        event = first[0]
        if event.fact != FIRST_FACT or event.content["actor"] != "demo-administrator":
            raise NotADemonstration(
                f"this log begins with {event.fact} of {event.content['actor']}, not with the "
                "demonstration: give it a home of its own (`--home`)",
                refusal="not_a_demonstration",
                zh=f"该日志以 {event.fact} 开始，并非演示数据：请用 `--home` 另指一处",
            )
        return plan(event.occurred_at + LEAD + timedelta(days=DAYS), self.log.zone)

    async def complete(self, chosen: Plan) -> bool:
        """Whether all of it has landed before: each part is played in order, so its last command
        tells."""
        parts = (chosen.past, chosen.live, chosen.others)
        last = [await self.log.command(part[-1].command_id) for part in parts]
        return None not in last

    async def past(self, chosen: Plan) -> int:
        """Everything before the live part. Returns the number of facts it comes to."""
        cases: dict[str, Case] = {}
        batch: list[Append] = []
        facts = done = waiting = 0
        before: Numbered | None = None
        for one in chosen.past:
            if before is not None and (waiting >= BATCH_EVENTS_MAX or _cut(before, one)):
                await self._land(batch)
                done += len(batch)
                self.progress(done, chosen.steps)
                batch, waiting = [], 0
            self.clock.set(one.step.at)
            item = self._decided(one, cases)
            batch.append(item)
            waiting += len(item.drafts)
            facts += len(item.drafts)
            before = one
        await self._land(batch)
        self.progress(done + len(batch), chosen.steps)
        self._kept = {MAP: cases[MAP]} if MAP in cases else {}
        return facts

    async def others(self, chosen: Plan, *, at_once: int = BATCH_EVENTS_MAX) -> None:
        """The other districts, in the order they are written down, after 荔城's past.

        Each deed is decided at its own time; it stands in the log as recorded when it is played.
        While one batch is on its way to the log the next is decided, unless what is decided next
        needs what has landed: the codes of another register. `at_once`: facts in a batch.
        """
        cases = dict(self._kept)
        batch: list[Append] = []
        landing: asyncio.Task[None] | None = None
        waiting = done = 0
        kind = ""
        try:
            for number, one in enumerate(chosen.others):
                if waiting >= at_once or kind != one.step.kind:
                    if landing is not None:
                        await landing
                    landing = asyncio.create_task(self._land(batch))
                    done += len(batch)
                    self.progress(len(chosen.past) + len(chosen.live) + done, chosen.steps)
                    batch, waiting = [], 0
                    if kind != one.step.kind:
                        await landing
                if number % TURN == 0:
                    await asyncio.sleep(0)
                item = self._decided(one, cases)
                batch.append(item)
                waiting += len(item.drafts)
                kind = one.step.kind
            if landing is not None:
                await landing
        except BaseException:
            if landing is not None:
                landing.cancel()
            raise
        await self._land(batch)
        self.progress(chosen.steps, chosen.steps)

    def _decided(self, one: Numbered, cases: dict[str, Case]) -> Append:
        rulings = self.commands.rulings
        order = rulings.order(self._request(one), one.step.at)
        case = cases.get(order.stream)
        further = {
            stream: cases[stream]
            for stream in order.command.reads(order.entry.kind)
            if stream in cases
        }
        ruling = rulings.decide(order, case, further, one.step.at)
        if one.number == 0:
            self.ids[one.step.case] = order.stream.partition("/")[2]
        if one.ends and one.keyed is None:
            cases.pop(order.stream, None)
            return ruling.append
        events = recorded(ruling.append, Appended(0, micros(one.step.at)))
        cases[order.stream] = grown_by(ruling, case, events)
        return ruling.append

    async def _land(self, batch: Sequence[Append]) -> None:
        if not batch:
            return
        for item, outcome in zip(batch, await self.log.append(batch), strict=True):
            if not isinstance(outcome, (Appended, Repeated)):
                raise Broken(f"{item.stream} is not as the demonstration left it: {outcome}")
        await self.commands.directory.catch_up()

    async def live_at_once(self, chosen: Plan) -> None:
        """The live part as it was planned, without waiting."""
        for number, one in enumerate(chosen.live):
            self.clock.set(one.step.at)
            await self._do(one)
            self.progress(len(chosen.past) + number + 1, chosen.steps)

    async def live(self, chosen: Plan) -> AsyncIterator[Numbered]:
        """The live part in its own time, from now on: one step after the other."""
        self.clock.set(None)
        begun = asyncio.get_running_loop().time()
        for one in chosen.live:
            due = begun + (one.step.at - chosen.year.end).total_seconds()
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            await self._do(one)
            yield one

    async def _do(self, one: Numbered) -> None:
        done = await self.commands.do(self._request(one))
        self.ids[one.step.case] = done.id

    def _request(self, one: Numbered) -> Request:
        """The step as a request like anybody's. The kind names the case where it has a way to."""
        step = one.step
        starts = one.number == 0
        case_id = self.ids.get(step.case)
        if case_id is None and not (starts and (one.keyed is not None or step.kind in OWN_IDS)):
            case_id = step.case_id
        return Request(
            grant=grant_of(step.doer),
            kind=step.kind,
            command=step.command,
            id=case_id,
            fields=step.fields,
            command_id=one.command_id,
        )


@lru_cache(maxsize=DOERS_KEPT)
def grant_of(doer: Doer) -> Grant:
    """What somebody of the demonstration may do: everything their roles allow."""
    return Grant(
        token_id="demo",  # noqa: S106 (no secret: nobody signs in with it)
        person=doer.person,
        unit=doer.unit,
        roles=frozenset(doer.roles),
        actions=GRANTED,
    )


def _cut(before: Numbered, one: Numbered) -> bool:
    """Whether what was decided so far must land first: the end of a day, or of a register."""
    if before.step.at.date() != one.step.at.date():
        return True
    return before.step.kind != one.step.kind and before.keyed is not None
