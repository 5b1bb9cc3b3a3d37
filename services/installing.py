"""装模板 · Templates that ship and templates that a district installs, and the check before.

An installed template is a fact of `rule` (`template.<kind>.<variant>`), so every process that reads
the log knows the same variants, and so does every replay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Protocol
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
from services.parsing import parse, toml_file, worded, wrong
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
    if known is not None and known.withdrawn_on is None and _said(known) == said:
        return code, None
    return code, lay_down(commands, grant, code, {"template": said}, wanted, zone, command_id)


class When(Protocol):
    """Since when a rule is to hold, and where."""

    @property
    def effective_on(self) -> date | None:
        """The first day; None = today."""
        ...

    @property
    def area(self) -> str | None:
        """None = that of whoever lays it down."""
        ...


def lay_down(
    commands: Commands,
    grant: Grant,
    code: str,
    said: Mapping[str, Any],
    wanted: When,
    zone: ZoneInfo,
    command_id: UUID | None,
) -> Request:
    """The command that puts on record what a rule says: `publish` at first, then `revise`."""
    day = wanted.effective_on or commands.now().astimezone(zone).date()
    new: dict[str, Any] = {"effective_on": day.isoformat(), **said}
    if code in commands.directory.rules:
        return Request(grant, "rule", "revise", code, new, command_id)
    new |= {"code": code, "area": wanted.area or grant.area or ROOT}
    return Request(grant, "rule", "publish", None, new, command_id)


def check(
    catalogue: Catalogue, wanted: Wanted, said: Mapping[str, Any], *, installed: bool
) -> None:
    """Whether this can be a variant here. Raises Invalid naming the field."""
    kinds = {entry.kind: entry for entry in catalogue.kinds() if entry.workflow.terms is not None}
    kind = kinds.get(wanted.kind)
    if kind is None:
        raise wrong("kind", wanted.kind, "no kind with terms", "不是可设变体的类型", kinds)
    if not VARIANT.match(wanted.variant):
        raise wrong(
            "variant",
            wanted.variant,
            "small letters, digits and _, at most 32, a letter first",
            "应为小写字母、数字与下划线，字母开头，最多 32 个",
        )
    if wanted.variant in catalogue.entries and not installed:
        raise wrong("variant", wanted.variant, "the name is taken here", "这一名称已被使用")
    terms = kind.workflow.terms
    if terms is None:
        raise AssertionError(f"{kind.name} has terms")
    try:
        parse(terms, wanted.terms)
    except Invalid as refused:
        extra = {"nearest": refused.fields["nearest"]} if refused.fields.get("nearest") else {}
        field = f"terms.{refused.field}"
        raise Invalid(
            f"terms.{refused.detail}",
            field=field,
            value=refused.value,
            zh=f"terms.{refused.zh}",
            **extra,
        ) from refused
    for word in wanted.says:
        if word not in (known := sayable(kind)):
            raise wrong(
                f"says.{word}",
                word,
                f"no fact, command or state of {kind.kind}",
                f"{kind.label.zh}没有这一事实、操作或状态",
                known,
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
    name, raw = toml_file(file, text, FILE, "KIND.VARIANT.toml", "类型.变体.toml")
    for key in raw:
        if key not in TOML_KEYS:
            raise wrong(key, key, "no such part", "没有这一部分", TOML_KEYS)
    return {
        "kind": name[1],
        "variant": name[2],
        "title": worded("title", raw.get("title", "")),
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
