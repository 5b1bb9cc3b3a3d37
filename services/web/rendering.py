"""版面 · Templates into pages, with the texts of the caller's language at hand."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request as HttpRequest

from events.errors import JishiError
from services.web.assets import POLICY, address
from services.web.language import Language
from services.web.problem import TITLES
from services.web.reply import HTML, Header, Reply
from services.web.texts import say_in

REFERRER: Header = (b"referrer-policy", b"same-origin")


@cache
def templates() -> Environment:
    """The templates; a name that a template misspells is an error."""
    found = Environment(
        loader=PackageLoader("services.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["address"] = address
    return found


def page(
    template: str,
    language: Language,
    *,
    status: int = 200,
    headers: tuple[Header, ...] = (),
    **values: Any,
) -> Reply:
    """One page, under a policy that lets nothing in from elsewhere."""
    text = (
        templates().get_template(template).render(language=language, say=say_in(language), **values)
    )
    return Reply(text.encode(), status=status, media=HTML, headers=(POLICY, REFERRER, *headers))


def kept(http: HttpRequest) -> str:
    """What else stands in the address, to be kept where the language is changed."""
    pairs = [pair for pair in http.query_params.multi_items() if pair[0] != "lang"]
    return f"&{urlencode(pairs)}" if pairs else ""


def problem_page(error: JishiError, language: Language, instance: str) -> Reply:
    """An error, for people."""
    zh, en = TITLES.get(error.code, TITLES["error"])
    return page(
        "problem.html",
        language,
        status=error.status,
        title=zh if language == "zh" else en,
        detail=error.zh if language == "zh" else error.detail,
    )
