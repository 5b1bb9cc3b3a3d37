"""`jishi counters --city`, `jishi explain --city`: two districts, each with its own database."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.cli.running import Program
from tests.conftest import at

pytestmark = pytest.mark.process
ROLES = ("administrator", "community", "dispatcher", "worker")
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def two(
    server: str, administrator: asyncpg.Connection[asyncpg.Record], template: str
) -> AsyncIterator[list[str]]:
    """URLs of two databases with the schema and no log yet."""
    names = [f"jishi_city_{os.getpid()}_{next(_numbers)}" for _ in range(2)]
    for name in names:
        await administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield [at(server, name) for name in names]
    for name in names:
        await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def districts(two: list[str]) -> list[Program]:
    """East with one order, west with two; on both maps a district below a city."""
    made = []
    for address, orders in zip(two, (1, 2), strict=True):
        program = Program({"JISHI_DATABASE_URL": address})
        assert program("migrate").code == 0
        flags = [word for role in ROLES for word in ("--role", role)]
        granted = program("token", "grant", "--person", "a1", *flags, "--json")
        program = program.with_settings(JISHI_TOKEN=granted.json["token"])
        name = f"d{orders}"
        for words in (
            ("--code", "city", "--name", "示范市", "--level", "city"),
            ("--code", name, "--name", "一区", "--level", "district", "--parent", "city"),
        ):
            defined = program("area", "define", *words)
            assert defined.code == 0, defined.err
        for _ in range(orders):
            placed = program("order", "place", "--area", name, "--category", "repair")
            assert placed.code == 0, placed.err
        made.append(program)
    return made


@pytest.fixture
def city(districts: list[Program], two: list[str]) -> Program:
    """East's program, told where west is."""
    return districts[0].with_settings(JISHI_DISTRICT_DATABASE_URLS=two[1], JISHI_TOKEN=None)


def cells(program: Program, *words: str) -> dict[str, Any]:
    answer = program("counters", "orders_placed", *words, "--json")
    assert answer.code == 0, answer.err
    return {cell["key"]: cell["value"] for cell in answer.json["cells"]}


def test_the_city_is_the_sum_of_its_districts(city: Program, districts: list[Program]) -> None:
    assert [cells(one) for one in districts] == [{"": 1}, {"": 2}]
    assert cells(city, "--city") == {"": 3}
    assert cells(city, "--city", "--by", "area") == {"city": 3}
    assert cells(city, "--city", "--by", "area", "--area", "city") == {"d1": 1, "d2": 2}
    assert sorted(cells(city, "--city", "--by", "log").values()) == [1, 2]


def test_without_the_word_a_board_is_that_of_one_log(city: Program) -> None:
    assert cells(city) == {"": 1}


def test_a_log_is_asked_by_its_name(city: Program, districts: list[Program]) -> None:
    west = districts[1]("status", "--json").json["log"]
    assert cells(city, "--log", west) == {"": 2}
    answer = city("counters", "orders_placed", "--log", west, "--json").json
    assert set(answer["as_of"]) == {"position", "time", "axis"}
    unknown = city("counters", "orders_placed", "--log", f"{west}0", "--json")
    assert unknown.code == 1
    assert json.loads(unknown.err)["nearest"] == west


def test_every_line_of_an_explanation_names_its_log(
    city: Program, districts: list[Program]
) -> None:
    logs = [one("status", "--json").json["log"] for one in districts]
    answer = city("explain", "orders_placed", "--city", "--json").json
    assert answer["value"] == 3
    assert [line["log"] for line in answer["events"]] == [logs[0], logs[1], logs[1]]
    assert answer["as_of"]["position"] is None
    assert set(answer["as_of"]["positions"]) == set(logs)
    first = answer["events"][1]
    after = f"{first['log']}:{first['position']}"
    rest = city("explain", "orders_placed", "--city", "--after", after, "--json").json
    assert rest["events"] == answer["events"][2:]
    wrong = city("explain", "orders_placed", "--city", "--after", "7", "--json")
    assert wrong.code == 2
    assert json.loads(wrong.err)["field"] == "after"
    page = city("explain", "orders_placed", "--city", "--limit", "1")
    assert logs[0] in page.out
    assert f"--after {logs[0]}:" in page.err


def test_a_token_of_one_area_does_not_see_the_city(city: Program, districts: list[Program]) -> None:
    granted = districts[0](
        "token", "grant", "--person", "a2", "--role", "auditor", "--area", "d1", "--json"
    )
    limited = city.with_settings(JISHI_TOKEN=granted.json["token"])
    assert cells(limited) == {"": 1}
    refused = limited("counters", "--city")
    assert refused.code == 1
    assert "d1" in refused.err


def test_one_log_named_twice_is_refused(city: Program, two: list[str]) -> None:
    twice = city.with_settings(JISHI_DISTRICT_DATABASE_URLS=",".join([two[1], two[0]]))
    refused = twice("counters", "--city", "--json")
    assert refused.code == 2
    assert json.loads(refused.err)["field"] == "district_database_urls"
