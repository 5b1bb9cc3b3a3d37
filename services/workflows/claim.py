"""认领 · Claim: a post, wish or duty is put up, taken by one or several, done and confirmed.

What a variant fixes stands in its template and is copied into the first fact. A claim counts under
the unit of whoever took it; a release takes it back from exactly there. An item with several places
is over when each was taken, done and confirmed, or when its term is. The steps of several people
may be entered in any order, those of one person only in their own.
"""

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
    Refusal,
    Terms,
    deny,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, Opening, State, Workflow

# ---- limits, choices, refusals

PLACES_MAX = 500
ORGANISERS = (Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN)
HOSTS = (Party.COMMUNITY, Party.STREET, Party.HANDLER)
"""Who answers for an item: the community, the street, or the unit that put it up."""


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


NOT_FOR_RESIDENTS = Refusal(
    "not_for_residents",
    "{item}由社区、街道或单位设立",
    "a {item_en} is put up by a community, a street or a unit",
)
TOO_MANY_PLACES = Refusal(
    "too_many_places", "名额最多 {places} 个", "it may have {places} places at most"
)
NOT_VERIFIED = Refusal("not_verified", "须先核实再发布", "it is verified before it is published")
TAKEN_ALREADY = Refusal(
    "taken_already", "{person} 已认领,不能重复认领", "{person} has claimed it already"
)
OWN_WISH = Refusal("own_wish", "不能认领自己提出的事项", "nobody claims what they asked for")
NOT_TAKEN = Refusal(
    "not_taken", "{person} 没有待兑现的认领", "{person} holds no place to do this with"
)
TOO_EARLY = Refusal("too_early", "不能早于 {since}", "it cannot have happened before {since}")
NOTHING_TO_JUDGE = Refusal(
    "nothing_to_judge", "没有待确认的兑现", "there is no fulfilment waiting for a word"
)
WHICH_ONE = Refusal("which_one", "请写明是哪一位认领人", "say whose claim is meant")
OWN_DEED = Refusal("own_deed", "不能确认自己的兑现", "nobody confirms their own deed")
STILL_HELD = Refusal(
    "still_held",
    "还有 {holders} 人已认领未兑现,请先兑现或退领",
    "{holders} people hold it and have not done it: they fulfil or release it first",
)

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

    def apply(self, claim: Offered) -> Published | Claimed | Fulfilled:
        """Waits for the other side's word."""
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


# ---- commands, in life order


class Propose(
    Opening,
    zh="征集",
    by=[Party.RESIDENT, Party.WORKER, Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN],
):
    """Ask for something, or set something up for others to take."""

    requester: Requester = None
    household: Home = None
    places: Places = 1

    def decide(self, claim: None, context: Context) -> ItemProposed:
        """Residents state wishes; what is set up for all is for those who answer for it."""
        terms = context.terms_of(ClaimTerms)
        if not terms.for_resident and context.actor.parties() <= {Party.RESIDENT, Party.WORKER}:
            label = terms.item_type.label
            deny(NOT_FOR_RESIDENTS, item=label.zh, item_en=label.en.lower())
        if self.places > terms.places_max:
            refuse(TOO_MANY_PLACES, places=terms.places_max)
        asks = context.person_meant(self.requester, ORGANISERS) if terms.for_resident else None
        return ItemProposed(
            about=self.about(context, asks),
            requester=asks,
            household=self.household,
            places=self.places,
            terms=terms,
        )


class VerifyItem(Command, zh="核实", by=[Party.COMMUNITY, Party.STREET]):
    """Say that somebody looked and that it is so."""

    def decide(self, claim: Proposed, context: Context) -> ItemVerified:
        """Before it is put up."""
        return ItemVerified(about=context.said(claim.about))


class Publish(Command, zh="发布", by=HOSTS):
    """Put it up for everybody to take."""

    def decide(self, claim: Open, context: Context) -> ItemPublished:
        """A wish only after somebody looked."""
        terms = claim.item.terms
        if terms.verified_first and isinstance(claim, Proposed):
            refuse(NOT_VERIFIED)
        return ItemPublished(
            about=context.said(claim.about),
            places=claim.item.places,
            published_at=context.occurred_at,
        )


class Withdraw(Command, zh="撤回", by=[*HOSTS, Party.REQUESTER]):
    """Take it back before it is put up."""

    reason: WithdrawReason

    def decide(self, claim: Open, context: Context) -> ItemWithdrawn:
        """Always with the reason."""
        return ItemWithdrawn(about=context.said(claim.about), reason=self.reason)


class Take(
    Command, zh="认领", en="Claim", by=[Party.WORKER, Party.RESIDENT, Party.LEADER, *ORGANISERS]
):
    """Take a place, for oneself; an organiser may enter somebody."""

    person: Claimant | None = None

    def decide(self, claim: Published, context: Context) -> ItemClaimed:
        """Counts under the claimant's own unit, once for each person."""
        item, person = claim.item, context.person_meant(self.person, ORGANISERS)
        if item.of(person):
            refuse(TAKEN_ALREADY, person=person)
        if person == item.requester:
            refuse(OWN_WISH)
        check_after(published(item), context)
        books = context.books_of(person, claim.about)
        own_unit = context.actor.unit if person == context.actor.person else None
        unit = own_unit or books.home_unit or claim.about.unit
        return ItemClaimed(
            about=context.said(claim.about, person, unit=unit, books=books),
            person=person,
            claimed_at=context.occurred_at,
        )


class OfPlace(Command):
    """A command about one of the places taken."""

    person: Annotated[
        Claimant | None, Help("只有一位认领人时可不填", "Needed only where there are several")
    ] = None

    def held(self, item: Item, context: Context) -> Holding:
        """The place to give back or to do: the caller's own, unless an organiser says whose."""
        caller = context.actor.person
        person = self.person or (caller if item.of(caller) else None)
        place = self._place(person, item.held(), NOT_TAKEN, context)
        context.person_meant(place.person, ORGANISERS)
        return place

    def judged(self, item: Item, context: Context) -> Holding:
        """The place to confirm or deny: never the caller's own."""
        place = self._place(self.person, item.unjudged(), NOTHING_TO_JUDGE, context)
        if place.person == context.actor.person:
            deny(OWN_DEED)
        return place

    @staticmethod
    def _place(
        person: str | None, places: list[Holding], none: Refusal, context: Context
    ) -> Holding:
        if person is None and len(places) > 1:
            refuse(WHICH_ONE)
        found = next((one for one in places if person in (None, one.person)), None)
        if found is None:
            refuse(none, person=person or context.actor.person)
        check_after(found.since, context)
        return found


class Release(OfPlace, zh="退领", by=[Party.HOLDER, *ORGANISERS]):
    """Give a place back, while it is not done."""

    reason: ReleaseReason

    def decide(self, claim: Offered, context: Context) -> ClaimReleased:
        """Taken back from the books it stands in."""
        mine = self.held(claim.item, context)
        return ClaimReleased(
            about=context.said(mine.about, mine.person), person=mine.person, reason=self.reason
        )


class Fulfil(OfPlace, zh="兑现", by=[Party.HOLDER, *ORGANISERS]):
    """Say that it is done: the claim, which the other side then confirms."""

    timing: DoneWhen | None = None
    beneficiaries: Annotated[Count, Label("受益人次", "Person-times")] = 1

    def decide(self, claim: Offered, context: Context) -> ItemFulfilled:
        """Each claimant for their own place."""
        mine = self.held(claim.item, context)
        return ItemFulfilled(
            about=context.said(mine.about, mine.person),
            person=mine.person,
            household=claim.item.household,
            timing=self.timing,
            beneficiaries=self.beneficiaries,
            published_at=published(claim.item),
        )


class Confirm(OfPlace, zh="确认兑现", by=[Party.REQUESTER, *HOSTS]):
    """The other side's yes."""

    def decide(self, claim: Offered | Fulfilled | Expired, context: Context) -> FulfilmentConfirmed:
        """Never the claimant's own."""
        item = claim.item
        done = self.judged(item, context)
        return FulfilmentConfirmed(
            about=context.said(done.about, done.person, item.requester),
            person=done.person,
            published_at=published(item),
        )


class Deny(OfPlace, zh="不予认可", by=[Party.REQUESTER, *HOSTS]):
    """The other side's no."""

    reason: DenyReason

    def decide(self, claim: Offered | Fulfilled, context: Context) -> FulfilmentDenied:
        """It is the claimant's to do again."""
        item = claim.item
        done = self.judged(item, context)
        return FulfilmentDenied(
            about=context.said(done.about, done.person, item.requester),
            person=done.person,
            reason=self.reason,
        )


class Expire(Command, zh="到期", by=[*HOSTS, Party.SYSTEM]):
    """Say that its term is over."""

    def decide(self, claim: Published, context: Context) -> ItemExpired:
        """Nobody is left with a place they hold."""
        item = claim.item
        if held := item.held():
            refuse(STILL_HELD, holders=len(held))
        return ItemExpired(about=context.said(claim.about), free=item.places - len(item.holdings))


def check_after(since: datetime, context: Context) -> None:
    """A person's own steps come one after the other."""
    if context.occurred_at < since:
        refuse(TOO_EARLY, since=since.isoformat())


def published(item: Item) -> datetime:
    """When it was put up; what is claimed always was."""
    if item.published_at is None:
        raise AssertionError("an item that was never put up has been claimed")
    return item.published_at


WORKFLOW = Workflow(
    __name__,
    zh="认领",
    terms=ClaimTerms,
    feedback=Claim,
    confirms={FulfilmentConfirmed: ItemFulfilled},
    in_order=False,
)
