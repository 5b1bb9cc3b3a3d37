"""纪实本页 · The record book as a page to read, challenge and print, and as JSON."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest

from events.clock import instant_of
from services.access import Grant
from services.web.asked import Asked
from services.web.book import read_book, wanted_of
from services.web.language import asked_language
from services.web.parts import Parts
from services.web.rendering import kept, page, problem_page
from services.web.reply import Reply, json_reply
from services.web.routes import GuardedRoute, Routes, language_of

YEARS_SHOWN = 3


class BookPages:
    """`/book` and `/api/v1/book`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The routes: errors of the page are pages."""
        pages = Routes(self._parts, problem_page)
        return [
            make.guarded("/api/v1/book", GET=self.json),
            pages.guarded("/book", GET=self.page),
        ]

    async def json(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET /book?person=&period=`: the book as JSON."""
        asked = Asked(http.query_params, self._parts.log.zone)
        wanted = wanted_of(asked, grant)
        asked.done()
        return json_reply(await read_book(self._parts, wanted, grant, language_of(http.scope)))

    async def page(self, http: HttpRequest, grant: Grant) -> Reply:
        """The same to read and to print."""
        language, headers = asked_language(http, language_of(http.scope))
        asked = Asked(http.query_params, self._parts.log.zone)
        asked.text("lang")
        wanted = wanted_of(asked, grant)
        asked.done()
        book = await read_book(self._parts, wanted, grant, language)
        zone = self._parts.log.zone
        year = self._parts.commands.now().astimezone(zone).year
        return page(
            "book.html",
            language,
            headers=headers,
            kept=kept(http),
            book=book,
            whose=wanted.person if wanted.person != grant.person else "",
            years=[str(year - back) for back in range(YEARS_SHOWN)],
            local=lambda text: instant_of(text).astimezone(zone).strftime("%Y-%m-%d %H:%M"),
            day=lambda text: instant_of(text).astimezone(zone).strftime("%Y-%m-%d"),
        )
