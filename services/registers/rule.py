"""规则 · Rule: limits, calendars, numbers and templates in force, each with the day it begins.

Stream `rule/<code>`. The code says what a rule is about:
    order.accept, issue.handle.major     the limit of a clock, or of one tier of it
    calendar.2018                        holidays of a year, and weekends worked instead
    template.claim.wish                  a variant of a kind
    table.services                       a table 台账: its rows and columns
    anything else                        closed numbers and choices: `theme_day` {day: 15}
A change is a further version with its own first day; what began under an older one keeps it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from events.fact import Coded
from services.facts.rule_words import (
    CalendarRule,
    LimitRule,
    NumbersRule,
    TableRule,
    TemplateRule,
    Word,
)
from services.kernel.words import (
    AreaCode,
    Choice,
    Help,
    Label,
    Party,
    Refusal,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

KEEPERS = (Party.ADMINISTRATOR, Party.SYSTEM)

ONE_CONTENT = Refusal(
    "one_content",
    "一条规则只规定一项内容：时限、日历、参数、模板或台账",
    "a rule fixes one thing: a limit, a calendar, numbers and choices, a template, or a table",
)
OTHER_SUBJECT = Refusal(
    "other_subject",
    "该规则规定的是{subject}，不能改作他用",
    "this rule is about a {subject_en}, and stays so",
)
NOT_AFTER = Refusal(
    "not_after",
    "生效日须晚于上一版的 {last}",
    "it must take effect after the version before it ({last})",
)


class Subject(Choice, zh="规则内容", en="Subject"):
    """What a rule fixes."""

    LIMIT = "limit", "时限"
    CALENDAR = "calendar", "日历"
    NUMBERS = "numbers", "参数"
    TEMPLATE = "template", "模板"
    TABLE = "table", "台账"


RuleCode = Annotated[
    Word,
    Field(examples=["order.accept"]),
    Label("规则编码", "Rule"),
    Help("时限规则以时限名为编码", "A limit has the name of its clock"),
]
EffectiveOn = Annotated[date, Field(examples=["2018-10-01"]), Label("生效日", "Effective on")]
HoldsIn = Annotated[AreaCode, Label("适用区域", "Holds in")]
Limit = Annotated[LimitRule | None, Field(examples=[{"seconds": 3600}]), Label("时限", "Limit")]
SpecialDays = Annotated[
    CalendarRule | None, Field(examples=[{"free": ["2018-10-01"]}]), Label("日历", "Calendar")
]
Numbers = Annotated[
    NumbersRule | None,
    Field(examples=[{"numbers": {"day": 15}}]),
    Label("参数", "Numbers and choices"),
]
Template = Annotated[
    TemplateRule | None,
    Field(
        examples=[
            {
                "kind": "claim",
                "variant": "need",
                "title": {"zh": "需求", "en": "Need"},
                "terms": {
                    "item_type": "need",
                    "for_resident": False,
                    "verified_first": True,
                    "places_max": 1,
                },
            }
        ]
    ),
    Label("模板", "Template"),
]
Table = Annotated[
    TableRule | None,
    Field(
        examples=[
            {
                "name": "by_community",
                "title": {"zh": "各社区服务", "en": "Services by community"},
                "by": "area",
                "columns": [
                    {"title": {"zh": "次", "en": "Times"}, "counter": "services_delivered"}
                ],
            }
        ]
    ),
    Label("台账", "Table"),
]


class Ruling(BaseModel):
    """The fields of one version: exactly one of the five contents."""

    effective_on: EffectiveOn
    limit: Limit = None
    calendar: SpecialDays = None
    numbers: Numbers = None
    template: Template = None
    table: Table = None

    @property
    def subjects(self) -> list[Subject]:
        """What it fixes."""
        return [subject for subject in Subject if getattr(self, subject.value) is not None]


class Rule(State):
    """One rule with all its versions, oldest first."""

    code: str
    subject: Subject
    versions: tuple[Ruling, ...]

    def on(self, day: date) -> Ruling | None:
        """The version in force on a day; None before the first and after a withdrawal."""
        begun = [version for version in self.versions if version.effective_on <= day]
        return begun[-1] if begun else None


class InForce(Rule, zh="有效"):
    """It holds, from the first day of its versions."""


class Withdrawn(Rule, zh="已废止"):
    """It holds no more from that day on."""

    withdrawn_on: date

    def on(self, day: date) -> Ruling | None:
        """What held before still held then."""
        return super().on(day) if day < self.withdrawn_on else None


class RulePublished(Ruling, Fact, zh="规则已发布"):
    """A rule holds from a day on."""

    code: RuleCode
    subject: Annotated[Subject, Coded]

    def apply(self, nothing: None) -> InForce:
        """The first version."""
        return InForce(self.about, self.code, self.subject, (self,))


class RuleRevised(Ruling, Fact, zh="规则已修订"):
    """Another version holds from a later day on."""

    subject: Annotated[Subject, Coded]

    def apply(self, rule: InForce) -> InForce:
        """One more version."""
        return InForce(self.about, rule.code, rule.subject, (*rule.versions, self))


class RuleWithdrawn(Fact, zh="规则已废止"):
    """No version holds from a day on."""

    subject: Annotated[Subject, Coded]
    effective_on: EffectiveOn

    def apply(self, rule: InForce) -> Withdrawn:
        """What it was stands on record."""
        return Withdrawn(self.about, rule.code, rule.subject, rule.versions, self.effective_on)


class Publish(Ruling, Command, zh="发布规则", by=KEEPERS):
    """Lay down a rule under a code of its own."""

    code: RuleCode
    area: HoldsIn

    def decide(self, nothing: None, context: Context) -> RulePublished:
        """Exactly one content."""
        if len(self.subjects) != 1:
            refuse(ONE_CONTENT)
        return RulePublished(
            about=About(area=self.area, provenance=context.said_by(None)),
            code=self.code,
            subject=self.subjects[0],
            effective_on=self.effective_on,
            limit=self.limit,
            calendar=self.calendar,
            numbers=self.numbers,
            template=self.template,
            table=self.table,
        )


class Revise(Ruling, Command, zh="修订规则", by=KEEPERS):
    """Lay down another version of it."""

    def decide(self, rule: InForce, context: Context) -> RuleRevised:
        """Of the same subject, from a later day."""
        if self.subjects != [rule.subject]:
            refuse(
                OTHER_SUBJECT,
                subject=rule.subject.label.zh,
                subject_en=rule.subject.label.en.lower(),
            )
        check_after(rule, self.effective_on)
        return RuleRevised(
            about=context.said(rule.about),
            subject=rule.subject,
            effective_on=self.effective_on,
            limit=self.limit,
            calendar=self.calendar,
            numbers=self.numbers,
            template=self.template,
            table=self.table,
        )


class Withdraw(Command, zh="废止规则", by=KEEPERS):
    """Say from which day on it holds no more."""

    effective_on: EffectiveOn

    def decide(self, rule: InForce, context: Context) -> RuleWithdrawn:
        """After it began."""
        check_after(rule, self.effective_on)
        return RuleWithdrawn(
            about=context.said(rule.about),
            subject=rule.subject,
            effective_on=self.effective_on,
        )


def check_after(rule: Rule, day: date) -> None:
    """Versions follow each other: a mistake in one is corrected, not overtaken."""
    last = rule.versions[-1].effective_on
    if day <= last:
        refuse(NOT_AFTER, last=last.isoformat())


WORKFLOW = Workflow(__name__, zh="规则", key="code", guarded=True)
