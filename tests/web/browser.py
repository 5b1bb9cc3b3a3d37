"""A real Chromium, spoken to over a pipe in its own protocol: nothing else is needed.

The browser is `JISHI_BROWSER`, else a Chromium on the PATH.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ANSWER_SECONDS = 30
MESSAGE_BYTES_MAX = 64 << 20
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=zh-CN",
    "--accept-lang=zh-CN",
    "--remote-debugging-pipe",
)


def executable(given: str | None) -> str:
    """The browser. Fails, saying what to do, where there is none."""
    found = given or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise AssertionError(
            "no browser: run `make browser`, set JISHI_BROWSER, or leave out with BROWSER=no"
        )
    return found


class Page:
    """One tab."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._session: str | None = None

    async def attach(self) -> None:
        """Open the tab."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its answer."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._writer.write(orjson.dumps(message) + b"\0")
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                answer = orjson.loads((await self._reader.readuntil(b"\0"))[:-1])
                if answer.get("id") == number:
                    if "error" in answer:
                        raise AssertionError(f"{method}: {answer['error']}")
                    found: dict[str, Any] = answer["result"]
                    return found

    async def script(self, text: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.call("Runtime.evaluate", expression=text, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{text}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def go(self, url: str) -> None:
        """Open an address, and wait until it is read."""
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def until(self, condition: str, seconds: float = 30) -> None:
        """Wait until an expression is true. Fails where it does not come true in time."""
        async with asyncio.timeout(seconds):
            while not await self.script(f"Boolean({condition})"):  # noqa: ASYNC110 (another's doing)
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def opened(program: str, folder: Path) -> AsyncIterator[Page]:
    """A browser with one tab, its traces in that folder; ended with the block."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    arguments = [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
    quiet = os.open(os.devnull, os.O_WRONLY)
    pid = os.posix_spawn(  # noqa: ASYNC221 (does not wait)
        program,
        arguments,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, to_read, 3),
            (os.POSIX_SPAWN_DUP2, from_write, 4),
            (os.POSIX_SPAWN_DUP2, quiet, 1),
            (os.POSIX_SPAWN_DUP2, quiet, 2),
        ],
        setpgroup=0,
    )
    for end in (to_read, from_write, quiet):
        os.close(end)
    try:
        page = Page(*await _pipes(from_read, to_write))
        await page.attach()
        yield page
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        await asyncio.to_thread(os.waitpid, pid, 0)


async def _pipes(read: int, write: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MESSAGE_BYTES_MAX)
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb")
    )
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(write, "wb")
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
