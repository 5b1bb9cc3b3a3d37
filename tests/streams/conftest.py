"""Logs of the tests' own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from streams.limits import LogLimits
from streams.log import PostgresLog
from streams.schema import establish
from tests.streams.making import LOG_ID, SHAPES


@pytest.fixture
async def home(database: str) -> str:
    """URL of a database that holds an empty live log."""
    connection = await asyncpg.connect(database)
    await establish(connection, log_id=LOG_ID)
    await connection.close()
    return database


@pytest.fixture
async def log(home: str) -> AsyncIterator[PostgresLog]:
    opened = await PostgresLog.open(home, SHAPES)
    yield opened
    await opened.close()


@pytest.fixture
async def patient_log(home: str) -> AsyncIterator[PostgresLog]:
    """A log whose followers are woken by notifications or not at all."""
    opened = await PostgresLog.open(home, SHAPES, limits=LogLimits(poll_seconds=600.0))
    yield opened
    await opened.close()


@pytest.fixture
async def owner(home: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection of the database's owner."""
    connection = await asyncpg.connect(home)
    yield connection
    await connection.close()
