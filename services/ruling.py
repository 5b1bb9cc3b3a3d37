"""成文 · From a parsed command to what is appended: what the live way and the bulk way share.

Nothing here waits for anything. The case, the registers and the clock are handed in. Who records
many things at once (an import, the demonstration) decides them here, one after the other, against
cases it keeps in memory, and appends up to 2,000 events in one call:

    order = rulings.order(Request(…), now)
    ruling = rulings.decide(order, case, {}, now)
    case = case.grown(recorded(ruling.append, Appended(0, 0)))      # or fold(order.entry, …)
    outcomes = await log.append([ruling.append, …])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from uuid_utils.compat import uuid7

from events import codec
from events.envelope import PUT, TAKEN, Recorded, draft
from events.errors import Conflict, Denied, Invalid, JishiError, Unknown
from events.fact import Fact, Shape
from events.ports import Append, Appended, Condition
from services.access import Grant
from services.directory import Directory
from services.kernel.case import Case
from services.kernel.catalogue import Catalogue, Template
from services.kernel.context import Context
from services.kernel.entry import CommandInfo, Entry
from services.kernel.handle import handle
from services.kernel.pieces import Command
from services.kernel.sensitive import shown
from services.kernel.words import Label
from services.listed import ROOT
from services.parsing import canonical_request, check_time, parse

log = structlog.get_logger("jishi.commands")

Now = Callable[[], datetime]
MAP = "area/map"


class Request(NamedTuple):
    """One command as somebody gives it. `kind` is a kind or a variant; `command` may be '' for the
    one that starts a case; `id` is None there, unless the caller has its own way of making ids.

    `fields`: JSON bytes, or a mapping of JSON values. `expect`: the revision the caller has seen.
    `cause`: `stream@revision` of the event this follows from.
    """

    grant: Grant
    kind: str
    command: str = ""
    id: str | None = None
    fields: bytes | Mapping[str, Any] = b"{}"
    command_id: UUID | None = None
    expect: int | None = None
    cause: str | None = None


class Order(NamedTuple):
    """A request understood: entry, command, stream, and the hash that tells a repeat."""

    grant: Grant
    entry: Entry
    info: CommandInfo
    command: Command
    stream: str
    command_id: UUID
    request_hash: bytes
    expect: int | None = None
    cause: str | None = None
    keyed: bool = False
    """The command's own fields name the stream, so a start command may find a case there."""


class Ruling(NamedTuple):
    """What is to be appended for an order."""

    order: Order
    append: Append
    facts: tuple[Fact, ...]
    occurred_at: datetime


class Rulings:
    """Reads requests and turns decisions into appends, for one log."""

    def __init__(
        self, log_id: str, zone: ZoneInfo, catalogue: Catalogue, directory: Directory
    ) -> None:
        self._log_id = log_id
        self._zone = zone
        self._shapes: Mapping[str, Shape] = catalogue.shapes
        self._declared = catalogue
        self._catalogue = catalogue
        self._catalogue_of: tuple[int, date] | None = None
        self.directory = directory

    @property
    def catalogue(self) -> Catalogue:
        """All kinds and variants: those declared, and those that rules lay down."""
        return self._catalogue

    def renew(self, now: datetime) -> None:
        """Take in the variants that rules lay down today. Costs nothing where no rule changed."""
        key = self.directory.version, now.astimezone(self._zone).date()
        if key == self._catalogue_of:
            return
        self._catalogue_of = key
        found = self._declared
        for said in self.directory.templates(key[1]):
            if said["kind"] in self._declared.left_out:
                continue
            try:
                found = found.with_template(template_of(said))
            except (AssertionError, Unknown) as wrong:
                log.error("a rule lays down no variant", variant=said["variant"], why=str(wrong))
        self._catalogue = found

    def order(self, request: Request, now: datetime) -> Order:
        """Understand a request. Raises Unknown (kind or command), Denied, Malformed, Invalid."""
        entry, info = self.named(request.kind, request.command)
        request.grant.check(entry.kind, info.name)
        return self.parsed(request, entry, info, now)

    def named(self, kind: str, name: str) -> tuple[Entry, CommandInfo]:
        """The entry and command of these names; without one, the command that starts a case."""
        entry = self._catalogue.entry(kind)
        return entry, entry.command(name or entry.workflow.start)

    def parsed(self, request: Request, entry: Entry, info: CommandInfo, now: datetime) -> Order:
        """The request with its fields read."""
        command = parse(info.model, request.fields)
        check_time(command, now)
        own = entry.workflow.id_of(command, request.grant.actor) if info.starts else None
        case_id = own or request.id
        if own is not None and request.id not in (None, own):
            raise Invalid(
                f"these fields are about {entry.kind}/{own}, not {entry.kind}/{request.id}",
                field="id",
                value=request.id,
                zh=f"这些字段属于 {entry.kind}/{own}，而不是 {entry.kind}/{request.id}",
            )
        digest = canonical_request(request.grant.person, entry.name, case_id, info.name, command)
        if case_id is None and not info.starts:
            raise Invalid(
                f"{info.name} needs the id of the {entry.name} it is about",
                field="id",
                zh=f"“{info.label.zh}”须指明编号",
            )
        return Order(
            grant=request.grant,
            entry=entry,
            info=info,
            command=command,
            stream=f"{entry.kind}/{case_id or uuid7()}",
            command_id=request.command_id or uuid7(),
            request_hash=digest,
            expect=request.expect,
            cause=request.cause,
            keyed=own is not None,
        )

    def check_case(self, order: Order, case: Case | None) -> None:
        """Raises Unknown where the caller can see no such case, Conflict where it is not at the
        revision the caller expects."""
        if case is None:
            if not order.info.starts:
                raise no_such_case(order.stream)
        elif not order.keyed and not self.visible(order.grant, case):
            raise no_such_case(order.stream)
        revision = case.revision if case else 0
        if order.expect is not None and order.expect != revision:
            raise Conflict(order.stream, expected=order.expect, current=revision)

    def visible(self, grant: Grant, case: Case) -> bool:
        """Whether the caller may know of this case. The one map of all areas is everybody's."""
        reached = case.stream == MAP or self.directory.reaches(grant, case.about.area)
        return reached and shown(case, grant.actor)

    def decide(
        self, order: Order, case: Case | None, cases: Mapping[str, Case], now: datetime
    ) -> Ruling:
        """Decide. Raises what `handle` raises, and Denied for a fact outside the caller's area."""
        directory, entry = self.directory, order.entry
        begins = case is None or case.state is None
        area = case.about.area if case else _asked_area(order)
        context = Context(
            actor=order.grant.actor,
            now=now,
            directory=directory,
            calendar=directory.calendar,
            limits=directory.limits_in(area, now),
            variant=entry.variant if begins else None,
            terms=entry.terms if begins else None,
            cases=cases,
        )
        facts = handle(entry, case, order.command, context)
        if order.grant.area is not None:
            for fact in facts:
                for about, parent in _places(fact):
                    self._check_area(order, fact.fact, about, parent)
        revision = case.revision if case else 0
        happened = order.command.occurred_at or now
        drafts = tuple(
            draft(
                fact,
                log=self._log_id,
                zone=self._zone,
                shape=self._shapes[fact.fact],
                stream=order.stream,
                revision=number,
                actor=order.grant.person,
                command=order.command_id,
                occurred_at=happened,
                cause=order.cause,
            )
            for number, fact in enumerate(facts, revision + 1)
        )
        conditions = tuple(Condition(one.stream, one.revision) for one in cases.values())
        append = Append(
            order.stream, revision, drafts, order.command_id, order.request_hash, conditions
        )
        return Ruling(order, append, tuple(facts), happened)

    def _check_area(self, order: Order, fact: str, area: str, parent: str | None) -> None:
        if area == order.grant.area:
            return
        if area not in self.directory.areas:
            # A new area of the map lies where its parent does.
            area = parent or ROOT
        if not self.directory.reaches(order.grant, area):
            raise Denied(
                f"{fact} would stand in area {area}, outside your {order.grant.area}",
                zh=f"{fact} 属于区域 {area}，超出您的范围 {order.grant.area}",
                area=area,
            )


def _asked_area(order: Order) -> str:
    """The area in which a case begins: what the command says, else the caller's own."""
    area: str | None = order.command.__dict__.get("area")
    return area or order.grant.area or ROOT


def _places(fact: Fact) -> Iterator[tuple[str, str | None]]:
    """Every area in whose books a fact makes an entry, with its parent where the entry puts it on
    the map: its own, and those of what it takes back and puts."""
    fields = fact.__dict__  # asking a model for a field it has not costs more than all the rest
    yield fact.about.area, fields.get("parent")
    for field in (TAKEN, PUT):
        for item in fields.get(field, ()):
            yield item.about["area"], item.data.get("parent")


def template_of(said: Mapping[str, Any]) -> Template:
    """A variant as a rule lays it down."""
    title, says = said["title"], said.get("says") or {}
    return Template(
        kind=said["kind"],
        variant=said["variant"],
        label=Label(title["zh"], title["en"]),
        terms=said.get("terms") or {},
        says={name: Label(one["zh"], one["en"]) for name, one in says.items()},
    )


def recorded(append: Append, landed: Appended) -> list[Recorded]:
    """The events as they stand in the log, now that they have landed."""
    return [
        Recorded(
            position=landed.position + number,
            stream=append.stream,
            revision=one.revision,
            fact=one.fact,
            version=one.version,
            recorded_at=landed.recorded_at,
            body=one.body,
            sha256=codec.digest(one.body),
        )
        for number, one in enumerate(append.drafts)
    ]


def no_such_case(stream: str) -> Unknown:
    """The answer for a case that is not there, and for one the caller may not see."""
    return Unknown(
        f"there is no case {stream} here: check its id",
        what="case",
        name=stream,
        zh=f"没有 {stream} 这一案件，请核对编号",
    )


def about_field(command: Command, error: Unknown) -> JishiError:
    """A code that no register has, as an error of the field it stood in."""
    for name in type(command).model_fields:
        if getattr(command, name) == error.name:
            return Invalid(
                f"{name}: {error.detail}",
                field=name,
                value=error.name,
                zh=f"{name}:{error.zh}",
                what=error.what,
                nearest=error.nearest,
            )
    return error
