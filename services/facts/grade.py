"""星级积分 · Grade, its words, states and facts; what may be done is in the register's own file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, model_validator

from events.fact import Coded, Quantity
from services.kernel.ruled import RuleWord
from services.kernel.words import Actor, Choice, Count, Help, Label, Party, Person, Stream, Terms
from services.kernel.workflow import Fact, State

LEVELS_MAX, STEPS_MAX = 30, 30


class Holder(Choice, zh="对象", en="Holder"):
    """Whose account it is."""

    UNIT = "unit", "单位"
    STAFF = "staff", "专职工作者", "Staff"
    VOLUNTEER = "volunteer", "自愿参加者", "Volunteer"


class AppealReason(Choice, zh="申诉理由", en="Reason"):
    """What is wrong."""

    POINTS_MISSING = "points_missing", "积分漏记", "Points are missing"
    POINTS_WRONG = "points_wrong", "积分有误"
    GRADE_WRONG = "grade_wrong", "级档有误"


class AppealOutcome(Choice, zh="申诉结果", en="Outcome"):
    """What became of it."""

    UPHELD = "upheld", "维持", "It stands"
    CHANGED = "changed", "变更"


class CloseReason(Choice, zh="关闭原因", en="Reason"):
    """Why an account is closed."""

    OWN_WISH = "own_wish", "本人退出", "Their own wish"
    LEFT_POST = "left_post", "离岗", "Left the post"
    RULE_ENDED = "rule_ended", "规则废止", "The rule has ended"


Whose = Annotated[
    Person | None, Label("本人", "Person"), Help("单位账户不填", "Not for a unit's account")
]
PointItem = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", examples=["visit"]), Label("积分项", "Item")
]
Deed = Annotated[
    Stream | None, Label("依据记录", "Deed"), Help("记分所依据的案件", "The case that gives them")
]
Level = Annotated[int, Field(ge=1, le=LEVELS_MAX, examples=[1]), Label("级", "Level")]
Step = Annotated[int, Field(ge=1, le=STEPS_MAX, examples=[1]), Label("档", "Step")]
Points = Annotated[Count, Label("积分", "Points")]


class GradeTerms(Terms):
    """What a variant fixes: whose, and the ladder. Without levels there are points only."""

    holder: Holder
    levels: Annotated[Count, Field(le=LEVELS_MAX), Label("级数", "Levels")] = 0
    steps: Annotated[Count, Field(ge=1, le=STEPS_MAX), Label("每级档数", "Steps of a level")] = 1

    @model_validator(mode="after")
    def _no_grades_of_volunteers(self) -> GradeTerms:
        if self.holder is Holder.VOLUNTEER and self.levels > 1:
            raise ValueError("volunteers are not graded: points only, and only if they ask")
        return self


@dataclass(frozen=True)
class Ledger:
    """The account. `given`: which deed gave points for which item."""

    terms: GradeTerms
    person: str | None
    rule: str
    points: int = 0
    given: frozenset[tuple[str, str]] = frozenset()
    level: int | None = None
    step: int | None = None
    assessor: str | None = None


class Grade(State):
    """One account."""

    ledger: Ledger

    def parties(self, actor: Actor) -> set[Party]:
        """Whose it is: a person's is nobody else's."""
        if self.ledger.person is None:
            return super().parties(actor)
        return {Party.HOLDER} if actor.person == self.ledger.person else set()


class Live(Grade):
    """Kept."""


class Open(Live, zh="有效"):
    """Points may be given, and a grade."""


class Appealed(Live, zh="申诉中"):
    """Somebody else looks again."""


class Closed(Grade, zh="已关闭"):
    """Kept no more."""


# ---- facts


class AccountOpened(Fact, zh="积分账户已开立"):
    """Under a rule, and for a volunteer by their own wish."""

    holder: Annotated[Holder, Coded]
    person: Whose = None
    rule: RuleWord
    terms: Annotated[GradeTerms, Label("条款", "Terms")]

    def apply(self, grade: Closed | None) -> Open:
        """Without points: what was there before counts no more."""
        return Open(self.about, Ledger(self.terms, self.person, self.rule))


class PointsGranted(Fact, zh="积分已记"):
    """What the rule gives for this."""

    holder: Annotated[Holder, Coded]
    item: Annotated[PointItem, Coded]
    points: Annotated[Points, Quantity]
    deed: Deed = None

    def apply(self, grade: Live) -> Open | Appealed:
        """More points."""
        before = grade.ledger
        given = before.given | ({(self.deed, self.item)} if self.deed else set())
        ledger = replace(before, points=before.points + self.points, given=given)
        return (Open if isinstance(grade, Open) else Appealed)(grade.about, ledger)


class GradeAssigned(Fact, zh="职级已核定"):
    """So high a grade, by the thresholds of the rule. Source: 四级十二档 (seed 001)."""

    level: Annotated[Level, Coded]
    step: Annotated[Step, Coded]
    points: Annotated[Points, Quantity]
    assessor: Annotated[Person, Label("核定人", "Assigned by")]

    def apply(self, grade: Open) -> Open:
        """Until another is assigned."""
        ledger = replace(grade.ledger, level=self.level, step=self.step, assessor=self.assessor)
        return Open(grade.about, ledger)


class GradeReleased(Fact, zh="原职级已解除", en="Grade before released"):
    """The grade before; another follows, or the account is closed."""

    level: Annotated[Level, Coded]
    step: Annotated[Step, Coded]

    def apply(self, grade: Open) -> Open:
        """Without a grade."""
        return Open(grade.about, replace(grade.ledger, level=None, step=None))


class GradeAppealed(Fact, zh="积分职级已申诉", en="Appealed"):
    """Whoever holds the account does not agree."""

    holder: Annotated[Holder, Coded]
    reason: Annotated[AppealReason, Coded]

    def apply(self, grade: Open) -> Appealed:
        """Somebody else looks again."""
        return Appealed(grade.about, grade.ledger)


class AppealDecided(Fact, zh="申诉已裁定"):
    """What became of it."""

    holder: Annotated[Holder, Coded]
    outcome: Annotated[AppealOutcome, Coded]

    def apply(self, grade: Appealed) -> Open:
        """As before, or with what follows."""
        return Open(grade.about, grade.ledger)


class AccountClosed(Fact, zh="积分账户已关闭"):
    """Kept no more."""

    holder: Annotated[Holder, Coded]
    reason: Annotated[CloseReason, Coded]

    def apply(self, grade: Open) -> Closed:
        """It may be opened anew, without points."""
        return Closed(grade.about, grade.ledger)
