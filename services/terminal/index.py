"""目录 · Every verb by name, with nothing imported: what `jishi --help` shows.

The verbs of the contract stand in a table here; the kinds of cases are read from the title lines
of their files (`点单 · Order: a resident asks, …`), and the variants from their templates.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from services.terminal.words import Both

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.terminal.verb import Verb

SERVICES = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Entry:
    """One word after `jishi`. With `verbs` it is a group of them; `otherwise` is the one meant
    where the next word is none of them."""

    name: str
    module: str
    text: Both
    verbs: tuple[str, ...] = ()
    otherwise: str | None = None

    def load(self, verb: str | None = None) -> Verb:
        """The verb itself: imports its file."""
        name = self.name if verb is None else f"{self.name} {verb}"
        return loaded(self.module)[name]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the overview."""

    text: Both
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class KindTitle:
    """A kind, a register or a variant of a kind, as its title line words it."""

    name: str
    text: Both
    register: bool = False
    kind: str = ""
    """For a variant, the kind it is one of."""


SECTIONS = (
    Section(
        Both("启动", "Start"),
        (
            Entry(
                "up",
                "serve",
                Both("启动全部：数据库、接口、看板", "start everything on this machine"),
            ),
            Entry("api", "serve", Both("只启动接口与看板", "the API and board alone")),
            Entry("relay", "road", Both("把日志转发到 Kafka", "send the log to Kafka")),
            Entry(
                "demo",
                "demo",
                Both("演示：荔城的一年", "a demonstration: 荔城's year, deed by deed"),
            ),
            Entry(
                "worker",
                "work",
                Both("把经 Kafka 传来的记入各投影", "takes what comes over Kafka into projections"),
            ),
            Entry("migrate", "upkeep", Both("建立或升级数据库", "make or upgrade the database")),
        ),
    ),
    Section(
        Both("查看", "Read"),
        (
            Entry("counters", "counters", Both("各项数字，可回溯", "the numbers, as of any time")),
            Entry(
                "explain", "counters", Both("一个数字由哪些事件得来", "the events behind a number")
            ),
            Entry(
                "events",
                "events",
                Both("事件：跟随、查阅、溯源", "events: follow, show, trace"),
                ("tail", "show", "trace"),
            ),
            Entry("book", "book", Both("纪实本：本人所做", "the record book of one person")),
            Entry("status", "health", Both("运行状况", "how it is running")),
            Entry("doctor", "health", Both("逐项体检", "a health list, line by line")),
        ),
    ),
    Section(
        Both("导入与核对", "Import and compare"),
        (
            Entry(
                "import",
                "imports",
                Both("导入文件；可撤销", "import a file; can be undone"),
                ("file", "undo"),
                otherwise="file",
            ),
            Entry(
                "reconcile", "imports", Both("与已公布数字核对", "compare with published figures")
            ),
            Entry(
                "export",
                "exports",
                Both("导出：数据表、台账、热线工单", "write tables, and the hotline's tickets"),
                ("cells", "table", "tickets"),
            ),
        ),
    ),
    Section(
        Both("演练", "Rehearse"),
        (
            Entry(
                "mechanisms",
                "scenarios",
                Both("176 项机制，逐项可演练", "the 176 mechanisms, each can be played"),
            ),
            Entry("scenario", "scenarios", Both("情景：演练", "scenarios: play"), ("run",)),
        ),
    ),
    Section(
        Both("管理", "Manage"),
        (
            Entry(
                "template",
                "templates",
                Both("模板：列出、安装", "templates: list, install"),
                ("list", "install"),
            ),
            Entry(
                "table",
                "tables",
                Both("台账：列出、安装", "tables 台账: list, install"),
                ("list", "install"),
            ),
            Entry(
                "token",
                "tokens",
                Both("令牌：授予、撤销、列出", "tokens: grant, revoke, list"),
                ("grant", "revoke", "list"),
            ),
            Entry(
                "calendar",
                "calendars",
                Both("节假日：列出、载入", "holidays: list, install"),
                ("list", "install"),
            ),
            Entry(
                "projection",
                "projections",
                Both("投影：重建、比较、切换", "projections: rebuild, compare, swap"),
                ("list", "rebuild", "compare", "swap", "rollback"),
            ),
            Entry(
                "parked",
                "projections",
                Both("搁置的事件：列出、重试", "parked events: list, retry"),
                ("list", "retry"),
            ),
            Entry(
                "facts",
                "facts",
                Both("事实的种类：列出、固化", "kinds of facts: list, freeze"),
                ("list", "freeze"),
            ),
        ),
    ),
)


def entries() -> dict[str, Entry]:
    """Every verb and group of the table, by name, in its order."""
    return {entry.name: entry for section in SECTIONS for entry in section.entries}


@cache
def loaded(module: str) -> dict[str, Verb]:
    """The verbs of one file by full name."""
    verbs: tuple[Verb, ...] = import_module(f"services.terminal.verbs.{module}").VERBS
    return {verb.name: verb for verb in verbs}


@cache
def kinds() -> dict[str, KindTitle]:
    """Every kind, register and variant by name, without importing any of them."""
    found: dict[str, KindTitle] = {}
    for folder, register in (("workflows", False), ("registers", True)):
        own = {title.name: title for title in _files(folder, register=register)}
        found |= own | {title.name: title for title in _variants(own)}
    return found


def title_of(text: str) -> Both:
    """The wordings of a title `中文 · English: …`. Raises AssertionError where it is none."""
    zh, dot, en = text.partition(" · ")
    if not dot:
        raise AssertionError(f"not a title `中文 · English`: {text!r}")
    return Both(zh.strip(), en.strip().rstrip("."))


def _files(folder: str, *, register: bool) -> Iterator[KindTitle]:
    for path in sorted((SERVICES / folder).glob("[a-z]*.py")):
        with path.open(encoding="utf-8") as file:
            first = file.readline().strip().strip('"')
        yield KindTitle(path.stem, title_of(first), register)


def _variants(kinds: dict[str, KindTitle]) -> Iterator[KindTitle]:
    """`claim.wish.toml` makes `wish` a word for a claim of that variant."""
    for path in sorted((SERVICES / "templates").glob("*.*.toml")):
        kind, _, name = path.stem.partition(".")
        if kind in kinds:
            title = tomllib.loads(path.read_text(encoding="utf-8"))["title"]
            yield KindTitle(name, title_of(title), kinds[kind].register, kind)
