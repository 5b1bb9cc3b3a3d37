"""The mechanisms from the command line: listed, played, and what is said where one fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Program

ROW = {"id", "name", "kind", "state", "left_out", "scenario", "passed", "seconds"}
MINE = """
[[scenario]]
id = "mine-1"
title = { zh = "楼道灯", en = "Light" }
areas = { c1 = "root" }
[[scenario.steps]]
at = "2018-03-01T09:00"
as = "community"
do = "order.place"
save = "o"
with = { requester = "p1" }
[[scenario.then]]
counter = "orders_placed"
is = 1
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    return path


def test_every_mechanism_is_listed(bare: Program) -> None:
    found = bare("mechanisms", "--json")
    assert found.code == 0, found.err
    assert len(found.json["rows"]) == found.json["of"] == 176
    assert all(set(row) == ROW for row in found.json["rows"])
    assert found.json["works"] + found.json["out"] <= 176
    assert found.json["passed"] == 0
    assert {row["passed"] for row in found.json["rows"]} == {None}


def test_some_are_listed_by_their_ids(bare: Program) -> None:
    found = bare("mechanisms", "s0-26", "S0-27", "--json")
    assert [row["id"] for row in found.json["rows"]] == ["S0-26", "S0-27"]
    missing = bare("mechanisms", "S0-266")
    assert missing.code == 1
    assert "S0-26" in missing.err


@pytest.mark.process
def test_a_file_of_ones_own_is_played(bare: Program, mine: Path) -> None:
    found = bare("scenario", "run", str(mine), "--json")
    assert found.code == 0, found.err
    (row,) = found.json["rows"]
    assert set(row) == ROW
    assert (row["id"], row["kind"], row["scenario"]) == ("mine-1", "order", "mine.toml")
    assert row["passed"] is True
    assert row["seconds"] > 0
    assert found.json["passed"] == found.json["of"] == 1


@pytest.mark.process
def test_one_that_fails_says_where_and_ends_with_1(bare: Program, mine: Path) -> None:
    mine.write_text(MINE.replace("is = 1", "is = 2"), encoding="utf-8")
    found = bare("scenario", "run", str(mine), "--json")
    assert found.code == 1
    assert found.json["rows"][0]["passed"] is False
    assert "mine.toml mine-1" in found.err
    assert "then 1, orders_placed" in found.err


def test_a_file_that_is_wrong_ends_with_2(bare: Program, mine: Path) -> None:
    mine.write_text(MINE.replace("save =", "safe ="), encoding="utf-8")
    found = bare("scenario", "run", str(mine))
    assert found.code == 2
    assert "step 1" in found.err
    assert bare("scenario", "run", str(mine.with_name("other.toml"))).code == 2
