"""规则用语 · What a rule may say: the shapes of its contents that more than the register reads."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from events.places import Code
from services.kernel.words import AMOUNT_MAX, ItemCode, Label, Name

DAYS_MAX = 120
ENTRIES_MAX = 64


class Content(BaseModel):
    """What a rule says."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
SortKey = Annotated[str, StringConstraints(pattern=r"^-?[a-z][a-z0-9_.]{0,95}$")]
Path = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,95}$")]
Whole = Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
Plain = bool | Whole | Code | tuple[Code, ...]


Days = Annotated[
    tuple[date, ...],
    Field(max_length=DAYS_MAX, examples=[["2018-10-01"]]),
    AfterValidator(lambda days: tuple(sorted(set(days)))),
]


class LimitRule(Content):
    """How long a clock gives."""

    seconds: Annotated[int, Field(ge=1, le=AMOUNT_MAX, examples=[3600]), Label("秒数", "Seconds")]
    working: Annotated[bool, Label("按工作日", "Working days only")] = False


class CalendarRule(Content):
    """Which days differ from Monday to Friday."""

    free: Annotated[Days, Label("放假", "Free days")] = ()
    worked: Annotated[Days, Label("调休上班", "Weekends worked")] = ()


class NumbersRule(Content):
    """Closed numbers and choices under names of their own."""

    numbers: Annotated[
        dict[ParameterName, Whole],
        Field(max_length=ENTRIES_MAX, examples=[{"day": 15}]),
        Label("数值", "Numbers"),
    ] = {}
    choices: Annotated[
        dict[ParameterName, Code],
        Field(max_length=ENTRIES_MAX, examples=[{"basis": "monthly"}]),
        Label("选项", "Choices"),
    ] = {}


class Wording(Content):
    """One wording in both languages."""

    zh: Name
    en: Annotated[Name, Label("英文名称", "English name")]


class TemplateRule(Content):
    """A variant of a kind: what it is called, what it fixes, what it says differently."""

    kind: Annotated[Word, Field(examples=["claim"]), Label("类型", "Kind")]
    variant: Annotated[Word, Field(examples=["wish"]), Label("变体", "Variant")]
    title: Annotated[Wording, Label("标题", "Title")]
    terms: Annotated[
        dict[ParameterName, Plain], Field(max_length=ENTRIES_MAX), Label("条款", "Terms")
    ] = {}
    says: Annotated[
        dict[Word, Wording], Field(max_length=ENTRIES_MAX), Label("用语", "Wordings")
    ] = {}


class TableColumn(Content):
    """One column of a table: a field of a fact (`of`), or a counter."""

    title: Annotated[Wording, Label("标题", "Title")]
    of: Annotated[Path | None, Label("取自", "Field")] = None
    counter: Annotated[Word | None, Label("指标", "Counter")] = None
    where: Annotated[
        dict[ParameterName, Code], Field(max_length=ENTRIES_MAX), Label("条件", "Only where")
    ] = {}


class TableRule(Content):
    """A table 台账: what its rows are, and what stands in its columns.

    `rows` names a fact, and there is a row for each of them; or `by` names a dimension, and there
    is a row for each of its keys, with counters as columns. `answers` are the items of the lists
    of matters that it answers.
    """

    name: Annotated[ParameterName, Field(examples=["services"]), Label("台账", "Table")]
    title: Annotated[Wording, Label("标题", "Title")]
    rows: Annotated[Word | None, Label("每行一条事实", "A row for each fact")] = None
    by: Annotated[Word | None, Label("每行一个分项", "A row for each key of")] = None
    where: Annotated[
        dict[ParameterName, Code], Field(max_length=ENTRIES_MAX), Label("条件", "Only where")
    ] = {}
    sort: Annotated[
        tuple[SortKey, ...], Field(max_length=ENTRIES_MAX), Label("排序", "Sorted by")
    ] = ()
    answers: Annotated[
        tuple[ItemCode, ...], Field(max_length=ENTRIES_MAX), Label("可答事项", "Items it answers")
    ] = ()
    columns: Annotated[
        tuple[TableColumn, ...],
        Field(min_length=1, max_length=ENTRIES_MAX),
        Label("各列", "Columns"),
    ]
