"""The claim: posts, wishes and duties put up, taken, done, and confirmed by the other side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from events.errors import Unknown
from events.fact import About, Books, Provenance
from services.facts.claim import (
    Claim,
    Claimed,
    ClaimReleased,
    ClaimTerms,
    Confirmed,
    DenyReason,
    DoneWhen,
    Expired,
    Fulfilled,
    FulfilmentConfirmed,
    FulfilmentDenied,
    ItemClaimed,
    ItemExpired,
    ItemFulfilled,
    ItemProposed,
    ItemPublished,
    ItemVerified,
    ItemWithdrawn,
    Published,
    ReleaseReason,
    Withdrawn,
    WithdrawReason,
)
from services.kernel.catalogue import Catalogue, discover
from services.kernel.corrections import Void, VoidReason
from services.kernel.facts import CounterpartyConfirmed, VerifyMethod
from services.kernel.records import GiveFeedback, Verify
from services.kernel.testing import MONDAY, Registers, Story, story
from services.kernel.words import Actor, Satisfaction
from services.workflows.claim import (
    Confirm,
    Deny,
    Expire,
    Fulfil,
    Propose,
    Publish,
    Release,
    Take,
    VerifyItem,
    Withdraw,
)

CATALOGUE: Catalogue = discover()


def person(name: str, *roles: str, unit: str | None = None) -> Actor:
    return Actor(name, unit, frozenset(roles), "c1")


RESIDENT = person("p1", "resident")
COMMUNITY = person("k1", "community")
MEMBER = person("m1", "worker", unit="u1")
COLLEAGUE = person("m2", "worker", unit="u1")
STRANGER = person("m3", "worker", unit="u2")
UNIT_ADMIN = person("a1", "unit_admin", unit="u1")
LEADER = person("l1", "leader")
AUDITOR = person("x1", "auditor")

HOME = Books(home_unit="u1", home_community="c2", paired_community="c1")
TOWN = Registers(
    areas=frozenset({"c1", "c2"}),
    units=frozenset({"u1", "u2"}),
    teams=frozenset({"t1"}),
    people={"m1": HOME, "m2": Books(home_unit="u1")},
)


def new(variant: str) -> Story:
    return story(CATALOGUE.entry(variant), registers=TOWN)


def state(told: Story) -> Claim:
    assert isinstance(told.state, Claim)
    return told.state


STATED = new("wish").when(RESIDENT, Propose(household="h1"))
VERIFIED = STATED.when(COMMUNITY, VerifyItem())
WISH = VERIFIED.later(hours=1).when(COMMUNITY, Publish())
TAKEN = WISH.later(days=1).when(MEMBER, Take())
DONE = TAKEN.later(days=1).when(MEMBER, Fulfil(timing=DoneWhen.AFTER_HOURS))

POST = new("post").when(COMMUNITY, Propose(places=2, category="patrol")).when(COMMUNITY, Publish())
ONE = POST.later(hours=1).when(MEMBER, Take())
FULL = ONE.later(hours=1).when(STRANGER, Take())

AT_WISH = About(area="c1", variant="wish")
AT_POST = About(area="c1", variant="post", category="patrol")
MINE = AT_POST.at(unit="u1", books=HOME)
SINCE = MONDAY + timedelta(hours=1)


# ---- putting up


def test_a_resident_states_a_wish_and_its_terms_are_written_down() -> None:
    terms = CATALOGUE.entry("wish").terms
    assert isinstance(terms, ClaimTerms)
    STATED.then(ItemProposed(about=AT_WISH, requester="p1", household="h1", places=1, terms=terms))
    assert STATED.events[0].content["data"]["terms"]["places_max"] == 1


def test_a_kind_without_a_variant_cannot_be_started() -> None:
    entry = CATALOGUE.entry("claim")
    assert not entry.startable
    with pytest.raises(AssertionError, match="variants"):
        story(entry).when(COMMUNITY, Propose())


def test_the_community_states_a_wish_for_a_resident_and_says_so() -> None:
    stated = new("wish").when(COMMUNITY, Propose(requester="p7"))
    assert stated.facts[0].about.provenance is Provenance.ORGANISER
    new("wish").when(RESIDENT, Propose(requester="p7")).refused("for_oneself")


@pytest.mark.parametrize("variant", ["post", "duty"])
@pytest.mark.parametrize("actor", [RESIDENT, MEMBER])
def test_posts_and_duties_are_put_up_by_those_who_answer_for_them(
    variant: str, actor: Actor
) -> None:
    new(variant).when(actor, Propose()).refused("not_for_residents")


def test_a_wish_is_for_one_to_fulfil() -> None:
    new("wish").when(RESIDENT, Propose(places=2)).refused("too_many_places")
    with pytest.raises(ValidationError):
        Propose(places=0)


def test_a_wish_that_is_fulfilled_already_is_put_on_record_by_an_organiser() -> None:
    done = new("wish").when(COMMUNITY, Propose(requester="p1", done_by="m1"))
    proposed, fulfilled = done.facts
    assert isinstance(proposed, ItemProposed)
    assert isinstance(fulfilled, ItemFulfilled)
    assert (fulfilled.person, fulfilled.about.unit) == ("m1", "u1")
    assert isinstance(done.state, Fulfilled)
    assert isinstance(done.when(RESIDENT, Confirm()).facts[0], FulfilmentConfirmed)
    denied = done.when(RESIDENT, Deny(reason=DenyReason.NOT_DONE))
    assert isinstance(denied.state, Claimed)


def test_who_cannot_answer_for_it_does_not_put_a_fulfilled_wish_on_record() -> None:
    new("wish").when(RESIDENT, Propose(done_by="m1")).refused("for_oneself")
    new("wish").when(MEMBER, Propose(done_by="m1")).refused("done_by_others")
    new("wish").when(COMMUNITY, Propose(requester="m1", done_by="m1")).refused("own_wish")
    new("post").when(COMMUNITY, Propose(places=2, done_by="m1")).refused("too_many_places")


def test_a_wish_is_verified_before_it_is_put_up() -> None:
    STATED.when(COMMUNITY, Publish()).refused("not_verified")
    VERIFIED.then(ItemVerified(about=AT_WISH.at(provenance=Provenance.SELF)))
    WISH.then(ItemPublished(about=AT_WISH, places=1, published_at=SINCE))


def test_a_post_is_put_up_at_once() -> None:
    assert isinstance(POST.state, Published)


def test_a_resident_may_withdraw_a_wish_until_it_is_put_up() -> None:
    gone = VERIFIED.when(RESIDENT, Withdraw(reason=WithdrawReason.NOT_NEEDED))
    gone.then(ItemWithdrawn(about=AT_WISH, reason=WithdrawReason.NOT_NEEDED))
    assert isinstance(gone.state, Withdrawn)
    WISH.when(RESIDENT, Withdraw(reason=WithdrawReason.NOT_NEEDED)).refused("not_now")
    VERIFIED.when(STRANGER, Withdraw(reason=WithdrawReason.NOT_NEEDED)).refused("not_yours")


# ---- taking and giving back


def test_a_claim_counts_under_the_unit_and_books_of_whoever_took_it() -> None:
    ONE.then(ItemClaimed(about=MINE, person="m1", claimed_at=SINCE))
    assert ItemClaimed.shape().members == ("person",)
    assert isinstance(ONE.state, Published)
    assert isinstance(FULL.state, Claimed)
    assert FULL.state.about == AT_POST


def test_an_organiser_may_enter_a_claim_and_says_so() -> None:
    entered = POST.when(UNIT_ADMIN, Take(person="m2"))
    about = entered.facts[0].about
    assert (about.unit, about.provenance) == ("u1", Provenance.ORGANISER)
    POST.when(MEMBER, Take(person="m2")).refused("for_oneself")


def test_a_claim_by_a_team_counts_in_its_book() -> None:
    together = POST.when(MEMBER, Take(team="t1"))
    assert together.facts[0].about.books == HOME.model_copy(update={"team": "t1"})
    lost = POST.when(MEMBER, Take(team="t9"))
    assert isinstance(lost.error, Unknown)


def test_nobody_takes_two_places_nor_their_own_wish() -> None:
    ONE.when(MEMBER, Take()).refused("taken_already")
    WISH.when(RESIDENT, Take()).refused("own_wish")


def test_a_full_item_takes_nobody() -> None:
    FULL.when(COLLEAGUE, Take()).refused("not_now")
    TAKEN.when(COLLEAGUE, Take()).refused("not_now")


def test_a_release_takes_back_exactly_where_the_claim_counted() -> None:
    released = FULL.when(MEMBER, Release(reason=ReleaseReason.NO_TIME))
    released.then(ClaimReleased(about=MINE, person="m1", reason=ReleaseReason.NO_TIME))
    assert isinstance(released.state, Published)
    released.when(COLLEAGUE, Take()).recorded("claim.item_claimed")


def test_the_place_of_somebody_else_is_not_mine_to_give_back() -> None:
    FULL.when(COLLEAGUE, Release(person="m1", reason=ReleaseReason.NO_TIME)).refused("not_yours")
    FULL.when(MEMBER, Release(person="m3", reason=ReleaseReason.NO_TIME)).refused("for_oneself")
    handed = FULL.when(COMMUNITY, Release(person="m3", reason=ReleaseReason.HANDED_OVER))
    assert handed.facts[0].about.unit == "u2"


def test_an_organiser_says_whose_place_is_meant_where_there_are_several() -> None:
    FULL.when(COMMUNITY, Release(reason=ReleaseReason.NOT_ABLE)).refused("which_one")
    ONE.when(COMMUNITY, Release(reason=ReleaseReason.NOT_ABLE)).recorded("claim.claim_released")
    nobody = POST.when(COMMUNITY, Release(person="m1", reason=ReleaseReason.NOT_ABLE))
    nobody.refused("not_taken")


def test_claims_may_be_entered_in_any_order_but_not_before_they_were_possible() -> None:
    late = FULL.when(MEMBER, Release(reason=ReleaseReason.NO_TIME)).later(days=1)
    early = POST.now + timedelta(minutes=30)
    entered = late.when(COMMUNITY, Take(person="m2", occurred_at=early))
    assert entered.facts[0].fact == "claim.item_claimed"
    entered.when(COLLEAGUE, Fulfil(occurred_at=POST.now)).refused("too_early")
    WISH.later(days=1).when(MEMBER, Take(occurred_at=MONDAY)).refused("too_early")


def test_a_leader_takes_a_duty() -> None:
    duty = new("duty").when(COMMUNITY, Propose()).when(COMMUNITY, Publish())
    taken = duty.when(LEADER, Take())
    assert taken.facts[0].about.variant == "duty"
    assert isinstance(taken.state, Claimed)


# ---- doing and confirming


def test_a_fulfilment_is_what_the_claimant_says() -> None:
    mine = AT_WISH.at(unit="u1", books=HOME)
    DONE.then(
        ItemFulfilled(
            about=mine,
            person="m1",
            household="h1",
            timing=DoneWhen.AFTER_HOURS,
            beneficiaries=1,
            published_at=SINCE,
        )
    )
    assert isinstance(DONE.state, Fulfilled)


def test_the_one_who_wished_confirms_and_the_deed_counts_as_verified() -> None:
    yes = DONE.when(RESIDENT, Confirm())
    confirmed, verified = yes.facts
    assert confirmed == FulfilmentConfirmed(
        about=AT_WISH.at(unit="u1", books=HOME, provenance=Provenance.COUNTERPARTY),
        person="m1",
        published_at=SINCE,
    )
    assert isinstance(verified, CounterpartyConfirmed)
    assert verified.of_fact == "claim.item_fulfilled"
    assert isinstance(yes.state, Confirmed)


def test_nobody_confirms_their_own_deed() -> None:
    insider = person("m1", "worker", "community", unit="u1")
    DONE.when(insider, Confirm()).refused("own_deed")
    DONE.when(insider, Deny(reason=DenyReason.NOT_DONE)).refused("own_deed")
    DONE.when(STRANGER, Confirm()).refused("not_yours")


def test_a_community_that_entered_the_deed_confirms_it_without_verifying_it() -> None:
    entered = TAKEN.when(COMMUNITY, Fulfil())
    entered.when(COMMUNITY, Confirm()).recorded("claim.fulfilment_confirmed")


def test_a_no_takes_the_fulfilment_back_and_the_claimant_tries_again() -> None:
    no = DONE.when(RESIDENT, Deny(reason=DenyReason.NOT_AS_ASKED))
    (fact,) = no.facts
    assert isinstance(fact, FulfilmentDenied)
    assert (fact.person, fact.about.unit) == ("m1", "u1")
    assert isinstance(no.state, Claimed)
    no.when(RESIDENT, Confirm()).refused("nothing_to_judge")
    assert isinstance(no.when(MEMBER, Fulfil()).state, Fulfilled)


def test_what_is_done_cannot_be_given_back() -> None:
    done = FULL.when(MEMBER, Fulfil())
    assert isinstance(done.state, Claimed)
    done.when(MEMBER, Release(reason=ReleaseReason.NO_TIME)).refused("not_taken")


def test_an_item_is_over_when_every_place_is_done_and_confirmed() -> None:
    first = FULL.when(MEMBER, Fulfil())
    judged = first.when(COMMUNITY, Confirm())
    assert isinstance(judged.state, Claimed)
    second = judged.when(STRANGER, Fulfil())
    assert isinstance(second.state, Fulfilled)
    over = second.when(COMMUNITY, Confirm())
    assert isinstance(over.state, Confirmed)
    assert over.case is not None
    words = [told.fact for told in over.case.held]
    people = [word.of_member_1 for word in words if isinstance(word, CounterpartyConfirmed)]
    assert people == ["m1", "m3"]


def test_each_confirmation_is_of_the_deed_it_names() -> None:
    both = FULL.when(MEMBER, Fulfil()).when(STRANGER, Fulfil())
    both.when(COMMUNITY, Confirm()).refused("which_one")
    first = both.when(COMMUNITY, Confirm(person="m1"))
    (_, verified) = first.facts
    assert isinstance(verified, CounterpartyConfirmed)
    assert verified.of_member_1 == "m1"


def test_an_auditor_verifies_a_fulfilment() -> None:
    DONE.when(AUDITOR, Verify(method=VerifyMethod.CALL_BACK)).recorded("record.verified")


def test_feedback_can_be_given_at_any_stage() -> None:
    DONE.when(RESIDENT, GiveFeedback(satisfaction=Satisfaction.SATISFIED)).recorded(
        "record.feedback_given"
    )


# ---- the end


def test_a_term_is_over_only_when_nobody_is_left_holding_a_place() -> None:
    ONE.when(COMMUNITY, Expire()).refused("still_held")
    over = ONE.when(MEMBER, Fulfil()).when(COMMUNITY, Expire())
    over.then(ItemExpired(about=AT_POST, free=1))
    assert isinstance(over.state, Expired)
    late = over.when(COMMUNITY, Confirm())
    assert isinstance(late.state, Expired)
    over.when(COLLEAGUE, Take()).refused("not_now")


def test_a_claim_entered_by_mistake_is_voided_and_its_place_free_again() -> None:
    free = FULL.when(COMMUNITY, Void(revision=FULL.events[-1].revision, reason=VoidReason.DOUBLE))
    assert isinstance(free.state, Published)
    assert [one.person for one in state(free).item.holdings] == ["m1"]


def test_a_claim_that_was_done_cannot_be_taken_back_before_the_deed() -> None:
    DONE.when(
        COMMUNITY, Void(revision=TAKEN.events[-1].revision, reason=VoidReason.NOT_HAPPENED)
    ).refused("rest_breaks")


@pytest.mark.parametrize("variant", ["post", "wish", "duty"])
def test_each_variant_has_its_own_words_for_the_same_facts(variant: str) -> None:
    entry = CATALOGUE.entry(variant)
    assert entry.kind == "claim"
    assert entry.label.zh in {"岗位", "微心愿", "责任"}
    assert entry.fact_label("claim.item_fulfilled").zh != "已兑现"
