"""工作进程 · What a worker does with the runs it is handed: every version of every log it serves.

`streams.worker` reads Kafka and knows nothing of projections; here each run is handed to a lane for
every version whose facts come over Kafka. Versions that are new are noticed within a second or
two, and what Kafka does not deliver although the relay has sent it is read from the log.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from events.errors import Unavailable, Unknown
from projections import workers
from projections.database import Database
from projections.part import Batch
from projections.rebuild import Upkeep
from projections.versions import LEDGER, Version
from services.lanes import Lane
from streams.log import PostgresLog
from streams.wire import Packed

log = structlog.get_logger("jishi.worker")

ROWS_PAUSE_SECONDS = 0.2
"""Rows are for lists and for other programs: a few large batches cost less than many small."""
LOOK_SECONDS = 1.0
NOTE_SECONDS = 5.0
HEALS_MAX = 3
"""So often the log is read instead of Kafka in a row: then a worker that starts afresh is due."""
SESSION = {
    # A worker that was stopped and goes on later must not have held up the one that took over.
    "idle_in_transaction_session_timeout": "4000",
    "lock_timeout": "2000",
}
ANSWER_SECONDS = 30.0
PATIENCE_SECONDS = 30.0

Key = tuple[str, str, int]
"""Log, version, part."""


@dataclass(frozen=True)
class Served:
    """One log that is served, and what looks after its projections."""

    log: PostgresLog
    upkeep: Upkeep
    topics: str
    """What the names of its topics begin with."""

    async def told(self) -> tuple[int, ...]:
        """By partition: up to where the relay has told its readers everything."""
        return await self.log.relayed(self.topics)


class Serving:
    """Every lane of one worker. `parts` are those it was given; `projections` limits which ones it
    serves (none = all); `failed` is told of what cannot be lived with."""

    def __init__(
        self,
        database: Database,
        logs: Sequence[Served],
        *,
        projections: Iterable[str] = (),
        heal_seconds: float,
        failed: Callable[[Exception], None],
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.parts: frozenset[int] = frozenset()
        self._database = database
        self._logs = {served.log.log_id: served for served in logs}
        self._projections = frozenset(projections)
        self._heal_seconds = heal_seconds
        self._failed = failed
        self._lanes: dict[Key, Lane] = {}
        self._changing = asyncio.Lock()
        self._strange: set[object] = set()
        self._noted_at = 0.0

    # --- what the reader of Kafka asks ------------------------------------------------------------

    async def assigned(self, parts: Iterable[int]) -> Mapping[int, int]:
        """These parts, and no others, are read from now on. Returns where to begin, by part, where
        that is known; 0 = at the beginning."""
        self.parts = frozenset(parts)
        await self._arrange()
        await self._say()
        return self._offsets()

    def begins_at(self, offsets: Mapping[int, int]) -> None:
        """By part, at which offset the reader of Kafka goes on."""
        for (_, _, part), lane in self._lanes.items():
            if part in offsets:
                lane.begins_at(offsets[part])

    async def take(self, run: Packed, next_offset: int) -> None:
        """Hand a run to every version. Waits while too much is waiting."""
        for (_, _, part), lane in self._lanes.items():
            if part == run.part:
                lane.reached(next_offset - 1)
        served = self._logs.get(run.log)
        if served is None:
            self._once(run.log, "passes over a log that it does not serve", log=run.log)
            return
        batch = Batch(run.events, run.previous, run.upto, next_offset)
        for (log_id, name, part), lane in list(self._lanes.items()):
            if log_id != run.log or part != run.part:
                continue
            if lane.parts != run.parts:
                self._once((name, run.parts), "passes over records in other parts",
                           name=name, parts=lane.parts, records=run.parts)  # fmt: skip
                continue
            await lane.put(batch)

    async def look(self) -> Mapping[int, int]:
        """What is to be done every second; returns the parts to be read anew, and from where."""
        known = set(self._lanes)
        await self._arrange()
        await self._heal()
        await self._seal()
        now = asyncio.get_running_loop().time()
        if now - self._noted_at > NOTE_SECONDS:
            self._noted_at = now
            for lane in list(self._lanes.values()):
                await lane.note_offset()
        await self._say()
        new = {part for _, _, part in set(self._lanes) - known}
        after = self._offsets()
        return {part: after[part] for part in new}

    async def close(self) -> None:
        """End every lane."""
        self.parts = frozenset()
        for lane in self._lanes.values():
            await lane.end()
        self._lanes.clear()
        await workers.leave(self._database, self.name)

    # --- inside -----------------------------------------------------------------------------------

    def _offsets(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for (_, _, part), lane in self._lanes.items():
            offset = lane.taker.next_offset
            found[part] = min(found.get(part, offset), offset)
        return found

    async def _arrange(self) -> None:
        """A lane for every version and part, and none for those that are gone."""
        async with self._changing:
            wanted = await self._wanted()
            for key in self._lanes.keys() - wanted.keys():
                await self._lanes.pop(key).end()
            for key in sorted(wanted.keys() - self._lanes.keys()):
                served, version = wanted[key]
                pause = 0.0 if version.projection == LEDGER else ROWS_PAUSE_SECONDS
                taker = served.upkeep.taker(version, key[2])
                lane = Lane(taker, version.road.parts, self._failed, pause=pause)
                try:
                    await lane.start()
                except Unknown:
                    continue  # it was dropped just now
                self._lanes[key] = lane

    async def _wanted(self) -> dict[Key, tuple[Served, Version]]:
        found: dict[Key, tuple[Served, Version]] = {}
        for log_id, served in self._logs.items():
            for version in await served.upkeep.over_kafka():
                if self._projections and version.projection not in self._projections:
                    continue
                for part in self.parts:
                    if part < version.road.parts:
                        found[log_id, version.name, part] = served, version
        return found

    async def _heal(self) -> None:
        """Where the relay has sent what has not come for a while, read the log instead."""
        for log_id, served in self._logs.items():
            told = await served.told()
            for (lane_log, name, part), lane in list(self._lanes.items()):
                if lane_log != log_id or lane.parts != len(told):
                    continue
                if lane.taker.position >= told[part] or lane.idle_seconds < self._heal_seconds:
                    continue
                stuck = lane.idle_seconds > self._heal_seconds + PATIENCE_SECONDS
                if lane.busy and not stuck:
                    continue
                if lane.busy or lane.heals >= HEALS_MAX:
                    raise Unavailable(
                        f"part {part} of {name} stands at {lane.taker.position} although the relay "
                        f"has sent everything up to {told[part]}: this worker ends, start it again",
                        zh=f"{name} 的第 {part} 分区停在 {lane.taker.position}，而中继已发到"
                        f" {told[part]}：本进程退出，请重新启动",
                    )
                log.warning("reads the log where Kafka delivers nothing", name=name, part=part,
                            after=lane.taker.position, upto=told[part])  # fmt: skip
                await lane.heal(told[part])

    async def _seal(self) -> None:
        ledgers = {name for _, name, _ in self._lanes}
        for served in self._logs.values():
            for version in await served.upkeep.over_kafka():
                if version.projection == LEDGER and version.name in ledgers:
                    pages = await served.upkeep.seal(version)
                    if pages:
                        log.info("sealed pages", name=version.name, pages=pages)

    async def _say(self) -> None:
        await workers.say(self._database, self.name, self.parts)

    def _once(self, what: object, text: str, **fields: object) -> None:
        if what not in self._strange:
            self._strange.add(what)
            log.warning(text, **fields)
