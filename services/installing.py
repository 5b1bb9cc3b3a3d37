"""装模板 · Templates that ship and templates that a district installs, and the check before.

An installed template is a fact of `rule` (`template.<kind>.<variant>`), so every process that reads
the log knows the same variants, and so does every replay.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from events.errors import Invalid, Unknown
from services.access import Grant
from services.commands import Commands, Request
from services.facts.rule_words import TemplateRule
from services.kernel.catalogue import Catalogue, sayable
from services.kernel.checks import check_kind_name
from services.kernel.entry import Entry
from services.kernel.words import AreaCode, Label
from services.listed import ROOT, Rule
from services.parsing import nearest, parse
from services.ruling import template_of

State = Literal["shipped", "in_force", "later", "ended", "unusable"]
STATES: Mapping[State, Label] = {
    "shipped": Label("自带", "Shipped"),
    "in_force": Label("已安装", "Installed"),
    "later": Label("未到生效日", "Not yet"),
    "ended": Label("已废止", "Ended"),
    "unusable": Label("不可用", "Not usable"),
}
VARIANT = re.compile(r"^[a-z][a-z0-9_]{0,31}$")
FILE = re.compile(r"^([a-z][a-z_]*)\.([^.]+)\.toml$")
TOML_KEYS = ("title", "terms", "says")


class Wanted(TemplateRule):
    """A template as somebody wants it installed: from today on, in their own area, unless said."""

    effective_on: Annotated[date | None, Field(examples=["2018-10-01"])] = None
    area: AreaCode | None = None


def listed(commands: Commands, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Every template by kind and name: those that ship, then those that rules lay down."""
    catalogue, today = commands.catalogue, commands.now().astimezone(zone).date()
    rules = list(commands.directory.template_rules())
    installed = {_said(rule)["variant"]: rule.code for rule in rules}
    found = [
        _shipped(entry)
        for entry in catalogue.entries.values()
        if entry.variant is not None and entry.variant not in installed
    ]
    found += [_installed(rule, catalogue, today) for rule in rules]
    return sorted(found, key=lambda item: (item["kind"], item["variant"]))


def request_of(
    commands: Commands,
    grant: Grant,
    fields: bytes | Mapping[str, Any],
    zone: ZoneInfo,
    command_id: UUID | None = None,
) -> tuple[str, Request | None]:
    """The code of the rule, and the command that lays the template down: `publish` at first,
    `revise` where its terms change, none where it stands there like that already.

    Raises Denied, and Invalid naming what is wrong with it.
    """
    grant.check("rule", "publish")
    wanted = parse(Wanted, fields)
    said = wanted.model_dump(mode="json", exclude={"effective_on", "area"})
    code = f"template.{wanted.kind}.{wanted.variant}"
    known = commands.directory.rules.get(code)
    check(commands.catalogue, wanted, said, installed=known is not None)
    today = commands.now().astimezone(zone).date()
    day = wanted.effective_on or today
    if known is not None and known.withdrawn_on is None and _said(known) == said:
        return code, None
    new: dict[str, Any] = {"effective_on": day.isoformat(), "template": said}
    if known is None:
        new |= {"code": code, "area": wanted.area or grant.area or ROOT}
        return code, Request(grant, "rule", "publish", None, new, command_id)
    return code, Request(grant, "rule", "revise", code, new, command_id)


def check(
    catalogue: Catalogue, wanted: Wanted, said: Mapping[str, Any], *, installed: bool
) -> None:
    """Whether this can be a variant here. Raises Invalid naming the field."""
    kinds = {entry.kind: entry for entry in catalogue.kinds() if entry.workflow.terms is not None}
    kind = kinds.get(wanted.kind)
    if kind is None:
        raise _wrong("kind", wanted.kind, "no kind with terms", "不是可设变体的类型", kinds)
    if not VARIANT.match(wanted.variant):
        raise _wrong(
            "variant",
            wanted.variant,
            "small letters, digits and _, at most 32, a letter first",
            "应为小写字母、数字与下划线，字母开头，最多 32 个",
        )
    if wanted.variant in catalogue.entries and not installed:
        raise _wrong("variant", wanted.variant, "the name is taken here", "这一名称已被使用")
    terms = kind.workflow.terms
    if terms is None:
        raise AssertionError(f"{kind.name} has terms")
    try:
        parse(terms, wanted.terms)
    except Invalid as wrong:
        extra = {"nearest": wrong.fields["nearest"]} if wrong.fields.get("nearest") else {}
        field = f"terms.{wrong.field}"
        raise Invalid(
            f"terms.{wrong.detail}", field=field, value=wrong.value, zh=f"terms.{wrong.zh}", **extra
        ) from wrong
    for word in wanted.says:
        if word not in (known := sayable(kind)):
            raise _wrong(
                f"says.{word}",
                word,
                f"no fact, command or state of {kind.kind}",
                f"{kind.label.zh}没有这一事实、操作或状态",
                {name: name for name in known},
            )
    others = Catalogue(one for one in catalogue.entries.values() if one.name != wanted.variant)
    try:
        check_kind_name(wanted.variant)
        others.with_template(template_of(said))
    except (AssertionError, Unknown) as error:
        raise Invalid(
            str(error), field="variant", value=wanted.variant, zh=f"模板不能采用：{error}"
        ) from error


def read_toml(file: str, text: str) -> dict[str, Any]:
    """The fields of a template file, `<kind>.<variant>.toml`. Raises Invalid naming the file."""
    name = FILE.match(file)
    if name is None:
        raise _wrong("FILE", file, "must be called KIND.VARIANT.toml", "应命名为 类型.变体.toml")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(
            "FILE", file, f"is not TOML: {error}", f"不是合法的 TOML（{error}）"
        ) from error
    for key in raw:
        if key not in TOML_KEYS:
            raise _wrong(key, key, "no such part", "没有这一部分", dict.fromkeys(TOML_KEYS))
    zh, dot, en = str(raw.get("title", "")).partition(" · ")
    if not (zh and dot and en):
        raise _wrong(
            "title", raw.get("title", ""), "must be '中文 · English'", "应为“中文 · English”"
        )
    return {
        "kind": name[1],
        "variant": name[2],
        "title": {"zh": zh, "en": en},
        "terms": raw.get("terms", {}),
        "says": raw.get("says", {}),
    }


def _shipped(entry: Entry) -> dict[str, Any]:
    terms = entry.terms.model_dump(mode="json") if entry.terms is not None else {}
    title = {"zh": entry.label.zh, "en": entry.label.en}
    return _item(entry.name, entry.kind, title, terms, "shipped")


def _installed(rule: Rule, catalogue: Catalogue, today: date) -> dict[str, Any]:
    said = _said(rule)
    entry = catalogue.entries.get(said["variant"])
    state: State = "in_force"
    if rule.withdrawn_on is not None and rule.withdrawn_on <= today:
        state = "ended"
    elif rule.on(today) is None:
        state = "later"
    elif entry is None or entry.kind != said["kind"]:
        state = "unusable"
    since = {"rule": rule.code, "area": rule.area, "effective_on": rule.versions[-1][0].isoformat()}
    return (
        _item(said["variant"], said["kind"], said["title"], said.get("terms") or {}, state) | since
    )


def _item(
    variant: str, kind: str, title: Mapping[str, str], terms: Mapping[str, Any], state: State
) -> dict[str, Any]:
    return {
        "variant": variant,
        "kind": kind,
        "title": dict(title),
        "terms": dict(terms),
        "state": state,
        "rule": None,
        "area": None,
        "effective_on": None,
    }


def _said(rule: Rule) -> dict[str, Any]:
    """What the newest version of a rule lays down."""
    said: dict[str, Any] = rule.versions[-1][1]["template"]
    return said


def _wrong(
    field: str, value: object, why: str, zh: str, known: Mapping[str, object] | None = None
) -> Invalid:
    near = nearest(str(value), list(known)) if known else None
    return Invalid(
        f"{field}: {value!r}: {why}" + (f"; did you mean {near}?" if near else ""),
        field=field,
        value=value,
        zh=f"{field}：{value!r} {zh}" + (f"，是否指 {near}?" if near else ""),
        **({"nearest": near} if near else {}),
    )
