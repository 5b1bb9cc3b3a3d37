"""`eventsourcing` 9.5, by its Application: default, and with its database functions."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from bench import deeds
from bench.figures import Sample
from bench.measuring import CALLERS, Contestant, called_in_threads
from bench.stand import Stand

PLAIN, FUNCTIONS = "eventsourcing, default", "eventsourcing, database functions"


class Order(Aggregate):
    """An order with one event."""

    @event("Placed")
    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said


class Orders(Application[Any]):
    """Keeps orders."""


def environment(dsn: str, *, functions: bool, connections: int = CALLERS) -> dict[str, str]:
    """What its factory wants to know."""
    parts = urlsplit(dsn)
    where = parse_qs(parts.query)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": where["host"][0],
        "POSTGRES_PORT": where["port"][0],
        "POSTGRES_USER": where["user"][0],
        "POSTGRES_PASSWORD": "none",
        "POSTGRES_POOL_SIZE": str(connections),
        "POSTGRES_MAX_OVERFLOW": "0",
        "POSTGRES_MAX_WAITING": "0",
        "POSTGRES_ENABLE_DB_FUNCTIONS": "yes" if functions else "no",
    }


def appending(stand: Stand, *, functions: bool) -> Contestant:
    """64 threads, each with a connection, each saving new orders."""
    name = "append_eventsourcing_functions" if functions else "append_eventsourcing"

    async def run(seconds: float) -> Sample:
        dsn = stand.at(name) if stand.has(name) else await stand.empty_database(name)
        application = Orders(env=environment(dsn, functions=functions))

        def once(_: int) -> int:
            application.save(Order(deeds.told()))
            return 1

        try:
            return await called_in_threads(stand, seconds, once)
        finally:
            application.close()

    return run
