"""小城 · Who the commands and requests of a measurement come from, and where they happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from uuid_utils.compat import uuid7

from bench.lives import grant
from services.access import Grant, new_token, token_hash
from services.commands import Commands, Request
from services.directory import Directory
from services.kernel.catalogue import discover
from streams.log import PostgresLog

FOUNDER = grant("founder", "system", "administrator")
AREAS = (("d1", "district", None), ("s1", "street", "d1"), ("c1", "community", "s1"))
PEOPLE: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "office": ("office", None, ("dispatcher", "community")),
    "worker": ("w1", "u1", ("worker",)),
    "resident": ("p1", None, ("resident",)),
}


@dataclass
class Town:
    """Commands of a log that has a map and a unit; grants and tokens of its people."""

    log: PostgresLog
    commands: Commands
    grants: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


async def town_on(dsn: str) -> Town:
    """Lay a town out on an empty log; close the log."""
    catalogue = discover()
    log = await PostgresLog.open(dsn, catalogue.shapes)
    town = Town(log, Commands(log, catalogue, Directory(log, catalogue)))
    give = town.commands.do
    for code, level, parent in AREAS:
        where = {} if parent is None else {"parent": parent}
        fields: dict[str, Any] = {"code": code, "name": code, "level": level, **where}
        await give(Request(FOUNDER, "area", fields=fields))
    unit = {"code": "u1", "name": "u1", "area": "d1", "org_kind": "department"}
    await give(Request(FOUNDER, "org", fields=unit))
    for name, (person, of_unit, roles) in PEOPLE.items():
        town.tokens[name] = token = new_token()
        fields = {
            "person": person,
            "roles": list(roles),
            "area": "d1",
            "actions": ["*"],
            "secret_hash": token_hash(token),
            **({"unit": of_unit} if of_unit else {}),
        }
        done = await give(Request(FOUNDER, "access", fields=fields, command_id=uuid7()))
        town.grants[name] = town.commands.directory.grants[done.id]
    return town
