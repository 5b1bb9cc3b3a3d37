"""转发 · The relay: the log, sent to Kafka in the order of positions. The one file that knows its
client.

The client works in threads of its own: a call that does not return while the broker is away holds
up nothing else, and the process can end at any time. Whatever is under way then is sent again by
the relay that leads next; readers drop what they have.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import structlog
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import (
    BrokerResponseError,
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    NoError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from events.errors import Invalid, Unavailable
from streams.connections import Line, close_pool, pool_of
from streams.leading import Leader, Seldom
from streams.lease import SESSION, Lease
from streams.limits import KafkaLimits, LogLimits
from streams.log import PostgresLog
from streams.relaying import Record, Topics

log = structlog.get_logger("jishi.relay")

Result = TypeVar("Result")

LOOK_SECONDS = 2.0
"""How often it is looked whether the topics are there."""
CONNECT_SECONDS = 5.0
WAIT_SECONDS = 0.2
NEVER_MS = 2_147_483_647
RECORD_BYTES_MAX = 4 << 20
PRODUCER = {
    "acks": "all",
    "enable_idempotence": True,
    # Holds nothing up, since each cycle is flushed; a long one goes out in fewer requests.
    "linger_ms": 5,
    "batch_size": 262_144,
    "max_request_size": RECORD_BYTES_MAX,
    # A record that were given up while later ones of its partition arrive would be missing for
    # ever: none is given up as long as the process lives.
    "delivery_timeout_ms": NEVER_MS,
    "request_timeout_ms": 5_000,
    "reconnect_backoff_max_ms": 1_000,
    "max_block_ms": 10_000,
    "allow_auto_create_topics": False,
}


async def run(
    dsn: str,
    bootstrap: str,
    limits: KafkaLimits,
    log_limits: LogLimits,
    *,
    create_topics: bool,
) -> None:
    """Relay the log of this database for ever, as the leader or in wait. Ends by cancelling.

    `create_topics`: topics that are missing are made, also where they go missing later; without
    it they are waited for. Raises Unavailable where the process must not go on (start it again:
    nothing is lost), Invalid where the topics are not as the settings say, Broken where they have
    been filled beyond the end of the log.
    """
    # It tells of each of its attempts, many a second; what matters is said here.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    event_log = await PostgresLog.open(dsn, {}, limits=log_limits)
    pool = await pool_of(dsn, connections=1, answer_seconds=limits.lease_seconds, session=SESSION)
    line, topics = Line(pool), Topics.of(limits)
    office = Office(bootstrap, topics, limits, create=create_topics)
    try:
        await office.ready()
        lease = Lease(line, limits.prefix, limits.partitions, limits.lease_seconds)
        leader = Leader(event_log, lease, office, topics, limits)
        await _first_to_end(leader.run(), office.look_for_ever())
    finally:
        office.close()
        await line.close()
        await close_pool(pool)
        await event_log.close()


async def _first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Until one of them fails: the others are cancelled, and its error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Office:
    """Kafka, as the relay uses it: `streams.leading.Post`, and the topics."""

    def __init__(
        self, bootstrap: str, topics: Topics, limits: KafkaLimits, *, create: bool
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._limits = limits
        self._create = create
        self._sending = Hand("relay sends")
        self._looking = Hand("relay looks")
        self._producer: KafkaProducer | None = None
        self._admin: KafkaAdminClient | None = None
        self._patience = Seldom()
        self._closed = False

    async def ready(self) -> None:
        """Wait for the broker and the topics. Raises Invalid where those do not fit."""
        while True:
            if await self._look():
                return
            await asyncio.sleep(LOOK_SECONDS / 4)

    async def look_for_ever(self) -> None:
        """See to the topics for as long as the relay runs. Raises Invalid."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def send(self, records: Sequence[Record]) -> None:
        """See `streams.leading.Post`."""
        await self._sending.do(partial(self._send, records))

    def close(self) -> None:
        """Let go. What is not acknowledged by now is given up with the process."""
        self._closed = True
        for client in (self._producer, self._admin):
            if client is not None:
                with contextlib.suppress(KafkaError, RuntimeError):
                    client.close(**({"timeout": 0} if client is self._producer else {}))
        self._sending.end()
        self._looking.end()

    # --- in the threads ---------------------------------------------------------------------------

    def _send(self, records: Sequence[Record]) -> None:
        try:
            self._deliver(records)
        except KafkaError as error:
            raise Unavailable(
                f"Kafka refused a record for good ({error!r}): the relay ends; start it again,"
                " nothing is lost",
                zh=f"Kafka 拒收记录（{error!r}）：转发进程退出；请重新启动，不会丢失任何记录",
            ) from error

    def _deliver(self, records: Sequence[Record]) -> None:
        """Raises the client's error where a record cannot be delivered, ever."""
        producer = self._connected()
        for topic in self._topics.names:
            self._wait_for(producer, topic)
        acknowledged = [
            producer.send(topic, value, key=key, headers=headers, partition=part)
            for topic, part, key, value, headers in records
        ]
        producer.flush()
        for one in acknowledged:
            if one.exception is not None:
                raise one.exception

    def _connected(self) -> KafkaProducer:
        while self._producer is None and not self._closed:
            try:
                self._producer = KafkaProducer(
                    bootstrap_servers=self._bootstrap.split(","),
                    client_id="jishi-relay",
                    bootstrap_timeout_ms=int(CONNECT_SECONDS * 1_000),
                    **PRODUCER,
                )
            except KafkaError:
                time.sleep(WAIT_SECONDS)
        if self._producer is None:
            raise Unavailable("the relay is ending")
        return self._producer

    def _wait_for(self, producer: KafkaProducer, topic: str) -> None:
        """Until the topic is known: before anything of a cycle is handed over, so that all of it
        waits, and the order stays."""
        while True:
            try:
                producer.partitions_for(topic)
            except (KafkaTimeoutError, BrokerResponseError):
                if self._closed:
                    raise
                time.sleep(WAIT_SECONDS)
            else:
                return

    async def _look(self) -> bool:
        """Whether the topics are there, made where that is wanted. Raises Invalid."""
        try:
            missing = await self._looking.do(self._missing)
            if missing and self._create:
                await self._looking.do(partial(self._make, missing))
                log.info("made topics", topics=missing)
                return True
        except KafkaError as error:
            if self._patience.now():
                log.warning("waits for the broker", bootstrap=self._bootstrap, why=repr(error))
            return False
        if missing and self._patience.now():
            log.warning(
                "waits for topics: make them, or start with --create-topics", topics=missing
            )
        return not missing

    def _missing(self) -> list[str]:
        """The topics that are not there. Raises Invalid for one with other partitions."""
        if self._admin is None:
            self._admin = KafkaAdminClient(
                bootstrap_servers=self._bootstrap.split(","),
                client_id="jishi-relay",
                bootstrap_timeout_ms=int(CONNECT_SECONDS * 1_000),
            )
        missing = []
        for topic in self._admin.describe_topics(list(self._topics.names)):
            error = for_code(topic["error_code"])
            if error is UnknownTopicOrPartitionError:
                missing.append(topic["name"])
            elif error not in (NoError, LeaderNotAvailableError):
                raise error(topic["name"])
            elif len(topic["partitions"]) != self._limits.partitions:
                raise _parted_otherwise(topic["name"], len(topic["partitions"]), self._limits)
        return missing

    def _make(self, names: Sequence[str]) -> None:
        configs = {
            "cleanup.policy": "delete",
            "retention.ms": str(self._limits.retention_ms),
            "max.message.bytes": str(RECORD_BYTES_MAX),
        }
        wanted = {
            "num_partitions": self._limits.partitions,
            "replication_factor": self._limits.replication,
            "configs": configs,
        }
        if self._admin is None:
            raise AssertionError("topics are made after looking for them")
        with contextlib.suppress(TopicAlreadyExistsError):
            self._admin.create_topics(dict.fromkeys(names, wanted))


def _parted_otherwise(topic: str, found: int, limits: KafkaLimits) -> Invalid:
    return Invalid(
        f"the topic {topic} has {found} partitions, and JISHI_KAFKA__PARTITIONS is"
        f" {limits.partitions}: set it to {found}, or choose another JISHI_KAFKA__PREFIX for new"
        " topics",
        field="JISHI_KAFKA__PARTITIONS",
        value=limits.partitions,
        zh=f"主题 {topic} 有 {found} 个分区，而 JISHI_KAFKA__PARTITIONS 为 {limits.partitions}："
        f"请改为 {found}，或另设 JISHI_KAFKA__PREFIX 建立新主题",
    )


class Hand:
    """A thread that does blocking work, one piece after the other. The process does not wait for
    it to end."""

    def __init__(self, name: str) -> None:
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None]
        self._work = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def do(self, work: Callable[[], Result]) -> asyncio.Future[Result]:
        """What it comes to."""
        done: Future[Result] = Future()
        self._work.put((work, done))
        return asyncio.wrap_future(done)

    def end(self) -> None:
        """No more work after what it has."""
        self._work.put(None)

    def _run(self) -> None:
        while (given := self._work.get()) is not None:
            work, done = given
            if not done.set_running_or_notify_cancel():
                continue
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 (raised where the result is awaited)
                done.set_exception(error)
