"""到期投影 · Deadlines that run, one row for each stream and clock, from the facts `deadline.*`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from events.clock import instant_of, micros
from events.envelope import Recorded
from projections.rows import Row, Table

SET, RESTED, RESUMED = "deadline.set", "deadline.rested", "deadline.resumed"
EXTENDED, MISSED = "deadline.extended", "deadline.missed"
ENDED, LIFTED = "deadline.ended", "deadline.lifted"
FACTS = frozenset({SET, RESTED, RESUMED, EXTENDED, MISSED, ENDED, LIFTED})

TABLE = Table(
    "due",
    MappingProxyType(
        {
            "stream": "text",
            "clock": "text",
            "tier": "text",
            "area": "text",
            "unit": "text",
            "started_at": "bigint",
            "due_at": "bigint",
            "missed": "boolean",
            "position": "bigint",
        }
    ),
    key=2,
)


@dataclass(frozen=True)
class Running:
    """One clock; `due_at` 0 while it rests."""

    tier: str
    area: str
    unit: str
    started_at: int
    due_at: int
    missed: bool
    position: int


@dataclass(frozen=True)
class Clocks:
    """The clocks of one stream, by name."""

    stream: str
    running: Mapping[str, Running]


class DueProjection:
    """See `projections.rows.RowProjection`."""

    table = TABLE

    def wants(self, event: Recorded) -> bool:
        """Facts of deadlines."""
        return event.fact in FACTS

    def grow(self, state: Clocks | None, stream: str, events: Sequence[Recorded]) -> Clocks:
        """One fact after the other. Raises KeyError for a clock that was never set."""
        running = dict(state.running) if state else {}
        for event in events:
            _take(running, event)
        return Clocks(stream, running)

    def rows(self, state: Clocks) -> list[Row]:
        """One for each clock that has not ended."""
        return [
            (
                state.stream,
                name,
                clock.tier,
                clock.area,
                clock.unit,
                clock.started_at,
                clock.due_at,
                clock.missed,
                clock.position,
            )
            for name, clock in sorted(state.running.items())
        ]


def _take(running: dict[str, Running], event: Recorded) -> None:
    content = event.content
    about, data = content["about"], content["data"]
    # Where each unit or record has a clock of its own, it is another one for each:
    # `callout.report.u1`, `record.challenge.7`.
    own = data.get("of_unit") or data.get("of_revision")
    name = data["clock"] if own is None else f"{data['clock']}.{own}"
    if event.fact in (ENDED, LIFTED):
        running.pop(name, None)
        return
    due_at = micros(instant_of(data["due_at"])) if data.get("due_at") else 0
    if event.fact == SET:
        before = running.get(name)
        running[name] = Running(
            tier=data.get("tier") or "",
            area=about["area"],
            unit=about.get("unit") or "",
            started_at=before.started_at if before else micros(event.occurred_at),
            due_at=due_at,
            missed=False,
            position=event.position,
        )
        return
    clock = replace(running[name], position=event.position)
    if event.fact == MISSED:
        running[name] = replace(clock, missed=True)
    elif event.fact == RESTED:
        running[name] = replace(clock, due_at=0)
    elif event.fact == EXTENDED:
        running[name] = replace(clock, due_at=due_at, missed=False)
    else:
        running[name] = replace(clock, due_at=due_at)
