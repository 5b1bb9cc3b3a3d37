"""A table 台账 goes from a file to a list of deeds, directly on the database and over HTTP."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tests.cli.running import Program

pytestmark = pytest.mark.process

TABLE = """\
title = "下单台账 · Orders"
rows = "order.placed"
where = { category = "haircut" }
columns = [
  { title = "社区 · Area", of = "area_name" },
  { title = "渠道 · Channel", of = "channel" },
]
"""


def test_a_table_is_installed_and_made_as_csv_and_xlsx(either: Program, tmp_path: Path) -> None:
    served = "JISHI_SERVER" in either.settings
    file = tmp_path / ("cuts_served.toml" if served else "cuts_direct.toml")
    file.write_text(TABLE.replace("chann", "chan"), encoding="utf-8")
    wrong = either("table", "install", str(file), "--json")
    assert (wrong.code, json.loads(wrong.err)["nearest"]) == (2, "channel")
    file.write_text(TABLE, encoding="utf-8")
    installed = either("table", "install", str(file), "--json")
    assert installed.code == 0, installed.err
    items = {item["name"]: item for item in either("table", "list", "--json").json["items"]}
    assert items[file.stem] == installed.json
    assert items["services"]["state"] == "shipped"
    placed = either("order", "place", "--area", "c2", "--category", "haircut", "--json")
    made = either("export", "table", file.stem, "--area", "c2")
    assert made.code == 0, made.err
    row = list(csv.DictReader(io.StringIO(made.out.removeprefix("\ufeff"))))[-1]
    assert (row["渠道"], row["案件"]) == ("窗口", f"order/{placed.json['id']}")
    book = tmp_path / "cuts.xlsx"
    assert either("export", "table", file.stem, "-o", str(book)).code == 0
    sheet = CalamineWorkbook.from_path(book).get_sheet_by_index(0).to_python()
    assert row["社区"] in [line[0] for line in sheet]
    # The number of a ticket finds the case it made, and says so.
    number = f"GD-{file.stem.replace('_', '-')}"
    words = ("issue", "find", "--area", "c2", "--channel", "hotline", "--ticket", number)
    first, again = either(*words), either(*words)
    assert (first.code, again.code) == (0, 0), again.err
    assert first.out == again.out
    assert "未新增记录" in again.err
    assert "未新增记录" not in first.err
    told = either("export", "tickets", "--json").json["tickets"]
    assert [one["status"] for one in told if one["number"] == number] == ["found"]
    assert number in either("export", "tickets").out
    # A file that is not installed is made where the database is.
    assert either("export", "table", str(file)).code == (2 if served else 0)
