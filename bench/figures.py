"""数字 · What a measurement comes to: samples, medians, ratios, and whether a goal was met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

OURS = "jishi"


@dataclass(frozen=True)
class Sample:
    """One stretch of work of one contestant. CPU is µs an event: of the program that asks, and of
    the database server."""

    per_second: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    client_us: float = 0.0
    server_us: float = 0.0


Samples = Mapping[str, Sequence[Sample]]
"""By contestant; the n-th sample of each was taken in the same round."""


@dataclass
class Finding:
    """One line of the result. `ours` is None where it was not run; `met` is None where nothing was
    asked or nothing can be said. `also` holds what was measured beside."""

    row: str
    unit: str
    ours: float | None = None
    goal: str = ""
    met: bool | None = None
    peers: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    also: dict[str, float] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """As it stands in results.json."""
        found = asdict(self)
        for name in ("peers", "ratios", "also"):
            found[name] = {key: _rounded(value) for key, value in found[name].items()}
        found["ours"] = None if self.ours is None else _rounded(self.ours)
        return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all lie at or below; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def middle(samples: Sequence[Sample], name: str) -> float:
    """The median of one field."""
    return float(median(getattr(sample, name) for sample in samples))


def ratio(ours: Sequence[Sample], theirs: Sequence[Sample]) -> float:
    """How many times as fast: the median of the ratios of each round, since what disturbs a round
    disturbs both."""
    return median(a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True))


def compared(
    row: str, samples: Samples, *, goals: Mapping[str, float], unit: str = "events/s", goal: str
) -> Finding:
    """Ours against every other contestant; `goals` says how many times as fast as which.

    A goal whose peer is missing is named under `left_out`, and is not judged.
    """
    ours = samples[OURS]
    found = Finding(row, unit, middle(ours, "per_second"), goal)
    for name, theirs in samples.items():
        if name != OURS:
            found.peers[name] = middle(theirs, "per_second")
            found.ratios[name] = ratio(ours, theirs)
    found.also = {
        "cpu_client_us": middle(ours, "client_us"),
        "cpu_server_us": middle(ours, "server_us"),
    }
    judged = [found.ratios[name] >= times for name, times in goals.items() if name in found.ratios]
    found.met = all(judged) if judged else None
    found.left_out = [f"{name}: not measured" for name in goals if name not in found.ratios]
    return found


def latency(row: str, samples: Samples, *, most_ms: float, goal: str) -> Finding:
    """The 99th percentile of ours beside those of the others."""
    ours = samples[OURS]
    found = Finding(row, "ms", middle(ours, "p99_ms"), goal)
    found.met = (found.ours or 0.0) <= most_ms
    found.also = {"p50_ms": middle(ours, "p50_ms")}
    found.peers = {
        name: middle(theirs, "p99_ms")
        for name, theirs in samples.items()
        if name != OURS and middle(theirs, "p99_ms")
    }
    return found


def at_least(row: str, unit: str, ours: float, floor: float, goal: str, **also: float) -> Finding:
    """A figure that should be high."""
    return Finding(row, unit, ours, goal, ours >= floor, also=dict(also))


def at_most(row: str, unit: str, ours: float, ceiling: float, goal: str, **also: float) -> Finding:
    """A figure that should be low."""
    return Finding(row, unit, ours, goal, ours <= ceiling, also=dict(also))


def _rounded(value: float) -> float:
    return round(value, 3) if abs(value) < 100 else round(value, 1)
