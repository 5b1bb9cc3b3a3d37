"""模板接口 · `GET` and `POST /api/v1/templates`: variants of kinds, and installing one."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest

from services.access import Grant
from services.installing import listed, request_of
from services.web.api import CREATED, REPEATED, command_id_of, json_body
from services.web.asked import Asked
from services.web.parts import Parts
from services.web.reply import Reply, json_reply
from services.web.routes import HEADERS, GuardedRoute, Routes


class Installing:
    """The endpoints about templates."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The one route."""
        return [make.guarded("/api/v1/templates", GET=self.templates, POST=self.install)]

    async def templates(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /templates`: those that ship, and those installed here."""
        grant.check_reading("rule")
        asked = Asked(http.query_params, self._parts.log.zone)
        asked.done()
        return json_reply({"items": listed(self._parts.commands, self._parts.log.zone)})

    async def install(self, http: HttpRequest, grant: Grant) -> Reply:
        """`POST /templates`: lay one down as a rule. What stands there like that is answered so."""
        parts, headers = self._parts, http.scope[HEADERS]
        body = await json_body(http, headers, parts.limits.body_bytes)
        key = command_id_of(headers.get(b"idempotency-key"))
        code, request = request_of(parts.commands, grant, body, parts.log.zone, key)
        if request is not None:
            await parts.commands.do(request)
        items = listed(parts.commands, parts.log.zone)
        found = next(item for item in items if item["rule"] == code)
        return json_reply(found, status=REPEATED if request is None else CREATED)
