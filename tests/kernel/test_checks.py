"""A workflow file that contradicts itself is refused when it is imported, and both sides named."""

from __future__ import annotations

import pytest

from services.kernel.catalogue import entry_of
from services.kernel.checks import check_kind_name
from tests.kernel.making import GOOD, made

MISTAKES = {
    "unreachable": (
        'class Wide(Door, zh="开"):',
        'class Lost(Door, zh="失"):\n    """Lost."""\nclass Wide(Door, zh="开"):',
        "no fact leads to Lost",
    ),
    "fact that cannot apply where its command may be given": (
        "def decide(self, door: Wide, context",
        "def decide(self, door: Shut, context",
        "Close may be given in Shut, where DoorShut cannot apply",
    ),
    "fact nobody records": (
        "class DoorShut(Fact",
        'class DoorPainted(Note, zh="已漆"):\n    """Painted."""\nclass DoorShut(Fact',
        "no command records DoorPainted",
    ),
    "label below a label": (
        'class Wide(Door, zh="开"):',
        'class Wide(Shut, zh="开"):',
        "Wide is below Shut",
    ),
    "two starts": (
        "def decide(self, door: Shut, context: Context) -> DoorOpened",
        "def decide(self, door: None, context: Context) -> DoorHung",
        "start commands",
    ),
    "start for a relation": (
        'class Hang(Opening, zh="安装", by=Party.COMMUNITY)',
        'class Hang(Opening, zh="安装", by=Party.REQUESTER)',
        "nobody is its requester yet",
    ),
    "start that is no opening": (
        'class Hang(Opening, zh="安装"',
        'class Hang(Command, zh="安装"',
        "its base must be Opening",
    ),
    "nobody may": ('zh="关门", by=Party.WORKER', 'zh="关门"', "Close says nobody may give it"),
    "reserved field": ("    who: Person\n", "    who: Person\n    expect: Count\n", "reserved"),
    "field without a label": (
        "    who: Person\n",
        "    who: Person\n    much: int\n",
        "Open.much has no label",
    ),
    "free text in a fact": (
        "    who: Annotated[Person, Member]\n",
        '    who: Annotated[str, Label("谁", "Who")]\n',
        "DoorOpened.who is free text",
    ),
    "mark inside the union": (
        "    who: Annotated[Person, Member]\n",
        "    who: Annotated[Person, Member] | None\n",
        "the counting mark stands inside the union",
    ),
    "more marks than columns": (
        "    who: Annotated[Person, Member]\n",
        "    who: Annotated[Person, Member]\n"
        "    b: Annotated[Person, Member]\n    c: Annotated[Person, Member]\n",
        "at most 2",
    ),
    "two facts of one name": (
        "class DoorShut(Fact",
        'class Opened(Fact, zh="又开"):\n    """Again."""\n'
        "    def apply(self, door: Shut) -> Wide:\n        return Wide(door.about)\n"
        "class DoorShut(Fact",
        "DoorOpened and Opened are both door.opened",
    ),
    "fact of another kind": (
        'class DoorShut(Fact, zh="已关")',
        'class DoorShut(Fact, zh="已关", kind="gate.shut")',
        "not of door",
    ),
    "title": ('"""门 · Door', '"""门: Door', "its title line"),
    "no fact at all": (
        "-> DoorShut:\n",
        "-> None:\n",
        "not a fact",
    ),
    "no state of this file": (
        "def apply(self, door: Wide) -> Shut",
        "def apply(self, door: Wide) -> str",
        "is not a state of this workflow",
    ),
    "clock that never runs": ("runs=(Wide,)", "runs=()", "runs in no state"),
    "clock that runs and rests": (
        "runs=(Wide,)",
        "runs=(Wide,), rests=(Wide,)",
        "both runs and rests",
    ),
    "clock of a field that is not there": (
        "limit=hours(1)",
        'limit={"a": hours(1)}, of="tier"',
        "asks for Wide.tier",
    ),
    "clock without an end": ("limit=hours(1)", "", "needs a limit, or the field it runs until"),
    "clock with two ends": ("limit=hours(1)", 'limit=hours(1), until="due_at"', "needs a limit"),
    "clock of units that nobody names": (
        "limit=hours(1)",
        'each="waited_for", extensions=0',
        "asks for Wide.waited_for: no property",
    ),
    "clock until a field that is not there": (
        "limit=hours(1)",
        'until="due_at", extensions=0',
        "asks for Wide.due_at",
    ),
    "clock that moves with its field, and is extended apart from it": (
        "limit=hours(1)",
        'until="due_at"',
        "no rests, no extensions",
    ),
}


def test_a_good_file_is_taken() -> None:
    module = made(GOOD)
    entry = entry_of(module.WORKFLOW)
    assert list(entry.workflow.diagram.facts) == ["door.hung", "door.opened", "door.shut"]
    assert list(entry.commands)[:3] == ["hang", "open", "close"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_contradiction_is_named(mistake: str) -> None:
    before, after, why = MISTAKES[mistake]
    assert before in GOOD
    with pytest.raises((AssertionError, TypeError), match=why):
        made(GOOD.replace(before, after))


@pytest.mark.parametrize("name", ["verify", "units", "deadline", "counters"])
def test_a_word_that_is_taken_is_no_kind(name: str) -> None:
    with pytest.raises(AssertionError, match="the word is taken"):
        made(GOOD, name)
    with pytest.raises(AssertionError, match="the word is taken"):
        check_kind_name(name)


def test_a_command_that_every_kind_has_is_not_declared_again() -> None:
    module = made(GOOD.replace("class Close(Command", "class Void(Command"))
    with pytest.raises(AssertionError, match=r"door declares \['void'\]"):
        entry_of(module.WORKFLOW)


def test_a_name_kept_after_a_renaming() -> None:
    kept = GOOD.replace('zh="已关"', 'zh="已关", kind="door.closed"').replace(
        "DoorShut", "DoorDone"
    )
    assert "door.closed" in made(kept).WORKFLOW.diagram.facts
