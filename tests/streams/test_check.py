"""The check finds what does not agree, and nothing else."""

from __future__ import annotations

import random
from typing import TypeAlias

import asyncpg
import pytest

from streams.check import DIFFERENCES_MAX, Difference, columns_equal_body
from streams.log import PostgresLog
from streams.memory import MemoryLog
from tests.streams.making import LOG_ID, SHAPES, ZONE, Spell, varied, written

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def filled(log: PostgresLog) -> PostgresLog:
    chance = random.Random(7)
    for number in range(20):
        spells = [varied(chance) for _ in range(5)]
        await log.append([written(f"deed/{number}", 0, spells)])
    return log


async def tamper(owner: Owner, change: str) -> None:
    """What only the owner of the database can do."""
    await owner.execute("ALTER TABLE streams.event DISABLE TRIGGER append_only")
    await owner.execute(change)


async def test_a_log_as_it_was_written_is_whole(filled: PostgresLog) -> None:
    findings = await columns_equal_body(filled, SHAPES)
    assert findings.whole
    assert findings.events == 100
    assert 0 < findings.unjudged < 50
    part = await columns_equal_body(filled, SHAPES, after=10, upto=30)
    assert (part.whole, part.events) == (True, 20)


async def test_the_twin_in_memory_is_whole_too() -> None:
    log = MemoryLog(LOG_ID, ZONE, SHAPES, lambda: 5)
    chance = random.Random(7)
    for number in range(20):
        await log.append([written(f"deed/{number}", 0, [varied(chance) for _ in range(5)])])
    findings = await columns_equal_body(log, SHAPES)
    assert (findings.whole, findings.events) == (True, 100)


COLUMNS = [
    *("area", "unit", "category", "variant", "provenance", "home_unit", "team", "home_community"),
    *("paired_community", "code_1", "code_2", "member_1", "member_2", "stream", "fact", "actor"),
    *("cause", "quantity_1", "quantity_2", "day", "version", "revision", "occurred_at"),
    *("command_id", "sha256", "recorded_at", "body"),
]


@pytest.mark.parametrize("column", COLUMNS)
async def test_every_changed_column_is_found(log: PostgresLog, owner: Owner, column: str) -> None:
    await log.append([written("deed/1", 0, [Spell(), Spell(), Spell()])])
    value = {
        "command_id": "gen_random_uuid()",
        "sha256": "'\\x00'",
        "recorded_at": "recorded_at - 1000000000",
        "body": "convert_to(replace(convert_from(body, 'UTF8'), 'c1', 'c2'), 'UTF8')",
        "fact": "'deed.praised'",
        "cause": "'deed/9@9'",
    }.get(column, f"{column} + 7" if column in NUMBERS else f"{column} || 'x'")
    await tamper(owner, f"UPDATE streams.event SET {column} = {value} WHERE position = 2")
    findings = await columns_equal_body(log, SHAPES)
    assert {difference.position for difference in findings.differences} == {2}
    expected = "area" if column == "body" else column
    assert expected in {difference.column for difference in findings.differences}


NUMBERS = {"quantity_1", "quantity_2", "day", "version", "revision", "occurred_at"}


async def test_a_missing_event_is_found(filled: PostgresLog, owner: Owner) -> None:
    await tamper(owner, "DELETE FROM streams.event WHERE position = 50")
    findings = await columns_equal_body(filled, SHAPES)
    assert findings.differences == [Difference(51, "position", 51, 50)]


async def test_a_column_changed_everywhere_ends_the_check_early(
    filled: PostgresLog, owner: Owner
) -> None:
    await tamper(owner, "UPDATE streams.event SET actor = 'somebody', cause = 'x', sha256 = ''")
    findings = await columns_equal_body(filled, SHAPES)
    assert DIFFERENCES_MAX <= len(findings.differences) < 2 * DIFFERENCES_MAX
    assert findings.events < 100
