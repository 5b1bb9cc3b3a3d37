"""事项的命令 · `jishi order place …`: the verbs of a kind, made from its declarations."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from events.errors import Invalid, JishiError
from services.kernel import catalogue, records  # noqa: F401 (its commands are of every kind)
from services.terminal import times
from services.terminal.verb import COMMON_NAMES, Argument, Option, Verb
from services.terminal.words import Both

if TYPE_CHECKING:
    from services.kernel.entry import CommandInfo, Entry
    from services.kernel.forms import FormField
    from services.terminal.call import Call
    from services.terminal.direct import Direct
    from services.terminal.index import KindTitle
    from services.terminal.remote import Remote

ID = "ID"
NEXT_SHOWN = 6
USUAL_SHOWN = 3
CHOICES_SHOWN = 40
"""Letters of a list of choices up to which it stands in the usage itself."""
YES, NO = ("yes", "true", "是"), ("no", "false", "否")

AT = Option("at", Both("何时发生（补录时用）", "when it happened, for a late entry"), "T")
EXPECT = Option(
    "expect", Both("只在案件仍是这一版时执行", "only if it is still this revision"), "N"
)
COMMAND_ID = Option(
    "command-id", Both("命令编号；重复发送只记一次", "a repeat with it is recorded once"), "UUID"
)
CAUSE = Option(
    "cause", Both("由哪一事件引起，如 visit/0192…@3", "the event it follows from"), "KIND/ID@N"
)
VARIANT = Option("variant", Both("按哪一模板（可为自己安装的）", "by which template"), "NAME")
OWN = (AT, EXPECT, COMMAND_ID, CAUSE)
RESERVED = frozenset({"id", VARIANT.name, *(option.name for option in OWN)}) | COMMON_NAMES
"""Names that no field of a command may have: they mean something else behind every verb."""


class Kind:
    """The verbs of one kind, register or variant."""

    def __init__(self, title: KindTitle) -> None:
        self._word = title.name.replace("_", "-")
        self._name = title.name

    @cached_property
    def entry(self) -> Entry:
        """Its declarations: imports this one workflow."""
        return catalogue.only(self._name).entry(self._name)

    @cached_property
    def _commands(self) -> dict[str, CommandInfo]:
        entry = self.entry
        return {
            info.verb: info
            for info in entry.commands.values()
            if not info.starts or entry.startable or takes_variant(entry)
        }

    def names(self) -> dict[str, Both]:
        """Its commands, in the order of life."""
        return {verb: Both(info.label.zh, info.label.en) for verb, info in self._commands.items()}

    def examples(self) -> tuple[str, ...]:
        """How a case is started, and how it may go on."""
        return tuple(self._example(info) for info in list(self._commands.values())[:2])

    def _by(self, info: CommandInfo) -> bool:
        return info.starts and takes_variant(self.entry)

    def _example(self, info: CommandInfo) -> str:
        text = example(self._word, info)
        return f"{text} --variant NAME" if self._by(info) and not self.entry.startable else text

    def fields(self, name: str) -> tuple[FormField, ...]:
        """The fields of one command."""
        return self._commands[name].fields

    def verb(self, name: str) -> Verb:
        """One command as something to type."""
        info = self._commands[name]
        entry = self.entry
        return Verb(
            name=f"{self._word} {name}",
            text=Both(f"{entry.label.zh}：{info.label.zh}", f"{entry.label.en}: {info.label.en}"),
            run=lambda call: act(call, entry, info),
            examples=(self._example(info),),
            arguments=() if info.starts else (Argument(ID, Both("编号", "its id")),),
            options=(
                *(option_of(field) for field in info.fields),
                *([replace(VARIANT, required=not entry.startable)] if self._by(info) else ()),
                *OWN,
            ),
            more=_who(info),
        )


def takes_variant(entry: Entry) -> bool:
    """Whether its cases may begin by a template that is named."""
    return entry.variant is None and entry.workflow.terms is not None


async def act(call: Call, entry: Entry, info: CommandInfo) -> None:
    """Send one command, and say what came of it."""
    case_id = None if info.starts else call.need(ID)
    command_id, expect = _command_id(call), call.whole("expect", least=0)
    async with call.way(entry.name) as way:
        fields = await fields_of(call, info, way)
        answer = await way.do(
            (call.text(VARIANT.name) or entry.name).replace("-", "_"),
            info,
            case_id,
            fields,
            command_id=command_id,
            expect=expect,
            cause=call.text(CAUSE.name),
        )
        call.answer(answer, lambda: _show(call, entry, answer))
        for caution in answer.get("warnings", ()):
            call.say.talk(f"注意：{caution['title']}", f"Note: {caution['title']}")
        if answer["facts"][0]["command"] != str(command_id):
            call.say.talk("此前已在案，未新增记录", "it was there already: nothing was added")
        if not (call.say.quiet or call.say.json):
            await _hint(call, entry, answer["id"], way)


async def fields_of(call: Call, info: CommandInfo, way: Direct | Remote) -> dict[str, Any]:
    """The fields as JSON values. What has the wrong form is passed on as it was typed: the model
    refuses it in its own words. Raises Invalid for a time or JSON that cannot be read."""
    found: dict[str, Any] = {}
    for field in info.fields:
        name = option_name(field)
        if is_plain_flag(field):
            if call.flag(name):
                found[field.name] = True
        elif (text := call.text(name)) is not None:
            found[field.name] = await _value(field, text, way)
    if (happened := call.text(AT.name)) is not None:
        found["occurred_at"] = times.sent(happened, await way.zone(), field=AT.name)
    return found


async def _value(field: FormField, text: str, way: Direct | Remote) -> Any:
    match field.type:
        case "whole":
            return int(text) if text.removeprefix("-").isdecimal() and len(text) < 20 else text
        case "flag":
            return text.lower() in YES if text.lower() in (*YES, *NO) else text
        case "instant":
            return times.sent(text, await way.zone(), field=option_name(field))
        case "list" if not field.fields and not text.lstrip().startswith("["):
            return [part.strip() for part in text.split(",") if part.strip()]
        case "list" | "group":
            return _json(field, text)
        case _:
            return text


def _json(field: FormField, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        name = option_name(field)
        raise Invalid(
            f"--{name}: not JSON ({error}); for example: --{name} '{sample(field)}'",
            field=field.name,
            value=text,
            zh=f"--{name}：不是 JSON（{error}），例如：--{name} '{sample(field)}'",
        ) from error


def option_name(field: FormField) -> str:
    """`after_hours` is typed `--after-hours`."""
    return field.name.replace("_", "-")


def is_plain_flag(field: FormField) -> bool:
    """A yes-or-no that is no unless it is said."""
    return field.type == "flag" and not field.required and not field.default


def option_of(field: FormField) -> Option:
    """A field as an option."""
    return Option(
        option_name(field),
        _text(field),
        "" if is_plain_flag(field) else _metavar(field),
        required=field.required,
    )


def _metavar(field: FormField) -> str:
    if field.type == "choice":
        joined = "|".join(value for value, _ in field.choices)
        return joined if len(joined) <= CHOICES_SHOWN else "CHOICE"
    words = {"flag": "yes|no", "whole": "N", "instant": "T", "day": "YYYY-MM-DD", "group": "JSON"}
    if field.type == "list":
        return "JSON" if field.fields else "A,B,…"
    return words.get(field.type, "VALUE")


def _text(field: FormField) -> Both:
    zh, en = field.label.zh, field.label.en
    if field.help is not None:
        zh, en = f"{zh}（{field.help.zh}）", f"{en} ({field.help.en})"
    if field.choices:
        zh += "：" + "、".join(f"{value} {label.zh}" for value, label in field.choices)
        en += ": " + ", ".join(
            value if value.replace("_", " ") == label.en.lower() else f"{value} ({label.en})"
            for value, label in field.choices
        )
    elif field.example is not None:
        zh, en = f"{zh}，如 {sample(field)}", f"{en}, as {sample(field)}"
    return Both(zh, en)


def sample(field: FormField) -> str:
    """A value one could type."""
    if field.type == "flag":
        return "yes"
    if field.type == "list" and field.example and not field.fields:
        return field.example.strip("[]()").replace("'", "").replace(" ", "").rstrip(",")
    if field.fields:
        inner = {each.name: sample(each) for each in field.fields if each.required}
        return json.dumps([inner] if field.type == "list" else inner, ensure_ascii=False)
    fallback = {"whole": "1", "instant": "2018-09-28T09:00", "day": "2018-09-28"}
    return field.example or fallback.get(field.type, "c1")


def example(word: str, info: CommandInfo) -> str:
    """One command with everything it needs; of one that starts a case, with the usual as well."""
    parts = ["jishi", word, info.verb]
    if not info.starts:
        parts.append(ID)
    usual = [field.name for field in info.fields if not field.required and field.example]
    named = usual[:USUAL_SHOWN] if info.starts else []
    for field in info.fields:
        if field.required or field.name in named:
            value = sample(field)
            quoted = value if value.isascii() and not set(value) & set(' {}[]"*') else f"'{value}'"
            parts.append(f"--{option_name(field)} {quoted}")
    return " ".join(parts)


def _who(info: CommandInfo) -> Both | None:
    if not info.parties:
        return None
    parties = sorted(info.parties, key=lambda party: party.value)
    return Both(
        "谁可以做：" + "、".join(party.label.zh for party in parties),
        "Who may: " + ", ".join(party.label.en for party in parties),
    )


def _command_id(call: Call) -> UUID:
    text = call.text(COMMAND_ID.name)
    if text is None:
        return uuid4()
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid(
            f"--command-id: {text!r} is not a UUID",
            field=COMMAND_ID.name,
            value=text,
            zh=f"--command-id：“{text}”不是 UUID",
        ) from error


def _show(call: Call, entry: Entry, answer: dict[str, Any]) -> None:
    say = call.say
    rows = [
        (
            fact["position"],
            f"{fact['stream']}@{fact['revision']}",
            entry.fact_label(fact["fact"]).text(say.language),
            fact["fact"],
        )
        for fact in answer["facts"]
    ]
    heads = (
        Both("位置", "position"),
        Both("案件@版次", "case@revision"),
        Both("事实", "fact"),
        Both("名称", "name"),
    )
    say.table(heads, rows, right=(0,))


async def _hint(call: Call, entry: Entry, case_id: str, way: Direct | Remote) -> None:
    """What this caller may do next with the case; nothing where it may not be read."""
    try:
        state, names = await way.next_commands(entry, case_id)
    except JishiError:
        return
    word = entry.name.replace("_", "-")
    if names:
        listed = "|".join(names[:NEXT_SHOWN]) + ("|…" if len(names) > NEXT_SHOWN else "")
        call.say.hint(
            f"{state}；接下来可以：jishi {word} {listed} {case_id}",
            f"{state}; next: jishi {word} {listed} {case_id}",
        )
