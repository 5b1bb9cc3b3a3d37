"""发车 · What the relay sends for a stretch of the log: pure, so that it can be tested as such."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from events.envelope import Recorded
from streams.lease import Standing
from streams.limits import KafkaLimits
from streams.wire import Headers, Packed, headers_of, key_of, pack, part_of, runs_of

RECORD_BYTES = 512 << 10
"""How much a packed record may grow to. One event alone may be longer: it goes by itself."""


class Record(NamedTuple):
    """One record of Kafka's."""

    topic: str
    part: int
    key: bytes | None
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be sent, and where the relay stands once it is acknowledged."""

    records: list[Record]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Topics:
    """The two topics by name. `events` is None where single events are not sent."""

    events: str | None
    batches: str

    @classmethod
    def of(cls, limits: KafkaLimits) -> Topics:
        """As the limits name them."""
        return cls(limits.events_topic if limits.single_events else None, limits.batches_topic)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that must be there."""
        return (self.batches,) if self.events is None else (self.events, self.batches)


def load_of(
    events: Sequence[Recorded], standing: Standing, log: str, topics: Topics, *, marks: bool
) -> Load:
    """The records of the events that follow a standing, in the order in which they are sent.

    `marks`: partitions that get no event are told how far the log has come.
    """
    upto = events[-1].position if events else standing.position
    parts, reached = standing.parts, list(standing.reached)
    runs = runs_of(events, log, parts, reached, upto)
    if marks:
        busy = {run.part for run in runs}
        idle = (part for part in range(parts) if part not in busy and reached[part] < upto)
        runs += [Packed(log, part, parts, reached[part], upto, ()) for part in idle]
    records: list[Record] = []
    for run in runs:
        for piece in pieces_of(run):
            value, headers = pack(piece)
            records.append(Record(topics.batches, run.part, None, value, headers))
        reached[run.part] = upto
    # After the runs: it takes a while to hand them over one by one, and our own workers wait.
    singles, newest = _singles(events, standing, log, topics.events)
    return Load([*records, *singles], Standing(upto, tuple(reached), newest))


def _singles(
    events: Sequence[Recorded], standing: Standing, log: str, topic: str | None
) -> tuple[list[Record], tuple[int, ...]]:
    """One record for each event; its `previous` is the event before it in its partition."""
    newest = list(standing.newest)
    records: list[Record] = []
    for event in events:
        part = part_of(event.stream, standing.parts)
        if topic is not None:
            headers = headers_of(event, log, newest[part])
            records.append(Record(topic, part, key_of(event), event.envelope_bytes(), headers))
        newest[part] = event.position
    return records, tuple(newest)


def pieces_of(run: Packed, bytes_max: int = RECORD_BYTES) -> Iterator[Packed]:
    """The run, in as many pieces as it takes that none is too long for one record."""
    begin, size, previous = 0, 0, run.previous
    for place, event in enumerate(run.events):
        if size and size + len(event.body) > bytes_max:
            upto = run.events[place - 1].position
            yield run._replace(previous=previous, upto=upto, events=run.events[begin:place])
            begin, size, previous = place, 0, upto
        size += len(event.body)
    yield run._replace(previous=previous, events=run.events[begin:])
