"""清单 · List: duties, powers, matters, seals, needs, resources, projects; items come and go.

Stream `list/<code>`. An item counts under its department (`unit`) and its class (`category`), and
is taken back from exactly there. What may be asked of a community, and the lists of duties and
powers, are laid down from above: a community cannot lengthen or shorten them itself. Each step says
when it happened beside when it was recorded, so a list can be read as of any day, either way.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.facts.list import (
    InForce,
    ItemName,
    ListCode,
    ListItemAdded,
    ListItemRemoved,
    ListKind,
    ListPublished,
    ListWithdrawn,
    RemovalReason,
)
from services.kernel.words import (
    AreaCode,
    CategoryCode,
    ItemCode,
    Label,
    Party,
    Refusal,
    UnitCode,
    deny,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Workflow

ITEMS_MAX = 200
KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.UNIT_ADMIN)
CHANGERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.HANDLER)
ABOVE = frozenset({Party.ADMINISTRATOR, Party.STREET, Party.IMPORTER})
FROM_ABOVE = frozenset(
    {
        ListKind.DUTY,
        ListKind.POWER,
        ListKind.GRID_DUTY,
        ListKind.MATTERS,
        ListKind.SEALS,
        ListKind.CERTIFICATES,
        ListKind.ASSESSMENTS,
    }
)

LAID_DOWN_ABOVE = Refusal(
    "laid_down_above",
    "{kind}由街道或以上公布和调整",
    "the list of {kind_en} is laid down by the street or above",
)
ON_IT_ALREADY = Refusal(
    "on_it_already",
    "{item} 已在清单 {code}，不能重复列入",
    "{item} is on the list {code} already",
)
NOT_ON_IT = Refusal("not_on_it", "{item} 不在清单 {code}", "{item} is not on the list {code}")
OFF_IT_ALREADY = Refusal(
    "off_it_already",
    "{item} 已从清单 {code} 减去",
    "{item} was taken off the list {code} before",
)
NAMED_TWICE = Refusal("named_twice", "{item} 在本次操作中重复", "{item} is named twice here")
ITEMS_LEFT = Refusal(
    "items_left",
    "清单 {code} 还有 {items} 项，请先减项",
    "{items} items are still on the list {code}: take them off first",
)


class NewItem(BaseModel):
    """One thing to put on a list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: ItemCode
    name: ItemName = None
    category: Annotated[CategoryCode | None, Label("大类", "Class")] = None
    department: Annotated[UnitCode | None, Label("主管部门", "Department")] = None


class Publish(Command, zh="公布清单", by=KEEPERS):
    """Lay down a list under a code of its own."""

    code: ListCode
    area: AreaCode
    unit: UnitCode | None = None
    list_kind: ListKind
    name: ItemName = None

    def decide(self, nothing: None, context: Context) -> ListPublished:
        """Some only from above."""
        check_above(self.list_kind, context)
        return ListPublished(
            about=About(area=self.area, unit=self.unit, provenance=context.said_by(None)),
            code=self.code,
            list_kind=self.list_kind,
            name=self.name,
        )


class Add(Command, zh="增项", by=CHANGERS):
    """Put things on it."""

    items: Annotated[
        tuple[NewItem, ...],
        Field(min_length=1, max_length=ITEMS_MAX, examples=[[{"item": "i1"}]]),
        Label("事项", "Items"),
    ]

    def decide(self, paper: InForce, context: Context) -> tuple[ListItemAdded, ...]:
        """Each once."""
        check_above(paper.list_kind, context)
        check_once([new.item for new in self.items])
        for new in self.items:
            if new.item in paper.items:
                refuse(ON_IT_ALREADY, item=new.item, code=paper.code)
        return tuple(
            ListItemAdded(
                about=context.said(
                    paper.about, unit=new.department or paper.about.unit, category=new.category
                ),
                item=new.item,
                list_kind=paper.list_kind,
                name=new.name,
            )
            for new in self.items
        )


class Remove(Command, zh="减项", by=CHANGERS):
    """Take things off it."""

    items: Annotated[
        tuple[ItemCode, ...],
        Field(min_length=1, max_length=ITEMS_MAX, examples=[["i1"]]),
        Label("事项", "Items"),
    ]
    reason: RemovalReason

    def decide(self, paper: InForce, context: Context) -> tuple[ListItemRemoved, ...]:
        """Only what stands on it."""
        check_above(paper.list_kind, context)
        check_once(self.items)
        for item in self.items:
            if item not in paper.items:
                no = OFF_IT_ALREADY if item in paper.gone else NOT_ON_IT
                refuse(no, item=item, code=paper.code)
        return tuple(
            ListItemRemoved(
                about=context.said(paper.items[item]),
                item=item,
                list_kind=paper.list_kind,
                reason=self.reason,
            )
            for item in self.items
        )


class Withdraw(Command, zh="废止清单", by=CHANGERS):
    """Say that the list holds no more."""

    def decide(self, paper: InForce, context: Context) -> ListWithdrawn:
        """When nothing stands on it, so that no item counts any more."""
        check_above(paper.list_kind, context)
        if paper.items:
            refuse(ITEMS_LEFT, code=paper.code, items=len(paper.items))
        return ListWithdrawn(about=context.said(paper.about), list_kind=paper.list_kind)


def check_above(list_kind: ListKind, context: Context) -> None:
    """Refuse where those whom a list binds would change it."""
    if list_kind in FROM_ABOVE and context.actor.parties().isdisjoint(ABOVE):
        deny(LAID_DOWN_ABOVE, kind=list_kind.label.zh, kind_en=list_kind.label.en.lower())


def check_once(items: tuple[str, ...] | list[str]) -> None:
    """Refuse where one command names an item twice."""
    for item in items:
        if items.count(item) > 1:
            refuse(NAMED_TWICE, item=item)


WORKFLOW = Workflow(__name__, zh="清单", key="code", in_order=False)
