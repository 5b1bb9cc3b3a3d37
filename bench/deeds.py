"""事例 · One deed as everybody appends it: a new stream, one event, some 350 bytes of JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from uuid_utils.compat import uuid7

from bench.stand import LOG_ID, ZONE
from events.envelope import Draft, draft
from events.fact import About
from events.ports import Append
from services.facts.order import Care, Channel, OrderPlaced

OCCURRED_AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
REQUEST_HASH = bytes(32)
PLACED = OrderPlaced.shape()
CHINA = ZoneInfo(ZONE)
PLACE = {
    "area": "zhenhai-03",
    "category": "home_repair",
    "unit": "unit-017",
    "provenance": "counterparty",
}
SAID = {"requester": "r-zhenhai-03-0217", "channel": "window", "care": "general"}
NOTED = "居民反映楼道照明损坏，请求上门维修"
"""So that what the others write is as long as what we do: our bodies hold no free text, but name
their log, stream and command."""


def written(stream: str, revision: int, command: UUID) -> Draft:
    """Our fact of that deed, written down."""
    fact = OrderPlaced(
        about=About(**PLACE),
        requester=SAID["requester"],
        channel=Channel.WINDOW,
        care=Care.GENERAL,
    )
    return draft(
        fact,
        log=LOG_ID,
        zone=CHINA,
        shape=PLACED,
        stream=stream,
        revision=revision,
        actor="cw-zhenhai-03",
        command=command,
        occurred_at=OCCURRED_AT,
    )


def new_append() -> Append:
    """A new case with its first fact."""
    stream, command = f"order/{uuid7()}", uuid7()
    return Append(stream, 0, (written(stream, 1, command),), command, REQUEST_HASH)


def told() -> dict[str, object]:
    """The same deed as a mapping, for everybody else."""
    return {
        "about": PLACE,
        **SAID,
        "noted": NOTED,
        "actor": "cw-zhenhai-03",
        "command": str(uuid7()),
        "occurred_at": "2026-03-02T01:30:00.000000Z",
    }


def told_bytes() -> bytes:
    """That mapping as JSON."""
    return orjson.dumps(told())
