"""认领 · Claim, its words, states and facts; what may be done with them is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from pydantic import Field

from events.clock import Instant
from events.errors import Broken
from events.fact import Coded, Member, Quantity
from services.kernel.words import (
    Actor,
    Choice,
    Count,
    Help,
    Household,
    Label,
    Party,
    Person,
    Terms,
)
from services.kernel.workflow import About, Fact, State

# ---- limits, choices, fields

PLACES_MAX = 500


class ItemType(Choice, zh="认领类别", en="Kind of item"):
    """What is put up."""

    POST = "post", "服务岗位", "Service post"
    WISH = "wish", "微心愿", "Micro-wish"
    DUTY = "duty", "责任", "Duty"
    NEED = "need", "需求"
    RESOURCE = "resource", "资源"
    LIST_ITEM = "list_item", "清单事项", "Item of a list"


class DoneWhen(Choice, zh="服务时段", en="Timing"):
    """“八小时以外”: outside the eight hours of the doer's own work."""

    AFTER_HOURS = "after_hours", "八小时以外", "After hours"
    WORKING_HOURS = "working_hours", "工作时间", "Working hours"


class ReleaseReason(Choice, zh="退领原因", en="Reason"):
    """Why a place is given back."""

    NO_TIME = "no_time", "时间冲突", "No time"
    NOT_ABLE = "not_able", "力所不及", "Not able to"
    MOVED_AWAY = "moved_away", "调离或迁出", "Moved away"
    HANDED_OVER = "handed_over", "交接他人", "Handed over"


class DenyReason(Choice, zh="未认可原因", en="Reason"):
    """What is missing."""

    NOT_DONE = "not_done", "未兑现"
    NOT_AS_ASKED = "not_as_asked", "与所需不符"


class WithdrawReason(Choice, zh="撤回原因", en="Reason"):
    """Why it was never put up."""

    NOT_NEEDED = "not_needed", "已不需要"
    NOT_CONFIRMED = "not_confirmed", "核实不符", "Could not be verified"
    OUT_OF_SCOPE = "out_of_scope", "不属受理范围"


Claimant = Annotated[Person, Label("认领人", "Claimant")]
Requester = Annotated[Person | None, Label("提出人", "Asked for by")]
Home = Annotated[Household | None, Label("住户", "Household")]
Places = Annotated[
    Count,
    Field(ge=1, le=PLACES_MAX),
    Label("名额", "Places"),
    Help("可认领人数", "How many can take it"),
]
Since = Annotated[Instant, Label("发布时间", "Published at")]


class ClaimTerms(Terms):
    """What a variant fixes."""

    item_type: Annotated[ItemType, Label("认领类别", "Kind of item")]
    for_resident: Annotated[bool, Label("由居民提出", "Asked for by a resident")]
    verified_first: Annotated[bool, Label("先核实再发布", "Verified before it is published")]
    places_max: Annotated[Places, Label("名额上限", "Most places")]


# ---- states


@dataclass(frozen=True)
class Holding:
    """One place taken: by whom, in which books, and how far it is."""

    person: str
    about: About
    since: datetime
    done: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Item:
    """What is true of an item all its life."""

    terms: ClaimTerms
    requester: str | None
    household: str | None
    places: int
    published_at: Instant | None = None
    holdings: tuple[Holding, ...] = ()

    def of(self, person: str) -> Holding | None:
        """The place of that person."""
        return next((one for one in self.holdings if one.person == person), None)

    def check_held(self, person: str) -> None:
        """Raises Broken where that person has no place."""
        if self.of(person) is None:
            raise Broken(f"{person} has no place there")

    def held(self) -> list[Holding]:
        """Places taken and not done yet."""
        return [one for one in self.holdings if not one.done]

    def unjudged(self) -> list[Holding]:
        """Places done and not confirmed yet."""
        return [one for one in self.holdings if one.done and not one.confirmed]

    def moved(self, person: str, done: bool, confirmed: bool = False) -> Item:
        """The same with the place of that person further on, or back. Raises Broken where a
        correction or void has taken that place away: then it is refused."""
        self.check_held(person)
        places = (
            replace(one, done=done, confirmed=confirmed) if one.person == person else one
            for one in self.holdings
        )
        return replace(self, holdings=tuple(places))


class Claim(State):
    """One item."""

    item: Item

    def parties(self, actor: Actor) -> set[Party]:
        """Who asked, who took it, and their units."""
        found = super().parties(actor)
        if actor.person == self.item.requester:
            found.add(Party.REQUESTER)
        if self.item.of(actor.person):
            found.add(Party.HOLDER)
        if actor.unit and any(actor.unit == one.about.unit for one in self.item.holdings):
            found.add(Party.HOME_UNIT)
        return found


class Open(Claim):
    """Not put up yet."""


class Proposed(Open, zh="待核实"):
    """Somebody asks for it."""


class Verified(Open, zh="待发布"):
    """Somebody looked: it is so."""


class Offered(Claim):
    """Put up, and not all of it done."""


class Published(Offered, zh="可认领", en="Open to claims"):
    """There are places free."""


class Claimed(Offered, zh="已认领"):
    """Every place is taken."""


class Fulfilled(Claim, zh="已兑现"):
    """Every place is done, as the claimants say."""


class Confirmed(Claim, zh="兑现已确认"):
    """... and as the other side says."""


class Expired(Claim, zh="已过期"):
    """Its term is over; what was done stands."""


class Withdrawn(Claim, zh="已撤回"):
    """Never put up."""


def offered(about: About, item: Item) -> Published | Claimed:
    """Open to claims while a place is free."""
    return (Published if len(item.holdings) < item.places else Claimed)(about, item)


def settled(about: About, item: Item) -> Published | Claimed | Fulfilled | Confirmed:
    """Where the places together leave the item."""
    if len(item.holdings) < item.places or item.held():
        return offered(about, item)
    return (Fulfilled if item.unjudged() else Confirmed)(about, item)


# ---- facts


class ItemProposed(Fact, zh="已征集"):
    """Asked for, or to be set up."""

    requester: Annotated[Requester, Member] = None
    household: Annotated[Home, Member] = None
    places: Annotated[Places, Quantity]
    terms: Annotated[ClaimTerms, Label("条款", "Terms")]

    def apply(self, claim: None) -> Proposed:
        """The beginning."""
        item = Item(self.terms, self.requester, self.household, self.places)
        return Proposed(self.about, item)


class ItemVerified(Fact, zh="已核实"):
    """The community looked and found it so."""

    def apply(self, claim: Proposed) -> Verified:
        """Ready to be put up."""
        return Verified(claim.about, claim.item)


class ItemPublished(Fact, zh="已发布"):
    """Put up for everybody to take."""

    places: Annotated[Places, Quantity]
    published_at: Since

    def apply(self, claim: Open) -> Published:
        """All places are free."""
        return Published(claim.about, replace(claim.item, published_at=self.published_at))


class ItemClaimed(Fact, zh="已认领"):
    """Somebody takes a place. Source: 认领服务岗位2897个 (seed 000)."""

    person: Annotated[Claimant, Member]
    claimed_at: Annotated[Instant, Label("认领时间", "Claimed at")]

    def apply(self, claim: Published) -> Published | Claimed:
        """One place fewer."""
        if claim.item.of(self.person):
            raise Broken(f"{self.person} has a place already")
        mine = Holding(self.person, self.about, self.claimed_at)
        return offered(claim.about, replace(claim.item, holdings=(*claim.item.holdings, mine)))


class ClaimReleased(Fact, zh="已退领", kind="claim.claim_released"):
    """A place is given back, in the books it was taken in."""

    person: Annotated[Claimant, Member]
    reason: Annotated[ReleaseReason, Coded]

    def apply(self, claim: Offered) -> Published:
        """One place more."""
        claim.item.check_held(self.person)
        others = tuple(one for one in claim.item.holdings if one.person != self.person)
        return Published(claim.about, replace(claim.item, holdings=others))


class ItemFulfilled(Fact, zh="已兑现"):
    """Done, as the claimant says."""

    person: Annotated[Claimant, Member]
    household: Annotated[Home, Member] = None
    timing: Annotated[DoneWhen | None, Coded] = None
    beneficiaries: Annotated[Count, Quantity, Label("受益人次", "Person-times")]
    published_at: Annotated[Since, Quantity]

    def apply(self, claim: Proposed | Offered) -> Published | Claimed | Fulfilled:
        """Waits for the other side's word. Straight after it was asked for: put on record when it
        was done already."""
        if isinstance(claim, Proposed):
            since = self.published_at
            mine = Holding(self.person, self.about, since, done=True)
            item = replace(claim.item, published_at=since, holdings=(mine,))
            return Fulfilled(claim.about, item)
        item = claim.item.moved(self.person, done=True)
        if len(item.holdings) < item.places or item.held():
            return offered(claim.about, item)
        return Fulfilled(claim.about, item)


class FulfilmentConfirmed(Fact, zh="兑现已确认"):
    """The other side says so too."""

    person: Annotated[Claimant, Member]
    published_at: Annotated[Since, Quantity]

    def apply(
        self, claim: Offered | Fulfilled | Expired
    ) -> Published | Claimed | Fulfilled | Confirmed | Expired:
        """A place that is over."""
        item = claim.item.moved(self.person, done=True, confirmed=True)
        return (
            Expired(claim.about, item) if isinstance(claim, Expired) else settled(claim.about, item)
        )


class FulfilmentDenied(Fact, zh="兑现未获认可"):
    """The other side says it was not: what was declared is taken back."""

    person: Annotated[Claimant, Member]
    reason: Annotated[DenyReason, Coded]

    def apply(self, claim: Offered | Fulfilled) -> Published | Claimed:
        """To be done again."""
        return offered(claim.about, claim.item.moved(self.person, done=False))


class ItemExpired(Fact, zh="已过期"):
    """Its term is over."""

    free: Annotated[Count, Quantity, Label("未认领名额", "Places never taken")]

    def apply(self, claim: Published) -> Expired:
        """No more claims."""
        return Expired(claim.about, claim.item)


class ItemWithdrawn(Fact, zh="已撤回"):
    """Never put up, with the reason why."""

    reason: Annotated[WithdrawReason, Coded]

    def apply(self, claim: Open) -> Withdrawn:
        """The end."""
        return Withdrawn(claim.about, claim.item)
