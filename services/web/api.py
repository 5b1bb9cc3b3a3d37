"""接口 · Giving commands and reading cases over HTTP.

One endpoint for each shape of address, whatever the kind: the declarations know the rest.
"""

from __future__ import annotations

from uuid import UUID

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request as HttpRequest

from events.errors import Malformed, TooLarge, Unknown
from services.access import Grant
from services.commands import Request
from services.kernel.sensitive import shown
from services.ruling import no_such_case
from services.web.asked import Asked, area_of, cursor_of, from_cursor
from services.web.cases_json import case_json
from services.web.gate import read_body
from services.web.listing import Wanted, page_of
from services.web.parts import Parts
from services.web.problem import UnsupportedMedia
from services.web.reply import Header, Reply, json_reply
from services.web.routes import HEADERS, GuardedRoute, Routes, language_of

CREATED, REPEATED = 201, 200
CHECKED = b"private, no-cache"
JSON_TYPE = b"application/json"
RawHeaders = dict[bytes, bytes]
VARY: Header = (b"vary", b"Accept-Language, Authorization, Cookie")
"""One revision of a case looks different to each reader: wording, and what may come next."""
REPLAYED: Header = (b"idempotency-replayed", b"true")
POSITION_MAX = 10**15
RESERVED = (
    "areas", "book", "catalogue", "counters", "events", "feed", "hotline", "tables", "templates",
    "units",
)  # fmt: skip
"""Words that stand where a kind does; the kernel lets no kind be called so."""


class _Kind(StringConvertor):
    """Any word but those that mean something else in this place."""

    regex = f"(?!(?:{'|'.join(RESERVED)})(?:/|$))[^/]+"


register_url_convertor("kind", _Kind())


class Api:
    """The endpoints about commands and cases."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._commands = parts.commands

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The routes, the narrower ones first."""
        return [
            make.guarded("/api/v1/{kind:kind}/{id}/events", GET=self.history),
            make.guarded("/api/v1/{kind:kind}/{id}/{command}", POST=self.go_on),
            make.guarded("/api/v1/{kind:kind}", GET=self.cases, POST=self.start),
            make.guarded("/api/v1/{kind:kind}/{id}", GET=self.case),
        ]

    async def start(self, http: HttpRequest, grant: Grant) -> Reply:
        """`POST /{kind}`: start a case."""
        return await self._give(http, grant, http.path_params["kind"], "", None)

    async def go_on(self, http: HttpRequest, grant: Grant) -> Reply:
        """`POST /{kind}/{id}/{command}`: go on with it."""
        at = http.path_params
        entry, info = self._commands.rulings.named(at["kind"], at["command"])
        if info.starts and info.states == frozenset():
            raise Unknown(
                f"{info.name} starts a {entry.name}: send it to /api/v1/{entry.name}",
                what="command",
                name=info.name,
                zh=f"“{info.label.zh}”用于新建，请发到 /api/v1/{entry.name}",
            )
        return await self._give(http, grant, at["kind"], info.name, at["id"])

    async def case(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /{kind}/{id}`: the case as it is now."""
        entry = self._commands.catalogue.entry(http.path_params["kind"])
        case = await self._commands.case(grant, entry.name, http.path_params["id"])
        tag = b'"%d"' % case.revision
        headers: tuple[Header, ...] = ((b"etag", tag), VARY)
        if tag in _tags(http.headers.get("if-none-match", "")):
            return Reply(b"", status=304, headers=headers, keep=CHECKED)
        answer = case_json(entry, case, grant, language_of(http.scope))
        return json_reply(answer, headers=headers, keep=CHECKED)

    async def history(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /{kind}/{id}/events?after=revision`: its events, oldest first."""
        at = http.path_params
        asked = Asked(http.query_params, self._parts.log.zone)
        limits = self._parts.limits
        after = asked.whole("after", usual=0, least=0, most=POSITION_MAX)
        limit = asked.whole("limit", usual=limits.page, least=1, most=limits.page)
        asked.done()
        case = await self._commands.case(grant, at["kind"], at["id"])
        events = (await self._parts.log.load(case.stream, after))[:limit]
        last = events[-1].revision if events else after
        body = b'{"events":[%b],"next":%d,"revision":%d}' % (
            b",".join([event.envelope_bytes() for event in events]),
            last,
            case.revision,
        )
        return Reply(body)

    async def cases(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /{kind}`: cases, the newest first, a page at a time."""
        entry = self._commands.catalogue.entry(http.path_params["kind"])
        grant.check_reading(entry.kind)
        asked = Asked(http.query_params, self._parts.log.zone)
        limits = self._parts.limits
        wanted = Wanted(
            entry=entry,
            area=area_of(asked, grant, self._commands.directory),
            unit=asked.text("unit"),
            state=asked.text("state"),
            overdue=asked.choice("overdue", ("", "yes")) == "yes",
            before=from_cursor(asked),
            limit=asked.whole("limit", usual=limits.page_usual, least=1, most=limits.page),
        )
        asked.done()
        language = language_of(http.scope)
        page = await page_of(self._parts, wanted)
        seen = (case for case in page.cases if shown(case, grant.actor))
        items = [case_json(entry, case, grant, language) for case in seen]
        following = None if page.next is None else cursor_of(page.next)
        return json_reply({"items": items, "next": following})

    async def _give(
        self, http: HttpRequest, grant: Grant, kind: str, command: str, case_id: str | None
    ) -> Reply:
        headers: RawHeaders = http.scope[HEADERS]
        cause = headers.get(b"jishi-cause")
        request = Request(
            grant=grant,
            kind=kind,
            command=command,
            id=case_id,
            fields=await json_body(http, headers, self._parts.limits.body_bytes),
            command_id=command_id_of(headers.get(b"idempotency-key")),
            expect=_expected(headers.get(b"if-match")),
            cause=await self._cause(grant, cause.decode("latin-1")) if cause else None,
        )
        done = await self._commands.do(request)
        found: tuple[Header, ...] = (
            (b"location", f"/api/v1/{done.stream}".encode("ascii")),
            (b"etag", b'"%d"' % done.revision),
        )
        if done.replayed:
            return Reply(done.json(), status=REPEATED, headers=(*found, REPLAYED))
        return Reply(done.json(language_of(http.scope)), status=CREATED, headers=found)

    async def _cause(self, grant: Grant, text: str) -> str:
        """`Jishi-Cause: stream@revision`, the event this command follows from: it must be there,
        and the caller must be able to see it."""
        stream, _, revision = text.partition("@")
        kind, _, case_id = stream.partition("/")
        if not (kind and case_id and revision.isascii() and revision.isdigit()):
            raise Malformed(
                "Jishi-Cause must look like order/0192…@3",
                field="Jishi-Cause",
                value=text,
                zh="Jishi-Cause 应写作 order/0192…@3",
            )
        case = await self._commands.case(grant, kind, case_id)
        if not 1 <= int(revision[:9]) <= case.revision:
            raise no_such_case(text)
        return f"{case.stream}@{int(revision[:9])}"


async def json_body(http: HttpRequest, headers: RawHeaders, limit: int) -> bytes:
    """The body, where it says that it is JSON. Raises UnsupportedMedia, TooLarge."""
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:12]) > limit:
        raise TooLarge(
            f"a body may have at most {limit} bytes: send less, or import a file",
            zh=f"请求体最多 {limit} 字节：请减小，或改用文件导入",
            limit=limit,
        )
    body = await read_body(http.receive, limit)
    media = headers.get(b"content-type", b"")
    if body and media != JSON_TYPE and not _is_json(media):
        raise UnsupportedMedia(
            "send the fields as application/json",
            zh="请以 application/json 提交字段",
        )
    return body


def _is_json(media: bytes) -> bool:
    return media.partition(b";")[0].strip().lower() == JSON_TYPE


def command_id_of(header: bytes | None) -> UUID | None:
    """The command id a caller chose. Raises Malformed."""
    if header is None:
        return None
    text = header.decode("latin-1")
    try:
        return UUID(text.strip('" '))
    except ValueError as cause:
        raise Malformed(
            "Idempotency-Key must be a UUID, a new one for each command",
            field="Idempotency-Key",
            value=text,
            zh="Idempotency-Key 应为 UUID，每个命令一个",
        ) from cause


def _tags(header: str) -> list[bytes]:
    """The entity tags of a header. A proxy that compresses makes them weak: the same to us."""
    return [one.strip().removeprefix("W/").encode("latin-1") for one in header.split(",")]


def _expected(header: bytes | None) -> int | None:
    if header is None or header == b"*":
        return None
    text = header.decode("latin-1")
    number = text.strip().removeprefix("W/").strip('" ')
    if not (number.isascii() and number.isdigit() and len(number) <= 9):
        raise Malformed(
            'If-Match must be the revision you have seen, as "3"',
            field="If-Match",
            value=text,
            zh='If-Match 应为您所见的版次，如 "3"',
        )
    return int(number)
