"""渠道 · Channel: ways in and out for residents, opened, paused, closed, and what went out by them.

Stream `channel/<code>`. Of what was published only the number of items stands here, nothing of what
they say; nothing is followed (舆情) and nobody is tracked.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from events.fact import Coded, Quantity
from events.places import CODE_PATTERN
from services.kernel.words import (
    AreaCode,
    Choice,
    Count,
    Label,
    Name,
    Party,
    UnitCode,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.UNIT_ADMIN)


class ChannelKind(Choice, zh="渠道类别", en="Kind of channel"):
    """By what people reach each other."""

    WECHAT = "wechat", "微信公众号", "WeChat account"
    WEIBO = "weibo", "微博"
    WEBSITE = "website", "网站"
    MEMBERS_HOME = "members_home", "党员e家", "Members' home online"
    GROUP = "group", "工作群", "Working group"
    NEWSLETTER = "newsletter", "专刊简报", "Newsletter"
    NOTICE_BOARD = "notice_board", "公示栏"
    HOTLINE = "hotline", "热线电话"
    TALK_ROOM = "talk_room", "居民说事室", "Residents' talk room"
    TALK_CORNER = "talk_corner", "居民说事角", "Residents' talk corner"
    RIGHTS_CENTRE = "rights_centre", "居民维权中心", "Residents' rights centre"
    ONLINE_HALL = "online_hall", "网上议事厅", "Online hall"
    CONTACT_CARD = "contact_card", "便民联系卡"
    APP = "app", "应用"


class Direction(Choice, zh="用途", en="Used for"):
    """Whether people are heard by it, told by it, or both."""

    BOTH = "both", "受理与发布", "Taking in and telling"
    TAKES_IN = "takes_in", "受理诉求"
    TELLS = "tells", "信息发布"


class CloseReason(Choice, zh="关闭原因", en="Reason"):
    """Why it is there no more."""

    MERGED = "merged", "整合归并"
    UNUSED = "unused", "长期不用"
    NOT_ALLOWED = "not_allowed", "依规清理", "By a rule on clean-up"


ChannelCode = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["w1"]),
    Label("渠道编号", "Channel"),
]
Items = Annotated[Count, Field(ge=1), Label("条数", "Items")]


class Channel(State):
    """One channel."""

    channel_kind: ChannelKind
    direction: Direction


class Working(Channel):
    """There, or for a while not."""


class Open(Working, zh="开通"):
    """It works."""


class Paused(Working, zh="暂停"):
    """For a while it does not."""


class Closed(Channel, zh="已关闭"):
    """It is there no more."""


class ChannelOpened(Fact, zh="渠道已开通"):
    """People can be reached by it from now on."""

    code: ChannelCode
    name: Name
    channel_kind: Annotated[ChannelKind, Coded]
    direction: Annotated[Direction, Coded]

    def apply(self, nothing: None) -> Open:
        """The beginning."""
        return Open(self.about, self.channel_kind, self.direction)


class ItemsPublished(Fact, zh="信息已发布"):
    """So many items went out by it. Source: 专刊、公众号发布 (seed 004)."""

    channel_kind: Annotated[ChannelKind, Coded]
    items: Annotated[Items, Quantity]

    def apply(self, channel: Open) -> Open:
        """Nothing moves."""
        return channel


class ChannelPaused(Fact, zh="渠道已暂停"):
    """For a while nobody answers there."""

    channel_kind: Annotated[ChannelKind, Coded]

    def apply(self, channel: Open) -> Paused:
        """Until it is resumed."""
        return Paused(channel.about, channel.channel_kind, channel.direction)


class ChannelResumed(Fact, zh="渠道已恢复"):
    """It works again."""

    channel_kind: Annotated[ChannelKind, Coded]

    def apply(self, channel: Paused) -> Open:
        """As before."""
        return Open(channel.about, channel.channel_kind, channel.direction)


class ChannelClosed(Fact, zh="渠道已关闭"):
    """It is there no more."""

    channel_kind: Annotated[ChannelKind, Coded]
    direction: Annotated[Direction, Coded]
    reason: CloseReason

    def apply(self, channel: Working) -> Closed:
        """For good."""
        return Closed(channel.about, channel.channel_kind, channel.direction)


class OpenChannel(Command, zh="开通渠道", by=KEEPERS):
    """Open a channel under a code of its own."""

    code: ChannelCode
    name: Name
    area: AreaCode
    unit: Annotated[UnitCode | None, Label("运维单位", "Kept by")] = None
    channel_kind: ChannelKind
    direction: Direction = Direction.BOTH

    def decide(self, nothing: None, context: Context) -> ChannelOpened:
        """Nothing is counted of who uses it."""
        return ChannelOpened(
            about=About(area=self.area, unit=self.unit, provenance=context.said_by(None)),
            code=self.code,
            name=self.name,
            channel_kind=self.channel_kind,
            direction=self.direction,
        )


class Publish(Command, zh="登记发布", en="Record what was published", by=(*KEEPERS, Party.HANDLER)):
    """Say how many items went out."""

    items: Items = 1

    def decide(self, channel: Open, context: Context) -> ItemsPublished:
        """A number, and no text."""
        return ItemsPublished(
            about=context.said(channel.about),
            channel_kind=channel.channel_kind,
            items=self.items,
        )


class Pause(Command, zh="暂停", by=KEEPERS):
    """Say that for a while nobody answers there."""

    def decide(self, channel: Open, context: Context) -> ChannelPaused:
        """Until it is resumed."""
        about = context.said(channel.about)
        return ChannelPaused(about=about, channel_kind=channel.channel_kind)


class Resume(Command, zh="恢复", by=KEEPERS):
    """Say that it works again."""

    def decide(self, channel: Paused, context: Context) -> ChannelResumed:
        """As before."""
        about = context.said(channel.about)
        return ChannelResumed(about=about, channel_kind=channel.channel_kind)


class Close(Command, zh="关闭渠道", by=KEEPERS):
    """Say that it is there no more."""

    reason: CloseReason

    def decide(self, channel: Working, context: Context) -> ChannelClosed:
        """Always with the reason."""
        return ChannelClosed(
            about=context.said(channel.about),
            channel_kind=channel.channel_kind,
            direction=channel.direction,
            reason=self.reason,
        )


WORKFLOW = Workflow(__name__, zh="渠道", key="code", in_order=False)
