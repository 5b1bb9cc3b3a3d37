"""The menu: services listed, offered by many, revised and retired."""

from __future__ import annotations

import pytest

from events.fact import About
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor, Party
from services.registers.menu import (
    WORKFLOW,
    List,
    Listed,
    Means,
    Offer,
    OfferWithdrawn,
    Retire,
    Retired,
    RetireReason,
    Revise,
    ServiceClass,
    ServiceListed,
    ServiceOffered,
    ServiceRetired,
    Withdraw,
)

COMMUNITY = Actor("k1", roles=frozenset({"community"}))
FIRM = Actor("f1", unit="u1", roles=frozenset({"unit_admin"}))
WORKER = Actor("w1", roles=frozenset({"worker"}))
TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1", "u2"}))
DELIVERY = List(
    code="m1",
    name="蔬菜配送",
    area="c1",
    category="delivery",
    service_class=ServiceClass.MARKET,
    price=500,
)
NEW = story(entry_of(WORKFLOW, is_register=True), stream="menu/m1", registers=TOWN)
LISTED = NEW.when(COMMUNITY, DELIVERY)
OFFERED = LISTED.when(FIRM, Offer())
HERE = About(area="c1", category="delivery")
BY_FIRM = HERE.at(unit="u1")


def offers(of: Story) -> frozenset[str]:
    assert isinstance(of.state, Listed)
    return of.state.offers


def test_a_service_is_listed_by_whoever_sets_the_menu() -> None:
    assert WORKFLOW.id_of(DELIVERY, COMMUNITY) == "m1"
    LISTED.then(
        ServiceListed(
            about=HERE,
            code="m1",
            name="蔬菜配送",
            service_class=ServiceClass.MARKET,
            means=Means.AT_HOME,
            price=500,
        )
    )
    NEW.when(FIRM, DELIVERY).refused("not_yours")
    LISTED.when(COMMUNITY, DELIVERY).refused("there_already")


def test_a_public_service_is_free() -> None:
    public = DELIVERY.model_copy(update={"service_class": ServiceClass.PUBLIC})
    NEW.when(COMMUNITY, public).refused("public_is_free")
    free = NEW.when(COMMUNITY, public.model_copy(update={"price": 0}))
    free.when(COMMUNITY, Revise(name="蔬菜配送", means=Means.ONLINE, price=1)).refused(
        "public_is_free"
    )


def test_each_offer_counts_under_who_offers_it() -> None:
    OFFERED.then(ServiceOffered(about=BY_FIRM, service_class=ServiceClass.MARKET))
    OFFERED.when(FIRM, Offer()).refused("offered_already")
    both = OFFERED.when(COMMUNITY, Offer(unit="u2"))
    assert offers(both) == {"u1", "u2"}
    assert both.case is not None
    assert Party.HOME_UNIT in both.case.parties(FIRM)


def test_an_offer_is_for_ones_own_unit() -> None:
    LISTED.when(FIRM, Offer(unit="u2")).refused("own_unit_only")
    LISTED.when(WORKER, Offer()).refused("which_unit")
    LISTED.when(COMMUNITY, Withdraw(unit="u1")).refused("not_offered")


def test_an_offer_withdrawn_is_taken_back_from_the_same_books() -> None:
    gone = OFFERED.when(FIRM, Withdraw())
    gone.then(OfferWithdrawn(about=BY_FIRM, service_class=ServiceClass.MARKET))
    assert offers(gone) == frozenset()
    assert offers(gone.when(FIRM, Offer())) == {"u1"}


def test_so_many_may_offer_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.registers.menu.OFFERS_MAX", 1)
    OFFERED.when(COMMUNITY, Offer(unit="u2")).refused("offers_full")


def test_it_may_be_revised_and_those_who_offer_it_stay() -> None:
    revised = OFFERED.when(COMMUNITY, Revise(name="蔬菜配送到家", means=Means.ONLINE, price=600))
    revised.recorded("menu.service_revised")
    assert offers(revised) == {"u1"}


def test_what_is_retired_is_offered_no_more() -> None:
    gone = OFFERED.when(COMMUNITY, Retire(reason=RetireReason.NO_DEMAND))
    gone.then(
        ServiceRetired(
            about=HERE,
            service_class=ServiceClass.MARKET,
            means=Means.AT_HOME,
            reason=RetireReason.NO_DEMAND,
            offers=1,
        )
    )
    assert isinstance(gone.state, Retired)
    gone.when(FIRM, Offer()).refused("not_now")
