"""撤销 · A whole import taken back: one void for each of its cases, and nothing deleted.

The counters lose exactly what the import had given them; the facts, and who took them back when,
stay. The ids of another import of the same rows are of the next generation.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from itertools import islice

from events.errors import JishiError, Unknown
from events.ports import Append, Filter, Outcome, Stale
from services.exchange import batches
from services.exchange.desk import Desk, landed
from services.exchange.importing import Progress, Summary
from services.exchange.profile import KINDS
from services.kernel.case import Case, fold
from services.kernel.corrections import Void, VoidReason
from services.kernel.identity import identifier
from services.registers.import_batch import Undoing, Undone

CASES_AT_ONCE = 250

Part = tuple[str, list[int]]
"""A stream, and the revisions in it that the batch recorded."""


async def undo(batch_id: str, desk: Desk, *, progress: Progress | None = None) -> Summary:
    """Take back a batch. One that was cut short is gone on with; one that is undone stays so.

    In the summary `rows` are the cases the batch had a part in, `accepted` those taken back,
    `repeated` those taken back before, `refused` those kept, because somebody has worked on them
    since. Raises Unknown for a batch that is not there, Denied for who may not.
    """
    begun = time.monotonic()
    case = await desk.case(batches.KIND, batch_id)
    if case is None:
        raise Unknown(
            f"there is no import batch {batch_id}: see `jishi events tail --kind import_batch`",
            what="import batch",
            name=batch_id,
            zh=f"没有导入批次 {batch_id}：可用 `jishi events tail --kind import_batch` 查看",
        )
    undoing = _Undo(desk, batch_id)
    if isinstance(case.state, Undone):
        undoing.summary.rows = undoing.summary.repeated = await undoing.count()
    else:
        await undoing.run(case, progress)
    undoing.summary.seconds = time.monotonic() - begun
    return undoing.summary


class _Undo:
    """One pass over what a batch recorded."""

    def __init__(self, desk: Desk, batch_id: str) -> None:
        self.summary = Summary(batch_id)
        self._desk = desk
        self._id = batch_id

    async def count(self) -> int:
        """How many cases the batch had a part in."""
        return len(await self._parts())

    async def run(self, case: Case, progress: Progress | None) -> None:
        started = case.revision
        if not isinstance(case.state, Undoing):
            done = await self._step("undo", {})
            started = done
        cause = f"{batches.KIND}/{self._id}@{started}"
        parts = iter((await self._parts()).items())
        while portion := list(islice(parts, CASES_AT_ONCE)):
            self.summary.rows += len(portion)
            await self._take_back(portion, cause)
            if progress is not None:
                progress(self.summary)
        counts = {
            "cases": self.summary.accepted + self.summary.repeated,
            "kept": self.summary.refused,
        }
        await self._step("finish_undo", counts)

    async def _step(self, command: str, fields: dict[str, int]) -> int:
        done = await self._desk.do(
            batches.KIND, command, fields, identifier(self._id, command), case_id=self._id
        )
        self.summary.events += 0 if done.replayed else len(done.events)
        return done.revision

    async def _parts(self) -> dict[str, list[int]]:
        """Stream → revisions recorded by this batch, in the order of the log."""
        parts: dict[str, list[int]] = {}
        begun = (await self._desk.log.load(f"{batches.KIND}/{self._id}"))[0].position
        async for event in batches.events_of(self._desk, Filter(kinds=KINDS), after=begun):
            if event.fact != batches.VOIDED and batches.is_by(event, self._id):
                parts.setdefault(event.stream, []).append(event.revision)
        return parts

    async def _take_back(self, portion: Sequence[Part], cause: str) -> None:
        streams = [stream for stream, _ in portion]
        loaded = await asyncio.gather(*[self._desk.log.load(stream) for stream in streams])
        items: list[Append] = []
        whole: list[Part] = []
        apart: list[Part] = []
        for (stream, revisions), events in zip(portion, loaded, strict=True):
            case = fold(self._desk.entry(stream.partition("/")[0]), events)
            if case is None or case.state is None:
                self.summary.repeated += 1
            elif revisions[0] != 1:
                apart.append((stream, revisions))
            elif _worked_on(case):
                self.summary.refused += 1
            else:
                whole.append((stream, revisions))
                items.append(self._void(case, revisions[0], cause, whole=True))
        outcomes = await self._desk.append(items)
        self.summary.events += landed(items, outcomes)
        moved_on = [part for part, done in zip(whole, outcomes, strict=True) if _is_stale(done)]
        self.summary.accepted += len(items) - len(moved_on)
        for stream, revisions in apart:
            await self._take_back_parts(stream, revisions, cause)
        if moved_on:
            await self._take_back(moved_on, cause)

    async def _take_back_parts(self, stream: str, revisions: list[int], cause: str) -> None:
        """Steps added to a case that another batch had begun: the newest first."""
        taken = 0
        for revision in reversed(revisions):
            case = fold(
                self._desk.entry(stream.partition("/")[0]), await self._desk.log.load(stream)
            )
            if case is None or all(told.revision != revision for told in case.held):
                continue
            try:
                item = self._void(case, revision, cause, whole=False)
            except JishiError:
                self.summary.refused += 1
                return
            outcomes = await self._desk.append([item])
            taken += landed([item], outcomes)
        self.summary.events += taken
        if taken:
            self.summary.accepted += 1
        else:
            self.summary.repeated += 1

    def _void(self, case: Case, revision: int, cause: str, *, whole: bool) -> Append:
        names = (self._id, "void", case.stream, str(revision))
        return self._desk.decide(
            case.stream,
            Void(revision=revision, whole=whole, reason=VoidReason.IMPORT_UNDONE),
            case,
            command_id=identifier(*names),
            digest=hashlib.sha256("\n".join(names).encode()).digest(),
            cause=cause,
        )


def _is_stale(outcome: Outcome) -> bool:
    return isinstance(outcome, Stale)


def _worked_on(case: Case) -> bool:
    """Whether anybody but an import has recorded something in it."""
    return any(not batches.by_import(told.stored["cause"]) for told in case.held)
