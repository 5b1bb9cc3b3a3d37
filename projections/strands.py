"""纱 · A counter as instructions over columns: strands, each for facts laid out alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from events.fact import Shape
from projections.declare import (
    BLANK,
    LABEL,
    MICROS_PER_SECOND,
    Counter,
    Measure,
    Names,
    Values,
    column_of,
    counted_column,
    dimension_of,
    first_of,
)


@dataclass(frozen=True)
class Condition:
    """A comparison of an instant column with the time of occurrence or with T."""

    test: str
    column: str
    limit: int = 0
    """Microseconds."""


@dataclass(frozen=True)
class Only:
    """A text column must (`wanted`) or must not hold one of these."""

    column: str
    values: frozenset[str]
    wanted: bool = True


@dataclass(frozen=True)
class Strand:
    """The facts of a counter that keep its fields in the same columns, and what to do with them.

    `by` are the columns a breakdown groups by ('' = the fact has no such field: blank key).
    """

    weights: tuple[tuple[str, int], ...]
    only: tuple[Only, ...] = ()
    conditions: tuple[Condition, ...] = ()
    value: str | None = None
    """The column that is summed or told apart, or (`elapsed`) the instant it is the time since."""
    elapsed: bool = False
    by: tuple[str, ...] = ()

    @property
    def labels(self) -> frozenset[str]:
        """The body fields that have to be read for it."""
        named = {only.column for only in self.only} | set(self.by)
        return frozenset(name[len(LABEL) :] for name in named if name.startswith(LABEL))


def strands(
    counter: Counter,
    shapes: Mapping[str, Shape],
    where: Mapping[str, Values] | None = None,
    by: Iterable[str] = (),
) -> tuple[Strand, ...]:
    """The counter as instructions over columns, narrowed by a question's `where` and `by`.

    Facts that keep everything in the same columns share a strand. A fact without a field asked
    for in `where` cannot match, unless a blank is what is asked for.
    """
    gathered: dict[Strand, list[tuple[str, int]]] = {}
    for fact in counter.facts:
        shape = shapes[fact]
        only = _filters(counter, shape, where or {})
        if only is None:
            continue
        strand = Strand(
            weights=(),
            only=only,
            conditions=_conditions(counter, shape),
            value=_value_column(counter, shape),
            elapsed=counter.measure is Measure.DURATION,
            by=tuple(dimension_of(shape, name) for name in by),
        )
        gathered.setdefault(strand, []).append((fact, -1 if fact in counter.down_on else 1))
    return tuple(replace(strand, weights=tuple(weights)) for strand, weights in gathered.items())


def texts_of(values: Values) -> frozenset[str]:
    """The alternatives of a condition, as they stand in the columns."""
    return frozenset(values) if isinstance(values, tuple) else frozenset((str(values),))


def _filters(
    counter: Counter, shape: Shape, where: Mapping[str, Values]
) -> tuple[Only, ...] | None:
    filters: list[Only] = []
    for names, wanted in ((counter.where, True), (counter.unless, False), (where, True)):
        for name, values in names.items():
            # A declaration never means a free label, even where one has the name of its field.
            asked = dimension_of(shape, name) if names is where else column_of(shape, name) or ""
            column, texts = asked, texts_of(values)
            if column:
                filters.append(Only(column, texts, wanted))
            elif wanted != ("" in texts):
                return None
    present = [first_of(shape, counter.has)]
    if counter.measure is Measure.DISTINCT:
        present.append(first_of(shape, counter.of))
    columns = (counted_column(shape, name) for name in present if name is not None)
    blank = (Only(c, BLANK, wanted=False) for c in columns if not c.startswith("quantity"))
    return (*filters, *blank)


def _conditions(counter: Counter, shape: Shape) -> tuple[Condition, ...]:
    present = first_of(shape, counter.has)
    quantity = present if present in shape.quantities else None
    asked: list[tuple[str, Names | None, int]] = [
        ("has", quantity, 0),
        ("on_time", counter.on_time, 0),
        ("late", counter.late, 0),
        ("due", counter.due, 0),
        ("has", counter.since, 0),
    ]
    pairs = (("within", counter.within), ("older_than", counter.older_than))
    for test, pair in pairs:
        if pair is not None:
            asked.append((test, first_of(shape, pair[0]), pair[1] * MICROS_PER_SECOND))
    return tuple(
        Condition(test, counted_column(shape, first_of(shape, names) or str(names)), limit)
        for test, names, limit in asked
        if names is not None
    )


def _value_column(counter: Counter, shape: Shape) -> str | None:
    if counter.measure is Measure.DURATION:
        return counted_column(shape, first_of(shape, counter.since or ()) or "")
    name = first_of(shape, counter.of)
    return None if name is None else counted_column(shape, name)
