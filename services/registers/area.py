"""区划 · Area: the map of districts, streets, communities and grids, and how it changes.

One stream holds the whole map (`area/map`), since a parent and its children must agree. Codes are
flat and never used again; what lies where stands only here. A fact about an area counts in that
area, so that `streets` and `communities` are sums like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from events.errors import Broken
from events.fact import Coded
from services.kernel.words import AreaCode, Choice, Help, Label, Name, Party, Refusal, refuse
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

AREAS_MAX = 20_000

KNOWN_ALREADY = Refusal(
    "known_already",
    "区域编码 {code} 已用于“{name}”，编码不重复使用，请另取",
    "the code {code} stands for {name} already, and codes are never used again: choose another",
)
NO_SUCH_PARENT = Refusal(
    "no_such_parent",
    "区划中没有上级区域 {parent}，请先设立",
    "there is no area {parent} to lie in: define it first",
)
UPSIDE_DOWN = Refusal(
    "upside_down", "{level}不能设在{above}之下", "a {level_en} cannot lie in a {above_en}"
)
NO_SUCH_AREA = Refusal("no_such_area", "区划中没有区域 {code}", "the map has no area {code}")
MAP_FULL = Refusal(
    "map_full",
    "区划已有 {areas} 个区域，达到上限",
    "the map has {areas} areas, as many as it may have",
)


class Level(Choice, zh="层级", en="Level"):
    """How large an area is. A county is a `district`, a town a `street`, a village a community."""

    CITY = "city", "市"
    DISTRICT = "district", "区（县）", "District"
    STREET = "street", "街道（乡镇）", "Street"
    COMMUNITY = "community", "社区（村）", "Community"
    GRID = "grid", "网格"
    ESTATE = "estate", "小区"
    BUILDING = "building", "楼栋"


DEPTHS = {
    Level.CITY: 1,
    Level.DISTRICT: 2,
    Level.STREET: 3,
    Level.COMMUNITY: 4,
    Level.GRID: 5,
    Level.ESTATE: 5,
    Level.BUILDING: 6,
}
"""An area lies in one of a smaller depth; grids and estates may lie in each other."""

NESTING = frozenset({Level.GRID, Level.ESTATE})

MapName = Annotated[
    str,
    StringConstraints(pattern=r"^map$"),
    Field(examples=["map"]),
    Label("区划图", "Map"),
    Help("一个日志只有一张区划图", "A log has one map"),
]
Parent = Annotated[
    AreaCode | None,
    Label("上级区域", "Lies in"),
    Help("最上层的区域没有上级", "Empty for an area at the top"),
]


class Place(NamedTuple):
    """One area as the map has it now."""

    name: str
    level: Level
    parent: str | None


class Map(State, zh="现行区划", en="In force"):
    """The whole tree, by code."""

    areas: Mapping[str, Place]


class AreaDefined(Fact, zh="区划已设立"):
    """There is such an area from now on. Its own `about.area` is the area itself."""

    code: AreaCode
    name: Name
    level: Annotated[Level, Coded]
    parent: Parent = None

    def apply(self, tree: Map | None) -> Map:
        """The first one begins the map. A correction or void that would tear it is refused."""
        areas = tree.areas if tree is not None else {}
        if self.parent is not None and self.parent not in areas:
            raise Broken(f"{self.code} lies in {self.parent}, which is not on the map before it")
        if self.code in areas or self.about.area != self.code:
            raise Broken(f"{self.code} is another area already, or counts in {self.about.area}")
        place = Place(self.name, self.level, self.parent)
        return Map(self.about if tree is None else tree.about, {**areas, self.code: place})


class AreaRenamed(Fact, zh="区划已更名"):
    """The same area under another name; its code and its deeds stay."""

    code: AreaCode
    name: Name

    def apply(self, tree: Map) -> Map:
        """Nothing but the name."""
        if self.code not in tree.areas:
            raise Broken(f"{self.code} is renamed, and not on the map before it")
        place = tree.areas[self.code]._replace(name=self.name)
        return replace(tree, areas={**tree.areas, self.code: place})


class Define(Command, zh="设立区域", by=(Party.ADMINISTRATOR, Party.STREET)):
    """Put an area on the map. The first one begins it."""

    map: MapName = "map"
    code: AreaCode
    name: Name
    level: Level
    parent: Parent = None

    def decide(self, tree: Map | None, context: Context) -> AreaDefined:
        """Parents come before their children, so no area can lie in itself."""
        areas: Mapping[str, Place] = tree.areas if tree is not None else {}
        if known := areas.get(self.code):
            refuse(KNOWN_ALREADY, code=self.code, name=known.name)
        if len(areas) >= AREAS_MAX:
            refuse(MAP_FULL, areas=len(areas))
        if self.parent is not None:
            self._check_parent(areas.get(self.parent))
        return AreaDefined(
            about=About(area=self.code, provenance=context.said_by(None)),
            code=self.code,
            name=self.name,
            level=self.level,
            parent=self.parent,
        )

    def _check_parent(self, above: Place | None) -> None:
        if above is None:
            refuse(NO_SUCH_PARENT, parent=self.parent)
        nested = {self.level, above.level} == NESTING
        if not nested and DEPTHS[above.level] >= DEPTHS[self.level]:
            refuse(
                UPSIDE_DOWN,
                level=self.level.label.zh,
                above=above.level.label.zh,
                level_en=self.level.label.en.lower(),
                above_en=above.level.label.en.lower(),
            )


class Rename(Command, zh="区域更名", by=(Party.ADMINISTRATOR, Party.STREET)):
    """Give an area another name."""

    code: AreaCode
    name: Name

    def decide(self, tree: Map, context: Context) -> AreaRenamed:
        """Only what is on the map can be renamed."""
        if self.code not in tree.areas:
            refuse(NO_SUCH_AREA, code=self.code)
        return AreaRenamed(
            about=About(area=self.code, provenance=context.said_by(None)),
            code=self.code,
            name=self.name,
        )


WORKFLOW = Workflow(__name__, zh="区划", key="map", defines="area", in_order=False)
