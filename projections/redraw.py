"""重划 · Rows of areas that were redrawn, told apart as far as any map needs it.

Sealed pages stay as they are: what is told apart is a view of them, made anew when the map changes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from projections.areas import ALWAYS, AreaTree, Word
from projections.entries import Block, Ints, Vocabulary


def told_apart(block: Block, tree: AreaTree, words: Vocabulary) -> Block:
    """The same block with finer words for the rows of redrawn areas; itself where it has none."""
    divided = tree.divided()
    if not divided or not len(block):
        return block
    ids, codes = block.ids["area"], block.codes["area"]
    areas = words.area.values_by_id
    present = np.unique(codes)
    known = present if ids is None else ids.take(present)
    concerned = [
        (code, areas[identity])
        for code, identity in zip(present.tolist(), known.tolist(), strict=True)
        if areas[identity] in divided
    ]
    if not concerned:
        return block
    fine: Ints = (codes if ids is None else ids.take(codes)).astype(np.int32)
    for code, area in concerned:
        rows = np.flatnonzero(codes == code)
        fine[rows] = _words_of(block, rows, area, tree, words)
    if ids is None:
        return replace(block, codes={**block.codes, "area": fine}, sums={}, labels={})
    # Rows of a page stand by area, and so do these: in one area the order of positions stays.
    order = np.argsort(fine, kind="stable")
    known, narrow = np.unique(fine[order], return_inverse=True)
    moved = replace(block, labels={}).take(order)
    return replace(
        moved,
        codes={**moved.codes, "area": narrow.astype(np.int32)},
        ids={**moved.ids, "area": known},
    )


def _words_of(block: Block, rows: Ints, area: str, tree: AreaTree, words: Vocabulary) -> Ints:
    division = tree.divided()[area]
    moments = np.array(division.moments, np.int64)
    since = np.searchsorted(moments, block.numbers["occurred_at"][rows], "right")
    categories = block.ids_of("category", rows)
    texts = words.category.values_by_id
    keys, places = np.unique(np.stack([since, categories]), axis=1, return_inverse=True)
    found = []
    for place, identity in keys.T.tolist():
        category = texts[identity] if texts[identity] in division.categories else ""
        moment = division.moments[place - 1] if place else ALWAYS
        found.append(words.area[str(Word(area, moment, category))])
    return np.array(found, np.int32)[places.reshape(-1)]
