"""The lease: one row that only its holder moves."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from streams.connections import Line, Pool, pool_of
from streams.faults import CAUGHT
from streams.lease import SESSION, Lease, Standing, seen
from tests.road.sent import eventually, until

LONG, SHORT = 60.0, 0.05


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    opened = await pool_of(database, connections=3, answer_seconds=10.0, session=SESSION)
    yield opened
    opened.terminate()


def lease(pool: Pool, seconds: float, topics: str = "t.") -> Lease:
    return Lease(Line(pool), topics, 3, seconds)


async def test_the_first_to_ask_leads_and_the_others_wait(pool: Pool) -> None:
    one, other = lease(pool, LONG), lease(pool, LONG)
    assert await one.take() == Standing(0, (0, 0, 0), (0, 0, 0))
    assert await other.take() is None
    assert await one.take() is None
    assert 0 < one.seconds_left <= LONG
    assert other.seconds_left == 0
    # Other topics have a lease of their own.
    assert await lease(pool, LONG, "u.").take() is not None


async def test_what_was_saved_is_where_the_next_begins(pool: Pool) -> None:
    one, other = lease(pool, LONG), lease(pool, LONG)
    await one.take()
    standing = Standing(9, (9, 8, 9), (7, 8, 9))
    assert await one.save(standing)
    await one.release()
    assert one.seconds_left == 0
    assert await other.take() == standing
    assert (one.epoch, other.epoch) == (1, 2)


async def test_a_leader_whose_lease_has_run_out_moves_nothing_any_more(pool: Pool) -> None:
    one, other = lease(pool, SHORT), lease(pool, LONG)
    await one.take()
    await one.save(Standing(5, (5, 5, 5), (5, 5, 5)))
    await eventually(other.take)
    assert not await one.save(Standing(6, (6, 6, 6), (6, 6, 6)))
    assert not await one.renew()
    assert one.seconds_left == 0
    # Nor does it take the lease from the other as it lets go of what it has not.
    await one.release()
    assert await other.save(Standing(7, (7, 7, 7), (7, 7, 7)))


async def test_a_lease_that_ran_out_and_nobody_took_is_still_held(pool: Pool) -> None:
    one = lease(pool, SHORT)
    await one.take()
    until(lambda: one.seconds_left == 0)
    assert await one.renew()
    assert one.seconds_left > 0


async def test_an_epoch_that_was_lost_in_a_crash_is_no_leave_to_lead(pool: Pool) -> None:
    """What a lease writes may be lost with the server: then another may get the same epoch."""
    one, other = lease(pool, SHORT), lease(pool, LONG)
    await one.take()
    await eventually(other.take)
    connection = await pool.acquire()
    await connection.execute("UPDATE streams.relay SET epoch = 1")
    other.epoch = 1
    await pool.release(connection)
    assert not await one.renew()
    assert await other.renew()


async def test_a_lease_takes_up_again_on_a_new_connection(pool: Pool, database: str) -> None:
    one = lease(pool, LONG)
    await one.take()
    connection = await asyncpg.connect(database)
    await connection.execute(
        "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a"
        " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()"
    )
    await connection.close()
    # The first to use it finds it broken, where that was not noticed before.
    with contextlib.suppress(*CAUGHT):
        await one.renew()
    assert await one.renew()


async def test_others_see_who_leads(pool: Pool) -> None:
    one = lease(pool, LONG)
    connection = await pool.acquire()
    assert await seen(connection) == []
    await one.take()
    (found,) = await seen(connection)
    assert (found.topics, found.position, found.leader) == ("t.", 0, one.name)
    assert (found.leads, found.parts) == (True, 3)
    await one.release()
    assert [line.leads for line in await seen(connection)] == [False]
    await pool.release(connection)


async def test_the_writers_role_may_relay_and_the_readers_may_look(pool: Pool) -> None:
    connection = await pool.acquire()
    await connection.execute("SET ROLE jishi_writer")
    taking = "INSERT INTO streams.relay VALUES ('t.', 0, '{0}', '{0}', 1, 'me', now())"
    await connection.execute(taking)
    await connection.execute("UPDATE streams.relay SET position = 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM streams.relay")
    await connection.execute("SET ROLE jishi_reader")
    assert len(await seen(connection)) == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("UPDATE streams.relay SET position = 2")
    await connection.execute("RESET ROLE")
    await pool.release(connection)
