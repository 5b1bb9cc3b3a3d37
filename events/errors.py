"""Every way jishi says no, in one tree.

    JishiError
    ├── Invalid            a field is wrong: which one, what stood there, what is expected   422
    │   └── Malformed      the request could not be read at all                              400
    ├── Unknown            no such thing (case, area, unit, counter), with the nearest name  404
    ├── Unauthenticated    no token, or one that is not valid                                401
    ├── Denied             the token does not reach this far                                 403
    ├── Refused            a rule of the workflow says no (code, both wordings)              409
    ├── Conflict           someone was first: the case has moved on (current revision)       409
    ├── KeyReused          the command id was used before, with another request              422
    ├── TooLarge           a body, page or batch over its limit                              413
    ├── Unavailable        the database or broker is away; the same command may be sent again 503
    │   └── Ambiguous      ... and it is not known whether the last append landed
    └── Broken             stored data is not what it must be: stop, never caught and ignored

Each carries fields, not only text, so that every way in (HTTP, CLI, import report) words it for
its reader. `code` is stable and machine-readable; `detail` is one English sentence that names the
thing, the value and what to do next; `zh` is the same sentence in Chinese.
"""

from __future__ import annotations

from typing import ClassVar

VALUE_SHOWN_MAX = 80


def shown(value: object) -> str:
    """A value as it may be echoed: short text, never a payload."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= VALUE_SHOWN_MAX else f"{text[: VALUE_SHOWN_MAX - 1]}…"


class JishiError(Exception):
    """The root. `fields` is what a program may want to know about the refusal."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, zh: str | None = None, **fields: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.zh = zh if zh is not None else detail
        self.fields = fields


class Invalid(JishiError):
    """A field is wrong. `field` names it, `value` is what stood there (shortened)."""

    code = "invalid"
    status = 422

    def __init__(
        self,
        detail: str,
        *,
        field: str,
        value: object = "",
        zh: str | None = None,
        **fields: object,
    ) -> None:
        super().__init__(detail, zh=zh, field=field, value=shown(value), **fields)
        self.field = field
        self.value = shown(value)


class Malformed(Invalid):
    """The request could not be read: not JSON, not UTF-8, not an object."""

    code = "malformed"
    status = 400


class Unknown(JishiError):
    """No such thing. `nearest` is the closest known name, where there is one."""

    code = "unknown"
    status = 404

    def __init__(
        self,
        detail: str,
        *,
        what: str,
        name: str,
        nearest: str | None = None,
        zh: str | None = None,
    ) -> None:
        super().__init__(detail, zh=zh, what=what, name=shown(name), nearest=nearest)
        self.what = what
        self.name = name
        self.nearest = nearest


class Unauthenticated(JishiError):
    """No token, or one that is unknown, revoked or expired."""

    code = "unauthenticated"
    status = 401


class Denied(JishiError):
    """The token is good but does not reach this action, area or case."""

    code = "denied"
    status = 403


class Refused(JishiError):
    """A rule of the workflow says no. `refusal` is its stable code (`not_yours`, `not_now`, …)."""

    code = "refused"
    status = 409

    def __init__(
        self, detail: str, *, refusal: str, zh: str | None = None, **fields: object
    ) -> None:
        super().__init__(detail, zh=zh, refusal=refusal, **fields)
        self.refusal = refusal


class Conflict(JishiError):
    """Someone was first. `current` is the revision the stream has now."""

    code = "revision-conflict"
    status = 409

    def __init__(self, stream: str, *, expected: int, current: int) -> None:
        super().__init__(
            f"{stream} is at revision {current}, not {expected}: "
            "read what came between, then decide again",
            zh=f"{stream} 已是第 {current} 版，而不是第 {expected} 版："
            "请先查看其间的记录，再作决定",
            stream=stream,
            expected=expected,
            current=current,
        )
        self.stream = stream
        self.expected = expected
        self.current = current


class KeyReused(JishiError):
    """A command id came again with another request. The first one stands."""

    code = "key-reused"
    status = 422


class TooLarge(JishiError):
    """Over a limit; `limit` says which."""

    code = "too-large"
    status = 413


class Unavailable(JishiError):
    """A server jishi needs is away. Nothing was half done; send the same command again."""

    code = "unavailable"
    status = 503


class Ambiguous(Unavailable):
    """The connection broke while an append was under way: it may or may not have landed.

    Sending it again with the same command id is always safe.
    """

    code = "ambiguous"


class Broken(JishiError):
    """Stored data contradicts itself. Never swallowed: the process says so and stops."""

    code = "broken"
