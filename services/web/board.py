"""看板 · What a board shows: the four acts, the headlines, the areas below, and all numbers by what
they are about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from projections.asking import MAPS
from projections.counters import HEADLINES
from projections.declare import Counter
from projections.query import Query
from services.kernel.catalogue import Catalogue
from services.listed import ROOT, Area
from services.web.deeds import deeds
from services.web.language import Language
from services.web.parts import Parts
from services.web.texts import say_in

FOUR_ACTS = ("check_ins_confirmed", "orders_accepted", "disputes_resolved", "wishes_fulfilled")

Cell = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One area below, with a cell for each act."""

    area: Area
    cells: list[Cell]


@dataclass(frozen=True)
class Group:
    """The numbers about one kind of case. Closed where nothing of it has happened yet."""

    title: str
    cells: list[Cell]

    @property
    def begun(self) -> bool:
        """Whether any of them is more than nothing."""
        return any(cell["value"] for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    """A board as it is shown. `feed` is where its numbers come from while it is looked at."""

    as_of: datetime
    acts: list[Cell]
    headlines: list[Cell]
    rows: list[Row]
    groups: list[Group]
    feed: str
    map: str
    """`today`, or `then`: as the map was at each deed."""
    redrawn: bool
    """Whether there is more than one map to read on."""


async def read_board(parts: Parts, top: str | None, language: Language, on: str = MAPS[0]) -> Sheet:
    """The board of an area, as of now, on one of the maps."""
    ledger, now = parts.ledger, parts.commands.now()
    catalogue, directory = parts.commands.catalogue, parts.commands.directory
    await ledger.catch_up()
    whole = await ledger.read(Query(area=top, map=on), now=now)
    acts = tuple(name for name in FOUR_ACTS if name in ledger.counters)
    below = await ledger.read(Query(counters=acts, area=top, by=("area",), map=on), now=now)
    told = deeds(catalogue)
    cells = {cell["counter"]: cell for cell in whole.json(language)["cells"]}
    for name, cell in cells.items():
        if not cell["verified"] and told.isdisjoint(ledger.counters[name].facts):
            cell["verified"] = None  # nobody is asked to confirm a step on the way
    spread = {(cell["counter"], cell["key"]): cell for cell in below.json(language)["cells"]}
    return Sheet(
        as_of=whole.as_of.time,
        acts=[cells[name] for name in acts],
        headlines=[cells[name] for name in HEADLINES if name in cells and name not in acts],
        rows=[
            Row(directory.areas[code], [spread[name, code] for name in acts])
            for code in ledger.areas.on(on).children(top or ROOT)
            if code in directory.areas and all((name, code) in spread for name in acts)
        ],
        groups=[
            Group(title, [cells[name] for name in names if name in cells])
            for title, names in grouped(ledger.counters.values(), catalogue, language)
        ],
        feed=feed_of(top, acts, on),
        map=on,
        redrawn=ledger.areas.is_redrawn,
    )


def grouped(
    counters: Iterable[Counter], catalogue: Catalogue, language: Language
) -> Iterator[tuple[str, list[str]]]:
    """Titles with the names of their counters: one for each kind, one for all registers, one for
    what is said of records of any kind; in the order in which they are declared."""
    known = {counter.name: counter for counter in counters}
    say = say_in(language)
    found: dict[str, list[str]] = {}
    for counter in known.values():
        first = known.get(counter.numerator or "", counter)
        entry = catalogue.entries.get(first.facts[0].partition(".")[0]) if first.facts else None
        if entry is None:
            title = say("of_records")
        else:
            title = say("of_registers") if entry.is_register else entry.label.text(language)
        found.setdefault(title, []).append(counter.name)
    yield from found.items()


def feed_of(top: str | None, acts: Iterable[str], on: str) -> str:
    """The address of the stream that keeps the board alive."""
    asked = [("facts", "no"), ("total", "all"), ("by", "area")]
    asked += [("area", top)] if top else []
    asked += [("map", on)] if on != MAPS[0] else []
    return f"/api/v1/feed?{urlencode(asked + [('counter', name) for name in acts])}"
