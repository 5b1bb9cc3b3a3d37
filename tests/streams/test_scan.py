"""A scan says what the bodies say, whatever stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Recorded, entries
from events.fact import About, Counted, Shape
from events.ports import PAGE_EVENTS, EntryColumns
from streams.log import PostgresLog
from streams.scan import pages
from tests.streams.making import (
    SHAPES,
    ZONE,
    DeedCorrected,
    DeedDone,
    DeedTagged,
    Spell,
    moved,
    written,
)

ABOUT = About(area="c1", unit="u1")
ODD = [
    "",
    '"',
    '""',
    "\\",
    "\\n",
    "\\N",
    "\\.",
    "\n",
    "\r\n",
    "a,b",
    ",",
    '",',
    "\t",
    "户",
    "@2",
    "a@b",
]


def flat(run: EntryColumns) -> list[tuple[Any, ...]]:
    columns = [run.position, run.sign, *(getattr(run, name) for name in Counted._fields)]
    return list(zip(*columns, strict=True))


def entries_of(events: Sequence[Recorded], shapes: dict[str, Shape]) -> list[tuple[Any, ...]]:
    return [
        (event.position, sign, *columns)
        for event in events
        for sign, columns in entries(event, shapes, ZONE)
    ]


async def test_any_text_comes_through(log: PostgresLog) -> None:
    facts = [DeedTagged(about=ABOUT, tag=tag, holder="w1") for tag in ODD]
    await log.append([written("deed/1", 0, [Spell(fact=fact) for fact in facts])])
    (run,) = [run async for run in log.scan(0, len(ODD))]
    assert run.code_1 == ODD
    assert flat(run) == entries_of(await log.read(), SHAPES)


async def test_each_odd_text_comes_through_alone(log: PostgresLog) -> None:
    for number, tag in enumerate(ODD):
        spell = Spell(fact=DeedTagged(about=ABOUT, tag=tag))
        await log.append([written(f"deed/{number}", 0, [spell, spell])])
        (run,) = [run async for run in log.scan(2 * number, 2 * number + 2)]
        assert run.code_1 == [tag, tag]
        assert run.fact == ["deed.tagged", "deed.tagged"]


async def test_an_older_version_is_read_by_its_bodies(log: PostgresLog) -> None:
    """Its columns were laid out by another shape: only the body can say what counts now."""
    done = Spell(fact=DeedDone(about=ABOUT, beneficiaries=5, worker="w1"))
    tagged = Spell(fact=DeedTagged(about=ABOUT, tag="t", holder="w2"))
    await log.append([written("deed/1", 0, [done, tagged, done])])
    newer = {
        "deed.done": Shape("deed.done", version=3, members=("worker",), codes=("beneficiaries",)),
        "deed.tagged": Shape("deed.tagged", version=1, codes=("holder", "tag")),
    }
    log._scanner = type(log._scanner)(log._pool, newer, ZONE, log._patience)
    (run,) = [run async for run in log.scan(0, 3)]
    assert flat(run) == entries_of(await log.read(), newer)
    assert run.fact == ["deed.done", "deed.tagged", "deed.done"]
    assert run.code_1 == ["5", "w2", "5"]


async def test_corrections_stand_among_the_entries_in_order(log: PostgresLog) -> None:
    done = Spell(fact=DeedDone(about=ABOUT, beneficiaries=5))
    both = DeedCorrected(
        about=ABOUT, taken=(moved(ABOUT, 5), moved(ABOUT, 6)), put=(moved(ABOUT, 7),)
    )
    none = DeedCorrected(about=ABOUT)
    spells = [Spell(fact=both), done, Spell(fact=none), Spell(fact=both), done, Spell(fact=both)]
    await log.append([written("deed/1", 0, spells)])
    (run,) = [run async for run in log.scan(0, 6)]
    assert flat(run) == entries_of(await log.read(), SHAPES)
    assert run.position == [1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 5, 6, 6, 6, 6]
    assert run.sign == [1, -1, -1, 1, 1, 1, 1, -1, -1, 1, 1, 1, -1, -1, 1]


async def test_a_log_of_unknown_facts_has_runs_without_entries(log: PostgresLog) -> None:
    await log.append([written("deed/1", 0, [Spell(), Spell()])])
    log._scanner = type(log._scanner)(log._pool, {}, ZONE, log._patience)
    (run,) = [run async for run in log.scan(0, 2)]
    assert flat(run) == []


@given(st.integers(0, 5 * PAGE_EVENTS), st.integers(0, 5 * PAGE_EVENTS))
def test_pages_cover_everything_once_and_are_cut_at_the_borders(after: int, upto: int) -> None:
    parts = list(pages(after, upto))
    assert sum(high - low for low, high in parts) == max(0, upto - after)
    assert [low for low, _ in parts] == [after, *(high for _, high in parts)][: len(parts)]
    for low, high in parts:
        assert low // PAGE_EVENTS == (high - 1) // PAGE_EVENTS
        assert high == upto or high % PAGE_EVENTS == 0
