"""Every mechanism that has a scenario works: its steps are played through the API, with the right
roles, and its facts and numbers are what it says."""

from __future__ import annotations

import pytest

from services.exchange.scenarios.play import play
from services.exchange.scenarios.rows import Shown, rows, shown
from services.staging import Stages
from tests.scenarios.missing import MISSING

ROWS = shown()
PLAYED = [one for one in ROWS.values() if one.state == "works"]
OUT_MAX = 2


@pytest.mark.postgres
@pytest.mark.parametrize("one", PLAYED, ids=lambda one: one.row.id)
async def test_it_works(one: Shown, made: Stages) -> None:
    assert one.scenario is not None
    async with made.stage() as stage:
        outcome = await play(one.scenario, stage, "en")
    assert [failure.text("en") for failure in outcome.failures] == []


def test_there_are_176_of_five_articles() -> None:
    assert len(rows()) == 176
    assert {row.article for row in rows().values()} == {"S0", "S1", "S2", "S3", "S4"}


def test_what_has_no_scenario_yet_is_on_the_list_and_nothing_else() -> None:
    """The list may only become shorter."""
    assert {name for name, one in ROWS.items() if one.scenario is None} == set(MISSING)


def test_hardly_anything_is_out() -> None:
    assert sum(one.state == "out" for one in ROWS.values()) <= OUT_MAX


def test_each_scenario_stands_in_the_file_of_its_article() -> None:
    strays = [
        name for name, one in ROWS.items() if one.file not in (None, f"{one.row.article}.toml")
    ]
    assert strays == []
