"""转发 · `jishi relay`: the log, sent to Kafka, for workers and for other programs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from events.errors import Unavailable
from services.terminal import exits
from services.terminal.verb import Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.run.settings import Settings
    from services.terminal.call import Call


def brokers(settings: Settings) -> str:
    """Where Kafka is. Raises Unavailable where that was not said."""
    if settings.kafka_bootstrap is None:
        raise Unavailable(
            "no Kafka is set: set JISHI_KAFKA_BOOTSTRAP, for example to 127.0.0.1:9092 (without "
            "it `jishi up` does everything in one process)",
            zh="未设置 Kafka：请设置 JISHI_KAFKA_BOOTSTRAP，如 127.0.0.1:9092"
            "（不设时，用 `jishi up` 在一个进程内完成一切）",
        )
    return settings.kafka_bootstrap


async def relay(call: Call) -> int:
    """Send what the log holds and gets, as the leader or in wait, until it is ended."""
    from services.terminal.database import database
    from services.terminal.logs import to_stderr
    from services.terminal.verbs.serve import Ending
    from streams.relay import run

    say, settings = call.say, call.settings
    bootstrap = brokers(settings)
    to_stderr(quiet=say.quiet, serving=True)
    ending = Ending()
    try:
        with database(settings, say) as dsn:
            say.talk(
                f"转发至 {bootstrap}；按 Ctrl-C 停止",
                f"relays to {bootstrap}; Ctrl-C stops it",
            )
            await run(
                dsn,
                bootstrap,
                settings.kafka,
                settings.log,
                create_topics=call.flag("create-topics"),
            )
    except asyncio.CancelledError:
        if not ending.asked:
            raise
    say.talk("已停止", "stopped")
    return exits.DONE


VERBS = (
    Verb(
        "relay",
        Both("把日志转发到 Kafka", "send the log to Kafka"),
        relay,
        ("jishi relay", "jishi relay --create-topics"),
        options=(
            Option(
                "create-topics",
                Both("缺少的主题由它建立", "make the topics that are missing"),
            ),
        ),
        answers=False,
        more=Both(
            "可同时运行多个：一个转发，其余待命，几秒内接替。断线时等待，从不丢失。",
            "Any number may run: one sends, the others stand by and take over within seconds. It"
            " waits for a broker that is away, and loses nothing.",
        ),
    ),
)
