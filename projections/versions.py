"""版本 · Versions of a projection: one is read, one kept for going back, one may be in the making.

A version of a row projection is a table (`case_v2`) and a checkpoint of that name; of the ledger,
its pages. The view `projections.case` always shows the version that is read, and changes together
with its state in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from events.errors import Refused, Unknown
from events.fact import Shape
from projections.database import Connection, Database
from projections.rows import NAME

BUILDING, ACTIVE, KEPT = "building", "active", "kept"
LOG, KAFKA = "log", "kafka"
LEDGER = "ledger"
"""The projection that has pages and no table."""


@dataclass(frozen=True)
class Road:
    """How the facts come to a version: from the log, to whichever process serves, or over Kafka,
    to workers, in so many parts."""

    name: str = LOG
    parts: int = 1


BY_LOG = Road()


def by_kafka(parts: int) -> Road:
    """Over Kafka, in so many parts."""
    return Road(KAFKA, parts)


@dataclass(frozen=True)
class Version:
    """One version. `shapes`: how the counted fields were laid out when it was extracted."""

    projection: str
    number: int
    state: str
    shapes: Mapping[str, object]
    bodies_upto: int
    road: Road = BY_LOG

    @property
    def name(self) -> str:
        """What its table, pages and checkpoint are called."""
        return f"{self.projection}_v{self.number}"

    def stale(self, shapes: Mapping[str, Shape]) -> list[str]:
        """Facts whose counted fields are laid out otherwise today: pages of before say nothing of
        them. A fact that is new makes nothing stale."""
        return sorted(
            fact
            for fact, layout in self.shapes.items()
            if fact in shapes and layout != _layout(shapes[fact])
        )


class Versions:
    """The versions in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, projection: str | None = None) -> list[Version]:
        """By projection and number."""
        rows = await self._database.fetch(LIST, projection)
        return [
            Version(
                row["projection"],
                row["number"],
                row["state"],
                json.loads(row["shapes"]),
                row["upto"],
                Road(row["road"], row["parts"]),
            )
            for row in rows
        ]

    async def one(self, projection: str, state: str) -> Version:
        """The version in that state. Raises Unknown."""
        for version in await self.all(projection):
            if version.state == state:
                return version
        raise Unknown(
            f"no version of {projection} is {state}: see `jishi projection list`",
            what="version",
            name=f"{projection} ({state})",
            zh=f"投影 {projection} 没有处于 {state} 状态的版本",
        )

    async def ensure(
        self, projection: str, shapes: Mapping[str, Shape], road: Road = BY_LOG
    ) -> Version:
        """The active version, made as number 1, on this road, where there is none."""
        async with self._database.transaction() as connection:
            await _lock(connection, projection)
            rows = await connection.fetch(LIST, projection)
            if not any(row["state"] == ACTIVE for row in rows):
                await self._make(connection, projection, len(rows) + 1, ACTIVE, shapes, road)
        return await self.one(projection, ACTIVE)

    async def start(
        self,
        projection: str,
        shapes: Mapping[str, Shape],
        road: Road = BY_LOG,
        *,
        bodies_upto: int = 0,
    ) -> Version:
        """A new version beside the others, empty. Raises Refused where one is in the making."""
        async with self._database.transaction() as connection:
            await _lock(connection, projection)
            rows = await connection.fetch(LIST, projection)
            for row in rows:
                if row["state"] == BUILDING:
                    raise Refused(
                        f"{projection}_v{row['number']} is in the making: swap it in, or drop it",
                        refusal="already_building",
                        zh=f"{projection}_v{row['number']} 正在重建：请先切换或删除",
                    )
            number = max((row["number"] for row in rows), default=0) + 1
            await self._make(connection, projection, number, BUILDING, shapes, road, bodies_upto)
        return await self.one(projection, BUILDING)

    async def swap(self, projection: str) -> Version:
        """Read the version in the making from now on; keep the one read so far, drop the one kept
        before. One transaction."""
        return await self._exchange(projection, BUILDING, ACTIVE, KEPT)

    async def rollback(self, projection: str) -> Version:
        """Read the kept version again; the one read so far becomes the one in the making."""
        return await self._exchange(projection, KEPT, ACTIVE, BUILDING)

    async def drop(self, projection: str, state: str = BUILDING) -> None:
        """Throw a version away that is not read."""
        if state == ACTIVE:
            raise AssertionError("the version that is read is never dropped")
        version = await self.one(projection, state)
        async with self._database.transaction() as connection:
            await _lock(connection, projection)
            await _drop(connection, version)

    async def _exchange(self, projection: str, rising: str, old: str, sinking: str) -> Version:
        up, down = await self.one(projection, rising), await self.one(projection, old)
        async with self._database.transaction() as connection:
            await _lock(connection, projection)
            for version in await self.all(projection):
                if version.state == sinking and version.number not in (up.number, down.number):
                    await _drop(connection, version)
            await connection.execute(STATE, projection, down.number, sinking)
            await connection.execute(STATE, projection, up.number, ACTIVE)
            await _show(connection, projection, up.number)
        return await self.one(projection, ACTIVE)

    async def _make(
        self,
        connection: Connection,
        projection: str,
        number: int,
        state: str,
        shapes: Mapping[str, Shape],
        road: Road,
        bodies_upto: int = 0,
    ) -> None:
        layouts = json.dumps({fact: _layout(shape) for fact, shape in sorted(shapes.items())})
        await connection.execute(
            MAKE, projection, number, state, layouts, bodies_upto, road.name, road.parts
        )
        if projection == LEDGER:
            return
        table = _checked(projection)
        name = f"projections.{table}_v{number}"
        await connection.execute(
            f"CREATE TABLE {name} (LIKE projections.{table}_row INCLUDING ALL)"
        )
        if state == ACTIVE:
            await _show(connection, projection, number)


LIST = """
SELECT v.projection, v.number, v.state, v.shapes, v.bodies_upto AS upto, v.road, v.parts
FROM projections.version AS v
WHERE $1::text IS NULL OR v.projection = $1 ORDER BY v.projection, v.number
"""
MAKE = """
INSERT INTO projections.version (projection, number, state, shapes, bodies_upto, road, parts)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
STATE = """
UPDATE projections.version SET state = $3, changed_at = clock_timestamp()
WHERE projection = $1 AND number = $2
"""


async def _lock(connection: Connection, projection: str) -> None:
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('version ' || $1, 0))", projection
    )


async def _show(connection: Connection, projection: str, number: int) -> None:
    if projection != LEDGER:
        table = _checked(projection)
        await connection.execute(
            f"CREATE OR REPLACE VIEW projections.{table} AS TABLE projections.{table}_v{number}"
        )


async def _drop(connection: Connection, version: Version) -> None:
    name = version.name
    if version.projection == LEDGER:
        for table in ("page", "slip"):
            await connection.execute(f"DELETE FROM projections.{table} WHERE projection = $1", name)  # noqa: S608 (names of this program)
    else:
        _checked(version.projection)
        await connection.execute(f"DROP TABLE projections.{name}")
    for table in ("checkpoint", "parked"):
        await connection.execute(f"DELETE FROM projections.{table} WHERE projection = $1", name)  # noqa: S608 (names of this program)
    await connection.execute(
        "DELETE FROM projections.version WHERE projection = $1 AND number = $2",
        version.projection,
        version.number,
    )


def _checked(projection: str) -> str:
    if not NAME.match(projection):
        raise AssertionError(f"no table can be called {projection!r}")
    return projection


def _layout(shape: Shape) -> list[object]:
    return [list(shape.quantities), list(shape.members), list(shape.codes), shape.day]
