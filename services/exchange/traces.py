"""轨迹 · Event logs in XES (IEEE 1849): a trace is a record, its events stand in it at `event`.

The file is read piece by piece, and nothing in it is trusted: no document type is taken, and so no
entity of the file's own, and none from outside; elements lie at most so deep. Attributes nested in
another are written with a dot: `cost.currency`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from events.errors import Invalid
from services.exchange.opening import Inspected, chunks

EVENTS = "event"
DEPTH_MAX = 32
EVENTS_MAX = 100_000
"""Of one trace."""
PIECE_BYTES = 1 << 16

Record = dict[str, Any]


def inspect(path: Path) -> Inspected:
    """Read the whole file once. Raises Invalid, with the line, where it is not XES."""
    digest, size = hashlib.sha256(), 0
    reading = _Reading(path)
    for chunk in chunks(path):
        digest.update(chunk)
        size += len(chunk)
        for piece in _pieces(chunk):
            reading.take(piece)
            reading.traces.clear()
    reading.end()
    return Inspected(digest.hexdigest(), size)


def records(path: Path) -> Iterator[tuple[int, Record]]:
    """The traces of a file, each with the line on which it begins. Raises Invalid."""
    reading = _Reading(path)
    for chunk in chunks(path):
        for piece in _pieces(chunk):
            reading.take(piece)
            yield from reading.traces
            reading.traces.clear()
    reading.end()
    yield from reading.traces


def _pieces(chunk: bytes) -> Iterator[bytes]:
    for start in range(0, len(chunk), PIECE_BYTES):
        yield chunk[start : start + PIECE_BYTES]


class _Reading:
    """Where a parser is in a file. `traces` are those that have ended."""

    def __init__(self, path: Path) -> None:
        self.traces: list[tuple[int, Record]] = []
        self._name = path.name
        self._path: list[str] = []
        self._keys: list[str] = []
        self._begun = 0
        self._trace: Record | None = None
        self._event: Record | None = None
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def take(self, piece: bytes) -> None:
        """Go on by this much."""
        self._parse(piece, last=False)

    def end(self) -> None:
        """There is no more."""
        self._parse(b"", last=True)

    def _parse(self, piece: bytes, *, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            why = expat.ErrorString(error.code)
            raise self._broken(f"it is not XML: {why}", f"不是 XML：{why}") from error

    def _doctype(self, name: str, system: str | None, public: str | None, inside: int) -> None:
        raise self._broken(
            "it declares a document type or entities, which are not taken from a file of others",
            "含有文档类型或实体声明，不予读取",
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if not self._path and tag != "log":
            raise self._broken(f"it begins with <{tag}>, not <log>", f"以 <{tag}> 开头，而非 <log>")
        if len(self._path) >= DEPTH_MAX:
            raise self._broken(f"it is nested over {DEPTH_MAX} deep", f"嵌套超过 {DEPTH_MAX} 层")
        self._path.append(tag)
        if self._path == ["log", "trace"]:
            self._begun, self._trace = self._parser.CurrentLineNumber, {EVENTS: []}
        elif self._trace is not None and self._path == ["log", "trace", EVENTS]:
            self._event = {}
            self._trace[EVENTS].append(self._event)
            if len(self._trace[EVENTS]) > EVENTS_MAX:
                raise self._broken(
                    f"a trace has over {EVENTS_MAX} events", f"一条轨迹超过 {EVENTS_MAX} 个事件"
                )
        elif self._trace is not None:
            self._attribute(attributes)

    def _attribute(self, attributes: dict[str, str]) -> None:
        """An attribute of the event or trace it lies in, or of another attribute."""
        self._keys.append(attributes.get("key", ""))
        into = self._event if self._event is not None else self._trace
        key = ".".join(filter(None, self._keys))
        if into is not None and key and key != EVENTS and "value" in attributes:
            into.setdefault(key, attributes["value"])

    def _end(self, tag: str) -> None:
        if self._path == ["log", "trace", EVENTS]:
            self._event = None
        elif self._path == ["log", "trace"] and self._trace is not None:
            self.traces.append((self._begun, self._trace))
            self._trace = None
        elif self._trace is not None:
            self._keys.pop()
        self._path.pop()

    def _broken(self, why: str, zh: str) -> Invalid:
        line = self._parser.CurrentLineNumber
        return Invalid(
            f"{self._name} cannot be read as XES, line {line}: {why}; nothing was recorded",
            field="file",
            value=self._name,
            line=line,
            zh=f"{self._name} 第 {line} 行不能按 XES 读取：{zh}；未作任何记录",
        )
