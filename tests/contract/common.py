"""What the laws of the log are tried with."""

from __future__ import annotations

from events.envelope import Recorded
from events.ports import Log


class Clock:
    """µs since 1970, as the test says."""

    def __init__(self) -> None:
        self.now = 1_500_000_000_000_000

    def __call__(self) -> int:
        return self.now


async def everything(log: Log) -> list[Recorded]:
    return await log.read(limit=10_000)
