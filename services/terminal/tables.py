"""参考表 · `python -m services.terminal.tables facts` (or `counters`) prints that page of
docs/reference: nothing there is written by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from events.fact import Fact, Shape
from projections.counters import COUNTERS, HEADLINES
from projections.declare import Counter, Measure, Values
from services.kernel.catalogue import discover

FACTS_OPENING = """\
# 事实 · Facts

每条事实都有 `about`：区域、类别、单位、变体、来源、各本账。下面是各自的字段：
**粗体**可直接相加、去重或作分项（数量、成员、代码），其余只在正文里。
由 `python -m services.terminal.tables facts` 生成。

Every fact has `about`: area, category, unit, variant, provenance, books. Below are the fields of
its own: those in **bold** are counted from columns (quantities, members, codes), the others stand
in the body alone. The JSON Schema of each is in `events/schemas/`.
"""
FACTS_HEAD = "| 事实 · fact | | 版 · version | 字段 · fields |\n|---|---|---|---|\n"
COUNTERS_OPENING = """\
# 指标 · Counters

每个公开数字一行，声明在 `projections/counters.py`。“数什么”列出所数的事实；`−` 之后的事实使它减一。
由 `python -m services.terminal.tables counters` 生成。首页先显示的以 ★ 标出。

Every public number has one line, declared in `projections/counters.py`. What it counts are facts;
those behind `−` take one away. A ★ marks what a board shows first.

| 指标 · counter | 名称 · name | 量词 | 怎么数 · measure | 数什么 · of what |
|---|---|---|---|---|
"""


def facts_page() -> str:
    """Every fact, by the kind it belongs to."""
    catalogue = discover()
    return FACTS_OPENING + "".join(_facts(catalogue.facts, catalogue.shapes))


def counters_page() -> str:
    """Every public number, in the order of their file."""
    return COUNTERS_OPENING + "".join(_counter(counter) for counter in COUNTERS)


def _facts(facts: Mapping[str, type[Fact]], shapes: Mapping[str, Shape]) -> Iterator[str]:
    kind = ""
    for name in sorted(facts):
        if name.partition(".")[0] != kind:
            kind = name.partition(".")[0]
            yield f"\n## `{kind}`\n\n{FACTS_HEAD}"
        fact, shape = facts[name], shapes[name]
        label = getattr(fact, "label", None)
        words = f"{label.zh} · {label.en}" if label is not None else ""
        counted = {*shape.quantities, *shape.members, *shape.codes}
        fields = (
            f"**`{field}`**" if field in counted else f"`{field}`"
            for field in fact.model_fields
            if field != "about"
        )
        yield f"| `{name}` | {words} | {fact.version} | {'、'.join(fields)} |\n"


def _counter(counter: Counter) -> str:
    star = " ★" if counter.name in HEADLINES else ""
    cells = (
        f"`{counter.name}`{star}",
        f"{counter.zh} · {counter.en}",
        counter.word,
        _measure(counter),
        _of_what(counter),
    )
    return f"| {' | '.join(cells)} |\n"


def _measure(counter: Counter) -> str:
    if counter.measure is Measure.DURATION:
        return counter.statistic.value
    of = (counter.of,) if isinstance(counter.of, str) else counter.of
    return " ".join([counter.measure.value, *(f"`{name}`" for name in of)])


def _of_what(counter: Counter) -> str:
    if counter.measure is Measure.RATIO:
        least = f" (n ≥ {counter.least})" if counter.least else ""
        return f"`{counter.numerator}` ÷ `{counter.denominator}`{least}"
    facts = "、".join(f"`{name}`" for name in counter.on)
    if counter.down_on:
        facts += " − " + "、".join(f"`{name}`" for name in counter.down_on)
    conditions = [_condition(name, "=", value) for name, value in counter.where.items()]
    conditions += [_condition(name, "≠", value) for name, value in counter.unless.items()]
    conditions += [f"{word} {_names(found)}" for word, found in _times(counter) if found]
    return "; ".join([facts, *conditions])


def _times(counter: Counter) -> Iterator[tuple[str, object]]:
    yield "has", counter.has
    yield "since", counter.since
    yield "on time by", counter.on_time
    yield "later than", counter.late
    yield "due", counter.due
    for word, span in (("within", counter.within), ("older than", counter.older_than)):
        if span is not None:
            yield f"{word} {span[1]} s of", span[0]


def _condition(name: str, sign: str, value: Values) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return f"{name} {sign} {' / '.join(str(one).lower() or '∅' for one in values)}"


def _names(found: object) -> str:
    names = found if isinstance(found, tuple) else (found,)
    return " / ".join(f"`{name}`" for name in names)


PAGES: Mapping[str, Callable[[], str]] = {"facts": facts_page, "counters": counters_page}

if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
