"""共建契约 · Pact, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import Field

from events.errors import Broken
from events.fact import Coded, Member, Quantity
from services.kernel.words import (
    CategoryCode,
    Choice,
    Count,
    Help,
    Household,
    ItemCode,
    Label,
    Terms,
)
from services.kernel.workflow import Fact, Note, State

# ---- limits, choices, fields

ITEMS_MAX = 200
FIELDS_MAX = 32


class Side(Choice, zh="清单", en="List"):
    """Which of the three lists something stands on."""

    NEED = "need", "需求清单", "Needs"
    RESOURCE = "resource", "资源清单", "Resources"
    PROJECT = "project", "项目清单", "Projects"


class Whose(Choice, zh="所属方", en="Whose"):
    """Which of the two partners."""

    COMMUNITY = "community", "社区"
    UNIT = "unit", "共建单位", "Partner unit"


class Sort(Choice, zh="内容", en="What it is"):
    """What is needed or offered."""

    VENUE = "venue", "场地", "Room or ground"
    GOODS = "goods", "物品"
    FUNDS = "funds", "经费"
    PEOPLE = "people", "人员"
    SERVICE = "service", "服务"
    TRAINING = "training", "培训指导", "Training and advice"
    CULTURE = "culture", "文化活动", "Culture"


class Measure(Choice, zh="计量", en="Measured in"):
    """What the amount counts."""

    ITEM = "item", "件"
    SESSION = "session", "场"
    HOUR = "hour", "小时"
    PERSON_TIME = "person_time", "人次", "Person-times"
    SQUARE_METRE = "square_metre", "平方米"
    BOOK = "book", "册"
    YUAN = "yuan", "元"


class Direction(Choice, zh="认领方向", en="Direction"):
    """Who takes up what of the other's list."""

    NEED_TAKEN = "need_taken", "单位认领需求", "A need is taken on"
    RESOURCE_TAKEN = "resource_taken", "社区认领资源", "A resource is taken up"
    ONE_TO_ONE = "one_to_one", "供需一一对应", "A need meets a resource"


class Kept(Choice, zh="履约情况", en="Pact kept"):
    """Three levels, and no mark."""

    KEPT = "kept", "已履约"
    PARTLY = "partly", "部分履约"
    NOT_KEPT = "not_kept", "未履约"


class EndReason(Choice, zh="终止原因", en="Reason"):
    """Why it is over."""

    TERM_OVER = "term_over", "期满"
    FULFILLED = "fulfilled", "全部兑现"
    BY_AGREEMENT = "by_agreement", "双方商定"
    PARTNER_GONE = "partner_gone", "单位迁出或撤销", "The unit is gone"


Amount = Annotated[Count, Field(ge=1, examples=[1]), Label("数量", "Amount")]
Until = Annotated[date, Field(examples=["2019-12-31"]), Label("期限", "Until")]
Fields = Annotated[
    tuple[CategoryCode, ...],
    Field(max_length=FIELDS_MAX, examples=[["organisation"]]),
    Label("共建领域", "Fields"),
    Help("空为不限", "None: any"),
]


class PactTerms(Terms):
    """What a variant fixes."""

    fields: Fields = ()
    for_household: Annotated[bool, Label("结对到户", "Paired with a household")] = False


# ---- states


@dataclass(frozen=True)
class Item:
    """One thing on a list of the pact."""

    code: str
    side: Side
    whose: Whose
    sort: Sort
    measure: Measure
    amount: int
    promised: bool = False
    delivered: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether as much was delivered as was promised."""
        return self.delivered >= self.amount


@dataclass(frozen=True)
class Deal:
    """What is true of a pact all its life. A need met by a resource is one promise, under the
    need's code."""

    terms: PactTerms
    household: str | None
    items: tuple[Item, ...] = ()
    matched: frozenset[str] = frozenset()

    def item(self, code: str) -> Item | None:
        """The item of that code."""
        return next((one for one in self.items if one.code == code), None)

    def promised(self) -> list[Item]:
        """What is to be delivered."""
        return [one for one in self.items if one.promised]

    def unmatched_needs(self) -> int:
        """How many needs nobody has taken on."""
        return sum(one.side is Side.NEED and one.code not in self.matched for one in self.items)

    def with_item(self, item: Item) -> Deal:
        """The same with this item, new or changed."""
        others = tuple(one for one in self.items if one.code != item.code)
        return replace(self, items=(*others, item))

    def matching(self, need: str | None, resource: str | None) -> Deal:
        """The same with these matched. Raises Broken where they cannot be, any more."""
        deal = self
        for code in filter(None, (need, resource)):
            item = self.item(code)
            if item is None or code in self.matched:
                raise Broken(f"{code} cannot be matched")
            deal = deal.with_item(replace(item, promised=code == (need or resource)))
        codes = {code for code in (need, resource) if code is not None}
        if not codes:
            raise Broken("nothing is matched")
        return replace(deal, matched=self.matched | codes)


class Pact(State):
    """One community and one unit. Its unit is the partner, its paired community where it is."""

    deal: Deal


class Living(Pact):
    """Not over."""


class Drafting(Living):
    """Not signed yet: lists may grow."""


class Paired(Drafting, zh="已结对"):
    """The two have found each other."""


class Listed(Drafting, zh="已列清单"):
    """It is known what is needed and what is offered."""


class Matched(Drafting, zh="已对接"):
    """Something of it was taken up."""


class InForce(Living):
    """Signed."""


class Signed(InForce, zh="已签约"):
    """Nothing was delivered yet."""


class Delivering(InForce, zh="兑现中"):
    """Some of it was."""


class Reviewed(InForce, zh="已评议"):
    """Looked back on; may go on."""


class Ended(Pact, zh="已终止"):
    """Over."""


# ---- facts


class PairFormed(Fact, zh="已结对"):
    """A community and a unit, or a unit and a household, stand by each other."""

    household: Annotated[Household | None, Member, Label("结对户", "Household paired with")] = None
    terms: Annotated[PactTerms, Label("条款", "Terms")]

    def apply(self, pact: None) -> Paired:
        """The beginning."""
        return Paired(self.about, Deal(self.terms, self.household))


class ItemListed(Fact, zh="清单项已列"):
    """Something is needed, offered, or planned together."""

    item: ItemCode
    side: Annotated[Side, Coded]
    whose: Annotated[Whose, Coded]
    sort: Sort
    measure: Measure
    amount: Annotated[Amount, Quantity]

    def apply(self, pact: Drafting) -> Listed | Matched:
        """One more."""
        if pact.deal.item(self.item) is not None:
            raise Broken(f"{self.item} is listed already")
        item = Item(self.item, self.side, self.whose, self.sort, self.measure, self.amount)
        deal = pact.deal.with_item(item)
        return replace(pact, deal=deal) if isinstance(pact, Matched) else Listed(pact.about, deal)


class NeedResourceMatched(Fact, zh="供需已对接"):
    """One of a list is taken up by the other side."""

    need: Annotated[ItemCode | None, Label("需求项", "Need")] = None
    resource: Annotated[ItemCode | None, Label("资源项", "Resource")] = None
    direction: Annotated[Direction, Coded]
    sort: Annotated[Sort, Coded]

    def apply(self, pact: Listed | Matched) -> Matched:
        """Promised."""
        return Matched(pact.about, pact.deal.matching(self.need, self.resource))


class PactSigned(Fact, zh="已签约"):
    """Both stand by what was matched."""

    promised: Annotated[Count, Quantity, Label("契约项", "Promised")]
    unmatched: Annotated[Count, Quantity, Label("未对接需求", "Needs not matched")]
    until: Annotated[Until | None, Label("期限", "Until")] = None

    def apply(self, pact: Matched) -> Signed:
        """To be delivered."""
        return Signed(pact.about, pact.deal)


class PactItemDelivered(Fact, zh="契约项已兑现"):
    """Some of what was promised, as whoever enters it says."""

    item: ItemCode
    sort: Annotated[Sort, Coded]
    measure: Annotated[Measure, Coded]
    amount: Annotated[Amount, Quantity]
    beneficiaries: Annotated[Count, Quantity, Label("受益人次", "Person-times")] = 0

    def apply(self, pact: InForce) -> Delivering:
        """So much more."""
        item = pact.deal.item(self.item)
        if item is None or not item.promised:
            raise Broken(f"{self.item} was not promised")
        delivered = replace(item, delivered=item.delivered + self.amount)
        return Delivering(pact.about, pact.deal.with_item(delivered))


class ProgressReported(Note, zh="情况已通报"):
    """One side tells the other how it goes."""

    said_by: Annotated[Whose, Coded, Label("通报方", "Said by")]


class PactReviewed(Fact, zh="已评议"):
    """One side's view of what the other kept, beside what was delivered."""

    of: Annotated[Whose, Coded, Label("被评方", "Whose promises")]
    kept: Annotated[Kept, Coded]
    promised: Annotated[Count, Quantity, Label("契约项", "Promised")]
    delivered: Annotated[Count, Quantity, Label("已兑现项", "Kept in full")]

    def apply(self, pact: InForce) -> Reviewed:
        """It may go on."""
        return Reviewed(pact.about, pact.deal)


class PactEnded(Fact, zh="已终止"):
    """Over, with the reason why."""

    reason: Annotated[EndReason, Coded]

    def apply(self, pact: Living) -> Ended:
        """The end."""
        return Ended(pact.about, pact.deal)
