"""直接 · The way to the records without a server: the same deciders and endpoints, in this process.

Whoever acts needs a token here too. Reading needs none, since whoever has the database has all
that is in it; with a token one sees what the token sees.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from events.errors import JishiError, Unauthenticated, Unavailable
from services.access import EVERYTHING, Grant
from services.commands import Commands, Request
from services.directory import Directory
from services.kernel.catalogue import Catalogue, discover, next_commands, only
from services.kernel.entry import Entry
from services.terminal.database import connected, database, pending
from services.terminal.logs import to_stderr
from streams.log import PostgresLog

if TYPE_CHECKING:
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from starlette.requests import Request as HttpRequest

    from projections.database import Database
    from projections.rebuild import Upkeep
    from services.facts.rule_words import TableRule
    from services.kernel.entry import CommandInfo
    from services.run.settings import Settings
    from services.terminal.say import Say
    from services.terminal.words import Language
    from services.web.api import Api
    from services.web.parts import Parts
    from services.web.reading import Reading
    from services.web.reply import Reply

OWNER = Grant(
    "owner", "owner", roles=frozenset({"auditor", "importer"}), actions=frozenset({EVERYTHING})
)
"""Who reads without a token: the owner of the database."""
KEEPER = Grant(
    "owner", "owner", roles=frozenset({"administrator"}), actions=frozenset({"access.*"})
)
"""Who grants and revokes tokens without one: whoever lost the last can only do it here."""
NOTED = frozenset({401, 403, 404, 409})
PAGE_EVENTS = 500
Pairs = Sequence[tuple[str, str]]


class Growing(Catalogue):
    """One kind, and all the others as soon as somebody asks for one of them."""

    def entry(self, name: str) -> Entry:
        """See `Catalogue.entry`."""
        if name.replace("-", "_") not in self.entries:
            self.entries.update(discover().entries)
        return super().entry(name)


def growing(kind: str) -> Catalogue:
    """A catalogue that begins with one kind or variant. Raises Unknown."""
    begun = only(kind)
    return Growing(begun.entries.values(), begun.left_out)


class Direct:
    """One open log, as the caller whose token it is (`grant`; None = nobody said who)."""

    def __init__(
        self,
        settings: Settings,
        dsn: str,
        log: PostgresLog,
        catalogue: Catalogue,
        language: Language,
        grant: Grant | None = None,
    ) -> None:
        self._settings = settings
        self.dsn = dsn
        self.log = log
        self.catalogue = catalogue
        self.directory = Directory(log, catalogue)
        self.commands = Commands(log, catalogue, self.directory)
        self.grant = grant
        self.stack = contextlib.AsyncExitStack()
        self.language = language
        self._numbers: Parts | None = None

    def actor(self) -> Grant:
        """Who acts. Raises Unauthenticated where nobody has said so."""
        if self.grant is None:
            raise Unauthenticated(
                "it is not said who acts: set JISHI_TOKEN",
                zh="没有指明操作者：请设置 JISHI_TOKEN",
            )
        return self.grant

    def reader(self) -> Grant:
        """Who reads: the caller, or the owner of the database."""
        return self.grant or OWNER

    async def zone(self) -> ZoneInfo:
        """The zone of the log."""
        return self.log.zone

    async def status(self) -> dict[str, Any]:
        """How it is running."""
        from services.terminal.standing import of_database

        return await of_database(self, self._settings)

    # --- acting -----------------------------------------------------------------------------------

    async def do(
        self,
        kind: str,
        info: CommandInfo,
        case_id: str | None,
        fields: Mapping[str, Any],
        *,
        command_id: UUID,
        expect: int | None = None,
        cause: str | None = None,
    ) -> dict[str, Any]:
        """Give one command; the answer of the contract. `case_id` is None where it starts."""
        grant = self.grant or KEEPER if kind == "access" else self.actor()
        request = Request(grant, kind, info.name, case_id, fields, command_id, expect, cause)
        try:
            done = await self.commands.do(request)
        except JishiError as error:
            await self._note(request, error)
            raise
        answer: dict[str, Any] = json.loads(done.json(self.language))
        return answer

    async def _note(self, request: Request, error: JishiError) -> None:
        """Keep an attempt that was not let through, as the HTTP side does: no payload."""
        from services.web.logged import Attempt

        if error.status not in NOTED:
            return
        attempt = Attempt(
            at=self.commands.now(),
            person=request.grant.person,
            token_id=request.grant.token_id,
            what="CLI",
            where="/".join(filter(None, (request.kind, request.id, request.command))),
            why_not=f"{error.code} {error.fields.get('refusal') or ''}".strip(),
        )
        # What was refused is said to the caller in any case.
        with contextlib.suppress(Unavailable):
            await self.log.access_log.keep([attempt])

    # --- reading ----------------------------------------------------------------------------------

    async def next_commands(self, entry: Entry, case_id: str) -> tuple[str, list[str]]:
        """The state of a case in words, and what this caller may do next with it."""
        grant = self.reader()
        case = await self.commands.case(grant, entry.name, case_id)
        infos = next_commands(entry, case, grant.actor)
        names = [info.verb for info in infos if grant.may(entry.kind, info.name)]
        return entry.state_label(case.state).text(self.language), names

    async def cases(self, kind: str, pairs: Pairs = ()) -> dict[str, Any]:
        """A page of cases: `{"items", "next"}`."""
        return self._json(await self._api.cases(self._asking(pairs, kind=kind), self.reader()))

    async def templates(self) -> dict[str, Any]:
        """Every template: `{"items"}`."""
        from services.installing import listed

        return {"items": listed(self.commands, self.log.zone)}

    async def install(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Install one; the template as it stands then."""
        from services.installing import listed, request_of

        code, request = request_of(self.commands, self.actor(), fields, self.log.zone)
        await self._lay_down(request)
        items = listed(self.commands, self.log.zone)
        return next(item for item in items if item["rule"] == code)

    async def _lay_down(self, request: Request | None) -> None:
        """Give the command that lays down a template or table, where one is needed."""
        if request is None:
            return
        try:
            await self.commands.do(request)
        except JishiError as error:
            await self._note(request, error)
            raise

    async def tables(self, pairs: Pairs = ()) -> dict[str, Any]:
        """Every table: `{"items"}`."""
        from services.web.tables import Tables

        return self._json(await Tables(self._parts).tables(self._asking(pairs), self.reader()))

    async def install_table(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Install one; the table as it stands then."""
        from services.exchange.laying import request_of, state_of

        counters = self._parts.ledger.counters
        name, request = request_of(self.commands, self.actor(), fields, counters, self.log.zone)
        await self._lay_down(request)
        return state_of(self.commands, self.log.zone, name)

    async def table(self, name: str | TableRule, form: str, pairs: Pairs) -> bytes:
        """One table filled, as csv or xlsx: one that is known here, or one that is handed in."""
        from services.exchange.laying import table_named
        from services.exchange.tabling import planned
        from services.web.tables import Tables

        table = table_named(self.commands, self.log.zone, name) if isinstance(name, str) else name
        plan = planned(table, self.catalogue)
        parts = self._parts if plan.entry is not None else await self.numbers()
        tables = Tables(parts)
        filled = await tables.filled(table, self._asking(pairs), self.reader())
        return tables.as_bytes(filled, form, self.language)

    async def tickets(self, pairs: Pairs) -> bytes:
        """Where the hotline's tickets stand, as JSON."""
        from services.web.hotline import Hotline

        reply = await Hotline(self._parts).tickets(self._asking(pairs), self.reader())
        return reply.body

    async def counters(self, pairs: Pairs) -> dict[str, Any]:
        """The numbers asked for."""
        from services.web.reading import Reading

        reading = Reading(await self.numbers())
        return self._json(await reading.counters(self._asking(pairs), self.reader()))

    async def explain(self, name: str, pairs: Pairs) -> dict[str, Any]:
        """The events behind one number."""
        from services.web.reading import Reading

        reading = Reading(await self.numbers())
        return self._json(await reading.explain(self._asking(pairs, name=name), self.reader()))

    async def book(self, pairs: Pairs) -> dict[str, Any]:
        """The record book asked for. Raises Unauthenticated: it is somebody's."""
        from services.web.book_pages import BookPages

        pages = BookPages(await self.numbers())
        return self._json(await pages.json(self._asking(pairs), self.actor()))

    async def events(self, pairs: Pairs) -> dict[str, Any]:
        """A page of events: `{"events", "next", "head"}`."""
        return self._json(await self._reading.events(self._asking(pairs), self.reader()))

    async def follow(self, after: int | None, pairs: Pairs) -> AsyncIterator[dict[str, Any]]:
        """Pages of events behind a position (None: from now on), for ever."""
        position = await self.log.head() if after is None else after
        async for batch in self.log.follow(position, limit=PAGE_EVENTS):
            while position < batch[-1].position:
                page = await self.events([*pairs, ("after", str(position)), ("limit", "500")])
                position = page["next"]
                yield page

    async def upkeep(self) -> tuple[Upkeep, Database]:
        """What looks after the projections, and the database they are in."""
        from projections.database import Database
        from services.books import road_of, upkeep_of

        database = await Database.open(self._settings.read_database_url or self.dsn)
        self.stack.push_async_callback(database.close)
        upkeep = upkeep_of(database, self.log, self.catalogue, road_of(self._settings))
        await upkeep.install()
        return upkeep, database

    async def numbers(self) -> Parts:
        """The parts with every number up to date, read from the pages that are kept."""
        if self._numbers is None:
            from projections.counters import COUNTERS

            upkeep, _ = await self.upkeep()
            self._numbers = replace(self._parts, ledger=await upkeep.ledger(COUNTERS))
        await self._numbers.ledger.catch_up()
        return self._numbers

    @cached_property
    def _parts(self) -> Parts:
        from projections.counters import COUNTERS
        from projections.ledger import Ledger
        from services.web.logged import AttemptLog
        from services.web.parts import Parts
        from services.web.ring import Ring
        from services.wiring import Readiness

        ledger = Ledger(self.log, COUNTERS, self.catalogue.shapes)
        return Parts(
            commands=self.commands,
            log=self.log,
            ledger=ledger,
            ring=Ring(self.log),
            attempts=AttemptLog(self.log.access_log),
            health=Readiness(self.log, ledger, self.directory),
            language=self.language,
        )

    @cached_property
    def _reading(self) -> Reading:
        from services.web.reading import Reading

        return Reading(self._parts)

    @cached_property
    def _api(self) -> Api:
        from services.web.api import Api

        return Api(self._parts)

    def _asking(self, pairs: Pairs = (), **path: str) -> HttpRequest:
        """A question as the endpoints take it."""
        from starlette.requests import Request as HttpRequest

        from services.web.routes import LANGUAGE

        return HttpRequest(
            {
                "type": "http",
                "method": "GET",
                "path": "/",
                "query_string": urlencode(list(pairs)).encode(),
                "headers": [],
                "path_params": path,
                LANGUAGE: self.language,
            }
        )

    @staticmethod
    def _json(reply: Reply) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(reply.body)
        return found


@contextlib.asynccontextmanager
async def opened(settings: Settings, say: Say, kind: str | None = None) -> AsyncIterator[Direct]:
    """Open the database, its log and its registers. With a `kind` only that workflow is read.

    Raises Unavailable where it is away or not made yet, Unauthenticated for a token that is not
    good.
    """
    to_stderr(quiet=say.quiet)
    catalogue = growing(kind) if kind else discover()
    with database(settings, say) as dsn:
        async with connected(dsn) as connection:
            check_made(await pending(connection))
        log = await PostgresLog.open(dsn, catalogue.shapes, limits=settings.log)
        try:
            direct = Direct(settings, dsn, log, catalogue, say.language)
            async with direct.stack:
                await direct.directory.catch_up()
                direct.grant = _grant(settings, direct.directory)
                yield direct
        finally:
            await log.close()


def _grant(settings: Settings, directory: Directory) -> Grant | None:
    if settings.token is None:
        return None
    grant = directory.grant(settings.token.get_secret_value(), datetime.now(UTC))
    if grant is None:
        raise Unauthenticated(
            "JISHI_TOKEN is not good here: unknown, revoked or expired; ask for another",
            zh="JISHI_TOKEN 无效：未知、已撤销或已过期，请另行申请",
        )
    return grant


def check_made(missing: list[str]) -> None:
    """Raises Unavailable where files of SQL have not been applied."""
    if missing:
        raise Unavailable(
            f"the database is not ready for this program ({missing[0]} is missing): run "
            "`jishi migrate`, or `jishi up`, which does that too",
            zh=f"数据库尚未就绪（缺 {missing[0]}）：请运行 jishi migrate（jishi up 会一并完成）",
        )
