"""大门 · The outermost layer: nobody comes in without a token, except to ask whether we live.

Pure ASGI: the token (bearer header, or the cookie of a browser that signed in) is looked up, the
grant put beside the request. A browser without one is shown the sign-in form in the same 401.
"""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from events.errors import Denied, JishiError, Malformed, TooLarge, Unauthenticated
from services.access import TOKEN_MAX, Grant
from services.web.language import Language, chosen
from services.web.problem import problem
from services.web.reply import HTML, Reply
from services.web.routes import GRANT, HEADERS, LANGUAGE, Watch

OPEN_PATHS = frozenset({"/healthz"})
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
COOKIE = "jishi_token"
COOKIE_SECONDS = 12 * 3600
FORM_MAX = 4096
READING = frozenset({"GET", "HEAD", "OPTIONS"})
Find = Callable[[str], Grant | None]


class SignIn(Protocol):
    """Makes the page that asks for a token."""

    def __call__(self, language: Language, wrong: bool) -> tuple[bytes, tuple[bytes, bytes]]:
        """The page, and its content security policy header."""
        ...


class Gate:
    """ASGI middleware: token → grant, or 401."""

    def __init__(
        self,
        app: ASGIApp,
        find: Find,
        watch: Watch,
        sign_in: SignIn,
        language: Language,
        visitor: Grant | None = None,
    ) -> None:
        """`visitor`: what somebody without a token may read; None = nothing, as everywhere but in
        a demonstration."""
        self._app = app
        self._visitor = visitor
        self._find = find
        self._watch = watch
        self._sign_in = sign_in
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or answer 401."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        scope[HEADERS] = headers = dict(scope["headers"])
        accepted = headers.get(b"accept-language")
        language = self._language
        if accepted is not None:
            language = chosen(accepted.decode("latin-1"), language)
        scope[LANGUAGE] = language
        path = scope["path"]
        if path in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        if path == SIGN_IN:
            await self._signing_in(scope, receive, send, headers, language)
            return
        try:
            scope[GRANT] = self._grant(scope, headers)
        except JishiError as error:
            self._watch.refused(scope, error)
            self._watch.answered("(gate)", scope["method"], error.status, 0.0)
            await self._refusal(error, headers, language)(scope, receive, send)
            return
        if path == SIGN_OUT:
            await Reply(b"", status=303, headers=(_to("/"), _cookie("", scope, 0)))(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)

    def _grant(self, scope: Scope, headers: dict[bytes, bytes]) -> Grant:
        bearer = headers.get(b"authorization")
        if bearer is not None:
            scheme, _, token = bearer.decode("latin-1").partition(" ")
            if scheme.lower() != "bearer":
                raise Unauthenticated(
                    "send the token as Authorization: Bearer …",
                    zh="请以 Authorization: Bearer … 携带令牌",
                )
            return self._known(token.strip())
        token = _from_cookie(headers.get(b"cookie", b"").decode("latin-1"))
        if not token and self._visitor is not None and scope["method"] in READING:
            return self._visitor
        if not token:
            raise Unauthenticated(
                "no token came with the request: send Authorization: Bearer …",
                zh="请求没有携带令牌：请以 Authorization: Bearer … 携带",
            )
        grant = self._known(token)
        if scope["method"] not in READING and not _same_origin(headers):
            raise Denied(
                "a browser may write only from jishi's own pages",
                zh="浏览器只能从本系统页面提交",
            )
        return grant

    def _known(self, token: str) -> Grant:
        grant = self._find(token) if 0 < len(token) <= TOKEN_MAX else None
        if grant is None:
            raise Unauthenticated(
                "the token is unknown, revoked or expired: ask for a new one",
                zh="令牌不存在、已撤销或已过期，请重新申请",
            )
        return grant

    def _refusal(self, error: JishiError, headers: dict[bytes, bytes], language: Language) -> Reply:
        if error.status != 401 or b"text/html" not in headers.get(b"accept", b""):
            return problem(error, language)
        wrong = b"authorization" in headers or COOKIE.encode() in headers.get(b"cookie", b"")
        page, policy = self._sign_in(language, wrong)
        challenge = (b"www-authenticate", b'Bearer realm="jishi"')
        return Reply(page, status=401, media=HTML, headers=(policy, challenge))

    async def _signing_in(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        language: Language,
    ) -> None:
        """`POST /sign-in` with the token in a form; `GET` with it in the query, for a link that a
        program prints for the person in front of it. Either way the token is in no page."""
        try:
            if headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
                raise Denied(
                    "another site may not sign anybody in here: open the address yourself",
                    zh="不能由其他网站代为登录，请自行打开地址",
                )
            form = await self._form(scope, receive)
            token = (form.get("token") or [""])[0].strip()
            grant = self._known(token)
        except JishiError as error:
            if error.status in (401, 403):
                self._watch.refused(scope, error)
            self._watch.answered(SIGN_IN, scope["method"], error.status, 0.0)
            await self._refusal(error, headers, language)(scope, receive, send)
            return
        del grant
        target = _local((form.get("to") or ["/"])[0])
        self._watch.answered(SIGN_IN, scope["method"], 303, 0.0)
        reply = Reply(b"", status=303, headers=(_to(target), _cookie(token, scope, COOKIE_SECONDS)))
        await reply(scope, receive, send)

    async def _form(self, scope: Scope, receive: Receive) -> dict[str, list[str]]:
        if scope["method"] in ("GET", "HEAD"):
            raw = bytes(scope["query_string"])
        elif scope["method"] == "POST":
            raw = await read_body(receive, FORM_MAX)
        else:
            raise Unauthenticated("sign in with POST", zh="请以 POST 登录")
        try:
            return parse_qs(raw.decode("ascii"), max_num_fields=8)
        except ValueError as cause:
            raise Malformed("the form could not be read", field="", zh="表单无法读取") from cause


async def read_body(receive: Receive, limit: int) -> bytes:
    """The request's body. Raises TooLarge beyond `limit` bytes, Malformed where the caller left."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("the request ended early", field="", zh="请求未传完")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(
                f"a body may have at most {limit} bytes: send less, or import a file",
                zh=f"请求体最多 {limit} 字节：请减小，或改用文件导入",
                limit=limit,
            )
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _from_cookie(header: str) -> str:
    if COOKIE not in header:
        return ""
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _same_origin(headers: dict[bytes, bytes]) -> bool:
    """Browsers say where a request comes from: in Sec-Fetch-Site, older ones in Origin."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    return bool(origin) and bool(host) and urlsplit(origin).netloc == host


def _local(target: str) -> str:
    """A path on this server: never an address elsewhere (`//host`, `/\\host`)."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\"))
    return quote(target, safe="/?=&:,.-_~%+") if safe else "/"


def _to(target: str) -> tuple[bytes, bytes]:
    return b"location", target.encode("ascii")


def _cookie(token: str, scope: Scope, seconds: int) -> tuple[bytes, bytes]:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    text = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
    return b"set-cookie", text.encode("latin-1")
