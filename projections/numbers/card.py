"""卡册 · The public numbers of cards."""

from __future__ import annotations

from projections.declare import Counter
from projections.making import count, distinct, net, only

# fmt: off

ISSUED, WITHDRAWN = ("card.issued",), ("card.withdrawn",)
CARDS = net("cards_valid", "有效卡册", "Cards now", ISSUED, WITHDRAWN, "张")
HOUSEHOLDS = distinct("households_with_card", "持卡户", "Households with a card", ISSUED,
                      "household", "户", WITHDRAWN)

NUMBERS: tuple[Counter, ...] = (
    count("cards_issued", "发卡", "Cards issued", ISSUED, "张"),
    count("cards_revised", "卡册更新", "Cards revised", "card.revised"),
    CARDS,
    only(CARDS, "contact_cards", "便民联系卡", "Contact cards", card_kind="contact"),
    only(CARDS, "record_books", "党员纪实本", "Record books", "本", card_kind="record_book"),
    only(CARDS, "pledge_slips", "承诺单发放", "Pledge slips issued", card_kind="pledge"),
    HOUSEHOLDS,
)
"""All of them."""
