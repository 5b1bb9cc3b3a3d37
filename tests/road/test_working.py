"""A worker before it has anything to read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from events.errors import JishiError
from services.run.settings import Settings
from services.working import work

END_SECONDS_MAX = 5.0


@pytest.mark.parametrize("asked_first", [True, False])
async def test_it_ends_at_once_when_asked_while_the_database_is_away(
    tmp_path: Path, asked_first: bool
) -> None:
    ending = asyncio.Event()
    asyncio.get_running_loop().call_later(0 if asked_first else 0.2, ending.set)

    def give_up(error: JishiError) -> None:
        raise error

    nowhere = f"postgresql:///jishi?host={tmp_path}&user=postgres"
    async with asyncio.timeout(END_SECONDS_MAX):
        await work(Settings(home=tmp_path), nowhere, "127.0.0.1:9", (), ending, give_up)
    assert ending.is_set()
