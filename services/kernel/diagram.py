"""流程图 · What the signatures of a kind say, as pictures and tables.

`python -m services.kernel.diagram` prints docs/reference/kinds.md: for each kind its states, who
may do what where, what that comes to, and its clocks. Nothing there is written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator

from services.kernel.catalogue import Catalogue, discover
from services.kernel.entry import CommandInfo, Entry, state_word
from services.kernel.pieces import SHARED_CLOCKS, Clock, Fact, State
from services.kernel.words import Label, Limit

Edge = tuple[type[State] | None, str, type[State]]
"""From (None: no case yet), by which command, to."""

OPENING = """\
# 流程与登记簿 · Kinds and registers

由 `python -m services.kernel.diagram` 从流程文件的签名生成。
Generated from the signatures of the workflow files.
"""

SHARED_OPENING = """\
## 每一案件都有的操作 · What every case takes

| 操作 · command | 谁 · who |
|---|---|"""


def edges(entry: Entry) -> list[Edge]:
    """Every move a command can make to another state, in the order of the file."""
    diagram, found = entry.workflow.diagram, dict[Edge, None]()
    for name, way in diagram.ways.items():
        sources: list[type[State] | None] = [*_ordered(diagram.states, way.states)]
        for source in [None, *sources] if way.starts else sources:
            for outcome in way.outcomes:
                for target in _ordered(diagram.states, _ends(entry, source, outcome)):
                    if target is not source:
                        found[source, name, target] = None
    return list(found)


def _ends(
    entry: Entry, source: type[State] | None, outcome: tuple[type[Fact], ...]
) -> set[type[State] | None]:
    here: set[type[State] | None] = {source}
    for fact in outcome:
        move = entry.workflow.diagram.moves[fact.fact]
        here = {target for one in here for target in move.lead(one)}
    return here


def mermaid(entry: Entry, language: str) -> str:
    """The states and moves of a kind as a Mermaid state diagram."""
    lines = [
        f"    {state_word(state)}: {entry.state_label(state).text(language)}"
        for state in entry.workflow.diagram.states
    ]
    for source, command, target in edges(entry):
        start = state_word(source) if source else "[*]"
        label = entry.commands[command].label.text(language)
        lines.append(f"    {start} --> {state_word(target)}: {label}")
    return "\n".join(["stateDiagram-v2", *lines])


def page(catalogue: Catalogue) -> str:
    """The reference page of all kinds and registers."""
    parts = ["\n".join(_kind(catalogue, entry)) for entry in catalogue.kinds()]
    shared = next(iter(catalogue.kinds())).commands.values()
    rows = [
        f"| {both(info.label)} `{info.verb}` | {_who(info)} |" for info in shared if info.shared
    ]
    clocks = [_clock(f"record.{clock.name}", clock, "") for clock in SHARED_CLOCKS.values()]
    parts.append("\n".join([SHARED_OPENING, *rows, *clocks]))
    return "\n\n".join([OPENING, *parts]) + "\n"


def both(label: Label) -> str:
    """One wording in both languages."""
    return f"{label.zh} · {label.en}"


def _kind(catalogue: Catalogue, entry: Entry) -> Iterator[str]:
    yield f"## {both(entry.label)} `{entry.name}`\n"
    variants = [one for one in catalogue.entries.values() if one.kind == entry.name and one.variant]
    if variants:
        names = "、".join(f"{both(one.label)} `{one.name}`" for one in variants)
        yield f"变体 · variants: {names}\n"
    yield f"```mermaid\n{mermaid(entry, 'zh')}\n```\n"
    yield "| 操作 · command | 谁 · who | 何时 · in | 记下 · records |\n|---|---|---|---|"
    for info in entry.commands.values():
        if not info.shared:
            facts = ", ".join(f"`{fact}`" for fact in info.facts)
            command = f"{both(info.label)} `{info.verb}`"
            yield f"| {command} | {_who(info)} | {_where(entry, info)} | {facts} |"
    for clock in entry.workflow.clocks.values():
        runs = _ordered(entry.workflow.diagram.states, entry.workflow.running[clock.name])
        states = "、".join(entry.state_label(state).zh for state in runs)
        yield _clock(f"{entry.name}.{clock.name}", clock, f" ({states})")


def _clock(name: str, clock: Clock, where: str) -> str:
    spans = " / ".join(span(limit) for limit in _limits(clock))
    spans = spans or f"`{clock.until or clock.each}`"
    return f"\n时限 · clock: {both(clock.label)} `{name}`: {spans}{where}"


def _limits(clock: Clock) -> Collection[Limit]:
    if clock.limit is None:
        return ()
    return [clock.limit] if isinstance(clock.limit, Limit) else clock.limit.values()


def _who(info: CommandInfo) -> str:
    parties = sorted(info.parties, key=lambda party: party.value)
    return "、".join(party.label.zh for party in parties)


def _where(entry: Entry, info: CommandInfo) -> str:
    states = _ordered(entry.workflow.diagram.states, info.states)
    words = [entry.state_label(state).zh for state in states]
    return "、".join([*(["–"] if info.starts else []), *words])


def span(limit: Limit) -> str:
    """A limit in words: `1 h`, `7 d`, `3 working d`."""
    working = "working " if limit.working else ""
    if limit.seconds % 86_400 == 0:
        return f"{limit.seconds // 86_400} {working}d"
    return f"{limit.seconds // 3_600} {working}h"


def _ordered(
    states: tuple[type[State], ...], some: Collection[type[State] | None]
) -> list[type[State]]:
    return [state for state in states if state in some]


if __name__ == "__main__":
    sys.stdout.write(page(discover()))
