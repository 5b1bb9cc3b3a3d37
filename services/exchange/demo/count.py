"""核对 · Compare: each published figure beside what the ledger comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.exchange.demo.figures import BESIDE, FIGURES, Figure, Shown


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures with their counts, and the numbers shown beside them."""

    figures: tuple[tuple[Figure, int], ...]
    beside: tuple[tuple[Shown, int], ...]

    @property
    def equal(self) -> int:
        """How many figures are met: exactly, or at least where the source says “more than”."""
        return sum(_met(figure, counted) for figure, counted in self.figures)

    @property
    def of(self) -> int:
        """How many there are."""
        return len(self.figures)

    def json(self, events: int, seconds: float) -> dict[str, Any]:
        """`jishi demo --json` (contract)."""
        return {
            "figures": [figure.row(counted) for figure, counted in self.figures],
            "beside": [
                {"counter": one.counter, "label": one.zh, "counted": counted}
                for one, counted in self.beside
            ],
            "events": events,
            "equal": self.equal,
            "of": self.of,
            "seconds": round(seconds, 3),
        }


def compare(count: Callable[[str, str, Mapping[str, str]], int]) -> Comparison:
    """Ask for every figure."""
    return Comparison(
        tuple((one, count(one.counter, one.area, one.where)) for one in FIGURES),
        tuple((one, count(one.counter, one.area, {})) for one in BESIDE),
    )


def _met(figure: Figure, counted: int) -> bool:
    return counted == figure.published if figure.exact else counted >= figure.published
