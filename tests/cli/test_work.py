"""The verbs that work on the database itself: imports, comparisons, projections, frozen facts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from pydantic import Field

from events.fact import Fact
from services.terminal import frozen
from tests.cli.running import Program

PROFILE = """
title = "小城热线"
kind = "issue"
format = "csv"
timezone = "Asia/Shanghai"
times = ["%Y-%m-%d %H:%M"]
id = "no"
[columns]
opened = "opened"
closed = "closed"
area = "place"
labels = ["source"]
[metrics]
received = { counter = "issues_received" }
"""
ROWS = """no,opened,closed,place,source
1,2020-01-01 08:00,2020-01-02 08:00,东街,电话
2,2020-01-01 09:00,,东街,网络
2,2020-01-01 09:00,,东街,网络
3,not a time,,西街,电话
4,2020-02-01 09:00,,西街,电话
"""
EXPECTED = """metric,dim,key,value
received,all,,3
received,month,2020-01,2
received,source,电话,2
"""
SUMMARY = ["batch", "rows", "accepted", "repeated", "refused", "events", "seconds"]


@pytest.fixture
def importer(admin: Program) -> Program:
    granted = admin("token", "grant", "--person", "i1", "--role", "importer", "--json")
    return admin.with_settings(JISHI_TOKEN=granted.json["token"])


@pytest.fixture
def source(tmp_path: Path) -> tuple[str, str, str]:
    """A profile, a file and its own figures."""
    for name, text in (("town.toml", PROFILE), ("rows.csv", ROWS), ("expected.csv", EXPECTED)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return (
        str(tmp_path / "rows.csv"),
        str(tmp_path / "town.toml"),
        str(tmp_path / "expected.csv"),
    )


def test_a_file_is_imported_compared_undone_and_imported_again(
    importer: Program, source: tuple[str, str, str], tmp_path: Path
) -> None:
    rows, profile, expected = source
    rehearsed = importer("import", rows, "--profile", profile, "--dry-run", "--json")
    assert rehearsed.code == 0, rehearsed.err
    assert list(rehearsed.json) == SUMMARY

    refused = tmp_path / "refused.csv"
    taken = importer("import", rows, "--profile", profile, "--refused", str(refused), "--json")
    assert taken.code == 0, taken.err
    counts = {name: taken.json[name] for name in SUMMARY[1:5]}
    assert counts == {"rows": 5, "accepted": 3, "repeated": 1, "refused": 1}
    assert {name: rehearsed.json[name] for name in counts} == counts
    assert "not a time" in refused.read_text(encoding="utf-8-sig")

    again = importer("import", rows, "--profile", profile, "--json").json
    assert (again["accepted"], again["batch"]) == (0, taken.json["batch"])

    equal = importer("reconcile", expected, "--profile", profile, "--json")
    assert (equal.code, equal.json) == (
        0,
        {"rows": 3, "equal": 3, "different": [], "unknown": []},
    )

    undone = importer("import", "undo", taken.json["batch"], "--json")
    assert undone.code == 0, undone.err
    assert list(undone.json) == SUMMARY
    different = importer("reconcile", expected, "--profile", profile, "--json")
    assert different.code == 1
    assert list(different.json["different"][0]) == ["metric", "dim", "key", "expected", "counted"]
    anew = importer("import", rows, "--profile", profile, "--json").json
    assert anew["accepted"] == 3
    assert anew["batch"] != taken.json["batch"]


def test_an_import_without_a_token_is_refused_but_may_be_rehearsed(
    owner: Program, source: tuple[str, str, str]
) -> None:
    rows, profile, _ = source
    refused = owner("import", rows, "--profile", profile)
    assert refused.code == 1
    assert "JISHI_TOKEN" in refused.err
    assert owner("import", rows, "--profile", profile, "--dry-run").code == 0


def test_an_administrator_is_no_importer(admin: Program, source: tuple[str, str, str]) -> None:
    rows, profile, _ = source
    denied = admin("import", rows, "--profile", profile)
    assert denied.code == 1
    assert "--role importer" in denied.err


def test_a_file_or_profile_that_is_not_there_is_named(importer: Program) -> None:
    missing = importer("import", "/nowhere/x.csv", "--profile", "boston_311", "--json")
    assert (missing.code, json.loads(missing.err)["field"]) == (2, "FILE")
    unknown = importer("import", __file__, "--profile", "bostn_311", "--json")
    assert (unknown.code, json.loads(unknown.err)["nearest"]) == (1, "boston_311")


def test_a_projection_is_rebuilt_compared_swapped_and_brought_back(admin: Program) -> None:
    assert admin("order", "place", "--area", "c1").code == 0

    def active() -> int:
        lines = admin("projection", "list", "--json").json["projections"]
        (number,) = [
            int(line["version"])
            for line in lines
            if (line["projection"], line["state"]) == ("case", "active")
        ]
        return number

    before = active()
    rebuilt = admin("projection", "rebuild", "case", "--json")
    assert rebuilt.code == 0, rebuilt.err
    assert rebuilt.json["state"] == "building"
    busy = admin("projection", "rebuild", "case", "--json")
    assert (busy.code, json.loads(busy.err)["code"]) == (1, "already_building")
    assert admin("projection", "rebuild", "case", "--again").code == 0
    compared = admin("projection", "compare", "case", "--json")
    assert (compared.code, compared.json["equal"]) == (0, True)
    assert compared.json["compared"] >= 1
    assert admin("projection", "swap", "case").code == 0
    assert active() > before
    assert admin("projection", "rollback", "case").code == 0
    assert active() == before
    assert admin("parked", "list", "--json").json == {"parked": []}
    unknown = admin("projection", "rebuild", "cases", "--json")
    assert (unknown.code, json.loads(unknown.err)["nearest"]) == (1, "case")


def test_cells_of_one_level_add_up_to_the_counter(admin: Program, cli_database: str) -> None:
    for area in ("c1", "c1", "c2"):
        assert admin("order", "place", "--area", area, "--category", "repair").code == 0
    exported = admin("export", "cells", "--by", "month", "--json")
    assert exported.code == 0, exported.err
    assert list(exported.json) == ["table", "rows", "position", "seconds"]
    (whole,) = admin("counters", "orders_placed", "--json").json["cells"]

    async def read() -> tuple[list[asyncpg.Record], int]:
        connection = await asyncpg.connect(cli_database)
        try:
            sums = await connection.fetch(
                "SELECT c.level, sum(c.value)::int AS value FROM projections.cell AS c"
                " WHERE c.counter = 'orders_placed' AND c.additive GROUP BY c.level"
            )
            return sums, await connection.fetchval("SELECT count(*) FROM projections.cell")
        finally:
            await connection.close()

    sums, count = asyncio.run(read())
    assert {row["level"]: row["value"] for row in sums} == dict.fromkeys(
        ("root", "district", "community"), whole["value"]
    )
    assert count == exported.json["rows"]
    assert admin("export", "cells", "--by", "week").code == 2


def test_what_a_server_cannot_do_for_others_says_where_to_run_it(served: Program) -> None:
    for words in (("projection", "list"), ("reconcile", __file__, "--profile", "boston_311")):
        refused = served(*words)
        assert refused.code == 5
        assert "--database" in refused.err


class Told(Fact):
    """A fact for these tests."""

    fact = "toy.told"
    amount: int = Field(description="how much")


class ToldOtherwise(Fact):
    """The same name with another field."""

    fact = "toy.told"
    amount: str


class ToldInOtherWords(Fact):
    """The same fields with other words."""

    fact = "toy.told"
    amount: int = Field(description="how many")


def test_a_frozen_fact_may_be_worded_anew_but_not_change(tmp_path: Path) -> None:
    (new,) = frozen.standing({"toy.told": Told}, tmp_path)
    assert new.state == "new"
    frozen.freeze([new])
    assert new.path.name == "toy.told.v1.json"
    assert [one.state for one in frozen.standing({"toy.told": Told}, tmp_path)] == ["frozen"]
    (reworded,) = frozen.standing({"toy.told": ToldInOtherWords}, tmp_path)
    assert reworded.state == "frozen"
    (changed,) = frozen.standing({"toy.told": ToldOtherwise}, tmp_path)
    assert changed.state == "changed"
    assert frozen.orphans({}, tmp_path) == [new.path]
    assert frozen.orphans({"toy.told": Told}, tmp_path) == []


def test_facts_are_listed_with_their_fields(bare: Program) -> None:
    facts = {fact["fact"]: fact for fact in bare("facts", "list", "--json").json["facts"]}
    assert list(facts["order.placed"]) == [
        "fact", "version", "zh", "en", "quantities", "members", "codes", "fields", "state",
    ]  # fmt: skip
    assert "record.voided" in facts
    assert facts["order.placed"]["zh"] == "已下单"


def test_the_owner_of_the_database_grants_and_revokes_without_a_token(owner: Program) -> None:
    granted = owner("token", "grant", "--person", "a9", "--role", "administrator", "--json").json
    assert owner("token", "revoke", granted["id"], "--reason", "lost").code == 0
    assert granted["id"] not in {
        one["id"] for one in owner("token", "list", "--json").json["tokens"]
    }


def test_a_refused_attempt_is_kept_without_what_it_wanted_to_write(
    admin: Program, cli_database: str
) -> None:
    refused = admin("order", "accept", "no-such-order", "--worker", "w1")
    assert refused.code == 1

    async def kept() -> list[str]:
        connection = await asyncpg.connect(cli_database)
        try:
            rows = await connection.fetch("SELECT l.* FROM streams.access_log AS l")
            return [" ".join(str(value) for value in row.values()) for row in rows]
        finally:
            await connection.close()

    (line,) = [line for line in asyncio.run(kept()) if "no-such-order" in line]
    assert "a1" in line
    assert "w1" not in line


def test_a_home_or_database_on_the_command_line_wins_over_the_environment(
    admin: Program, served: Program, tmp_path: Path
) -> None:
    both = served.with_settings(JISHI_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert both("status", "--json").json["where"].startswith("http://")
    named = both("status", "--database", admin.settings["JISHI_DATABASE_URL"], "--json")
    assert named.code == 0, named.err
    fresh = both("counters", "--home", str(tmp_path / "home"))
    assert fresh.code == 5
    assert "jishi migrate" in fresh.err


def test_at_a_terminal_what_cannot_be_taken_back_is_asked(admin: Program) -> None:
    granted = admin("token", "grant", "--person", "w1", "--role", "worker", "--json").json
    for typed, good in (("n\n", True), ("y\n", False)):
        assert "[y/N]" in admin.at_a_terminal(typed, "token", "revoke", granted["id"])
        listed = {one["id"] for one in admin("token", "list", "--json").json["tokens"]}
        assert (granted["id"] in listed) is good
