"""星级积分 · Grade: points and grades of units, of staff by a rule, of volunteers who ask for them.

Nobody is ranked, and no resident is scored. How many points a deed gives stands in a published
rule and is never typed in; a grade has the thresholds of that rule. What somebody did online
(log-ins, shares, likes, time spent) gives no points, whatever a rule says. Whoever holds the
account may appeal, and a volunteer may leave at any time: what they had counts no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid5

from services.facts.grade import (
    AccountClosed,
    AccountOpened,
    AppealDecided,
    Appealed,
    AppealOutcome,
    AppealReason,
    Closed,
    CloseReason,
    Deed,
    Grade,
    GradeAppealed,
    GradeAssigned,
    GradeReleased,
    GradeTerms,
    Holder,
    Level,
    Live,
    Open,
    PointItem,
    PointsGranted,
    Step,
    Whose,
)
from services.kernel import ruled
from services.kernel.context import Context
from services.kernel.ruled import RuleWord
from services.kernel.words import Actor, Label, Party, Refusal, deny, refuse, working_days
from services.kernel.workflow import Clock, Command, Opening, Workflow

NAMESPACE = UUID("0b6f0d0e-3c55-5a0e-8f43-2f1f6d1c7b52")
KEEPERS = (Party.STREET, Party.COMMUNITY, Party.UNIT_ADMIN, Party.ADMINISTRATOR)

ONLINE = frozenset(
    """
    login log_in online_time study_time like likes vote votes share shares forward punch sign_in
    photo video track
    """.split()  # noqa: SIM905
)
"""What gives no points: sign-ins, time online, likes, votes, study time, needless photos or tracks.
Source: 政务移动互联网应用程序规范化管理办法 (2026)."""

NO_RULE = Refusal(
    "no_rule",
    "没有已公布且有效的规则 {rule}",
    "there is no published rule {rule} in force: points and grades go by one",
)
WHOSE = Refusal("whose", "须写明{field}", "say whose account it is: {field}")
OWN_WISH = Refusal(
    "own_wish", "志愿者积分须本人自愿开立", "a volunteer's account is opened by themselves only"
)
KEPT_BY_OTHERS = Refusal(
    "kept_by_others",
    "工作者和单位的账户由管理方开立、关闭",
    "accounts of staff and units are opened and closed by whoever keeps them",
)
OTHER_RULE = Refusal("other_rule", "该账户依据的是规则 {rule}", "this account goes by {rule}")
NO_SUCH_DEED = Refusal("no_such_deed", "没有 {deed} 这一记录", "there is no {deed} here")
NOT_IN_RULE = Refusal(
    "not_in_rule", "规则 {rule} 没有积分项 {item}", "the rule {rule} gives no points for {item}"
)
NOT_FOR_POINTS = Refusal(
    "not_for_points",
    "登录、点赞、转发、在线时长等不得积分（{item}）",
    "nothing done online gives points ({item})",
)
GIVEN_ALREADY = Refusal(
    "given_already", "{deed} 已记过 {item}", "{deed} has given points for {item} already"
)
BEYOND_LADDER = Refusal(
    "beyond_ladder",
    "职级只有 {levels} 级，每级 {steps} 档",
    "the ladder has {levels} levels of {steps} steps each",
)
NOT_ENOUGH_POINTS = Refusal(
    "not_enough_points",
    "该级档须 {needed} 分，现有 {points} 分",
    "{needed} points are needed for it: there are {points}",
)
SAME_GRADE = Refusal("same_grade", "已是该级档", "it has that grade already")
OWN_ACCOUNT = Refusal(
    "own_account",
    "不能给自己记分、定级或裁定申诉",
    "nobody grades or judges themselves",
)
SAME_JUDGE = Refusal(
    "same_judge", "申诉不能由原核定人裁定", "whoever assigned the grade does not decide the appeal"
)


class OpenAccount(Opening, zh="开立账户", by=[Party.RESIDENT, Party.WORKER, *KEEPERS]):
    """Begin to keep points: for oneself as a volunteer, else for staff or a unit."""

    person: Whose = None
    rule: RuleWord

    def case_id(self, actor: Actor) -> str | None:
        """One account for each holder and rule."""
        return str(uuid5(NAMESPACE, f"{self.rule}/{self.person or self.unit or actor.person}"))

    def reads(self, kind: str) -> tuple[str, ...]:
        """The rule it goes by."""
        return (ruled.stream(self.rule),)

    def decide(self, grade: Closed | None, context: Context) -> AccountOpened:
        """Under a rule in force; one that was closed begins again as what it was."""
        terms = grade.ledger.terms if grade else context.terms_of(GradeTerms)
        numbers_of(self.rule, context)
        person = self._person(terms, context)
        about = self.about(context, person)
        return AccountOpened(
            about=about.at(variant=grade.about.variant) if grade else about,
            holder=terms.holder,
            person=person,
            rule=self.rule,
            terms=terms,
        )

    def _person(self, terms: GradeTerms, context: Context) -> str | None:
        if terms.holder is Holder.VOLUNTEER:
            if self.person is None and self.unit is not None:
                refuse(WHOSE, field="person")
            if self.person not in (None, context.actor.person):
                deny(OWN_WISH)
            return context.actor.person
        if context.actor.parties().isdisjoint({*KEEPERS, Party.IMPORTER}):
            deny(KEPT_BY_OTHERS)
        field = "person" if terms.holder is Holder.STAFF else "unit"
        if getattr(self, field) is None:
            refuse(WHOSE, field=field)
        return self.person if terms.holder is Holder.STAFF else None


class UnderRule(Command):
    """A command that goes by the account's rule, which it names so that it can be read."""

    rule: RuleWord

    def reads(self, kind: str) -> tuple[str, ...]:
        """The rule."""
        return (ruled.stream(self.rule),)

    def numbers(self, grade: Live, context: Context) -> Mapping[str, int]:
        """What the rule says; never for one's own account."""
        check_other(grade, context)
        if self.rule != grade.ledger.rule:
            refuse(OTHER_RULE, rule=grade.ledger.rule)
        return numbers_of(self.rule, context)


class Grant(UnderRule, zh="记分", by=KEEPERS):
    """Give the points that the rule gives for this."""

    item: PointItem
    deed: Deed = None

    def reads(self, kind: str) -> tuple[str, ...]:
        """The rule, and the deed."""
        return (*super().reads(kind), *([self.deed] if self.deed else []))

    def decide(self, grade: Live, context: Context) -> PointsGranted:
        """Once for each deed and item; nothing done online counts."""
        ledger, numbers = grade.ledger, self.numbers(grade, context)
        if self.item in ONLINE:
            refuse(NOT_FOR_POINTS, item=self.item)
        points = numbers.get(f"points_{self.item}")
        if points is None or points < 0:
            refuse(NOT_IN_RULE, rule=self.rule, item=self.item)
        if self.deed is not None:
            case = context.cases.get(self.deed)
            if case is None or case.state is None:
                refuse(NO_SUCH_DEED, deed=self.deed)
            if (self.deed, self.item) in ledger.given:
                refuse(GIVEN_ALREADY, deed=self.deed, item=self.item)
        return PointsGranted(
            about=context.said(grade.about, ledger.person),
            holder=ledger.terms.holder,
            item=self.item,
            points=points,
            deed=self.deed,
        )


class Assign(UnderRule, zh="核定职级", en="Assign a grade", by=KEEPERS):
    """Give it a level and a step."""

    level: Level
    step: Step = 1

    def decide(
        self, grade: Open, context: Context
    ) -> GradeAssigned | tuple[GradeReleased, GradeAssigned]:
        """Of the ladder, and with the points it takes."""
        ledger, numbers = grade.ledger, self.numbers(grade, context)
        if (self.level, self.step) == (ledger.level, ledger.step):
            refuse(SAME_GRADE)
        needed = numbers.get(f"grade_{self.level}_{self.step}", 0)
        if ledger.points < needed:
            refuse(NOT_ENOUGH_POINTS, needed=needed, points=ledger.points)
        assigned = graded(grade, self.level, self.step, context)
        before = released(grade, context)
        return (before, assigned) if before else assigned


class Appeal(Command, zh="申诉", by=[Party.HOLDER, Party.HANDLER]):
    """Ask that somebody else look again."""

    reason: AppealReason

    def decide(self, grade: Open, context: Context) -> GradeAppealed:
        """Whoever holds the account, any time."""
        return GradeAppealed(
            about=context.said(grade.about, grade.ledger.person),
            holder=grade.ledger.terms.holder,
            reason=self.reason,
        )


class DecideAppeal(Command, zh="裁定申诉", by=[*KEEPERS, Party.AUDITOR]):
    """Say what becomes of it, and where that changes the grade, to which."""

    outcome: AppealOutcome
    level: Level | None = None
    step: Step = 1

    def decide(
        self, grade: Appealed, context: Context
    ) -> (
        AppealDecided
        | tuple[AppealDecided, GradeAssigned]
        | tuple[AppealDecided, GradeReleased, GradeAssigned]
    ):
        """By somebody else than who assigned the grade."""
        check_other(grade, context)
        ledger = grade.ledger
        if context.actor.person == ledger.assessor:
            deny(SAME_JUDGE)
        decided = AppealDecided(
            about=context.said(grade.about), holder=ledger.terms.holder, outcome=self.outcome
        )
        if self.outcome is AppealOutcome.UPHELD or self.level is None:
            return decided
        if (self.level, self.step) == (ledger.level, ledger.step):
            refuse(SAME_GRADE)
        assigned = graded(grade, self.level, self.step, context)
        before = released(grade, context)
        return (decided, before, assigned) if before else (decided, assigned)


class Close(Command, zh="关闭账户", by=[Party.HOLDER, *KEEPERS]):
    """Keep it no more."""

    reason: CloseReason

    def decide(
        self, grade: Open, context: Context
    ) -> AccountClosed | tuple[GradeReleased, AccountClosed]:
        """A volunteer any time; an account under a rule by whoever keeps it."""
        ledger = grade.ledger
        keeps = not context.actor.parties().isdisjoint(KEEPERS)
        if ledger.terms.holder is not Holder.VOLUNTEER and not keeps:
            deny(KEPT_BY_OTHERS)
        closed = AccountClosed(
            about=context.said(grade.about, ledger.person),
            holder=ledger.terms.holder,
            reason=self.reason,
        )
        before = released(grade, context)
        return (before, closed) if before else closed


def numbers_of(rule: str, context: Context) -> Mapping[str, int]:
    """What a rule says. Raises Refused where none is in force."""
    found = ruled.numbers(context, rule)
    if found is None:
        refuse(NO_RULE, rule=rule)
    return found


def check_other(grade: Grade, context: Context) -> None:
    """Raises Denied for whoever holds the account."""
    if grade.parties(context.actor) & {Party.HOLDER, Party.HANDLER}:
        deny(OWN_ACCOUNT)


def graded(grade: Live, level: int, step: int, context: Context) -> GradeAssigned:
    """That grade, in the name of whoever acts. Raises Refused beyond the ladder."""
    ledger = grade.ledger
    if level > ledger.terms.levels or step > ledger.terms.steps:
        refuse(BEYOND_LADDER, levels=ledger.terms.levels, steps=ledger.terms.steps)
    return GradeAssigned(
        about=context.said(grade.about, context.actor.person),
        level=level,
        step=step,
        points=ledger.points,
        assessor=context.actor.person,
    )


def released(grade: Live, context: Context) -> GradeReleased | None:
    """The grade it has goes out of the books where it stands; None where it has none."""
    ledger = grade.ledger
    if ledger.level is None or ledger.step is None:
        return None
    about = context.said(grade.about)
    return GradeReleased(about=about, level=ledger.level, step=ledger.step)


WORKFLOW = Workflow(
    __name__,
    zh="星级积分",
    terms=GradeTerms,
    clocks=[
        Clock("appeal", Label("申诉裁定时限", "Appeal"), runs=(Appealed,), limit=working_days(15))
    ],
)
