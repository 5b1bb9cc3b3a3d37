"""The embedded server on machines of other kinds: as root, as a user, without room, without leave.

Each start runs in a user namespace made for it, where the process is root (or is not), has disks of
its own, or may not do what a container forbids.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.run.processes import started, working_in

pytestmark = [pytest.mark.process, pytest.mark.namespaces]

OWNER = Path(__file__).with_name("owner.py")
AS_ROOT = ("unshare", "--user", "--map-root-user", "--mount", "--")
AS_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


def start_in(script: str, home: Path, words: tuple[str, ...] = AS_ROOT) -> list[dict[str, Any]]:
    """Run a shell script in which `$start` starts and stops the server of `$home` once; what each
    start said."""
    start = f'start() {{ "{sys.executable}" "{OWNER}" "$home"; }}\nhome="{home}"\n'
    done = subprocess.run(
        [*words, "sh", "-c", start + script], capture_output=True, text=True, check=False
    )
    said: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert said, done.stderr
    return said


def test_root_makes_no_system_user_and_opens_no_folder(tmp_path: Path) -> None:
    users = Path("/etc/passwd").read_bytes()
    tmp_path.chmod(0o700)
    (said,) = start_in("start", tmp_path / "home")
    assert "error" not in said
    assert Path("/etc/passwd").read_bytes() == users
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "home").owner() == tmp_path.owner()
    assert started(said["pid"]) is None


def test_a_user_starts_it_without_a_namespace(tmp_path: Path) -> None:
    (said,) = start_in("start", tmp_path / "home", AS_USER)
    assert "error" not in said
    assert started(said["pid"]) is None


def test_root_without_namespaces_is_told_what_to_do(tmp_path: Path) -> None:
    (said,) = start_in("echo 0 > /proc/sys/user/max_user_namespaces; start", tmp_path / "home")
    assert "another user" in said["error"]
    assert "JISHI_DATABASE_URL" in said["error"]
    assert "普通用户" in said["zh"]


def test_a_full_disk_is_named_before_anything_is_made(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (said,) = start_in(f'mount -t tmpfs -o size=60m tmpfs "{disk}"; start', disk / "home")
    assert str(disk) in said["error"]
    assert "is full" in said["error"]


@pytest.mark.parametrize("room", ["0", "4096"])
def test_a_disk_that_filled_up_is_named_and_works_again_with_room(
    tmp_path: Path, room: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"""
        mount -t tmpfs -o size=160m tmpfs "{disk}"
        start
        cat /dev/zero > "{disk}/filling" 2>/dev/null
        truncate -s -{room} "{disk}/filling"
        start
        rm "{disk}/filling"
        start
    """
    before, full, after = start_in(script, disk / "home")
    assert "error" not in before
    assert "is full" in full["error"]
    assert "error" not in after
    assert list(working_in(disk / "home" / "postgres" / "data")) == []
