"""就诊 · Who is examined by `jishi doctor`: the database itself, or the server that is set."""

from __future__ import annotations

import contextlib
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from events.errors import Invalid, JishiError
from services.terminal.health import Check, Finding, Patient, examine
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.run.settings import Settings
    from services.terminal.call import Call
    from services.terminal.client import Client

CLOCK_SECONDS_MAX = 5.0


def settings_of(call: Call) -> tuple[Settings | None, list[Finding]]:
    """The settings, and the line about them; None where they are wrong."""
    try:
        settings = call.settings
    except Invalid as error:
        return None, [
            Finding(
                "settings",
                "fail",
                Both(error.zh, error.detail),
                Both("改正该变量", "correct the variable"),
            )
        ]
    named = [
        name
        for name in ("database_url", "read_database_url", "server", "kafka_bootstrap")
        if getattr(settings, name) is not None
    ]
    text = ", ".join(named) or "–"
    return settings, [Finding("settings", "ok", Both(f"已设置：{text}", f"set: {text}"))]


async def examine_database(call: Call) -> list[Finding]:
    """Everything that can be seen from the database."""
    from services.kernel.catalogue import discover
    from services.terminal.database import connected, database, pending
    from services.terminal.logs import to_stderr
    from streams.log import PostgresLog

    to_stderr(quiet=call.say.quiet)
    settings, findings = settings_of(call)
    if settings is None:
        return findings
    try:
        async with contextlib.AsyncExitStack() as stack:
            dsn = stack.enter_context(database(settings, call.say))
            connection = await stack.enter_async_context(connected(dsn))
            known = discover()
            patient = Patient(connection, settings, dsn, known, full=call.flag("full"))
            if not await pending(connection):
                patient.log = await PostgresLog.open(dsn, known.shapes, limits=settings.log)
                stack.push_async_callback(patient.log.close)
            return [*findings, *await examine(patient, checks())]
    except JishiError as error:
        return [*findings, away("database", error)]


def checks() -> list[tuple[str, Check]]:
    """Everything that is looked at, in the order of the list."""
    from services.terminal import health_calendar, health_log, health_server
    from services.terminal.health_books import books

    return [
        ("database", health_server.server),
        ("schema", health_server.schema),
        ("guards", health_server.guards),
        ("log", health_log.log),
        ("positions", health_log.positions),
        ("bodies", health_log.bodies),
        ("projections", books),
        ("calendar", health_calendar.calendar),
        ("clock", health_server.clocks),
        ("disk", health_server.disk),
    ]


def examine_server(call: Call) -> list[Finding]:
    """What a caller can see of a server: whether it answers, is ready, and has the right time."""
    from services.terminal.client import Client

    settings, findings = settings_of(call)
    if settings is None or settings.server is None:
        return findings
    token = settings.token.get_secret_value() if settings.token else None
    client = Client(settings.server, token, call.say.language)
    try:
        findings.append(_alive(client, settings.server))
        findings += _ready(client)
    except JishiError as error:
        findings.append(away("server", error))
    finally:
        client.close()
    return findings


def away(name: str, error: JishiError) -> Finding:
    """The line where somebody does not answer: the error says what to do."""
    return Finding(name, "fail", Both(error.zh, error.detail))


def _alive(client: Client, url: str) -> Finding:
    began = time.monotonic()
    headers = client.headers_of("/healthz")
    took = (time.monotonic() - began) * 1000
    date = headers.get("date")
    apart = abs(parsedate_to_datetime(date).timestamp() - time.time()) if date else 0.0
    if apart > CLOCK_SECONDS_MAX:
        return Finding(
            "clock",
            "warn",
            Both(f"与服务器时钟相差 {apart:.0f} 秒", f"{apart:.0f} s apart from the server's"),
            Both("用 NTP 校时", "set both clocks by NTP"),
        )
    text = f"{url} ({took:.0f} ms)"
    return Finding("server", "ok", Both(f"{text} 有应答", f"{text} answers"))


def _ready(client: Client) -> list[Finding]:
    status, value = client.status("/readyz")
    if status in (401, 403):
        return [
            Finding(
                "token",
                "fail",
                Both("令牌无效或未设置", "there is no token, or it is not good"),
                Both("设置 JISHI_TOKEN", "set JISHI_TOKEN"),
            )
        ]
    problems = value.get("problems") or ([] if status == 200 else [f"HTTP {status}"])
    if not problems:
        return [Finding("ready", "ok", Both("可以受理", "ready to serve"))]
    return [
        Finding(
            "ready",
            "fail",
            Both(str(problem), str(problem)),
            Both("稍候再看；查看服务日志", "look again in a while; see the server's log"),
        )
        for problem in problems
    ]
