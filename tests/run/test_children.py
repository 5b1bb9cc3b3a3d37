"""Processes that are kept running, and ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.run.children import Children
from services.run.processes import started

pytestmark = pytest.mark.process

SECONDS_MAX = 20.0
SLEEP = "import time; print('begun', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
PYTHON = (sys.executable, "-c")


async def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        await asyncio.sleep(0.02)


class Kept:
    """Children, and what was told of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[tuple[str, int]] = []
        self.children = self.fresh()

    def fresh(self) -> Children:
        return Children(
            self.folder,
            {"COLOUR": "green"},
            without=["JISHI_TOKEN"],
            tell=lambda name, code: self.told.append((name, code)),
        )


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    found = Kept(tmp_path / "processes")
    yield found
    await found.children.stop()


async def test_one_that_is_killed_is_told_of_and_started_again(kept: Kept) -> None:
    child = await kept.children.keep("one", *PYTHON, SLEEP)
    await until(lambda: "begun" in child.said())
    first = child.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.starts == 2 and "begun" in child.said())
    assert kept.told == [("one", -signal.SIGKILL)]
    assert child.pid != first
    assert (kept.folder / "one.log").read_text().count("begun") == 2


async def test_one_that_ends_by_itself_is_started_after_ever_longer_pauses(kept: Kept) -> None:
    child = await kept.children.keep("one", *PYTHON, "raise SystemExit(5)")
    await until(lambda: child.starts == 3)
    assert kept.told[:2] == [("one", 5), ("one", 5)]


async def test_all_are_ended_and_not_started_again(kept: Kept) -> None:
    some = [await kept.children.keep(name, *PYTHON, SLEEP) for name in ("one", "two")]
    marks = [(child.pid, started(child.pid)) for child in some]
    await kept.children.stop()
    assert [started(pid) == mark for pid, mark in marks] == [False, False]
    assert kept.told == []
    assert list(kept.folder.glob("*.json")) == []


async def test_one_that_does_not_let_itself_be_ended_is_killed(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.run.children.STOP_SECONDS_MAX", 0.2)
    child = await kept.children.keep("one", *PYTHON, STUBBORN)
    await until(lambda: "begun" in child.said())
    mark = started(child.pid)
    await kept.children.stop()
    assert started(child.pid) != mark


async def test_what_an_owner_that_was_killed_has_left_is_ended_by_the_next(kept: Kept) -> None:
    child = await kept.children.keep("one", *PYTHON, SLEEP)
    mark = started(child.pid)
    assert mark is not None
    # Its owner says nothing more, and another begins in the same folder.
    abandoned, kept.children = kept.children, kept.fresh()
    assert started(child.pid) != mark
    await abandoned.stop()


async def test_they_find_what_is_set_and_not_what_is_taken_away(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JISHI_TOKEN", "secret")
    code = (
        "import os, time; print(os.environ['COLOUR'], os.environ.get('JISHI_TOKEN'), flush=True);"
        "time.sleep(600)"
    )
    child = await kept.children.keep("one", *PYTHON, code)
    await until(lambda: "\n" in child.said())
    assert child.said() == "green None\n"
