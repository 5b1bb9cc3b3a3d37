"""读取 · Files of other systems as rows of text: csv, xlsx, json, ndjson, xes, each also .gz.

`examine` reads a file once without interpreting it: a truncated archive or a wrong encoding is
found, with its line, before anything is recorded. `rows` then streams it. A single row that cannot
be read is a `BrokenRow`, and the reading goes on behind it.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, NamedTuple

from events.errors import Invalid, shown
from services.exchange import sheets, traces
from services.exchange.opening import (
    CHUNK_BYTES,
    WHOLE_BYTES_MAX,
    Inspected,
    check_line,
    check_size,
    chunks,
    opened,
)
from services.exchange.profile import Profile
from services.parsing import nearest

RECORD_CHARACTERS_MAX = 1 << 20
NOTES_MAX = 10_000
"""Notes of one record."""
_ENCODINGS_TRIED = ("utf-8-sig", "gb18030", "cp1252")


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be read. `column` is empty where it is the row as a whole."""

    line: int
    column: str
    value: str
    reason: str


class Row(NamedTuple):
    """A row, and the line on which it begins: the texts of the wanted columns, in their order; of
    each note in it, those of the columns of notes."""

    line: int
    texts: tuple[str, ...]
    notes: tuple[tuple[str, ...], ...] = ()


def examine(path: Path, profile: Profile) -> Inspected:
    """Read the whole file once, as its format asks for. Raises Invalid where it cannot be read,
    or is more than a file may be."""
    if profile.format == "xlsx":
        return sheets.inspect(path)
    if profile.format == "xes":
        return traces.inspect(path)
    return inspect(path, profile.encoding, in_lines=profile.format in ("csv", "ndjson"))


def inspect(path: Path, encoding: str, *, in_lines: bool = True) -> Inspected:
    """Read the whole file once. Raises Invalid where there is no file, where an archive is
    broken or ends early, or where the bytes are not of that encoding; with the line."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder(encoding)()
    size = lines = begun = 0
    for chunk in chunks(path):
        digest.update(chunk)
        if in_lines:
            lines += chunk.count(b"\n")
            end = chunk.rfind(b"\n")
            begun = size + end + 1 if end >= 0 else begun
            check_line(path.name, lines + 1, size + len(chunk) - begun)
        size += len(chunk)
        _decode(decoder, chunk, path, encoding)
    _decode(decoder, b"", path, encoding)
    return Inspected(digest.hexdigest(), size)


def _decode(decoder: codecs.IncrementalDecoder, chunk: bytes, path: Path, encoding: str) -> None:
    try:
        decoder.decode(chunk, not chunk)
    except UnicodeDecodeError:
        _refuse_encoding(path, encoding)


def rows(path: Path, profile: Profile, wanted: Sequence[str]) -> Iterator[Row | BrokenRow]:
    """The rows of a file that `examine` has passed.

    Raises Invalid where a wanted column is missing, with the nearest column there is.
    """
    if profile.format == "xlsx":
        yield from _table_rows(sheets.table(path, profile), profile, wanted)
        return
    if profile.format == "xes":
        yield from _json_rows(traces.records(path), profile, wanted)
        return
    with opened(path) as file:
        if profile.format == "csv":
            text = io.TextIOWrapper(file, encoding=profile.encoding, newline="")
            yield from _csv_rows(text, profile, wanted)
        else:
            text = io.TextIOWrapper(file, encoding=profile.encoding)
            records = _lines(text) if profile.format == "ndjson" else _array(text, profile)
            yield from _json_rows(records, profile, wanted)


def _table_rows(
    table: Iterator[tuple[int, list[str]]], profile: Profile, wanted: Sequence[str]
) -> Iterator[Row]:
    """The rows of a sheet: all as wide as its first one, which names the columns."""
    _, header = next(table, (1, []))
    pick = _picker([header.index(_known(name, header, profile)) for name in wanted])
    for line, values in table:
        if any(values):
            yield Row(line, pick(values))


def _csv_rows(text: IO[str], profile: Profile, wanted: Sequence[str]) -> Iterator[Row | BrokenRow]:
    reader = csv.reader(text, delimiter=profile.delimiter, strict=True)
    header = next(reader, [])
    pick = _picker([header.index(_known(name, header, profile)) for name in wanted])
    width = len(header)
    line = reader.line_num + 1
    while True:
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield BrokenRow(line, "", "", f"the row cannot be split into columns: {error}")
            line = reader.line_num + 1
            continue
        if values is None:
            return
        if len(values) == width:
            yield Row(line, pick(values))
        elif values:
            reason = f"the row has {len(values)} columns, the header {width}"
            yield BrokenRow(line, "", shown(profile.delimiter.join(values)), reason)
        line = reader.line_num + 1


def _picker(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)


def _known(name: str, header: Sequence[str], profile: Profile) -> str:
    if name in header:
        return name
    close = nearest(name, header)
    there = ", ".join(header[:40])
    hint = f"did you mean {close}?" if close else f"it has: {there}"
    zh_hint = f"是否想写 {close}?" if close else f"文件有：{there}"
    raise Invalid(
        f"profile {profile.name} reads column {name}, which the file does not have: {hint}",
        field=name,
        value=name,
        zh=f"配置 {profile.name} 要读取的列 {name}，文件中没有：{zh_hint}",
        nearest=close,
    )


Record = tuple[int, Any] | BrokenRow


def _json_rows(
    records: Iterator[Record], profile: Profile, wanted: Sequence[str]
) -> Iterator[Row | BrokenRow]:
    paths = [name.split(".") for name in wanted]
    noted = profile.notes
    notes_at = noted.at.split(".") if noted is not None else []
    note_paths = [name.split(".") for name in noted.wanted()] if noted is not None else []
    for record in records:
        if isinstance(record, BrokenRow):
            yield record
            continue
        line, value = record
        if not isinstance(value, dict):
            yield BrokenRow(line, "", shown(json.dumps(value)), "not an object")
            continue
        texts = tuple(_text(_inside(value, path)) for path in paths)
        if noted is None:
            yield Row(line, texts)
            continue
        notes = _inside(value, notes_at) or []
        if not isinstance(notes, list) or not all(isinstance(note, dict) for note in notes):
            yield BrokenRow(line, noted.at, shown(json.dumps(notes)), "not an array of objects")
            continue
        if len(notes) > NOTES_MAX:
            yield BrokenRow(line, noted.at, str(len(notes)), f"more than {NOTES_MAX} notes")
            continue
        told = [tuple(_text(_inside(note, path)) for path in note_paths) for note in notes]
        yield Row(line, texts, tuple(told))


def _inside(value: Any, path: list[str]) -> Any:
    """What stands at `location.area`; a key that holds a dot itself is found too."""
    if isinstance(value, dict) and (whole := ".".join(path)) in value:
        return value[whole]
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


# Numbers stay as they are written: 2108.0 is not 2108, and an id of 30 digits keeps them all.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)


def _lines(text: IO[str]) -> Iterator[Record]:
    for line, content in enumerate(text, 1):
        if not content.strip():
            continue
        try:
            yield line, _DECODER.decode(content.strip())
        except json.JSONDecodeError as error:
            yield BrokenRow(line, "", shown(content.strip()), f"not JSON: {error.msg}")


def _array(text: IO[str], profile: Profile) -> Iterator[Record]:
    """The items of one JSON array, or of the array at `records`, one after another."""
    if profile.records is not None:
        whole = _whole(text, profile)
        found = _inside(whole, profile.records.split("."))
        if not isinstance(found, list):
            raise Invalid(
                f"there is no array at {profile.records}",
                field="records",
                value=profile.records,
                zh=f"{profile.records} 处没有数组",
            )
        yield from enumerate(found, 1)
        return
    yield from _items(text)


def _whole(text: IO[str], profile: Profile) -> Any:
    content = text.read(WHOLE_BYTES_MAX + 1)
    check_size(profile.format, len(content), len(content), WHOLE_BYTES_MAX)
    try:
        return _DECODER.decode(content)
    except json.JSONDecodeError as error:
        raise Invalid(
            f"line {error.lineno} is not JSON: {error.msg}",
            field="file",
            value=profile.format,
            line=error.lineno,
            zh=f"第 {error.lineno} 行不是 JSON:{error.msg}",
        ) from error


def _items(text: IO[str]) -> Iterator[Record]:
    buffer, place, line, begun = "", 0, 1, False
    while True:
        more = text.read(CHUNK_BYTES)
        line += buffer.count("\n", 0, place)
        buffer, place = buffer[place:] + more, 0
        while True:
            start = place
            while start < len(buffer) and buffer[start] in " \t\r\n,":
                start += 1
            here = line + buffer.count("\n", 0, start)
            if start == len(buffer):
                break
            if not begun:
                if buffer[start] != "[":
                    _refuse_json(here, "an array [ … ] is expected")
                begun, place = True, start + 1
                continue
            if buffer[start] == "]":
                return
            try:
                item, place = _DECODER.raw_decode(buffer, start)
            except json.JSONDecodeError as error:
                if not more or len(buffer) - start > RECORD_CHARACTERS_MAX:
                    _refuse_json(here, error.msg)
                break
            yield here, item
        if not more:
            _refuse_json(line + buffer.count("\n"), "the array does not end")


def _refuse_json(line: int, why: str) -> None:
    raise Invalid(
        f"the file cannot be read as JSON from line {line} on: {why}",
        field="file",
        value="",
        line=line,
        zh=f"文件自第 {line} 行起无法按 JSON 读取：{why}",
    )


def _refuse_encoding(path: Path, encoding: str) -> None:
    """Find the line that is not of this encoding, and name one that would fit the file."""
    line, raw = _first_undecodable(path, encoding)
    column, value = _broken_field(path, raw, encoding)
    fitting = [name for name in _ENCODINGS_TRIED if _decodes(path, name)]
    hint = f"it can be read as {' or '.join(fitting)}" if fitting else "nor any other known here"
    zh_hint = f"可按 {'、'.join(fitting)} 读取" if fitting else "也不是其他已知编码"
    raise Invalid(
        f"line {line} of {path.name}, column {column}, is not {encoding}: {hint}. "
        "Set encoding in the profile; nothing was recorded",
        field=column,
        value=value,
        line=line,
        zh=f"{path.name} 第 {line} 行「{column}」列不是 {encoding} 编码：{zh_hint}。"
        "请在配置中设置 encoding;未作任何记录",
    )


def _first_undecodable(path: Path, encoding: str) -> tuple[int, bytes]:
    with opened(path) as file:
        for line, raw in enumerate(file, 1):
            try:
                raw.decode(encoding)
            except UnicodeDecodeError:
                return line, raw
    return line, raw  # an encoding of several bytes a character, cut at the very end


def _broken_field(path: Path, raw: bytes, encoding: str) -> tuple[str, str]:
    """The column and the text in which the first undecodable byte stands, as far as can be told."""
    with opened(path) as file:
        header = next(csv.reader([file.readline().decode(encoding, "replace").strip()]), [])
    fields = next(csv.reader([raw.decode(encoding, "replace").strip()]), [])
    for place, text in enumerate(fields):
        if "\ufffd" in text:
            return (header[place] if place < len(header) else str(place + 1)), shown(text)
    return "1", ""


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with opened(path) as file:
        while True:
            chunk = file.read(CHUNK_BYTES)
            try:
                decoder.decode(chunk, not chunk)
            except (UnicodeDecodeError, UnicodeError):
                return False
            if not chunk:
                return True
