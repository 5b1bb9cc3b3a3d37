"""The pact: pairs, three lists, one match for each, deliveries counted, the other side's review."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from events.fact import About, Books, Provenance
from services.facts.list import InForce, ListKind
from services.facts.pact import (
    Delivering,
    Direction,
    Ended,
    EndReason,
    ItemListed,
    Kept,
    Listed,
    Matched,
    Measure,
    NeedResourceMatched,
    PactEnded,
    PactItemDelivered,
    PactReviewed,
    PactSigned,
    PactTerms,
    PairFormed,
    ProgressReported,
    Reviewed,
    Side,
    Signed,
    Sort,
    Whose,
)
from services.kernel.catalogue import only
from services.kernel.clocks import DeadlineEnded, DeadlineLifted, DeadlineSet
from services.kernel.testing import Registers, Story, story
from services.kernel.words import Actor
from services.workflows.pact import Deliver, End, ListItem, Match, Pair, Report, Review, Sign

KINDS = only("pact")
COMMUNITY = Actor("k1", None, frozenset({"community"}), "c1")
PARTNER = Actor("m1", "u1", frozenset({"unit_admin"}), "c1")
STRANGER = Actor("m2", "u2", frozenset({"unit_admin"}), "c1")
TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1", "u2"}))


def of(name: str) -> Story:
    return story(KINDS.entry(name), registers=TOWN)


def listing(code: str, side: Side, whose: Whose, sort: Sort = Sort.SERVICE) -> ListItem:
    return ListItem(item=code, side=side, whose=whose, sort=sort)


NEW = of("pact")
PAIRED = NEW.when(COMMUNITY, Pair(unit="u1", category="services"))
LISTED = (
    PAIRED.when(COMMUNITY, listing("n1", Side.NEED, Whose.COMMUNITY))
    .when(COMMUNITY, listing("n2", Side.NEED, Whose.COMMUNITY))
    .when(
        PARTNER,
        ListItem(
            item="r1",
            side=Side.RESOURCE,
            whose=Whose.UNIT,
            sort=Sort.VENUE,
            measure=Measure.HOUR,
            amount=100,
        ),
    )
)
MATCHED = LISTED.when(PARTNER, Match(need="n1")).when(COMMUNITY, Match(resource="r1"))
SIGNED = MATCHED.when(COMMUNITY, Sign(until=date(2019, 3, 5)))
DELIVERED = SIGNED.later(days=30).when(PARTNER, Deliver(item="n1", beneficiaries=25))

HERE = About(
    area="c1",
    unit="u1",
    category="services",
    books=Books(home_unit="u1", paired_community="c1"),
)


# ---- pairing


def test_a_pair_stands_in_the_books_of_both() -> None:
    PAIRED.then(PairFormed(about=HERE, terms=PactTerms()))


def test_a_pair_has_a_unit() -> None:
    NEW.when(COMMUNITY, Pair()).invalid("unit")


def test_a_mechanism_of_six_fields_knows_no_seventh() -> None:
    refused = of("six_joint").when(COMMUNITY, Pair(unit="u1", category="sports"))
    assert refused.error is not None
    assert "culture" in refused.error.zh
    refused.refused("not_a_field")
    of("six_joint").when(COMMUNITY, Pair(unit="u1", category="culture")).recorded(
        "pact.pair_formed"
    )
    of("five_joint").when(COMMUNITY, Pair(unit="u1")).refused("not_a_field")


def test_a_household_stands_only_in_a_pair_with_one() -> None:
    NEW.when(COMMUNITY, Pair(unit="u1", household="h1")).refused("no_household")
    helping = of("helping_pair")
    helping.when(PARTNER, Pair(unit="u1")).refused("which_household")
    fact = helping.when(PARTNER, Pair(unit="u1", household="h1")).facts[0]
    assert isinstance(fact, PairFormed)
    assert fact.household == "h1"


# ---- lists


def test_what_is_needed_and_offered_stands_on_lists() -> None:
    assert isinstance(LISTED.state, Listed)
    LISTED.then(
        ItemListed(
            about=HERE,
            item="r1",
            side=Side.RESOURCE,
            whose=Whose.UNIT,
            sort=Sort.VENUE,
            measure=Measure.HOUR,
            amount=100,
        )
    )
    LISTED.when(COMMUNITY, listing("n1", Side.NEED, Whose.COMMUNITY)).refused("listed_already")
    LISTED.when(STRANGER, listing("n3", Side.NEED, Whose.UNIT)).refused("not_yours")


def test_what_is_taken_from_a_list_stands_on_it() -> None:
    from_list = ListItem(
        item="n1", side=Side.NEED, whose=Whose.COMMUNITY, sort=Sort.GOODS, listed_in="l1"
    )
    assert from_list.reads("pact") == ("list/l1",)
    assert listing("n1", Side.NEED, Whose.COMMUNITY).reads("pact") == ()
    refused = PAIRED.when(COMMUNITY, from_list)
    assert refused.error is not None
    assert refused.error.zh == "n1 不在清单 l1"
    refused.refused("not_on_the_list")
    assert PAIRED.case is not None
    paper = InForce(HERE, "l1", ListKind.NEEDS, {"n1": HERE})
    knowing = PAIRED.knowing(cases={"list/l1": replace(PAIRED.case, state=paper)})
    knowing.when(COMMUNITY, from_list).recorded("pact.item_listed")


# ---- matching


@pytest.mark.parametrize(
    ("match", "direction", "sort"),
    [
        (Match(need="n1"), Direction.NEED_TAKEN, Sort.SERVICE),
        (Match(resource="r1"), Direction.RESOURCE_TAKEN, Sort.VENUE),
        (Match(need="n1", resource="r1"), Direction.ONE_TO_ONE, Sort.SERVICE),
    ],
)
def test_either_side_takes_up_what_the_other_lists(
    match: Match, direction: Direction, sort: Sort
) -> None:
    matched = LISTED.when(PARTNER, match)
    matched.then(
        NeedResourceMatched(
            about=HERE, need=match.need, resource=match.resource, direction=direction, sort=sort
        )
    )
    assert isinstance(matched.state, Matched)
    assert len(matched.state.deal.promised()) == 1


def test_each_is_taken_up_once() -> None:
    MATCHED.when(PARTNER, Match(need="n1")).refused("taken_up_already")
    MATCHED.when(PARTNER, Match(need="n2", resource="r1")).refused("taken_up_already")


def test_only_what_is_listed_is_taken_up() -> None:
    LISTED.when(PARTNER, Match()).refused("nothing_named")
    LISTED.when(PARTNER, Match(need="n9")).refused("not_listed")
    LISTED.when(PARTNER, Match(need="r1")).refused("not_listed")
    PAIRED.when(PARTNER, Match(need="n1")).refused("not_now")


def test_a_need_is_met_by_the_other_side() -> None:
    own = LISTED.when(COMMUNITY, listing("r2", Side.PROJECT, Whose.COMMUNITY))
    own.when(COMMUNITY, Match(need="n2", resource="r2")).refused("same_side")


# ---- signing and delivering


def test_what_is_signed_is_what_was_matched_and_the_rest_is_told_apart() -> None:
    signed, clock = SIGNED.facts
    assert signed == PactSigned(about=HERE, promised=2, unmatched=1, until=date(2019, 3, 5))
    assert isinstance(clock, DeadlineSet)
    assert clock.clock == "pact.review"
    assert isinstance(SIGNED.state, Signed)
    LISTED.when(COMMUNITY, Sign()).refused("not_now")
    MATCHED.when(COMMUNITY, Sign(until=date(2018, 3, 4))).refused("term_past")


def test_what_is_delivered_is_counted_in_its_own_measure() -> None:
    DELIVERED.then(
        PactItemDelivered(
            about=HERE,
            item="n1",
            sort=Sort.SERVICE,
            measure=Measure.ITEM,
            amount=1,
            beneficiaries=25,
        )
    )
    hours = DELIVERED.when(COMMUNITY, Deliver(item="r1", amount=60))
    fact = hours.facts[0]
    assert isinstance(fact, PactItemDelivered)
    assert (fact.measure, fact.amount) == (Measure.HOUR, 60)
    assert isinstance(hours.state, Delivering)
    assert PactItemDelivered.shape().quantities == ("amount", "beneficiaries")


def test_only_what_was_promised_is_delivered_and_only_once_signed() -> None:
    MATCHED.when(PARTNER, Deliver(item="n1")).refused("not_now")
    refused = SIGNED.when(PARTNER, Deliver(item="n2"))
    assert refused.error is not None
    assert "n2" in refused.error.zh
    refused.refused("not_promised")


def test_both_sides_tell_each_other_how_it_goes() -> None:
    DELIVERED.when(PARTNER, Report()).then(ProgressReported(about=HERE, said_by=Whose.UNIT))
    DELIVERED.when(COMMUNITY, Report()).then(ProgressReported(about=HERE, said_by=Whose.COMMUNITY))


# ---- looking back


def test_the_other_side_says_whether_promises_were_kept() -> None:
    reviewed, clock = DELIVERED.when(COMMUNITY, Review(kept=Kept.PARTLY)).facts
    assert reviewed == PactReviewed(
        about=HERE, of=Whose.UNIT, kept=Kept.PARTLY, promised=2, delivered=1
    )
    assert isinstance(clock, DeadlineEnded)
    assert clock.on_time
    DELIVERED.when(PARTNER, Review(kept=Kept.KEPT)).refused("own_review")
    DELIVERED.when(COMMUNITY, Review(of=Whose.COMMUNITY, kept=Kept.KEPT)).refused("own_review")
    DELIVERED.when(PARTNER, Review(of=Whose.COMMUNITY, kept=Kept.KEPT)).recorded(
        "pact.reviewed", "deadline.ended"
    )


def test_a_pact_goes_on_after_a_review() -> None:
    reviewed = DELIVERED.when(COMMUNITY, Review(kept=Kept.PARTLY))
    assert isinstance(reviewed.state, Reviewed)
    on = reviewed.when(PARTNER, Deliver(item="r1", amount=40))
    on.recorded("pact.item_delivered", "deadline.set")


def test_a_pact_ends_with_a_reason() -> None:
    ended = DELIVERED.when(PARTNER, End(reason=EndReason.PARTNER_GONE))
    fact, clock = ended.facts
    assert fact == PactEnded(about=HERE, reason=EndReason.PARTNER_GONE)
    assert isinstance(clock, DeadlineLifted)
    assert isinstance(ended.state, Ended)
    ended.when(PARTNER, Deliver(item="n1")).refused("not_now")
    assert fact.about.provenance is Provenance.SELF
