"""What the pages say is so: every command typed there is understood, every table is what the code
says, every page is on the list."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.exchange.scenarios import page as mechanisms
from services.terminal import program, size, tables

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("README*.md"), *DOCS.rglob("*.md")])
FENCED = re.compile(r"^```(?:sh|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:\.venv/bin/)?jishi [^`]+)`")
INDENTED = re.compile(r"^ {4}(jishi .+)$", re.MULTILINE)
ENDS = frozenset("|>&;") | {">>", "&&", "||"}
"""Where the words of the shell begin."""
SIZED = re.compile(r"^\| \S+ `(\w+)` \| \d+ \| \S+ \| (\d+) \|", re.MULTILINE)
ROUTE = re.compile(r"make\.(?:guarded|open)\(\s*\"([^\"]+)\"")


def typed(text: str) -> Iterator[str]:
    """Every line of a page that calls the program."""
    for block in FENCED.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if re.match(r"\s*(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?jishi ", line):
                yield line
    yield from INLINE.findall(text)
    yield from INDENTED.findall(text)


def words_of(line: str) -> list[str]:
    """What the program gets of a line; placeholders such as `[ID]` are nothing, and a line with a
    `<kind>` in it stands for many."""
    words = shlex.split(line, comments=True)
    while words and not words[0].endswith("jishi"):
        words.pop(0)
    end = next((at for at, word in enumerate(words) if word in ENDS), len(words))
    return [word for word in words[1:end] if not word.startswith("[") and not word.endswith("…")]


def test_every_page_is_on_the_list() -> None:
    listed = set(re.findall(r"\]\(([^)#]+)\)", (DOCS / "README.md").read_text()))
    listed |= {f"decisions/{one}" for one in listed_decisions()}
    there = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"}
    assert there - listed == set()


def listed_decisions() -> set[str]:
    return set(re.findall(r"\]\((\d+[^)#]+)\)", (DOCS / "decisions" / "README.md").read_text()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_typed_there_is_understood(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # With --help a line is read, its verb and options looked up, and nothing is done.
    lines = dict.fromkeys(
        line for line in typed(page.read_text(encoding="utf-8")) if "<" not in line
    )
    wrong = [line for line in lines if program.run([*words_of(line), "--help"]) != 0]
    assert wrong == [], capsys.readouterr().err


@pytest.mark.parametrize(
    "line", ["jishi countres", "jishi counters --bye area", "jishi order plaec"]
)
def test_a_mistyped_command_would_be_found(line: str) -> None:
    assert program.run([*words_of(line), "--help"]) == 2


@pytest.mark.parametrize(
    ("name", "made"),
    [("facts", tables.facts_page), ("counters", tables.counters_page)],
)
def test_a_table_is_what_the_code_says(name: str, made: Callable[[], str]) -> None:
    written = (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")
    assert written == made(), f"docs/reference/{name}.md is of another time: print it anew"


def test_the_size_told_is_about_the_size_there_is() -> None:
    """Every kind and register stands there; the lines of one may be a tenth off, or twenty."""
    written = (DOCS / "reference" / "size.md").read_text(encoding="utf-8")
    told = {name: int(lines) for name, lines in SIZED.findall(written)}
    found = {one.title.name: one.lines for one in size.sizes()}
    assert told.keys() == found.keys(), "docs/reference/size.md is of another time: print it anew"
    off = {
        name: lines
        for name, lines in found.items()
        if abs(lines - told[name]) > max(20, lines // 10)
    }
    assert off == {}, "docs/reference/size.md is of another time: print it anew"
    workflow, line = size.one_more()
    assert f"{workflow} lines and {line} line for a number" in written


def test_the_mechanisms_are_told_as_they_are_played() -> None:
    written = (DOCS / "explanation" / "mechanisms.md").read_text(encoding="utf-8")
    assert written == mechanisms.page(), "docs/explanation/mechanisms.md is of another time"


def test_the_page_of_the_api_has_every_route() -> None:
    told = (DOCS / "reference" / "http.md").read_text(encoding="utf-8")
    served = {
        route.replace(":kind}", "}")
        for file in (ROOT / "services" / "web").glob("*.py")
        for route in ROUTE.findall(file.read_text(encoding="utf-8"))
    }
    assert len(served) > 15
    assert {route for route in served if f"`{route}`" not in told} == set()


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.en.md")), ids=lambda page: page.name)
def test_an_english_page_has_its_chinese_one_and_each_names_the_other(page: Path) -> None:
    chinese = page.with_name(page.name.replace(".en.md", ".md"))
    assert f"]({chinese.name})" in page.read_text(encoding="utf-8")
    assert f"]({page.name})" in chinese.read_text(encoding="utf-8")
