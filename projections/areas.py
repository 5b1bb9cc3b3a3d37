"""区域树 · The tree of areas, folded from the district map's own facts.

Codes are opaque; the parent stands only here. An area that no fact has defined hangs directly
under the root, so that nothing that was recorded is ever left out of a sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from events.envelope import Recorded
from projections.declare import unknown

AREA_DEFINED = "area.defined"
AREA_PREFIX = "area."


@dataclass
class AreaTree:
    """Parents, names and levels by code. `''` is the root above all areas."""

    parents: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=dict)
    version: int = 0
    """Goes up with every change: what is cached by area is good for one version."""

    def apply(self, events: Iterable[Recorded]) -> None:
        """Fold further facts of the map; others are passed over."""
        for event in events:
            if event.fact == AREA_DEFINED:
                self.define(event.content["data"])

    def define(self, data: dict[str, Any]) -> None:
        """One `area.defined`: {code, name, level, parent}."""
        code = data["code"]
        self.parents[code] = data.get("parent") or ""
        self.names[code] = data.get("name", "")
        self.levels[code] = str(data.get("level", ""))
        self.version += 1

    def node(self, code: str | None) -> str:
        """The node a question is about: the code itself, or with None the top. Where exactly one
        area has no parent that is the top, else the root above them. Raises Unknown."""
        if code:
            if code not in self.parents:
                raise unknown("area", code, self.parents, zh="区域")
            return code
        tops = [area for area, parent in self.parents.items() if not parent]
        return tops[0] if len(tops) == 1 else ""

    def children(self, node: str) -> list[str]:
        """The areas directly below, by code."""
        return sorted(area for area, parent in self.parents.items() if parent == node)

    def path(self, area: str) -> list[str]:
        """The area and everything above it, up to but without the root."""
        path: list[str] = []
        while area and area not in path:
            path.append(area)
            area = self.parents.get(area, "")
        return path

    def is_under(self, area: str, node: str) -> bool:
        """Whether an area is that node or lies below it."""
        return not node or node in self.path(area) or self._adrift(area, node)

    def child_towards(self, node: str, area: str) -> str:
        """The child of `node` below which `area` lies; the area itself where it is the node or
        hangs directly under the root."""
        below = area
        for step in self.path(area):
            if step == node:
                return below
            below = step
        return below if not node else area

    def _adrift(self, area: str, node: str) -> bool:
        """An undefined area belongs to the top."""
        return area not in self.parents and node == self.node(None)
