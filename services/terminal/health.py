"""体检 · What `jishi doctor` says: one finding for each line, with what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import asyncpg

from events.errors import JishiError
from services.terminal.database import Connection
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.kernel.catalogue import Catalogue
    from services.run.settings import Settings
    from streams.log import PostgresLog

State = Literal["ok", "warn", "fail"]
STATEMENT_SECONDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `next` says what to do where it is not ok; `tampered`: stored data was changed."""

    name: str
    state: State
    text: Both
    next: Both | None = None
    tampered: bool = False

    def json(self, language: Literal["zh", "en"]) -> dict[str, Any]:
        """The line for programs."""
        return {
            "check": self.name,
            "state": self.state,
            "text": self.text.text(language),
            "next": self.next.text(language) if self.next else None,
        }


@dataclass
class Patient:
    """What is examined. `full`: every event is looked at, not only a sample."""

    connection: Connection
    settings: Settings
    dsn: str
    catalogue: Catalogue
    log: PostgresLog | None = None
    full: bool = False


Check = Callable[[Patient], Awaitable[list[Finding]]]


async def examine(patient: Patient, checks: Sequence[tuple[str, Check]]) -> list[Finding]:
    """All findings, in their order. A check that cannot be made is a finding itself."""
    await patient.connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS_MAX}s'")
    found: list[Finding] = []
    for name, check in checks:
        try:
            found += await check(patient)
        except (asyncpg.PostgresError, JishiError) as error:
            found.append(
                Finding(
                    name,
                    "fail",
                    Both(f"无法检查：{error}", f"could not be looked at: {error}"),
                    Both("先处理上面各项", "see to the lines above first"),
                )
            )
    return found
