"""区域树 · The tree of areas, folded from the district map's own facts.

Codes are opaque; the parent stands only here. An area that no fact has defined hangs directly
under the root, so that nothing that was recorded is ever left out of a sum.

The map changes: an area is divided among others, or goes into another. A deed keeps the area it
happened in. The tree itself is today's map; `tree.then` is the map as it was at each deed. Both
read *words*: the code of an area, or, where that is not enough to say where a deed lies, a code
with the moment since which the map was as it was then, and the category by which it was divided.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from events.clock import instant_of, micros
from events.envelope import PUT, TAKEN, Recorded
from projections.declare import unknown

ROOT = "root"
"""The area above all areas. It is always there, and stands on no map."""

AREA_DEFINED, AREA_RENAMED, AREA_REDRAWN = "area.defined", "area.renamed", "area.redrawn"
AREA_KIND = "area"
AREA_PREFIX = f"{AREA_KIND}."


PART = "~"
"""Parts the code from the rest in a word. No code has it in it."""
ALWAYS = -(2**62)
"""Since before anything was recorded."""


class Word(NamedTuple):
    """Where a deed lies: the area it happened in, since when the map was as it was then, and the
    category that tells where it lies today (empty = it makes no difference)."""

    area: str
    since: int = ALWAYS
    category: str = ""

    @classmethod
    def of(cls, text: str) -> Word:
        """The word as it stands in the vocabulary."""
        area, part, rest = text.partition(PART)
        if not part:
            return cls(area)
        since, _, category = rest.partition(PART)
        return cls(area, int(since), category)

    def __str__(self) -> str:
        return f"{self.area}{PART}{self.since}{PART}{self.category}"


class Division(NamedTuple):
    """What a deed's word has to tell besides its area."""

    moments: tuple[int, ...]
    """When anything changed above the area, ascending, µs."""
    categories: frozenset[str]
    """By which it was divided."""


class Tree:
    """Questions about a map: today's, or each deed's own."""

    version: int
    parents: dict[str, str]

    def node(self, code: str | None) -> str:
        """The node a question is about; None = the root. Raises Unknown with the nearest."""
        if code is None or code == ROOT:
            return ROOT
        if code not in self.parents:
            raise unknown("area", code, (ROOT, *self.parents), zh="区域")
        return code

    def children(self, node: str) -> list[str]:
        """The areas directly below, by code."""
        raise NotImplementedError

    def path(self, area: str) -> list[str]:
        """The area and everything above it, up to the root."""
        raise NotImplementedError

    def is_under(self, area: str, node: str) -> bool:
        """Whether an area is that node or lies below it."""
        return node in self.path(area)

    def child_towards(self, node: str, area: str) -> str:
        """The child of `node` below which an area lies; `node` itself where it is that."""
        path = self.path(area)
        place = path.index(node) if node in path else 0
        return path[max(place - 1, 0)]


@dataclass
class AreaTree(Tree):
    """Parents, names and levels by code."""

    parents: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    version: int = 0
    """Goes up with every change of shape: what is cached by area is good for one version."""

    _history: dict[str, list[tuple[int, str]]] = field(default_factory=dict, repr=False)
    """In which area each one lay since when."""
    _gone_into: dict[str, str] = field(default_factory=dict, repr=False)
    """The areas that are on no map of today, and which took on the rest of them."""
    _by_category: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """Where deeds of a category went from an area."""
    _held: dict[tuple[str, int], tuple[str, int, dict[str, Any]]] = field(
        default_factory=dict, repr=False
    )
    """The facts of the map that hold, by stream and revision."""
    _children: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _children_of: int = field(default=-1, repr=False)
    _paths: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _paths_of: int = field(default=-1, repr=False)
    _divided: dict[str, Division] = field(default_factory=dict, repr=False)
    _divided_of: int = field(default=-1, repr=False)

    def apply(self, events: Iterable[Recorded]) -> None:
        """Fold further facts of the map, and what puts them right; others are passed over."""
        for event in events:
            data = event.content["data"]
            if event.fact.startswith(AREA_PREFIX):
                told = event.fact, micros(event.occurred_at), data
                self._held[event.stream, event.revision] = told
                self._fold(*told)
            elif TAKEN in data or PUT in data:
                self._adjust(event.stream, data.get(TAKEN) or (), data.get(PUT) or ())

    def _adjust(
        self, stream: str, taken: Iterable[dict[str, Any]], put: Iterable[dict[str, Any]]
    ) -> None:
        held = self._held
        for item in taken:
            held.pop((stream, item["revision"]), None)
        for item in put:
            if item["fact"].startswith(AREA_PREFIX):
                at = micros(instant_of(item["occurred_at"]))
                held[stream, item["revision"]] = item["fact"], at, item["data"]
        self.parents, self.names, self.levels = {}, {}, {}
        self._history, self._gone_into, self._by_category = {}, {}, {}
        self.version += 1
        for key in sorted(held):
            self._fold(*held[key])

    def _fold(self, fact: str, at: int, data: dict[str, Any]) -> None:
        if fact == AREA_DEFINED:
            self.define(data)
        elif fact == AREA_RENAMED:
            self.names[data["code"]] = data["name"]
        elif fact == AREA_REDRAWN:
            self.redraw(data, at)

    def define(self, data: dict[str, Any]) -> None:
        """One `area.defined`: {code, name, level, parent}; no parent = directly under the root."""
        code = data["code"]
        self.parents[code] = data.get("parent") or ROOT
        self._history[code] = [(ALWAYS, self.parents[code])]
        self.names[code] = data.get("name", "")
        self.levels[code] = str(data.get("level", ""))
        self.version += 1

    def redraw(self, data: Mapping[str, Any], at: int) -> None:
        """One `area.redrawn`: {code, into: [{code, areas, categories}]}. The share that names
        neither takes the rest, and then the area is on today's map no more."""
        code, named = data["code"], set[str]()
        for share in data["into"]:
            areas, categories = share.get("areas") or (), share.get("categories") or ()
            for area in areas:
                self._move(area, share["code"], at)
            named.update(areas)
            for category in categories:
                self._by_category.setdefault(code, {})[category] = share["code"]
            if not areas and not categories:
                self._gone_into[code] = share["code"]
        if (rest := self._gone_into.get(code)) is not None:
            for area in [one for one, above in self.parents.items() if above == code]:
                if area not in named:
                    self._move(area, rest, at)
        self.version += 1

    def _move(self, area: str, parent: str, at: int) -> None:
        self.parents[area] = parent
        self._history.setdefault(area, [(ALWAYS, ROOT)]).append((at, parent))
        self._history[area].sort(key=lambda one: one[0])

    def take_map(self, other: AreaTree, renamed: Callable[[str], str]) -> None:
        """Everything another map says, under other codes."""
        for area, parent in other.parents.items():
            code = renamed(area)
            self.parents[code] = renamed(parent)
            self.names[code], self.levels[code] = other.names[area], other.levels[area]
            self._history[code] = [(at, renamed(above)) for at, above in other._history[area]]
        for area, into in other._gone_into.items():
            self._gone_into[renamed(area)] = renamed(into)
        for area, shares in other._by_category.items():
            went = {category: renamed(into) for category, into in shares.items()}
            self._by_category[renamed(area)] = went
        self.version += 1

    # --- the two maps -----------------------------------------------------------------------------

    def on(self, name: str) -> Tree:
        """The map of that name: today's or then's."""
        return self.then if name == "then" else self

    @cached_property
    def then(self) -> ThenTree:
        """The map as it was at each deed."""
        return ThenTree(self)

    def divided(self) -> Mapping[str, Division]:
        """The areas whose code alone does not say where a deed lies. Empty while nothing was
        redrawn."""
        if self._divided_of != self.version:
            self._divided = dict(self._divisions()) if self._is_redrawn else {}
            self._divided_of = self.version
        return self._divided

    @property
    def is_redrawn(self) -> bool:
        """Whether today's map is not the one of every deed's time."""
        return bool(self._gone_into) or self._is_redrawn

    @property
    def _is_redrawn(self) -> bool:
        return bool(self._by_category) or any(len(one) > 1 for one in self._history.values())

    def _divisions(self) -> Iterable[tuple[str, Division]]:
        for area in self.parents:
            ever, moments, categories = [area], set[int](), set[str]()
            for one in ever:  # grows while it is read
                places = self._history.get(one, [])
                moments.update(at for at, _ in places[1:])
                ever += [above for _, above in places if above not in ever]
            chain = [area]
            for one in chain:
                shares = self._by_category.get(one, {})
                categories.update(shares)
                nexts = (*shares.values(), self._gone_into.get(one))
                chain += [into for into in dict.fromkeys(nexts) if into and into not in chain]
            if moments or categories:
                yield area, Division(tuple(sorted(moments)), frozenset(categories))

    def lies_in(self, area: str, category: str = "") -> str:
        """The area of today in which a deed lies that happened in `area`."""
        seen = {area}
        while (into := self._next(area, category)) is not None and into not in seen:
            area = into
            seen.add(area)
        return area

    def _next(self, area: str, category: str) -> str | None:
        return self._by_category.get(area, {}).get(category) or self._gone_into.get(area)

    # --- questions --------------------------------------------------------------------------------

    def children(self, node: str) -> list[str]:
        """See Tree."""
        if self._children_of != self.version:
            self._children = {}
            for area in sorted(self.parents):
                if area not in self._gone_into:
                    above = self.lies_in(self.parents[area])
                    self._children.setdefault(above, []).append(area)
            self._children_of = self.version
        return self._children.get(node, [])

    def path(self, area: str) -> list[str]:
        """See Tree."""
        if self._paths_of != self.version:
            self._paths, self._paths_of = {}, self.version
        path = self._paths.get(area)
        if path is None:
            word = Word.of(area)
            path = self._paths[area] = [self.lies_in(word.area, word.category)]
            while path[-1] != ROOT:
                above = self.lies_in(self.parents.get(path[-1], ROOT))
                path.append(ROOT if above in path else above)
        return path

    def above(self, area: str, moment: int) -> str:
        """In which area another one lay at a moment; before it was on the map, in the first."""
        places = self._history.get(area)
        if not places:
            return ROOT
        return places[max(0, bisect_right(places, moment, key=lambda one: one[0]) - 1)][1]

    def ever_above(self, area: str) -> frozenset[str]:
        """Every area it ever lay in directly."""
        return frozenset(above for _, above in self._history.get(area, ()))


class ThenTree(Tree):
    """The map as it was at each deed: an area has every child it ever had."""

    def __init__(self, today: AreaTree) -> None:
        self._today = today
        self._children: dict[str, list[str]] = {}
        self._paths: dict[str, list[str]] = {}
        self._of = -1

    @property
    def version(self) -> int:  # type: ignore[override]
        """That of the map."""
        return self._today.version

    @property
    def parents(self) -> dict[str, str]:  # type: ignore[override]
        """Every area there is or was."""
        return self._today.parents

    def children(self, node: str) -> list[str]:
        """See Tree."""
        self._follow()
        return self._children.get(node, [])

    def path(self, area: str) -> list[str]:
        """See Tree."""
        self._follow()
        path = self._paths.get(area)
        if path is None:
            word = Word.of(area)
            path = self._paths[area] = [word.area]
            moment = self._moment(word, area)
            while path[-1] != ROOT:
                above = self._today.above(path[-1], moment)
                path.append(ROOT if above in path else above)
        return path

    def _moment(self, word: Word, text: str) -> int:
        """A plain code is read as the map is now."""
        return word.since if PART in text else -ALWAYS

    def _follow(self) -> None:
        if self._of == self._today.version:
            return
        self._children, self._paths, self._of = {}, {}, self._today.version
        for area in sorted(self._today.parents):
            for above in self._today.ever_above(area):
                self._children.setdefault(above, []).append(area)
