"""提问与回答 · What may be asked of the ledger, and what it answers (the public JSON shapes)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from events.clock import text_of
from projections.declare import Counter, Values


class Axis(str, Enum):
    """Which time an `as_of` cuts: what we knew by then, what had happened by then as known now, or
    what had happened by then as we knew it then."""

    RECORDED = "recorded"
    OCCURRED = "occurred"
    BOTH = "both"


@dataclass(frozen=True)
class Query:
    """One question. Empty `counters` = all of them.

    `as_of`: None = now; an instant; or (recorded axis only) a position of the log.
    `map`: on today's map, or as the map was `then`, at each deed.
    `area` None = the root. `unit` is the unit that acted; the other books are `where`.
    `where` and `by` take every dimension of an entry, counted fields by their name, day, month and
    year, and any other field of the body.
    """

    counters: tuple[str, ...] = ()
    area: str | None = None
    unit: str | None = None
    by: tuple[str, ...] = ()
    where: Mapping[str, Values] = field(default_factory=dict)
    as_of: datetime | int | None = None
    axis: Axis = Axis.RECORDED
    map: str = "today"

    @property
    def conditions(self) -> dict[str, Values]:
        """`where`, with the acting unit as one of its conditions."""
        return {**self.where, **({"unit": self.unit} if self.unit else {})}


Number = int | float


@dataclass(frozen=True)
class Figure:
    """One evaluated number, and what stands behind a rate or a statistic."""

    value: Number | None
    verified: int | None = None
    numerator: Number | None = None
    denominator: Number | None = None

    @property
    def empty(self) -> bool:
        """Nothing at all was counted."""
        return not (self.value or self.verified or self.numerator or self.denominator)


@dataclass(frozen=True)
class Cell:
    """One number of an answer."""

    counter: Counter
    area: str
    unit: str | None
    key: str
    figure: Figure

    def json(self, language: str = "zh") -> dict[str, Any]:
        """Contract §3."""
        return {
            "counter": self.counter.name,
            "label": self.counter.zh if language == "zh" else self.counter.en,
            "measure": self.counter.measure.value,
            "measure_word": self.counter.word,
            "area": self.area,
            "unit": self.unit,
            "key": self.key,
            "value": self.figure.value,
            "verified": self.figure.verified,
            "numerator": self.figure.numerator,
            "denominator": self.figure.denominator,
        }


@dataclass(frozen=True)
class Moment:
    """What an answer is true of: the last position seen, the moment T, the axis."""

    position: int
    time: datetime
    axis: Axis

    def json(self) -> dict[str, Any]:
        """Contract §3."""
        return {
            "position": self.position,
            "time": text_of(self.time),
            "axis": self.axis.value,
        }


class AsOf(Protocol):
    """What an answer is true of."""

    def json(self) -> dict[str, Any]:
        """As it stands in the answer."""
        ...


When = TypeVar("When", bound=AsOf)


@dataclass(frozen=True)
class Answer(Generic[When]):
    """Counters in the order asked, keys ascending within each."""

    as_of: When
    cells: tuple[Cell, ...]

    def json(self, language: str = "zh") -> dict[str, Any]:
        """Contract §3: {"as_of", "cells"}."""
        return {
            "as_of": self.as_of.json(),
            "cells": [cell.json(language) for cell in self.cells],
        }

    def value(self, counter: str, key: str = "") -> Number | None:
        """The value of one cell; 0 where there is none."""
        for cell in self.cells:
            if cell.counter.name == counter and cell.key == key:
                return cell.figure.value
        return 0


class Reading(Answer[Moment]):
    """What one log answers."""


@dataclass(frozen=True)
class Line:
    """One event behind a number. A ratio's has numerator and denominator, and no contribution."""

    position: int
    stream: str
    revision: int
    fact: str
    occurred_at: datetime
    recorded_at: datetime
    sha256: str
    contribution: Number | None
    numerator: Number | None = None
    denominator: Number | None = None
    area: str = ""
    area_today: str = ""
    """Where it happened, and where that lies on today's map."""

    def json(self) -> dict[str, Any]:
        """Contract §3; numerator and denominator only where it is a ratio's."""
        line: dict[str, Any] = {
            "position": self.position,
            "stream": self.stream,
            "revision": self.revision,
            "fact": self.fact,
            "area": self.area,
            "area_today": self.area_today,
            "contribution": self.contribution,
            "occurred_at": text_of(self.occurred_at),
            "recorded_at": text_of(self.recorded_at),
            "sha256": self.sha256,
        }
        if self.contribution is None:
            line |= {"numerator": self.numerator, "denominator": self.denominator}
        return line


class Shown(Protocol):
    """One line of an explanation."""

    def json(self) -> dict[str, Any]:
        """As it stands in the answer."""
        ...


OneLine = TypeVar("OneLine", bound=Shown)


@dataclass(frozen=True)
class Opened(Generic[When, OneLine]):
    """The events behind a number, oldest first; `more`: there are others after the last."""

    counter: Counter
    as_of: When
    figure: Figure
    events: tuple[OneLine, ...]
    more: bool

    def json(self, language: str = "zh") -> dict[str, Any]:
        """Contract §3: {"counter","value","events","more"}; `as_of` and the parts of a rate too."""
        return {
            "counter": self.counter.name,
            "label": self.counter.zh if language == "zh" else self.counter.en,
            "as_of": self.as_of.json(),
            "value": self.figure.value,
            "verified": self.figure.verified,
            "numerator": self.figure.numerator,
            "denominator": self.figure.denominator,
            "events": [line.json() for line in self.events],
            "more": self.more,
        }


class Explanation(Opened[Moment, Line]):
    """What one log opens a number to."""
