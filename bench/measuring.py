"""量法 · Many callers for some seconds, in turn with the others, round after round."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable, Mapping

import psutil

from bench.figures import Sample, Samples, percentile
from bench.stand import Stand

CALLERS = 64
WARM_SHARE = 0.15
"""Before each stretch: so much of its time passes unmeasured."""

Once = Callable[[int], Awaitable[int]]
"""One call of one caller (by number): how many events it came to."""

Contestant = Callable[[float], Awaitable[Sample]]
"""A stretch of so many seconds. Opens and closes what it needs, outside the time."""


class Spent:
    """CPU used since it was made: by this process (or another), and by the database server."""

    def __init__(self, stand: Stand, client: psutil.Process | None = None) -> None:
        self._stand = stand
        self._client = client or psutil.Process()
        self._began = self._now()

    def _now(self) -> tuple[float, float]:
        times = self._client.cpu_times()
        return times.user + times.system, self._stand.server_cpu()

    def micros(self, events: int) -> tuple[float, float]:
        """µs an event: client, server."""
        client, server = (now - then for now, then in zip(self._now(), self._began, strict=True))
        return client * 1e6 / max(events, 1), server * 1e6 / max(events, 1)


async def called(stand: Stand, seconds: float, once: Once, count: int = CALLERS) -> Sample:
    """So many callers, each giving its next call when the last was answered."""
    await _for(once, count, seconds * WARM_SHARE)
    gc.collect()
    spent = Spent(stand)
    events, took, waits = await _for(once, count, seconds)
    return _sample(events, took, waits, spent)


async def _for(once: Once, count: int, seconds: float) -> tuple[int, float, list[float]]:
    waits: list[float] = []
    events = 0
    began = time.perf_counter()
    until = began + seconds

    async def caller(number: int) -> None:
        nonlocal events
        at = time.perf_counter()
        while at < until:
            came = await once(number)
            events += came  # not in one line: another caller would count meanwhile
            now = time.perf_counter()
            waits.append(now - at)
            at = now

    await asyncio.gather(*[caller(number) for number in range(count)])
    return events, time.perf_counter() - began, waits


async def called_in_threads(
    stand: Stand, seconds: float, once: Callable[[int], int], count: int = CALLERS
) -> Sample:
    """The same for programs that wait in threads."""
    await asyncio.to_thread(_threads, once, count, seconds * WARM_SHARE)
    gc.collect()
    spent = Spent(stand)
    events, took, waits = await asyncio.to_thread(_threads, once, count, seconds)
    return _sample(events, took, waits, spent)


def _threads(
    once: Callable[[int], int], count: int, seconds: float
) -> tuple[int, float, list[float]]:
    waits: list[float] = []
    events = [0] * count
    failures: list[BaseException] = []
    began = time.perf_counter()
    until = began + seconds

    def caller(number: int) -> None:
        try:
            at = time.perf_counter()
            while at < until:
                events[number] += once(number)
                now = time.perf_counter()
                waits.append(now - at)
                at = now
        except BaseException as error:  # noqa: BLE001 (raised again below, by the thread that asked)
            failures.append(error)

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(events), time.perf_counter() - began, waits


def _sample(events: int, took: float, waits: list[float], spent: Spent) -> Sample:
    client, server = spent.micros(events)
    return Sample(
        events / took, percentile(waits, 0.5) * 1e3, percentile(waits, 0.99) * 1e3, client, server
    )


async def rounds(stand: Stand, contestants: Mapping[str, Contestant]) -> Samples:
    """Every contestant in every round, each round beginning with another one."""
    found: dict[str, list[Sample]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(stand.scale.rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(await contestants[name](stand.scale.seconds))
    return found
