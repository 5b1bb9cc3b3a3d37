"""考核评议 · Assessment, its words, states and facts; what may be done is in the workflow file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from events.clock import Instant
from events.fact import Coded, Member, Quantity
from services.kernel.ruled import RuleWord
from services.kernel.words import (
    Actor,
    CategoryCode,
    Choice,
    Count,
    Help,
    ItemCode,
    Label,
    Party,
    Person,
    Terms,
)
from services.kernel.workflow import Fact, Note, State

APPEAL_DAYS_MAX = 60
SCORE_MAX = 100


class Subject(Choice, zh="考核对象", en="Subject"):
    """Whom or what it is about."""

    UNIT = "unit", "单位或组织", "Unit or body"
    PLACE = "place", "阵地或示范点", "Venue or site"
    PERSON = "person", "个人"


class Side(Choice, zh="评议方", en="Side"):
    """In which capacity somebody reviews."""

    RESIDENT = "resident", "居民群众"
    MEMBER = "member", "党员"
    UNIT = "unit", "单位"
    COMMUNITY = "community", "社区"
    STREET = "street", "街道"
    LEADER = "leader", "领导点评", "Leader"
    SUPERVISOR = "supervisor", "督导组", "Supervision group"


class Verdict(Choice, zh="评议意见", en="Verdict"):
    """Three levels, so that nobody is pushed to the top one."""

    MEETS = "meets", "满意或达标", "Satisfied, or it complies"
    PARTLY = "partly", "基本满意或基本达标", "Mostly"
    FAILS = "fails", "不满意或不达标", "Not satisfied, or it does not comply"


class Level(Choice, zh="评定等次", en="Level"):
    """What it comes to. Never a place in a ranking."""

    GOOD = "good", "好"
    FAIRLY_GOOD = "fairly_good", "较好"
    FAIR = "fair", "一般"
    POOR = "poor", "差"


class ReportForm(Choice, zh="述职方式", en="Form"):
    """How those assessed report."""

    ON_SITE = "on_site", "现场述职"
    WRITTEN = "written", "书面述职"


class Basis(Choice, zh="抽查内容", en="Looked at"):
    """What was looked at, at an irregular time. “两册”: the two books of the process."""

    BOOKS = "books", "两册", "The two books"
    SITE = "site", "现场"
    RECORDS = "records", "系统记录"
    CALL_BACK = "call_back", "回访"


class CancelReason(Choice, zh="取消原因", en="Reason"):
    """Why there is no result."""

    NOT_WANTED = "not_wanted", "本人不同意", "The person does not want it"
    OFF_LIST = "off_list", "不在考核清单", "On no list of assessments"
    REPEATED = "repeated", "重复考核"
    MISTAKE = "mistake", "启动有误", "A mistake"


class AppealReason(Choice, zh="申诉理由", en="Reason"):
    """What is wrong with the result."""

    WRONG_FACTS = "wrong_facts", "事实有误"
    WRONG_RULE = "wrong_rule", "规则适用有误", "The rule was not kept"
    PARTIAL = "partial", "评议不公", "The reviewers were partial"
    NOT_HEARD = "not_heard", "未听取意见"


class AppealOutcome(Choice, zh="申诉结果", en="Outcome"):
    """What became of the appeal."""

    UPHELD = "upheld", "维持原评定", "The result stands"
    CHANGED = "changed", "变更评定", "The result is changed"


class Use(Choice, zh="结果运用", en="Use"):
    """What the result is for."""

    HONOURS = "honours", "评先评优", "Honours"
    PROJECTS = "projects", "承接项目", "Projects"
    POLICY = "policy", "政策扶持", "Support by policy"
    ALLOWANCE = "allowance", "绩效补贴", "Allowance"
    ACCOUNT = "account", "纳入单位考核", "Into the unit's own assessment"
    HELP = "help", "整改帮扶", "Help to improve"


Assessed = Annotated[
    Person | None, Label("被考核人", "Person assessed"), Help("仅限个人", "Only for a person")
]
Place = Annotated[
    ItemCode | None, Label("阵地", "Place"), Help("仅限阵地或示范点", "Only for a place")
]
UnderRule = Annotated[RuleWord | None, Label("依据规则", "Under the rule")]
Item = Annotated[ItemCode | None, Label("评议项目", "Item"), Help("按项评议时填写", "By item")]
Score = Annotated[int, Field(ge=0, le=SCORE_MAX, examples=[90]), Label("得分", "Score")]
Votes = Annotated[
    Count, Field(ge=1, le=100_000), Label("票数", "Votes"), Help("汇总录入时填写", "If collected")
]
Reviewer = Annotated[Person | None, Label("评议人", "Reviewer")]
Assessor = Annotated[Person, Label("评定人", "Concluded by")]
Topic = Annotated[CategoryCode | None, Label("提问类别", "Topic")]
From = Annotated[date, Field(examples=["2018-01-01"]), Label("自", "From")]
To = Annotated[date, Field(examples=["2018-12-31"]), Label("至", "To")]


class AssessmentTerms(Terms):
    """What a variant fixes. A person is assessed under a published rule, or by their own wish."""

    subject: Subject
    report_first: Annotated[bool, Label("先述职", "Report first")] = False
    reviews_min: Annotated[Count, Label("最少评议票数", "Fewest votes")] = 1
    opt_in: Annotated[bool, Label("须本人同意", "By their own wish")] = False
    rule_needed: Annotated[bool, Label("须有公开规则", "Under a published rule")] = False
    appeal_days: Annotated[
        Count, Field(ge=1, le=APPEAL_DAYS_MAX), Label("申诉期（天）", "Days to appeal")
    ] = 15

    @model_validator(mode="after")
    def _person_protected(self) -> AssessmentTerms:
        if self.subject is Subject.PERSON and not (self.opt_in or self.rule_needed):
            raise ValueError("a person is assessed under a rule, or by their own wish")
        return self


# ---- states


@dataclass(frozen=True)
class Matter:
    """What is true of an assessment all its life. `reviewers`: who has spoken, on which item."""

    terms: AssessmentTerms
    person: str | None
    place: str | None
    votes: int = 0
    reviewers: frozenset[tuple[str, str]] = frozenset()
    appealed: bool = False


@dataclass(frozen=True)
class Result:
    """What it came to, and who said so."""

    level: Level
    score: int | None
    assessor: str


class Assessment(State):
    """One assessment of one subject. Its unit is the one assessed, or the person's own."""

    matter: Matter

    def parties(self, actor: Actor) -> set[Party]:
        """The person assessed, or the people of the unit assessed."""
        if self.matter.terms.subject is not Subject.PERSON:
            return super().parties(actor)
        found = {Party.HOLDER} if actor.person == self.matter.person else set()
        own = actor.unit is not None and actor.unit == self.about.unit
        return found | ({Party.HOME_UNIT} if own else set())


class Pending(Assessment):
    """Not concluded: may be cancelled."""


class Asked(Pending, zh="待本人同意", en="Waiting for the person's yes"):
    """Goes on only by their own wish."""


class Reviewing(Pending):
    """Under way."""


class Opened(Reviewing, zh="待述职评议", en="Opened"):
    """Nobody has spoken yet."""


class Reported(Reviewing, zh="已述职"):
    """Those assessed have reported."""


class Reviewed(Reviewing, zh="评议中", en="Under review"):
    """Others have spoken."""


class Decided(Assessment):
    """There is a result."""

    result: Result


class Scored(Decided, zh="待反馈", en="To be notified"):
    """Nobody has told those assessed."""


class Notified(Decided, zh="已反馈"):
    """They know, and may appeal for a time."""

    notified_at: Instant


class Appealed(Decided, zh="申诉中"):
    """They do not agree; somebody else looks again."""


class Applied(Decided, zh="结果已运用"):
    """The result is of use."""


class Cancelled(Assessment, zh="已取消"):
    """It came to nothing."""


# ---- facts


class AssessmentOpened(Fact, zh="考核已启动"):
    """A unit, a place, or a person who may be, is to be assessed for a period."""

    subject: Annotated[Subject, Coded]
    person: Assessed = None
    place: Annotated[Place, Coded] = None
    rule: UnderRule = None
    from_on: From
    to_on: To
    terms: Annotated[AssessmentTerms, Label("条款", "Terms")]

    def apply(self, assessment: None) -> Asked | Opened:
        """The beginning."""
        matter = Matter(self.terms, self.person, self.place)
        return (Asked if self.terms.opt_in else Opened)(self.about, matter)


class AssessmentAgreed(Fact, zh="本人已同意"):
    """The person wants it."""

    def apply(self, assessment: Asked) -> Opened:
        """Under way."""
        return Opened(assessment.about, assessment.matter)


class AssessmentCancelled(Fact, zh="考核已取消"):
    """It comes to nothing, with the reason why."""

    subject: Annotated[Subject, Coded]
    reason: Annotated[CancelReason, Coded]

    def apply(self, assessment: Pending) -> Cancelled:
        """The end."""
        return Cancelled(assessment.about, assessment.matter)


class DutyReportGiven(Fact, zh="已述职"):
    """Those assessed say what they did. Source: 述职人员依次述职 (seed 004)."""

    form: Annotated[ReportForm, Coded]

    def apply(self, assessment: Opened) -> Reported:
        """To be asked, and reviewed."""
        return Reported(assessment.about, assessment.matter)


class QuestionAsked(Note, zh="已提问"):
    """A delegate asked something; what was asked is not written down."""

    side: Annotated[Side, Coded]
    topic: Annotated[Topic, Coded] = None


class ReviewGiven(Fact, zh="已评议"):
    """What one reviewer thinks, or several whose votes were collected."""

    side: Annotated[Side, Coded]
    verdict: Annotated[Verdict, Coded]
    votes: Annotated[Votes, Quantity] = 1
    reviewer: Annotated[Reviewer, Member] = None
    item: Item = None

    def apply(self, assessment: Reviewing) -> Reviewed:
        """One word from each, on each item."""
        before, heard = assessment.matter, {(self.reviewer or "", self.item or "")}
        reviewers = before.reviewers | (heard if self.reviewer else set())
        matter = replace(before, votes=before.votes + self.votes, reviewers=reviewers)
        return Reviewed(assessment.about, matter)


class SpotCheckDone(Note, zh="已抽查"):
    """Somebody looked, unannounced. Source: 查“两册”看过程 (seed 004)."""

    basis: Annotated[Basis, Coded]
    gaps: Annotated[Count, Quantity, Label("发现问题数", "Gaps found")] = 0


class AssessmentConcluded(Fact, zh="考核已评定"):
    """The result. A number is for units and places; a person gets none."""

    subject: Annotated[Subject, Coded]
    level: Annotated[Level, Coded]
    score: Annotated[Score | None, Quantity] = None
    assessor: Annotated[Assessor, Member]

    def apply(self, assessment: Reviewing | Appealed) -> Scored:
        """To be told to those assessed."""
        result = Result(self.level, self.score, self.assessor)
        return Scored(assessment.about, assessment.matter, result)


class AssessmentWithdrawn(Fact, zh="原评定已撤回", en="Result taken back"):
    """The result before an appeal that was right; another follows at once."""

    subject: Annotated[Subject, Coded]
    level: Annotated[Level, Coded]
    score: Annotated[Score | None, Quantity] = None

    def apply(self, assessment: Appealed) -> Appealed:
        """Until the next fact."""
        return assessment


class ResultNotified(Fact, zh="结果已反馈"):
    """Those assessed know it."""

    subject: Annotated[Subject, Coded]
    level: Annotated[Level, Coded]
    notified_at: Annotated[Instant, Label("反馈时间", "Told at")]

    def apply(self, assessment: Scored | Appealed) -> Notified:
        """They may appeal, once."""
        result, at = assessment.result, self.notified_at
        return Notified(assessment.about, assessment.matter, result, at)


class ResultAppealed(Fact, zh="结果已申诉"):
    """Those assessed do not agree."""

    subject: Annotated[Subject, Coded]
    reason: Annotated[AppealReason, Coded]

    def apply(self, assessment: Notified) -> Appealed:
        """Somebody else looks again."""
        matter = replace(assessment.matter, appealed=True)
        return Appealed(assessment.about, matter, assessment.result)


class AppealDecided(Fact, zh="申诉已裁定"):
    """What became of the appeal; those assessed are told at once."""

    subject: Annotated[Subject, Coded]
    outcome: Annotated[AppealOutcome, Coded]

    def apply(self, assessment: Appealed) -> Appealed:
        """Until the next fact."""
        return assessment


class ResultApplied(Fact, zh="结果已运用"):
    """What the result is used for."""

    use: Annotated[Use, Coded]
    level: Annotated[Level, Coded]

    def apply(self, assessment: Notified | Applied) -> Applied:
        """As often as it is of use."""
        return Applied(assessment.about, assessment.matter, assessment.result)
