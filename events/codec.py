"""规范字节 · Canonical bytes: the one serialiser, so that one fact has one spelling and one hash.

A subset of RFC 8785 (JSON Canonicalization Scheme). Within the subset `orjson` with sorted keys
writes the same bytes as RFC 8785; `check` refuses everything outside it, because orjson would
quietly accept it and write something else:

- no floats (1.0 and -0.0 have other spellings; NaN would become null),
- integers only below 2**53 in size,
- keys are ASCII (RFC 8785 sorts by UTF-16, Python by code point: they agree on ASCII),
- texts are in Unicode normalisation form C and hold no lone surrogate,
- nothing but objects, arrays, texts, integers, booleans and null.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any

import orjson

from events.errors import Invalid

INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 16

Json = Any
"""None, bool, int, str, or a list or dict of these (a recursive alias is not worth its noise)."""


def canonical(value: Any) -> bytes:
    """The canonical bytes of a JSON value. Raises Invalid for anything outside the subset."""
    if not _is_sound(value, 0):
        check(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def canonical_plain(value: dict[str, Any]) -> bytes:
    """The same for a value known to hold nothing but texts, integers in range, booleans and null:
    only what its texts are made of is left to be looked at, and ASCII needs no look."""
    try:
        raw = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):
        return canonical(value)
    return raw if raw.isascii() else canonical(value)


def parse(raw: bytes) -> Any:
    """Read JSON bytes. Raises ValueError where they are not JSON."""
    return orjson.loads(raw)


def digest(raw: bytes) -> bytes:
    """SHA-256 of stored bytes. Bytes are hashed as stored and never written anew."""
    return hashlib.sha256(raw).digest()


def check(value: Any, path: str = "", depth: int = 0) -> None:
    """Refuse what has no canonical spelling, naming the path to it."""
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_text(value, path)
    elif kind is int:
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            _refuse(path, value, "an integer must be smaller than 2^53", "整数须小于 2^53")
    elif kind is dict:
        _check_depth(depth, path)
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                _refuse(path, key, "a key must be ASCII text", "键须为 ASCII 文本")
            check(item, f"{path}.{key}" if path else key, depth + 1)
    elif kind is list or kind is tuple:
        _check_depth(depth, path)
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]", depth + 1)
    elif value is not None and kind is not bool:
        _refuse(
            path, value, f"{kind.__name__} has no canonical spelling", f"{kind.__name__} 不能写入"
        )


def _is_sound(value: Any, depth: int) -> bool:
    """Whether a value has a canonical spelling, for the many that have: `check` without the paths,
    which cost more than the looking."""
    kind = type(value)
    if kind is str:
        return value.isascii() or _is_sound_text(value)
    if kind is dict:
        if depth >= DEPTH_MAX:
            return False
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                return False
            if type(item) is str and item.isascii():
                continue
            if not _is_sound(item, depth + 1):
                return False
        return True
    if kind is int:
        return bool(-INTEGER_MAX <= value <= INTEGER_MAX)
    if kind is list or kind is tuple:
        return depth < DEPTH_MAX and all(_is_sound(item, depth + 1) for item in value)
    return value is None or kind is bool


def _is_sound_text(value: str) -> bool:
    if not unicodedata.is_normalized("NFC", value):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_text(value: str, path: str) -> None:
    if not unicodedata.is_normalized("NFC", value):
        _refuse(path, value, "a text must be in Unicode form NFC", "文本须为 Unicode NFC 形式")
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(path, ascii(value), "a text holds half a character", "文本含有不完整的字符")


def _check_depth(depth: int, path: str) -> None:
    if depth >= DEPTH_MAX:
        _refuse(path, "…", f"nested deeper than {DEPTH_MAX}", f"嵌套超过 {DEPTH_MAX} 层")


def _refuse(path: str, value: object, why: str, zh: str) -> None:
    raise Invalid(
        f"{path or 'the value'}: {why}", field=path, value=value, zh=f"{path or '该值'}：{zh}"
    )
