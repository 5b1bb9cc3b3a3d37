"""重建 · Looking after projections: list, rebuild beside, compare, swap, go back, retry.

These are the functions behind `jishi projection …` and `jishi parked …`. A rebuild never touches
the version that is read; comparing says whether the new one is the same, by digest of every page
(the ledger) or of all rows; swapping is one transaction, and the old version is kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from events.envelope import Recorded, entries
from events.errors import Refused
from events.fact import Counted, Shape
from events.ports import PAGE_EVENTS, EntryColumns, Filter, Source
from projections.database import Database
from projections.declare import Counter, unknown
from projections.ledger import Ledger
from projections.rows import RowProjection
from projections.runner import Parked, Runner
from projections.store import PageStore, extract
from projections.versions import ACTIVE, BUILDING, KEPT, LEDGER, Version, Versions

BODIES_PER_READ = 5_000
DIFFERENCES_SHOWN = 20


class BodySource:
    """A source whose entries are read anew from the bodies, up to a position: for a field that is
    counted only since, and as the proof that the columns beside the bodies say the same."""

    def __init__(
        self, source: Source, shapes: Mapping[str, Shape], zone: ZoneInfo, upto: int
    ) -> None:
        self._source = source
        self._shapes = shapes
        self._zone = zone
        self._upto = upto

    @property
    def log_id(self) -> str:
        """The log's id."""
        return self._source.log_id

    async def head(self) -> int:
        """See Source."""
        return await self._source.head()

    async def position_at(self, recorded_at: int) -> int:
        """See Source."""
        return await self._source.position_at(recorded_at)

    async def read(self, **asked: Any) -> list[Recorded]:
        """See Source."""
        return await self._source.read(**asked)

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """See Source."""
        return await self._source.at(positions)

    def follow(self, after: int, *, limit: int = 1_000) -> AsyncIterator[list[Recorded]]:
        """See Source."""
        return self._source.follow(after, limit=limit)

    async def scan(self, after: int, upto: int) -> AsyncIterator[EntryColumns]:
        """Entries from bodies first, from columns after."""
        border = min(upto, max(after, self._upto))
        while after < border:
            end = min(border, (after // PAGE_EVENTS + 1) * PAGE_EVENTS)
            yield await self._from_bodies(after, end)
            after = end
        if border < upto:
            async for run in self._source.scan(border, upto):
                yield run

    async def _from_bodies(self, after: int, upto: int) -> EntryColumns:
        run = EntryColumns()
        columns = [getattr(run, name) for name in Counted._fields]
        while after < upto:
            events = await self._source.read(after=after, upto=upto, limit=BODIES_PER_READ)
            for event in events:
                for sign, counted in entries(event, self._shapes, self._zone):
                    run.position.append(event.position)
                    run.sign.append(sign)
                    for column, value in zip(columns, counted, strict=True):
                        column.append(value)
            after = events[-1].position if len(events) == BODIES_PER_READ else upto
        return run


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
    ) -> None:
        self._database = database
        self._source = source
        self._projections = {one.table.name: one for one in projections}
        self._shapes = shapes
        self._zone = zone
        self.versions = Versions(database)

    async def install(self) -> None:
        """Make version 1 of whatever has none."""
        for name in (LEDGER, *self._projections):
            await self.versions.ensure(name, self._shapes)

    async def runners(self) -> list[Runner[Any]]:
        """A runner for every version of every row projection, kept ones included: they stay fresh,
        so that going back loses nothing."""
        return [
            Runner(
                self._database, self._source, self._projections[version.projection], version.number
            )
            for version in await self.versions.all()
            if version.projection in self._projections
        ]

    async def ledger(self, counters: Iterable[Counter]) -> Ledger:
        """The ledger of the log, started from the pages that are kept and keeping further ones."""
        version = await self.versions.ensure(LEDGER, self._shapes)
        # Pages that say nothing of today's fields are not read: then it is made from the log.
        pages = None if version.stale(self._shapes) else self.pages(version)
        return Ledger(self.source_of(version), counters, self._shapes, pages=pages)

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
            line |= {"state": version.state, "stale": version.stale(self._shapes)}
            found.append(line | await self._standing(version, head))
        return found

    async def _standing(self, version: Version, head: int) -> dict[str, Any]:
        log_id = self._source.log_id
        if version.projection == LEDGER:
            digests = await self.pages(version).digests()
            position = len(digests) * PAGE_EVENTS
            newest = digests[max(digests)].hex() if digests else None
            return {
                "position": position,
                "lag": max(0, _reachable(LEDGER, head) - position),
                "pages": len(digests),
                "digest": newest,
                "parked": 0,
            }
        position = await self._database.value(POSITION, version.name, log_id) or 0
        return {
            "position": position,
            "lag": max(0, head - position),
            "rows": await self._database.value(f"SELECT count(*) FROM projections.{version.name}"),  # noqa: S608 (a name of this program)
            "parked": await self._database.value(PARKED_COUNT, version.name, log_id),
        }

    # --- rebuilding -------------------------------------------------------------------------------

    async def rebuild(self, projection: str, *, from_bodies: bool = False) -> Version:
        """Make a new version beside the one that is read, up to the head of the log.

        `from_bodies`: the ledger's entries are read anew from the bodies, not from the columns
        beside them. Raises Refused where one is in the making already, Unknown for a name.
        """
        self._known(projection)
        head = await self._source.head()
        upto = head if from_bodies else 0
        version = await self.versions.start(projection, self._shapes, bodies_upto=upto)
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
        if not version.bodies_upto:
            return self._source
        return BodySource(self._source, self._shapes, self._zone, version.bodies_upto)

    def _runner(self, version: Version) -> Runner[Any]:
        projection = self._projections[version.projection]
        return Runner(self._database, self._source, projection, version.number)

    async def compare(self, projection: str) -> Comparison:
        """The version in the making against the one that is read. Rows are compared at the head of
        the log: both are brought there first."""
        self._known(projection)
        old = await self.versions.one(projection, ACTIVE)
        new = await self.versions.one(projection, BUILDING)
        if projection == LEDGER:
            return await self._compare_pages(old, new)
        for version in (old, new):
            await self._runner(version).catch_up()
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
        if projection != LEDGER:
            await self._runner(new).catch_up()
        behind = await self._standing(new, head), await self._standing(old, head)
        # Where the log was restored from an older copy, the old version stands beyond its end.
        if behind[0]["position"] < min(behind[1]["position"], _reachable(projection, head)):
            raise Refused(
                f"{new.name} stands at {behind[0]['position']}, {old.name} at "
                f"{behind[1]['position']}: let it catch up first",
                refusal="behind",
                zh=f"{new.name} 尚未追上 {old.name}",
            )
        return await self.versions.swap(projection)

    async def rollback(self, projection: str) -> Version:
        """Read the kept version again."""
        self._known(projection)
        kept = await self.versions.one(projection, KEPT)
        if projection != LEDGER:
            await self._runner(kept).catch_up()
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
            failed = await self._runner(version).retry(stream)
            if failed is not None:
                still.append(failed)
        return still

    async def poison(self, parked: Parked) -> Recorded | None:
        """The event a stream was parked at."""
        events = await self._source.read(
            after=parked.position - 1, limit=1, only=Filter(stream=parked.stream)
        )
        return events[0] if events else None


def _reachable(projection: str, head: int) -> int:
    """How far a projection of a log can come: the ledger's pages end at a border."""
    return head // PAGE_EVENTS * PAGE_EVENTS if projection == LEDGER else head


POSITION = """
SELECT min(c.position) FROM projections.checkpoint AS c WHERE c.projection = $1 AND c.log_id = $2
"""
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
