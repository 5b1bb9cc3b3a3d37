"""机制一览 · `python -m services.exchange.scenarios.page` prints docs/explanation/mechanisms.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

from events.errors import Unknown
from projections.counters import COUNTERS
from services.exchange.scenarios.form import CounterCheck, Scenario, Step, who_of
from services.exchange.scenarios.rows import Shown, articles, shown
from services.kernel.catalogue import Catalogue, discover
from services.kernel.words import ROLES, Label

OPENING = """\
# 机制一览 · The mechanisms

五篇文章所述的 {of} 项机制，各由什么流程与登记簿承担，怎样办，哪里会被拒绝，算出哪些数字。
{works} 项有可演练的情景（`jishi mechanisms --run`），{out} 项不做，{missing} 项尚无情景。
由 `python -m services.exchange.scenarios.page` 从 `tests/scenarios/` 生成。

The {of} mechanisms that five districts describe: what carries each, how it is done here, what is
refused (✗ with the code), and which numbers come of it. {works} have a scenario that can be played,
{out} are left out, {missing} have none yet. Generated from `tests/scenarios/`.
"""
NONE_YET = "尚无情景 · no scenario yet"


def page() -> str:
    """The whole page."""
    found = list(shown().values())
    opening = OPENING.format(
        of=len(found),
        works=sum(one.state == "works" for one in found),
        out=sum(one.state == "out" for one in found),
        missing=sum(one.state is None for one in found),
    )
    return opening + "".join(_article(*group) for group in _by_article(found))


def _by_article(found: Iterable[Shown]) -> Iterator[tuple[str, list[Shown]]]:
    for name, group in groupby(found, lambda one: one.row.article):
        yield name, list(group)


def _article(name: str, found: list[Shown]) -> str:
    label, catalogue = articles()[name], discover()
    parts = [f"\n## {name} {label.zh} · {label.en}\n"]
    for one in found:
        parts.append(f"\n### {one.row.id} {one.row.label.zh} · {one.row.label.en}\n\n")
        parts += [f"{line}\n" for line in _row(one, catalogue)]
    return "".join(parts)


def _row(one: Shown, catalogue: Catalogue) -> Iterator[str]:
    scenario = one.scenario
    if scenario is None:
        yield f"{'、'.join(f'`{name}`' for name in one.row.kinds)} · {NONE_YET}"
        return
    yield "、".join(_kind(name, catalogue) for name in one.row.kinds)
    if told := " → ".join(_told(scenario, catalogue)):
        yield f"\n{told}。"
    if numbers := "、".join(_numbers(scenario)):
        yield f"\n数字 · numbers: {numbers}"
    if scenario.left_out is not None:
        yield f"\n不含 · left out: {scenario.left_out.zh} · {scenario.left_out.en}"


def _kind(name: str, catalogue: Catalogue) -> str:
    entry = catalogue.entries.get(name)
    return f"{entry.label.zh} `{name}`" if entry is not None else f"`{name}`"


def _told(scenario: Scenario, catalogue: Catalogue) -> Iterator[str]:
    """The steps as a walk, each as often as it comes in a row."""
    for text, group in groupby(_step(step, catalogue) for step in scenario.steps if step.do):
        times = sum(1 for _ in group)
        yield text if times == 1 else f"{text}×{times}"


def _step(step: Step, catalogue: Catalogue) -> str:
    roles = "、".join(ROLES[role].label.zh for role in who_of(step.who or "").roles)
    what = _command(step, catalogue)
    if step.refused is not None:
        return f"{roles}“{what.zh}”✗`{step.refused}`"
    return f"{roles}“{what.zh}”"


def _command(step: Step, catalogue: Catalogue) -> Label:
    try:
        return catalogue.entry(step.kind).command(step.command).label
    except Unknown:
        # A variant that the scenario itself lays down by a rule.
        return Label(step.do or "", step.do or "")


def _numbers(scenario: Scenario) -> Iterator[str]:
    labels = {one.name: one.zh for one in COUNTERS}
    named = dict.fromkeys(one.counter for one in scenario.then if isinstance(one, CounterCheck))
    for name in named:
        yield f"{labels.get(name, name)} `{name}`"


if __name__ == "__main__":
    sys.stdout.write(page())
