from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.kernel.catalogue import discover
from services.run.settings import Settings
from services.wiring import House, open_house
from tests.town import Town
from tests.web.asking import Answer, ask

FULL = discover()


class Place:
    """A house with a town in it, and a way to ask it."""

    def __init__(self, house: House, town: Town) -> None:
        self.house = house
        self.town = town

    async def ask(
        self, method: str, target: str, who: str | None = None, json: Any = None, **more: Any
    ) -> Answer:
        token = self.town.tokens[who] if who is not None else None
        return await ask(self.house.app, method, target, token, json, **more)


@contextlib.asynccontextmanager
async def a_place(dsn: str, tmp_path: Path, *, settle: bool = True) -> AsyncIterator[Place]:
    settings = Settings(home=tmp_path, database_url=dsn)
    async with open_house(settings, catalogue=FULL) as house:
        town = Town(house.log, house.commands)
        if settle:
            await town.settle()
        yield Place(house, town)


@pytest.fixture
async def place(database: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with a_place(database, tmp_path) as found:
        yield found
