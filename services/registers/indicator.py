"""指标口径 · Indicator: what a number means, who says so, its baseline, targets and figures.

Stream `indicator/<code>`. What a counter of this house counts is declared in the code; here stands
what a district means by a published figure. A figure nobody could count is put out as such, with
its definition beside it; a rate only where enough were asked.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from events.fact import Coded, Quantity
from services.kernel.words import (
    AMOUNT_MAX,
    AreaCode,
    Choice,
    Count,
    Help,
    ItemCode,
    Label,
    Name,
    Party,
    Refusal,
    refuse,
)
from services.kernel.workflow import About, Command, Context, Fact, State, Workflow

ASKED_MIN = 10
"""No rate of fewer than these."""
TARGETS_MAX = 10
KEEPERS = (Party.ADMINISTRATOR, Party.STREET, Party.LEADER)

RATE_OF_TWO = Refusal(
    "rate_of_two", "比率须写明分子和分母", "a rate names its numerator and its denominator"
)
NEEDS_BASELINE = Refusal(
    "needs_baseline", "变化类指标须先有基期值", "a change needs a baseline to be measured from"
)
NOT_AFTER = Refusal(
    "not_after",
    "新口径的生效日须晚于 {last}",
    "another definition takes effect after the one before it ({last})",
)
TOO_FEW = Refusal(
    "too_few",
    "样本只有 {asked}，不足 {least}，不公布比率",
    "{asked} is too few for a rate: {least}",
)
PERIOD_REVERSED = Refusal(
    "period_reversed", "期间的止日早于起日", "the period ends before it begins"
)
NOT_DEFINED_THEN = Refusal(
    "not_defined_then",
    "口径自 {first} 起生效，不能用于更早的数据",
    "the definition holds from {first} on, not for an earlier figure",
)
PUBLISHED_ALREADY = Refusal(
    "published_already",
    "{from_on} 至 {to_on} 的数据已发布，更正请用“更正”",
    "the figure for {from_on} to {to_on} is out: correct that one",
)


class Sort(Choice, zh="指标类型", en="Kind of number"):
    """How it is made."""

    COUNT = "count", "计数"
    RATE = "rate", "比率（万分之）", "Rate (per ten thousand)"
    DURATION = "duration", "用时（秒）", "Duration (seconds)"
    AMOUNT = "amount", "金额（分）", "Amount (fen)"
    CHANGE = "change", "较基期变化（万分之）", "Change against the baseline (per ten thousand)"


class Window(Choice, zh="统计周期", en="Window"):
    """Over which time."""

    MONTH = "month", "月"
    QUARTER = "quarter", "季"
    YEAR = "year", "年"
    SINCE_START = "since_start", "累计"


class Says(Choice, zh="数据来源", en="Who says so"):
    """Whose word it is. Never mixed."""

    DECLARED = "declared", "承办方声明"
    CONFIRMED = "confirmed", "对方确认"
    VERIFIED = "verified", "核查"
    REPORTED = "reported", "单位上报"


class Precision(Choice, zh="精确程度", en="Precision"):
    """Whether it is meant exactly. “余”: at least."""

    EXACT = "exact", "精确"
    AT_LEAST = "at_least", "不少于（余、多）", "At least"


class RetireReason(Choice, zh="停用原因", en="Reason"):
    """Why it is used no more."""

    REPLACED = "replaced", "被取代"
    NOT_NEEDED = "not_needed", "已不需要", "No longer needed"
    MISLEADING = "misleading", "易误导"


Counted = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$"),
    Field(examples=["issues_closed_on_time"]),
]
Value = Annotated[
    int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX, examples=[3415]), Label("数值", "Value")
]
MeasureWord = Annotated[
    str,
    StringConstraints(pattern=r"^[^\s\x00-\x1f<>]{1,8}$"),
    Field(examples=["次"]),
    Label("量词", "Measure word"),
]
EffectiveOn = Annotated[date, Field(examples=["2018-01-01"]), Label("生效日", "Effective on")]
From = Annotated[date, Field(examples=["2018-01-01"]), Label("自", "From")]
To = Annotated[date, Field(examples=["2018-12-31"]), Label("至", "To")]
Asked = Annotated[
    Count | None, Label("分母", "Out of how many"), Help("比率必填", "A rate must say it")
]


class Definition(BaseModel):
    """The fields of one definition."""

    effective_on: EffectiveOn
    sort: Sort
    window: Window
    says: Says
    measure_word: MeasureWord
    numerator: Annotated[Counted | None, Label("计数或分子", "Counter or numerator")] = None
    denominator: Annotated[Counted | None, Label("分母指标", "Denominator")] = None
    baseline: Annotated[Value | None, Label("基期值", "Baseline")] = None
    targets: Annotated[
        tuple[Value, ...],
        Field(max_length=TARGETS_MAX, examples=[[6000, 8000, 10000]]),
        Label("分年目标", "Target of each year"),
    ] = ()

    def check(self) -> None:
        """Raises Refused where it contradicts itself."""
        if self.sort is Sort.RATE and (self.numerator is None or self.denominator is None):
            refuse(RATE_OF_TWO)
        if self.sort is Sort.CHANGE and self.baseline is None:
            refuse(NEEDS_BASELINE)


class Indicator(State):
    """One indicator with all its definitions, oldest first."""

    definitions: tuple[Definition, ...]
    published: frozenset[tuple[date, date]] = frozenset()

    def on(self, day: date) -> Definition | None:
        """What it meant on a day."""
        begun = [one for one in self.definitions if one.effective_on <= day]
        return begun[-1] if begun else None


class InUse(Indicator, zh="在用"):
    """Figures are put out by it."""


class Retired(Indicator, zh="已停用"):
    """No more; what was put out stays."""


class IndicatorDefined(Definition, Fact, zh="口径已定义"):
    """What a number means from a day on."""

    code: Annotated[ItemCode, Label("指标编码", "Indicator")]
    name: Name
    sort: Annotated[Sort, Coded]
    says: Annotated[Says, Coded]

    def apply(self, nothing: None) -> InUse:
        """The first definition."""
        return InUse(self.about, (self,))


class IndicatorRedefined(Definition, Fact, zh="口径已调整"):
    """What it means from a later day on."""

    sort: Annotated[Sort, Coded]
    says: Annotated[Says, Coded]

    def apply(self, indicator: InUse) -> InUse:
        """Figures of before keep the definition of before."""
        return InUse(self.about, (*indicator.definitions, self), indicator.published)


class FigurePublished(Fact, zh="数据已发布"):
    """A figure for a period, as somebody says. A rate is per ten thousand."""

    sort: Annotated[Sort, Coded]
    precision: Annotated[Precision, Coded]
    value: Annotated[Value, Quantity]
    asked: Annotated[Asked, Quantity] = None
    from_on: From
    to_on: To

    def apply(self, indicator: InUse) -> InUse:
        """One figure for a period."""
        published = indicator.published | {(self.from_on, self.to_on)}
        return InUse(indicator.about, indicator.definitions, published)


class IndicatorRetired(Fact, zh="指标已停用"):
    """Used no more."""

    sort: Annotated[Sort, Coded]
    reason: Annotated[RetireReason, Coded]

    def apply(self, indicator: InUse) -> Retired:
        """What was put out stays."""
        return Retired(indicator.about, indicator.definitions, indicator.published)


class Define(Definition, Command, zh="定义口径", by=KEEPERS):
    """Say what a number means, under a code of its own."""

    code: Annotated[ItemCode, Label("指标编码", "Indicator")]
    name: Name
    area: AreaCode

    def decide(self, nothing: None, context: Context) -> IndicatorDefined:
        """Without contradiction."""
        self.check()
        return IndicatorDefined(
            about=About(area=self.area, provenance=context.said_by(None)),
            code=self.code,
            name=self.name,
            **said(self),
        )


class Redefine(Definition, Command, zh="调整口径", by=KEEPERS):
    """Say what it means from a later day on."""

    def decide(self, indicator: InUse, context: Context) -> IndicatorRedefined:
        """From a later day."""
        self.check()
        last = indicator.definitions[-1].effective_on
        if self.effective_on <= last:
            refuse(NOT_AFTER, last=last.isoformat())
        return IndicatorRedefined(about=context.said(indicator.about), **said(self))


class PublishFigure(Command, zh="发布数据", by=(*KEEPERS, Party.COMMUNITY, Party.HANDLER)):
    """Put out a figure that cannot be counted here, for a period."""

    value: Value
    asked: Asked = None
    precision: Precision = Precision.EXACT
    from_on: From
    to_on: To

    def decide(self, indicator: InUse, context: Context) -> FigurePublished:
        """By the definition of then; no rate of a few, and one figure for a period."""
        if self.to_on < self.from_on:
            refuse(PERIOD_REVERSED)
        definition = indicator.on(self.to_on)
        if definition is None:
            refuse(NOT_DEFINED_THEN, first=indicator.definitions[0].effective_on.isoformat())
        if definition.sort is Sort.RATE and (self.asked or 0) < ASKED_MIN:
            refuse(TOO_FEW, asked=self.asked or 0, least=ASKED_MIN)
        if (self.from_on, self.to_on) in indicator.published:
            refuse(
                PUBLISHED_ALREADY, from_on=self.from_on.isoformat(), to_on=self.to_on.isoformat()
            )
        return FigurePublished(
            about=context.said(indicator.about),
            sort=definition.sort,
            precision=self.precision,
            value=self.value,
            asked=self.asked,
            from_on=self.from_on,
            to_on=self.to_on,
        )


class Retire(Command, zh="停用指标", by=KEEPERS):
    """Use it no more."""

    reason: RetireReason

    def decide(self, indicator: InUse, context: Context) -> IndicatorRetired:
        """For good."""
        return IndicatorRetired(
            about=context.said(indicator.about),
            sort=indicator.definitions[-1].sort,
            reason=self.reason,
        )


def said(definition: Definition) -> dict[str, Any]:
    """The fields of a definition, as they stand."""
    return {name: getattr(definition, name) for name in Definition.model_fields}


WORKFLOW = Workflow(__name__, zh="指标口径", key="code")
