"""Files are read row by row; what cannot be read is named with line, column and value."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from events.errors import Invalid
from services.exchange import profile, readers
from services.exchange.readers import BrokenRow

SMALL = """
title = "Small"
format = "{format}"
encoding = "{encoding}"
timezone = "Asia/Shanghai"
times = ["%Y-%m-%d"]
id = "编号"
[columns]
opened = "asked"
"""


def a_profile(format: str = "csv", encoding: str = "utf-8-sig", more: str = "") -> profile.Profile:
    text = more + SMALL.format(format=format, encoding=encoding)
    return profile.parse(text, name="small")


Plain = tuple[int, tuple[str, ...]]


def read(path: Path, source: profile.Profile, *wanted: str) -> list[Plain | BrokenRow]:
    readers.examine(path, source)
    found = readers.rows(path, source, wanted or ("编号", "asked"))
    return [row if isinstance(row, BrokenRow) else (row.line, row.texts) for row in found]


def test_csv_is_read_by_column_name_with_or_without_a_mark_of_byte_order(tmp_path: Path) -> None:
    text = 'asked,编号,other\n2019-01-01,1,x\n"2019-\n01-02",2,y\n'
    for encoding in ("utf-8", "utf-8-sig"):
        path = tmp_path / "a.csv"
        path.write_text(text, encoding=encoding)
        assert read(path, a_profile()) == [(2, ("1", "2019-01-01")), (3, ("2", "2019-\n01-02"))]


def test_gb18030_and_gzip_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress("编号,asked\n一,2019-01-01\n".encode("gb18030")))
    assert read(path, a_profile(encoding="gb18030")) == [(2, ("一", "2019-01-01"))]


def test_the_digest_is_that_of_the_unpacked_content(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_bytes(b"x\n" * 1000)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert readers.inspect(plain, "utf-8") == readers.inspect(packed, "utf-8")


def test_a_row_with_too_many_columns_is_named_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("编号,asked\n1,2019-01-01,extra\n2,2019-01-02\n", encoding="utf-8")
    broken, good = read(path, a_profile())
    assert broken == BrokenRow(2, "", "1,2019-01-01,extra", "the row has 3 columns, the header 2")
    assert good == (3, ("2", "2019-01-02"))


def test_a_stray_quote_is_named_and_the_next_row_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('编号,asked\n"1"x,2019-01-01\n2,2019-01-02\n', encoding="utf-8")
    broken, good = read(path, a_profile())
    assert isinstance(broken, BrokenRow)
    assert broken.line == 2
    assert good == (3, ("2", "2019-01-02"))


def test_a_missing_column_is_answered_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("编号,askd\n", encoding="utf-8")
    with pytest.raises(Invalid, match="askd") as caught:
        read(path, a_profile())
    assert caught.value.fields["nearest"] == "askd"


def test_a_wrong_encoding_is_named_with_line_column_and_value(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,asked,place\n1,2019-01-01,ok\n2,2019-01-02,中山路\n".encode("gb18030"))
    with pytest.raises(Invalid, match="gb18030") as caught:
        readers.inspect(path, "utf-8-sig")
    assert caught.value.fields["line"] == 3
    assert caught.value.field == "place"
    assert "\ufffd" in caught.value.value


def test_a_truncated_archive_is_found_before_anything_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    whole = gzip.compress(b"".join(b"%d,2019-01-01\n" % n for n in range(5000)))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Invalid, match=r"broken after line \d+"):
        readers.inspect(path, "utf-8")


def test_what_is_no_archive_and_what_is_not_there_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(b"id,asked\n")
    with pytest.raises(Invalid, match=r"a\.csv\.gz"):
        readers.inspect(path, "utf-8")
    with pytest.raises(Invalid, match="cannot open"):
        readers.inspect(tmp_path / "none.csv", "utf-8")


def test_ndjson_is_read_line_by_line_with_nested_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(
        '{"编号": 101000729509, "place": {"ward": 2108.0}}\n\n{oops}\n{"编号": null}\n7\n',
        encoding="utf-8",
    )
    first, broken, blank, number = read(path, a_profile("ndjson"), "编号", "place.ward")
    assert first == (1, ("101000729509", "2108.0"))
    assert isinstance(broken, BrokenRow)
    assert (broken.line, broken.value) == (3, "{oops}")
    assert blank == (4, ("", ""))
    assert number == BrokenRow(5, "", '"7"', "not an object")


def test_a_json_array_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n {"编号": "a", "asked": "x, y]"},\n\n {"编号": "b"}\n]\n', encoding="utf-8")
    expected = [(2, ("a", "x, y]")), (4, ("b", ""))]
    assert read(path, a_profile("json")) == expected
    monkeypatch.setattr(readers, "CHUNK_BYTES", 7)
    assert read(path, a_profile("json")) == expected


def test_an_array_inside_an_object_is_found_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"result": {"items": [{"编号": "a"}]}}', encoding="utf-8")
    source = a_profile("json", more='records = "result.items"')
    assert read(path, source) == [(1, ("a", ""))]
    with pytest.raises(Invalid, match="no array"):
        read(path, a_profile("json", more='records = "result.rows"'))


@pytest.mark.parametrize(
    ("text", "line"), [('{"a": 1}', 1), ('[{"a": 1},\n{"b": }]', 2), ('[{"a": 1}\n', 2)]
)
def test_what_is_not_a_json_array_is_named_with_its_line(
    tmp_path: Path, text: str, line: int
) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        read(path, a_profile("json"))
    assert caught.value.fields["line"] == line
