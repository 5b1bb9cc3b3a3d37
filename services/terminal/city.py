"""全市 · The way to the numbers of several logs: this database's own, and the other districts'.

It reads the databases themselves: a server has one log.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from starlette.datastructures import QueryParams

from events.errors import Denied
from projections.city import LOG, City
from projections.counters import COUNTERS
from projections.database import Database
from projections.ledger import Ledger
from services.access import Grant
from services.books import upkeep_of
from services.terminal.database import connected, pending
from services.terminal.direct import Direct, check_made
from services.web.asked import Asked, invalid, question_of
from services.web.reading import EXPLAINED_USUAL, POSITION_MAX, people_fields
from streams.log import PostgresLog

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from projections.query import Query
    from services.run.settings import Settings
    from services.terminal.call import Call

BETWEEN = ":"
"""Parts log and position, where both are meant."""
Pairs = Sequence[tuple[str, str]]


class CityWay:
    """All logs, as the caller whose token it is."""

    def __init__(self, direct: Direct, city: City, people: frozenset[str]) -> None:
        self._direct = direct
        self._city = city
        self._people = people
        self._grant: Grant = direct.reader()

    async def counters(self, pairs: Pairs) -> dict[str, Any]:
        """The numbers asked for; of one log alone where it is named."""
        asked = self._asked(pairs)
        log, query = asked.text(LOG), self._query(asked)
        asked.done()
        now, language = self._direct.commands.now(), self._direct.language
        if log is not None:
            return (await self._city.ledger(log).read(query, now=now)).json(language)
        return (await self._city.read(query, now=now)).json(language)

    async def explain(self, name: str, pairs: Pairs) -> dict[str, Any]:
        """The events behind one number; of one log alone where it is named."""
        asked = self._asked(pairs)
        log, query = asked.text(LOG), self._query(asked, name)
        limit = asked.whole("limit", usual=EXPLAINED_USUAL, least=1, most=500)
        now, language = self._direct.commands.now(), self._direct.language
        if log is not None:
            after = asked.whole("after", usual=0, least=0, most=POSITION_MAX)
            asked.done()
            ledger = self._city.ledger(log)
            found = await ledger.explain(name, query, limit=limit, after=after, now=now)
            return found.json(language)
        behind = _behind(asked.text("after"))
        asked.done()
        told = await self._city.explain(name, query, limit=limit, after=behind, now=now)
        return told.json(language)

    async def zone(self) -> ZoneInfo:
        """The zone of this database's own log."""
        return self._direct.log.zone

    def _asked(self, pairs: Pairs) -> Asked:
        return Asked(QueryParams(list(pairs)), self._direct.log.zone)

    def _query(self, asked: Asked, *names: str) -> Query:
        area = asked.text("area")
        return question_of(asked, self._grant, self._people, area=area, counters=names)


@contextlib.asynccontextmanager
async def opened(call: Call) -> AsyncIterator[CityWay]:
    """Open every log the settings name, with its numbers up to date.

    Raises Denied for a token that sees one area alone, Unavailable for a database that is away,
    Invalid where two are of one log.
    """
    async with call.direct() as direct:
        grant = direct.reader()
        grant.check_reading()
        if grant.area is not None:
            raise Denied(
                f"the token sees {grant.area} alone: the city's numbers need one without an area",
                zh=f"令牌只限 {grant.area}：查看全市须用不限区域的令牌",
                area=grant.area,
            )
        own = await direct.numbers()
        others = [
            await _district(address, call.settings, direct)
            for address in call.settings.district_database_urls
        ]
        city = City([own.ledger, *others], COUNTERS, direct.catalogue.shapes)
        await city.catch_up()
        yield CityWay(direct, city, people_fields(own))


async def _district(address: str, settings: Settings, direct: Direct) -> Ledger:
    """The ledger of another district, open as long as `direct` is."""
    async with connected(address) as connection:
        check_made(await pending(connection))
    log = await PostgresLog.open(address, direct.catalogue.shapes, limits=settings.log)
    direct.stack.push_async_callback(log.close)
    database = await Database.open(settings.read_database_url or address)
    direct.stack.push_async_callback(database.close)
    upkeep = upkeep_of(database, log, direct.catalogue)
    await upkeep.install()
    return await upkeep.ledger(COUNTERS)


def _behind(text: str | None) -> tuple[str, int] | None:
    """(log, position) to go on behind."""
    if text is None:
        return None
    log, between, position = text.rpartition(BETWEEN)
    if not between or not (position.isascii() and position.isdigit()):
        raise invalid("after", text, "must be LOG:POSITION", "应写作 日志:序号")
    return log, int(position)
