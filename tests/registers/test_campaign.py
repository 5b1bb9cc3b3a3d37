"""Campaigns: opened, taken part in by units, put out in copies, and over."""

from __future__ import annotations

from datetime import date

import pytest

from events.fact import About
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, story
from services.kernel.words import Actor
from services.registers.campaign import (
    WORKFLOW,
    Campaign,
    CampaignClosed,
    CampaignExtended,
    CampaignKind,
    CampaignOpened,
    Close,
    CloseReason,
    ItemKind,
    ItemPublished,
    Join,
    Leave,
    Prolong,
    PublishItem,
    Start,
    UnitJoined,
    UnitLeft,
)

STREET = Actor("s1", roles=frozenset({"street"}))
UNIT = Actor("u7", unit="u1", roles=frozenset({"unit_admin"}))
RESIDENT = Actor("p1", roles=frozenset({"resident"}))

TOWN = Registers(areas=frozenset({"d1"}), units=frozenset({"u1", "u2", "u9"}), teams=frozenset())
OPEN = Start(
    code="zero",
    name="在职党员进社区，服务群众零距离",
    area="d1",
    unit="u9",
    campaign_kind=CampaignKind.CAMPAIGN,
    from_on=date(2018, 3, 1),
    until_on=date(2018, 12, 31),
)
NEW = story(entry_of(WORKFLOW, is_register=True), stream="campaign/zero", registers=TOWN)
OPENED = NEW.when(STREET, OPEN)
JOINED = OPENED.when(UNIT, Join())

HERE = About(area="d1", unit="u9")
OF_UNIT = About(area="d1", unit="u1")


def test_its_code_is_its_stream() -> None:
    assert WORKFLOW.id_of(OPEN, STREET) == "zero"
    OPENED.then(
        CampaignOpened(
            about=HERE,
            code="zero",
            name="在职党员进社区，服务群众零距离",
            campaign_kind=CampaignKind.CAMPAIGN,
            from_on=date(2018, 3, 1),
            until_on=date(2018, 12, 31),
        )
    )
    OPENED.when(STREET, OPEN).refused("there_already")
    NEW.when(RESIDENT, OPEN).refused("not_yours")


def test_it_ends_after_it_begins() -> None:
    NEW.when(STREET, OPEN.model_copy(update={"until_on": date(2018, 1, 1)})).refused(
        "term_reversed"
    )


def test_what_it_belongs_to_is_another_one_under_way() -> None:
    part = OPEN.model_copy(update={"code": "part", "parent": "zero"})
    below = story(entry_of(WORKFLOW, is_register=True), stream="campaign/part", registers=TOWN)
    below.when(STREET, part).refused("no_such_parent")
    assert OPENED.case is not None
    knowing = below.knowing(cases={"campaign/zero": OPENED.case})
    knowing.when(STREET, part).recorded("campaign.opened")
    closed = OPENED.when(STREET, Close(reason=CloseReason.DONE)).case
    assert closed is not None
    below.knowing(cases={"campaign/zero": closed}).when(STREET, part).refused("no_such_parent")
    NEW.when(STREET, OPEN.model_copy(update={"parent": "zero"})).refused("own_parent")


def test_a_unit_takes_part_and_counts_there() -> None:
    JOINED.then(UnitJoined(about=OF_UNIT, campaign_kind=CampaignKind.CAMPAIGN))
    assert isinstance(JOINED.state, Campaign)
    assert JOINED.state.plan.units == {"u1"}
    assert JOINED.state.about == HERE
    JOINED.when(UNIT, Join()).refused("in_it_already")
    OPENED.when(STREET, Join()).refused("which_unit")
    OPENED.when(STREET, Join(unit="u2")).recorded("campaign.unit_joined")
    OPENED.when(UNIT, Join(unit="u2")).refused("for_oneself")


def test_a_unit_that_left_may_come_back() -> None:
    left = JOINED.when(UNIT, Leave())
    left.then(UnitLeft(about=OF_UNIT, campaign_kind=CampaignKind.CAMPAIGN))
    left.when(UNIT, Leave()).refused("not_in_it")
    left.when(UNIT, Join()).recorded("campaign.unit_joined")


def test_there_is_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.registers.campaign.UNITS_MAX", 1)
    JOINED.when(STREET, Join(unit="u2")).refused("full")


def test_sites_and_appeals_are_put_out_in_copies() -> None:
    OPENED.when(STREET, PublishItem(item="pledge", item_kind=ItemKind.APPEAL, copies=100)).then(
        ItemPublished(about=HERE, item="pledge", item_kind=ItemKind.APPEAL, copies=100)
    )
    assert ItemPublished.shape().quantities == ("copies",)


def test_it_is_prolonged_only_forward() -> None:
    later = date(2019, 12, 31)
    OPENED.when(STREET, Prolong(until_on=date(2018, 12, 31))).refused("not_later")
    longer = OPENED.when(STREET, Prolong(until_on=later))
    longer.then(CampaignExtended(about=HERE, until_on=later))
    assert isinstance(longer.state, Campaign)
    assert longer.state.plan.until_on == later
    endless = NEW.when(STREET, OPEN.model_copy(update={"until_on": None}))
    endless.when(STREET, Prolong(until_on=later)).refused("not_later")


def test_what_is_over_stays_over() -> None:
    closed = JOINED.when(STREET, Close(reason=CloseReason.TERM_OVER))
    closed.then(
        CampaignClosed(
            about=HERE, campaign_kind=CampaignKind.CAMPAIGN, reason=CloseReason.TERM_OVER
        )
    )
    closed.when(UNIT, Leave()).refused("not_now")
    closed.when(STREET, OPEN).refused("there_already")
