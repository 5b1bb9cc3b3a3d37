"""区域树 · The tree of areas, folded from the district map's own facts.

Codes are opaque; the parent stands only here. An area that no fact has defined hangs directly
under the root, so that nothing that was recorded is ever left out of a sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from events.envelope import PUT, TAKEN, Recorded
from projections.declare import unknown

ROOT = "root"
"""The area above all areas. It is always there, and stands on no map."""

AREA_DEFINED, AREA_RENAMED = "area.defined", "area.renamed"
AREA_KIND = "area"
AREA_PREFIX = f"{AREA_KIND}."


@dataclass
class AreaTree:
    """Parents, names and levels by code."""

    parents: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    version: int = 0
    """Goes up with every change of shape: what is cached by area is good for one version."""

    _held: dict[tuple[str, int], tuple[str, dict[str, Any]]] = field(
        default_factory=dict, repr=False
    )
    """The facts of the map that hold, by stream and revision."""
    _children: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _children_of: int = field(default=-1, repr=False)
    _paths: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _paths_of: int = field(default=-1, repr=False)

    def apply(self, events: Iterable[Recorded]) -> None:
        """Fold further facts of the map, and what puts them right; others are passed over."""
        for event in events:
            data = event.content["data"]
            if event.fact.startswith(AREA_PREFIX):
                self._held[event.stream, event.revision] = event.fact, data
                self._fold(event.fact, data)
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
                held[stream, item["revision"]] = item["fact"], item["data"]
        self.parents, self.names, self.levels = {}, {}, {}
        self.version += 1
        for key in sorted(held):
            self._fold(*held[key])

    def _fold(self, fact: str, data: dict[str, Any]) -> None:
        if fact == AREA_DEFINED:
            self.define(data)
        elif fact == AREA_RENAMED:
            self.names[data["code"]] = data["name"]

    def define(self, data: dict[str, Any]) -> None:
        """One `area.defined`: {code, name, level, parent}; no parent = directly under the root."""
        code = data["code"]
        self.parents[code] = data.get("parent") or ROOT
        self.names[code] = data.get("name", "")
        self.levels[code] = str(data.get("level", ""))
        self.version += 1

    def node(self, code: str | None) -> str:
        """The node a question is about; None = the root. Raises Unknown with the nearest."""
        if code is None or code == ROOT:
            return ROOT
        if code not in self.parents:
            raise unknown("area", code, (ROOT, *self.parents), zh="区域")
        return code

    def children(self, node: str) -> list[str]:
        """The areas directly below, by code."""
        if self._children_of != self.version:
            self._children = {}
            for area in sorted(self.parents):
                self._children.setdefault(self.parents[area], []).append(area)
            self._children_of = self.version
        return self._children.get(node, [])

    def path(self, area: str) -> list[str]:
        """The area and everything above it, up to the root."""
        if self._paths_of != self.version:
            self._paths, self._paths_of = {}, self.version
        path = self._paths.get(area)
        if path is None:
            path = self._paths[area] = [area]
            while path[-1] != ROOT:
                above = self.parents.get(path[-1], ROOT)
                path.append(ROOT if above in path else above)
        return path

    def is_under(self, area: str, node: str) -> bool:
        """Whether an area is that node or lies below it."""
        return node in self.path(area)

    def child_towards(self, node: str, area: str) -> str:
        """The child of `node` below which an area lies; `node` itself where it is that."""
        path = self.path(area)
        place = path.index(node) if node in path else 0
        return path[max(place - 1, 0)]
