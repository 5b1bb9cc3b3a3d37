"""Followers are woken, by a notification or without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg

from events.envelope import Recorded
from streams.limits import LogLimits
from streams.log import PostgresLog
from streams.tail import Bell, follow
from tests.streams.making import SHAPES, written

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def positions(follower: AsyncIterator[list[Recorded]], upto: int) -> list[int]:
    seen: list[int] = []
    async with asyncio.timeout(20):
        while not seen or seen[-1] < upto:
            seen += [event.position for event in await anext(follower)]
    return seen


async def test_what_another_process_appends_is_notified(
    patient_log: PostgresLog, log: PostgresLog
) -> None:
    followers = [patient_log.follow(0, limit=7) for _ in range(30)]
    waiting = [asyncio.create_task(positions(follower, 40)) for follower in followers]
    for number in range(40):
        await log.append([written(f"deed/{number}", 0)])
    for seen in await asyncio.gather(*waiting):
        assert seen == list(range(1, 41))


async def test_what_comes_while_an_empty_answer_is_under_way_is_read(log: PostgresLog) -> None:
    bell, asked = Bell(), 0

    async def read(after: int, limit: int) -> list[Recorded]:
        nonlocal asked
        asked += 1
        found = await log.read(after=after, limit=limit)
        if asked == 1:
            await log.append([written("deed/1", 0)])
            bell.ring(1)
        return found

    assert await positions(follow(bell, read, 0, 7), 1) == [1]
    assert asked == 2


async def test_what_lands_beside_something_refused_is_notified_too(
    patient_log: PostgresLog, log: PostgresLog
) -> None:
    await log.append([written("deed/1", 0)])
    follower = patient_log.follow(0)
    assert await positions(follower, 1) == [1]
    waiting = asyncio.create_task(positions(follower, 2))
    await log.append([written("deed/1", 0), written("deed/2", 0), written("deed/3", 7)])
    assert await waiting == [2]


async def test_followers_at_rest_share_one_connection(
    patient_log: PostgresLog, log: PostgresLog, owner: Owner
) -> None:
    await log.append([written("deed/1", 0)])
    followers = [patient_log.follow(0) for _ in range(100)]
    for follower in followers:
        assert await positions(follower, 1) == [1]
    waiting = [asyncio.create_task(positions(follower, 2)) for follower in followers]
    await asyncio.sleep(0)
    connections = await owner.fetchval(
        "SELECT count(*) FROM pg_stat_activity AS a"
        " WHERE a.datname = current_database() AND a.application_name = 'jishi'"
    )
    assert connections <= 2 * LogLimits().connections
    await log.append([written("deed/1", 1)])
    assert await asyncio.gather(*waiting) == [[2]] * 100


async def test_where_no_notification_comes_polling_finds_it(home: str, owner: Owner) -> None:
    log = await PostgresLog.open(home, SHAPES, limits=LogLimits(poll_seconds=0.05))
    await log.append([written("deed/1", 0)])
    follower = log.follow(0)
    assert await positions(follower, 1) == [1]
    waiting = asyncio.create_task(positions(follower, 2))
    # A row that append_v1 did not write: nobody is notified.
    await owner.execute(
        "INSERT INTO streams.event SELECT (jsonb_populate_record(e, jsonb_build_object("
        "'position', 2, 'revision', 2, 'command_id', gen_random_uuid()))).*"
        " FROM streams.event AS e"
    )
    assert await waiting == [2]
    await log.close()


async def test_a_bell_wakes_only_those_it_concerns() -> None:
    bell = Bell()
    early = asyncio.create_task(bell.rung(3))
    late = asyncio.create_task(bell.rung(8))
    there = asyncio.create_task(bell.rung(5))
    given_up = asyncio.create_task(bell.rung(1))
    await asyncio.sleep(0)
    given_up.cancel()
    bell.ring(5)
    await early
    assert (bell.newest, there.done(), late.done()) == (5, False, False)
    bell.ring(4)
    assert bell.newest == 5
    bell.close()
    await asyncio.gather(there, late)
    await bell.rung(100)
