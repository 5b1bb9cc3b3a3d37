"""区划 · Area: the map of districts, streets, communities and grids, and how it changes.

One stream holds the whole map (`area/map`), since a parent and its children must agree. Codes are
flat and never used again; what lies where stands only here. A fact about an area counts in that
area, so that `streets` and `communities` are sums like any other.

The map is redrawn area by area: each gives shares of itself to others, by list of the areas in it
or by category. Nine communities become 22 by nine of these; 17 become 7 by 17 of them, each with
one share that takes everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from events.errors import Broken
from events.fact import Coded
from events.places import Code
from services.kernel.words import AreaCode, Choice, Help, Label, Name, Party, Refusal, refuse
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

AREAS_MAX = 20_000
SHARES_MAX = 64
LISTED_MAX = 2_000

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


NOT_IN_IT = Refusal(
    "not_in_it",
    "区域 {part} 不直接设在 {code} 之下，不能由其划出",
    "{part} does not lie directly in {code}, which cannot give it away",
)
NAMED_TWICE = Refusal(
    "named_twice",
    "{what} 被划给了两个区域，请只写一次",
    "{what} is given to two areas: name it once",
)
ONE_REST = Refusal(
    "one_rest",
    "只能有一个区域承接其余部分：其他各份请列明所含区域或类别",
    "only one area can take the rest: list the areas or categories of the other shares",
)
NOT_INTO_ITSELF = Refusal(
    "not_into_itself",
    "区域 {code} 不能划入自身或其下级 {into}",
    "{code} cannot go into {into}, which is itself or lies in it",
)
GONE = Refusal(
    "gone",
    "区域 {code} 已并入 {into}，不在现行区划中",
    "{code} has gone into {into}, and is not on today's map",
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
    gone_into: str | None = None
    """The area that took on its rest: it is on the map of its time alone."""


class Share(BaseModel):
    """What another area takes on. The one that lists nothing takes the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: AreaCode
    areas: Annotated[
        tuple[AreaCode, ...], Field(max_length=LISTED_MAX), Label("所含区域", "Areas in it")
    ] = ()
    categories: Annotated[
        tuple[Code, ...], Field(max_length=LISTED_MAX), Label("所含类别", "Categories")
    ] = ()

    @property
    def is_rest(self) -> bool:
        """Whether it takes what no other share lists."""
        return not self.areas and not self.categories


Shares = Annotated[
    tuple[Share, ...],
    Field(
        min_length=1,
        max_length=SHARES_MAX,
        examples=[[{"code": "c2", "areas": ["g1", "g2"]}, {"code": "c3"}]],
    ),
    Label("划入", "Goes into"),
    Help(
        "按所列网格、楼栋或类别划分；未列明内容的一份承接其余",
        "By list of grids and buildings or by category; a share that lists nothing takes the rest",
    ),
]


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


class AreaRedrawn(Fact, zh="区划已重划"):
    """Its parts lie elsewhere from now on. What happened in it before stays on record there."""

    code: AreaCode
    into: Shares
    level: Annotated[
        Level | None, Coded, Label("撤销区域的层级", "Level of the area that is gone")
    ] = None
    """Empty where the area goes on with what it keeps."""

    def apply(self, tree: Map) -> Map:
        """The areas in it move; where one takes the rest, it is on today's map no more."""
        areas = dict(tree.areas)
        listed = {area: share.code for share in self.into for area in share.areas}
        if unknown := {self.code, *listed, *(share.code for share in self.into)} - areas.keys():
            raise Broken(f"{self.code} is redrawn with {min(unknown)}, not on the map before it")
        for area, into in listed.items():
            areas[area] = areas[area]._replace(parent=into)
        for share in self.into:
            if share.is_rest:
                areas[self.code] = areas[self.code]._replace(gone_into=share.code)
                for area in below(tree, self.code):
                    if area not in listed:
                        areas[area] = areas[area]._replace(parent=share.code)
        return replace(tree, areas=areas)


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
            above = areas.get(self.parent)
            if above is None:
                refuse(NO_SUCH_PARENT, parent=self.parent)
            check_on_map(self.parent, above)
            check_depth(self.level, above)
        return AreaDefined(
            about=About(area=self.code, provenance=context.said_by(None)),
            code=self.code,
            name=self.name,
            level=self.level,
            parent=self.parent,
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


class Redraw(Command, zh="重划区域", by=(Party.ADMINISTRATOR, Party.STREET)):
    """Divide an area among others, or let it go into one. They are on the map before."""

    code: AreaCode
    into: Shares

    def decide(self, tree: Map, context: Context) -> AreaRedrawn:
        """Every part goes to one place, and nothing into itself."""
        if self.code not in tree.areas:
            refuse(NO_SUCH_AREA, code=self.code)
        check_on_map(self.code, tree.areas[self.code])
        if sum(share.is_rest for share in self.into) > 1:
            refuse(ONE_REST)
        named = [name for share in self.into for name in (*share.areas, *share.categories)]
        if twice := [name for name in named if named.count(name) > 1]:
            refuse(NAMED_TWICE, what=twice[0])
        for share in self.into:
            self._check(share, tree)
        ends = any(share.is_rest for share in self.into)
        return AreaRedrawn(
            about=About(area=self.code, provenance=context.said_by(None)),
            code=self.code,
            into=self.into,
            level=tree.areas[self.code].level if ends else None,
        )

    def _check(self, share: Share, tree: Map) -> None:
        if (into := tree.areas.get(share.code)) is None:
            refuse(NO_SUCH_AREA, code=share.code)
        check_on_map(share.code, into)
        above: str | None = share.code
        while above is not None:
            if above in (self.code, *share.areas):
                refuse(NOT_INTO_ITSELF, code=above, into=share.code)
            above = tree.areas[above].parent
        inside = below(tree, self.code)
        moving = inside if share.is_rest else share.areas
        for area in moving:
            if area not in inside:
                refuse(NOT_IN_IT, part=area, code=self.code)
            check_depth(tree.areas[area].level, into)


def below(tree: Map, code: str) -> list[str]:
    """The areas directly in one, without those that are gone."""
    return [
        area
        for area, place in tree.areas.items()
        if place.parent == code and place.gone_into is None
    ]


def check_on_map(code: str, place: Place) -> None:
    """Refuses where the area is on today's map no more."""
    if place.gone_into is not None:
        refuse(GONE, code=code, into=place.gone_into)


def check_depth(level: Level, above: Place) -> None:
    """Refuses where the larger would lie in the smaller."""
    nested = {level, above.level} == NESTING
    if not nested and DEPTHS[above.level] >= DEPTHS[level]:
        refuse(
            UPSIDE_DOWN,
            level=level.label.zh,
            above=above.level.label.zh,
            level_en=level.label.en.lower(),
            above_en=above.level.label.en.lower(),
        )


WORKFLOW = Workflow(__name__, zh="区划", key="map", defines="area", in_order=False)
