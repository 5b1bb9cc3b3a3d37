"""开工 · One worker process: the logs it serves, the database it writes, the reader of Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import structlog

from events.errors import Broken, JishiError
from projections.database import Database
from services.books import road_of, upkeep_of
from services.kernel.catalogue import discover
from services.run.settings import Settings
from services.workers import ANSWER_SECONDS, PATIENCE_SECONDS, SESSION, Served, Serving
from streams.log import PostgresLog
from streams.worker import Worker

Made = TypeVar("Made")


async def work(
    settings: Settings,
    dsn: str,
    bootstrap: str,
    projections: Sequence[str],
    ending: asyncio.Event,
    give_up: Callable[[JishiError], None],
) -> None:
    """Serve the logs of the settings until it is to end. `give_up` is called where it cannot go on,
    and ends the process: what has failed may not end in order either."""
    async with contextlib.AsyncExitStack() as stack:
        database = await Database.open(
            settings.read_database_url or dsn,
            patience_seconds=PATIENCE_SECONDS,
            answer_seconds=ANSWER_SECONDS,
            session=SESSION,
        )
        stack.push_async_callback(database.close)
        logs = await _unless_ended(ending, _served(stack, database, settings, dsn))
        if logs is None:
            return
        serving = Serving(
            database,
            logs,
            projections=projections,
            heal_seconds=settings.kafka.heal_seconds,
            failed=lambda error: reader.fail(error),
        )
        reader = Worker(
            serving,
            bootstrap=bootstrap,
            limits=settings.kafka,
            group=f"{settings.kafka.prefix}{'-'.join(['workers', *sorted(set(projections))])}",
            folder=Path(tempfile.gettempdir(), "jishi-worker"),
        )
        try:
            await reader.run(ending)
        except JishiError as error:
            give_up(error)
        except Exception as error:  # noqa: BLE001 (whatever it is, this process is of no use now)
            structlog.get_logger("jishi.worker").exception("cannot go on")
            give_up(Broken(f"the worker cannot go on: {type(error).__name__}: {error}"))
        await serving.close()


async def _served(
    stack: contextlib.AsyncExitStack, database: Database, settings: Settings, dsn: str
) -> list[Served]:
    """The logs of the settings, opened; the stack closes them."""
    catalogue, logs = discover(), []
    for address in (dsn, *settings.district_database_urls):
        log = await PostgresLog.open(address, catalogue.shapes, limits=settings.log)
        stack.push_async_callback(log.close)
        upkeep = upkeep_of(database, log, catalogue, road_of(settings))
        await upkeep.install()
        logs.append(Served(log, upkeep, settings.kafka.prefix))
    return logs


async def _unless_ended(ending: asyncio.Event, opening: Coroutine[Any, Any, Made]) -> Made | None:
    """What is opened; None where the end was asked for first. A database may be away for long."""
    asked, opened = asyncio.ensure_future(ending.wait()), asyncio.ensure_future(opening)
    await asyncio.wait({asked, opened}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if opened.done():
        return opened.result()
    opened.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await opened
    return None
