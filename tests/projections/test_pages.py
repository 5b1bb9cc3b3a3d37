"""A page is a pure function of the log: whoever builds it gets the same bytes."""

from __future__ import annotations

import asyncio
import random
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from events.errors import Broken
from events.ports import EntryColumns
from projections.entries import NUMBERS, VOCABULARY_OF, Tail, Vocabulary, cut_at_pages
from projections.pages import COLUMNS, Page, seal
from tests.projections.world import World

SIZE = 32
NAMES = tuple(column.name for column in fields(EntryColumns))


async def columns_of(world: World) -> EntryColumns:
    whole = EntryColumns()
    async for run in world.log.scan(0, await world.log.head()):
        for name in NAMES:
            getattr(whole, name).extend(getattr(run, name))
    return whole


def in_batches(whole: EntryColumns, chance: random.Random) -> list[EntryColumns]:
    """Runs of random length that never part the entries of one event."""
    runs = []
    start = 0
    while start < len(whole.position):
        end = start + chance.randrange(1, 9)
        while end < len(whole.position) and whole.position[end] == whole.position[end - 1]:
            end += 1
        runs.append(EntryColumns(*(getattr(whole, name)[start:end] for name in NAMES)))
        start = end
    return runs


def pages_of(runs: list[EntryColumns], head: int, vocabulary: Vocabulary) -> list[Page]:
    pages = []
    tail = Tail(vocabulary, 1)
    pieces = [piece for run in runs for piece in cut_at_pages(run, SIZE)]
    for border in range(SIZE, head + 1, SIZE):
        while pieces and pieces[0].position[0] <= border:
            piece = pieces.pop(0)
            tail.add(piece, piece.position[-1])
        tail.last = border
        pages.append(seal(tail.block(), vocabulary))
        tail = Tail(vocabulary, border + 1)
    return pages


async def history(seed: int, steps: int = 60) -> tuple[World, EntryColumns]:
    world = World(random.Random(seed))
    await world.map()
    await world.history(steps)
    return world, await columns_of(world)


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.integers(0, 2**32 - 1))
def test_pages_are_the_same_bytes_for_any_batches_and_any_order_of_words(seed: int) -> None:
    async def run() -> None:
        chance = random.Random(seed)
        world, whole = await history(seed)
        head = await world.log.head()
        at_once = pages_of([whole], head, Vocabulary())
        used = Vocabulary()
        for words in (used.area, used.unit, used.member):
            words.ids(["zz", "p5", "u2", "c3"], 4)
        piecemeal = pages_of(in_batches(whole, chance), head, used)
        assert [page.columns for page in at_once] == [page.columns for page in piecemeal]
        assert [page.digest for page in at_once] == [page.digest for page in piecemeal]
        assert len({page.digest for page in at_once}) == len(at_once) > 0

    asyncio.run(run())


async def test_a_page_read_back_holds_the_entries_it_was_made_from() -> None:
    world, whole = await history(7)
    vocabulary = Vocabulary()
    pages = pages_of([whole], await world.log.head(), vocabulary)
    other = Vocabulary()
    read: set[tuple[object, ...]] = set()
    count = 0
    for page in pages:
        block = page.block(other)
        rows = np.arange(len(block))
        assert len(block) == page.entries
        columns = [block.positions(rows).tolist()]
        for name in VOCABULARY_OF:
            values = other.of(name).values_by_id
            columns.append([values[identity] for identity in block.ids_of(name, rows).tolist()])
        columns += [block.numbers[name].tolist() for name in NUMBERS]
        read |= set(zip(*columns, strict=True))
        count += len(block)
    last = pages[-1].last
    expected = {
        (
            row["position"],
            row["area"],
            tuple(row[n] for n in ("fact", "sign", "variant", "provenance", "code_1", "code_2")),
            tuple(row[n] for n in ("home_unit", "team", "home_community", "paired_community")),
            row["unit"],
            row["category"],
            row["member_1"],
            row["member_2"],
            *(row[name] for name in NUMBERS),
        )
        for row in (
            dict(zip(NAMES, values, strict=True))
            for values in zip(*(getattr(whole, name) for name in NAMES), strict=True)
        )
        if row["position"] <= last
    }
    assert read == expected
    assert count == sum(position <= last for position in whole.position)


async def test_a_page_is_sorted_by_area_then_position() -> None:
    world, whole = await history(11)
    vocabulary = Vocabulary()
    for page in pages_of([whole], await world.log.head(), vocabulary):
        block = page.block(vocabulary)
        rows = np.arange(len(block))
        names = vocabulary.area.values_by_id
        keys = [
            (names[area], position)
            for area, position in zip(
                block.ids_of("area", rows).tolist(), block.positions(rows).tolist(), strict=True
            )
        ]
        assert keys == sorted(keys)


async def test_one_changed_byte_in_any_column_is_found() -> None:
    world, whole = await history(5)
    page = pages_of([whole], await world.log.head(), Vocabulary())[0]
    page.verify(page.digest)
    for name in COLUMNS:
        column = bytearray(page.columns[name])
        column[-1] ^= 1
        changed = replace(page, columns={**page.columns, name: bytes(column)})
        with pytest.raises(Broken):
            changed.verify(page.digest)


async def test_positions_without_entries_still_make_a_page() -> None:
    vocabulary = Vocabulary()
    tail = Tail(vocabulary, 1)
    tail.last = SIZE
    page = seal(tail.block(), vocabulary)
    assert page.entries == 0
    assert len(page.block(vocabulary)) == 0
