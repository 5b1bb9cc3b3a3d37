"""编号 · What a thing is called by everywhere, and so is not put right by a correction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.kernel.case import Case, Told
from services.kernel.words import Refusal, refuse

IDENTITY = Refusal(
    "identity",
    "{field} 是它的编号，处处以此相称，不能更正：请作废，另以正确编号登记",
    "{field} is what it is called by everywhere: void it, and register it under the right one",
)


def check_identity(case: Case, told: Told, changes: Mapping[str, Any]) -> None:
    """Refuse a correction of the code under which a register entry stands: its stream would say one
    thing and its facts another, and whoever named it would mean nothing."""
    key = case.workflow.key
    if key is None or key not in changes:
        return
    if told.stored["data"].get(key) == case.id != changes[key]:
        refuse(IDENTITY, field=key)
