"""The guard against a distribution that installs a package of the same name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.run import guard

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
PROGRAM = "from services.run import guard; guard.check(); import events.codec"


def run_with(first: Path) -> subprocess.CompletedProcess[str]:
    """Start the program where `first` stands before our own folder on the path."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = {[str(first), str(ROOT)]!r}; {PROGRAM}",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=first,
    )


def test_our_own_rooms_pass() -> None:
    assert guard.clash() is None


def test_a_foreign_package_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "__init__.py").write_text("class Events: ...\n")
    done = run_with(tmp_path)
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert "pipx install jishi" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_room_from_another_installation_of_ours_is_named(tmp_path: Path) -> None:
    (tmp_path / "streams").mkdir()
    (tmp_path / "streams" / "__init__.py").write_text('PROJECT = "jishi"\n')
    done = run_with(tmp_path)
    assert done.returncode == 1
    assert f"streams in {tmp_path}" in done.stderr


def test_a_room_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "projections").mkdir()
    (tmp_path / "projections" / "__init__.py").write_text("import no_such_module\n")
    done = run_with(tmp_path)
    assert done.returncode == 1
    assert "no_such_module" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_foreign_on_the_path_starts(tmp_path: Path) -> None:
    done = run_with(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
