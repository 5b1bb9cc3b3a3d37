"""探针 · Is the process alive, is it ready, what does it count: for those who run it."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest

from projections.query import Query
from services.access import Grant
from services.web.meters import CONTENT_TYPE, exposition
from services.web.parts import Parts
from services.web.reply import TEXT, Reply, json_reply
from services.web.routes import GuardedRoute, Routes


class Probes:
    """`/healthz`, `/readyz`, `/metrics`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The routes."""
        return [
            make.open("/healthz", self.alive),
            make.guarded("/readyz", GET=self.ready),
            make.guarded("/metrics", GET=self.metrics),
        ]

    async def alive(self, http: HttpRequest) -> Reply:
        """The process answers; nothing is said about what it holds."""
        return Reply(b"ok\n", media=TEXT)

    async def ready(self, http: HttpRequest, grant: Grant) -> Reply:
        """Whether commands and numbers can be served now."""
        problems = await self._parts.health.problems()
        return json_reply(
            {"ready": not problems, "problems": problems}, status=503 if problems else 200
        )

    async def metrics(self, http: HttpRequest, grant: Grant) -> Reply:
        """The system's own figures, and the public counters as gauges."""
        grant.check_reading()
        parts = self._parts
        await parts.ledger.catch_up()
        reading = await parts.ledger.read(Query(area=grant.area), now=parts.commands.now())
        values = [
            (cell.counter.name, cell.area or "root", float(cell.figure.value))
            for cell in reading.cells
            if cell.figure.value is not None
        ]
        head = await parts.log.head()
        gauges = {
            "jishi_log_head": ("Position of the newest event", float(head)),
            "jishi_ledger_position": (
                "Last position the numbers have taken in",
                float(parts.ledger.position),
            ),
            "jishi_ledger_lag_events": (
                "Events the numbers have not taken in",
                float(max(0, head - parts.ledger.position)),
            ),
            "jishi_directory_position": (
                "Last position the registers have taken in",
                float(parts.commands.directory.position),
            ),
            "jishi_feed_listeners": ("Open feeds", float(parts.ring.listeners)),
            "jishi_cases_cached": ("Folded cases in memory", float(len(parts.commands.cases))),
        }
        if parts.relayed is not None:
            gauges["jishi_relay_lag_events"] = (
                "Events the relay has not sent yet; 0 where none has ever run",
                float(head - min(await parts.relayed(), default=head)),
            )
        return Reply(
            exposition(parts.meters, parts.attempts.lost, gauges, values), media=CONTENT_TYPE
        )
