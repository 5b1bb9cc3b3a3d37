"""问题 · Errors as RFC 9457 problem documents, in the caller's language.

`type` is `/problems/<code>`; everything the error carries (field, value, current revision,
nearest name) stands beside it under its own name.
"""

from __future__ import annotations

from events.errors import (
    Conflict,
    Denied,
    Invalid,
    JishiError,
    KeyReused,
    Malformed,
    Refused,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from services.web.language import Language
from services.web.reply import PROBLEM, Header, Reply, json_reply

TITLES: dict[str, tuple[str, str]] = {
    "malformed": ("请求无法读取", "The request could not be read"),
    "unauthenticated": ("需要有效的令牌", "A valid token is needed"),
    "denied": ("超出令牌的权限", "The token does not reach this far"),
    "unknown": ("没有这一项", "There is no such thing"),
    "method-not-allowed": ("此处不支持该方法", "This method is not known here"),
    "refused": ("规则不允许", "A rule says no"),
    "revision-conflict": ("已有更新的记录", "Someone was first"),
    "too-large": ("内容过大", "Too large"),
    "unsupported-media-type": ("请以 JSON 提交", "Send JSON"),
    "invalid": ("字段不正确", "A field is not right"),
    "key-reused": ("幂等键已用于另一请求", "The key was used for another request"),
    "unavailable": ("服务暂不可用，请稍后重试", "Not available now; send it again"),
    "ambiguous": ("结果未知，请用同一幂等键重试", "Outcome unknown; repeat it with the same key"),
    "broken": ("数据自相矛盾，已停止", "Stored data contradicts itself"),
    "error": ("内部错误", "Internal error"),
}


class MethodNotAllowed(JishiError):
    """The path is known, the method is not."""

    code = "method-not-allowed"
    status = 405

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        names = ", ".join(allowed)
        super().__init__(
            f"{method} is not known here: use {names}",
            zh=f"此处不支持 {method}，请用 {names}",
            allowed=list(allowed),
        )
        self.allowed = allowed


class UnsupportedMedia(JishiError):
    """The body is of a type that is not read here."""

    code = "unsupported-media-type"
    status = 415


DOCUMENTED: tuple[type[JishiError], ...] = (
    Malformed,
    Unauthenticated,
    Denied,
    Unknown,
    MethodNotAllowed,
    Refused,
    Conflict,
    TooLarge,
    UnsupportedMedia,
    Invalid,
    KeyReused,
    Unavailable,
)
"""Every kind of problem a caller may meet, for the reference."""


def problem(error: JishiError, language: Language, instance: str = "") -> Reply:
    """The answer to an error. Never holds a payload: values are shortened by the error itself."""
    zh, en = TITLES.get(error.code, TITLES["error"])
    body: dict[str, object] = {
        "type": f"/problems/{error.code}",
        "title": zh if language == "zh" else en,
        "status": error.status,
        "detail": error.zh if language == "zh" else error.detail,
    }
    if instance:
        body["instance"] = instance
    for name, value in error.fields.items():
        if value is not None:
            body.setdefault(name, value)
    if isinstance(error, Refused | Denied) and "refusal" in error.fields:
        body["code"] = body.pop("refusal")
    if isinstance(error, Conflict):
        body["between"] = f"/api/v1/{error.stream}/events?after={error.expected}"
    return json_reply(body, status=error.status, headers=_headers(error), media=PROBLEM)


def _headers(error: JishiError) -> tuple[Header, ...]:
    match error:
        case Unauthenticated():
            return ((b"www-authenticate", b'Bearer realm="jishi"'),)
        case MethodNotAllowed():
            return ((b"allow", ", ".join(error.allowed).encode()),)
        case Unavailable():
            return ((b"retry-after", b"1"),)
        case _:
            return ()
