"""读入 · The fields of a request become a command, or a refusal that names the field.

JSON is read strictly: `"3"` is no number, an unknown field is an error. Of several errors the first
one speaks, the others stand beside it.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from events.clock import text_of
from events.errors import Invalid, Malformed, shown
from services.kernel.workflow import Command

ERRORS_SHOWN_MAX = 10
AnyModel = TypeVar("AnyModel", bound=BaseModel)


def nearest(name: str, known: Sequence[str] | Mapping[str, Any]) -> str | None:
    """The known name most like this one, where one is like it at all."""
    found = get_close_matches(shown(name), list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def wrong(field: str, value: object, why: str, zh: str, known: Iterable[str] = ()) -> Invalid:
    """The error of a field in a file of somebody's, with the nearest of what it could have been."""
    near = nearest(str(value), list(known))
    return Invalid(
        f"{field}: {value!r}: {why}" + (f"; did you mean {near}?" if near else ""),
        field=field,
        value=value,
        zh=f"{field}：{value!r} {zh}" + (f"，是否指 {near}?" if near else ""),
        **({"nearest": near} if near else {}),
    )


def toml_file(
    file: str, text: str, name: re.Pattern[str], wanted: str, wanted_zh: str
) -> tuple[re.Match[str], dict[str, Any]]:
    """What the name of a TOML file says by this pattern, and its fields. Raises Invalid naming the
    file; `wanted` is how it must be called."""
    found = name.match(file)
    if found is None:
        raise wrong("FILE", file, f"must be called {wanted}", f"应命名为 {wanted_zh}")
    try:
        return found, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise wrong("FILE", file, f"is not TOML: {error}", f"不是合法的 TOML（{error}）") from error


def worded(at: str, title: object) -> dict[str, str]:
    """A title in both languages. Raises Invalid."""
    zh, dot, en = str(title).partition(" · ")
    if not (zh and dot and en):
        raise wrong(at, title, "must be '中文 · English'", "应为“中文 · English”")
    return {"zh": zh, "en": en}


def parse(model: type[AnyModel], fields: bytes | Mapping[str, Any]) -> AnyModel:
    """The command these fields are. Raises Malformed where they are no JSON object, Invalid where
    a field is missing, unknown or wrong."""
    raw = fields if isinstance(fields, bytes) else _dumped(fields)
    try:
        read: AnyModel = model.__pydantic_validator__.validate_json(raw or b"{}", strict=True)
    except ValidationError as failure:
        raise _refusal(model, failure) from failure
    return read


def canonical_request(
    actor: str, kind: str, case_id: str | None, name: str, command: BaseModel
) -> bytes:
    """SHA-256 over the whole request, so that a repeat can be told from another one with the same
    command id. Fields left out and fields given as null are the same request."""
    body = command.__pydantic_serializer__.to_json(command, exclude_none=True)
    parts = (actor.encode(), kind.encode(), (case_id or "").encode(), name.encode(), body)
    return hashlib.sha256(b"\x00".join(parts)).digest()


def check_time(command: Command, now: datetime) -> None:
    """Raises Invalid where it says that it happened after now."""
    happened = command.occurred_at
    if happened is not None and happened > now:
        raise Invalid(
            f"occurred_at {text_of(happened)} lies in the future (now: {text_of(now)}):"
            " record it when it has happened",
            field="occurred_at",
            value=text_of(happened),
            zh=f"occurred_at {text_of(happened)} 在未来（现在 {text_of(now)}），请在发生之后再记录",
        )


def _dumped(fields: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(dict(fields))
    except (TypeError, ValueError) as cause:
        raise Malformed(
            f"the fields are not JSON: {shown(str(cause))}", field="", zh="字段不是合法的 JSON"
        ) from cause


def _refusal(model: type[BaseModel], failure: ValidationError) -> Invalid:
    errors = failure.errors(include_url=False, include_context=True)
    first = errors[0]
    if first["type"] in ("json_invalid", "model_type", "dict_type") and not first["loc"]:
        return Malformed(
            f"the body is not a JSON object: {first['msg']}",
            field="",
            zh="请求体不是合法的 JSON 对象",
        )
    field = _path(first)
    extra: dict[str, object] = {}
    if len(errors) > 1:
        extra["errors"] = [
            {"field": _path(error), "detail": _english(error)}
            for error in errors[:ERRORS_SHOWN_MAX]
        ]
    english, chinese = f"{field}: {_english(first)}", f"{field}:{_chinese(first)}"
    if first["type"] == "extra_forbidden":
        near = nearest(field, model.model_fields)
        extra["nearest"] = near
        english += f"; did you mean {near}?" if near else f"; known are {_known(model)}"
        chinese += f"，是否指 {near}?" if near else f"，可用字段：{_known(model)}"
    value = "" if first["type"] == "missing" else first["input"]
    return Invalid(english, field=field, value=value, zh=chinese, **extra)


def _known(model: type[BaseModel]) -> str:
    return ", ".join(model.model_fields)


def _path(error: ErrorDetails) -> str:
    return shown(".".join(str(part) for part in error["loc"]))


def _english(error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such field here"
    if error["type"] == "missing":
        return "is required"
    return error["msg"]


def _chinese(error: ErrorDetails) -> str:
    context = error.get("ctx") or {}
    wording = CHINESE.get(error["type"])
    if wording is None:
        return f"不正确（{error['msg']}）"
    try:
        return wording.format(**context)
    except (KeyError, IndexError):
        return wording


CHINESE: Mapping[str, str] = {
    "missing": "必填",
    "extra_forbidden": "没有这一字段",
    "enum": "应为 {expected} 之一",
    "literal_error": "应为 {expected}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing_size": "数字过大",
    "string_type": "应为文本",
    "string_pattern_mismatch": "格式应为 {pattern}",
    "string_too_long": "最多 {max_length} 个字符",
    "string_too_short": "至少 {min_length} 个字符",
    "bool_type": "应为 true 或 false",
    "greater_than_equal": "不得小于 {ge}",
    "greater_than": "应大于 {gt}",
    "less_than_equal": "不得大于 {le}",
    "less_than": "应小于 {lt}",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "datetime_type": "应为带时区的时间",
    "datetime_parsing": "应为 RFC 3339 时间",
    "datetime_from_date_parsing": "应为 RFC 3339 时间",
    "timezone_aware": "时间须带时区",
    "date_type": "应为日期",
    "date_parsing": "应为日期（年-月-日）",
    "date_from_datetime_parsing": "应为日期（年-月-日）",
    "uuid_parsing": "应为 UUID",
}
