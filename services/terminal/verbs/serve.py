"""启动 · `jishi up` (everything on this machine) and `jishi api` (the API and board alone)."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from events.errors import Invalid
from services.terminal import exits
from services.terminal.verb import Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    import socket

    from services.terminal.call import Call
    from services.wiring import House

PORT = 8311
HOST = "127.0.0.1"
PORT_MAX = 65_535
STOP_SECONDS_MAX = 30.0
OPTIONS = (
    Option(
        "port",
        Both(f"端口，默认 {PORT}；被占用则用下一个", f"default {PORT}, or the next free"),
        "N",
    ),
    Option("host", Both(f"监听地址，默认 {HOST}", f"address to listen at, default {HOST}"), "HOST"),
)


async def up(call: Call) -> int:
    """Database, API, board, projections and deadlines in this process, until it is ended."""
    return await _serve(call, timers=True, rows=True)


async def api(call: Call) -> int:
    """The API and board alone: rows are kept by another process, and so are deadlines unless this
    one is to fire them (several may: each fires once)."""
    return await _serve(call, timers=call.flag("deadlines"), rows=False)


async def _serve(call: Call, *, timers: bool, rows: bool) -> int:
    from services.terminal.logs import to_stderr
    from services.web.server import serve
    from services.wiring import open_house

    say = call.say
    to_stderr(quiet=say.quiet, serving=True)
    listener = listening_for(call)
    ending = Ending()
    try:
        async with open_house(
            call.settings, timers=timers, rows=rows, talk=lambda text: say.talk(text, text)
        ) as house:

            def ready() -> None:
                ending.left_to_uvicorn()
                _welcome(call, house, listener)

            await serve(house.app, house.ring, listener, ready)
    except asyncio.CancelledError:
        if not ending.asked:
            raise
        say.talk("启动被中断", "interrupted while starting")
        return exits.INTERRUPTED
    finally:
        listener.close()
    say.talk("已停止", "stopped")
    return exits.DONE


class Ending:
    """Ctrl-C and SIGTERM also end a start in order: what was opened is closed again.

    While it serves, uvicorn takes the signals itself, and ends the serving; it then sends them on,
    and they mean nothing any more.
    """

    def __init__(self) -> None:
        self.asked = False
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._ask)

    def left_to_uvicorn(self) -> None:
        """It serves now. The closing that follows is not to be interrupted either."""
        self._task = None

    def _ask(self) -> None:
        if self._task is not None:
            self.asked = True
            self._task.cancel()


def _welcome(call: Call, house: House, listener: socket.socket) -> None:
    """Where it is, and the first administrator's token, once."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    say = call.say
    say.raw(url)
    if house.first_token is not None:
        say.talk(
            "第一个管理员令牌（只显示这一次，请妥善保管）：",
            "the first administrator's token (shown only this once, keep it safe):",
        )
        say.once(house.first_token)
        say.hint(
            f"export JISHI_SERVER={url} JISHI_TOKEN={house.first_token}",
            f"export JISHI_SERVER={url} JISHI_TOKEN={house.first_token}",
        )
    else:
        say.hint(f"export JISHI_SERVER={url}", f"export JISHI_SERVER={url}")
    say.talk("按 Ctrl-C 停止", "press Ctrl-C to stop")


def listening_for(call: Call) -> socket.socket:
    """A socket at the host and port asked for, or the next free port. Raises Invalid."""
    from services.web.server import listening

    port = call.whole("port", least=0, most=PORT_MAX)
    host = call.text("host") or HOST
    try:
        return listening(host, PORT if port is None else port)
    except OSError as error:
        raise Invalid(
            f"--host {host}: nothing can be listened to there ({error})",
            field="host",
            value=host,
            zh=f"--host {host}：无法在此监听（{error}）",
        ) from error


VERBS = (
    Verb(
        "up",
        Both(
            "在本机启动全部：数据库、接口、看板、投影与时限",
            "start everything on this machine: database, API, board, projections, deadlines",
        ),
        up,
        ("jishi up", "jishi up --port 9000", "jishi up --home ./data"),
        options=OPTIONS,
        answers=False,
        more=Both(
            "首次启动建库，并给出第一个管理员令牌，仅此一次。Ctrl-C 或 SIGTERM 干净地结束一切。",
            "The first start makes the database, and prints the first administrator's token, only"
            " then. Ctrl-C or SIGTERM ends everything cleanly.",
        ),
    ),
    Verb(
        "api",
        Both("只启动接口与看板", "the API and board alone"),
        api,
        ("jishi api", "jishi api --deadlines --host 0.0.0.0 --port 8311"),
        options=(
            *OPTIONS,
            Option("deadlines", Both("也触发到期的时限", "also fire the deadlines that are due")),
        ),
        answers=False,
    ),
)
