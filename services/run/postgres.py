"""内嵌数据库 · The embedded Postgres: one per JISHI_HOME, started by whoever comes first, shared by
all who come after, stopped by the last one out.

    HOME/postgres/data      the data folder                   HOME/postgres/log    the server's log
    HOME/postgres/run       the socket (the only door)        HOME/postgres/owners.json, lock

A server whose owner was killed goes on, is adopted by the next start, and stopped with it. A server
that was killed itself is started again by whichever of its owners sees it first (`keep_up`).
"""

from __future__ import annotations

import atexit
import errno
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode
from uuid import uuid4

from events.errors import Unavailable
from services.run import cluster, owners, postmaster
from services.run.limits import LIMITS, DatabaseLimits
from services.run.postmaster import SOCKET_NAME, Postmaster, Talk

SOCKET_BYTES_MAX = 103
"""The shortest limit a system sets to the path of a socket (macOS; Linux allows 107)."""
SHORT_FOLDER = Path("/tmp")  # noqa: S108 (what is made in it is private, and checked)
LOG_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True)
class House:
    """Where the parts of one embedded database lie."""

    root: Path

    @property
    def data(self) -> Path:
        """The data folder of Postgres."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.root / "log"

    @property
    def register(self) -> Path:
        """Who uses the server."""
        return self.root / "owners.json"

    @property
    def lock(self) -> Path:
        """Held while a server is started or stopped."""
        return self.root / "lock"


class Server:
    """One use of the embedded server. `stop` gives it back; at the end of the process that happens
    by itself. `adopted` says that it was running already."""

    def __init__(
        self,
        house: House,
        found: Postmaster,
        *,
        adopted: bool,
        ticket: str,
        limits: DatabaseLimits,
    ) -> None:
        self.dsn = _dsn(found.socket)
        self.pid = found.pid
        self.adopted = adopted
        self._house = house
        self._ticket = ticket
        self._limits = limits
        self._process = os.getpid()
        self._stopped = False
        atexit.register(self.stop)

    def stop(self, *, talk: Talk | None = None) -> None:
        """Give the server back. The last one stops it and waits until it is down; a second call
        does nothing, nor does one in a forked child."""
        if self._stopped or self._process != os.getpid():
            return
        self._stopped = True
        atexit.unregister(self.stop)
        say = talk or _say_nothing
        with owners.locked(self._house.lock, talk=say, seconds_max=self._limits.start_seconds):
            _leave(self._house, self._ticket, say, self._limits)

    def keep_up(self, talk: Talk) -> bool:
        """Start the server again if it is gone while it is still in use (killed by hand, or for
        want of memory). True where this call started it; of several owners one does.

        Raises Unavailable where it does not come up again.
        """
        if self._stopped or postmaster.find(self._house.data) is not None:
            return False
        with owners.locked(self._house.lock, talk=talk, seconds_max=self._limits.start_seconds):
            # Given back while this call waited for the lock: then nobody would stop it any more.
            if self._stopped:
                return False
            found, adopted = _bring_up(self._house, self._ticket, talk, self._limits)
        self.pid = found.pid
        if _dsn(found.socket) != self.dsn:
            raise Unavailable(
                f"the embedded database came back at another socket ({found.socket}): start again",
                zh=f"内嵌数据库已换用另一套接字（{found.socket}）：请重新启动",
            )
        return not adopted

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(home: Path, *, talk: Callable[[str], None], limits: DatabaseLimits = LIMITS) -> Server:
    """Start the server of this home, or join the one that runs. Returns when it takes connections.

    `talk` gets a line for people where something takes time. Effects: makes `home` where it is
    missing (for this user alone); the first time makes the database (under a second).
    Raises Unavailable, saying what to do: disk full, another version's data, no way to run here.
    """
    house = House(home.expanduser().resolve() / "postgres")
    ticket = uuid4().hex
    try:
        house.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        house.root.mkdir(mode=0o700, exist_ok=True)
        with owners.locked(house.lock, talk=talk, seconds_max=limits.start_seconds):
            try:
                return _start_or_join(house, ticket, talk, limits)
            except BaseException:
                _leave(house, ticket, talk, limits)
                raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise postmaster.full_disk(house.root) from error
        raise Unavailable(
            f"the folder of the embedded database cannot be used: {error}: set JISHI_HOME to a "
            "folder that this user may write",
            zh=f"无法使用内嵌数据库的目录：{error}：请把 JISHI_HOME 设为当前用户可写的目录",
        ) from error


def _start_or_join(house: House, ticket: str, talk: Talk, limits: DatabaseLimits) -> Server:
    found, adopted = _bring_up(house, ticket, talk, limits)
    return Server(house, found, adopted=adopted, ticket=ticket, limits=limits)


def _bring_up(
    house: House, ticket: str, talk: Talk, limits: DatabaseLimits
) -> tuple[Postmaster, bool]:
    """The server, ready, and whether it was running already. The lock must be held."""
    register = owners.read(house.register)
    register.join(ticket)
    owners.write(house.register, register)
    running = _usable(house, talk, limits)
    log_from = _turn_log(house.log) if running is None else 0
    pid = _launch(house, register, talk) if running is None else running.pid
    try:
        found = postmaster.wait_until_ready(
            house.data,
            pid,
            log=house.log,
            log_from=log_from,
            talk=talk,
            seconds_max=limits.start_seconds,
        )
    except BaseException:
        if running is None:
            postmaster.give_up(pid, talk=talk, seconds_max=limits.stop_seconds)
        raise
    return found, running is not None


def _launch(house: House, register: owners.Register, talk: Talk) -> int:
    cluster.prepare(house.data, talk=talk)
    socket = _socket_folder(house, register)
    postmaster.clear_stale(house.data, socket, talk=talk)
    owners.write(house.register, register)
    cluster.configure(house.data, socket)
    command = [str(cluster.binaries() / "postgres"), "-D", str(house.data)]
    return postmaster.launch(command, log=house.log)


def _usable(house: House, talk: Talk, limits: DatabaseLimits) -> Postmaster | None:
    """The running server, if one runs that can be joined. One that is on its way down, or whose
    socket was swept away, is stopped first."""
    running = postmaster.find(house.data)
    if running is None:
        return None
    lost = running.status == "ready" and not (running.socket / SOCKET_NAME).exists()
    if lost or running.status == "stopping":
        postmaster.stop(house.data, talk=talk, seconds_max=limits.stop_seconds)
        return None
    return running


def _leave(house: House, ticket: str, talk: Talk, limits: DatabaseLimits) -> None:
    """Take one use out of the register, and stop the server where it was the last."""
    register = owners.read(house.register)
    register.leave(ticket)
    if not register.owners:
        postmaster.stop(house.data, talk=talk, seconds_max=limits.stop_seconds)
        if register.socket is not None:
            _remove_folder(Path(register.socket))
            register.socket = None
    owners.write(house.register, register)


def _socket_folder(house: House, register: owners.Register) -> Path:
    """The folder of the socket: at home, or, where that path is longer than a socket's may be, a
    short private one, noted in the register so that it can be removed."""
    at_home = house.root / "run"
    if len(os.fsencode(at_home / SOCKET_NAME)) <= SOCKET_BYTES_MAX:
        at_home.mkdir(mode=0o700, exist_ok=True)
        return at_home
    if register.socket is None or not _is_private(Path(register.socket)):
        register.socket = tempfile.mkdtemp(prefix="jishi-", dir=SHORT_FOLDER)
    return Path(register.socket)


def _is_private(folder: Path) -> bool:
    try:
        state = folder.lstat()
    except FileNotFoundError:
        return False
    ours = state.st_uid == os.geteuid() and stat.S_IMODE(state.st_mode) == 0o700
    return stat.S_ISDIR(state.st_mode) and ours


def _remove_folder(folder: Path) -> None:
    """Only what the server left, and only if it is ours: the path comes from a file."""
    if not _is_private(folder):
        return
    postmaster.sweep_socket(folder)
    folder.rmdir()


def _turn_log(log: Path) -> int:
    """Begin a new log where the old one is long (one old one is kept); its length now."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".old"))
    return log.stat().st_size if log.exists() else 0


def _dsn(socket: Path) -> str:
    where = urlencode({"host": str(socket), "port": "5432", "user": cluster.USER})
    return f"postgresql:///{cluster.DATABASE}?{where}"


def _say_nothing(_: str) -> None:
    return
