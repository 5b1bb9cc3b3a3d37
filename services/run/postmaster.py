"""主进程 · The postmaster of one data folder: find it, launch it, wait for it, end it.

Signals and files only, never `pg_ctl`: that refuses to run as root, and gives up on a long crash
recovery after a fixed time.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from events.errors import Unavailable
from services.run import processes
from services.run.processes import started

POLL_SECONDS = 0.01
SAY_AFTER_SECONDS = 3.0
SAY_EVERY_SECONDS = 30.0
ORPHANS_SECONDS_MAX = 60.0
LOG_BYTES_SHOWN_MAX = 8_192
LOG_LINES_SHOWN_MAX = 3
SOCKET_NAME = ".s.PGSQL.5432"
QUIET_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
"""The server gets its whole environment from here, so that its messages can be recognised."""

# The shell starts the server in the background and ends, so that the server is nobody's child:
# whoever stops it, no process is left with a zombie of it.
DETACH = '"$@" </dev/null >>"$0" 2>&1 & echo $!'

Talk = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says of the server that works in a data folder."""

    pid: int
    socket: Path
    status: str
    """`starting`, `ready`, `stopping`."""


def find(data: Path) -> Postmaster | None:
    """The server that runs on this data folder, whoever started it; None where there is none.

    The pid in the file counts only where that process really works in the folder: after a crash
    the same pid may belong to anything.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if not processes.works_in(pid, data):
        return None
    lines += [""] * (8 - len(lines))
    return Postmaster(pid, Path(lines[4]), lines[7].strip() or "starting")


def as_other_than_root() -> list[str]:
    """The words to put before a server command. Postgres refuses to run as root; in a user
    namespace of its own it is another user inside, while outside all files stay root's: no system
    user is made, and no folder is opened wider.

    Raises Unavailable where the machine forbids that.
    """
    if os.geteuid() != 0:
        return []
    unshare = shutil.which("unshare")
    words = [unshare or "unshare", "-U", "--map-user=1000", "--map-group=1000", "--"]
    if unshare is not None:
        trial = subprocess.run([*words, "true"], capture_output=True, check=False)
        if trial.returncode == 0:
            return words
    raise Unavailable(
        "the embedded database cannot be started as root here (user namespaces are forbidden): "
        "run jishi as another user, or set JISHI_DATABASE_URL to a Postgres server",
        zh="此处不能以 root 身份启动内嵌数据库（系统不允许用户命名空间）："
        "请改用普通用户运行，或设置 JISHI_DATABASE_URL 指向已有的 Postgres",
    )


def launch(command: Sequence[str], *, log: Path) -> int:
    """Start a server detached from this process, its output appended to `log`; its pid."""
    shell = subprocess.run(
        ["/bin/sh", "-c", DETACH, str(log), *as_other_than_root(), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=QUIET_ENVIRONMENT,
        start_new_session=True,
        check=True,
    )
    return int(shell.stdout)


def wait_until_ready(
    data: Path, pid: int, *, log: Path, log_from: int, talk: Talk, seconds_max: float
) -> Postmaster:
    """Wait until the server takes connections. After a crash it first replays its journal, which
    may take minutes: that is said, and waited for.

    Raises Unavailable with the server's own reason where it ends instead.
    """
    begun = time.monotonic()
    say_at = SAY_AFTER_SECONDS
    while True:
        found = find(data)
        if found is not None and found.pid == pid and found.status == "ready":
            return found
        if started(pid) is None:
            raise why(_tail(log, log_from), data)
        waited = time.monotonic() - begun
        if waited > seconds_max:
            raise Unavailable(
                f"the database is not ready after {waited:.0f} s: see {log}",
                zh=f"数据库 {waited:.0f} 秒后仍未就绪：请查看 {log}",
            )
        if waited > say_at:
            talk(
                f"数据库正在恢复（已 {waited:.0f} 秒），请稍候… · "
                f"the database is recovering ({waited:.0f} s), please wait"
            )
            say_at = waited + SAY_EVERY_SECONDS
        time.sleep(POLL_SECONDS)


def stop(data: Path, *, talk: Talk, seconds_max: float) -> None:
    """Fast shutdown: open transactions are rolled back, everything committed is on disk.

    A server that does not end in time is stopped at once instead; its next start recovers.
    """
    found = find(data)
    if found is None:
        return
    _signal(found.pid, signal.SIGINT)
    if not _ended(found.pid, talk, seconds_max):
        _signal(found.pid, signal.SIGQUIT)
        _ended(found.pid, talk, seconds_max)


def give_up(pid: int, *, talk: Talk, seconds_max: float) -> None:
    """End a server that was launched and never became ready. In its first moments it ignores
    SIGINT (the shell put it in the background), while SIGTERM ends it at any time."""
    _signal(pid, signal.SIGTERM)
    _signal(pid, signal.SIGINT)
    _ended(pid, talk, seconds_max)


def clear_stale(data: Path, socket: Path, *, talk: Talk) -> None:
    """Make room for a new start after a crash: wait for what is left of the old server, then take
    away its lock files. Their pid may by now belong to a stranger, or to a zombie that nobody
    buries: Postgres would take either for a server that runs, and refuse to start.

    Raises Unavailable where processes of the old server stay: starting beside them would destroy
    the data.
    """
    stale = data / "postmaster.pid"
    if not stale.exists():
        sweep_socket(socket)
        return
    begun, said = time.monotonic(), False
    while left := list(processes.working_in(data)):
        waited = time.monotonic() - begun
        if waited > ORPHANS_SECONDS_MAX:
            raise Unavailable(
                f"processes {left} of a crashed database still work in {data}: end them first",
                zh=f"已崩溃的数据库仍有进程 {left} 在 {data} 中运行：请先结束它们",
            )
        if waited > SAY_AFTER_SECONDS and not said:
            talk("等待上次数据库的进程结束… · waiting for the last server's processes to end")
            said = True
        time.sleep(POLL_SECONDS)
    sweep_socket(socket)
    stale.unlink(missing_ok=True)


def sweep_socket(folder: Path) -> None:
    """Take away the socket of a server that runs no more, and its lock file."""
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (folder / name).unlink(missing_ok=True)


def why(said: str, data: Path) -> Unavailable:
    """The error for a server (or initdb) that ended, from what it said last."""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return full_disk(data)
    if "Cannot allocate memory" in said or "could not map anonymous shared memory" in said:
        return Unavailable(
            "too little memory is free to start the database: close other programs, then try again",
            zh="内存不足，无法启动数据库：请关闭其他程序后再试",
        )
    last = _last_words(said) or "it said nothing"
    return Unavailable(
        f"the database in {data} did not start: {last}",
        zh=f"{data} 中的数据库未能启动：{last}",
        said=said[-LOG_BYTES_SHOWN_MAX:],
    )


def _last_words(said: str) -> str:
    """Its last fatal line with what led to it, or its last lines, without their time stamps."""
    lines = [re.sub(r"^\S+ \S+ \w+ \[\d+\] ", "", line) for line in said.splitlines()]
    fatal = [place for place, line in enumerate(lines) if line.startswith(("FATAL", "PANIC"))]
    end = fatal[-1] + 1 if fatal else len(lines)
    return "; ".join(lines[max(0, end - LOG_LINES_SHOWN_MAX) : end])


def full_disk(folder: Path) -> Unavailable:
    """The error for a disk without room."""
    return Unavailable(
        f"the disk that holds {folder} is full: make at least 200 MB of room, then start again "
        "(nothing committed is lost)",
        zh=f"{folder} 所在磁盘已满：请腾出至少 200 MB 空间后重新启动（已提交的数据不会丢失）",
    )


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _ended(pid: int, talk: Talk, seconds_max: float) -> bool:
    mark, begun, said = started(pid), time.monotonic(), False
    while mark is not None and started(pid) == mark:
        waited = time.monotonic() - begun
        if waited > seconds_max:
            return False
        if waited > SAY_AFTER_SECONDS and not said:
            talk("数据库正在写盘停止… · the database is writing its last pages before it stops")
            said = True
        time.sleep(POLL_SECONDS)
    return True


def _tail(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - LOG_BYTES_SHOWN_MAX))
        return file.read().decode(errors="replace")
