"""The live stream: nothing missed, nothing twice, whatever breaks in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.conftest import Place, Settled, a_place
from tests.web.serving import Listener, served


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for a condition. Fails where it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for is another task's doing)
            await asyncio.sleep(0.01)


def came_to(listeners: list[Listener], position: int) -> Callable[[], bool]:
    """Whether all of them have come to a position."""
    return lambda: {one.last_id for one in listeners} == {str(position)}


async def listening_from_now(place: Place, port: int, who: str, query: str = "") -> Listener:
    return Listener(port, place.town.tokens[who], query, str(await place.house.log.head()))


async def test_facts_come_in_order_with_their_positions(place: Place) -> None:
    async with served(place.house) as port:
        listener = await listening_from_now(place, port, "dispatcher")
        task = asyncio.create_task(listener.listen())
        start = await place.house.log.head()
        for _ in range(5):
            await place.town.placed()
        await until(lambda: len(listener.positions()) == 5)
        assert listener.positions() == list(range(start + 1, start + 6))
        envelope = (await place.house.log.load(f"order/{await place.town.placed()}"))[0].envelope()
        await until(lambda: len(listener.positions()) == 6)
        assert next(one.json for one in listener.heard[::-1] if one.event == "fact") == envelope
    await task


async def test_numbers_come_when_they_change(place: Place) -> None:
    async with served(place.house) as port:
        query = "?facts=no&counter=orders_placed&by=area"
        listener = await listening_from_now(place, port, "dispatcher", query)
        task = asyncio.create_task(listener.listen())

        def numbers() -> dict[object, object]:
            found: dict[object, object] = {}
            for one in listener.heard:
                if one.event == "counter":
                    cells = one.json["cells"]
                    assert isinstance(cells, list)
                    found |= {cell["key"]: cell["value"] for cell in cells}
            return found

        await until(lambda: numbers() == {"": 0, "s1": 0, "s2": 0})
        await place.town.placed("c1")
        await place.town.placed("c3")
        await place.town.placed("c3")
        await until(lambda: numbers() == {"": 3, "s1": 1, "s2": 2})
        assert not listener.positions()
        await until(lambda: listener.last_id == str(place.house.ring.head))
    await task


async def test_listener_sees_only_its_own_area(place: Place) -> None:
    async with served(place.house) as port:
        listener = await listening_from_now(place, port, "west")
        task = asyncio.create_task(listener.listen())
        await until(lambda: place.house.ring.listeners == 1)
        for area in ("c1", "c3", "c2", "c3", "c1"):
            await place.town.placed(area)
        head = await place.house.log.head()
        await until(lambda: listener.last_id == str(head))
        assert len(listener.positions()) == 2
    await task
    assert place.house.ring.listeners == 0


async def test_listener_behind_the_ring_reads_the_log(place: Place) -> None:
    place.house.ring._size, place.house.ring._slots = 8, [None] * 8
    async with served(place.house) as port:
        listener = Listener(port, place.town.tokens["admin"], "?after=0")
        for _ in range(20):
            await place.town.placed()
        task = asyncio.create_task(listener.listen())
        head = await place.house.log.head()
        await until(lambda: len(listener.positions()) == head)
        assert listener.positions() == list(range(1, head + 1))
    await task


@pytest.mark.parametrize("seed", range(2))
async def test_restarts_under_load_lose_and_double_nothing(
    town_database: str, tmp_path: Path, settled: Settled, seed: int
) -> None:
    """The house is closed and opened again while people write; listeners come back by position."""
    listeners: list[Listener] = []
    start = head = 0
    for life in range(3):
        async with a_place(town_database, tmp_path, settled) as place:
            if life == 0:
                start = await place.house.log.head()
                token = settled.tokens["dispatcher"]
                listeners = [Listener(0, token, last_id=str(start)) for _ in range(10)]
            async with served(place.house) as port:
                for listener in listeners:
                    listener.port = port
                tasks = [asyncio.create_task(one.listen()) for one in listeners]
                await asyncio.gather(*(place.town.placed() for _ in range(30 + seed)))
                if life == 2:
                    head = await place.house.log.head()
                    await until(came_to(listeners, head))
            await asyncio.gather(*tasks)
    for listener in listeners:
        assert listener.positions() == list(range(start + 1, head + 1))


async def test_stream_ends_with_its_token(place: Place) -> None:
    async with served(place.house) as port:
        listener = await listening_from_now(place, port, "east")
        task = asyncio.create_task(listener.listen())
        await until(lambda: place.house.ring.listeners == 1)
        token_id = place.town.grants["east"].token_id
        await place.town.give("admin", "access", "revoke", token_id, reason="lost")
        await place.town.placed("c1")
        await asyncio.wait_for(task, 20)
        assert listener.positions() == []


async def test_readers_of_the_same_numbers_share_the_work(place: Place) -> None:
    async with served(place.house) as port:
        query = "?facts=no&counter=orders_placed&total=all"
        listeners = [await listening_from_now(place, port, "dispatcher", query) for _ in range(20)]
        tasks = [asyncio.create_task(one.listen()) for one in listeners]
        await until(lambda: all(one.heard for one in listeners))
        await place.town.placed("c1")
        head = await place.house.log.head()
        await until(came_to(listeners, head))
        await until(lambda: len({one.heard[-1].data for one in listeners}) == 1)
        changed = listeners[0].heard[-1].json["cells"]
        assert isinstance(changed, list)
        names = {cell["counter"] for cell in changed}
        assert "orders_placed" in names
        assert "disputes_resolved" not in names
    await asyncio.gather(*tasks)


async def test_number_that_is_gone_is_told_as_nothing(place: Place) -> None:
    """A correction may empty a part of a breakdown: who listens must not go on showing it."""
    day = "2026-03-02T09:00:00+08:00"
    placed = await place.town.give(
        "dispatcher", "order", area="c1", requester="p1", occurred_at=day
    )
    async with served(place.house) as port:
        query = "?facts=no&counter=orders_placed&by=day"
        listener = await listening_from_now(place, port, "dispatcher", query)
        task = asyncio.create_task(listener.listen())

        def of_day() -> list[object]:
            cells = [
                cell
                for one in listener.heard
                if one.event == "counter"
                for cell in one.json["cells"]  # type: ignore[attr-defined]
            ]
            return [cell["value"] for cell in cells if cell["key"] == "2026-03-02"]

        await until(lambda: of_day() == [1])
        await place.town.give(
            "dispatcher", "order", "void", placed.id, revision=1, whole=True, reason="typing"
        )
        await until(lambda: of_day() == [1, 0])
    await task
