"""重建 · Looking after projections: list, rebuild beside, compare, swap, go back, retry.

These are the functions behind `jishi projection …` and `jishi parked …`. A rebuild never touches
the version that is read; comparing says whether the new one is the same, by digest of every page
(the ledger) or of all rows; swapping is one transaction, and the old version is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from events.envelope import Recorded
from events.errors import Refused
from events.fact import Shape
from events.ports import PAGE_EVENTS, Filter, Source
from projections.bodies import BodySource
from projections.combine import Combiner
from projections.database import Database
from projections.declare import Counter, unknown
from projections.ledger import Ledger
from projections.part import Parked, Part
from projections.rows import RowProjection
from projections.runner import Runner
from projections.slips import ReadPages, Slips, SlipSource, seal_from_slips
from projections.statements import STANDING
from projections.store import PageStore, extract
from projections.versions import (
    ACTIVE,
    BUILDING,
    BY_LOG,
    KAFKA,
    KEPT,
    LEDGER,
    Road,
    Version,
    Versions,
)

DIFFERENCES_SHOWN = 20
WORKERS_SECONDS = 20.0
"""How long it is waited for workers to bring a version to the head of the log."""
LOOK_SECONDS = 0.1

PartOf = Callable[[str, int], int]
"""The part of a stream, of so many: the road over Kafka knows (`streams.wire.part_of`)."""


@dataclass(frozen=True)
class Comparison:
    """Whether two versions are the same; `different` names pages or keys, at most twenty."""

    projection: str
    old: str
    new: str
    compared: int
    equal: bool
    different: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """For `jishi projection compare`."""
        return {
            "projection": self.projection,
            "old": self.old,
            "new": self.new,
            "compared": self.compared,
            "equal": self.equal,
            "different": list(self.different),
        }


class Upkeep:
    """Everything about the projections of one log in one database."""

    def __init__(
        self,
        database: Database,
        source: Source,
        projections: Sequence[RowProjection[Any]],
        shapes: Mapping[str, Shape],
        zone: ZoneInfo,
        *,
        road: Road = BY_LOG,
        part_of: PartOf | None = None,
    ) -> None:
        """`road`: by which a projection that has no version yet gets its facts."""
        self._road = road
        self._part_of = part_of
        self._database = database
        self._source = source
        self._projections = {one.table.name: one for one in projections}
        self._shapes = shapes
        self._zone = zone
        self._writing: dict[str, Combiner] = {}
        self.versions = Versions(database)

    async def install(self) -> None:
        """Make version 1 of whatever has none."""
        for name in (LEDGER, *self._projections):
            await self.versions.ensure(name, self._shapes, self._road)

    async def runners(self) -> list[Runner[Any]]:
        """A runner for every version of every row projection that is read from the log, kept ones
        included: they stay fresh, so that going back loses nothing."""
        return [
            self._runner(version)
            for version in await self.versions.all()
            if version.projection in self._projections and version.road.name != KAFKA
        ]

    async def over_kafka(self) -> list[Version]:
        """Every version whose facts come over Kafka, kept ones included."""
        known = (LEDGER, *self._projections)
        return [
            version
            for version in await self.versions.all()
            if version.road.name == KAFKA and version.projection in known
        ]

    def taker(self, version: Version, part: int) -> Part:
        """What takes one part of the log into a version."""
        if version.projection != LEDGER:
            return self._runner(version, part)
        combiner = self._writing.get(version.name)
        if combiner is None:
            combiner = Combiner(self._database, version.name, self._source.log_id)
            self._writing[version.name] = combiner
        return Slips(
            self._database,
            self._source,
            version.name,
            self._shapes,
            self._zone,
            part=part,
            mine=self._mine(version.road, part),
            combiner=combiner,
        )

    async def seal(self, version: Version) -> int:
        """Seal the pages of a ledger that comes over Kafka, as far as they are complete."""
        return await seal_from_slips(self.slips(version), self.pages(version), self._database)

    async def ledger(self, counters: Iterable[Counter]) -> Ledger:
        """The ledger that is read, started from the pages that are kept."""
        version = await self.versions.ensure(LEDGER, self._shapes, self._road)
        return self.ledger_of(version, counters)

    def ledger_of(self, version: Version, counters: Iterable[Counter]) -> Ledger:
        """A version of the ledger. One that is read from the log keeps further pages."""
        store = self.pages(version)
        if version.road.name == KAFKA:
            store = ReadPages(self._database, version.name, self._source.log_id)
        # Pages that say nothing of today's fields are not read: then it is made from the log.
        pages = None if version.stale(self._shapes) else store
        return Ledger(self.source_of(version), counters, self._shapes, pages=pages)

    def slips(self, version: Version) -> SlipSource:
        """The source of a version of the ledger that comes over Kafka."""
        return SlipSource(self._database, self._source, version.name, version.road.parts)

    def pages(self, version: Version) -> PageStore:
        """The pages of a version of the ledger."""
        return PageStore(self._database, version.name, self._source.log_id)

    # --- listing ----------------------------------------------------------------------------------

    async def standing(self) -> list[dict[str, Any]]:
        """Every version with its state, position, lag, digest and what is parked."""
        head = await self._source.head()
        found = []
        for version in await self.versions.all():
            line = {"projection": version.projection, "version": version.number}
            line |= {"state": version.state, "road": version.road.name}
            line |= {"stale": version.stale(self._shapes)}
            found.append(line | await self._standing(version, head))
        return found

    async def _standing(self, version: Version, head: int) -> dict[str, Any]:
        log_id, name = self._source.log_id, version.name
        parked = await self._database.value(PARKED_COUNT, name, log_id)
        if version.projection == LEDGER:
            digests = await self.pages(version).digests()
            position, reachable = len(digests) * PAGE_EVENTS, _reachable(LEDGER, head)
            if version.road.name == KAFKA:
                position, reachable = await self.position(version), head
            return {
                "position": position,
                "lag": max(0, reachable - position),
                "pages": len(digests),
                "digest": digests[max(digests)].hex() if digests else None,
                "parked": parked,
            }
        position = await self.position(version)
        return {
            "position": position,
            "lag": max(0, head - position),
            "rows": await self._database.value(f"SELECT count(*) FROM projections.{name}"),  # noqa: S608 (a name of this program)
            "parked": parked,
        }

    async def position(self, version: Version) -> int:
        """The position that every part of a version has reached."""
        parts = version.road.parts
        rows = await self._database.fetch(STANDING, version.name, self._source.log_id, parts)
        return int(rows[0]["position"]) if rows[0]["count"] == parts else 0

    # --- rebuilding -------------------------------------------------------------------------------

    async def rebuild(
        self, projection: str, *, from_bodies: bool = False, road: Road = BY_LOG
    ) -> Version:
        """Make a new version beside the one that is read, up to the head of the log; one that comes
        over Kafka is made empty, and workers fill it.

        `from_bodies`: the ledger's entries are read anew from the bodies, not from the columns
        beside them. Raises Refused where one is in the making already, Unknown for a name.
        """
        self._known(projection)
        head = await self._source.head()
        upto = head if from_bodies else 0
        version = await self.versions.start(projection, self._shapes, road, bodies_upto=upto)
        if road.name == KAFKA:
            return version
        if projection == LEDGER:
            source = self.source_of(version)
            pages = self.pages(version)
            async for page in extract(source, 0, head // PAGE_EVENTS * PAGE_EVENTS):
                await pages.write(page)
        else:
            await self._runner(version).catch_up()
        return version

    def source_of(self, version: Version) -> Source:
        """Where the entries of a version of the ledger come from."""
        if version.road.name == KAFKA:
            return self.slips(version)
        if not version.bodies_upto:
            return self._source
        return BodySource(self._source, self._shapes, self._zone, version.bodies_upto)

    def _runner(self, version: Version, part: int = 0) -> Runner[Any]:
        return Runner(
            self._database,
            self._source,
            self._projections[version.projection],
            version.number,
            part=part,
            mine=self._mine(version.road, part),
        )

    def _mine(self, road: Road, part: int) -> Callable[[str], bool]:
        part_of, parts = self._part_of, road.parts
        if road.name != KAFKA:
            return lambda stream: True
        if part_of is None:
            raise AssertionError("nobody has said which part a stream belongs to")
        return lambda stream: part_of(stream, parts) == part

    async def _bring(self, version: Version) -> None:
        """Bring a version to the head of the log, or see workers do it. Raises Refused where they
        do not."""
        if version.road.name != KAFKA:
            if version.projection != LEDGER:
                await self._runner(version).catch_up()
            return
        head, clock = await self._source.head(), asyncio.get_running_loop().time
        until = clock() + WORKERS_SECONDS
        while (position := await self.position(version)) < head:
            if clock() > until:
                raise _behind(f"{version.name} stands at {position}, the log at {head}", version)
            await asyncio.sleep(LOOK_SECONDS)
        if version.projection == LEDGER:
            settled = await self.slips(version).settled()
            # Anybody may seal; a worker may be at it.
            while await self.pages(version).count() < settled // PAGE_EVENTS and clock() < until:
                if not await self.seal(version):
                    await asyncio.sleep(LOOK_SECONDS)

    async def compare(self, projection: str) -> Comparison:
        """The version in the making against the one that is read. Rows are compared at the head of
        the log: both are brought there first."""
        self._known(projection)
        old = await self.versions.one(projection, ACTIVE)
        new = await self.versions.one(projection, BUILDING)
        for version in (old, new):
            await self._bring(version)
        if projection == LEDGER:
            return await self._compare_pages(old, new)
        compared = await self._database.value(f"SELECT count(*) FROM projections.{new.name}")  # noqa: S608 (a name of this program)
        rows = await self._database.fetch(different(old.name, new.name), DIFFERENCES_SHOWN)
        keys = tuple(str(row["stream"]) for row in rows)
        return Comparison(projection, old.name, new.name, compared, not keys, keys)

    async def _compare_pages(self, old: Version, new: Version) -> Comparison:
        before, after = await self.pages(old).digests(), await self.pages(new).digests()
        common = before.keys() & after.keys()
        unlike = sorted(number for number in common if before[number] != after[number])
        shown = tuple(f"page {number}" for number in unlike[:DIFFERENCES_SHOWN])
        return Comparison(LEDGER, old.name, new.name, len(common), not unlike, shown)

    async def swap(self, projection: str) -> Version:
        """Read the new version from now on. Raises Refused where it has not caught up."""
        self._known(projection)
        new = await self.versions.one(projection, BUILDING)
        old = await self.versions.one(projection, ACTIVE)
        head = await self._source.head()
        await self._bring(new)
        behind = await self._standing(new, head), await self._standing(old, head)
        # Where the log was restored from an older copy, the old version stands beyond its end.
        if behind[0]["position"] < min(behind[1]["position"], _reachable(projection, head)):
            raise _behind(
                f"{new.name} stands at {behind[0]['position']}, {old.name} at "
                f"{behind[1]['position']}",
                new,
            )
        return await self.versions.swap(projection)

    async def rollback(self, projection: str) -> Version:
        """Read the kept version again."""
        self._known(projection)
        await self._bring(await self.versions.one(projection, KEPT))
        return await self.versions.rollback(projection)

    def _known(self, projection: str) -> None:
        names = (LEDGER, *self._projections)
        if projection not in names:
            raise unknown("projection", projection, names, zh="投影")

    # --- what is parked ---------------------------------------------------------------------------

    async def parked(self) -> list[Parked]:
        """Every parked stream of every version, the oldest first."""
        rows = await self._database.fetch(PARKED, self._source.log_id)
        return [Parked(*row.values()) for row in rows]

    async def retry(self, projection: str, stream: str) -> list[Parked]:
        """Take a stream up again in every version of a projection; those where it still fails."""
        self._known(projection)
        still = []
        for version in await self.versions.all(projection):
            is_kafka = version.road.name == KAFKA
            if projection == LEDGER and not is_kafka:
                continue
            part = 0
            if is_kafka and self._part_of is not None:
                part = self._part_of(stream, version.road.parts)
            failed = await self.taker(version, part).retry(stream)
            if failed is not None:
                still.append(failed)
        return still

    async def poison(self, parked: Parked) -> Recorded | None:
        """The event a stream was parked at."""
        events = await self._source.read(
            after=parked.position - 1, limit=1, only=Filter(stream=parked.stream)
        )
        return events[0] if events else None


def _behind(why: str, version: Version) -> Refused:
    road = version.road.name == KAFKA
    what = "is a worker running? see `jishi status`" if road else "let it catch up first"
    zh = "工作进程是否在运行？见 jishi status" if road else "请稍候"
    return Refused(f"{why}: {what}", refusal="behind", zh=f"{version.name} 尚未追上：{zh}")


def _reachable(projection: str, head: int) -> int:
    """How far a projection of a log can come: the ledger's pages end at a border."""
    return head // PAGE_EVENTS * PAGE_EVENTS if projection == LEDGER else head


PARKED_COUNT = """
SELECT count(*) FROM projections.parked AS p WHERE p.projection = $1 AND p.log_id = $2
"""
PARKED = """
SELECT p.projection, p.stream, p.position, p.fact, p.reason FROM projections.parked AS p
WHERE p.log_id = $1 ORDER BY p.position, p.projection
"""


def different(old: str, new: str) -> str:
    """The streams whose rows are not the same in two versions; $1 = how many at most."""
    a, b = f"TABLE projections.{old}", f"TABLE projections.{new}"
    return f"""
SELECT DISTINCT d.stream FROM (({a} EXCEPT {b}) UNION ALL ({b} EXCEPT {a})) AS d
ORDER BY d.stream LIMIT $1
"""  # noqa: S608 (names of this program)
