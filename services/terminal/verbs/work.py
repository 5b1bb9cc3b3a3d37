"""工作进程 · `jishi worker`: takes what comes over Kafka into rows and the ledger."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

from services.terminal import exits
from services.terminal.verb import Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from events.errors import JishiError
    from services.terminal.call import Call

PROJECTIONS = ("ledger", "case", "due")


async def worker(call: Call) -> int:
    """Take the facts in, among all workers of the same projections, until it is ended."""
    from projections.declare import unknown
    from services.terminal.database import database
    from services.terminal.logs import to_stderr
    from services.terminal.verbs.road import brokers
    from services.working import work

    say, settings = call.say, call.settings
    bootstrap, names = brokers(settings), call.many("projection")
    for name in names:
        if name not in PROJECTIONS:
            raise unknown("projection", name, PROJECTIONS, zh="投影")
    to_stderr(quiet=say.quiet, serving=True)
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    with database(settings, say) as dsn:
        say.talk(f"从 {bootstrap} 取；按 Ctrl-C 停止", f"takes from {bootstrap}; Ctrl-C stops it")
        await work(settings, dsn, bootstrap, names, ending, partial(_give_up, call))
    say.talk("已停止", "stopped")
    return exits.DONE


def _give_up(call: Call, error: JishiError) -> None:
    """Whoever started this process starts another."""
    call.say.problem(error)
    sys.stderr.flush()
    os._exit(exits.exit_code(error))


VERBS = (
    Verb(
        "worker",
        Both("把经 Kafka 传来的事实记入各投影", "take what comes over Kafka into the projections"),
        worker,
        ("jishi worker", "jishi worker --projection ledger", "jishi worker --projection case"),
        options=(
            Option(
                "projection",
                Both("只做这些投影，可多次", "these projections alone; may be repeated"),
                "NAME",
                many=True,
            ),
        ),
        answers=False,
        more=Both(
            "可同时运行多个（至多与分区数相同），自动分工，一个退出由其余接手。"
            "无法继续时以非零退出码结束：请由 systemd、Docker 等重新启动，不丢不重。",
            "Any number may run, up to the number of partitions; they share them among themselves,"
            " and take over from one that ends. One that cannot go on ends with an exit code other"
            " than 0: let systemd, Docker or the like start it again; nothing is lost or counted"
            " twice.",
        ),
    ),
)
