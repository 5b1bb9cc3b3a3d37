"""Cutting a file into statements, whatever hides a semicolon."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.run.sql_files import SqlFile, Statement

PIECES = [
    "SELECT 1",
    "SELECT 'a;b''c;'",
    "SELECT E'it\\'s; so'",
    'SELECT ";"";" FROM "x;y"',
    "DO $$ BEGIN; PERFORM 1; END $$",
    "CREATE FUNCTION f() RETURNS int AS $f$ SELECT $$;$$; $f$",
    "SELECT $1 -- not the end; of it\n + $2",
    "SELECT /* nor; this */ 2",
]
BETWEEN = ["", "\n", "  ", "-- said; apart\n", "/* said;\napart */", ";", "\n;\n"]


def statements(text: str, folder: Path) -> list[Statement]:
    path = folder / "0001_pre_it.sql"
    path.write_text(text)
    return SqlFile("hall", "migration", path).statements()


@given(
    st.lists(st.tuples(st.sampled_from(BETWEEN), st.sampled_from(PIECES))),
    st.sampled_from(BETWEEN),
)
def test_every_statement_comes_out_whole_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[str, str]], tail: str
) -> None:
    text, expected = "", []
    for between, piece in parts:
        text += between
        expected.append(Statement(piece, text.count("\n") + 1))
        text += f"{piece};"
    folder = tmp_path_factory.getbasetemp()
    assert statements(text + tail, folder) == expected
