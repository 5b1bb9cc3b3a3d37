"""部件 · What the web side is handed: it looks nothing up by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import Scope

from events.errors import JishiError
from projections.ledger import Ledger
from services.access import Grant
from services.commands import Commands
from services.directory import ZonedLog
from services.web.language import Language
from services.web.logged import Attempt, AttemptLog
from services.web.meters import Meters
from services.web.ring import Ring
from services.web.routes import GRANT
from streams.limits import KafkaLimits

NOBODY = Grant("", "")


class Health(Protocol):
    """Whether the house is ready to answer."""

    async def problems(self) -> list[str]:
        """What is not as it should be, each in one sentence; none where all is well."""
        ...


@dataclass(frozen=True, slots=True)
class WebLimits:
    """What ends somewhere, on the web side."""

    body_bytes: int = 65_536
    page: int = 500
    """Most items in one page."""
    page_usual: int = 100
    wait_seconds: float = 30.0
    """Longest a long poll waits."""
    ping_seconds: float = 15.0
    """How often a feed says something where there is nothing to say."""
    send_seconds: float = 30.0
    """How long a frozen reader of the feed is put up with."""
    listeners: int = 5_000
    lag_seconds: float = 5.0
    """How often the feed says how far behind the numbers are."""


@dataclass
class Parts:
    """Everything the endpoints work with. Another ledger may take the place of the one there is."""

    commands: Commands
    log: ZonedLog
    ledger: Ledger
    ring: Ring
    attempts: AttemptLog
    health: Health
    language: Language = "zh"
    visitor: Grant | None = None
    """What a reader without a token sees: everything of a demonstration, nothing anywhere else."""
    limits: WebLimits = WebLimits()
    road: KafkaLimits = field(default_factory=KafkaLimits)
    """How facts travel to others over Kafka."""
    relayed: Callable[[], Awaitable[Sequence[int]]] | None = None
    """By partition, how far the relay has told its readers everything; nothing where none ran."""
    meters: Meters = field(default_factory=Meters)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self.meters.answered(route, method, status, seconds)

    def refused(self, scope: Scope, error: JishiError) -> None:
        """One request was not let through: who, what, where, why not. No payload."""
        code = str(error.fields.get("refusal") or "")
        self.meters.refused(error.code, code)
        if error.status not in (401, 403, 409, 404):
            return
        grant = scope.get(GRANT)
        known = grant if isinstance(grant, Grant) else NOBODY
        self.attempts.note(
            Attempt(
                at=self.commands.now(),
                person=known.person,
                token_id=known.token_id,
                what=str(scope["method"]),
                where=str(scope["path"]),
                why_not=f"{error.code} {code}".strip(),
            )
        )
