"""跟进 · What a house keeps in memory follows the log: registers, deadlines, rows, and the ledger.

The ledger that is read may change under way: another version is swapped in, or entries of before
are taken in after all. Then it is loaded anew beside the one that answers, and put in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import structlog

from events.envelope import Recorded
from events.errors import Unavailable
from projections.combine import CHANNEL
from projections.database import Database
from projections.declare import Counter
from projections.ledger import Ledger
from projections.rebuild import Upkeep
from projections.runner import Runner
from projections.slips import SlipSource
from projections.versions import ACTIVE, LEDGER
from services.deadlines import Deadlines
from services.directory import Directory
from services.web.ring import Ring

log = structlog.get_logger("jishi.house")

ROWS_PAUSE_SECONDS = 0.25
REST_SHARE, REST_SECONDS_MIN, REST_SECONDS_MAX = 4, 0.002, 0.05
"""The ledger rests four times as long as it worked: it takes a fifth of the loop at most."""
POLL_SECONDS = 0.5
"""How long the ledger may sleep where notifications of slips are lost."""
LOOK_SECONDS = 1.0
Placed = Callable[[Ledger], None]


class Registers:
    """What else takes in the events that the ring follows."""

    def __init__(self, directory: Directory, deadlines: Deadlines) -> None:
        self._directory = directory
        self._deadlines = deadlines

    async def take(self, events: list[Recorded]) -> None:
        """The next events."""
        self._deadlines.take(events)
        if not self._directory.take(events):
            await self._directory.catch_up()


class Shelf:
    """The ledger that is read. `placed` is told of each that takes the place of the one before."""

    def __init__(
        self, database: Database, upkeep: Upkeep, counters: Iterable[Counter], placed: Placed
    ) -> None:
        self._database = database
        self._upkeep = upkeep
        self._counters = tuple(counters)
        self._placed = placed
        self._news = asyncio.Event()
        self._by_slips = asyncio.Event()
        self._version = ""
        self._ledger: Ledger | None = None

    async def open(self) -> Ledger:
        """The ledger of the version that is read, nothing taken in yet."""
        ledger = await self._upkeep.ledger(self._counters)
        version = await self._upkeep.versions.one(LEDGER, ACTIVE)
        self._take(ledger, version.name)
        return ledger

    async def follow(self, ring: Ring) -> None:
        """Take in what comes: at once where little comes; where much comes, in batches that leave
        the loop to others."""
        clock = asyncio.get_running_loop().time
        while not ring.closed and self._ledger is not None:
            if isinstance(self._ledger.source, SlipSource):
                await self._slips()
            else:
                await ring.news(self._ledger.position)
            began = clock()
            try:
                await self._ledger.catch_up()
            except Unavailable as away:
                log.warning("the numbers wait for the database", why=away.code)
            spent = clock() - began
            await asyncio.sleep(min(max(REST_SHARE * spent, REST_SECONDS_MIN), REST_SECONDS_MAX))

    async def listen(self) -> None:
        """Hear of slips, as soon as they are what is read."""
        await self._by_slips.wait()
        await self._database.hear(CHANNEL, self._news.set, POLL_SECONDS)

    async def look(self) -> None:
        """Notice that another ledger is to be read."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except Unavailable as away:
                log.warning("the ledger cannot be looked up", why=away.code)

    def _take(self, ledger: Ledger, name: str) -> None:
        self._ledger, self._version = ledger, name
        if isinstance(ledger.source, SlipSource):
            self._by_slips.set()

    async def _slips(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), POLL_SECONDS)
        self._news.clear()

    async def _look(self) -> None:
        version = await self._upkeep.versions.one(LEDGER, ACTIVE)
        source = self._ledger.source if self._ledger is not None else None
        outdated = isinstance(source, SlipSource) and source.outdated
        if version.name == self._version and not outdated:
            return
        ledger = self._upkeep.ledger_of(version, self._counters)
        await ledger.catch_up()
        self._take(ledger, version.name)
        self._placed(ledger)
        log.info("reads the ledger anew", name=version.name, position=ledger.position)


async def follow_rows(runner: Runner[Any], ring: Ring) -> None:
    """Rows are for lists and for other programs: a few large batches cost less than many small."""
    while not ring.closed:
        try:
            await runner.catch_up()
        except Unavailable as away:
            log.warning("rows wait for the database", name=runner.name, why=away.code)
        await asyncio.sleep(ROWS_PAUSE_SECONDS)
        await ring.wait(max(runner.position, 0), 60.0)
