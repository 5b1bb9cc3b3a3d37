"""旧版升级 · Old versions of facts, read as if they had been written today.

A stored event never changes. Where a fact gets a new version, one function here or in its workflow
file turns the old `data` into the new; they run in a chain, one version at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from events.errors import Broken

Data = dict[str, Any]
Step = Callable[[Data], Data]


class Upcasters:
    """The steps known, by fact and the version they start from."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, int], Step] = {}

    def add(self, fact: str, version: int, step: Step) -> None:
        """`step` turns `data` of that version into that of the next."""
        if (fact, version) in self._steps:
            raise AssertionError(f"two upcasters for {fact} version {version}")
        self._steps[fact, version] = step

    def read(self, fact: str, version: int, current: int, data: Data) -> Data:
        """`data` as the current version has it. Raises Broken where a step is missing, or where
        the stored version is newer than this program."""
        if version > current:
            raise Broken(
                f"{fact} was written as version {version}, and this program knows {current}: "
                "upgrade it before reading this log"
            )
        while version < current:
            step = self._steps.get((fact, version))
            if step is None:
                raise Broken(f"no upcaster leads {fact} from version {version} on")
            data = step(data)
            version += 1
        return data
