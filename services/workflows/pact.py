"""共建契约 · Pact: a unit and a community pair up, list, match, sign, deliver and look back.

Needs, resources and projects stand on lists of both sides; each is taken up once, by the other
side. What is delivered counts in the books of the partner unit and of the community it is paired
with (`paired_community`), and once where they meet. A need met by a resource is one promise, under
the need's code.
"""

from __future__ import annotations

from typing import Annotated

from events.errors import Invalid
from events.fact import Books
from services.facts import list as lists
from services.facts.pact import (
    Amount,
    Delivering,
    Direction,
    Drafting,
    EndReason,
    InForce,
    Item,
    ItemListed,
    Kept,
    Listed,
    Living,
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
    Until,
    Whose,
)
from services.kernel.words import (
    Count,
    Help,
    Household,
    ItemCode,
    Label,
    Party,
    Refusal,
    days,
    deny,
    refuse,
)
from services.kernel.workflow import Clock, Command, Context, Opening, Workflow

PARTNERS = (Party.COMMUNITY, Party.STREET, Party.HANDLER)
"""Both sides: the community (or its street), and the people of the partner unit."""

NOT_A_FIELD = Refusal(
    "not_a_field",
    "共建领域须为：{fields}",
    "the field (category) must be one of: {fields}",
)
WHICH_HOUSEHOLD = Refusal(
    "which_household", "结对到户须填写结对户", "say which household it is paired with"
)
NO_HOUSEHOLD = Refusal(
    "no_household",
    "与社区结对，不登记住户",
    "it is paired with a community: no household is put on record",
)
LISTED_ALREADY = Refusal(
    "listed_already", "{item} 已列入本契约", "{item} is listed in this pact already"
)
NOT_ON_THE_LIST = Refusal(
    "not_on_the_list", "{item} 不在清单 {list}", "{item} is not on the list {list}"
)
NOT_LISTED = Refusal("not_listed", "{item} 未列入{side}", "{item} is not among the {side_en}")
TAKEN_UP_ALREADY = Refusal("taken_up_already", "{item} 已对接", "{item} is matched already")
NOTHING_NAMED = Refusal("nothing_named", "须指明需求项或资源项", "name a need, a resource, or both")
SAME_SIDE = Refusal(
    "same_side",
    "{need} 与 {resource} 属同一方，供需须来自双方",
    "{need} and {resource} are of one side: a need is met by the other",
)
TERM_PAST = Refusal("term_past", "期限 {until} 已过", "the term {until} is over already")
NOT_PROMISED = Refusal(
    "not_promised", "{item} 未列入契约，不能兑现", "{item} was not promised in this pact"
)
OWN_REVIEW = Refusal(
    "own_review", "评议由对方作出", "the other side says whether promises were kept"
)


class Pair(Opening, zh="结对", by=[Party.COMMUNITY, Party.STREET, Party.UNIT_ADMIN]):
    """Put on record that a unit stands by a community, or by a household. The unit is `unit`."""

    household: Annotated[
        Household | None,
        Label("结对户", "Household paired with"),
        Help("仅限结对到户", "Only where a variant pairs with households"),
    ] = None

    def decide(self, pact: None, context: Context) -> PairFormed:
        """In the books of both."""
        terms = context.terms_of(PactTerms)
        if self.unit is None:
            raise Invalid("say which unit it is", field="unit", zh="请填写共建单位")
        if terms.fields and self.category not in terms.fields:
            refuse(NOT_A_FIELD, fields="、".join(terms.fields))
        if terms.for_household and self.household is None:
            refuse(WHICH_HOUSEHOLD)
        if self.household is not None and not terms.for_household:
            refuse(NO_HOUSEHOLD)
        about = self.about(context)
        books = Books(home_unit=self.unit, paired_community=about.area)
        return PairFormed(about=about.at(books=books), household=self.household, terms=terms)


class ListItem(Command, zh="列入清单", by=PARTNERS):
    """Say what is needed, offered or planned, on one's own side or for the other."""

    item: ItemCode
    side: Side
    whose: Whose
    sort: Sort
    measure: Measure = Measure.ITEM
    amount: Amount = 1
    listed_in: Annotated[
        lists.ListCode | None,
        Label("所在清单", "Stands on the list"),
        Help("须为该清单所列", "It must stand on that list"),
    ] = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """The list it is said to stand on."""
        return (lists.stream(self.listed_in),) if self.listed_in else ()

    def decide(self, pact: Drafting, context: Context) -> ItemListed:
        """Each once, and only what stands on the list it is taken from."""
        if pact.deal.item(self.item) is not None:
            refuse(LISTED_ALREADY, item=self.item)
        if self.listed_in and not lists.on_list(context, self.listed_in, self.item):
            refuse(NOT_ON_THE_LIST, item=self.item, list=self.listed_in)
        return ItemListed(
            about=context.said(pact.about),
            item=self.item,
            side=self.side,
            whose=self.whose,
            sort=self.sort,
            measure=self.measure,
            amount=self.amount,
        )


class Match(Command, zh="供需对接", en="Match", by=PARTNERS):
    """Take up a need, a resource or project, or bring one of each together."""

    need: Annotated[ItemCode | None, Label("需求项", "Need")] = None
    resource: Annotated[ItemCode | None, Label("资源项", "Resource or project")] = None

    def decide(self, pact: Listed | Matched, context: Context) -> NeedResourceMatched:
        """Each once, and from both sides."""
        need = self._item(pact, self.need, Side.NEED)
        resource = self._item(pact, self.resource, Side.RESOURCE, Side.PROJECT)
        if need and resource and need.whose is resource.whose:
            refuse(SAME_SIDE, need=need.code, resource=resource.code)
        taken = need or resource
        if taken is None:
            refuse(NOTHING_NAMED)
        if need and resource:
            direction = Direction.ONE_TO_ONE
        else:
            direction = Direction.NEED_TAKEN if need else Direction.RESOURCE_TAKEN
        return NeedResourceMatched(
            about=context.said(pact.about),
            need=self.need,
            resource=self.resource,
            direction=direction,
            sort=taken.sort,
        )

    @staticmethod
    def _item(pact: Drafting, code: str | None, *sides: Side) -> Item | None:
        if code is None:
            return None
        item = pact.deal.item(code)
        if item is None or item.side not in sides:
            side = sides[0].label
            refuse(NOT_LISTED, item=code, side=side.zh, side_en=side.en.lower())
        if code in pact.deal.matched:
            refuse(TAKEN_UP_ALREADY, item=code)
        return item


class Sign(Command, zh="签约", by=PARTNERS):
    """Both stand by what was matched."""

    until: Until | None = None

    def decide(self, pact: Matched, context: Context) -> PactSigned:
        """What nobody took up is told apart."""
        today = context.occurred_at.astimezone(context.calendar.zone).date()
        if self.until is not None and self.until < today:
            refuse(TERM_PAST, until=self.until.isoformat())
        return PactSigned(
            about=context.said(pact.about),
            promised=len(pact.deal.promised()),
            unmatched=pact.deal.unmatched_needs(),
            until=self.until,
        )


class Deliver(Command, zh="兑现", by=PARTNERS):
    """Put on record what was delivered, in the measure it was promised in."""

    item: ItemCode
    amount: Amount = 1
    beneficiaries: Annotated[Count, Label("受益人次", "Person-times")] = 0

    def decide(self, pact: InForce, context: Context) -> PactItemDelivered:
        """Only what was promised, as often as it is."""
        item = pact.deal.item(self.item)
        if item is None or not item.promised:
            refuse(NOT_PROMISED, item=self.item)
        return PactItemDelivered(
            about=context.said(pact.about),
            item=item.code,
            sort=item.sort,
            measure=item.measure,
            amount=self.amount,
            beneficiaries=self.beneficiaries,
        )


class Report(Command, zh="通报情况", en="Tell the other side", by=PARTNERS):
    """Tell the other side how it goes: no contents, only that it was done."""

    def decide(self, pact: Living, context: Context) -> ProgressReported:
        """By whichever side the actor is of."""
        return ProgressReported(about=context.said(pact.about), said_by=side_of(pact, context))


class Review(Command, zh="评议", by=PARTNERS):
    """Say whether the other side has kept what it promised."""

    of: Annotated[Whose, Label("被评方", "Whose promises")] = Whose.UNIT
    kept: Kept

    def decide(self, pact: InForce, context: Context) -> PactReviewed:
        """Never one's own."""
        if side_of(pact, context) is self.of:
            deny(OWN_REVIEW)
        promised = pact.deal.promised()
        return PactReviewed(
            about=context.said(pact.about),
            of=self.of,
            kept=self.kept,
            promised=len(promised),
            delivered=sum(item.is_kept for item in promised),
        )


class End(Command, zh="终止", by=PARTNERS):
    """Say that it is over."""

    reason: EndReason

    def decide(self, pact: Living, context: Context) -> PactEnded:
        """Always with the reason."""
        return PactEnded(about=context.said(pact.about), reason=self.reason)


def side_of(pact: Living, context: Context) -> Whose:
    """Which side the actor speaks for: the partner unit's own people speak for it."""
    return Whose.UNIT if context.actor.unit == pact.about.unit else Whose.COMMUNITY


WORKFLOW = Workflow(
    __name__,
    zh="共建契约",
    terms=PactTerms,
    feedback=InForce,
    # How often, no source says: the rule `pact.review` does.
    clocks=[
        Clock(
            "review",
            Label("评议时限", "Review"),
            runs=(Signed, Delivering),
            limit=days(365),
            met=(Reviewed,),
        )
    ],
)
