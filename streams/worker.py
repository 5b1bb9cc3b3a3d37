"""工人 · Reads the packed runs of the log from Kafka, with Faust, and hands them on.

Faust brings the group: which worker reads which partitions, and who takes over. It does not decide
what has been done: offsets are hints here. Where a partition is read from says `Reading`, whose
checkpoints stand in the database together with what was made of the runs; what comes twice falls
away there. So nothing that Faust acknowledges too early or too late loses or doubles anything.

The only file that imports Faust. A worker that cannot go on ends with an error: whoever started it
starts it again, and it goes on where the database stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import faust
import structlog
from faust.tables import TableManager
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP
from mode import CrashingSupervisor

from events.errors import Broken, Unavailable
from streams.limits import KafkaLimits
from streams.wire import Packed, unpack

log = structlog.get_logger("jishi.worker")

TAKE_RECORDS = 100
"""Records taken at once: each is a run of up to a thousand events, or half a megabyte."""
WITHIN_SECONDS = 0.02
BUFFER_RECORDS = 64
HEARTBEATS = 10
"""A worker says that it lives so many times before it would be thought dead, and learns as often
whether the partitions are shared out anew."""
FETCH_WAIT_MS = 200
"""How long the broker may keep back its answer where there is nothing to read. Faust says 1,500:
whatever else is asked on that connection waits as long, and two things are as partitions come."""
COMMIT_SECONDS = 2.0
METADATA_MS = 3_000
"""How soon a topic that was made, or made anew, is noticed."""
LOOK_SECONDS = 1.0
WATCH_SECONDS = 0.25
STOP_SECONDS = 5.0
SAID_AGAIN_SECONDS = 30.0


class Reading(Protocol):
    """Whoever takes the runs in. All offsets are by partition."""

    async def assigned(self, parts: Iterable[int]) -> Mapping[int, int]:
        """These partitions, and no others, are read from now on. Returns where to begin."""
        ...

    def begins_at(self, offsets: Mapping[int, int]) -> None:
        """Where reading goes on, as far as the broker has it."""
        ...

    async def take(self, run: Packed, next_offset: int) -> None:
        """A run, and the offset behind it. Raises what the worker cannot live with."""
        ...

    async def look(self) -> Mapping[int, int]:
        """What is to be done every second. Returns partitions to be read anew, and from where."""
        ...


class Unread(dict[Any, Any]):
    """Faust drops records below the offset it has read. Here each goes through, since a topic that
    was made anew begins at 0 again: what was taken in before falls away by its position."""

    def __getitem__(self, key: Any) -> None:
        return None

    def get(self, key: Any, default: Any = None) -> None:
        """Nothing has been read."""
        return


class PromptThread(AIOKafkaConsumerThread):
    """Faust's thread for its consumer, which does not let the broker keep it waiting."""

    def _create_worker_consumer(self, transport: Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        if not hasattr(consumer, "_fetch_max_wait_ms"):
            raise AssertionError("aiokafka names its waiting otherwise now")
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer


class HintedConsumer(Consumer):
    """Begins where the database says, whatever offsets the group has committed."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._read_offset = Unread()

    def _new_consumer_thread(self) -> PromptThread:
        return PromptThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Faust's last step of every assignment."""
        offsets = dict(await super().seek_to_committed())
        worker = worker_of(self)
        parts = [tp.partition for tp in self.assignment() if tp.topic == worker.topic]
        hints = await worker.reading.assigned(parts)
        offsets.update(await self.seek_to({part: hints.get(part, 0) for part in parts}))
        return offsets

    async def seek_to(self, hints: Mapping[int, int]) -> Mapping[TP, int]:
        """Read on from there, or from where the broker begins if it has that no more."""
        worker = worker_of(self)
        if not hints:
            return {}
        wanted = {TP(worker.topic, part): offset for part, offset in hints.items()}
        begins = await self._thread.earliest_offsets(*wanted)
        ends = await self._thread.highwaters(*wanted)
        found: dict[TP, int] = {}
        for tp, offset in wanted.items():
            begin, end = begins.get(tp) or 0, ends.get(tp) or 0
            # Beyond the end: the topic was made anew since. From its beginning, then.
            found[tp] = offset if begin <= offset <= end else begin
        await self._thread.seek_wait(found)
        worker.reading.begins_at({tp.partition: offset for tp, offset in found.items()})
        return found


def worker_of(consumer: HintedConsumer) -> Worker:
    """The worker a consumer belongs to."""
    transport = consumer.transport
    if not isinstance(transport, HintedTransport):
        raise AssertionError("a consumer of another transport")
    return transport.worker


class NoTables(TableManager):
    """There are none. Faust gives a program a second to declare them, and asks for partitions only
    then."""

    async def on_start(self) -> None:
        """Go on at once."""
        await self._update_channels()
        await self.recovery.start()


class HintedTransport(Transport):
    """Faust's transport with our consumer; knows the worker it belongs to."""

    Consumer = HintedConsumer
    worker: Worker


class Worker:
    """One worker process's reader. `group` names those who share the partitions among them;
    `folder` is a place for files of Faust's own, which holds nothing that counts."""

    def __init__(
        self, reading: Reading, *, bootstrap: str, limits: KafkaLimits, group: str, folder: Path
    ) -> None:
        self.reading = reading
        self.topic = f"{limits.prefix}batches"
        self._limits = limits
        self._folder = folder
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._app = app = self._made(bootstrap, group, folder)
        transport = HintedTransport(app.conf.broker_consumer, app, loop=app.loop)
        transport.worker = self
        app.transport = transport
        topic = app.topic(
            self.topic,
            key_type=bytes,
            key_serializer="raw",
            value_type=bytes,
            value_serializer="raw",
        )
        app.agent(topic, name="batches", concurrency=1)(self._read)

    def _made(self, bootstrap: str, group: str, folder: Path) -> faust.App:
        session = self._limits.session_seconds
        return faust.App(
            group,
            loop=asyncio.get_running_loop(),
            broker=[f"kafka://{one}" for one in bootstrap.split(",")],
            datadir=str(folder),
            store="memory://",
            TableManager=NoTables,
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
            agent_supervisor=CrashingSupervisor,
            consumer_auto_offset_reset="earliest",
            consumer_metadata_max_age_ms=METADATA_MS,
            broker_session_timeout=session,
            broker_heartbeat_interval=session / HEARTBEATS,
            broker_commit_interval=COMMIT_SECONDS,
            stream_buffer_maxsize=BUFFER_RECORDS,
            stream_wait_empty=False,
            worker_redirect_stdouts=False,
        )

    async def run(self, ending: asyncio.Event) -> None:
        """Read until it is to end. Raises what it cannot live with: then the process must end."""
        _speak_seldom()
        self._folder.mkdir(exist_ok=True)
        watched = [
            asyncio.create_task(self._watched(what), name=name)
            for name, what in (("clock", self._watch_clock), ("look", self._look))
        ]
        until: asyncio.Future[Any] = asyncio.create_task(ending.wait())
        try:
            await self._app.start()
            await asyncio.wait([until, self._failed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*watched, until):
                task.cancel()
        if self._failed.done():
            # Not stopped in order: what does not work may not end either.
            self._failed.result()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._app.stop(), STOP_SECONDS)

    async def _read(self, stream: Any) -> None:
        async for events in stream.noack_take(TAKE_RECORDS, within=WITHIN_SECONDS):
            for event in events:
                try:
                    message = event.message
                    run = unpack(message.value or b"", message.headers or ())
                    await self.reading.take(run, message.offset + 1)
                except Exception as error:  # noqa: BLE001 (an agent that raises loses events)
                    self.fail(error)
                    await asyncio.Event().wait()
                event.ack()

    def fail(self, error: Exception) -> None:
        """This worker cannot go on."""
        if not self._failed.done():
            self._failed.set_exception(error)

    # --- watching ---------------------------------------------------------------------------------

    async def _watched(self, what: Any) -> None:
        try:
            await what()
        except Exception as error:  # noqa: BLE001 (handed on)
            self.fail(error)

    async def _watch_clock(self) -> None:
        """A process that was stopped for longer than a session has been replaced by another."""
        before = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = time.monotonic()
            if now - before > self._limits.session_seconds:
                raise Unavailable(
                    f"this worker stood still for {now - before:.0f} s, and another has taken its "
                    "place: start it again",
                    zh=f"本工作进程曾停顿 {now - before:.0f} 秒，分区已由其他进程接手：请重新启动",
                )
            if self._app.crashed or self._app.should_stop:
                raise Broken(f"Faust ended: {self._app.crash_reason or 'nobody knows why'}")
            before = now

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            anew = await self.reading.look()
            if anew:
                consumer = self._app.consumer
                if not isinstance(consumer, HintedConsumer):
                    raise AssertionError("another consumer than ours")
                assigned = {tp.partition for tp in consumer.assignment()}
                await consumer.seek_to({p: at for p, at in anew.items() if p in assigned})


class Seldom(logging.Handler):
    """What Faust and its drivers say, as our own log, each thing once in a while: with the broker
    away they say hundreds of lines a second."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """One line, unless it was said a moment ago."""
        now, form = time.monotonic(), str(record.msg)[:200]
        if now - self._said.get(form, -SAID_AGAIN_SECONDS) < SAID_AGAIN_SECONDS:
            return
        self._said[form] = now
        text = record.getMessage()[:500]
        log.warning("kafka", of=record.name, level=record.levelname, text=text)


def _speak_seldom() -> None:
    handler = Seldom()
    for name in ("faust", "mode", "aiokafka", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
