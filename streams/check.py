"""核对 · Whether the log is whole: the columns beside each body say what the body says, the hash is
that of the body, positions have no gap, and the recording time never goes back.

Columns serve queries only; the body is what was recorded. Where they differ, the body is right
and every number summed from the columns is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from events import codec
from events.clock import instant_of, micros
from events.envelope import Recorded
from events.fact import Counted, Shape, counted

PAGE_EVENTS = 5_000
DIFFERENCES_MAX = 100


class Row(NamedTuple):
    """One event with everything that stands beside its body."""

    event: Recorded
    actor: str
    cause: str | None
    command_id: UUID
    ordinal: int
    counted: Counted


def row_of(values: Iterable[Any]) -> Row:
    """From the values of one row of `streams.sqltext.ROWS`."""
    rest = iter(values)
    event = Recorded(*islice(rest, 8))
    actor, cause, command_id, ordinal = islice(rest, 4)
    return Row(event, actor, cause, command_id, ordinal, Counted(*rest))


class Checkable(Protocol):
    """A log that shows its columns."""

    @property
    def log_id(self) -> str:
        """The log's id."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its local days."""
        ...

    async def rows(self, after: int, limit: int) -> list[Row]:
        """Events after a position with their columns, oldest first."""
        ...


class Difference(NamedTuple):
    """Column `column` of the event at `position` holds `stored`, and should hold `should_be`."""

    position: int
    column: str
    stored: object
    should_be: object


@dataclass
class Findings:
    """What a check found. `unjudged`: events of facts this program does not know, or knows in
    another version, which made their counted columns; all else of them is checked."""

    events: int = 0
    unjudged: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.differences


async def columns_equal_body(
    log: Checkable, shapes: Mapping[str, Shape], *, after: int = 0, upto: int | None = None
) -> Findings:
    """Check the events after a position. Stops after DIFFERENCES_MAX differences.

    Reads every body: about 30,000 events a second. Positions must go on from `after`.
    """
    findings = Findings()
    before: Recorded | None = None
    while upto is None or after < upto:
        rows = await log.rows(after, PAGE_EVENTS)
        for row in rows if upto is None else [r for r in rows if r.event.position <= upto]:
            findings.events += 1
            findings.differences += _order(row.event, after, before)
            findings.differences += _own(log, row)
            shape = shapes.get(row.event.fact)
            if shape is None or shape.version != row.event.version:
                findings.unjudged += 1
            else:
                findings.differences += _counted(log.zone, shape, row)
            before, after = row.event, row.event.position
            if len(findings.differences) >= DIFFERENCES_MAX:
                return findings
        if len(rows) < PAGE_EVENTS:
            break
    return findings


def _order(event: Recorded, after: int, before: Recorded | None) -> Iterator[Difference]:
    if event.position != after + 1:
        yield Difference(event.position, "position", event.position, after + 1)
    if before is not None and event.recorded_at < before.recorded_at:
        yield Difference(event.position, "recorded_at", event.recorded_at, before.recorded_at)


def _own(log: Checkable, row: Row) -> Iterator[Difference]:
    """What every event has, whatever it tells."""
    event, content = row.event, row.event.content
    yield from _unequal(
        event.position,
        {
            "log": (log.log_id, content["log"]),
            "stream": (event.stream, content["stream"]),
            "revision": (event.revision, content["revision"]),
            "fact": (event.fact, content["fact"]),
            "version": (event.version, content["version"]),
            "actor": (row.actor, content["actor"]),
            "cause": (row.cause, content["cause"]),
            "command_id": (str(row.command_id), content["command"]),
            "occurred_at": (row.counted.occurred_at, micros(instant_of(content["occurred_at"]))),
            "sha256": (event.sha256.hex(), codec.digest(event.body).hex()),
        },
    )


def _counted(zone: ZoneInfo, shape: Shape, row: Row) -> Iterator[Difference]:
    content = row.event.content
    should_be = counted(shape, content["about"], content["data"], row.event.occurred_at, zone)
    if should_be != row.counted:
        pairs: Sequence[tuple[Any, Any]] = list(zip(row.counted, should_be, strict=True))
        yield from _unequal(row.event.position, dict(zip(Counted._fields, pairs, strict=True)))


def _unequal(position: int, pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[Difference]:
    for column, (stored, should_be) in pairs.items():
        if stored != should_be:
            yield Difference(position, column, stored, should_be)
