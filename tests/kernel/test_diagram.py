"""The pictures and tables are what the signatures say."""

from __future__ import annotations

from pathlib import Path

from services.kernel.catalogue import discover, entry_of, only
from services.kernel.diagram import edges, mermaid, page, span
from services.kernel.entry import state_word
from services.kernel.words import days, hours, working_days
from tests.kernel.lamp import WORKFLOW

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "kinds.md"


def test_every_move_to_another_state_is_an_edge() -> None:
    told = {
        (state_word(source) if source else None, command, state_word(target))
        for source, command, target in edges(entry_of(WORKFLOW))
    }
    assert told == {
        (None, "report", "reported"),
        ("reported", "wait", "waiting"),
        ("waiting", "resume", "reported"),
        ("reported", "mend", "mended"),
        ("waiting", "mend", "mended"),
    }


def test_a_picture_has_every_state_and_its_wording() -> None:
    picture = mermaid(only("order").entry("order"), "en")
    assert "[*] --> placed: Place" in picture
    assert "delivered --> redo: Confirm" in picture
    assert "in_service: In service" in picture


def test_limits_in_words() -> None:
    assert [span(limit) for limit in (hours(8), days(7), working_days(3))] == [
        "8 h",
        "7 d",
        "3 working d",
    ]


def test_the_reference_page_is_what_the_files_say() -> None:
    again = "run: .venv/bin/python -m services.kernel.diagram > docs/reference/kinds.md"
    assert REFERENCE.read_text(encoding="utf-8") == page(discover()), again
