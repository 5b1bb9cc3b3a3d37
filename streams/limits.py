"""上限 · The limits of a log, each with its default; the settings of the services set them."""

from __future__ import annotations

from dataclasses import dataclass

from events.errors import TooLarge


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Every queue, batch, wait and retry of the log ends somewhere."""

    batch_events: int = 512
    """Events the combiner puts into one batch from several callers."""
    call_events: int = 2_000
    """Events one caller may append in one call."""
    waiting_events: int = 20_000
    """Events that may wait for the combiner; beyond it callers are turned away."""
    batch_loads: int = 256
    """Streams one combined query loads."""
    read_events: int = 10_000
    """Events one read may ask for."""
    patience_seconds: float = 30.0
    """How long a call waits for a database that is away, before it says so."""
    answer_seconds: float = 60.0
    """How long the database may take over one statement, before it counts as lost."""
    poll_seconds: float = 0.5
    """How long a follower may sleep where notifications are lost."""
    connections: int = 8
    """Connections of one log: one appends, one loads, one listens, the others read."""

    def allow_call(self, events: int) -> None:
        """Raises TooLarge for more events than one append may hold."""
        if events > self.call_events:
            raise TooLarge(
                f"{events} facts in one append, the most allowed is {self.call_events}",
                zh=f"一次写入 {events} 条，上限为 {self.call_events} 条",
                limit=self.call_events,
            )

    def allow_read(self, events: int) -> None:
        """Raises TooLarge for no event, or more than one read may ask for."""
        if not 1 <= events <= self.read_events:
            raise TooLarge(
                f"{events} events in one read; 1 to {self.read_events} are allowed",
                zh=f"一次读取 {events} 条，允许 1 至 {self.read_events} 条",
                limit=self.read_events,
            )

    def allow_positions(self, positions: int) -> None:
        """Raises TooLarge for more positions than one read may ask for."""
        if positions > self.read_events:
            raise TooLarge(
                f"{positions} positions in one read; {self.read_events} are allowed",
                zh=f"一次读取 {positions} 个位置，上限为 {self.read_events} 个",
                limit=self.read_events,
            )


LIMITS = LogLimits()


@dataclass(frozen=True, slots=True)
class KafkaLimits:
    """What holds for the road over Kafka, the same for the relay and every worker."""

    prefix: str = "jishi."
    """主题名的开头 · What the names of the topics begin with: `jishi.events`, `jishi.batches`."""
    partitions: int = 8
    """主题的分区数，建立后不可改 · Partitions of each topic; they stay as they were made."""
    retention_ms: int = 604_800_000
    """Kafka 保留记录的毫秒数，默认七天 · How long Kafka keeps what was sent: seven days."""
    replication: int = 1
    """每份记录的副本数；有三台 Kafka 时宜为 3
    · Copies of each record; 3 where there are three brokers."""
    single_events: bool = True
    """是否也逐条发往 `events` 主题，供其他系统取用
    · Whether each event is also sent by itself, to the topic `events`, for other programs."""
    batch_events: int = 1_000
    """Events the relay reads and sends before it waits for Kafka to acknowledge them."""
    mark_seconds: float = 0.05
    """How often, at most, a partition without events is told how far the log has come."""
    lease_seconds: float = 4.0
    """How long a relay that says nothing more stays the leader."""
    flush_seconds: float = 300.0
    """How long the relay waits for a broker that is away, before it ends itself."""
    session_seconds: float = 10.0
    """How long a worker that says nothing more keeps its partitions."""
    heal_seconds: float = 10.0
    """How long a worker that is behind waits for Kafka, before it reads the log itself."""

    @property
    def events_topic(self) -> str:
        """Name of the topic with one event a record, for everybody."""
        return f"{self.prefix}events"

    @property
    def batches_topic(self) -> str:
        """Name of the topic with packed runs, for our own workers."""
        return f"{self.prefix}batches"
