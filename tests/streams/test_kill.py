"""A server that is killed under load: every acknowledged event is there, once, in order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from events.ports import Append, Appended, Outcome, Repeated
from services.run import postgres
from services.run.migrate import migrate
from streams.check import columns_equal_body
from streams.log import PostgresLog
from streams.schema import SQL, establish
from tests.streams.making import LOG_ID, SHAPES, Spell, written

pytestmark = pytest.mark.process

CALLERS = 24
LAST = "deed/last"


class Own:
    """A server of this test's own, which it may kill."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._servers: list[postgres.Server] = []

    @property
    def dsn(self) -> str:
        return self._servers[-1].dsn

    @property
    def processes(self) -> list[psutil.Process]:
        """The postmaster, then its children."""
        postmaster = psutil.Process(self._servers[-1].pid)
        return [postmaster, *postmaster.children()]

    async def start(self) -> None:
        self._servers.append(await asyncio.to_thread(postgres.start, self._home, talk=print))

    async def stop(self) -> None:
        for server in self._servers:
            await asyncio.to_thread(server.stop)


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    made = Own(tmp_path)
    await made.start()
    connection = await asyncpg.connect(made.dsn)
    await migrate(connection, [SQL])
    await establish(connection, log_id=LOG_ID)
    await connection.close()
    yield made
    await made.stop()


class Load:
    """Callers that append without end, each on streams of its own, and remember every answer."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._news = asyncio.Condition()
        self.ended = False
        self.answers: list[tuple[Append, Outcome]] = []

    async def run(self) -> None:
        await asyncio.gather(*(self._call(number) for number in range(CALLERS)))

    async def _call(self, number: int) -> None:
        step = 0
        while not self.ended:
            item = written(f"deed/{number}-{step // 10}", 2 * (step % 10), [Spell(), Spell()])
            (outcome,) = await self._log.append([item])
            self.answers.append((item, outcome))
            step += 1
            async with self._news:
                self._news.notify_all()

    async def more(self, count: int) -> None:
        """Until so many more have been acknowledged."""
        until = len(self.answers) + count
        async with self._news:
            await self._news.wait_for(lambda: len(self.answers) >= until)

    def end(self) -> None:
        self.ended = True


async def follow(log: PostgresLog, seen: list[int]) -> None:
    """Until the last event of all."""
    async for batch in log.follow(0):
        seen += [event.position for event in batch]
        if batch[-1].stream == LAST:
            return


@pytest.mark.process
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(3, marks=pytest.mark.timeout(120)),
        pytest.param(60, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)]),
    ],
)
async def test_a_killed_server_loses_nothing_that_was_acknowledged(own: Own, kills: int) -> None:
    log = await PostgresLog.open(own.dsn, SHAPES)
    load = Load(log)
    running = asyncio.create_task(load.run())
    seen: list[int] = []
    following = asyncio.create_task(follow(log, seen))
    async with asyncio.timeout(40 * kills):
        await load.more(300)
        for number in range(kills):
            # The whole server (and then nobody starts it but we), or in every second round one of
            # its children: then it recovers by itself.
            processes = own.processes
            whole = number % 2 == 0
            os.kill(processes[0 if whole else -1].pid, signal.SIGKILL)
            if whole:
                await asyncio.to_thread(psutil.wait_procs, processes, 20)
                await own.start()
            await load.more(300)
        await load.more(50)
        load.end()
        await running
        last = written(LAST, 0)
        load.answers.append((last, (await log.append([last]))[0]))
        head = await log.head()
        await following
    assert seen == list(range(1, head + 1))
    there = {
        event.position: event
        for page in range(0, head, 10_000)
        for event in await log.read(after=page, limit=10_000)
    }
    for item, outcome in load.answers:
        assert isinstance(outcome, Appended | Repeated)
        for offset, draft in enumerate(item.drafts):
            assert there.pop(outcome.position + offset).body == draft.body
    assert there == {}
    assert (await columns_equal_body(log, SHAPES)).whole
    await log.close()
