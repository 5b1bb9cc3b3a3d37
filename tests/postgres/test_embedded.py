"""The embedded server: started, shared, adopted, stopped, and never left behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from events.errors import Unavailable
from services.run import cluster, owners, postgres, postmaster
from services.run.limits import DatabaseLimits
from services.run.processes import started, working_in

pytestmark = pytest.mark.process

OWNER = Path(__file__).with_name("owner.py")
WAIT_SECONDS = 30.0
Owner = subprocess.Popen[str]


def said_nothing(_: str) -> None:
    return


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, and fail where it does not come true."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.01)


async def one(dsn: str, statement: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database was made, and which nobody uses."""
    home = tmp_path_factory.mktemp("made") / "home"
    postgres.start(home, talk=said_nothing).stop()
    return home


@pytest.fixture
def home(tmp_path: Path, made_home: Path) -> Iterator[Path]:
    """A home of this test's own; whatever a failing test leaves running in it is ended."""
    shutil.copytree(made_home, tmp_path / "home")
    yield tmp_path / "home"
    for pid in working_in(data_of(tmp_path / "home")):
        os.kill(pid, signal.SIGKILL)


def data_of(home: Path) -> Path:
    return home.resolve() / "postgres" / "data"


@pytest.fixture
def owner_of() -> Iterator[Callable[[Path], tuple[Owner, dict[str, Any]]]]:
    """Starts a process that holds the server of a home; (process, what it said)."""
    begun: list[Owner] = []

    def begin(home: Path) -> tuple[Owner, dict[str, Any]]:
        process = subprocess.Popen(
            [sys.executable, str(OWNER), str(home), "--hold"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        begun.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def leave(process: Owner) -> None:
    """Let an owner end by itself."""
    process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0


async def test_first_start_makes_a_durable_server_and_stop_leaves_nothing(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    talk: list[str] = []
    with postgres.start(home, talk=talk.append) as server:
        assert any("making the database" in line for line in talk)
        assert not server.adopted
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "timezone": "UTC",
            "server_encoding": "UTF8",
            "listen_addresses": "",
        }.items():
            assert await one(server.dsn, f"SHOW {setting}") == value, setting
        assert int(await one(server.dsn, "SHOW max_connections")) >= 100
    assert list(working_in(data_of(home))) == []
    assert not (data_of(home) / "postmaster.pid").exists()


async def test_what_was_written_is_there_after_a_restart(home: Path) -> None:
    with postgres.start(home, talk=said_nothing) as server:
        await one(server.dsn, "CREATE TABLE kept AS SELECT 858 AS deeds")
    talk: list[str] = []
    with postgres.start(home, talk=talk.append) as server:
        assert await one(server.dsn, "SELECT deeds FROM kept") == 858
    assert talk == []


def test_nobody_else_may_enter(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with postgres.start(home, talk=said_nothing):
        for folder in (home, home / "postgres", home / "postgres" / "run", data_of(home)):
            assert folder.stat().st_mode & 0o077 == 0, folder


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with postgres.start(tmp_path / "a" / "home", talk=said_nothing):
        assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_second_use_in_one_process_shares_the_server(home: Path) -> None:
    first = postgres.start(home, talk=said_nothing)
    second = postgres.start(home, talk=said_nothing)
    assert second.pid == first.pid
    assert second.adopted
    first.stop()
    first.stop()
    assert started(second.pid) is not None
    second.stop()
    assert started(second.pid) is None


def test_starts_at_the_same_moment_make_one_server(home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(lambda _: postgres.start(home, talk=said_nothing), range(4)))
    assert len({server.pid for server in servers}) == 1
    assert sum(not server.adopted for server in servers) == 1
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda server: server.stop(), servers))
    assert list(working_in(data_of(home))) == []


def test_the_last_process_out_stops_it(
    home: Path, owner_of: Callable[[Path], tuple[Owner, dict[str, Any]]]
) -> None:
    other, said = owner_of(home)
    server = postgres.start(home, talk=said_nothing)
    assert server.adopted
    assert server.pid == said["pid"]
    leave(other)
    assert started(server.pid) is not None
    server.stop()
    assert started(server.pid) is None


def test_a_process_that_forgets_to_stop_it_stops_it_at_its_end(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(OWNER), str(home)], capture_output=True, text=True, check=True
    )
    assert started(json.loads(done.stdout)["pid"]) is None


async def test_server_of_a_killed_owner_is_adopted_and_stopped(
    home: Path, owner_of: Callable[[Path], tuple[Owner, dict[str, Any]]]
) -> None:
    other, said = owner_of(home)
    await one(said["dsn"], "CREATE TABLE kept AS SELECT 858 AS deeds")
    other.kill()
    other.wait()
    assert started(said["pid"]) is not None
    server = postgres.start(home, talk=said_nothing)
    assert server.adopted
    assert server.pid == said["pid"]
    assert await one(server.dsn, "SELECT deeds FROM kept") == 858
    server.stop()
    assert list(working_in(data_of(home))) == []


def test_a_pid_used_again_by_another_process_does_not_keep_the_server(home: Path) -> None:
    server = postgres.start(home, talk=said_nothing)
    path = home / "postgres" / "owners.json"
    register = owners.read(path)
    # This process lives, and has the pid, but it is not the one that registered.
    register.owners.append(owners.Owner(os.getpid(), "another start", "x"))
    owners.write(path, register)
    server.stop()
    assert started(server.pid) is None


async def test_a_killed_server_recovers_at_the_next_start(home: Path) -> None:
    server = postgres.start(home, talk=said_nothing)
    await one(server.dsn, "CREATE TABLE kept AS SELECT 858 AS deeds")
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: started(server.pid) is None)
    with postgres.start(home, talk=said_nothing) as again:
        assert not again.adopted
        assert again.pid != server.pid
        assert await one(again.dsn, "SELECT deeds FROM kept") == 858
    server.stop()


def test_a_pid_file_with_the_pid_of_a_stranger_does_not_stop_the_start(home: Path) -> None:
    (data_of(home) / "postmaster.pid").write_text(f"{os.getpid()}\n{data_of(home)}\n")
    with postgres.start(home, talk=said_nothing) as server:
        assert server.pid != os.getpid()


def test_a_socket_that_was_swept_away_is_made_anew(home: Path) -> None:
    server = postgres.start(home, talk=said_nothing)
    # Where the path of the home is long, the socket lies elsewhere.
    folder = owners.read(home / "postgres" / "owners.json").socket
    socket = Path(folder or home / "postgres" / "run") / postmaster.SOCKET_NAME
    socket.unlink()
    with postgres.start(home, talk=said_nothing) as again:
        assert not again.adopted
        folder = owners.read(home / "postgres" / "owners.json").socket
        assert (Path(folder or home / "postgres" / "run") / postmaster.SOCKET_NAME).exists()
    server.stop()


def test_a_long_path_in_any_script_gets_a_short_socket(tmp_path: Path) -> None:
    home = tmp_path / "纪实 '引号'" / ("x" * 100)
    server = postgres.start(home, talk=said_nothing)
    folder = owners.read(home / "postgres" / "owners.json").socket
    assert folder is not None
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    assert asyncio.run(one(server.dsn, "SELECT 1")) == 1
    with postgres.start(home, talk=said_nothing) as second:
        assert second.pid == server.pid
    server.stop()
    assert not Path(folder).exists()
    assert list(working_in(data_of(home))) == []


def test_data_of_another_version_is_refused(home: Path) -> None:
    (data_of(home) / "PG_VERSION").write_text("16\n")
    with pytest.raises(Unavailable, match=r"made by PostgreSQL 16.*pg_dump of PostgreSQL 16"):
        postgres.start(home, talk=said_nothing)
    assert owners.read(home / "postgres" / "owners.json").owners == []


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    data_of(home).mkdir(parents=True)
    (data_of(home) / "letters.txt").write_text("mine")
    with pytest.raises(Unavailable, match="not a database"):
        postgres.start(home, talk=said_nothing)
    assert (data_of(home) / "letters.txt").read_text() == "mine"


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(Unavailable, match="set JISHI_HOME"):
        postgres.start(tmp_path / "home", talk=said_nothing)


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(home: Path) -> None:
    with (data_of(home) / "postgresql.conf").open("a") as file:
        file.write("max_conections = 5\n")
    with pytest.raises(Unavailable, match="max_conections"):
        postgres.start(home, talk=said_nothing)
    assert list(working_in(data_of(home))) == []


def test_making_the_data_folder_cut_short_is_done_anew(tmp_path: Path) -> None:
    home = tmp_path / "home"
    draft = home / "postgres" / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    with postgres.start(home, talk=said_nothing):
        assert not draft.exists()


def test_a_start_given_up_while_it_waits_leaves_nothing(home: Path) -> None:
    with pytest.raises(Unavailable, match="not ready after"):
        postgres.start(home, talk=said_nothing, limits=DatabaseLimits(start_seconds=0.001))
    assert list(working_in(data_of(home))) == []


def test_a_long_recovery_is_waited_for_and_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "SAY_AFTER_SECONDS", 0.05)
    with postgres.start(home, talk=said_nothing) as server, ThreadPoolExecutor(1) as pool:
        file = data_of(home) / "postmaster.pid"
        ready = file.read_text()
        file.write_text(ready.replace("ready   ", "starting"))
        talk: list[str] = []
        second = pool.submit(postgres.start, home, talk=talk.append)
        until(lambda: any("recovering" in line for line in talk))
        assert not second.done()
        file.write_text(ready)
        assert second.result(WAIT_SECONDS).pid == server.pid
        second.result().stop()


def test_waiting_for_another_process_is_said_and_limited(tmp_path: Path) -> None:
    talk: list[str] = []
    lock = tmp_path / "lock"
    with (
        owners.locked(lock, talk=said_nothing, seconds_max=1),
        pytest.raises(Unavailable, match="has held"),
        owners.locked(lock, talk=talk.append, seconds_max=owners.SAY_AFTER_SECONDS + 0.2),
    ):
        pass
    assert len(talk) == 1


def test_a_register_that_cannot_be_read_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "owners.json"
    for text in ("", "{", "[]", '{"owners": [{}], "socket": null}', '{"owners": []}'):
        path.write_text(text)
        assert owners.read(path) == owners.Register()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("FATAL:  could not write: No space left on device", "is full"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "memory"),
        ("LOG:  starting\nFATAL:  role is away\nLOG:  down", "FATAL:  role is away"),
        ("", "it said nothing"),
    ],
)
def test_the_reason_is_told_from_what_the_server_said(
    said: str, expected: str, tmp_path: Path
) -> None:
    assert expected in postmaster.why(said, tmp_path).detail


def test_binaries_are_those_of_the_promised_version() -> None:
    said = subprocess.run(
        [str(cluster.binaries() / "postgres"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f" {cluster.MAJOR}." in said.stdout


async def test_a_killed_server_is_started_again_once_for_all_who_use_it(home: Path) -> None:
    with (
        postgres.start(home, talk=said_nothing) as first,
        postgres.start(home, talk=said_nothing) as second,
    ):
        assert not first.keep_up(said_nothing)
        killed = first.pid
        os.kill(killed, signal.SIGKILL)
        until(lambda: started(killed) is None)
        with ThreadPoolExecutor(2) as pool:
            begun = list(pool.map(lambda one: one.keep_up(said_nothing), (first, second)))
        assert begun.count(True) == 1
        assert await one(first.dsn, "SELECT 1") == 1
    # Given back is given back: nothing is started for those who have left.
    assert not first.keep_up(said_nothing)
    assert list(working_in(data_of(home))) == []
