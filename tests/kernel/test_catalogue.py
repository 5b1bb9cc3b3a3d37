"""What is found, how it is called, and what people are offered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from events.errors import Unknown
from services.kernel.catalogue import (
    Catalogue,
    discover,
    entry_of,
    next_commands,
    only,
    parse_template,
    read_title,
    titles,
    variant,
)
from services.kernel.testing import story
from services.kernel.words import Actor, Label
from tests.kernel.lamp import WORKFLOW, LampTerms, Report, Tier
from tests.workflows.orders import AUDITOR, DISPATCHED, NEIGHBOUR, PLACED, RESIDENT, WORKER

LAMP = entry_of(WORKFLOW)
URGENT = """
title = "急修 · Urgent repair"
[terms]
tier = "major"
[says]
"lamp.mended" = { zh = "急修完成", en = "Urgent repair done" }
waiting = { zh = "等急件", en = "Waiting for express parts" }
"""


def test_every_file_of_the_rooms_is_found() -> None:
    catalogue, known = discover(), titles()
    assert set(catalogue.entries) == set(known)
    for name, title in known.items():
        entry = catalogue.entry(name)
        assert (entry.name, entry.kind) == (title.name, title.kind)
        assert entry.label.zh == title.label.zh


def test_titles_are_read_without_importing_anything() -> None:
    code = (
        "import sys; from services.kernel.catalogue import titles; titles();"
        "print([name for name in sys.modules if name.startswith('services.workflows.')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_one_entry_costs_one_import_and_no_heavy_one() -> None:
    code = (
        "import sys; from services.kernel.catalogue import only; only('order');"
        "heavy = {'numpy', 'asyncpg', 'starlette', 'asyncio', 'jinja2', 'typer'};"
        "print([n for n in sys.modules if n.startswith('services.workflows.')],"
        " sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "['services.workflows.order'] []"


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(Unknown, match="did you mean order") as caught:
        only("ordr")
    assert caught.value.nearest == "order"
    with pytest.raises(Unknown, match="did you mean dispatch"):
        only("order").entry("order").command("dispach")


def test_a_command_is_found_by_either_spelling() -> None:
    entry = only("order").entry("order")
    assert entry.command("attach-evidence") is entry.command("attach_evidence")
    assert entry.command("attach_evidence").verb == "attach-evidence"


def test_a_variant_fixes_terms_and_wordings() -> None:
    urgent = variant(LAMP, parse_template("lamp", "urgent", URGENT))
    assert urgent.terms == LampTerms(tier=Tier.MAJOR)
    assert urgent.fact_label("lamp.mended").zh == "急修完成"
    assert urgent.fact_label("lamp.seen").zh == "已查看"
    begun = story(urgent).when(
        Actor("p1", roles=frozenset({"resident"}), area="c1"), Report(pole="l7")
    )
    assert begun.facts[0].about.variant == "urgent"
    assert begun.stream.startswith("lamp/")
    assert begun.facts[1].data()["tier"] == "major"
    assert Catalogue([LAMP, urgent]).of_stream("lamp/x") is LAMP


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (URGENT.replace("tier =", "teir ="), "did you mean tier"),
        (URGENT.replace('"major"', '"huge"'), "terms.*tier"),
        (URGENT.replace("lamp.mended", "lamp.mend"), "nearest: lamp.mended"),
        (URGENT.replace("[says]", "[word]"), "unknown keys"),
        (URGENT.replace(" · ", " "), "needs title"),
        ("title = ", "cannot be read"),
    ],
)
def test_a_template_that_does_not_fit_its_kind_is_refused(text: str, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        variant(LAMP, parse_template("lamp", "urgent", text))


def test_a_title_line_is_chinese_and_english(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text('"""点单 · Order: asks."""', encoding="utf-8")
    assert read_title(file) == (Label("点单", "Order"), "asks.")
    file.write_text('"""Only English."""', encoding="utf-8")
    with pytest.raises(AssertionError, match="must begin with"):
        read_title(file)


def test_shapes_and_facts_cover_every_kind_and_the_shared_ones() -> None:
    catalogue = discover()
    assert set(catalogue.shapes) == set(catalogue.facts)
    assert {"order.placed", "record.corrected", "deadline.ended"} <= set(catalogue.shapes)


def names(now: object, actor: Actor) -> list[str]:
    case = getattr(now, "case", None)
    return [info.name for info in next_commands(only("order").entry("order"), case, actor)]


def test_people_are_offered_what_they_may_do_now() -> None:
    assert names(None, RESIDENT) == ["place"]
    assert names(None, AUDITOR) == []
    own = [name for name in names(DISPATCHED, WORKER) if name in ("accept", "decline", "deliver")]
    assert own == ["decline", "accept"]
    assert names(PLACED, NEIGHBOUR) == []
    assert "miss" not in names(PLACED, Actor("t", roles=frozenset({"system"})))
    assert "miss" in names(DISPATCHED, Actor("t", roles=frozenset({"system"})))
