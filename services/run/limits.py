"""上限 · The limits of the embedded database, each with its default; the settings set them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """Every wait ends somewhere."""

    start_seconds: float = 3600.0
    """等待数据库就绪的上限（崩溃后恢复可能需数分钟） · How long a start waits for the database."""
    stop_seconds: float = 300.0
    """等待数据库停止的上限 · How long a stop waits before it ends the server at once."""


LIMITS = DatabaseLimits()
