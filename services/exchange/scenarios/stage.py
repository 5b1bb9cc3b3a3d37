"""舞台 · What a scenario is played on: an application, a clock that is set, and a first token."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from starlette.types import ASGIApp

from services.kernel.catalogue import Catalogue


class Stage(Protocol):
    """One log of its own with everything that belongs to it."""

    @property
    def app(self) -> ASGIApp:
        """The whole application, gate and all."""
        ...

    @property
    def administrator(self) -> str:
        """The token of the log's first administrator."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the log's days."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """Every kind and variant there is now."""
        ...

    async def move_to(self, instant: datetime) -> None:
        """Set the clock, which never goes back. Every deadline that falls due on the way fires at
        its own time."""
        ...
