"""Every verb: listed, worded in both languages, with examples that could be typed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from services.kernel import catalogue
from services.kernel.checks import VERBS as RESERVED_VERBS
from services.terminal import help as pages
from services.terminal import index, kinds, reference
from services.terminal.say import Say
from services.terminal.tree import tree
from services.terminal.verb import Verb
from services.terminal.words import Both
from tests.cli.running import Program

pytestmark = pytest.mark.process

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
TYPED = [
    (entry.name, verb) for entry in index.entries().values() for verb in (entry.verbs or (None,))
]
CONTRACT = {
    "up", "demo", "import", "reconcile", "counters", "explain", "events", "projection", "parked",
    "export", "template", "token", "facts", "migrate", "api", "relay", "worker", "doctor",
    "status", "mechanisms", "scenario", "calendar", "book", "table",
}  # fmt: skip


def verb_of(name: str, sub: str | None) -> Verb:
    return index.entries()[name].load(sub)


def worded(text: Both) -> bool:
    """Chinese in Chinese, English in English (a name such as 荔城 may stand in both)."""
    return any("一" <= letter <= "鿿" for letter in text.zh) and any(map(str.isascii, text.en))


@pytest.mark.parametrize(("name", "sub"), TYPED)
def test_a_verb_has_words_in_both_languages_and_an_example_that_begins_with_it(
    name: str, sub: str | None
) -> None:
    verb = verb_of(name, sub)
    assert verb.name == (name if sub is None else f"{name} {sub}")
    assert verb.examples
    for example in verb.examples:
        assert shlex.split(example)[: len(verb.words.split()) + 1] == ["jishi", *verb.words.split()]
    texts = [verb.text, *(each.text for each in verb.arguments)]
    texts += [option.text for option in verb.all_options()]
    assert [text for text in texts if not worded(text)] == []
    names = [option.name for option in verb.all_options()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("name", "sub"), TYPED)
def test_the_examples_of_a_verb_are_understood(name: str, sub: str | None) -> None:
    verb = verb_of(name, sub)
    options = {option.name: option for option in verb.all_options()}
    needed = {option.name for option in verb.options if option.required}
    for example in verb.examples:
        words = shlex.split(example)[len(verb.words.split()) + 1 :]
        typed = {word[2:].partition("=")[0] for word in words if word.startswith("--")}
        assert typed <= options.keys()
        assert needed <= typed


@pytest.mark.parametrize(("name", "sub"), TYPED)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_help_shows_examples_first(name: str, sub: str | None, language: str) -> None:
    verb = verb_of(name, sub)
    text = pages.verb("zh" if language == "zh" else "en", verb)
    first, second = ("例：", "用法：") if language == "zh" else ("Examples:", "Usage:")
    assert 0 < text.index(first) < text.index(verb.examples[0]) < text.index(second)
    for option in verb.all_options():
        assert f"--{option.name}" in text


def test_every_verb_of_the_contract_that_is_built_is_there_and_no_other() -> None:
    assert set(index.entries()) == CONTRACT
    assert set(index.entries()) <= set(RESERVED_VERBS.split())


def test_every_file_of_verbs_holds_what_the_index_says() -> None:
    said = {verb_of(name, sub).name for name, sub in TYPED}
    held = {verb for entry in index.entries().values() for verb in index.loaded(entry.module)}
    assert held == said


def test_the_titles_read_without_importing_are_those_of_the_catalogue() -> None:
    found = {name: (title.text.zh, title.register) for name, title in index.kinds().items()}
    known = {
        name: (entry.label.zh, entry.is_register)
        for name, entry in catalogue.discover().entries.items()
    }
    assert found == known


@pytest.mark.parametrize("name", sorted(catalogue.titles()))
def test_every_command_of_a_kind_is_a_verb_whose_options_mean_one_thing(name: str) -> None:
    kind = kinds.Kind(index.kinds()[name])
    assert kind.names()
    for command in kind.names():
        verb = kind.verb(command)
        names = [option.name for option in verb.all_options()]
        assert len(set(names)) == len(names)
        assert not {kinds.option_name(field) for field in kind.fields(command)} & kinds.RESERVED
        shlex.split(verb.examples[0])
        assert verb.examples[0] in pages.verb("en", verb)


def test_help_alone_imports_nothing_heavy(bare: Program) -> None:
    heavy = (
        "asyncio", "asyncpg", "numpy", "orjson", "pydantic", "pydantic_settings", "rich",
        "starlette", "structlog", "uvicorn", "http.client", "services.kernel",
        "services.run.settings",
    )  # fmt: skip
    seen = bare.python(
        "import sys; from services.terminal.program import run; code = run(['--help']);"
        f"print([name for name in {heavy!r} if name in sys.modules], code)"
    )
    assert seen.out.splitlines()[-1] == "[] 0"


def test_the_overview_lists_every_verb_and_every_kind(bare: Program) -> None:
    overview = bare.with_settings(JISHI_LANG="en")("--help")
    assert overview.code == 0
    words = overview.out.split()
    for name in (*index.entries(), *index.kinds()):
        assert name.replace("_", "-") in words
    assert bare().out == bare("--help").out


@pytest.mark.parametrize(
    ("typed", "field", "nearest"),
    [
        (["counter"], "verb", "counters"),
        (["order", "plaec"], "verb", "place"),
        (["counters", "--aera", "c1"], "aera", "--area"),
        (["counters", "--area"], "area", None),
        (["status", "--json=yes"], "json", None),
        (["status", "now"], "arguments", None),
        (["explain"], "NAME", None),
        (["reconcile", "x.csv"], "profile", None),
        (["explain", "x", "--limit", "0"], "limit", None),
        (["counters", "--where", "ward"], "where", None),
        (["order", "place", "--command-id", "7"], "command-id", None),
    ],
)
def test_wrong_usage_has_exit_code_2_and_names_what_is_wrong(
    bare: Program, typed: list[str], field: str, nearest: str | None
) -> None:
    ended = bare(*typed)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("错误：")
    english = bare.with_settings(JISHI_LANG="en")(*typed)
    assert english.err.startswith("Error: ")
    assert english.err.isascii()
    problem = json.loads(bare(*typed, "--json").err)
    assert problem["field"] == field
    assert problem.get("nearest") == nearest


def test_a_setting_that_is_misspelt_or_impossible_is_named(bare: Program) -> None:
    misspelt = bare.with_settings(JISHI_SEVER="http://x")("status")
    assert (misspelt.code, "JISHI_SERVER" in misspelt.err) == (2, True)
    impossible = bare.with_settings(JISHI_SERVER="nowhere")("status")
    assert (impossible.code, "JISHI_SERVER" in impossible.err) == (2, True)


def test_the_language_is_the_setting_else_the_locale_else_chinese(bare: Program) -> None:
    assert "用法：" in bare("status", "--help").out
    assert "Usage:" in bare.with_settings(LC_ALL="en_GB.UTF-8")("status", "--help").out
    both = bare.with_settings(LC_ALL="en_GB.UTF-8", JISHI_LANG="zh")("status", "--help")
    assert "用法：" in both.out


def test_the_reference_page_is_what_the_declarations_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.page(), (
        "run: .venv/bin/python -m services.terminal.reference > docs/reference/cli.md"
    )


def test_completion_knows_verbs_kinds_and_commands() -> None:
    root = tree(Say())
    context = root.make_context("jishi", ["status"], resilient_parsing=True)
    assert {"counters", "order"} <= set(root.list_commands(context))
    group = root.get_command(context, "order")
    assert "place" in group.list_commands(context)
