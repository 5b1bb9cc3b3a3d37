"""专项 · Campaign: campaigns, programmes, brands, demonstration areas, and who takes part.

Stream `campaign/<code>`. The code may stand as the category of any deed: what was done in a
campaign is counted there as everywhere, and the register says what the campaign is. Nobody is
listed by name, and no campaign sets a number of log-ins, likes or shares.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import Field

from events.fact import Coded, Quantity
from services.kernel.context import FOR_ONESELF
from services.kernel.words import (
    AreaCode,
    Choice,
    Count,
    Help,
    ItemCode,
    Label,
    Name,
    Party,
    Refusal,
    UnitCode,
    deny,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

UNITS_MAX = 2_000
KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.LEADER)

TERM_REVERSED = Refusal("term_reversed", "止日早于起日", "it ends before it begins")
OWN_PARENT = Refusal(
    "own_parent", "专项 {code} 不能隶属于自身", "the campaign {code} cannot belong to itself"
)
NO_SUCH_PARENT = Refusal(
    "no_such_parent", "没有进行中的上级专项 {code}", "there is no campaign {code} under way"
)
IN_IT_ALREADY = Refusal("in_it_already", "{unit} 已参加", "{unit} takes part already")
NOT_IN_IT = Refusal("not_in_it", "{unit} 未参加", "{unit} does not take part")
FULL = Refusal(
    "full", "已有 {units} 个单位参加，达到上限", "{units} units take part: as many as there may be"
)
WHICH_UNIT = Refusal("which_unit", "须写明参加单位", "say which unit")
NOT_LATER = Refusal("not_later", "延长须晚于现定的 {until}", "an extension ends after {until}")


class CampaignKind(Choice, zh="专项类别", en="Kind"):
    """What holds it together."""

    CAMPAIGN = "campaign", "专项行动"
    PROGRAMME = "programme", "工程计划"
    BRAND = "brand", "服务品牌"
    BELT = "belt", "示范带", "Demonstration belt"
    SERIES = "series", "系列活动"
    EMERGENCY = "emergency", "应急动员", "Emergency"
    INITIATIVE = "initiative", "倡议"


class ItemKind(Choice, zh="发布内容", en="Item"):
    """What a campaign puts out."""

    SITE = "site", "示范点", "Demonstration site"
    APPEAL = "appeal", "倡议书", "Appeal"
    EXAMPLE = "example", "典型案例"
    BADGE = "badge", "亮身份标识", "Badge"
    PLAN = "plan", "方案"


class CloseReason(Choice, zh="结束原因", en="Reason"):
    """Why it is over."""

    DONE = "done", "任务完成", "Its work is done"
    TERM_OVER = "term_over", "到期"
    MERGED = "merged", "并入其他专项", "Merged into another"
    STOPPED = "stopped", "停止"


CampaignCode = Annotated[ItemCode, Label("专项编码", "Campaign")]
Parent = Annotated[
    ItemCode | None, Label("上级专项", "Belongs to"), Help("工程下的项目填写", "If part of another")
]
RunBy = Annotated[UnitCode | None, Label("牵头单位", "Run by")]
Taking = Annotated[UnitCode | None, Label("参加单位", "Unit"), Help("默认本单位", "Or one's own")]
From = Annotated[date, Field(examples=["2018-03-01"]), Label("自", "From")]
Until = Annotated[
    date | None,
    Field(examples=["2018-12-31"]),
    Label("至", "Until"),
    Help("长期的不填", "If any"),
]


@dataclass(frozen=True)
class Plan:
    """What is true of a campaign in every state."""

    code: str
    name: str
    campaign_kind: CampaignKind
    from_on: date
    until_on: date | None
    units: frozenset[str] = frozenset()


class Campaign(State):
    """One campaign."""

    plan: Plan


class Open(Campaign, zh="进行中"):
    """Under way."""


class Closed(Campaign, zh="已结束"):
    """Over; its deeds stay in the books."""


class CampaignOpened(Fact, zh="行动已启动"):
    """There is such a campaign from now on."""

    code: CampaignCode
    name: Name
    campaign_kind: Annotated[CampaignKind, Coded]
    parent: Annotated[Parent, Coded] = None
    from_on: From
    until_on: Until = None

    def apply(self, nothing: None) -> Open:
        """Nobody takes part yet."""
        plan = Plan(self.code, self.name, self.campaign_kind, self.from_on, self.until_on)
        return Open(self.about, plan)


class UnitJoined(Fact, zh="单位已参加"):
    """A unit takes part; it counts there."""

    campaign_kind: Annotated[CampaignKind, Coded]

    def apply(self, campaign: Open) -> Open:
        """One more."""
        units = campaign.plan.units | {self.about.unit or ""}
        return Open(campaign.about, replace(campaign.plan, units=units))


class UnitLeft(Fact, zh="单位已退出"):
    """A unit takes part no more."""

    campaign_kind: Annotated[CampaignKind, Coded]

    def apply(self, campaign: Open) -> Open:
        """One fewer."""
        units = campaign.plan.units - {self.about.unit or ""}
        return Open(campaign.about, replace(campaign.plan, units=units))


class ItemPublished(Fact, zh="已发布"):
    """A site, an appeal, an example is put out, in so many copies."""

    item: ItemCode
    item_kind: Annotated[ItemKind, Coded]
    copies: Annotated[Count, Quantity, Label("份数", "Copies")] = 1

    def apply(self, campaign: Open) -> Open:
        """Nothing else changes."""
        return campaign


class CampaignExtended(Fact, zh="行动已延长"):
    """It ends later."""

    until_on: Annotated[date, Field(examples=["2019-12-31"]), Label("至", "Until")]

    def apply(self, campaign: Open) -> Open:
        """The same otherwise."""
        return Open(campaign.about, replace(campaign.plan, until_on=self.until_on))


class CampaignClosed(Fact, zh="行动已结束"):
    """It is over."""

    campaign_kind: Annotated[CampaignKind, Coded]
    reason: Annotated[CloseReason, Coded]

    def apply(self, campaign: Open) -> Closed:
        """Its deeds stay in the books."""
        return Closed(campaign.about, campaign.plan)


class Start(Command, zh="启动行动", by=KEEPERS):
    """Open a campaign under a code of its own."""

    code: CampaignCode
    name: Name
    area: AreaCode
    unit: RunBy = None
    campaign_kind: CampaignKind
    parent: Parent = None
    from_on: From
    until_on: Until = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """What it belongs to."""
        return (f"{kind}/{self.parent}",) if self.parent else ()

    def decide(self, nothing: None, context: Context) -> CampaignOpened:
        """What it belongs to is under way."""
        if self.until_on is not None and self.until_on < self.from_on:
            refuse(TERM_REVERSED)
        if self.parent == self.code:
            refuse(OWN_PARENT, code=self.code)
        if self.parent is not None:
            above = context.cases.get(f"{WORKFLOW.name}/{self.parent}")
            if above is None or not isinstance(above.state, Open):
                refuse(NO_SUCH_PARENT, code=self.parent)
        return CampaignOpened(
            about=About(area=self.area, unit=self.unit, provenance=context.said_by(None)),
            code=self.code,
            name=self.name,
            campaign_kind=self.campaign_kind,
            parent=self.parent,
            from_on=self.from_on,
            until_on=self.until_on,
        )


class OfUnit(Command):
    """A command about a unit's part in it."""

    unit: Taking = None

    def meant(self, campaign: Open, context: Context) -> About:
        """The books of that unit; a keeper may name any, others their own alone."""
        own = context.actor.unit
        unit = self.unit or own
        if unit is None:
            refuse(WHICH_UNIT)
        if unit != own and context.actor.parties().isdisjoint({*KEEPERS, Party.IMPORTER}):
            deny(FOR_ONESELF)
        return context.said(campaign.about, unit=unit)


class Join(OfUnit, zh="参加", by=(*KEEPERS, Party.UNIT_ADMIN)):
    """Take part as a unit."""

    def decide(self, campaign: Open, context: Context) -> UnitJoined:
        """Once at a time."""
        about, plan = self.meant(campaign, context), campaign.plan
        if about.unit in plan.units:
            refuse(IN_IT_ALREADY, unit=about.unit)
        if len(plan.units) >= UNITS_MAX:
            refuse(FULL, units=len(plan.units))
        return UnitJoined(about=about, campaign_kind=plan.campaign_kind)


class Leave(OfUnit, zh="退出", by=(*KEEPERS, Party.UNIT_ADMIN)):
    """Take part no more."""

    def decide(self, campaign: Open, context: Context) -> UnitLeft:
        """Only who does."""
        about, plan = self.meant(campaign, context), campaign.plan
        if about.unit not in plan.units:
            refuse(NOT_IN_IT, unit=about.unit)
        return UnitLeft(about=about, campaign_kind=plan.campaign_kind)


class PublishItem(Command, zh="发布", by=(*KEEPERS, Party.HANDLER)):
    """Put out a site, an appeal, an example."""

    item: ItemCode
    item_kind: ItemKind
    copies: Annotated[Count, Label("份数", "Copies")] = 1

    def decide(self, campaign: Open, context: Context) -> ItemPublished:
        """As often as one likes."""
        return ItemPublished(
            about=context.said(campaign.about),
            item=self.item,
            item_kind=self.item_kind,
            copies=self.copies,
        )


class Prolong(Command, zh="延长行动", by=KEEPERS):
    """Let it end later."""

    until_on: Annotated[date, Field(examples=["2019-12-31"]), Label("至", "Until")]

    def decide(self, campaign: Open, context: Context) -> CampaignExtended:
        """Only forward."""
        until = campaign.plan.until_on
        if until is None or self.until_on <= until:
            refuse(NOT_LATER, until=until or "–")
        return CampaignExtended(about=context.said(campaign.about), until_on=self.until_on)


class Close(Command, zh="结束行动", by=KEEPERS):
    """Say that it is over."""

    reason: CloseReason

    def decide(self, campaign: Open, context: Context) -> CampaignClosed:
        """For good: what comes again has a code of its own."""
        return CampaignClosed(
            about=context.said(campaign.about),
            campaign_kind=campaign.plan.campaign_kind,
            reason=self.reason,
        )


WORKFLOW = Workflow(__name__, zh="专项", key="code", in_order=False)
