from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.access import Grant
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
async def a_house(dsn: str, home: Path) -> AsyncIterator[House]:
    async with open_house(Settings(home=home, database_url=dsn), catalogue=FULL) as house:
        yield house


@dataclass(frozen=True)
class Settled:
    """A database in which the town has been laid out once; tests work on copies of it."""

    name: str
    first_token: str | None
    tokens: dict[str, str]
    grants: dict[str, Grant]


_numbers = itertools.count(1)


def at(server: str, name: str) -> str:
    """The URL of another database of the same server."""
    return re.sub(r"^(\w+://[^/?]*)(/[^?]*)?", rf"\g<1>/{name}", server)


@pytest.fixture(scope="session")
async def settled(
    server: str,
    administrator: asyncpg.Connection[asyncpg.Record],
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Settled]:
    name = f"jishi_town_{os.getpid()}"
    await administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        async with a_house(at(server, name), tmp_path_factory.mktemp("town")) as house:
            town = await Town(house.log, house.commands).settle()
            found = Settled(name, house.first_token, town.tokens, town.grants)
        yield found
    finally:
        await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def town_database(
    server: str, administrator: asyncpg.Connection[asyncpg.Record], settled: Settled
) -> AsyncIterator[str]:
    """URL of a copy of the settled town."""
    name = f"jishi_town_{os.getpid()}_{next(_numbers)}"
    await administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{settled.name}"')
    try:
        yield at(server, name)
    finally:
        await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextlib.asynccontextmanager
async def a_place(dsn: str, home: Path, settled: Settled) -> AsyncIterator[Place]:
    async with a_house(dsn, home) as house:
        town = Town(house.log, house.commands, dict(settled.tokens), dict(settled.grants))
        yield Place(house, town)


@pytest.fixture
async def place(town_database: str, tmp_path: Path, settled: Settled) -> AsyncIterator[Place]:
    async with a_place(town_database, tmp_path, settled) as found:
        yield found
