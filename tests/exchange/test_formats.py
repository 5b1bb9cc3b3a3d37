"""Workbooks and event logs are read like tables; what was made to do harm is refused."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from events.errors import Invalid
from services.exchange import opening, profile, readers, traces
from services.exchange.profile import Profile
from services.exchange.readers import BrokenRow, Row
from services.exchange.rows import Rows
from tests.exchange.office import Office, memory_office

TABLE = """
title = "Table"
format = "xlsx"
timezone = "Asia/Shanghai"
times = ["%Y/%m/%d %H:%M"]
id = "编号"
[columns]
opened = "asked"
"""
LOG = """
title = "Log"
format = "xes"
timezone = "Europe/Amsterdam"
times = ["%Y-%m-%dT%H:%M:%S%z"]
id = "concept:name"
[columns]
opened = "begun"
[notes]
at = "event"
time = "time:timestamp"
[notes.labels]
activity = "concept:name"
cost = "cost.currency"
"""
TRACE = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
 <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
 <global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
 <int key="events" value="2"><int key="inner" value="1"/></int>
 <trace>
  <string key="concept:name" value="a &amp; b"/>
  <date key="begun" value="2011-10-11T13:42:22+02:00"/>
  <event>
   <date key="time:timestamp" value="2011-10-11T14:00:00+02:00"/>
   <float key="cost" value="3.5"><string key="currency" value="EUR"/></float>
   <string key="concept:name" value="check"/>
  </event>
 </trace>
 <trace><string key="concept:name" value="second"/></trace>
</log>
"""


def a_table() -> Profile:
    return profile.parse(TABLE, name="table")


def a_log() -> Profile:
    return profile.parse(LOG, name="log")


def workbook(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            for line, values in enumerate(table):
                for column, value in enumerate(values):
                    sheet.write(line, column, value)
    packed = path.suffix == ".gz"
    path.write_bytes(gzip.compress(content.getvalue()) if packed else content.getvalue())
    return path


def read(path: Path, source: Profile, *wanted: str) -> list[Row | BrokenRow]:
    readers.examine(path, source)
    return list(readers.rows(path, source, wanted or source.wanted()))


# ---- workbooks

MORNING = datetime.fromisoformat("2019-04-08 08:37:20")
MANY_KINDS = (
    ("asked", "编号", "other"),
    (MORNING, 101000729509, True),
    ("2019/04/08 08:37", "0017", 2.5),
    (None, None, None),
    (MORNING.replace(hour=0, minute=0, second=0), "x", None),
)


@pytest.mark.parametrize("name", ["a.xlsx", "a.xlsx.gz"])
def test_the_first_sheet_of_a_workbook_is_read(tmp_path: Path, name: str) -> None:
    path = workbook(tmp_path / name, {"数据": MANY_KINDS, "notes": [("nothing",)]})
    assert read(path, a_table(), "编号", "asked", "other") == [
        Row(2, ("101000729509", "2019-04-08 08:37:20", "true")),
        Row(3, ("0017", "2019/04/08 08:37", "2.5")),
        Row(5, ("x", "2019-04-08 00:00:00", "")),
    ]


def test_times_in_cells_are_read_beside_those_written_as_text(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"one": MANY_KINDS})
    rows = Rows(a_table())
    for row in readers.rows(path, a_table(), rows.wanted):
        assert not isinstance(row, BrokenRow)
        assert not isinstance(rows.read(*row), BrokenRow)


def test_another_sheet_is_read_by_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"cover": [("x",)], "data": MANY_KINDS})
    assert len(read(path, a_table().model_copy(update={"sheet": "data"}))) == 3
    with pytest.raises(Invalid, match="cover, data") as caught:
        read(path, a_table().model_copy(update={"sheet": "dato"}))
    assert caught.value.fields["nearest"] == "data"
    with pytest.raises(Invalid, match="编号"):
        read(path, a_table())


def broken_zip(path: Path) -> Path:
    path.write_bytes(workbook(path, {"one": MANY_KINDS}).read_bytes()[:2000])
    return path


def no_zip(path: Path) -> Path:
    path.write_text("编号,asked\n", encoding="utf-8")
    return path


def other_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    return path


@pytest.mark.parametrize("make", [broken_zip, no_zip, other_zip])
async def test_a_broken_workbook_is_refused_and_nothing_is_recorded(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    await refused_whole(make(tmp_path / "a.xlsx"), a_table(), "cannot be read as a workbook")


# ---- event logs


@pytest.mark.parametrize("name", ["a.xes", "a.xes.gz"])
def test_a_trace_is_a_row_and_its_events_are_notes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = TRACE.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    event = ("2011-10-11T14:00:00+02:00", "check", "EUR")
    assert read(path, a_log()) == [
        Row(6, ("a & b", "2011-10-11T13:42:22+02:00"), (event,)),
        Row(15, ("second", "")),
    ]


def test_a_prefix_and_another_encoding_are_read(tmp_path: Path) -> None:
    text = TRACE.replace("<log ", '<x:log xmlns:x="u" ').replace("</log>", "</x:log>")
    path = tmp_path / "a.xes"
    path.write_bytes(text.replace("UTF-8", "UTF-16").encode("utf-16"))
    assert len(read(path, a_log())) == 2


def test_it_is_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xes"
    path.write_text(TRACE, encoding="utf-8")
    whole = read(path, a_log())
    monkeypatch.setattr(traces, "PIECE_BYTES", 3)
    assert read(path, a_log()) == whole


OUTSIDE = '<!DOCTYPE log [<!ENTITY leak SYSTEM "file:///etc/hostname">]>'
LAUGHS = '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
REMOTE = '<!DOCTYPE log SYSTEM "http://127.0.0.1:9/log.dtd">'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (TRACE.replace(HEAD, HEAD + OUTSIDE).replace("second", "&leak;"), "entities"),
        (TRACE.replace(HEAD, HEAD + LAUGHS).replace("second", "&b;"), "entities"),
        (TRACE.replace(HEAD, HEAD + REMOTE), "entities"),
        (TRACE.replace("second", "&leak;"), "line 15: it is not XML: undefined entity"),
        (TRACE[:-20], "not XML: unclosed token"),
        (TRACE.replace("</event>", ""), "line 14: it is not XML: mismatched tag"),
        ("<html><body/></html>", "begins with <html>"),
        ("number,asked\n", "line 1: it is not XML"),
        ("<log><trace>" + "<a>" * 40 + "</a>" * 40 + "</trace></log>", "nested over 32"),
    ],
)
async def test_what_is_no_log_or_declares_entities_is_refused_and_nothing_is_recorded(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "a.xes"
    path.write_text(text, encoding="utf-8")
    await refused_whole(path, a_log(), why)


# ---- limits


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "RATIO_FREE", 1 << 20)
    monkeypatch.setattr(opening, "LINE_BYTES_MAX", 1 << 20)


BLANKS = b" " * (5 << 20)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("format", ["csv", "ndjson", "json", "xes", "xlsx"])
async def test_an_archive_made_to_fill_a_memory_is_refused(tmp_path: Path, format: str) -> None:
    source = a_log() if format == "xes" else a_table()
    path = tmp_path / f"a.{format}.gz"
    path.write_bytes(gzip.compress(BLANKS))
    await refused_whole(path, source.model_copy(update={"format": format}), "200 times its size")


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("format", ["csv", "ndjson"])
async def test_a_line_has_an_end(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"a.{format}"
    path.write_bytes(b"x\n" + BLANKS + b"\n")
    source = a_table().model_copy(update={"format": format})
    await refused_whole(path, source, "line 2 of .* longer than 1 MB")


@pytest.mark.usefixtures("small_limits")
async def test_a_workbook_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", BLANKS)
    await refused_whole(path, a_table(), "200 times its size")


async def test_a_file_has_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", {"one": MANY_KINDS})
    monkeypatch.setattr(opening, "WHOLE_BYTES_MAX", 1 << 10)
    await refused_whole(path, a_table(), "holds more than")


def test_a_record_has_so_many_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = profile.parse(LOG.replace("xes", "ndjson"), name="log")
    path = tmp_path / "a.ndjson"
    records: tuple[Any, ...] = (
        {"event": [{}, {}, {}]},
        {"event": 7},
        {"event": [7]},
        {"event": None},
    )
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    monkeypatch.setattr(readers, "NOTES_MAX", 2)
    assert read(path, source) == [
        BrokenRow(1, "event", "3", "more than 2 notes"),
        BrokenRow(2, "event", '"7"', "not an array of objects"),
        BrokenRow(3, "event", '["7"]', "not an array of objects"),
        Row(4, ("", "")),
    ]


async def refused_whole(path: Path, source: Profile, why: str) -> None:
    office: Office = memory_office()
    with pytest.raises(Invalid, match=why) as caught:
        await office.take_in(path, source)
    assert caught.value.zh
    assert await office.log.head() == 0
