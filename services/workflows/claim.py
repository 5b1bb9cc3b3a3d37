"""认领 · Claim: a post, wish or duty is put up, taken by one or several, done and confirmed.

What a variant fixes stands in its template and is copied into the first fact. A claim counts under
the unit of whoever took it; a release takes it back from exactly there. An item with several places
is over when each was taken, done and confirmed, or when its term is. The steps of several people
may be entered in any order, those of one person only in their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from services.facts.claim import (
    Claim,
    Claimant,
    ClaimReleased,
    ClaimTerms,
    DenyReason,
    DoneWhen,
    Expired,
    Fulfilled,
    FulfilmentConfirmed,
    FulfilmentDenied,
    Holding,
    Home,
    Item,
    ItemClaimed,
    ItemExpired,
    ItemFulfilled,
    ItemProposed,
    ItemPublished,
    ItemVerified,
    ItemWithdrawn,
    Offered,
    Open,
    Places,
    Proposed,
    Published,
    ReleaseReason,
    Requester,
    WithdrawReason,
)
from services.kernel.words import Count, Help, Label, Party, Refusal, TeamCode, deny, refuse
from services.kernel.workflow import Command, Context, Opening, Workflow

ORGANISERS = (Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN)
HOSTS = (Party.COMMUNITY, Party.STREET, Party.HANDLER)
"""Who answers for an item: the community, the street, or the unit that put it up."""

NOT_FOR_RESIDENTS = Refusal(
    "not_for_residents",
    "{item}由社区、街道或单位设立",
    "a {item_en} is put up by a community, a street or a unit",
)
TOO_MANY_PLACES = Refusal(
    "too_many_places", "名额最多 {places} 个", "it may have {places} places at most"
)
DONE_BY_OTHERS = Refusal(
    "done_by_others",
    "已兑现事项由社区、街道或单位补录",
    "what is done already is put on record by a community, a street or a unit",
)
NOT_VERIFIED = Refusal("not_verified", "须先核实再发布", "it is verified before it is published")
TAKEN_ALREADY = Refusal(
    "taken_already", "{person} 已认领，不能重复认领", "{person} has claimed it already"
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
    "还有 {holders} 人已认领未兑现，请先兑现或退领",
    "{holders} people hold it and have not done it: they fulfil or release it first",
)

DoneBy = Annotated[
    Claimant | None,
    Help("已经兑现、事后补录的填写兑现人", "Done already, put on record afterwards: by whom"),
]


class Propose(
    Opening,
    zh="征集",
    by=[Party.RESIDENT, Party.WORKER, Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN],
):
    """Ask for something, or set something up for others to take."""

    requester: Requester = None
    household: Home = None
    places: Places = 1
    done_by: DoneBy = None

    def decide(
        self, claim: None, context: Context
    ) -> ItemProposed | tuple[ItemProposed, ItemFulfilled]:
        """Residents state wishes; what is set up for all is for those who answer for it. What is
        done already is put on record afterwards by an organiser."""
        proposed = self._proposed(context)
        return proposed if self.done_by is None else (proposed, self._done(proposed, context))

    def _done(self, proposed: ItemProposed, context: Context) -> ItemFulfilled:
        person = context.person_meant(self.done_by, ORGANISERS)
        if context.actor.parties().isdisjoint(ORGANISERS):
            deny(DONE_BY_OTHERS)
        if self.places > 1:
            refuse(TOO_MANY_PLACES, places=1)
        if person == proposed.requester:
            refuse(OWN_WISH)
        books = context.books_of(person, proposed.about)
        unit = books.home_unit or proposed.about.unit
        return ItemFulfilled(
            about=context.said(proposed.about, person, unit=unit, books=books),
            person=person,
            household=self.household,
            beneficiaries=1,
            published_at=context.occurred_at,
        )

    def _proposed(self, context: Context) -> ItemProposed:
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
    team: Annotated[TeamCode | None, Help("结队认领时填写", "Where a team takes it")] = None

    def decide(self, claim: Published, context: Context) -> ItemClaimed:
        """Counts under the claimant's own unit, once for each person."""
        item, person = claim.item, context.person_meant(self.person, ORGANISERS)
        if item.of(person):
            refuse(TAKEN_ALREADY, person=person)
        if person == item.requester:
            refuse(OWN_WISH)
        check_after(published(item), context)
        books = context.books_of(person, claim.about)
        if self.team is not None:
            books = books.model_copy(update={"team": self.team})
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
