"""Profiles are read strictly, and a slip is answered with the nearest known key."""

from __future__ import annotations

from pathlib import Path

import pytest

from events.errors import Invalid, Malformed, Unknown
from services.exchange import profile

SMALL = """
title = "Small"
format = "csv"
timezone = "Asia/Shanghai"
times = ["%Y-%m-%d %H:%M:%S"]
id = "number"
[columns]
opened = "asked"
"""


def test_every_built_in_profile_can_be_read() -> None:
    assert profile.built_in() == [
        "boston_311",
        "chicago_open311",
        "cn_wenzheng",
        "nyc_311",
        "wabo_receipt",
    ]
    for name in profile.built_in():
        assert profile.load(name).name == name


def test_the_profile_of_the_handbook_can_be_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "import.md").read_text(encoding="utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    read = profile.parse(example, name="mytown")
    assert read.encoding == "gb18030"
    assert read.columns.labels == {"source": "来源渠道", "grid": "网格"}


def test_every_key_of_a_profile_stands_in_both_handbooks() -> None:
    pages = [
        (Path(__file__).parents[2] / "docs" / "howto" / name).read_text(encoding="utf-8")
        for name in ("import.md", "import.en.md")
    ]
    tables = (
        profile.Profile,
        profile.Columns,
        profile.Notes,
        profile.Callouts,
        profile.Milestone,
        profile.Rules,
    )
    keys = {f"`{key}`" for table in tables for key in table.model_fields}
    keys -= {f"`{name}`" for name in ("columns", "rules", "areas", "units", "categories")}
    keys -= {"`outcomes`", "`metrics`", "`notes`", "`milestones`"}
    for page in pages:
        assert {key for key in keys if key not in page} == set()
        assert all(
            f"[{name}]" in page for name in ("columns", "rules", "outcomes", "metrics", "notes")
        )


def test_a_profile_beside_the_data_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "here.toml"
    path.write_text(SMALL, encoding="utf-8")
    read = profile.load(path)
    assert (read.name, read.title, read.root_area) == ("here", "Small", "here")
    assert read.wanted() == ["number", "asked"]


def test_an_unknown_profile_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(Unknown) as caught:
        profile.load("boston311")
    assert caught.value.nearest == "boston_311"


@pytest.mark.parametrize(
    ("more", "field", "nearest"),
    [
        ('closd = "x"', "columns.closd", "closed"),
        ("[rules]\nclose_before_opened = 1", "rules.close_before_opened", "closed_before_opened"),
        ('[metrics]\nreceived = { countr = "x" }', "metrics.received.countr", "counter"),
        ("[column]\n", "column", "columns"),
    ],
)
def test_a_wrong_key_is_answered_with_the_nearest_one(more: str, field: str, nearest: str) -> None:
    with pytest.raises(Invalid) as caught:
        profile.parse(SMALL + more, name="small")
    assert caught.value.field == field
    assert caught.value.fields["nearest"] == nearest
    assert nearest in caught.value.detail
    assert nearest in caught.value.zh


def test_a_missing_key_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        profile.parse(SMALL.replace('id = "number"', ""), name="small")
    assert caught.value.field == "id"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("Asia/Shanghai", "Asia/Shang", "timezone"),
        ('format = "csv"', 'format = "csvx"', "format"),
        ('format = "csv"', 'format = "csv"\nencoding = "gb"', "encoding"),
        ('times = ["%Y-%m-%d %H:%M:%S"]', "times = []", "times"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(old: str, new: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        profile.parse(SMALL.replace(old, new), name="small")
    assert caught.value.field == field


def test_what_is_not_toml_is_malformed() -> None:
    with pytest.raises(Malformed, match="not TOML"):
        profile.parse("title = ", name="small")


def test_persons_are_imported_only_where_the_source_has_put_pseudonyms() -> None:
    named = SMALL + 'requester = "who"\n'
    with pytest.raises(Invalid, match="pseudonyms"):
        profile.parse(named, name="small")
    told = profile.parse(named + '[rules]\nrequesters = "pseudonyms"', name="small")
    assert told.columns.requester == "who"


def test_labels_have_ascii_names_that_mean_nothing_else_yet() -> None:
    with pytest.raises(Invalid, match="ASCII"):
        profile.parse(SMALL + 'labels = ["主题"]', name="small")
    with pytest.raises(Invalid, match="taken"):
        profile.parse(SMALL + 'labels = ["day"]', name="small")
    read = profile.parse(SMALL + 'labels = { topic = "主题" }', name="small")
    assert read.columns.raw_labels() == {"topic": "主题"}


def test_the_outcome_is_kept_as_a_label_too() -> None:
    plain = profile.parse(SMALL + 'outcome = "result"\nlabels = ["ward"]', name="small")
    assert plain.columns.raw_labels() == {"ward": "ward", "result": "result"}
    chinese = profile.parse(SMALL + 'outcome = "办理结果"', name="small")
    assert chinese.columns.raw_labels() == {"outcome": "办理结果"}


def test_times_without_an_offset_are_reckoned_by_the_wall_clock() -> None:
    assert profile.parse(SMALL, name="small").by_wall
    assert not profile.parse(SMALL.replace("%S", "%S%z"), name="small").by_wall
    assert not profile.parse('durations = "exact"' + SMALL, name="small").by_wall
