"""经由服务 · The way to the records over HTTP: what the program does where JISHI_SERVER is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from services.terminal.client import Client, ServerProblem

if TYPE_CHECKING:
    from uuid import UUID

    from services.kernel.entry import CommandInfo, Entry
    from services.run.settings import Settings
    from services.terminal.words import Language

API = "/api/v1"
PAGE_EVENTS = 500
WAIT_SECONDS = 25
Envelope = dict[str, Any]
Pairs = list[tuple[str, str]]


class Remote:
    """One server, as the caller whose token it is."""

    def __init__(self, settings: Settings, language: Language) -> None:
        if settings.server is None:
            raise AssertionError("no server is set")
        token = settings.token.get_secret_value() if settings.token else None
        self._settings = settings
        self.client = Client(settings.server, token, language)
        self._catalogue: dict[str, Any] | None = None

    async def zone(self) -> ZoneInfo:
        """The zone of the deployment, as its catalogue says."""
        return ZoneInfo(self._known()["zone"])

    async def do(
        self,
        kind: str,
        info: CommandInfo,
        case_id: str | None,
        fields: Mapping[str, Any],
        *,
        command_id: UUID,
        expect: int | None,
    ) -> dict[str, Any]:
        """Send one command. Sent again with its id where the connection breaks: it lands once."""
        headers = {"Idempotency-Key": str(command_id)}
        if expect is not None:
            headers["If-Match"] = f'"{expect}"'
        path = f"{API}/{kind}" if info.starts else f"{API}/{kind}/{case_id}/{info.name}"
        answer: dict[str, Any] = self.client.post(path, fields, headers)
        return answer

    async def grant(self, fields: Mapping[str, Any], *, command_id: UUID) -> dict[str, Any]:
        """Record the grant of a token."""
        headers = {"Idempotency-Key": str(command_id)}
        answer: dict[str, Any] = self.client.post(f"{API}/access", fields, headers)
        return answer

    async def next_commands(self, entry: Entry, case_id: str) -> list[str]:
        """What this caller may do next with a case; none where it may not be read."""
        try:
            answer = self.client.get(f"{API}/{entry.name}/{case_id}")
        except ServerProblem:
            return []
        return [str(item["command"]).replace("_", "-") for item in answer["next"]]

    async def counters(self, pairs: Pairs) -> dict[str, Any]:
        """The numbers asked for."""
        answer: dict[str, Any] = self.client.get(f"{API}/counters", pairs)
        return answer

    async def explain(self, name: str, pairs: Pairs) -> dict[str, Any]:
        """The events behind one number."""
        answer: dict[str, Any] = self.client.get(f"{API}/counters/{name}/events", pairs)
        return answer
