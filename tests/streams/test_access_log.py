"""Refused attempts are kept in order, and never a payload."""

from __future__ import annotations

from datetime import UTC, datetime

from streams.access_log import Attempt
from streams.log import PostgresLog

AT = datetime(2018, 3, 1, 9, 0, 0, 123_456, tzinfo=UTC)


def attempt(number: int) -> Attempt:
    return (AT, f"p{number}", "token-1", "order.accept", "order/1", "not_yours")


async def test_what_is_kept_can_be_read_in_order(log: PostgresLog) -> None:
    kept = [attempt(number) for number in range(7)]
    await log.access_log.keep(kept[:5])
    await log.access_log.keep([])
    await log.access_log.keep(kept[5:])
    first = await log.access_log.read(limit=4)
    rest = await log.access_log.read(after=first[-1][0])
    assert [row for _, row in first + rest] == kept
