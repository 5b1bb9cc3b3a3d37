"""节点 · A node of the area tree, as every question needs it: what lies below, and where."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from projections.areas import Tree
from projections.entries import Flags, Ints, Vocabulary
from projections.groups import AreaDimension
from projections.views import View

NODES_MAX = 512
"""Nodes kept with their views; the longest unused go first."""


class Node:
    """One node with its children. Tables by area id are extended as areas appear in the log."""

    def __init__(self, code: str, tree: Tree, words: Vocabulary) -> None:
        self.code = code
        self.dimension = AreaDimension(tree, code, words)
        self.views: dict[tuple[int, bool], tuple[int, View]] = {}
        """By term, whole or by child: how much of the term the view has seen, and the view."""
        self.sums: tuple[tuple[int, int], Ints] | None = None
        """At what state the additive sums of this node were worked out, and what they are."""
        self._tree, self._words = tree, words
        self._under = np.zeros(0, np.bool_)

    def under(self) -> Flags:
        """Which area ids are this node or lie below it."""
        values = self._words.area.values_by_id
        if len(values) > len(self._under):
            fresh = values[len(self._under) :]
            more = [self._tree.is_under(area, self.code) for area in fresh]
            self._under = np.concatenate([self._under, np.array(more, np.bool_)])
        return self._under

    def children(self) -> Ints:
        """The child (a number of `dimension`) to which each area id goes."""
        return self.dimension.table()


class Nodes:
    """The nodes asked about lately, for one version of the tree."""

    def __init__(self, tree: Tree, words: Vocabulary) -> None:
        self._tree, self._words = tree, words
        self._kept: OrderedDict[str, Node] = OrderedDict()
        self._version = tree.version

    def of(self, code: str | None) -> Node:
        """The node of that code; None = the root. Raises Unknown."""
        name = self._tree.node(code)
        if self._tree.version != self._version:
            self._kept.clear()
            self._version = self._tree.version
        node = self._kept.pop(name, None) or Node(name, self._tree, self._words)
        self._kept[name] = node
        if len(self._kept) > NODES_MAX:
            self._kept.popitem(last=False)
        return node
