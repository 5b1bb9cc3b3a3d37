"""现状 · What `jishi status` says: where the log stands, how far its readers are, what waits."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from services.terminal.database import connected, place
from streams.lease import seen

if TYPE_CHECKING:
    from services.run.settings import Settings
    from services.terminal.client import Client
    from services.terminal.direct import Direct

GAUGES = {"jishi_log_head": "head", "jishi_ledger_position": "ledger"}


async def of_database(direct: Direct, settings: Settings) -> dict[str, Any]:
    """Everything that can be seen from the database."""
    from projections import workers
    from services.deadlines import Deadlines

    log, now = direct.log, direct.commands.now()
    deadlines = Deadlines(log, direct.commands)
    await deadlines.catch_up()
    upkeep, database = await direct.upkeep()
    versions = await upkeep.standing()
    newest = await log.read(limit=1, backward=True)
    head = newest[0].position if newest else 0
    return {
        "version": version("jishi"),
        "where": place(direct.dsn) if settings.database_url else str(settings.home),
        "log": log.log_id,
        "made_as": log.made_as,
        "zone": log.zone.key,
        "head": head,
        "newest": newest[0].envelope()["recorded_at"] if newest else None,
        "deadlines": {"running": len(deadlines), "due": deadlines.due(now)},
        "projections": [
            {
                "name": f"{line['projection']}_v{line['version']}",
                "state": line["state"],
                "road": line["road"],
                "position": line["position"],
                "lag_events": line["lag"],
                "parked": line["parked"],
            }
            for line in versions
        ],
        "parked": sum(line["parked"] for line in versions),
        "relays": await relays(direct.dsn, head),
        "workers": await workers.seen(database),
        "processes": _processes(settings),
        "problems": [],
    }


def of_server(client: Client, catalogue: dict[str, Any], url: str) -> dict[str, Any]:
    """What a server says of itself. What it does not tell is null."""
    status, ready = client.status("/readyz")
    figures = gauges(client.text("/metrics"))
    head, ledger = figures.get("head"), figures.get("ledger")
    lag = None if head is None or ledger is None else max(0, head - ledger)
    return {
        "version": version("jishi"),
        "where": url,
        "log": catalogue["log"],
        "made_as": None,
        "zone": catalogue["zone"],
        "head": head,
        "newest": None,
        "deadlines": None,
        "projections": [
            {"name": "ledger", "state": "active", "position": ledger, "lag_events": lag}
        ],
        "parked": None,
        "relays": None,
        "workers": None,
        "processes": [],
        "problems": ready.get("problems", [] if status == 200 else [f"HTTP {status}"]),
    }


async def relays(dsn: str, head: int) -> list[dict[str, Any]]:
    """Which relay leads for each set of topics, and how far Kafka has acknowledged the log."""
    async with connected(dsn) as connection:
        found = await seen(connection)
    return [
        {
            "topics": one.topics,
            "leader": one.leader if one.leads else None,
            "position": one.position,
            "lag_events": head - one.position,
        }
        for one in found
    ]


def gauges(exposition: str) -> dict[str, int]:
    """The figures wanted here, from the text Prometheus reads."""
    found: dict[str, int] = {}
    for line in exposition.splitlines():
        name, _, value = line.partition(" ")
        if name in GAUGES:
            found[GAUGES[name]] = int(float(value))
    return found


def _processes(settings: Settings) -> list[dict[str, Any]]:
    """Who uses the embedded server; a database elsewhere does not say."""
    if settings.database_url is not None:
        return []
    from services.run import owners
    from services.run.postgres import House

    register = owners.read(House(settings.home.expanduser().resolve() / "postgres").register)
    return [{"pid": owner.pid, "started": owner.started} for owner in register.owners]
