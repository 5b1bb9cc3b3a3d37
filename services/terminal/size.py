"""篇幅 · How much code a kind, a register and a template take, and what one more kind costs.

`python -m services.terminal.size` prints docs/reference/size.md. Lines are those of the files, with
blank ones and docstrings. A test lets the page lag behind by a few lines, not by a kind.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from projections.counters import COUNTERS
from services.kernel.catalogue import Title, titles

TREE = Path(__file__).parents[2]
NEWCOMER = TREE / "tests" / "acceptance" / "test_newcomer.py"
"""The test that adds a kind to a copy of the tree, and uses it."""

OPENING = """\
# 篇幅 · Size

由 `python -m services.terminal.size` 从源文件计数生成：行数含空行与说明。
Counted from the files by `python -m services.terminal.size`, blank lines and docstrings included.

一类流程 = 一个流程文件 + 其事实文件 + 若干行指标；变体 = 一个 TOML 文件，无代码。
A kind is one workflow file, its facts, and a line or two for each number. A variant is a TOML file
and no code.
"""


@dataclass(frozen=True, slots=True)
class Size:
    """One kind or register: lines of its workflow and of its facts, its counters, its variants."""

    title: Title
    workflow: int
    facts: int
    counters: int
    templates: tuple[int, ...]

    @property
    def lines(self) -> int:
        """Of Python, for the kind itself."""
        return self.workflow + self.facts


def sizes() -> list[Size]:
    """Every kind, then every register, each by name."""
    known = titles(TREE / "services")
    own = [one for one in known.values() if one.template is None]
    return [_size(one, known.values()) for one in own]


def _size(title: Title, known: Iterable[Title]) -> Size:
    room = TREE / "services"
    module = room.joinpath(*title.module.split(".")[1:]).with_suffix(".py")
    facts = [path for path in (room / "facts").glob(f"{title.kind}*.py") if _is_of(path, title)]
    variants = [one.template for one in known if one.kind == title.kind and one.template]
    return Size(
        title,
        _lines(module),
        sum(_lines(path) for path in facts),
        sum(counter.facts[0].startswith(f"{title.kind}.") for counter in COUNTERS if counter.facts),
        tuple(sorted(_lines(path) for path in variants)),
    )


def _is_of(path: Path, title: Title) -> bool:
    return path.stem == title.kind or path.stem.startswith(f"{title.kind}_")


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def one_more() -> tuple[int, int]:
    """Lines of the workflow file, and of the declaration of its number, that the newcomer's test
    adds. Raises AssertionError where that test is not at hand."""
    if not NEWCOMER.exists():
        raise AssertionError(f"{NEWCOMER} is not here: the page is made in a checkout")
    said = {
        target.id: str(node.value.value)
        for node in ast.parse(NEWCOMER.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return len(said["WORKFLOW"].splitlines()), len(said["LINE"].splitlines())


def counter_lines() -> int:
    """Lines of all declarations of numbers together."""
    numbers = (TREE / "projections" / "numbers").glob("*.py")
    return sum(_lines(path) for path in [TREE / "projections" / "counters.py", *numbers])


def page() -> str:
    """The whole page."""
    found = sizes()
    kinds = [one for one in found if not one.title.is_register]
    registers = [one for one in found if one.title.is_register]
    parts = [OPENING, *_table("流程 · Kinds", kinds), *_table("登记簿 · Registers", registers)]
    return "\n".join([*parts, *_templates(found), *_costs(found), ""])


def _table(heading: str, of: list[Size]) -> list[str]:
    rows = [
        f"| {one.title.label.zh} `{one.title.name}` | {one.workflow} | {one.facts or '–'} "
        f"| {one.lines} | {one.counters or '–'} | {len(one.templates) or '–'} |"
        for one in of
    ]
    return [
        f"## {heading}\n",
        "| | 流程 · workflow | 事实 · facts | 合计 · lines | 指标 · numbers | 变体 · variants |",
        "|---|---:|---:|---:|---:|---:|",
        *rows,
        f"| {len(of)} | {sum(one.workflow for one in of)} | {sum(one.facts for one in of)} "
        f"| {sum(one.lines for one in of)} | {sum(one.counters for one in of)} "
        f"| {sum(len(one.templates) for one in of)} |",
        "",
    ]


def _templates(of: list[Size]) -> list[str]:
    lines = sorted(line for one in of for line in one.templates)
    return [
        "## 变体 · Variants\n",
        f"{len(lines)} 个模板，每个 {lines[0]}–{lines[-1]} 行，中位 {median(lines):g} 行。"
        f"{len(lines)} templates of {lines[0]} to {lines[-1]} lines each, {median(lines):g} in the "
        "middle.\n",
    ]


def _costs(of: list[Size]) -> list[str]:
    workflow, line = one_more()
    each = counter_lines() / len(COUNTERS)
    middle = median(one.lines for one in of)
    return [
        "## 再加一类 · One more kind\n",
        f"`tests/acceptance/test_newcomer.py` 加一个 {workflow} 行的流程文件和 {line} 行指标，"
        "不改其他文件，即有路由、命令行、目录条目和会变动的数字。",
        f"现有流程和登记簿中位 {middle:g} 行；{len(COUNTERS)} 项指标平均每项 {each:.1f} 行。\n",
        f"`tests/acceptance/test_newcomer.py` adds one workflow file of {workflow} lines and "
        f"{line} line for a number, touches nothing else, and has routes, a verb, an entry of the",
        f"catalogue and a number that moves. The kinds and registers here have {middle:g} lines in "
        f"the middle; {len(COUNTERS)} numbers take {each:.1f} lines each.",
    ]


if __name__ == "__main__":
    sys.stdout.write(page())
