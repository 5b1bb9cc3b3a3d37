"""分布式演示 · `make distributed`: the distributed shape on this machine, without Docker or Java.

An embedded Postgres and a Kafka of its own, two relays, three workers, one API, and the demo's
data: the log in one database, the numbers in another, which Kafka alone feeds. It says once a
second how far behind each part is. Whatever dies is started again; Ctrl-C ends everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from events.errors import JishiError, Unavailable
from projections.database import Database
from projections.rebuild import Upkeep
from projections.versions import ACTIVE
from services.books import road_of, upkeep_of
from services.commands import Commands
from services.directory import Directory
from services.exchange.demo.showcase import stream
from services.kernel.catalogue import discover
from services.run import broker, postgres, settings
from services.run.children import Child, Children
from services.run.language import language
from services.run.processes import started
from services.run.settings import Settings
from services.terminal import exits
from services.terminal.logs import to_stderr
from services.terminal.program import failed, refused
from services.terminal.say import Say
from services.wiring import prepare
from streams.log import PostgresLog

FOLDER = "distributed"
"""Within the home: its databases are its own."""
READ_DATABASE = "jishi_read"
PROGRAM = Path(sys.executable).with_name("jishi")
RELAYS, WORKERS = 2, 3
LOOK_SECONDS = 1.0
ADDRESS = re.compile(r"^http://\S+", re.MULTILINE)


class Line:
    """The line that says how it stands: at a terminal one line, written over again."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._shown = ""

    def show(self, zh: str, en: str) -> None:
        """How it stands now."""
        text = self._say.text(zh, en)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
        elif text != self._shown:
            self._say.talk(zh, en)
        self._shown = text

    def talk(self, zh: str, en: str) -> None:
        """A line that stays."""
        if sys.stderr.isatty() and self._shown:
            sys.stderr.write("\r\x1b[2K")
        self._say.talk(zh, en)

    def said(self, text: str) -> None:
        """A line that is worded already."""
        self.talk(text, text)

    def ended(self, name: str, code: int) -> None:
        """A child has ended, and is about to be started again."""
        self.talk(
            f"{name} 已结束（{code}），正在重新启动",
            f"{name} has ended ({code}) and is started again",
        )


@dataclass(frozen=True)
class Servers:
    """What the processes of ours work with."""

    postgres: postgres.Server
    kafka: broker.Broker | None
    """None where one was named by the settings."""
    bootstrap: str

    async def keep_up(self, line: Line) -> None:
        """Start again what is gone."""
        if await asyncio.to_thread(self.postgres.keep_up, line.said):
            line.talk("Postgres 已重新启动", "Postgres was started again")
        if self.kafka is not None and started(self.kafka.pid) is None:
            await asyncio.to_thread(self.kafka.revive)
            line.talk("Kafka 已重新启动", "Kafka was started again")


async def run(given: Settings, say: Say) -> int:
    """Start everything, show how it stands until it is to end, end everything."""
    ending, line = asyncio.Event(), Line(say)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    home = given.home / FOLDER
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(line.talk, "已停止", "stopped")
        servers = await servers_of(given, home, line, stack)
        address = servers.postgres.dsn
        await play(address, home, line, say.language)
        if ending.is_set():
            return exits.INTERRUPTED
        found = given.model_copy(
            update={
                "home": home,
                "database_url": address,
                "read_database_url": await second_database(address),
                "kafka_bootstrap": servers.bootstrap,
            }
        )
        await prepare(address, found)
        children = Children(
            home / "processes", environment(found), without=settings.variables(), tell=line.ended
        )
        stack.push_async_callback(children.stop)
        stack.callback(line.talk, "正在结束……", "ending …")
        api = await cast(children)
        standing = await stack.enter_async_context(looking(found))
        while not ending.is_set():
            await servers.keep_up(line)
            await standing.show(line, api)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), LOOK_SECONDS)
    return exits.DONE


async def servers_of(
    given: Settings, home: Path, line: Line, stack: contextlib.AsyncExitStack
) -> Servers:
    """Postgres and Kafka, started or joined; ended with the stack."""
    server = await asyncio.to_thread(postgres.start, home, talk=line.said, limits=given.database)
    stack.push_async_callback(asyncio.to_thread, server.stop)
    if given.kafka_bootstrap is not None:
        return Servers(server, None, given.kafka_bootstrap)
    line.talk("正在启动 Kafka……", "starting Kafka …")
    kafka = await asyncio.to_thread(broker.start, home / "kafka", talk=line.said, keep=True)
    stack.push_async_callback(asyncio.to_thread, kafka.stop)
    return Servers(server, kafka, kafka.bootstrap)


async def play(address: str, home: Path, line: Line, lang: str) -> None:
    """The demo's year, in a process of its own: once, and later only looked at. Raises Unavailable
    where its figures are not the published ones."""
    line.talk("正在演绎或核对荔城的一年……", "playing 荔城's year, or looking at it …")
    words = [f"--unset={name}" for name in settings.variables()]
    words += [f"JISHI_DATABASE_URL={address}", f"JISHI_HOME={home}", f"JISHI_LANG={lang}"]
    words += [str(PROGRAM), "demo", "--once"]
    demo = await asyncio.create_subprocess_exec(
        "env", *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    code = await demo.wait()
    if code not in (exits.DONE, exits.INTERRUPTED):
        raise Unavailable(
            f"the demonstration could not be played (exit code {code}): see above, or remove {home}"
            " and start again",
            zh=f"演示未能完成（退出码 {code}）：见上文，或删去 {home} 后重来",
        )


async def second_database(address: str, name: str = READ_DATABASE) -> str:
    """The database of the read side, on the same server, made where it is missing."""
    connection = await asyncpg.connect(address)
    try:
        known = "SELECT 1 FROM pg_catalog.pg_database AS d WHERE d.datname = $1"
        if await connection.fetchval(known, name) is None:
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return re.sub(r"^(\w+://[^/?]*)(/[^?]*)?", rf"\g<1>/{name}", address)


def environment(found: Settings) -> Mapping[str, str]:
    """What every process of ours is told."""
    return {
        "JISHI_HOME": str(found.home),
        "JISHI_DATABASE_URL": str(found.database_url),
        "JISHI_READ_DATABASE_URL": str(found.read_database_url),
        "JISHI_KAFKA_BOOTSTRAP": str(found.kafka_bootstrap),
        "JISHI_KAFKA__PREFIX": found.kafka.prefix,
        "JISHI_KAFKA__PARTITIONS": str(found.kafka.partitions),
        "JISHI_LANG": found.lang,
    }


async def cast(children: Children) -> Child:
    """Start every process of ours; returns the API."""
    for number in range(RELAYS):
        await children.keep(f"relay-{number + 1}", str(PROGRAM), "relay", "--create-topics")
    for number in range(WORKERS):
        await children.keep(f"worker-{number + 1}", str(PROGRAM), "worker")
    return await children.keep("api", str(PROGRAM), "api", "--deadlines")


class Standing:
    """How far everything is."""

    def __init__(self, log: PostgresLog, upkeep: Upkeep, prefix: str) -> None:
        self._log = log
        self._upkeep = upkeep
        self._prefix = prefix

    async def show(self, line: Line, api: Child) -> None:
        """Say it. Where a database is away for the moment, that is said."""
        board = ADDRESS.search(api.said())
        where = board.group() if board else "…"
        try:
            head = await self._log.head()
            relayed = min(await self._log.relayed(self._prefix), default=0)
            behind = await self._behind(head)
        except JishiError as error:
            line.show(f"{where} · {error.zh or error.detail}", f"{where} · {error.detail}")
            return
        line.show(
            f"{where} · 日志 {head} · 落后：转发 {head - relayed}，投影 {behind}",
            f"{where} · log {head} · behind: relay {head - relayed}, projections {behind}",
        )

    async def _behind(self, head: int) -> int:
        """How many events the version that is furthest behind lacks."""
        versions = [one for one in await self._upkeep.over_kafka() if one.state == ACTIVE]
        return max([head - await self._upkeep.position(one) for one in versions], default=head)


@contextlib.asynccontextmanager
async def looking(found: Settings) -> AsyncIterator[Standing]:
    """Look at the log and the numbers, and let the made-up district go on."""
    catalogue = discover()
    async with contextlib.AsyncExitStack() as stack:
        log = await PostgresLog.open(str(found.database_url), catalogue.shapes, limits=found.log)
        stack.push_async_callback(log.close)
        database = await Database.open(str(found.read_database_url))
        stack.push_async_callback(database.close)
        directory = Directory(log, catalogue)
        await directory.catch_up()
        gentle = asyncio.create_task(_go_on(Commands(log, catalogue, directory)))
        try:
            upkeep = upkeep_of(database, log, catalogue, road_of(found))
            yield Standing(log, upkeep, found.kafka.prefix)
        finally:
            gentle.cancel()
            await asyncio.gather(gentle, return_exceptions=True)


async def _go_on(commands: Commands) -> None:
    """The gentle stream of the demo, also after the database was away."""
    while True:
        with contextlib.suppress(JishiError):
            await stream(commands)
        await asyncio.sleep(LOOK_SECONDS)


def main() -> int:
    """`python -m services.terminal.distributed`; the exit code."""
    say = Say(language())
    to_stderr(quiet=False)
    try:
        return asyncio.run(run(settings.read(), say))
    except JishiError as error:
        return refused(say, error)
    except Exception:  # noqa: BLE001 (the last stop, as in services.terminal.program)
        return failed(say)


if __name__ == "__main__":
    sys.exit(main())
