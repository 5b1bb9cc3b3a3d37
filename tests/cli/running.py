"""The program as people run it: in a process of its own, or, to save the imports, in this one."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import structlog

from services.terminal import program

PROGRAM = Path(sys.executable).with_name("jishi")
SECONDS_MAX = 50
STARTED: list[subprocess.Popen[str]] = []
"""Whatever was started and may still run when a test has failed."""


@dataclass(frozen=True)
class Ended:
    """What one run came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """NDJSON on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Program:
    """The program with settings of its own; nothing of whoever runs the tests reaches it."""

    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What a run sees: no terminal, no settings but its own."""
        inherited = {name: value for name, value in os.environ.items() if name[:6] != "JISHI_"}
        return {**inherited, "LC_ALL": "C.UTF-8", **self.settings}

    def with_settings(self, **settings: str | None) -> Program:
        """The same with other settings; None takes one away."""
        merged: dict[str, str | None] = {**self.settings, **settings}
        return Program({name: value for name, value in merged.items() if value is not None})

    def __call__(self, *arguments: str) -> Ended:
        """Run it to its end within this process: importing everything anew is most of a run."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment(), clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = program.run(list(arguments))
        structlog.reset_defaults()
        return Ended(code, out.getvalue(), err.getvalue())

    def apart(self, *arguments: str) -> Ended:
        """Run it to its end in a process of its own."""
        return self._apart([str(PROGRAM), *arguments])

    def python(self, text: str) -> Ended:
        """Run a few lines of Python in a process of its own."""
        return self._apart([sys.executable, "-c", text])

    def _apart(self, words: list[str]) -> Ended:
        done = subprocess.run(
            words,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS_MAX,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def at_a_terminal(self, typed: str, *arguments: str) -> str:
        """Run it at a terminal where somebody types; what stood on the screen."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [str(PROGRAM), *arguments],
            env=self.environment(),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        ):
            os.close(theirs)
            os.write(ours, typed.encode())
            screen = b""
            # A terminal that everybody has left reads as an error.
            with contextlib.suppress(OSError):
                while piece := os.read(ours, 4_096):
                    screen += piece
            os.close(ours)
        return screen.decode()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it, for the verbs that go on until they are ended."""
        process = subprocess.Popen(
            [str(PROGRAM), *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        STARTED.append(process)
        return process
