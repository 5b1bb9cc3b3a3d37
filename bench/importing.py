"""导入 · A file of another system: read, decided, written down, hashed, appended."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from bench.figures import Finding, at_least
from bench.lives import grant
from bench.measuring import Spent
from bench.stand import Stand
from services.commands import Commands
from services.directory import Directory
from services.exchange.desk import Desk
from services.exchange.importing import Summary, import_file
from services.exchange.profile import load
from services.kernel.catalogue import discover
from streams.log import PostgresLog

PROFILE = "boston_311"
BOSTON = Path(__file__).parents[2] / "shared" / "data" / "boston_311_2013_2019.csv.gz"
IMPORTER = grant("importer", "importer")
FLOOR = 40_000.0


async def run(stand: Stand) -> list[Finding]:
    """The whole file in every round, each into a log of its own."""
    real = BOSTON.exists() and stand.scale.real
    file = BOSTON if real else _made(stand.home / "made.csv", stand.scale.rows)
    rates, clients, servers = [], [], []
    for _ in range(stand.scale.rounds):
        spent, summary = await _import(stand, file)
        client, server = spent.micros(summary.events)
        rates.append(summary.events / summary.seconds)
        clients.append(client)
        servers.append(server)
    await stand.drop("import")
    found = at_least(
        "import",
        "events/s",
        median(rates),
        FLOOR,
        "bulk import ≥ 40,000/s including hashing",
        rows_per_second=summary.rows / summary.seconds,
        cpu_client_us=median(clients),
        cpu_server_us=median(servers),
    )
    if not BOSTON.exists():
        found.left_out.append(f"the data set {BOSTON.name} is not here: made-up rows like its own")
    return [found]


async def _import(stand: Stand, file: Path) -> tuple[Spent, Summary]:
    dsn = await stand.database("import")
    catalogue = discover()
    log = await PostgresLog.open(dsn, catalogue.shapes)
    try:
        commands = Commands(log, catalogue, Directory(log, catalogue))
        spent = Spent(stand)
        summary = await import_file(file, load(PROFILE), Desk(commands, log, IMPORTER))
    finally:
        await log.close()
    if summary.refused > summary.rows // 100:
        raise AssertionError(f"{summary.refused} of {summary.rows} rows were refused")
    return spent, summary


COLUMNS = (
    "case_enquiry_id open_dt sla_target_dt closed_dt on_time case_status closure_outcome subject"
    " reason type queue department neighborhood ward source"
)


def _made(path: Path, rows: int) -> Path:
    """A file of made-up rows in the form of the data set."""
    begun = datetime(2019, 1, 1, 8, 0)  # noqa: DTZ001 (a time as the file writes it)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS.split())
        for number in range(rows):
            opened = begun + timedelta(minutes=7 * number)
            closed = opened + timedelta(hours=number % 90)
            table.writerow(
                [
                    101_000_000_000 + number,
                    opened,
                    opened + timedelta(days=2),
                    closed if number % 20 else "",
                    "ONTIME" if number % 90 < 48 else "OVERDUE",
                    "Closed" if number % 20 else "Open",
                    ("Resolved", "Noted", "Invalid")[number % 3],
                    "Public Works Department",
                    "Street Cleaning",
                    f"Type {number % 40}",
                    "PWDx",
                    f"DEPT{number % 12}",
                    f"Neighborhood {number % 24}",
                    f"Ward {number % 22}",
                    "Constituent Call",
                ]
            )
    return path
