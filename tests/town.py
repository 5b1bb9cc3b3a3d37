"""A small made-up town on a log of its own: a district, two streets, people with tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg

from events.clock import micros
from services.access import Grant, new_token, token_hash
from services.commands import Commands, Done, Request, clock
from services.directory import Directory, ZonedLog
from services.kernel.catalogue import Catalogue, make_entry, titles
from streams.log import PostgresLog
from streams.memory import MemoryLog
from streams.schema import MadeAs, establish

ZONE = ZoneInfo("Asia/Shanghai")
CATALOGUE = Catalogue(
    make_entry(title)
    for title in titles().values()
    if title.template is None and (title.is_register or title.name == "order")
)
"""One workflow and the registers it needs."""
FOUNDER = Grant(
    "founder", "founder", roles=frozenset({"system", "administrator"}), actions=frozenset({"*"})
)
AREAS = (
    ("d1", "示范区", "district", None),
    ("s1", "东街道", "street", "d1"),
    ("s2", "西街道", "street", "d1"),
    ("c1", "东一社区", "community", "s1"),
    ("c2", "东二社区", "community", "s1"),
    ("c3", "西一社区", "community", "s2"),
)
UNITS = (("u1", "区水务局", "d1"), ("u2", "区园林局", "d1"))
PEOPLE: Mapping[str, tuple[str, str | None, tuple[str, ...], str]] = {
    # name: person, unit, roles, area
    "admin": ("admin", None, ("administrator",), "root"),
    "dispatcher": ("dora", None, ("dispatcher", "community"), "d1"),
    "worker": ("w1", "u1", ("worker",), "d1"),
    "resident": ("p1", None, ("resident",), "c1"),
    "east": ("edda", None, ("dispatcher", "community"), "s1"),
    "west": ("wido", None, ("dispatcher", "community"), "s2"),
}


@dataclass
class Watch:
    """A clock that stands where it is put."""

    at: datetime = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def micros(self) -> int:
        return micros(self.at)

    def later(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


@dataclass
class Town:
    """Commands of a log, and the tokens of its people."""

    log: ZonedLog
    commands: Commands
    tokens: dict[str, str] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)

    @property
    def directory(self) -> Directory:
        return self.commands.directory

    async def settle(self) -> Town:
        """Lay out the map, register the units, give everybody a token."""
        for code, name, level, parent in AREAS:
            where: dict[str, Any] = {"parent": parent} if parent else {}
            await self.give(FOUNDER, "area", code=code, name=name, level=level, **where)
        for code, name, area in UNITS:
            await self.give(FOUNDER, "org", code=code, name=name, area=area, org_kind="department")
        for name, (person, unit, roles, area) in PEOPLE.items():
            await self.enrol(name, person, unit, roles, area)
        return self

    async def enrol(
        self,
        name: str,
        person: str,
        unit: str | None,
        roles: tuple[str, ...],
        area: str,
        actions: tuple[str, ...] = ("*",),
        **more: Any,
    ) -> str:
        """Grant somebody a token; returns it."""
        token = new_token()
        done = await self.give(
            FOUNDER,
            "access",
            person=person,
            roles=list(roles),
            area=area,
            actions=list(actions),
            secret_hash=token_hash(token),
            **{**({"unit": unit} if unit else {}), **more},
        )
        self.tokens[name] = token
        self.grants[name] = self.directory.grants[done.id]
        return token

    async def give(
        self,
        who: Grant | str,
        kind: str,
        command: str = "",
        case_id: str | None = None,
        *,
        key: UUID | None = None,
        expect: int | None = None,
        **fields: Any,
    ) -> Done:
        """Give a command."""
        grant = self.grants[who] if isinstance(who, str) else who
        return await self.commands.do(
            Request(grant, kind, command, case_id, fields, key or uuid4(), expect)
        )

    async def placed(self, area: str = "c1", who: str = "dispatcher") -> str:
        """The id of a new order."""
        return (await self.give(who, "order", area=area, requester="p1")).id

    async def dispatched(self, area: str = "c1") -> str:
        """The id of a new order that waits for the unit to say yes."""
        case_id = await self.placed(area)
        await self.give("dispatcher", "order", "dispatch", case_id, unit="u1")
        return case_id


async def memory_town(watch: Watch | None = None, catalogue: Catalogue = CATALOGUE) -> Town:
    """A town in memory."""
    watch = watch or Watch()
    log = MemoryLog("town", ZONE, catalogue.shapes, watch.micros)
    return await town_on(log, watch, catalogue)


async def town_on(
    log: ZonedLog, watch: Watch | None = None, catalogue: Catalogue = CATALOGUE
) -> Town:
    """A town on a log that is empty."""
    directory = Directory(log, catalogue)
    now = clock if watch is None else watch.now
    return await Town(log, Commands(log, catalogue, directory, now)).settle()


async def migrated_log(
    dsn: str, catalogue: Catalogue = CATALOGUE, *, now: Callable[[], int] | None = None
) -> PostgresLog:
    """The log of a migrated database; with a clock of its own it is made as scenario."""
    connection = await asyncpg.connect(dsn)
    try:
        made_as: MadeAs = "live" if now is None else "scenario"
        await establish(connection, log_id="town", zone=ZONE.key, made_as=made_as)
    finally:
        await connection.close()
    return await PostgresLog.open(dsn, catalogue.shapes, now=now)
