"""语句文件 · The numbered SQL files of a room: their statements, and the lines these begin on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from events.errors import Broken

MIGRATION_NAME = re.compile(r"(?P<number>\d{4})_(?P<phase>pre|post)_[a-z0-9_]+\.sql")
FUNCTION_NAME = re.compile(r"[a-z0-9_]+\.sql")

Kind = Literal["migration", "function"]

# What may hide a semicolon: comments, texts, names, dollar-quoted bodies.
_TOKEN = re.compile(
    r"""
      --[^\n]*
    | /\*.*?\*/
    | [eE]'(?:[^'\\]|''|\\.)*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)
    | (?P<end>;)
    """,
    re.DOTALL | re.VERBOSE,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|\s+", re.DOTALL)
_ATOMIC = re.compile(r"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, and the line of the file on which it begins (from 1)."""

    text: str
    line: int


@dataclass(frozen=True)
class SqlFile:
    """One file of one room (`streams`, `projections`, …)."""

    room: str
    kind: Kind
    path: Path

    @property
    def name(self) -> str:
        """The file's name: what it is known by in the database."""
        return self.path.name

    @property
    def is_post(self) -> bool:
        """Whether it may only run when no old program is left (it takes something away)."""
        match = MIGRATION_NAME.fullmatch(self.name)
        return match is not None and match["phase"] == "post"

    @cached_property
    def raw(self) -> bytes:
        """The file as it lies there."""
        return self.path.read_bytes()

    @cached_property
    def sha256(self) -> bytes:
        """Hash of the file, line ends made the same on every system."""
        return hashlib.sha256(self.raw.replace(b"\r\n", b"\n")).digest()

    def statements(self) -> list[Statement]:
        """Its statements in order. Raises Broken for a text or comment that never ends, and for a
        body that is not quoted."""
        return list(_split(self.raw.decode(), self.path))


Room = tuple[str, list[SqlFile], list[SqlFile]]
"""Its name, its migrations by number, its functions by name."""


def read_rooms(folders: Sequence[Path]) -> list[Room]:
    """What each folder holds; a room is named after the folder above `sql`. Raises Broken for a
    file that breaks the naming rule, or two with one number.
    """
    return [
        (folder.parent.name, _migrations(folder), _files(folder, "function", FUNCTION_NAME))
        for folder in folders
    ]


def _migrations(folder: Path) -> list[SqlFile]:
    files = _files(folder, "migration", MIGRATION_NAME)
    for place, file in enumerate(files, start=1):
        if int(file.name[:4]) != place:
            raise Broken(
                f"{file.path}: migrations count 0001, 0002, … without gap or double, "
                f"and this is number {place}"
            )
    return files


def _files(folder: Path, kind: Kind, pattern: re.Pattern[str]) -> list[SqlFile]:
    paths = sorted((folder / f"{kind}s").glob("*.sql"))
    for path in paths:
        if not pattern.fullmatch(path.name):
            raise Broken(f"{path}: the name of a {kind} file must look like {pattern.pattern}")
    return [SqlFile(folder.parent.name, kind, path) for path in paths]


def _split(text: str, path: Path) -> Iterator[Statement]:
    begin = 0
    for token in _TOKEN.finditer(text):
        if token["end"] is not None:
            yield from _statement(text, begin, token.start(), path)
            begin = token.end()
    yield from _statement(text, begin, len(text), path)


def _statement(text: str, begin: int, end: int, path: Path) -> Iterator[Statement]:
    while skipped := _COMMENT.match(text, begin, end):
        begin = skipped.end()
    if begin == end:
        return
    line = text.count("\n", 0, begin) + 1
    bare = _TOKEN.sub("", text[begin:end])
    if _ATOMIC.search(bare):
        raise Broken(f"{path}:{line}: write the body between $function$, not BEGIN ATOMIC … END")
    if re.search(r"['\"]|/\*|\$[A-Za-z_]*\$", bare):
        raise Broken(f"{path}:{line}: a text, name, comment or body begins here and never ends")
    yield Statement(text[begin:end], line)
