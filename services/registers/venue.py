"""阵地 · Venue: service centres and other places, how large, what for, rated, shared.

Stream `venue/<code>`. A rating by a standard reads a rule of numbers (`venue.community`, say, whose
names are `area`, `ground_percent`, `functions`) in the version of that day, so that a later
standard does not undo an earlier word. Titles (示范点, 书记工作室) are ratings too, and stand
beside it.

Source: seed 002 (街道≥1500㎡, 社区>1000㎡, 一层≥50%; 60/80/100% in three years).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from events.clock import local_day, text_of
from services.facts.venue import (
    BY_STANDARD,
    ActivityStream,
    Booking,
    BookingReleased,
    Building,
    CloseReason,
    Floor,
    Functions,
    GroundFloor,
    HoursPerWeek,
    InUse,
    Rating,
    RatingEnded,
    Serves,
    SharedWith,
    SharingEnded,
    Shortfall,
    Start,
    Until,
    VenueBooked,
    VenueChanged,
    VenueClosed,
    VenueCode,
    VenueLevel,
    VenueRated,
    VenueRegistered,
    VenueShared,
    VenueUsed,
)
from services.kernel import ruled
from services.kernel.ruled import RuleWord
from services.kernel.words import AreaCode, Help, Label, Name, Party, Refusal, UnitCode, refuse
from services.kernel.workflow import About, Command, Context, Workflow

BOOKINGS_MAX = 500
LONGEST = timedelta(days=3)
KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.UNIT_ADMIN)
RATERS = (Party.ADMINISTRATOR, Party.STREET, Party.LEADER, Party.AUDITOR)
"""Who rates: never the community its own."""

USERS = (*KEEPERS, Party.HANDLER, Party.WORKER)

GROUND_FLOOR_LARGER = Refusal(
    "ground_floor_larger",
    "一层面积 {ground} 大于建筑面积 {floor}",
    "the ground floor ({ground}) is larger than the whole ({floor})",
)
NO_STANDARD = Refusal(
    "no_standard",
    "规则 {rule} 未发布或未生效，请先发布标准",
    "the rule {rule} is not in force: lay down the standard first",
)
BY_STANDARD_ONLY = Refusal(
    "by_standard_only",
    "达标与否按标准评定，请用“评定”",
    "whether it complies is for `rate`, by a standard",
)
TITLE_ALREADY = Refusal("title_already", "已是“{title}”", "it is a {title_en} already")
NOT_A_TITLE = Refusal("not_a_title", "不是“{title}”", "it is no {title_en}")
SHARED_ALREADY = Refusal(
    "shared_already", "已向其开放，如有变化请先终止", "it is shared so already: end that first"
)
NOT_SHARED = Refusal("not_shared", "未向其开放", "it is not shared so")
NOT_A_SPAN = Refusal(
    "not_a_span",
    "预约须有先后，尚未结束，且不超过 {hours} 小时",
    "a booking begins before it ends, is not over yet, and lasts {hours} hours at most",
)
BOOKED_ALREADY = Refusal(
    "booked_already",
    "{start} 至 {until} 已有预约（{by}）",
    "it is booked from {start} until {until} ({by})",
)
BOOKED_UP = Refusal("booked_up", "预约已满 {most} 个", "it has {most} bookings, as many as may be")
NO_SUCH_ACTIVITY = Refusal("no_such_activity", "没有 {activity}", "there is no {activity} here")
NOT_BOOKED = Refusal("not_booked", "没有 {start} 开始的预约", "no booking begins at {start}")
NOT_BEGUN = Refusal("not_begun", "{start} 才开始", "it begins at {start}")
STILL_IN_BOOKS = Refusal(
    "still_in_books",
    "请先摘牌并终止共享，再停用",
    "end its titles and its sharing first",
)
OWN_AREA = Refusal(
    "own_area", "{area} 是本阵地所在区域，无需写明", "{area} is its own area: leave it out"
)


class Register(Command, zh="登记阵地", by=KEEPERS):
    """Enter a venue under a code of its own."""

    code: VenueCode
    name: Name
    area: AreaCode
    unit: Annotated[UnitCode | None, Label("管理单位", "Kept by")] = None
    level: VenueLevel
    floor: Floor
    ground_floor: GroundFloor = 0
    functions: Functions = ()

    def decide(self, nothing: None, context: Context) -> VenueRegistered:
        """Whatever its size: the standard is asked when it is rated."""
        check_floors(self.floor, self.ground_floor)
        about = About(area=self.area, unit=self.unit, provenance=context.said_by(None))
        return VenueRegistered(
            about=about,
            code=self.code,
            name=self.name,
            level=self.level,
            floor=self.floor,
            ground_floor=self.ground_floor,
            functions=tuple(dict.fromkeys(self.functions)),
        )


class Change(Command, zh="改造", by=KEEPERS):
    """Say how large it is now, and what it is laid out for."""

    floor: Floor
    ground_floor: GroundFloor = 0
    functions: Functions = ()

    def decide(self, venue: InUse, context: Context) -> VenueChanged:
        """How it rates is seen anew by the next rating."""
        check_floors(self.floor, self.ground_floor)
        return VenueChanged(
            about=context.said(venue.about),
            level=venue.building.level,
            floor=self.floor,
            ground_floor=self.ground_floor,
            functions=tuple(dict.fromkeys(self.functions)),
        )


class Rate(Command, zh="评定", by=RATERS):
    """Measure it by the standard of a rule."""

    standard: Annotated[RuleWord, Label("标准", "Standard"), Help("标准规则的编码", "Its rule")]

    def reads(self, kind: str) -> tuple[str, ...]:
        """The standard."""
        return (ruled.stream(self.standard),)

    def decide(self, venue: InUse, context: Context) -> VenueRated | tuple[RatingEnded, VenueRated]:
        """What was found before, by a standard, ends with it."""
        numbers = ruled.numbers(context, self.standard)
        if numbers is None:
            refuse(NO_STANDARD, rule=self.standard)
        building, about = venue.building, context.said(venue.about)
        short = shortfalls(building, numbers)
        rated = VenueRated(
            about=about,
            rating=Rating.NOT_COMPLIANT if short else Rating.COMPLIANT,
            level=building.level,
            floor=building.floor,
            year=local_day(context.occurred_at, context.calendar.zone).year,
            standard=self.standard,
            shortfalls=short,
        )
        before = next((one for one in BY_STANDARD if one in building.ratings), None)
        if before is None:
            return rated
        return RatingEnded(about=about, rating=before, level=building.level), rated


class Title(Command, zh="授牌", en="Give a title", by=RATERS):
    """Give it a title: demonstration site, contact site, secretary's studio."""

    title: Annotated[Rating, Label("称号", "Title")]

    def decide(self, venue: InUse, context: Context) -> VenueRated:
        """Each once."""
        building, title = venue.building, self.title
        if title in BY_STANDARD:
            refuse(BY_STANDARD_ONLY)
        if title in building.ratings:
            refuse(TITLE_ALREADY, title=title.label.zh, title_en=title.label.en.lower())
        return VenueRated(
            about=context.said(venue.about),
            rating=title,
            level=building.level,
            floor=building.floor,
            year=local_day(context.occurred_at, context.calendar.zone).year,
        )


class EndTitle(Command, zh="摘牌", en="End a title", by=RATERS):
    """Say that it bears a title no more."""

    title: Annotated[Rating, Label("称号", "Title")]

    def decide(self, venue: InUse, context: Context) -> RatingEnded:
        """Only one it bears."""
        if self.title not in venue.building.ratings or self.title in BY_STANDARD:
            refuse(NOT_A_TITLE, title=self.title.label.zh, title_en=self.title.label.en.lower())
        about = context.said(venue.about)
        return RatingEnded(about=about, rating=self.title, level=venue.building.level)


class Share(Command, zh="开放共享", by=(*KEEPERS, Party.HANDLER)):
    """Open it to others: residents, social organisations, another community."""

    shared_with: SharedWith
    hours: HoursPerWeek = 0
    serves: Serves = None

    def decide(self, venue: InUse, context: Context) -> VenueShared:
        """Each once; what changes is ended first."""
        about = context.said(venue.about)
        if self.serves is not None:
            if self.serves == venue.about.area:
                refuse(OWN_AREA, area=self.serves)
            about = about.at(books={"paired_community": self.serves})
        if (self.shared_with, self.serves or "") in venue.building.shared:
            refuse(SHARED_ALREADY)
        return VenueShared(
            about=about,
            shared_with=self.shared_with,
            level=venue.building.level,
            hours=self.hours,
            serves=self.serves,
        )


class EndSharing(Command, zh="终止共享", by=(*KEEPERS, Party.HANDLER)):
    """Say that it is not open to them any more."""

    shared_with: SharedWith
    serves: Serves = None

    def decide(self, venue: InUse, context: Context) -> SharingEnded:
        """In the books in which it was shared."""
        if (self.shared_with, self.serves or "") not in venue.building.shared:
            refuse(NOT_SHARED)
        about = context.said(venue.about)
        if self.serves is not None:
            about = about.at(books={"paired_community": self.serves})
        return SharingEnded(
            about=about,
            shared_with=self.shared_with,
            level=venue.building.level,
            serves=self.serves,
        )


class Book(Command, zh="预约场地", by=USERS):
    """Ask for it for a while."""

    start: Start
    until: Until
    activity: ActivityStream | None = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """The activity it is for."""
        return (self.activity,) if self.activity else ()

    def decide(self, venue: InUse, context: Context) -> VenueBooked:
        """Nobody else has it then."""
        building = venue.building
        if not (context.occurred_at < self.until and self.start < self.until) or (
            self.until - self.start > LONGEST
        ):
            refuse(NOT_A_SPAN, hours=LONGEST // timedelta(hours=1))
        if self.activity is not None and self.activity not in context.cases:
            refuse(NO_SUCH_ACTIVITY, activity=self.activity)
        live = [one for one in building.bookings if one.until > context.occurred_at]
        for one in live:
            if one.meets(self.start, self.until):
                start, until = text_of(one.start), text_of(one.until)
                refuse(BOOKED_ALREADY, start=start, until=until, by=one.activity or "-")
        if len(live) >= BOOKINGS_MAX:
            refuse(BOOKED_UP, most=BOOKINGS_MAX)
        return VenueBooked(
            about=context.said(venue.about),
            level=building.level,
            start=self.start,
            until=self.until,
            minutes=Booking(self.start, self.until, None).minutes,
            activity=self.activity,
            booked_at=context.occurred_at,
        )


class OfBooking(Command):
    """A command about one booking."""

    start: Start

    def meant(self, venue: InUse) -> Booking:
        """The one that begins then."""
        found = venue.building.booked(self.start)
        if found is None:
            refuse(NOT_BOOKED, start=text_of(self.start))
        return found


class Release(OfBooking, zh="取消预约", by=USERS):
    """Give a booking back."""

    def decide(self, venue: InUse, context: Context) -> BookingReleased:
        """Others may have it then."""
        one, about = self.meant(venue), context.said(venue.about)
        level = venue.building.level
        return BookingReleased(about=about, level=level, start=one.start, minutes=one.minutes)


class Use(OfBooking, zh="登记使用", by=USERS):
    """Say that whoever booked it was there."""

    def decide(self, venue: InUse, context: Context) -> VenueUsed:
        """Not before it began."""
        one = self.meant(venue)
        if context.occurred_at < one.start:
            refuse(NOT_BEGUN, start=text_of(one.start))
        return VenueUsed(
            about=context.said(venue.about),
            level=venue.building.level,
            start=one.start,
            minutes=one.minutes,
            activity=one.activity,
        )


class Close(Command, zh="停用", by=KEEPERS):
    """Say that it is a venue no more."""

    reason: CloseReason

    def decide(
        self, venue: InUse, context: Context
    ) -> VenueClosed | tuple[RatingEnded, VenueClosed]:
        """Titles and sharing are ended one by one first; the word of a standard ends with it."""
        building, about = venue.building, context.said(venue.about)
        if building.shared or building.ratings - set(BY_STANDARD):
            refuse(STILL_IN_BOOKS)
        closed = VenueClosed(about=about, level=building.level, reason=self.reason)
        if not building.ratings:
            return closed
        (rating,) = building.ratings
        return RatingEnded(about=about, rating=rating, level=building.level), closed


def check_floors(floor: int, ground_floor: int) -> None:
    """A part is not larger than the whole."""
    if ground_floor > floor:
        refuse(GROUND_FLOOR_LARGER, ground=ground_floor, floor=floor)


def shortfalls(building: Building, numbers: Mapping[str, int]) -> tuple[Shortfall, ...]:
    """What a venue lacks by a standard: m², percent of the ground floor, number of functions."""
    enough = {
        Shortfall.AREA: building.floor >= numbers.get("area", 0),
        Shortfall.GROUND_FLOOR: building.ground_floor * 100
        >= building.floor * numbers.get("ground_percent", 0),
        Shortfall.FUNCTIONS: len(building.functions) >= numbers.get("functions", 0),
    }
    return tuple(item for item, good in enough.items() if not good)


WORKFLOW = Workflow(__name__, zh="阵地", key="code", in_order=False)
