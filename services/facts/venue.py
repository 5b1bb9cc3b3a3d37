"""阵地 · Venue, its words, states and facts; what may be done is in the register's file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, StringConstraints

from events.clock import Instant
from events.errors import Broken
from events.fact import Coded, Quantity
from events.places import CODE_PATTERN
from services.kernel.ruled import RuleWord
from services.kernel.words import AreaCode, Choice, Count, Help, Label, Name
from services.kernel.workflow import Fact, State

# ---- choices, fields


class VenueLevel(Choice, zh="阵地层级", en="Level"):
    """Whose venue it is."""

    DISTRICT = "district", "区级"
    STREET = "street", "街道"
    COMMUNITY = "community", "社区"
    GRID = "grid", "网格"
    UNIT = "unit", "单位"


class Function(Choice, zh="功能区", en="Function"):
    """What a venue is laid out for: “一区五中心” (seed 002), and what seed 003 adds."""

    DISPLAY = "display", "展示区", "Display area"
    MEMBERS = "members", "党员活动中心", "Members' centre"
    COUNCIL = "council", "协商议事中心", "Council"
    SAFETY = "safety", "公共安全中心", "Public safety"
    CULTURE = "culture", "文体活动中心", "Culture and sport"
    SERVICE = "service", "便民服务中心", "Services"
    READING = "reading", "百姓书吧", "Reading room"
    AFTER_SCHOOL = "after_school", "四点半课堂", "After-school room"
    INCUBATOR = "incubator", "社会组织孵化园", "Incubator of social organisations"


class Rating(Choice, zh="评定结果", en="Rating"):
    """What a venue was found to be: by a standard, or by a title somebody gave it."""

    COMPLIANT = "compliant", "达标"
    NOT_COMPLIANT = "not_compliant", "未达标"
    DEMO_SITE = "demo_site", "标杆示范点", "Demonstration site"
    CONTACT_SITE = "contact_site", "直接联系点", "Contact site of the city or county"
    SECRETARY_STUDIO = "secretary_studio", "党支部书记工作室", "Secretary's studio"


BY_STANDARD = (Rating.COMPLIANT, Rating.NOT_COMPLIANT)


class Shortfall(Choice, zh="未达标项", en="Falls short in"):
    """What a venue lacks by its standard."""

    AREA = "area", "面积", "Floor area"
    GROUND_FLOOR = "ground_floor", "一层占比", "Share of the ground floor"
    FUNCTIONS = "functions", "功能区", "Functions"


class SharedWith(Choice, zh="开放对象", en="Shared with"):
    """Who may use it beside its own people."""

    RESIDENTS = "residents", "居民"
    COMMUNITY = "community", "其他社区", "Another community"
    SOCIAL_ORGS = "social_orgs", "社会组织", "Social organisations"


class CloseReason(Choice, zh="停用原因", en="Reason"):
    """Why it is a venue no more."""

    MOVED = "moved", "迁址"
    MERGED = "merged", "合并"
    DEMOLISHED = "demolished", "拆除"
    RETURNED = "returned", "归还产权单位", "Given back to its owner"


VenueCode = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["v1"]),
    Label("阵地编号", "Venue"),
]
Floor = Annotated[Count, Field(ge=1), Label("建筑面积（平方米）", "Floor area (m²)")]
GroundFloor = Annotated[
    Count,
    Label("一层面积（平方米）", "Ground floor (m²)"),
]
Functions = Annotated[
    tuple[Function, ...],
    Field(max_length=len(Function)),
    Label("功能区", "Functions"),
]
Year = Annotated[int, Field(ge=1949, le=2200, examples=[2018]), Label("年度", "Year")]
HoursPerWeek = Annotated[
    int,
    Field(ge=0, le=168, examples=[20]),
    Label("每周开放小时", "Hours a week"),
]
Serves = Annotated[
    AreaCode | None,
    Label("服务区域", "Serves"),
    Help("多社区共用时写另一社区", "Where another community shares it"),
]

Start = Annotated[Instant, Label("开始时间", "From")]
Until = Annotated[Instant, Label("结束时间", "Until")]
Minutes = Annotated[Count, Label("分钟", "Minutes")]
ActivityStream = Annotated[
    str,
    StringConstraints(pattern=r"^activity/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"),
    Field(examples=["activity/01920000-0000-7000-8000-000000000000"]),
    Label("用于活动", "For activity"),
]

# ---- states


@dataclass(frozen=True)
class Booking:
    """A span for which somebody has it."""

    start: Instant
    until: Instant
    activity: str | None

    @property
    def minutes(self) -> int:
        """How long."""
        return int((self.until - self.start).total_seconds()) // 60

    def meets(self, start: Instant, until: Instant) -> bool:
        """Whether another span lies in it, or beside it in part."""
        return self.start < until and start < self.until


@dataclass(frozen=True)
class Building:
    """What is true of a venue in every state."""

    code: str
    level: VenueLevel
    floor: int
    ground_floor: int
    functions: tuple[Function, ...]
    ratings: frozenset[Rating] = frozenset()
    shared: frozenset[tuple[SharedWith, str]] = frozenset()
    """With whom, and for which area ('' = its own)."""
    bookings: tuple[Booking, ...] = ()
    """Those not over, used or given back."""

    def booked(self, start: Instant) -> Booking | None:
        """The booking that begins then."""
        return next((one for one in self.bookings if one.start == start), None)

    def without(self, start: Instant) -> Building:
        """The same without that booking. Raises Broken where a correction took it away."""
        if self.booked(start) is None:
            raise Broken("there is no booking that begins then")
        return replace(self, bookings=tuple(one for one in self.bookings if one.start != start))


class Venue(State):
    """One venue."""

    building: Building


class InUse(Venue, zh="在用"):
    """People meet there."""


class Closed(Venue, zh="已停用"):
    """Not any more; what was held there stays in the books."""


# ---- facts


class Extent(Fact):
    """How large a venue is, and what it is laid out for."""

    level: Annotated[VenueLevel, Coded]
    floor: Annotated[Floor, Quantity]
    ground_floor: Annotated[GroundFloor, Quantity] = 0
    functions: Functions = ()


class VenueRegistered(Extent, zh="阵地已登记"):
    """There is such a venue from now on."""

    code: VenueCode
    name: Name

    def apply(self, nothing: None) -> InUse:
        """Not rated yet."""
        building = Building(self.code, self.level, self.floor, self.ground_floor, self.functions)
        return InUse(self.about, building)


class VenueChanged(Extent, zh="阵地已改造", en="Venue changed"):
    """Rebuilt, extended, laid out anew; how it rates is to be seen anew."""

    def apply(self, venue: InUse) -> InUse:
        """The same venue."""
        building = replace(
            venue.building,
            level=self.level,
            floor=self.floor,
            ground_floor=self.ground_floor,
            functions=self.functions,
        )
        return InUse(venue.about, building)


class RatingEnded(Fact, zh="评定已失效", en="Rating ended"):
    """What it was found to be holds no more."""

    rating: Annotated[Rating, Coded]
    level: Annotated[VenueLevel, Coded]

    def apply(self, venue: InUse) -> InUse:
        """One fewer."""
        ratings = venue.building.ratings - {self.rating}
        return InUse(venue.about, replace(venue.building, ratings=ratings))


class VenueRated(Fact, zh="阵地已评定"):
    """What it was found to be. By a standard: that of a rule, for a year."""

    rating: Annotated[Rating, Coded]
    level: Annotated[VenueLevel, Coded]
    floor: Annotated[Floor, Quantity]
    year: Year
    standard: RuleWord | None = None
    shortfalls: Annotated[
        tuple[Shortfall, ...], Field(max_length=len(Shortfall)), Label("未达标项", "Falls short in")
    ] = ()

    def apply(self, venue: InUse) -> InUse:
        """One word by a standard at a time; titles beside it."""
        ratings = venue.building.ratings
        if self.rating in BY_STANDARD:
            ratings -= set(BY_STANDARD)
        return InUse(venue.about, replace(venue.building, ratings=ratings | {self.rating}))


class VenueShared(Fact, zh="阵地已开放共享"):
    """Others may use it; another community's use stands in its book `paired_community`."""

    shared_with: Annotated[SharedWith, Coded]
    level: Annotated[VenueLevel, Coded]
    hours: Annotated[HoursPerWeek, Quantity]
    serves: Serves = None

    def apply(self, venue: InUse) -> InUse:
        """One more."""
        shared = venue.building.shared | {(self.shared_with, self.serves or "")}
        return InUse(venue.about, replace(venue.building, shared=shared))


class SharingEnded(Fact, zh="开放共享已终止"):
    """They may not any more."""

    shared_with: Annotated[SharedWith, Coded]
    level: Annotated[VenueLevel, Coded]
    serves: Serves = None

    def apply(self, venue: InUse) -> InUse:
        """One fewer."""
        shared = venue.building.shared - {(self.shared_with, self.serves or "")}
        return InUse(venue.about, replace(venue.building, shared=shared))


class VenueBooked(Fact, zh="场地已预约"):
    """Somebody has it for a while."""

    level: Annotated[VenueLevel, Coded]
    start: Start
    until: Until
    minutes: Annotated[Minutes, Quantity]
    activity: ActivityStream | None = None
    booked_at: Annotated[Instant, Label("预约时间", "Booked at")]

    def apply(self, venue: InUse) -> InUse:
        """Spans that were over by then are forgotten here: they stand in the history."""
        kept = (one for one in venue.building.bookings if one.until > self.booked_at)
        mine = Booking(self.start, self.until, self.activity)
        return InUse(venue.about, replace(venue.building, bookings=(*kept, mine)))


class BookingReleased(Fact, zh="预约已取消"):
    """It is not needed then."""

    level: Annotated[VenueLevel, Coded]
    start: Start
    minutes: Annotated[Minutes, Quantity]

    def apply(self, venue: InUse) -> InUse:
        """Free again."""
        return InUse(venue.about, venue.building.without(self.start))


class VenueUsed(Fact, zh="场地已使用"):
    """Whoever booked it was there."""

    level: Annotated[VenueLevel, Coded]
    start: Start
    minutes: Annotated[Minutes, Quantity]
    activity: ActivityStream | None = None

    def apply(self, venue: InUse) -> InUse:
        """That booking is done."""
        return InUse(venue.about, venue.building.without(self.start))


class VenueClosed(Fact, zh="阵地已停用"):
    """It is a venue no more."""

    level: Annotated[VenueLevel, Coded]
    reason: Annotated[CloseReason, Coded]

    def apply(self, venue: InUse) -> Closed:
        """For good: what comes back is registered under a code of its own."""
        return Closed(venue.about, venue.building)
