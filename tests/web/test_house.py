"""The house as a whole: what it does when a part of it fails, and what it leaves behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from events.errors import Broken
from services.access import new_token, token_hash
from services.commands import Request
from services.wiring import FOUNDER, House
from tests.web.conftest import Settled, a_house, a_place


async def test_house_ends_with_the_error_of_the_part_that_failed(
    town_database: str, tmp_path: Path
) -> None:
    async def fail(events: object) -> None:
        raise Broken("the registers contradict themselves")

    async def live() -> None:
        async with a_house(town_database, tmp_path) as house:
            house.ring.watchers.append(fail)
            await asyncio.gather(_one_event(house), asyncio.sleep(20))

    with pytest.raises(Broken, match="registers"):
        await live()


async def _one_event(house: House) -> None:
    fields = {
        "person": "p9",
        "area": "root",
        "actions": ["read"],
        "secret_hash": token_hash(new_token()),
    }
    await house.commands.do(Request(FOUNDER, "access", fields=fields))


async def test_body_that_fails_keeps_its_own_error(town_database: str, tmp_path: Path) -> None:
    async def live() -> None:
        async with a_house(town_database, tmp_path):
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await live()


async def test_numbers_follow_without_being_asked(
    town_database: str, tmp_path: Path, settled: Settled
) -> None:
    async with a_place(town_database, tmp_path, settled) as place:
        await place.town.placed()
        head = await place.house.log.head()
        async with asyncio.timeout(20):
            while place.house.ledger.position < head:  # noqa: ASYNC110 (another task's doing)
                await asyncio.sleep(0.005)


async def test_nothing_goes_on_after_the_house_is_closed(
    town_database: str, tmp_path: Path
) -> None:
    before = asyncio.all_tasks()
    async with a_house(town_database, tmp_path):
        assert len(asyncio.all_tasks()) > len(before)
    assert asyncio.all_tasks() == before
