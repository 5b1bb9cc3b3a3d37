"""Cards: for one person or one household, with contacts where they are contact cards."""

from __future__ import annotations

from events.fact import About, Books, Provenance
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, story
from services.kernel.words import Actor
from services.registers.card import (
    WORKFLOW,
    CardIssued,
    CardKind,
    CardRevised,
    CardWithdrawn,
    Issue,
    Revise,
    Withdraw,
    Withdrawn,
    WithdrawReason,
)

COMMUNITY = Actor("k1", None, frozenset({"community"}), "c1")
MEMBER = Actor("m1", "u1", frozenset({"worker"}), "c1")
OTHER = Actor("m2", "u1", frozenset({"worker"}), "c1")
MINE = Books(home_unit="u1", home_community="c1")
TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1"}), people={"m1": MINE})

NEW = story(entry_of(WORKFLOW, is_register=True), stream="card/k1", registers=TOWN)
CONTACT = Issue(
    code="k1", area="c1", card_kind=CardKind.CONTACT, household="h1", contacts=("p1", "p2", "p1")
)
ISSUED = NEW.when(COMMUNITY, CONTACT)
BOOK = NEW.when(COMMUNITY, Issue(code="k1", area="c1", card_kind=CardKind.RECORD_BOOK, person="m1"))

HERE = About(area="c1")


def test_a_contact_card_tells_a_household_whom_to_turn_to() -> None:
    assert WORKFLOW.id_of(CONTACT, COMMUNITY) == "k1"
    ISSUED.then(
        CardIssued(
            about=HERE,
            code="k1",
            card_kind=CardKind.CONTACT,
            household="h1",
            contacts=("p1", "p2"),
        )
    )
    ISSUED.when(COMMUNITY, CONTACT).refused("there_already")


def test_a_record_book_counts_in_the_books_of_its_holder() -> None:
    fact = BOOK.facts[0]
    assert fact.about == HERE.at(books=MINE, provenance=Provenance.ORGANISER)
    assert CardIssued.shape().members == ("person", "household")


def test_a_card_is_for_one() -> None:
    nobody = Issue(code="k1", area="c1", card_kind=CardKind.SERVICE)
    both = nobody.model_copy(update={"person": "m1", "household": "h1"})
    NEW.when(COMMUNITY, nobody).refused("for_one")
    assert NEW.when(COMMUNITY, both).refused("for_one").events == ()


def test_contacts_stand_on_contact_cards_alone() -> None:
    bare = Issue(code="k1", area="c1", card_kind=CardKind.CONTACT, household="h1")
    NEW.when(COMMUNITY, bare).refused("whom_to_turn_to")
    odd = Issue(code="k1", area="c1", card_kind=CardKind.VOLUNTEER, person="m1", contacts=("p1",))
    NEW.when(COMMUNITY, odd).refused("no_contacts")
    ISSUED.when(COMMUNITY, Revise(contacts=())).refused("whom_to_turn_to")
    BOOK.when(COMMUNITY, Revise(contacts=("p1",))).refused("no_contacts")


def test_a_card_is_revised_when_others_are_to_be_turned_to() -> None:
    revised = ISSUED.when(COMMUNITY, Revise(contacts=("p3",)))
    revised.then(
        CardRevised(about=HERE, card_kind=CardKind.CONTACT, household="h1", contacts=("p3",))
    )
    revised.when(COMMUNITY, Revise(contacts=("p3",))).refused("same_as_before")
    ISSUED.when(OTHER, Revise(contacts=("p3",))).refused("not_yours")


def test_a_card_is_withdrawn_where_it_counted() -> None:
    gone = BOOK.when(MEMBER, Withdraw(reason=WithdrawReason.OWN_WISH))
    gone.then(
        CardWithdrawn(
            about=HERE.at(books=MINE),
            card_kind=CardKind.RECORD_BOOK,
            person="m1",
            reason=WithdrawReason.OWN_WISH,
        )
    )
    assert isinstance(gone.state, Withdrawn)
    gone.when(COMMUNITY, Withdraw(reason=WithdrawReason.LOST)).refused("not_now")
    BOOK.when(OTHER, Withdraw(reason=WithdrawReason.LOST)).refused("not_yours")
