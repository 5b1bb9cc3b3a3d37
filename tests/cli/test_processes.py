"""Runs of their own: what starts and ends, what is interrupted, what reads only half."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.cli.running import SECONDS_MAX, Program

pytestmark = pytest.mark.process

TOKEN = re.compile(r"^jishi_[\w-]{40,}$", re.MULTILINE)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder for an embedded database. No server may be left in it."""
    yield tmp_path / "home"
    assert not (tmp_path / "home" / "postgres" / "data" / "postmaster.pid").exists()


def started(process: subprocess.Popen[str]) -> str:
    """The URL that a serving process prints when it is ready."""
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url), process.communicate()
    return url


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    _, err = process.communicate(timeout=SECONDS_MAX)
    return process.returncode, err


def test_up_makes_everything_shows_one_token_once_and_ends_cleanly(
    bare: Program, home: Path
) -> None:
    process = bare.start("up", "--home", str(home), "--port", "0")
    url = started(process)
    assert bare.with_settings(JISHI_SERVER=url)("status").code != 0
    code, err = ended(process, signal.SIGINT)
    assert (code, err.splitlines()[-1]) == (0, "已停止")
    (token,) = TOKEN.findall(err)

    process = bare.start("up", "--home", str(home), "--port", "0")
    caller = bare.with_settings(JISHI_SERVER=started(process), JISHI_TOKEN=token)
    made = caller("area", "define", "--code", "c1", "--name", "某地", "--level", "street", "--json")
    assert made.code == 0, made.err
    # The same records, by the other way, while the server runs.
    beside = bare("events", "show", "--stream", "area/map", "--json", "--home", str(home))
    assert beside.lines == made.json["facts"]
    code, err = ended(process, signal.SIGTERM)
    assert code == 0
    assert TOKEN.findall(err) == []


def test_a_taken_port_gives_the_next_one(bare: Program, owner: Program) -> None:
    del bare
    first = owner.start("api", "--port", "0")
    port = int(started(first).rpartition(":")[2])
    second = owner.start("api", "--port", str(port))
    assert int(started(second).rpartition(":")[2]) > port
    assert [ended(process, signal.SIGTERM)[0] for process in (first, second)] == [0, 0]


def test_an_interrupted_verb_has_exit_code_130(admin: Program) -> None:
    process = admin.start("events", "tail", "--after", "0", "--json")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("{")
    code, err = ended(process, signal.SIGINT)
    assert (code, err) == (130, "")


def test_a_reader_that_stops_early_is_no_error(admin: Program) -> None:
    process = admin.start("events", "tail", "--after", "0", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith("{")
    process.stdout.close()
    assert admin("order", "place", "--area", "c1").code == 0
    with process.stderr as err:
        assert err.read() == ""
    assert process.wait(timeout=SECONDS_MAX) == 0


def test_no_server_has_exit_code_5_and_says_what_to_do(bare: Program) -> None:
    away = bare.with_settings(JISHI_SERVER="http://127.0.0.1:9", JISHI_LANG="en")
    for words in (("status",), ("order", "place"), ("counters",)):
        done = away(*words)
        assert (done.code, done.out) == (5, "")
        assert "jishi up" in done.err
    assert away("doctor").code == 1


def test_a_database_that_is_away_has_exit_code_5(bare: Program) -> None:
    away = bare.with_settings(JISHI_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    done = away("counters", "--json")
    assert done.code == 5
    assert "/problems/unavailable" in done.err


def test_a_database_that_was_never_made_says_so(bare: Program, empty_database: str) -> None:
    fresh = bare.with_settings(JISHI_DATABASE_URL=empty_database)
    done = fresh("counters")
    assert done.code == 5
    assert "jishi migrate" in done.err
    sick = fresh("doctor", "--json")
    assert sick.code == 1
    states = {check["check"]: check["state"] for check in sick.json["checks"]}
    assert (states["database"], states["schema"]) == ("ok", "fail")


def test_who_acts_must_be_said(owner: Program) -> None:
    nobody = owner("order", "place")
    assert nobody.code == 1
    assert "JISHI_TOKEN" in nobody.err
    wrong = owner.with_settings(JISHI_TOKEN="jishi_no_such_token")("counters")
    assert wrong.code == 1
    assert "JISHI_TOKEN" in wrong.err


async def test_doctor_finds_what_was_changed_behind_the_logs_back(empty_database: str) -> None:
    """Exit code 3, and the position and the column of it."""
    program = Program({"JISHI_DATABASE_URL": empty_database})
    assert program.apart("migrate").code == 0
    assert program.apart("token", "grant", "--person", "p1").code == 0
    tampering = await asyncpg.connect(empty_database)
    await tampering.execute("ALTER TABLE streams.event DISABLE TRIGGER append_only")
    await tampering.execute("UPDATE streams.event SET actor = 'somebody' WHERE position = 1")
    await tampering.close()
    sick = program.apart("doctor", "--json")
    assert sick.code == 3
    checks = {check["check"]: check for check in sick.json["checks"]}
    assert checks["guards"]["state"] == "fail"
    assert "actor = somebody" in checks["bodies"]["text"]
