"""进程 · Telling one process from any other that ever had its pid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def started(pid: int) -> str | None:
    """A text no other process will ever share with this one; None where no such process runs.

    A zombie does not run: it only waits to be buried by its parent. On Linux the text is the boot
    and the tick of the start, which a change of the wall clock does not move.
    """
    if not BOOT_ID.exists():
        return _started_by_clock(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, start_tick = fields[0], fields[19]
    return None if state in "ZX" else f"{BOOT_ID.read_text().strip()}/{start_tick}"


def _started_by_clock(pid: int) -> str | None:
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return None if ended else f"{process.create_time():.6f}"
    except psutil.NoSuchProcess:
        return None


def working_in(folder: Path) -> Iterator[int]:
    """Pids of the processes whose working directory is this folder. Every process of a Postgres
    server works in its data folder, so this finds them however they came to be there."""
    for process in psutil.process_iter():
        if works_in(process.pid, folder):
            yield process.pid


def works_in(pid: int, folder: Path) -> bool:
    """Whether this process runs, and its working directory is this folder."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()) == folder
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
