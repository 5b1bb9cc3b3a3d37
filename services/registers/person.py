"""人员 · Person: members, volunteers and workers by opaque id, and where they belong.

Stream `person/<id>`. No names, no numbers of documents or telephones, no addresses: who an id is
stands elsewhere, if anywhere. What is here is what the books need: the kind of affiliation, and the
unit and communities in whose books a person's deeds count as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from events.fact import Books, Coded, Member
from services.kernel.words import (
    Actor,
    AreaCode,
    Choice,
    Help,
    Label,
    Party,
    Refusal,
    UnitCode,
    refuse,
)
from services.kernel.words import Person as PersonId
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.COMMUNITY, Party.UNIT_ADMIN)

SAME_PLACE = Refusal(
    "same_place", "关系已在该处，无需转接", "the affiliation is there already: nothing to transfer"
)


class Affiliation(Choice, zh="人员类别", en="Affiliation"):
    """In which capacity somebody takes part."""

    SERVING_MEMBER = "serving_member", "在职党员"
    FLOATING_MEMBER = "floating_member", "流动党员"
    RETIRED_MEMBER = "retired_member", "离退休党员"
    RESIDENT_MEMBER = "resident_member", "居民党员"
    VOLUNTEER = "volunteer", "志愿者"
    COMMUNITY_WORKER = "community_worker", "专职社区工作者"
    GRID_WORKER = "grid_worker", "网格员"
    EXPERT = "expert", "专业人士（律师、医生等）", "Professional"


class Membership(Choice, zh="是否党员", en="Party membership"):
    """Whether they count among the members."""

    MEMBER = "member", "党员"
    NOT_A_MEMBER = "not_a_member", "非党员"


class LeaveReason(Choice, zh="注销原因", en="Reason"):
    """Why somebody is no longer listed. Nothing finer is asked."""

    MOVED_AWAY = "moved_away", "迁出辖区", "Moved away"
    ENDED = "ended", "不再参与", "Takes part no more"
    OTHER = "other", "其他"


KeptBy = Annotated[
    AreaCode,
    Label("所在社区", "Kept by"),
    Help("关系所在的社区", "The community that keeps the affiliation"),
]
HomeUnit = Annotated[UnitCode | None, Label("所在单位", "Home unit")]
HomeCommunity = Annotated[AreaCode | None, Label("居住地社区", "Home community")]
PairedCommunity = Annotated[AreaCode | None, Label("共建社区", "Paired community")]


@dataclass(frozen=True)
class Who:
    """What is listed of a person in every state."""

    person: str
    affiliation: Affiliation
    membership: Membership


class Person(State):
    """One person, as the books need to know them."""

    who: Who

    def parties(self, actor: Actor) -> set[Party]:
        """Themselves, and their unit."""
        found = {Party.HOLDER} if actor.person == self.who.person else set()
        return found | (
            {Party.HOME_UNIT} if actor.unit and actor.unit == self.about.unit else set()
        )


class Listed(Person, zh="在册"):
    """They take part."""


class Left(Person, zh="已注销"):
    """They do not any more; they may come back."""


class AboutPerson(Fact):
    """What every fact of this register says, so that each can be taken back where it counted."""

    person: Annotated[PersonId, Member]
    affiliation: Annotated[Affiliation, Coded]
    membership: Annotated[Membership, Coded]

    @property
    def who(self) -> Who:
        """The same as the state has it."""
        return Who(self.person, self.affiliation, self.membership)


class PersonRegistered(AboutPerson, zh="人员已登记"):
    """Somebody takes part from now on."""

    def apply(self, person: Left | None) -> Listed:
        """The first fact, or a return."""
        return Listed(self.about, self.who)


class AffiliationReleased(AboutPerson, zh="关系已转出"):
    """Leaves the books of the old place; `affiliation_transferred` follows at once."""

    def apply(self, person: Listed) -> Listed:
        """Still listed there until the next fact."""
        return person


class AffiliationTransferred(AboutPerson, zh="关系已转接"):
    """Enters the books of the new place, perhaps in another capacity."""

    def apply(self, person: Listed) -> Listed:
        """Listed there from now on."""
        return Listed(self.about, self.who)


class PersonLeft(AboutPerson, zh="人员已注销"):
    """Takes part no more."""

    reason: LeaveReason

    def apply(self, person: Listed) -> Left:
        """Their deeds stay in the books."""
        return Left(person.about, person.who)


class Placing(Command):
    """Where somebody belongs, and in which capacity."""

    area: KeptBy
    home_unit: HomeUnit = None
    home_community: HomeCommunity = None
    paired_community: PairedCommunity = None
    affiliation: Affiliation
    membership: Membership

    def place(self, person: str, context: Context) -> About:
        """The dimensions this makes."""
        return About(
            area=self.area,
            unit=self.home_unit,
            provenance=context.said_by(person),
            books=Books(
                home_unit=self.home_unit,
                home_community=self.home_community,
                paired_community=self.paired_community,
            ),
        )


class Register(Placing, zh="登记人员", by=KEEPERS):
    """List somebody under an opaque id."""

    person: PersonId

    def decide(self, person: Left | None, context: Context) -> PersonRegistered:
        """Who has left may be listed again."""
        return PersonRegistered(
            about=self.place(self.person, context),
            person=self.person,
            affiliation=self.affiliation,
            membership=self.membership,
        )


class Transfer(Placing, zh="转接关系", by=KEEPERS):
    """Move the affiliation to another place, unit or capacity."""

    def decide(
        self, person: Listed, context: Context
    ) -> tuple[AffiliationReleased, AffiliationTransferred]:
        """One out, one in: whoever sums areas sees the person in exactly one of them."""
        old, new = person.who, Who(person.who.person, self.affiliation, self.membership)
        there = self.place(new.person, context)
        here = context.said(person.about, old.person)
        if new == old and here == there:
            refuse(SAME_PLACE)
        return (
            AffiliationReleased(
                about=here,
                person=old.person,
                affiliation=old.affiliation,
                membership=old.membership,
            ),
            AffiliationTransferred(
                about=there,
                person=new.person,
                affiliation=new.affiliation,
                membership=new.membership,
            ),
        )


class Leave(Command, zh="注销人员", by=(*KEEPERS, Party.HOLDER)):
    """Take somebody off the list, at their own wish or because they are gone."""

    reason: LeaveReason

    def decide(self, person: Listed, context: Context) -> PersonLeft:
        """Taken back where they counted."""
        who = person.who
        return PersonLeft(
            about=context.said(person.about, who.person),
            person=who.person,
            affiliation=who.affiliation,
            membership=who.membership,
            reason=self.reason,
        )


WORKFLOW = Workflow(__name__, zh="人员", key="person")
