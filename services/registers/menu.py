"""服务菜单 · Menu: services residents can ask for, who offers each, and what was taken off.

Stream `menu/<code>`, one for each service. A service is listed by whoever sets the menu, offered by
any number of units and social organisations, and retired; each offer counts under who offers it.

Source: seed 000 (公共服务、社会服务、市场服务“菜单式”), seed 001 (“百项服务进社区”).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from events.errors import Broken
from events.fact import Coded, Quantity
from events.places import CODE_PATTERN
from services.kernel.words import (
    Actor,
    Amount,
    AreaCode,
    CategoryCode,
    Choice,
    Help,
    Label,
    Name,
    Party,
    Refusal,
    UnitCode,
    deny,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

OFFERS_MAX = 200
KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY)

PUBLIC_IS_FREE = Refusal("public_is_free", "公共服务不收费", "a public service is free of charge")
OFFERED_ALREADY = Refusal(
    "offered_already", "{unit} 已提供该服务", "{unit} offers this service already"
)
NOT_OFFERED = Refusal("not_offered", "{unit} 未提供该服务", "{unit} does not offer this service")
OFFERS_FULL = Refusal(
    "offers_full", "提供单位已达上限 {most} 家", "{most} units offer it, as many as may"
)
OWN_UNIT_ONLY = Refusal("own_unit_only", "只能代表本单位", "only for one's own unit")
WHICH_UNIT = Refusal("which_unit", "请写明提供单位", "say which unit offers it")


class ServiceClass(Choice, zh="服务类别", en="Class of service"):
    """Who is behind it."""

    PUBLIC = "public", "公共服务"
    SOCIAL = "social", "社会服务"
    MARKET = "market", "市场服务"


class Means(Choice, zh="服务方式", en="How it is given"):
    """Where it reaches people."""

    AT_HOME = "at_home", "上门"
    AT_CENTRE = "at_centre", "到点", "At the centre"
    ONLINE = "online", "线上"


class RetireReason(Choice, zh="下架原因", en="Reason"):
    """Why it is taken off."""

    NO_DEMAND = "no_demand", "无人下单", "Nobody asks for it"
    NOBODY_OFFERS = "nobody_offers", "无人提供", "Nobody offers it"
    REPLACED = "replaced", "已由其他服务替代", "Another has taken its place"
    COMPLAINTS = "complaints", "居民反映不佳", "Residents are not content"


ServiceCode = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["m1"]),
    Label("服务编号", "Service"),
]
Price = Annotated[
    Amount, Label("价格（分）", "Price (fen)"), Help("免费为 0", "0 where it is free")
]
Offerer = Annotated[
    UnitCode | None, Label("提供单位", "Offered by"), Help("不填为本单位", "Else one's own")
]


class Service(State):
    """One service of the menu."""

    service_class: ServiceClass
    means: Means
    offers: frozenset[str]

    def parties(self, actor: Actor) -> set[Party]:
        """Whoever offers it."""
        found = super().parties(actor)
        return found | ({Party.HOME_UNIT} if actor.unit in self.offers else set())


class Listed(Service, zh="已上架"):
    """Residents can ask for it."""


class Retired(Service, zh="已下架"):
    """They cannot any more."""


def named(about: About) -> str:
    """The unit an offer is about. Raises Broken where a correction took it away."""
    if about.unit is None:
        raise Broken("an offer names who makes it")
    return about.unit


class ServiceListed(Fact, zh="服务已上架"):
    """Residents can ask for it from now on; `about.category` is what orders of it are about."""

    code: ServiceCode
    name: Name
    service_class: Annotated[ServiceClass, Coded]
    means: Annotated[Means, Coded]
    price: Price = 0

    def apply(self, nothing: None) -> Listed:
        """Nobody offers it yet."""
        return Listed(self.about, self.service_class, self.means, frozenset())


class ServiceRevised(Fact, zh="服务已调整"):
    """The same service, given otherwise or at another price."""

    service_class: Annotated[ServiceClass, Coded]
    means: Annotated[Means, Coded]
    name: Name
    price: Price = 0

    def apply(self, service: Listed) -> Listed:
        """Those who offer it stay."""
        return Listed(service.about, service.service_class, self.means, service.offers)


class ServiceOffered(Fact, zh="提供单位已加入", en="Service offered"):
    """A unit (`about.unit`) offers it."""

    service_class: Annotated[ServiceClass, Coded]

    def apply(self, service: Listed) -> Listed:
        """One more."""
        offers = service.offers | {named(self.about)}
        return Listed(service.about, service.service_class, service.means, offers)


class OfferWithdrawn(Fact, zh="提供单位已退出"):
    """A unit offers it no more."""

    service_class: Annotated[ServiceClass, Coded]

    def apply(self, service: Listed) -> Listed:
        """One fewer."""
        offers = service.offers - {named(self.about)}
        return Listed(service.about, service.service_class, service.means, offers)


class ServiceRetired(Fact, zh="服务已下架"):
    """Residents cannot ask for it any more. Offers still standing end with it."""

    service_class: Annotated[ServiceClass, Coded]
    means: Annotated[Means, Coded]
    reason: RetireReason
    offers: Annotated[int, Field(ge=0), Quantity, Label("提供单位数", "Units that offered it")]

    def apply(self, service: Listed) -> Retired:
        """For good: what comes back is listed under a code of its own."""
        return Retired(service.about, service.service_class, service.means, service.offers)


class Priced(Command):
    """What is said of the price."""

    price: Price = 0

    def check_price(self, service_class: ServiceClass) -> None:
        """A public service is free."""
        if service_class is ServiceClass.PUBLIC and self.price:
            refuse(PUBLIC_IS_FREE)


class List(Priced, zh="上架", by=KEEPERS):
    """Put a service on the menu under a code of its own."""

    code: ServiceCode
    name: Name
    area: AreaCode
    category: CategoryCode | None = None
    service_class: ServiceClass
    means: Means = Means.AT_HOME

    def decide(self, nothing: None, context: Context) -> ServiceListed:
        """By needs, as the community sees them."""
        self.check_price(self.service_class)
        return ServiceListed(
            about=About(area=self.area, category=self.category, provenance=context.said_by(None)),
            code=self.code,
            name=self.name,
            service_class=self.service_class,
            means=self.means,
            price=self.price,
        )


class Revise(Priced, zh="调整", by=KEEPERS):
    """Say how, or at which price, it is given from now on."""

    name: Name
    means: Means

    def decide(self, service: Listed, context: Context) -> ServiceRevised:
        """Any time."""
        self.check_price(service.service_class)
        return ServiceRevised(
            about=context.said(service.about),
            service_class=service.service_class,
            means=self.means,
            name=self.name,
            price=self.price,
        )


class OfUnit(Command):
    """What a unit says of its own offer."""

    unit: Offerer = None

    def meant(self, context: Context) -> str:
        """One's own unit; a keeper of the menu may enter another."""
        unit = self.unit or context.actor.unit
        if unit is None:
            refuse(WHICH_UNIT)
        if unit != context.actor.unit and context.actor.parties().isdisjoint(KEEPERS):
            deny(OWN_UNIT_ONLY)
        return unit


class Offer(OfUnit, zh="提供服务", by=(*KEEPERS, Party.UNIT_ADMIN, Party.WORKER)):
    """Say that a unit offers it."""

    def decide(self, service: Listed, context: Context) -> ServiceOffered:
        """Each once."""
        unit = self.meant(context)
        if unit in service.offers:
            refuse(OFFERED_ALREADY, unit=unit)
        if len(service.offers) >= OFFERS_MAX:
            refuse(OFFERS_FULL, most=OFFERS_MAX)
        about = context.said(service.about, unit=unit)
        return ServiceOffered(about=about, service_class=service.service_class)


class Withdraw(OfUnit, zh="退出提供", by=(*KEEPERS, Party.UNIT_ADMIN, Party.HOME_UNIT)):
    """Say that a unit offers it no more."""

    def decide(self, service: Listed, context: Context) -> OfferWithdrawn:
        """In the books in which it was offered."""
        unit = self.meant(context)
        if unit not in service.offers:
            refuse(NOT_OFFERED, unit=unit)
        about = context.said(service.about, unit=unit)
        return OfferWithdrawn(about=about, service_class=service.service_class)


class Retire(Command, zh="下架", by=KEEPERS):
    """Take it off the menu."""

    reason: RetireReason

    def decide(self, service: Listed, context: Context) -> ServiceRetired:
        """Always with the reason."""
        return ServiceRetired(
            about=context.said(service.about),
            service_class=service.service_class,
            means=service.means,
            reason=self.reason,
            offers=len(service.offers),
        )


WORKFLOW = Workflow(__name__, zh="服务菜单", key="code", in_order=False)
