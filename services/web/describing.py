"""说明 · The interface describes itself: OpenAPI, AsyncAPI, and a reference to read offline."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request as HttpRequest

from events.errors import Unknown
from services.access import Grant
from services.kernel.catalogue import Catalogue
from services.web.asked import Asked
from services.web.asyncapi import asyncapi
from services.web.language import LANGUAGES, Language
from services.web.openapi import Builder
from services.web.openapi_shapes import Json
from services.web.parts import Parts
from services.web.problem import TITLES
from services.web.rendering import page
from services.web.reply import SCHEMA, Reply, json_bytes, json_reply
from services.web.routes import GuardedRoute, Routes, language_of
from services.web.schemas import schema_of


class Describing:
    """`/openapi.json`, `/asyncapi.json`, `/schemas/{name}`, `/docs`, `/problems/{code}`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._made: dict[tuple[int, str], Json] = {}

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The routes."""
        return [
            make.guarded("/openapi.json", GET=self.openapi),
            make.guarded("/asyncapi.json", GET=self.asyncapi),
            make.guarded("/schemas/{name}", GET=self.schema),
            make.guarded("/docs", GET=self.docs),
            make.guarded("/problems/{code}", GET=self.problem),
        ]

    async def openapi(self, http: HttpRequest, grant: Grant) -> Reply:
        """The document, in the caller's language or in `lang=`."""
        return json_reply(self._document(self._language(http)))

    async def asyncapi(self, http: HttpRequest, grant: Grant) -> Reply:
        """The document of the events."""
        parts, language = self._parts, self._language(http)
        return json_reply(
            asyncapi(parts.commands.catalogue, parts.log.log_id, language, parts.road)
        )

    async def schema(self, http: HttpRequest, grant: Grant) -> Reply:
        """The JSON Schema of one fact, `order.placed` or `order.placed.v1`, as it travels."""
        facts = self._parts.commands.catalogue.facts
        found = schema_of(facts, http.path_params["name"], self._language(http))
        return Reply(json_bytes(found), media=SCHEMA)

    async def docs(self, http: HttpRequest, grant: Grant) -> Reply:
        """The OpenAPI document as a page; needs nothing from elsewhere, and no JavaScript."""
        language = self._language(http)
        return page("docs.html", language, document=self._document(language))

    async def problem(self, http: HttpRequest, grant: Grant) -> Reply:
        """What a `type` of a problem document leads to."""
        code = http.path_params["code"]
        if code not in TITLES:
            raise Unknown(f"there is no problem {code!r}", what="problem", name=code)
        language = self._language(http)
        zh, en = TITLES[code]
        return page("problem.html", language, title=zh if language == "zh" else en, detail=code)

    def _language(self, http: HttpRequest) -> Language:
        asked = Asked(http.query_params, self._parts.log.zone)
        wanted = asked.choice("lang", (language_of(http.scope), *LANGUAGES))
        asked.done()
        return cast(Language, wanted)

    def _document(self, language: Language) -> Json:
        catalogue: Catalogue = self._parts.commands.catalogue
        key = id(catalogue), language
        if key not in self._made:
            self._made[key] = Builder(catalogue, language).document()
        return self._made[key]
