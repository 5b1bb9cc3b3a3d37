"""退出码 · What the shell is told (published: scripts hold on to these numbers)."""

from __future__ import annotations

from events.errors import (
    Conflict,
    Invalid,
    JishiError,
    KeyReused,
    Unavailable,
)

DONE = 0
FAILED = 1
USAGE = 2
TAMPERED = 3
CONFLICT = 4
NOT_READY = 5
INTERRUPTED = 130

BY_PROBLEM = {
    "invalid": USAGE,
    "malformed": USAGE,
    "key-reused": USAGE,
    "revision-conflict": CONFLICT,
    "unavailable": NOT_READY,
    "ambiguous": NOT_READY,
}
"""From the last part of a problem's `type`; every other one is FAILED."""


def exit_code(error: JishiError) -> int:
    """The exit code of an error raised here; one that came from a server brings its own."""
    stated = getattr(error, "exit_code", None)
    if isinstance(stated, int):
        return stated
    match error:
        case Invalid() | KeyReused():
            return USAGE
        case Conflict():
            return CONFLICT
        case Unavailable():
            return NOT_READY
        case _:
            return FAILED
