"""子进程 · Processes that run for as long as this one does, each started again where it ends.

    children = Children(folder, settings, tell)
    worker = await children.keep("worker-1", "jishi", "worker")
    …
    await children.stop()

What each says stands in `FOLDER/NAME.log`. They are out of reach of the terminal's Ctrl-C: their
owner ends them. Whatever an owner that was killed has left behind is ended by the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from services.run.processes import started

LOG_BYTES_MAX = 16 << 20
STOP_SECONDS_MAX = 20.0
PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX = 0.5, 15.0
STEADY_SECONDS = 30.0
"""Who ran so long is started again after the shortest pause."""
POLL_SECONDS = 0.02
Tell = Callable[[str, int], None]
"""Told of a child that ended by itself (name, exit code; below 0 the signal), before it is started
again."""


class Child:
    """One of them, by name, whichever process it is now."""

    def __init__(self, name: str, words: tuple[str, ...], log: Path) -> None:
        self.name = name
        self.starts = 0
        self._words = words
        self._log = log
        self._from = 0
        self._process: asyncio.subprocess.Process | None = None
        self._began = 0.0
        self._pause = PAUSE_SECONDS_FIRST

    @property
    def pid(self) -> int:
        """Of the process it is now, or was last."""
        return 0 if self._process is None else self._process.pid

    def said(self) -> str:
        """What it has said since it was last started."""
        with self._log.open("rb") as file:
            file.seek(self._from)
            return file.read().decode(errors="replace")

    async def start(self) -> None:
        """Start it. Effects: a process in a session of its own, its log."""
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES_MAX:
            self._log.replace(self._log.with_suffix(".old"))
        with self._log.open("ab") as log:
            self._from = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1
        self._began = time.monotonic()

    async def ended(self) -> int:
        """The exit code, once it has ended."""
        if self._process is None:
            raise AssertionError(f"{self.name} was never started")
        return await self._process.wait()

    async def rest(self) -> None:
        """Wait before the next start: longer each time, where it does not stay up."""
        if time.monotonic() - self._began > STEADY_SECONDS:
            self._pause = PAUSE_SECONDS_FIRST
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, PAUSE_SECONDS_MAX)

    async def stop(self) -> None:
        """End it, in order where it lets itself be ended so."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
                return


class Children:
    """All of them."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str], without: Iterable[str], tell: Tell
    ) -> None:
        """`settings`: what they find in their environment beside our own, from which the variables
        `without` are taken. Ends what an owner before has left. Effects: makes the folder."""
        self._folder = folder
        self._tell = tell
        self._environment = ["env", *(f"--unset={name}" for name in without)]
        self._environment += [f"{name}={value}" for name, value in settings.items()]
        self._children: list[tuple[Child, asyncio.Task[None]]] = []
        self._register = folder / "children.json"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._end_left_over()

    @property
    def pids(self) -> dict[str, int]:
        """Which process each is now, by name."""
        return {child.name: child.pid for child, _ in self._children}

    async def keep(self, name: str, *words: str) -> Child:
        """Start a child, and start it again whenever it ends, until `stop`."""
        child = Child(name, (*self._environment, *words), self._folder / f"{name}.log")
        await child.start()
        self._children.append((child, asyncio.create_task(self._watch(child), name=name)))
        self._note()
        return child

    async def stop(self) -> None:
        """End all of them, and start none again."""
        for _, watch in self._children:
            watch.cancel()
        await asyncio.gather(*(watch for _, watch in self._children), return_exceptions=True)
        await asyncio.gather(*(child.stop() for child, _ in self._children))
        self._children.clear()
        self._register.unlink(missing_ok=True)

    async def _watch(self, child: Child) -> None:
        while True:
            code = await child.ended()
            self._tell(child.name, code)
            await child.rest()
            await child.start()
            self._note()

    def _note(self) -> None:
        pids = [child.pid for child, _ in self._children]
        self._register.write_text(json.dumps([[pid, started(pid)] for pid in pids]))

    def _end_left_over(self) -> None:
        try:
            left = json.loads(self._register.read_bytes())
        except (FileNotFoundError, ValueError):
            return
        for pid, mark in left:
            if mark is not None and started(pid) == mark:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                while started(pid) == mark:
                    time.sleep(POLL_SECONDS)
        self._register.unlink()
