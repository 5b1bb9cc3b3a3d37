"""A process of its own that imports one file, says how far it is, and may be killed for it.

python -m tests.exchange.importer DSN FILE PROFILE
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from services.exchange import profile
from services.exchange.importing import Summary
from services.kernel.catalogue import discover
from streams.log import PostgresLog
from tests.exchange.office import office_on


def say(so_far: Summary) -> None:
    sys.stdout.write(f"{so_far.rows}\n")
    sys.stdout.flush()


async def run(dsn: str, path: Path, name: str) -> None:
    log = await PostgresLog.open(dsn, discover().shapes)
    await office_on(log).take_in(path, profile.load(name), progress=say)
    await log.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
