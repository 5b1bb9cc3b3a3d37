"""表单 · Forms for every command of every kind, made from the declarations; no JavaScript needed.

What was typed is kept where something was wrong, and the error stands beside its field. The hidden
command id makes a double submit land once; the hidden revision makes sure that nobody decides on a
case that has moved on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from starlette.requests import Request as HttpRequest
from uuid_utils.compat import uuid7

from events.clock import text_of
from events.errors import Invalid, JishiError, Malformed, Unavailable
from services.access import Grant
from services.commands import Request
from services.kernel.case import Case
from services.kernel.entry import CommandInfo, Entry
from services.kernel.forms import FormField
from services.kernel.words import Label
from services.listed import Team, Unit
from services.web.asked import instant
from services.web.gate import read_body
from services.web.language import Language
from services.web.parts import Parts
from services.web.rendering import page, problem_page
from services.web.reply import Reply
from services.web.routes import GuardedRoute, Routes, language_of

HIDDEN = ("command_id", "expect")
OCCURRED_AT = FormField("occurred_at", Label("发生时间", "When it happened"), "instant", False)
SUGGESTED_MAX = 500
FIELDS_MAX = 200


@dataclass(frozen=True)
class Sheet:
    """One form as it stands: what it is for, what was typed, what was wrong."""

    entry: Entry
    info: CommandInfo
    case: Case | None
    typed: Mapping[str, str]
    error: JishiError | None = None

    @property
    def fields(self) -> tuple[FormField, ...]:
        """The command's own, then when it happened."""
        return (*self.info.fields, OCCURRED_AT)


class Forms:
    """`/new`, `/new/{kind}`, `/do/{kind}/{id}/{command}`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._commands = parts.commands

    def routes(self, parts: Parts) -> list[GuardedRoute]:
        """The routes; their errors are pages."""
        make = Routes(parts, problem_page)
        return [
            make.guarded("/new", GET=self.menu),
            make.guarded("/new/{kind}", GET=self.blank, POST=self.submitted),
            make.guarded("/do/{kind}/{id}/{command}", GET=self.blank, POST=self.submitted),
        ]

    async def menu(self, http: HttpRequest, grant: Grant) -> Reply:
        """What this person may begin."""
        language = language_of(http.scope)
        parties = grant.actor.parties()
        found = [
            (entry.name, entry.label.text(language), info.label.text(language))
            for entry in self._commands.catalogue.entries.values()
            for info in (entry.commands[entry.workflow.start],)
            if entry.startable and info.parties & parties and grant.may(entry.kind, info.name)
        ]
        return page("menu.html", language, kinds=found)

    async def blank(self, http: HttpRequest, grant: Grant) -> Reply:
        """A form: empty, or with what the address says of its fields."""
        entry, info, case = await self._meant(http, grant)
        known = {field.name for field in info.fields}
        given = {name: text for name, text in http.query_params.items() if name in known}
        return self._page(Sheet(entry, info, case, given), grant, language_of(http.scope))

    async def submitted(self, http: HttpRequest, grant: Grant) -> Reply:
        """A filled form: to the case where it was taken, else the form again with the error."""
        entry, info, case = await self._meant(http, grant)
        typed = await self._typed(http)
        sheet = Sheet(entry, info, case, typed)
        try:
            request = Request(
                grant=grant,
                kind=entry.name,
                command=info.name,
                id=case.id if case is not None else None,
                fields=self._fields(sheet),
                command_id=_command_id(typed.get("command_id", "")),
                expect=_expected(typed.get("expect", "")),
            )
            done = await self._commands.do(request)
        except Unavailable:
            raise
        except JishiError as error:
            again = Sheet(entry, info, case, typed, error)
            return self._page(again, grant, language_of(http.scope), status=error.status)
        return Reply(b"", status=303, headers=((b"location", f"/case/{done.stream}".encode()),))

    # --- in ---------------------------------------------------------------------------------------

    async def _meant(
        self, http: HttpRequest, grant: Grant
    ) -> tuple[Entry, CommandInfo, Case | None]:
        at = http.path_params
        entry, info = self._commands.rulings.named(at["kind"], at.get("command", ""))
        grant.check(entry.kind, info.name)
        if "id" not in at:
            return entry, info, None
        return entry, info, await self._commands.case(grant, entry.name, at["id"])

    async def _typed(self, http: HttpRequest) -> dict[str, str]:
        raw = await read_body(http.receive, self._parts.limits.body_bytes)
        try:
            pairs = parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX
            )
        except ValueError as cause:
            raise Malformed("the form could not be read", field="", zh="表单无法读取") from cause
        return {name: value.strip() for name, value in pairs}

    def _fields(self, sheet: Sheet) -> dict[str, Any]:
        return {
            field.name: self._value(field, text)
            for field in sheet.fields
            if (text := sheet.typed.get(field.name, "")) != ""
        }

    def _value(self, field: FormField, text: str) -> Any:
        match field.type:
            case "flag":
                return text == "true"
            case "whole" if text.lstrip("-").isdigit():
                return int(text[:20])
            case "instant":
                return text_of(instant(field.name, text, self._parts.log.zone))
            case "list" | "group":
                return _json(field, text)
            case _:
                return text

    # --- out --------------------------------------------------------------------------------------

    def _page(self, sheet: Sheet, grant: Grant, language: Language, status: int = 200) -> Reply:
        error = sheet.error
        words = (error.zh if language == "zh" else error.detail) if error is not None else ""
        wrong = error.field if isinstance(error, Invalid) else ""
        known = {field.name for field in sheet.fields}
        kept = {name: sheet.typed.get(name, "") for name in HIDDEN}
        return page(
            "form.html",
            language,
            status=status,
            title=sheet.info.label.text(language),
            kind=sheet.entry.label.text(language),
            back=f"/case/{sheet.case.stream}" if sheet.case is not None else "/new",
            fields=[
                (field, self._shown(field, sheet), words if field.name == wrong else "")
                for field in sheet.fields
            ],
            error="" if wrong in known else words,
            command_id=kept["command_id"] or str(uuid7()),
            expect=kept["expect"] or (sheet.case.revision if sheet.case is not None else ""),
            label=lambda field: field.label.text(language),
            help=lambda field: getattr(field.help, language, ""),
            choices=lambda field: [(value, one.text(language)) for value, one in field.choices],
            suggested=self._suggested(grant),
        )

    def _shown(self, field: FormField, sheet: Sheet) -> str:
        typed = sheet.typed.get(field.name)
        if typed is not None:
            return typed
        return "" if field.default in (None, (), [], {}) else str(field.default)

    def _suggested(self, grant: Grant) -> dict[str, list[tuple[str, str]]]:
        """Codes and names that a field may hold, of what the token sees."""
        directory = self._commands.directory
        seen = directory.visible(grant)

        def open_ones(known: Iterable[Unit | Team]) -> list[tuple[str, str]]:
            return [
                (one.code, one.name)
                for one in known
                if not one.closed and (seen is None or one.area in seen or one.code == grant.unit)
            ]

        found = {
            "area": [
                (one.code, one.name)
                for one in directory.areas.values()
                if seen is None or one.code in seen
            ],
            "unit": open_ones(directory.units.values()),
            "team": open_ones(directory.teams.values()),
        }
        return {name: codes[:SUGGESTED_MAX] for name, codes in found.items()}


def _json(field: FormField, text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as cause:
        raise Invalid(
            f"{field.name}: must be JSON",
            field=field.name,
            value=text,
            zh=f"{field.name}：应为 JSON",
        ) from cause


def _command_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as cause:
        raise Malformed(
            "the form has no command id: open it anew", field="command_id", zh="请重新打开表单"
        ) from cause


def _expected(text: str) -> int | None:
    return int(text[:9]) if text.isascii() and text.isdigit() else None
