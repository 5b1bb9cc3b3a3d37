"""经由服务 · The way to the records over HTTP: what the program does where JISHI_SERVER is set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

from events.errors import Invalid
from services.terminal.client import Client

if TYPE_CHECKING:
    from uuid import UUID

    from services.facts.rule_words import TableRule
    from services.kernel.entry import CommandInfo, Entry
    from services.run.settings import Settings
    from services.terminal.words import Language

API = "/api/v1"
WAIT_SECONDS = 25
Pairs = Sequence[tuple[str, str]]


class Remote:
    """One server, as the caller whose token it is."""

    def __init__(self, settings: Settings, language: Language) -> None:
        if settings.server is None:
            raise AssertionError("no server is set")
        token = settings.token.get_secret_value() if settings.token else None
        self.client = Client(settings.server, token, language)
        self._url = settings.server
        self._zone: ZoneInfo | None = None

    async def zone(self) -> ZoneInfo:
        """The zone of the deployment, as its catalogue says."""
        if self._zone is None:
            self._zone = ZoneInfo(self._get("catalogue")["zone"])
        return self._zone

    async def status(self) -> dict[str, Any]:
        """What the server says of itself."""
        from services.terminal.standing import of_server

        return of_server(self.client, self._get("catalogue"), self._url)

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
        """Send one command. Sent again with its id where the connection breaks: it lands once."""
        headers = {"Idempotency-Key": str(command_id)}
        if expect is not None:
            headers["If-Match"] = f'"{expect}"'
        if cause is not None:
            headers["Jishi-Cause"] = cause
        path = [kind] if case_id is None else [kind, case_id, info.name]
        answer: dict[str, Any] = self.client.post(_path(*path), fields, headers)
        return answer

    # --- reading ----------------------------------------------------------------------------------

    async def next_commands(self, entry: Entry, case_id: str) -> tuple[str, list[str]]:
        """The state of a case in words, and what this caller may do next with it."""
        case = self._get(entry.name, case_id)
        return case["label"], [item["command"].replace("_", "-") for item in case["next"]]

    async def cases(self, kind: str, pairs: Pairs = ()) -> dict[str, Any]:
        """A page of cases: `{"items", "next"}`."""
        return self._get(kind, pairs=pairs)

    async def templates(self) -> dict[str, Any]:
        """Every template: `{"items"}`."""
        return self._get("templates")

    async def install(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Install one; the template as it stands then."""
        headers = {"Idempotency-Key": str(uuid4())}
        answer: dict[str, Any] = self.client.post(_path("templates"), fields, headers)
        return answer

    async def tables(self, pairs: Pairs = ()) -> dict[str, Any]:
        """Every table: `{"items"}`."""
        return self._get("tables", pairs=pairs)

    async def install_table(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Install one; the table as it stands then."""
        headers = {"Idempotency-Key": str(uuid4())}
        answer: dict[str, Any] = self.client.post(_path("tables"), fields, headers)
        return answer

    async def table(self, name: str | TableRule, form: str, pairs: Pairs) -> bytes:
        """One table filled, as csv or xlsx. Raises Invalid for one that is not installed there."""
        if not isinstance(name, str):
            raise Invalid(
                "a server fills the tables installed there: `jishi table install FILE` first",
                field="TABLE",
                value=name.name,
                zh="服务端只制作已安装的台账：请先 jishi table install FILE",
            )
        return self.client.raw(_path("tables", f"{name}.{form}"), pairs)

    async def tickets(self, pairs: Pairs) -> bytes:
        """Where the hotline's tickets stand, as JSON."""
        return self.client.raw(_path("hotline", "tickets"), pairs)

    async def counters(self, pairs: Pairs) -> dict[str, Any]:
        """The numbers asked for."""
        return self._get("counters", pairs=pairs)

    async def explain(self, name: str, pairs: Pairs) -> dict[str, Any]:
        """The events behind one number."""
        return self._get("counters", name, "events", pairs=pairs)

    async def book(self, pairs: Pairs) -> dict[str, Any]:
        """The record book asked for."""
        return self._get("book", pairs=pairs)

    async def events(self, pairs: Pairs) -> dict[str, Any]:
        """A page of events: `{"events", "next", "head"}`."""
        return self._get("events", pairs=pairs)

    async def follow(self, after: int | None, pairs: Pairs) -> AsyncIterator[dict[str, Any]]:
        """Pages of events behind a position (None: from now on), for ever."""
        if after is None:
            after = (await self.events([("newest", "1"), ("limit", "1")]))["head"]
        while True:
            going_on = [("after", str(after)), ("limit", "500"), ("wait", str(WAIT_SECONDS))]
            page = await self.events([*pairs, *going_on])
            after = page["next"]
            yield page

    def _get(self, *path: str, pairs: Pairs = ()) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get(_path(*path), pairs)
        return answer


def _path(*parts: str) -> str:
    """Each part quoted whole: an id with a slash in it must not become another address."""
    return "/".join([API, *(quote(part, safe="") for part in parts)])
