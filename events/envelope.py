"""信封 · A fact on its way into the log (`Draft`), and as it stands there (`Recorded`).

The *body* is what is hashed: `log stream revision fact version about data actor command cause
occurred_at`, as canonical bytes. The *envelope* is the body plus what only the log can say:
`position recorded_at sha256`. Bodies are spliced into envelopes as bytes, never written anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from events import codec
from events.clock import from_micros, instant_of, text_of
from events.errors import Broken
from events.fact import Counted, Fact, Shape, counted

TAKEN, PUT = "taken", "put"
"""Fields of a fact that adjusts others (`record.corrected`, `record.voided`): what it takes back
from the books and what it puts there, each a list of {revision, fact, version, occurred_at, about,
data}. Any fact that has them is read so; the books need to know nothing else about it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One fact ready to be appended: its canonical body, and the columns that stand beside it."""

    fact: str
    version: int
    revision: int
    actor: str
    body: bytes
    counted: Counted
    cause: str | None = None


def draft(
    fact: Fact,
    *,
    log: str,
    zone: ZoneInfo,
    shape: Shape,
    stream: str,
    revision: int,
    actor: str,
    command: UUID,
    occurred_at: datetime,
    cause: str | None = None,
) -> Draft:
    """Write one fact down. `cause` is `stream@revision` of the event that led to it.

    Raises Invalid where a field has no canonical spelling.
    """
    about, plain = fact.about.data(), fact.plain_data()
    data = plain if plain is not None else fact.data()
    write = codec.canonical if plain is None else codec.canonical_plain
    body = write(
        {
            "log": log,
            "stream": stream,
            "revision": revision,
            "fact": fact.fact,
            "version": fact.version,
            "about": about,
            "data": data,
            "actor": actor,
            "command": str(command),
            "cause": cause,
            "occurred_at": text_of(occurred_at),
        }
    )
    columns = counted(shape, about, data, occurred_at, zone, fact)
    return Draft(fact.fact, fact.version, revision, actor, body, columns, cause)


@dataclass(frozen=True)
class Recorded:
    """One event of the log. `body` is as stored; `content` is it parsed, once."""

    position: int
    stream: str
    revision: int
    fact: str
    version: int
    recorded_at: int
    """Microseconds since 1970; never decreases with the position."""
    body: bytes
    sha256: bytes

    @cached_property
    def content(self) -> dict[str, Any]:
        """The parsed body."""
        parsed: dict[str, Any] = codec.parse(self.body)
        return parsed

    @property
    def occurred_at(self) -> datetime:
        """When it happened, as the body says."""
        return instant_of(self.content["occurred_at"])

    @property
    def case(self) -> tuple[str, str]:
        """Kind and id of the stream."""
        kind, _, name = self.stream.partition("/")
        return kind, name

    def verify(self) -> None:
        """Raises Broken where the stored bytes do not have the stored hash."""
        if codec.digest(self.body) != self.sha256:
            raise Broken(f"event {self.position} does not have the hash stored beside it")

    def envelope_bytes(self) -> bytes:
        """The envelope as JSON, the stored body spliced in unchanged."""
        return b'%b,"position":%d,"recorded_at":"%b","sha256":"%b"}' % (
            self.body[:-1],
            self.position,
            text_of(from_micros(self.recorded_at)).encode(),
            self.sha256.hex().encode(),
        )

    def envelope(self) -> dict[str, Any]:
        """The envelope as a value (contract: the same fields everywhere)."""
        return {
            **self.content,
            "position": self.position,
            "recorded_at": text_of(from_micros(self.recorded_at)),
            "sha256": self.sha256.hex(),
        }


def entries(
    event: Recorded, shapes: Mapping[str, Shape], zone: ZoneInfo
) -> Iterator[tuple[int, Counted]]:
    """(sign, columns) of every entry this event makes in the books: its own, +1; then what it
    takes back, −1; then what it puts there, +1. A fact of no known shape makes none."""
    content = event.content
    shape = shapes.get(event.fact)
    if shape is not None:
        yield 1, counted(shape, content["about"], content["data"], event.occurred_at, zone)
    for field, sign in ((TAKEN, -1), (PUT, 1)):
        for item in content["data"].get(field) or ():
            if (moved := shapes.get(item["fact"])) is not None:
                at = instant_of(item["occurred_at"])
                yield sign, counted(moved, item["about"], item["data"], at, zone)
