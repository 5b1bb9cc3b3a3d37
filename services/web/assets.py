"""静态文件 · The style sheet and the script of the pages, under names that change with them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request as HttpRequest

from events.errors import Unknown
from services.access import Grant
from services.web.reply import Header, Reply
from services.web.routes import GuardedRoute, Routes

FOLDER = Path(__file__).parent / "static"
MEDIA = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
POLICY: Header = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    b"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
)
FOR_EVER = b"private, max-age=31536000, immutable"
DIGEST_SHOWN = 12


@cache
def content(name: str) -> bytes:
    """The bytes of one file. Raises Unknown for a name that is not there."""
    path = FOLDER / name
    if path.parent != FOLDER or path.suffix not in MEDIA or not path.is_file():
        raise Unknown(f"there is no file {name!r}", what="file", name=name, zh="没有这一文件")
    return path.read_bytes()


@cache
def address(name: str) -> str:
    """Where a page finds it: the name carries the hash of the content."""
    return f"/static/{hashlib.sha256(content(name)).hexdigest()[:DIGEST_SHOWN]}/{name}"


class Assets:
    """`/static/{digest}/{name}`."""

    def routes(self, make: Routes) -> list[GuardedRoute]:
        """The route."""
        return [make.guarded("/static/{digest}/{name}", GET=self.file)]

    async def file(self, http: HttpRequest, grant: Grant) -> Reply:
        """One file; an outdated digest gets the present content, but is not to be kept."""
        name = http.path_params["name"]
        body = content(name)
        keep = FOR_EVER if address(name) == http.url.path else None
        return Reply(body, media=MEDIA[Path(name).suffix], keep=keep)
