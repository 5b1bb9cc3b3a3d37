"""命令 · 64 callers who go on with old cases: load, fold, decide, write down, append."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass

from uuid_utils.compat import uuid7

from bench.deeds import REQUEST_HASH, written
from bench.figures import Finding, Sample, Samples, middle, ratio
from bench.fill import fill
from bench.lives import ACCEPTED, grant
from bench.measuring import called, rounds
from bench.stand import Stand
from bench.town import Town, town_on
from events.ports import Append, Appended
from services.commands import Commands, Limits, Request
from services.facts.order import OrderAccepted

WITH, WITHOUT, BARE = "jishi", "jishi, no case kept in memory", "bare append to the same cases"
FEW = 128
"""Cases kept where hardly any should be: twice the callers, of many thousands."""

EVENTS_EACH = 6
"""Of an order that was accepted."""

START_AT = b'{"start_at":"2090-01-01T00:00:00Z"}'
"""The command is `book`: an order that is accepted can be booked again and again."""


async def run(stand: Stand) -> list[Finding]:
    """With and without cases in memory, and the same events appended bare."""
    dsn = await stand.database("commands")
    town = await town_on(dsn)
    try:
        await fill(dsn, stand.scale.streams * EVENTS_EACH, of=ACCEPTED, areas=["c1"])
        work = _Work(stand, town, await _cases(town))
        await work.remember()
        contestants = {WITH: work.cached, WITHOUT: work.uncached, BARE: work.bare}
        samples = await rounds(stand, contestants)
    finally:
        await town.log.close()
        await stand.drop("commands")
    return [
        _finding("commands", WITH, samples, 0.7, "≥ 70 % of the bare append, cases in memory"),
        _finding("commands, uncached", WITHOUT, samples, 0.5, "≥ 50 % of it without"),
    ]


def _finding(row: str, name: str, found: Samples, share: float, goal: str) -> Finding:
    times = ratio(found[name], found[BARE])
    return Finding(
        row,
        "commands/s",
        middle(found[name], "per_second"),
        goal,
        times >= share,
        peers={BARE: middle(found[BARE], "per_second")},
        ratios={BARE: times},
        also={
            "p50_ms": middle(found[name], "p50_ms"),
            "p99_ms": middle(found[name], "p99_ms"),
            "cpu_client_us": middle(found[name], "client_us"),
            "cpu_server_us": middle(found[name], "server_us"),
        },
    )


async def _cases(town: Town) -> list[Case]:
    """The orders that were filled in."""
    found: list[Case] = []
    after = 0
    while events := await town.log.read(after=after, limit=10_000):
        after = events[-1].position
        accepted = [event for event in events if event.fact == OrderAccepted.fact]
        found += [
            # Behind it stands the end of a clock.
            Case(event.case[1], event.content["about"]["unit"], event.revision + 1)
            for event in accepted
        ]
    return found


@dataclass
class Case:
    """One order: somebody of its unit may book it."""

    id: str
    unit: str
    revision: int


class _Work:
    """Old cases, gone on with in three ways. Each way has cases of its own, so that none finds what
    another keeps in memory out of date."""

    def __init__(self, stand: Stand, town: Town, cases: list[Case]) -> None:
        random.Random(20180928).shuffle(cases)
        self._stand = stand
        self._town = town
        self._kept, self._forgotten, self._bare = cases[::3], cases[1::3], cases[2::3]
        known = town.commands
        self._forgetful = Commands(
            town.log, known.catalogue, known.directory, limits=Limits(cases=FEW)
        )
        self._grants = {case.unit: grant("w1", "worker", unit=case.unit) for case in cases}

    async def remember(self) -> None:
        """Have the cases in memory that are to be there."""
        commands = self._town.commands
        entry = commands.catalogue.entry("order")
        for start in range(0, len(self._kept), 500):
            streams = [f"order/{case.id}" for case in self._kept[start : start + 500]]
            await asyncio.gather(*[commands.cases.newest(entry, stream) for stream in streams])

    async def cached(self, seconds: float) -> Sample:
        """Through the commands, cases in memory."""
        return await self._commands(seconds, self._town.commands, self._kept)

    async def uncached(self, seconds: float) -> Sample:
        """Through the commands, every case read anew."""
        return await self._commands(seconds, self._forgetful, self._forgotten)

    async def _commands(self, seconds: float, commands: Commands, cases: list[Case]) -> Sample:
        turn = itertools.cycle(cases)

        async def once(_: int) -> int:
            case = next(turn)
            who = self._grants[case.unit]
            request = Request(who, "order", "book", case.id, START_AT, uuid7())
            return len((await commands.do(request)).events)

        return await called(self._stand, seconds, once)

    async def bare(self, seconds: float) -> Sample:
        """One event written down and appended where its revision is known."""
        turn = itertools.cycle(self._bare)
        log = self._town.log

        async def once(_: int) -> int:
            case = next(turn)
            stream, command = f"order/{case.id}", uuid7()
            drafts = (written(stream, case.revision + 1, command),)
            item = Append(stream, case.revision, drafts, command, REQUEST_HASH)
            case.revision += 1
            (outcome,) = await log.append([item])
            if not isinstance(outcome, Appended):
                raise AssertionError(f"{stream} was answered with {outcome}")
            return 1

        return await called(self._stand, seconds, once)
