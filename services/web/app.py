"""应用 · The ASGI application: the gate, and behind it the routes, every one of them guarded."""

from __future__ import annotations

import gc

from starlette.routing import Router
from starlette.types import ASGIApp

from services.access import Grant
from services.web.api import Api
from services.web.assets import Assets
from services.web.book_pages import BookPages
from services.web.describing import Describing
from services.web.feed import Feed
from services.web.forms import Forms
from services.web.gate import Gate
from services.web.hotline import Hotline
from services.web.installing import Installing
from services.web.open311 import Open311
from services.web.pages import Pages
from services.web.parts import Parts
from services.web.probes import Probes
from services.web.reading import Reading
from services.web.routes import Routes, nothing_here, only_guarded
from services.web.signing import sign_in_page
from services.web.tables import Tables

GENERATIONS = (50_000, 20, 1_000)


def application(parts: Parts) -> ASGIApp:
    """The application. Raises AssertionError where a route was not made by `Routes`."""
    make = Routes(parts)
    # Routes are tried in turn: those of commands, which are asked for most, come first.
    routes = [
        *Api(parts).routes(make),
        *BookPages(parts).routes(make),
        *Reading(parts).routes(make),
        *Installing(parts).routes(make),
        *Tables(parts).routes(make),
        *Hotline(parts).routes(make),
        *Open311(parts).routes(parts),
        *Feed(parts).routes(make),
        *Probes(parts).routes(make),
        *Describing(parts).routes(make),
        *Assets().routes(make),
        *Pages(parts).routes(parts),
        *Forms(parts).routes(parts),
    ]
    only_guarded(routes)
    router = Router(routes=routes, redirect_slashes=False, default=nothing_here)

    def find(token: str) -> Grant | None:
        return parts.commands.directory.grant(token, parts.commands.now())

    return Gate(router, find, parts, sign_in_page, parts.language, parts.visitor)


def settle_memory() -> None:
    """Once everything is loaded: what is there now stays, and is not looked at again. Without it
    the collector's pauses show as the slowest answers."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GENERATIONS)
