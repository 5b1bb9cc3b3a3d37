"""组织 · Org: units, party organisations and other bodies, as they are registered and closed.

Stream `org/<code>`; the code is what `--unit` means everywhere. A fact about an organisation counts
in its own unit, at its own area.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from events.fact import Coded
from services.kernel.words import (
    Actor,
    AreaCode,
    Choice,
    Help,
    Label,
    Name,
    Party,
    Refusal,
    UnitCode,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

OWN_PARENT = Refusal(
    "own_parent", "组织 {code} 不能隶属于自身", "the organisation {code} cannot belong to itself"
)
INTO_ITSELF = Refusal(
    "into_itself", "组织 {code} 不能并入自身", "the organisation {code} cannot merge into itself"
)
INTO_NOTHING = Refusal(
    "into_nothing", "合并须指明并入的组织", "a merger must say which organisation it goes into"
)


class OrgKind(Choice, zh="组织类别", en="Kind of organisation"):
    """What it is to the area it works in."""

    RESIDENT_UNIT = "resident_unit", "驻区单位"
    NEW_ORG = "new_org", "“两新”组织", "New economic or social organisation"
    SOCIAL_ORG = "social_org", "社会组织"
    PARTY_ORG = "party_org", "党组织", "Party organisation"
    DEPARTMENT = "department", "职能部门"
    COMMUNITY_ORG = "community_org", "社区组织"


class OrgForm(Choice, zh="组织形式", en="Form"):
    """How it is constituted, where that matters."""

    WORKING_COMMITTEE = "working_committee", "党工委"
    COMMITTEE = "committee", "党委"
    GENERAL_BRANCH = "general_branch", "党总支"
    BRANCH = "branch", "党支部"
    GROUP = "group", "党小组"
    ALLIANCE = "alliance", "党建联盟"
    OFFICE = "office", "办公室"
    CENTRE = "centre", "中心"
    RESIDENTS_COMMITTEE = "residents_committee", "居（村）民委员会", "Residents' committee"
    OWNERS_COMMITTEE = "owners_committee", "业主委员会", "Owners' committee"
    FIRM = "firm", "企业"
    ASSOCIATION = "association", "社会团体"


class CloseReason(Choice, zh="注销原因", en="Reason"):
    """Why an organisation is no longer there."""

    MERGED = "merged", "合并"
    DISSOLVED = "dissolved", "撤销"
    MOVED_AWAY = "moved_away", "迁出辖区", "Moved away"


ParentOrg = Annotated[UnitCode | None, Label("上级组织", "Belongs to")]
Into = Annotated[UnitCode | None, Label("并入", "Into"), Help("仅限合并", "Only where it merged")]


@dataclass(frozen=True)
class Body:
    """What is true of an organisation in every state."""

    code: str
    name: str
    org_kind: OrgKind
    form: OrgForm | None
    parent: str | None


class Org(State):
    """One organisation."""

    body: Body

    def parties(self, actor: Actor) -> set[Party]:
        """Its own people."""
        return {Party.HOME_UNIT} if actor.unit == self.body.code else set()


class Standing(Org, zh="在册"):
    """It is there."""


class Closed(Org, zh="已注销"):
    """It is no longer there; its deeds stay in the books."""


class OrgRegistered(Fact, zh="组织已登记"):
    """There is such an organisation from now on."""

    code: UnitCode
    name: Name
    org_kind: Annotated[OrgKind, Coded]
    form: Annotated[OrgForm | None, Coded] = None
    parent: ParentOrg = None

    def apply(self, nothing: None) -> Standing:
        """The first fact of an organisation."""
        return Standing(
            self.about, Body(self.code, self.name, self.org_kind, self.form, self.parent)
        )


class OrgRenamed(Fact, zh="组织已更名"):
    """The same organisation under another name."""

    name: Name

    def apply(self, org: Standing) -> Standing:
        """Nothing but the name."""
        return Standing(org.about, replace(org.body, name=self.name))


class OrgClosed(Fact, zh="组织已注销"):
    """It is gone, perhaps into another. What it was counted as is taken back with it."""

    org_kind: Annotated[OrgKind, Coded]
    form: Annotated[OrgForm | None, Coded] = None
    reason: CloseReason
    into: Into = None

    def apply(self, org: Standing) -> Closed:
        """For good: what comes back is registered under a code of its own."""
        return Closed(org.about, org.body)


class Register(Command, zh="登记组织", by=(Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY)):
    """Enter an organisation under a code of its own."""

    code: UnitCode
    name: Name
    area: AreaCode
    org_kind: OrgKind
    form: OrgForm | None = None
    parent: ParentOrg = None

    def decide(self, nothing: None, context: Context) -> OrgRegistered:
        """What it belongs to must be registered before it."""
        if self.parent == self.code:
            refuse(OWN_PARENT, code=self.code)
        if self.parent is not None:
            context.directory.unit(self.parent)
        return OrgRegistered(
            about=About(area=self.area, unit=self.code, provenance=context.said_by(None)),
            code=self.code,
            name=self.name,
            org_kind=self.org_kind,
            form=self.form,
            parent=self.parent,
        )


class Rename(Command, zh="组织更名", by=(Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY)):
    """Give it another name."""

    name: Name

    def decide(self, org: Standing, context: Context) -> OrgRenamed:
        """Any time."""
        return OrgRenamed(about=context.said(org.about), name=self.name)


class Close(Command, zh="注销组织", by=(Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY)):
    """Say that it is no longer there."""

    reason: CloseReason
    into: Into = None

    def decide(self, org: Standing, context: Context) -> OrgClosed:
        """A merger names the organisation that goes on."""
        if self.reason is CloseReason.MERGED and self.into is None:
            refuse(INTO_NOTHING)
        if self.into == org.body.code:
            refuse(INTO_ITSELF, code=org.body.code)
        if self.into is not None:
            context.directory.unit(self.into)
        return OrgClosed(
            about=context.said(org.about),
            org_kind=org.body.org_kind,
            form=org.body.form,
            reason=self.reason,
            into=self.into,
        )


WORKFLOW = Workflow(__name__, zh="组织", en="Organisation", key="code", defines="unit")
