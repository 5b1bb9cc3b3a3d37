"""报文 · What travels over Kafka: single events for everybody, packed runs for our own workers.

Topic `jishi.events`: one record is one event, a CloudEvent in binary mode whose data is the
envelope. Topic `jishi.batches`: one record is a run of events of one partition, since a worker
pays by the record. Both are written by the relay in the order of positions, with `previous` beside
each record: the position up to which this partition is known to hold nothing else before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from events import codec
from events.clock import from_micros, instant_of, micros, text_of
from events.envelope import Recorded
from events.errors import Broken

FORM = b"1"
BORDER = b',"position":'
TYPE_PREFIX = "jishi."

Header = tuple[str, bytes]
Headers = list[Header]
CLOUD_EVENT: Header = ("ce_specversion", b"1.0")
JSON: Header = ("content-type", b"application/json")


class Packed(NamedTuple):
    """A run of events of one partition of one log.

    `previous`: nothing else of this partition lies after it and before the first event; `upto`:
    nor after the last event up to here. A run without events is a position mark: it says only that
    the partition has nothing up to `upto`.
    """

    log: str
    part: int
    parts: int
    previous: int
    upto: int
    events: tuple[Recorded, ...]


def part_of(stream: str, parts: int) -> int:
    """The partition of a stream: CRC-32 of its name (as in zip files), modulo the number of
    partitions. The same in every language and in every version of this program."""
    return zlib.crc32(stream.encode()) % parts


def key_of(event: Recorded) -> bytes:
    """The record's key: its stream, so that a foreign consumer can group by case."""
    return event.stream.encode()


def headers_of(event: Recorded, log: str, previous: int) -> Headers:
    """CloudEvents 1.0 attributes, then ours. `ce_id` is unique within `ce_source`. What is the same
    for many events is not written anew for each: a million of them pass here."""
    position = b"%d" % event.position
    source, log_header = _of_log(log)
    kind, fact, version = _of_fact(event.fact, event.version)
    return [
        CLOUD_EVENT,
        ("ce_id", position),
        source,
        kind,
        ("ce_subject", event.stream.encode()),
        ("ce_time", text_of(from_micros(event.recorded_at)).encode()),
        JSON,
        log_header,
        ("position", position),
        ("previous", b"%d" % previous),
        ("revision", b"%d" % event.revision),
        fact,
        version,
    ]


@lru_cache(maxsize=64)
def _of_log(log: str) -> tuple[Header, Header]:
    return ("ce_source", f"/logs/{log}".encode()), ("log", log.encode())


@lru_cache(maxsize=1_024)
def _of_fact(fact: str, version: int) -> tuple[Header, Header, Header]:
    kind = f"{TYPE_PREFIX}{fact}".encode()
    return ("ce_type", kind), ("fact", fact.encode()), ("version", b"%d" % version)


def pack(run: Packed) -> tuple[bytes, Headers]:
    """Value and headers of the record of a run: its envelopes, one a line."""
    headers = [
        ("form", FORM),
        ("log", run.log.encode()),
        ("part", b"%d" % run.part),
        ("parts", b"%d" % run.parts),
        ("previous", b"%d" % run.previous),
        ("upto", b"%d" % run.upto),
        ("content-type", b"application/x-ndjson"),
    ]
    return b"\n".join(event.envelope_bytes() for event in run.events), headers


def unpack(value: bytes, headers: Iterable[Header]) -> Packed:
    """The run in a record. Raises Broken where it is not one that `pack` wrote."""
    said = dict(headers)
    try:
        if said["form"] != FORM:
            raise Broken(f"a packed run has form {said['form']!r}: this program reads {FORM!r}")
        return Packed(
            log=said["log"].decode(),
            part=int(said["part"]),
            parts=int(said["parts"]),
            previous=int(said["previous"]),
            upto=int(said["upto"]),
            events=tuple(recorded_of(line) for line in value.split(b"\n") if line),
        )
    except (KeyError, ValueError) as cause:
        raise Broken(f"a packed run cannot be read: {type(cause).__name__} {cause}") from cause


def recorded_of(envelope: bytes) -> Recorded:
    """The event of an envelope as `Recorded.envelope_bytes` writes it. The body comes out with the
    very bytes that were hashed. Raises ValueError or KeyError for anything else."""
    border = envelope.rindex(BORDER)
    body = envelope[:border] + b"}"
    content = codec.parse(body)
    own = codec.parse(b"{" + envelope[border + 1 :])
    event = Recorded(
        position=own["position"],
        stream=content["stream"],
        revision=content["revision"],
        fact=content["fact"],
        version=content["version"],
        recorded_at=micros(instant_of(own["recorded_at"])),
        body=body,
        sha256=bytes.fromhex(own["sha256"]),
    )
    event.__dict__["content"] = content  # it has been read already
    return event


def runs_of(
    events: Sequence[Recorded], log: str, parts: int, reached: Sequence[int], upto: int
) -> list[Packed]:
    """The events of one stretch of the log, parted: one run for each partition that has any.

    `reached[k]` is the position up to which partition k has been told everything; `upto` is where
    the stretch ends.
    """
    by_part: dict[int, list[Recorded]] = {}
    for event in events:
        by_part.setdefault(part_of(event.stream, parts), []).append(event)
    return [
        Packed(log, part, parts, reached[part], upto, tuple(found))
        for part, found in sorted(by_part.items())
    ]
