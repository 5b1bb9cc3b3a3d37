"""案件的样子 · A case as JSON: its state, its clocks, and what the caller may do next."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from services.access import Grant
from services.kernel.case import Case
from services.kernel.catalogue import next_commands
from services.kernel.entry import CommandInfo, Entry, state_word
from services.kernel.receipt import receipt
from services.web.language import Language


def case_json(entry: Entry, case: Case, grant: Grant, language: Language) -> dict[str, Any]:
    """`{"id", "kind", "revision", "state", "about", "data", "clocks", "next", …}`."""
    state = case.state
    return {
        "id": case.id,
        "kind": entry.kind,
        "stream": case.stream,
        "receipt": receipt(case.id),
        "revision": case.revision,
        "state": state_word(type(state)) if state is not None else "voided",
        "label": entry.state_label(state).text(language),
        "about": case.about.model_dump(mode="json", exclude_none=True),
        "data": _state_json(state),
        "opened_at": case.opened_at,
        "moved_at": case.moved_at,
        "clocks": [_clock_json(entry, clock, language) for clock in case.clocks.values()],
        "evidence": case.evidence,
        "feedback": case.feedback,
        "confirmed": sorted(case.confirmed),
        "verified": sorted(case.verified),
        "challenged": sorted(case.challenged),
        "in_question": sorted(case.in_question),
        "corrected": sorted(case.corrected),
        "upheld": sorted(case.upheld),
        "duplicate_of": case.duplicate_of,
        "next": [
            command_json(entry, info, case, language)
            for info in next_commands(entry, case, grant.actor)
            if grant.may(entry.kind, info.name)
        ],
    }


def command_json(entry: Entry, info: CommandInfo, case: Case, language: Language) -> dict[str, Any]:
    """One thing that may be done next, with where to send it."""
    return {
        "command": info.name,
        "label": info.label.text(language),
        "method": "POST",
        "href": f"/api/v1/{entry.kind}/{case.id}/{info.name}",
    }


def plain(value: Any) -> Any:
    """A value of a state as JSON: dataclasses and named tuples become objects."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(item) for name, item in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _state_json(state: Any) -> dict[str, Any]:
    if state is None:
        return {}
    return {name: item for name, item in plain(state).items() if name != "about"}


def _clock_json(entry: Entry, clock: Any, language: Language) -> dict[str, Any]:
    due: datetime | None = clock.due_at
    return {
        "clock": clock.name,
        "label": clock.declaration(entry.workflow).label.text(language),
        "of_unit": clock.of_unit,
        "of_revision": clock.of_revision,
        "due_at": due,
        "left_seconds": clock.left_seconds,
        "missed": clock.missed,
        "extensions": clock.extensions,
    }
