"""问法 · Which counters a question asks for, whether they have the dimensions it names, and how the
figures found become keyed cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from events.errors import Invalid
from events.fact import Shape
from projections.areas import Tree
from projections.declare import (
    CALENDAR,
    ENTRY_TEXTS,
    Counter,
    Measure,
    dimension_of,
    unknown,
)
from projections.evaluate import Evaluation, nothing
from projections.query import Figure, Query

MAPS = ("today", "then")
EXPLAINED_MAX = 500


class Asking:
    """The counters there are, and what may be asked of each."""

    def __init__(self, counters: Mapping[str, Counter], shapes: Mapping[str, Shape]) -> None:
        self._counters = counters
        self._shapes = shapes

    def asked(self, query: Query) -> list[Counter]:
        """The counters a question is about: those named, else all that have what it asks by.

        Raises Unknown for a counter, or a dimension that none of its facts has; Invalid for a map.
        """
        if query.map not in MAPS:
            raise Invalid(f"map is then or today, not {query.map!r}", field="map", value=query.map)
        if not query.counters:
            able = [c for c in self._counters.values() if not self._lacking(c, query)]
            return able or list(self._counters.values())
        asked = []
        for name in query.counters:
            counter = self._counters.get(name)
            if counter is None:
                raise unknown("counter", name, self._counters, zh="指标")
            lacking = self._lacking(counter, query)
            if lacking:
                known = {f for fact in self._facts(counter) for f in self._shapes[fact].fields}
                known |= {*ENTRY_TEXTS, *CALENDAR}
                raise unknown("dimension", lacking[0], known, of=name, zh="维度")
            asked.append(counter)
        return asked

    def with_parts(self, counters: Iterable[Counter]) -> Iterator[Counter]:
        """The same, each rate replaced by its two parts."""
        for counter in counters:
            if counter.measure is Measure.RATIO:
                yield self._counters[counter.numerator or ""]
                yield self._counters[counter.denominator or ""]
            else:
                yield counter

    def _lacking(self, counter: Counter, query: Query) -> list[str]:
        """Dimensions asked for that no fact of the counter has."""
        shapes = [self._shapes[fact] for fact in self._facts(counter)]
        return [
            name
            for name in (*query.where, *query.by)
            if not any(dimension_of(shape, name) for shape in shapes)
        ]

    def _facts(self, counter: Counter) -> tuple[str, ...]:
        parts = (counter.numerator, counter.denominator)
        return counter.facts + tuple(
            fact for name in parts if name is not None for fact in self._counters[name].facts
        )


def keyed(
    evaluation: Evaluation, counter: Counter, query: Query, tree: Tree, node: str
) -> list[tuple[tuple[str, ...], Figure]]:
    """The figures of a counter by key, keys ascending: one where nothing is broken down, else one
    for each key where anything was counted (by area alone: for every child)."""
    figures = evaluation.figures(counter)
    if not query.by:
        return [((), figures.get(0, nothing(counter)))]
    groups = evaluation.scope.groups
    found = {groups.texts(group): f for group, f in figures.items() if not f.empty}
    if query.by == ("area",):
        for child in tree.children(node):
            found.setdefault((child,), nothing(counter))
    return sorted(found.items(), key=lambda item: item[0])


def check_verifiable(counter: Counter) -> None:
    """Raises Invalid for a number of which no part can be told to be verified."""
    if not counter.is_verifiable:
        raise Invalid(
            f"{counter.name} has no verified part: ask for its two parts, or for the number",
            field="of",
            value="verified",
            zh=f"{counter.name} 没有“已核实”部分：请查其分子、分母或数字本身",
        )


def check_limit(limit: int) -> None:
    """Raises Invalid where more events than one answer holds are asked for, or none."""
    if not 1 <= limit <= EXPLAINED_MAX:
        raise Invalid(
            f"limit must be 1 to {EXPLAINED_MAX}, not {limit}", field="limit", value=limit
        )
