"""指标 · What a public number is: one declaration, checked against the facts at start.

A counter is never stored. It says which facts it counts, how, and under which condition; the
ledger evaluates it, live or as of any instant, for any area, unit and dimension.

    Counter("services_after_hours", "八小时以外服务次数", "Services after hours",
            on=("order.delivered",), where={"timing": "after_hours"}, word="次")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum

from events.errors import Invalid, Unknown
from events.fact import Shape

MICROS_PER_SECOND = 1_000_000

Values = str | bool | tuple[str, ...]
"""What a condition accepts: one text, or several as alternatives."""


Names = str | tuple[str, ...]
"""A field, or several of which each fact uses the first that it counts."""


class Measure(str, Enum):
    """How the matching entries become one number."""

    OCCURRENCES = "occurrences"
    SUM = "sum"
    DISTINCT = "distinct"
    CURRENT = "current"
    RATIO = "ratio"
    DURATION = "duration"


class Statistic(str, Enum):
    """How many durations become one: medians and percentiles interpolate linearly."""

    MEAN = "mean"
    MEDIAN = "median"
    P90 = "p90"


@dataclass(frozen=True, eq=False)
class Counter:
    """One public number.

    `of` is the field that is summed or told apart. All instants named (`since`, `due`, `late`, …)
    are Quantity fields that hold an instant; an entry without it (0) does not match. A moment T is
    the as-of time of the question, or now.
    """

    name: str
    zh: str
    en: str
    on: tuple[str, ...] = ()
    measure: Measure = Measure.OCCURRENCES
    of: Names = ()
    word: str = "次"
    where: Mapping[str, Values] = field(default_factory=dict)
    unless: Mapping[str, Values] = field(default_factory=dict)
    down_on: tuple[str, ...] = ()
    """Facts that take one away again: a release, a closing, a leaving."""
    has: Names = ()
    """A counted field that must be present."""
    since: Names | None = None
    """Durations: `occurred_at` − this instant, in seconds."""
    statistic: Statistic = Statistic.MEDIAN
    per: int = 1
    """Durations: seconds in one measure word (3600 where the word is 小时)."""
    within: tuple[Names, int] | None = None
    """(instant, seconds): it occurred at most so long after."""
    on_time: Names | None = None
    """It occurred no later than this instant."""
    late: Names | None = None
    """It occurred after this instant."""
    due: Names | None = None
    """This instant lies before T."""
    older_than: tuple[Names, int] | None = None
    """(instant, seconds): this instant (or the first of the alternatives that the fact has) lies
    more than so long before T."""
    numerator: str | None = None
    denominator: str | None = None
    """Ratios: the names of two other counters."""
    least: int = 0
    """Ratios: of a smaller denominator no rate is told, only the two numbers."""

    @property
    def facts(self) -> tuple[str, ...]:
        """Every fact it reads itself."""
        return self.on + self.down_on

    @property
    def is_verifiable(self) -> bool:
        """Whether `verified` can be told: not for rates, times taken, or what depends on when
        exactly a deed occurred (a second word for it occurs later)."""
        timed = self.on_time or self.late or self.within
        return self.measure not in (Measure.RATIO, Measure.DURATION) and not timed


ENTRY_TEXTS = (
    "area",
    "unit",
    "category",
    "variant",
    "provenance",
    "fact",
    "home_unit",
    "team",
    "home_community",
    "paired_community",
)
"""Dimensions every entry has, whatever its fact."""

CALENDAR = ("day", "month", "year")
BLANK = frozenset(("",))
CONFIRMATIONS = ("record.counterparty_confirmed", "record.verified")
"""Second words for a deed. Each copies the deed's columns, its fact and codes standing in its own
two codes, and names the fact only where it is the first such word: so `verified` counts once."""

CONFIRMATION_SHAPE = {
    "codes": ("of_fact", "of_codes"),
    "members": ("of_member_1", "of_member_2"),
    "quantities": ("of_quantity_1", "of_quantity_2"),
    "day": "of_day",
}
OF_DEED = "deed:"
"""Before a column: that of the deed, in an entry of a second word for it."""

LABEL = "label:"
LABELS_FIELD = "labels"
"""A field of this name is a mapping of free labels; each of its keys is a dimension."""


def column_of(shape: Shape, name: str) -> str | None:
    """The ledger column that holds a field of this fact; None where it is in the body only."""
    if name in ENTRY_TEXTS or name in CALENDAR:
        return name
    for stem, names in (
        ("quantity", shape.quantities),
        ("member", shape.members),
        ("code", shape.codes),
    ):
        if name in names:
            return f"{stem}_{names.index(name) + 1}"
    return None


def dimension_of(shape: Shape, name: str) -> str:
    """The column to filter or group by: a ledger column, `label:name` for a body field, or ''."""
    column = column_of(shape, name)
    if column is not None and not column.startswith("quantity"):
        return column
    if name in shape.fields or LABELS_FIELD in shape.fields:
        return LABEL + name
    return ""


def counted_column(shape: Shape, name: str) -> str:
    """The column of a field that `check` has proved to be counted."""
    column = column_of(shape, name)
    if column is None:
        raise AssertionError(f"{shape.fact}.{name} is not a counted field: run check() first")
    return column


def first_of(shape: Shape, names: Names) -> str | None:
    """The first of the alternatives that this fact counts."""
    for name in (names,) if isinstance(names, str) else names:
        if column_of(shape, name) is not None:
            return name
    return None


# --- the check at start ---------------------------------------------------------------------------


def check(counters: Iterable[Counter], shapes: Mapping[str, Shape]) -> dict[str, Counter]:
    """The counters by name, each proved to fit the facts there are.

    Raises Unknown (with the nearest name) for a fact, field or counter that does not exist, and
    Invalid for a field that is not counted or a declaration that contradicts itself.
    """
    by_name: dict[str, Counter] = {}
    for counter in counters:
        if counter.name in by_name:
            raise Invalid(
                f"two counters are called {counter.name}", field="name", value=counter.name
            )
        by_name[counter.name] = counter
    _check_confirmations(shapes)
    for counter in by_name.values():
        if counter.measure is Measure.RATIO:
            _check_ratio(counter, by_name)
        else:
            _check_counter(counter, shapes)
    return by_name


def unknown(what: str, name: str, known: Iterable[str], *, of: str = "", zh: str = "") -> Unknown:
    """No such thing, with the nearest name there is."""
    nearest = next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.5)), None)
    hint = f"; did you mean {nearest}?" if nearest else ""
    hint_zh = f"，是否指 {nearest}？" if nearest else ""
    return Unknown(
        f"{of}{': ' if of else ''}no {what} is called {name!r}{hint}",
        what=what,
        name=name,
        nearest=nearest,
        zh=f"{of}{'：' if of else ''}没有名为 {name!r} 的{zh or what}{hint_zh}",
    )


def _check_confirmations(shapes: Mapping[str, Shape]) -> None:
    for fact in CONFIRMATIONS:
        for role, fields in CONFIRMATION_SHAPE.items():
            if fact in shapes and getattr(shapes[fact], role) != fields:
                raise AssertionError(f"{fact} must mark {fields} as its {role}, for `verified`")


def _check_ratio(counter: Counter, by_name: Mapping[str, Counter]) -> None:
    for name in (counter.numerator, counter.denominator):
        if name is None:
            raise _contradiction(counter, "a ratio needs a numerator and a denominator")
        part = by_name.get(name)
        if part is None:
            raise unknown("counter", name, by_name, of=counter.name, zh="指标")
        if part.measure in (Measure.RATIO, Measure.DURATION):
            raise _contradiction(counter, f"{name} is itself a {part.measure.value}")


def _check_counter(counter: Counter, shapes: Mapping[str, Shape]) -> None:
    if not counter.on:
        raise _contradiction(counter, "it counts no fact (`on`)")
    if counter.measure in (Measure.SUM, Measure.DISTINCT) and not counter.of:
        raise _contradiction(counter, f"a {counter.measure.value} needs a field (`of`)")
    if counter.measure is Measure.DURATION and (counter.since is None or counter.down_on):
        raise _contradiction(counter, "a duration needs `since` and has no `down_on`")
    for fact in counter.facts:
        shape = shapes.get(fact)
        if shape is None:
            raise unknown("fact", fact, shapes, of=counter.name, zh="事实")
        if fact in counter.on and fact in counter.down_on:
            raise _contradiction(counter, f"{fact} both adds and takes away")
        fields = {
            field for other in counter.facts if other in shapes for field in shapes[other].fields
        }
        _check_fields(counter, shape, fields)


def _check_fields(counter: Counter, shape: Shape, others: set[str]) -> None:
    for name in counter.where:
        _check_field(counter, shape, name, "code_", "member_")
    for name in counter.unless:
        if name in shape.fields or name not in others:
            _check_field(counter, shape, name, "code_", "member_")
    if counter.measure is Measure.SUM:
        _check_alternatives(counter, shape, counter.of, "quantity_")
    elif counter.measure is Measure.DISTINCT:
        _check_alternatives(counter, shape, counter.of, "member_")
    _check_alternatives(counter, shape, counter.has, "quantity_", "member_", "code_")
    instants = (counter.since, counter.on_time, counter.late, counter.due)
    for instant in instants:
        if instant is not None:
            _check_alternatives(counter, shape, instant, "quantity_")
    for pair in (counter.within, counter.older_than):
        if pair is not None:
            _check_alternatives(counter, shape, pair[0], "quantity_")


def _check_alternatives(counter: Counter, shape: Shape, names: Names, *stems: str) -> None:
    if names:
        first = first_of(shape, names)
        _check_field(
            counter, shape, first or (names if isinstance(names, str) else names[0]), *stems
        )


def _check_field(counter: Counter, shape: Shape, name: str, *stems: str) -> None:
    column = column_of(shape, name)
    if column is not None and (column in ENTRY_TEXTS or column.startswith(stems)):
        return
    if column is not None or name in shape.fields:
        kinds = " or ".join(stem.rstrip("_") for stem in stems)
        raise Invalid(
            f"{counter.name}: {shape.fact}.{name} is not counted as a {kinds}; mark it in the fact",
            field=name,
            value=shape.fact,
            zh=f"{counter.name}：{shape.fact}.{name} 未标为 {kinds}，请在事实定义中标注",
        )
    known = (*ENTRY_TEXTS, *shape.fields)
    raise unknown("field", name, known, of=f"{counter.name}, {shape.fact}", zh="字段")


def _contradiction(counter: Counter, why: str) -> Invalid:
    return Invalid(
        f"counter {counter.name}: {why}",
        field="counter",
        value=counter.name,
        zh=f"指标 {counter.name} 声明有误：{why}",
    )
