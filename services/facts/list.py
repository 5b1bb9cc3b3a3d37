"""清单 · List, its words, states and facts; what may be done is in the register's file.

Kinds that ask whether something stands on a list read its stream and ask `on_list` here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated

from pydantic import Field, StringConstraints

from events.errors import Broken
from events.fact import Coded
from events.places import CODE_PATTERN
from services.kernel.context import Context
from services.kernel.words import Choice, ItemCode, Label, Name, Refusal, refuse
from services.kernel.workflow import About, Fact, State

NO_SUCH_LIST = Refusal("no_such_list", "没有有效的清单 {list}", "there is no list {list} in force")
NAME_THE_LIST = Refusal(
    "name_the_list",
    "请写明是哪份清单上没有",
    "say which list it does not stand on",
)
ON_THE_LIST = Refusal(
    "on_the_list",
    "{item} 在清单 {list} 上，不能以不在清单为由",
    "{item} is on the list {list}: that it is not is no reason",
)


class ListKind(Choice, zh="清单类别", en="Kind of list"):
    """What stands on it."""

    DUTY = "duty", "责任清单", "Duties"
    POWER = "power", "权力清单", "Powers"
    GRID_DUTY = "grid_duty", "网格职责清单", "Duties of a grid"
    MATTERS = "matters", "社区工作事项清单", "What may be asked of a community"
    SEALS = "seals", "社区印章使用清单", "What a community may stamp"
    CERTIFICATES = "certificates", "证明材料清单", "Certificates"
    ASSESSMENTS = "assessments", "考核评比清单", "Assessments a community is put to"
    NEEDS = "needs", "需求清单", "Needs"
    RESOURCES = "resources", "资源清单", "Resources"
    PROJECTS = "projects", "项目清单", "Projects"


class RemovalReason(Choice, zh="减项原因", en="Reason"):
    """Why something stands on it no more."""

    CANCELLED = "cancelled", "取消"
    HANDED_BACK = "handed_back", "交回主管部门", "Handed back to its department"
    MERGED = "merged", "合并"
    MET = "met", "已对接落实", "Met"
    NOT_NEEDED = "not_needed", "不再需要"


ListCode = Annotated[
    str,
    StringConstraints(pattern=CODE_PATTERN, max_length=32),
    Field(examples=["l1"]),
    Label("清单", "List"),
]
NotOn = Annotated[ListCode | None, Label("不在清单", "Not on the list")]
Asked = Annotated[ItemCode | None, Label("所问事项", "Item asked for")]
ItemName = Annotated[Name | None, Label("事项名称", "Name")]


class Paper(State):
    """One list. `items` says where each stands in the books; `gone` was on it once."""

    code: str
    list_kind: ListKind
    items: Mapping[str, About] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


class InForce(Paper, zh="有效"):
    """It holds."""


class Withdrawn(Paper, zh="已废止"):
    """It holds no more."""


class ListPublished(Fact, zh="清单已公布"):
    """There is such a list from now on."""

    code: ListCode
    list_kind: Annotated[ListKind, Coded]
    name: ItemName = None

    def apply(self, nothing: None) -> InForce:
        """Nothing stands on it yet."""
        return InForce(self.about, self.code, self.list_kind)


class ListItemAdded(Fact, zh="清单已增项"):
    """Something stands on it from now on, in the books of its department and class."""

    item: ItemCode
    list_kind: Annotated[ListKind, Coded]
    name: ItemName = None

    def apply(self, paper: InForce) -> InForce:
        """One more."""
        if self.item in paper.items:
            raise Broken(f"{self.item} is on the list already")
        items = {**paper.items, self.item: self.about}
        return InForce(paper.about, paper.code, paper.list_kind, items, paper.gone - {self.item})


class ListItemRemoved(Fact, zh="清单已减项"):
    """Something stands on it no more, taken back from where it stood."""

    item: ItemCode
    list_kind: Annotated[ListKind, Coded]
    reason: Annotated[RemovalReason, Coded]

    def apply(self, paper: InForce) -> InForce:
        """One fewer."""
        if self.item not in paper.items:
            raise Broken(f"{self.item} is not on the list")
        items = {code: about for code, about in paper.items.items() if code != self.item}
        return InForce(paper.about, paper.code, paper.list_kind, items, paper.gone | {self.item})


class ListWithdrawn(Fact, zh="清单已废止"):
    """The list holds no more."""

    list_kind: Annotated[ListKind, Coded]

    def apply(self, paper: InForce) -> Withdrawn:
        """What it was stands on record."""
        return Withdrawn(paper.about, paper.code, paper.list_kind, paper.items, paper.gone)


def stream(code: str) -> str:
    """Where a list stands."""
    return f"list/{code}"


def on_list(context: Context, code: str, item: str) -> bool:
    """Whether an item stands on a list that holds: of a command that reads its stream."""
    case = context.cases.get(stream(code))
    state = case.state if case is not None else None
    return isinstance(state, InForce) and item in state.items


def check_off(
    context: Context, code: str | None, item: str | None, *, needed: bool = False
) -> None:
    """Refuse where what is said to stand on no list does, or the list named is none: of a command
    that reads its stream, where one is named. `needed`: one must be named."""
    if code is None:
        if needed:
            refuse(NAME_THE_LIST)
        return
    case = context.cases.get(stream(code))
    if case is None or not isinstance(case.state, InForce):
        refuse(NO_SUCH_LIST, list=code)
    if item is not None and item in case.state.items:
        refuse(ON_THE_LIST, list=code, item=item)
