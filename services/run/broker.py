"""消息代理 · A Kafka broker on this machine, for tests, trials and measuring: started in under two
seconds, on a port of its own, and gone with the process that started it.

    with broker.start(folder, talk=print) as running:
        …running.bootstrap

    FOLDER/data             what it keeps            FOLDER/log          what it says
    FOLDER/broker.json      which process it is, and whose        FOLDER/lock

However its owner ends, nothing is left running: the broker's guard waits for the end of a pipe
that closes with the owner, and then kills it. For service, set JISHI_KAFKA_BOOTSTRAP instead.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from events.errors import Unavailable
from services.run import kafka_kit, owners
from services.run.kafka_kit import INSTEAD, INSTEAD_ZH, Kit
from services.run.postmaster import QUIET_ENVIRONMENT, Talk
from services.run.processes import started

HOST = "127.0.0.1"
STARTED = b"Kafka Server started"
OCCUPIED = b"Address already in use"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
POLL_SECONDS = 0.01
PORT_TRIES = 5
LOG_BYTES_SHOWN_MAX = 2_000
# The shell says the broker's pid, and then waits for its own input to end: that is the pipe. It
# ends after the last thread of the broker, and so after the last socket was closed.
GUARD = (
    'exec 3<&0; "$@" 3<&- </dev/null >>"$0" 2>&1 & echo $!; exec >&-; read -r _ <&3; '
    "kill -9 $! 2>&-; wait"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parts of one broker lie."""

    root: Path

    @property
    def data(self) -> Path:
        """Its topics."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.root / "log"

    @property
    def settings(self) -> Path:
        """Its configuration, written at each start."""
        return self.root / "server.properties"

    @property
    def register(self) -> Path:
        """Which process it is, and which one started it."""
        return self.root / "broker.json"

    @property
    def lock(self) -> Path:
        """Held while it is started."""
        return self.root / "lock"

    def remove(self) -> None:
        """Take away what is the broker's, and the folder where nothing else is in it."""
        shutil.rmtree(self.data, ignore_errors=True)
        for path in (self.log, self.settings, self.register, self.lock):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.root.rmdir()


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in the register: pids, and what tells them from later processes of that pid."""

    owner: int
    owner_started: str
    server: int
    server_started: str


class Process:
    """One run of the broker program, with its guard."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._log = log
        log.touch()
        self._from = log.stat().st_size
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, str(log), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=QUIET_ENVIRONMENT,
            start_new_session=True,
        )
        if self._guard.stdout is None:
            raise AssertionError("the guard was started with a pipe")
        self.pid = int(self._guard.stdout.readline())
        self._guard.stdout.close()
        self.mark = started(self.pid)

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self.mark is not None and started(self.pid) == self.mark

    def wait_until_ready(self) -> bool:
        """True when it takes connections; False where its port was taken by somebody else.

        Raises Unavailable with its own words where it ends, or takes too long.
        """
        limit = time.monotonic() + START_SECONDS_MAX
        while True:
            alive, said = self.lives, self._said()
            if STARTED in said:
                return True
            if not alive and OCCUPIED in said:
                return False
            if not alive or time.monotonic() > limit:
                last = said[-LOG_BYTES_SHOWN_MAX:].decode(errors="replace").strip()
                raise Unavailable(
                    f"the local Kafka did not start: {last or 'it said nothing'}: {INSTEAD}",
                    zh=f"本地 Kafka 未能启动：{last}：{INSTEAD_ZH}",
                )
            time.sleep(POLL_SECONDS)

    def end(self, number: signal.Signals) -> None:
        """End it by this signal (where that does not do, at once), and its guard."""
        if self.lives:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
        limit = time.monotonic() + STOP_SECONDS_MAX
        while self.lives and time.monotonic() < limit:
            time.sleep(POLL_SECONDS)
        if self._guard.stdin is not None:
            self._guard.stdin.close()  # and the guard kills what is left
        self._guard.wait()
        while self.lives:
            time.sleep(POLL_SECONDS)

    def _said(self) -> bytes:
        with self._log.open("rb") as file:
            file.seek(self._from)
            return file.read()


class Broker:
    """One running broker. `bootstrap` is its address, the same after `kill` and `revive`."""

    def __init__(self, kit: Kit, place: Place, *, keep: bool) -> None:
        self._kit = kit
        self._place = place
        self._keep = keep
        self._owner = os.getpid()
        self._stopped = False
        self._process, self._ports = _launched(kit, place)
        self._enter()
        atexit.register(self.stop)

    @property
    def bootstrap(self) -> str:
        """What clients are told: `127.0.0.1:port`."""
        return f"{HOST}:{self._ports[0]}"

    @property
    def pid(self) -> int:
        """Of the broker itself."""
        return self._process.pid

    def stop(self) -> None:
        """End it in order. What it kept is removed, unless it was started with `keep`. A second
        call does nothing, nor does one in a forked child."""
        if self._stopped or self._owner != os.getpid():
            return
        self._stopped = True
        atexit.unregister(self.stop)
        self._process.end(signal.SIGTERM)
        self._place.register.unlink(missing_ok=True)
        if not self._keep:
            self._place.remove()

    def kill(self) -> None:
        """End it as a power failure would, for tests of what happens then."""
        self._process.end(signal.SIGKILL)

    def revive(self) -> None:
        """Start it again at the same address, on what it kept. Raises Unavailable."""
        self._process.end(signal.SIGTERM)
        process = _process(self._kit, self._place, self._ports)
        try:
            if not process.wait_until_ready():
                raise Unavailable(f"the port of the broker that was killed is taken: {INSTEAD}")
        except BaseException:
            process.end(signal.SIGKILL)
            raise
        self._process = process
        self._enter()

    def _enter(self) -> None:
        owner = started(self._owner)
        entry = Entry(self._owner, owner or "", self._process.pid, self._process.mark or "")
        self._place.register.write_text(json.dumps(asdict(entry)))

    def __enter__(self) -> Broker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(folder: Path, *, talk: Talk, keep: bool = False) -> Broker:
    """Start a broker in this folder, which is made where it is missing. Returns when it serves.

    `keep`: what it keeps stays there at `stop`, and is used again by the next start. The first
    start of a user fetches Kafka (seconds). Raises Unavailable: nothing to start it with (saying
    what to install or to set), or the folder is in use by another process.
    """
    place = Place(folder.expanduser().resolve())
    kit = kafka_kit.kit(talk, _train)
    place.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with owners.locked(place.lock, talk=talk, seconds_max=START_SECONDS_MAX):
        _clear(place)
        if not keep:
            shutil.rmtree(place.data, ignore_errors=True)
        if not place.data.exists():
            shutil.copytree(kit.formatted, place.data)
        return Broker(kit, place, keep=keep)


def _clear(place: Place) -> None:
    """End what a run that was killed may have left. Raises Unavailable where its owner lives."""
    try:
        entry = Entry(**json.loads(place.register.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return
    runs = started(entry.server) == entry.server_started
    if runs and started(entry.owner) == entry.owner_started:
        raise Unavailable(
            f"process {entry.owner} runs a Kafka in {place.root}: end it, or take another folder",
            zh=f"进程 {entry.owner} 正在 {place.root} 中运行 Kafka：请结束它或换一个目录",
        )
    if runs:
        os.kill(entry.server, signal.SIGKILL)
        while started(entry.server) == entry.server_started:
            time.sleep(POLL_SECONDS)
    place.register.unlink()


def _train(kit: Kit, folder: Path, flag: str) -> None:
    """Start and stop a broker once, so that its classes are kept as it ends."""
    place = Place(folder)
    place.root.mkdir()
    shutil.copytree(kit.formatted, place.data)
    process, _ = _launched(kit, place, flag)
    process.end(signal.SIGTERM)


def _launched(kit: Kit, place: Place, *flags: str) -> tuple[Process, tuple[int, int]]:
    """A broker that serves, on ports that were free."""
    for _ in range(PORT_TRIES):
        ports = _free_ports()
        process = _process(kit, place, ports, *flags)
        try:
            if process.wait_until_ready():
                return process, ports
        except BaseException:
            process.end(signal.SIGKILL)
            raise
        process.end(signal.SIGKILL)
    raise Unavailable(f"the local Kafka found {PORT_TRIES} ports taken one after the other")


def _process(kit: Kit, place: Place, ports: tuple[int, int], *flags: str) -> Process:
    place.settings.write_text(kafka_kit.properties(place.data, *ports))
    return Process(kit.command("kafka.Kafka", str(place.settings), flags=flags), place.log)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind((HOST, 0))
        second.bind((HOST, 0))
        return first.getsockname()[1], second.getsockname()[1]
