"""An owner who may not create roles gets a working log without them, and is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from events.ports import Appended
from services.run import postgres
from services.run.migrate import migrate
from streams.log import PostgresLog
from streams.schema import SQL, establish
from tests.conftest import at
from tests.streams.making import LOG_ID, SHAPES, written

pytestmark = pytest.mark.process


@pytest.fixture
async def new_server(tmp_path: Path) -> AsyncIterator[str]:
    """A server on which nobody has made the roles yet."""
    with postgres.start(tmp_path, talk=print) as server:
        yield server.dsn


@pytest.mark.process
async def test_an_owner_without_the_right_to_create_roles_is_served(new_server: str) -> None:
    administrator = await asyncpg.connect(new_server)
    await administrator.execute("CREATE ROLE modest LOGIN NOCREATEROLE")
    await administrator.execute("CREATE DATABASE modest OWNER modest")
    dsn = at(new_server, "modest").replace("user=postgres", "user=modest")

    notices: list[str] = []
    modest = await asyncpg.connect(dsn)
    modest.add_log_listener(lambda _, message: notices.append(str(message)))
    await migrate(modest, [SQL])
    await establish(modest, log_id=LOG_ID)
    await modest.close()
    assert [notice for notice in notices if "jishi_writer could not be created" in notice]
    names = "SELECT r.rolname FROM pg_roles AS r WHERE r.rolname LIKE 'jishi%'"
    assert await administrator.fetch(names) == []

    log = await PostgresLog.open(dsn, SHAPES)
    assert [type(one) for one in await log.append([written("deed/1", 0)])] == [Appended]
    await log.close()

    # Where they stand already, the modest owner grants to them.
    await administrator.execute(
        "CREATE ROLE jishi_reader NOLOGIN; CREATE ROLE jishi_writer NOLOGIN"
    )
    await administrator.execute("CREATE DATABASE second OWNER modest")
    second = await asyncpg.connect(dsn.replace("/modest", "/second"))
    await migrate(second, [SQL])
    granted = "SELECT has_table_privilege('jishi_writer', 'streams.event', 'INSERT')"
    assert await second.fetchval(granted) is True
    await second.close()
    await administrator.close()
