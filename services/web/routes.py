"""路由 · The one maker of routes: an endpoint gets the caller's grant as an argument, always.

A route that was not made here is refused when the application starts, so that nobody can add a
path that forgets to ask who is calling.
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from events.errors import Broken, JishiError, Unauthenticated, Unknown
from services.access import Grant
from services.web.language import Language
from services.web.problem import MethodNotAllowed, problem
from services.web.reply import Reply

log = structlog.get_logger("jishi.web")

Handler = Callable[[Request, Grant], Awaitable[ASGIApp]]
Wording = Callable[[JishiError, Language, str], Reply]
OpenHandler = Callable[[Request], Awaitable[ASGIApp]]
GRANT, LANGUAGE, HEADERS = "jishi.grant", "jishi.language", "jishi.headers"
SLOW_SECONDS = 1.0


class Watch(Protocol):
    """Who wants to know what was answered: metrics, and the log of refused attempts."""

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered."""
        ...

    def refused(self, scope: Scope, error: JishiError) -> None:
        """One request was refused or denied."""
        ...


class Endpoint:
    """The ASGI side of a route: method, grant, errors as problems, and what is measured."""

    def __init__(
        self, path: str, handlers: dict[str, Handler], watch: Watch, wording: Wording
    ) -> None:
        self._path = path
        self._wording = wording
        self._handlers = handlers
        self._watch = watch
        self.allowed = (*sorted(handlers), *(("HEAD",) if "GET" in handlers else ()), "OPTIONS")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        try:
            reply = await self._reply(scope, receive)
        except JishiError as error:
            self._watch.refused(scope, error)
            if isinstance(error, Broken):
                log.critical("broken", path=self._path, detail=error.detail)
            reply = self._wording(error, language_of(scope), scope["path"])
        except Exception as error:  # noqa: BLE001 (whatever it is, the caller gets an answer)
            # Neither the message nor local values: both may hold what somebody sent.
            trace = traceback.extract_tb(error.__traceback__)
            log.error(
                "failed",
                path=self._path,
                method=scope["method"],
                error=type(error).__name__,
                where=[f"{one.filename}:{one.lineno}" for one in trace],
            )
            unknown = JishiError("Something went wrong inside jishi", zh="系统内部出错")
            reply = self._wording(unknown, language_of(scope), scope["path"])
        status = reply.status if isinstance(reply, Reply) else 200
        await reply(scope, receive, send)
        self._watch.answered(self._path, scope["method"], status, time.perf_counter() - began)

    async def _reply(self, scope: Scope, receive: Receive) -> ASGIApp:
        grant = scope.get(GRANT)
        if not isinstance(grant, Grant):
            raise Unauthenticated("no token came with the request", zh="请求没有携带令牌")
        method = scope["method"]
        handler = self._handlers.get("GET" if method == "HEAD" else method)
        if handler is None:
            if method == "OPTIONS":
                allow = ", ".join(self.allowed).encode()
                return Reply(b"", status=204, headers=((b"allow", allow),))
            raise MethodNotAllowed(method, self.allowed)
        return await handler(Request(scope, receive), grant)


class GuardedRoute(Route):
    """A route made by `Routes`; the application accepts no other."""


class Routes:
    """Makes routes. `open` is for the one path that needs no token. `wording` makes the answer to
    an error: a problem document, or on pages a page."""

    def __init__(self, watch: Watch, wording: Wording = problem) -> None:
        self._watch = watch
        self._wording = wording

    def guarded(self, path: str, **handlers: Handler) -> GuardedRoute:
        """A route for callers with a token: `guarded("/api/v1/areas", GET=areas)`."""
        named = path.replace(":kind}", "}")
        endpoint = Endpoint(named, handlers, self._watch, self._wording)
        return GuardedRoute(path, endpoint, methods=None)

    def open(self, path: str, handler: OpenHandler) -> GuardedRoute:
        """A route for everybody; must be among the gate's open paths."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            reply = await handler(Request(scope, receive))
            await reply(scope, receive, send)

        return GuardedRoute(path, _Open(answer), methods=None)


class _Open:
    """An ASGI application as an object: Starlette would wrap a function."""

    def __init__(self, answer: ASGIApp) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send)


def only_guarded(routes: Sequence[BaseRoute]) -> None:
    """Raises AssertionError where a route was made in any other way."""
    for route in routes:
        if type(route) is not GuardedRoute:
            path = getattr(route, "path", route)
            raise AssertionError(
                f"{path} was not made by services.web.routes: no token is asked for"
            )


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer where no route matches."""
    if scope["type"] != "http":
        return
    path = re.sub(r"[^\x20-\x7e]", "?", scope["path"])[:80]
    error = Unknown(
        f"there is nothing at {path}: see /openapi.json",
        what="path",
        name=path,
        zh=f"没有 {path} 这一地址，请见 /openapi.json",
    )
    await problem(error, language_of(scope))(scope, receive, send)


def language_of(scope: Scope) -> Language:
    """The caller's language, as the gate found it."""
    language: Language = scope.get(LANGUAGE, "zh")
    return language
