"""编号 · Ids worked out from what a case is called elsewhere: the same words, the same id."""

from __future__ import annotations

import hashlib
from uuid import UUID

_NAMESPACE = b"jishi import\n"


def identifier(*parts: str) -> UUID:
    """The uuid of these parts, version 5, always the same."""
    return UUID(bytes=_uuid_bytes("\n".join(parts).encode()))


def identifier_text(*parts: str) -> str:
    """The same as text, without the object between."""
    text = _uuid_bytes("\n".join(parts).encode()).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _uuid_bytes(name: bytes) -> bytes:
    # Written out because the library's own takes four times as long.
    digest = bytearray(hashlib.sha1(_NAMESPACE + name).digest()[:16])  # noqa: S324
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)
