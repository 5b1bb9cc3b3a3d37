"""卡册 · Card: service and contact cards, record books, pledge slips: issued, revised, withdrawn.

Stream `card/<code>`. A card is for a person or for a household, by opaque ids. A contact card names
whom to turn to: those who hold a post, never a telephone number. What a record book holds are the
deeds themselves; here stands only that somebody has one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, StringConstraints

from events.fact import Coded, Member
from events.places import CODE_PATTERN
from services.kernel.words import (
    Actor,
    AreaCode,
    Choice,
    Help,
    Household,
    Label,
    Party,
    Person,
    Refusal,
    UnitCode,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

CONTACTS_MAX = 8
KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.UNIT_ADMIN)
CHANGERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.HANDLER)

FOR_ONE = Refusal(
    "for_one",
    "卡册发给一人或一户，须且只须填写其一",
    "a card is for one person or one household: name one of them",
)
WHOM_TO_TURN_TO = Refusal(
    "whom_to_turn_to", "联系卡须列明联系人", "a contact card says whom to turn to"
)
NO_CONTACTS = Refusal("no_contacts", "{kind}不列联系人", "a {kind_en} names nobody to turn to")
SAME_AS_BEFORE = Refusal("same_as_before", "与原卡相同，无需更新", "the card would be as it is")


class CardKind(Choice, zh="卡册类别", en="Kind of card"):
    """What it is for."""

    SERVICE = "service", "服务卡", "Service card"
    CONTACT = "contact", "便民联系卡", "Contact card"
    RECORD_BOOK = "record_book", "党员纪实本", "Record book"
    VOLUNTEER = "volunteer", "志愿服务登记卡", "Volunteer's card"
    PLEDGE = "pledge", "承诺单", "Pledge slip"


class WithdrawReason(Choice, zh="收回原因", en="Reason"):
    """Why it is no longer good."""

    MOVED_AWAY = "moved_away", "迁出", "Moved away"
    LOST = "lost", "遗失"
    OVER = "over", "期满"
    OWN_WISH = "own_wish", "本人要求", "At their own wish"


CardCode = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["k1"]),
    Label("卡号", "Card"),
]
ForPerson = Annotated[Person | None, Label("持卡人", "Holder")]
ForHousehold = Annotated[Household | None, Label("持卡户", "Household")]
Contacts = Annotated[
    tuple[Person, ...],
    Field(max_length=CONTACTS_MAX, examples=[["p1"]]),
    Label("联系人", "Whom to turn to"),
    Help("网格长、副网格长、网格员等", "Grid lead, deputy, grid workers"),
]


@dataclass(frozen=True)
class Paper:
    """What is true of a card."""

    code: str
    card_kind: CardKind
    person: str | None
    household: str | None
    contacts: tuple[str, ...]


class Card(State):
    """One card."""

    paper: Paper

    def parties(self, actor: Actor) -> set[Party]:
        """Whose it is, beside the unit that issued it."""
        found = {Party.HOLDER} if actor.person == self.paper.person else set()
        return found | super().parties(actor)


class Valid(Card, zh="有效"):
    """In somebody's hands."""


class Withdrawn(Card, zh="已收回"):
    """No longer good."""


class OfCard(Fact):
    """What every fact says: whose card, and what kind."""

    card_kind: Annotated[CardKind, Coded]
    person: Annotated[ForPerson, Member] = None
    household: Annotated[ForHousehold, Member] = None


class CardIssued(OfCard, zh="已发卡"):
    """Somebody has it from now on."""

    code: CardCode
    contacts: Contacts = ()

    def apply(self, nothing: None) -> Valid:
        """In their hands."""
        paper = Paper(self.code, self.card_kind, self.person, self.household, self.contacts)
        return Valid(self.about, paper)


class CardRevised(OfCard, zh="已更新"):
    """It names others to turn to."""

    contacts: Contacts

    def apply(self, card: Valid) -> Valid:
        """The newest word holds."""
        return Valid(card.about, replace(card.paper, contacts=self.contacts))


class CardWithdrawn(OfCard, zh="已收回"):
    """It is no longer good."""

    reason: Annotated[WithdrawReason, Coded]

    def apply(self, card: Valid) -> Withdrawn:
        """That it was, stands on record."""
        return Withdrawn(card.about, card.paper)


class Issue(Command, zh="发卡", by=KEEPERS):
    """Give somebody a card."""

    code: CardCode
    area: AreaCode
    unit: UnitCode | None = None
    card_kind: CardKind
    person: ForPerson = None
    household: ForHousehold = None
    contacts: Contacts = ()

    def decide(self, nothing: None, context: Context) -> CardIssued:
        """In the books of the holder's unit and communities."""
        if (self.person is None) == (self.household is None):
            refuse(FOR_ONE)
        check_contacts(self.card_kind, self.contacts)
        about = About(area=self.area, unit=self.unit, provenance=context.said_by(self.person))
        if self.person is not None:
            about = about.at(books=context.books_of(self.person, about))
        return CardIssued(
            about=about,
            code=self.code,
            card_kind=self.card_kind,
            person=self.person,
            household=self.household,
            contacts=tuple(dict.fromkeys(self.contacts)),
        )


class Revise(Command, zh="更新", by=CHANGERS):
    """Put others on it to turn to."""

    contacts: Contacts

    def decide(self, card: Valid, context: Context) -> CardRevised:
        """Only what changes."""
        check_contacts(card.paper.card_kind, self.contacts)
        contacts = tuple(dict.fromkeys(self.contacts))
        if contacts == card.paper.contacts:
            refuse(SAME_AS_BEFORE)
        return CardRevised(**whose(card, context), contacts=contacts)


class Withdraw(Command, zh="收回", by=(*CHANGERS, Party.HOLDER)):
    """Say that it is no longer good."""

    reason: WithdrawReason

    def decide(self, card: Valid, context: Context) -> CardWithdrawn:
        """Taken back from where it counted."""
        return CardWithdrawn(**whose(card, context), reason=self.reason)


def check_contacts(kind: CardKind, contacts: tuple[str, ...]) -> None:
    """Refuse a contact card without contacts, and any other with them."""
    if kind is CardKind.CONTACT and not contacts:
        refuse(WHOM_TO_TURN_TO)
    if kind is not CardKind.CONTACT and contacts:
        refuse(NO_CONTACTS, kind=kind.label.zh, kind_en=kind.label.en.lower())


def whose(card: Valid, context: Context) -> dict[str, object]:
    """What every fact repeats."""
    paper = card.paper
    return {
        "about": context.said(card.about, paper.person),
        "card_kind": paper.card_kind,
        "person": paper.person,
        "household": paper.household,
    }


WORKFLOW = Workflow(__name__, zh="卡册", en="Card", key="code", in_order=False)
