"""共用 · Which processes use the embedded server: the last one out stops it.

The list stands in a file beside the data folder, under a file lock. An entry names a process by
pid *and* start, so that a pid used again by something else does not keep a server alive.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from events.errors import Unavailable
from services.run.processes import started

POLL_SECONDS = 0.02
SAY_AFTER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Owner:
    """One use of the server by one process (a process may use it twice: `ticket` differs)."""

    pid: int
    started: str
    ticket: str

    @property
    def lives(self) -> bool:
        """Whether the very process that registered still runs."""
        return started(self.pid) == self.started


@dataclass(slots=True)
class Register:
    """What stands in the file: who uses the server, and where its socket is if not at home."""

    owners: list[Owner] = field(default_factory=list)
    socket: str | None = None

    def join(self, ticket: str) -> None:
        """Add this process; forget those that are gone."""
        self.leave(ticket)
        pid = os.getpid()
        mark = started(pid)
        if mark is None:
            raise AssertionError("this process says of itself that it does not run")
        self.owners.append(Owner(pid, mark, ticket))

    def leave(self, ticket: str) -> None:
        """Take this use out; forget those that are gone."""
        self.owners = [owner for owner in self.owners if owner.ticket != ticket and owner.lives]


def read(path: Path) -> Register:
    """The register. A file that cannot be read is an empty one: it only ever holds hints that a
    crash in mid-write may destroy, and the server itself is found by its data folder."""
    try:
        raw: dict[str, Any] = json.loads(path.read_bytes())
        return Register([Owner(**owner) for owner in raw["owners"]], raw["socket"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Register()


def write(path: Path, register: Register) -> None:
    """Replace the file in one step. An empty register is no file: that can be done on a full disk
    too."""
    if register == Register():
        path.unlink(missing_ok=True)
        return
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(register)))
    draft.replace(path)


@contextmanager
def locked(path: Path, *, talk: Callable[[str], None], seconds_max: float) -> Iterator[None]:
    """Hold the file lock; the kernel frees it if this process dies.

    Raises Unavailable where another process holds it for longer than `seconds_max`.
    """
    with path.open("ab") as file:
        begun, said = time.monotonic(), False
        while not _try_lock(file.fileno()):
            waited = time.monotonic() - begun
            if waited > seconds_max:
                raise Unavailable(
                    f"another process has held {path} for {seconds_max:.0f} s: "
                    "see what it is doing, or end it, then try again",
                    zh=f"另一进程占用 {path} 已超过 {seconds_max:.0f} 秒：请查看或结束该进程后再试",
                )
            if waited > SAY_AFTER_SECONDS and not said:
                talk("等待另一进程启动或停止数据库… · waiting for another process's database")
                said = True
            time.sleep(POLL_SECONDS)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
