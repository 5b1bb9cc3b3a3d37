"""`eventsourcing`'s ProjectionRunner with a view in Postgres: four counts an event, as for four
levels of areas, in the transaction that tracks the event."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

from bench import deeds
from bench.figures import Sample
from bench.measuring import Contestant, Spent
from bench.peers.eventsourcing_peer import Order, Orders, environment
from bench.stand import Stand

NAME = "eventsourcing, ProjectionRunner"
EVENTS = 1_500
"""In one round: some seconds of it."""

LEVELS = ("grid", "community", "street", "district")
CREATE: Any = SQL(
    "CREATE TABLE IF NOT EXISTS counts (area text PRIMARY KEY, counted bigint NOT NULL)"
)
COUNT = SQL(
    "INSERT INTO counts (area, counted) VALUES (%s, 1)"
    " ON CONFLICT (area) DO UPDATE SET counted = counts.counted + 1"
)
WAIT_SECONDS_MAX = 120.0


class Counts(PostgresTrackingRecorder):
    """Counts by area."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.sql_create_statements.append(CREATE)

    def count(self, areas: list[str], tracking: Tracking) -> None:
        """One more in each of these, once."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for area in areas:
                cursor.execute(COUNT, (area,), prepare=True)


class Counting(Projection[Counts]):
    """Counts every order at four levels."""

    name = "counting"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """One order more."""
        number = int(tracking.notification_id) % 2_000
        areas = [f"{level}-{number // 6**depth}" for depth, level in enumerate(LEVELS)]
        self.view.count(areas, tracking)


def projecting(stand: Stand) -> Contestant:
    """A runner that starts where the last round's ended, and catches up."""

    async def run(seconds: float) -> Sample:
        del seconds
        name = "live_eventsourcing"
        dsn = stand.at(name) if stand.has(name) else await stand.empty_database(name)
        events = min(EVENTS, stand.scale.batches * 100)
        return await asyncio.to_thread(_run, stand, environment(dsn, functions=True), events)

    return run


def _run(stand: Stand, where: dict[str, str], events: int) -> Sample:
    where = {**where, "POSTGRES_POOL_SIZE": "5"}
    application = Orders(env=where)
    recorded = [application.save(Order(deeds.told())) for _ in range(events)]
    last = recorded[-1][-1].notification.id
    application.close()
    spent = Spent(stand)
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Orders, projection_class=Counting, view_class=Counts, env=where
    ) as runner:
        runner.wait(last, timeout=WAIT_SECONDS_MAX)
        took = time.perf_counter() - began
    client, server = spent.micros(events)
    return Sample(events / took, client_us=client, server_us=server)
