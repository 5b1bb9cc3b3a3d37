"""Open311 · GeoReport v2, thin: services, requests and their status, for programs made elsewhere.

A service that is an item of the list `open311` makes an issue, one of the menu 服务菜单 an order.
What people write (description, name, telephone, place in words) is read and not kept: facts hold no
free text. Answers are JSON or XML, and errors are lists of code and description, as the
specification has them. https://wiki.open311.org/GeoReport_v2
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import QueryParams
from starlette.requests import Request as HttpRequest

from events.clock import micros
from events.errors import Invalid, Malformed, Unknown
from events.ports import Filter
from services.access import Grant
from services.commands import Request
from services.facts import issue as issues
from services.facts import order as orders
from services.kernel.case import Case
from services.web.api import CREATED, REPEATED, command_id_of
from services.web.asked import Asked, area_of
from services.web.gate import read_body
from services.web.georeport import XML, errors, format_of, reply, xml_of
from services.web.georeport import requests as listed
from services.web.language import Language
from services.web.offered import Offered, Service
from services.web.parts import Parts
from services.web.problem import UnsupportedMedia
from services.web.reply import JSON, Reply, json_bytes
from services.web.routes import HEADERS, GuardedRoute, Routes, language_of

FORM = b"application/x-www-form-urlencoded"
STATUSES = ("open", "closed")
CLOSED = (issues.Closed, orders.Closed, orders.Cancelled, orders.Confirmed, orders.Rated)
SPAN = timedelta(days=90)
REQUESTS_MAX = 1_000
STEP_EVENTS = 500
STEPS_MAX = 10
IDS_MAX = 100
FIELDS_MAX = 64
READ_NOT_KEPT = (
    "address_string", "lat", "long", "email", "device_id", "account_id", "first_name", "last_name",
    "phone", "description", "media_url", "jurisdiction_id", "api_key",
)  # fmt: skip
"""Fields of the specification of which nothing is recorded."""
NOTICE = {
    "zh": "已受理。说明、姓名、电话与位置文字不予保存。",
    "en": "Taken in. Description, name, telephone and place in words are not kept.",
}


class Open311:
    """The endpoints under /open311/v2."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._commands = parts.commands
        self._offered = Offered(parts)

    def routes(self, parts: Parts) -> list[GuardedRoute]:
        """The routes; their errors are lists of code and description."""
        make = Routes(parts, errors)
        return [
            make.guarded("/open311/v2/services.{format}", GET=self.services),
            make.guarded("/open311/v2/services/{code}.{format}", GET=self.service),
            make.guarded("/open311/v2/requests.{format}", GET=self.requests, POST=self.ask),
            make.guarded("/open311/v2/requests/{id}.{format}", GET=self.request),
        ]

    async def services(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET services`: what can be asked for in the token's area."""
        form = format_of(http)
        self._asked(http).done()
        known = await self._offered.known(grant, language_of(http.scope))
        return reply(form, "services", "service", [one.json() for one in known.values()])

    async def service(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET services/{code}`: none has attributes of its own."""
        form = format_of(http)
        self._asked(http).done()
        found = await self._offered.named(http.path_params["code"], grant, language_of(http.scope))
        value = {"service_code": found.code, "attributes": []}
        body = json_bytes(value) if form == "json" else xml_of("service_definition", value)
        return Reply(body, media=JSON if form == "json" else XML)

    async def request(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET requests/{id}`: one, in a list of one."""
        form, language = format_of(http), language_of(http.scope)
        self._asked(http).done()
        case = await self._case(http.path_params["id"], grant)
        if case is None:
            raise _no_request(http.path_params["id"])
        known = await self._offered.known(grant, language)
        return listed(form, [self._told(case, known, language)])

    async def requests(self, http: HttpRequest, grant: Grant) -> Reply:
        """`GET requests`: those asked for by id, else those made in a span of at most 90 days, the
        newest first, 1,000 at most."""
        form, language = format_of(http), language_of(http.scope)
        asked = self._asked(http)
        codes = _split(asked.many("service_code"))
        statuses = _split(asked.many("status"))
        begin, end = self._span(asked)
        area = area_of(asked, grant, self._commands.directory)
        asked.done()
        for status in statuses:
            if status not in STATUSES:
                raise _invalid("status", status, "open or closed", "open 或 closed")
        known = await self._offered.known(grant, language)
        ids = _split(http.query_params.getlist("service_request_id"))
        if ids:
            if len(ids) > IDS_MAX:
                raise _invalid("service_request_id", ids[0], f"{IDS_MAX} at most", "过多")
            cases = [await self._case(one, grant) for one in ids]
            return listed(form, [self._told(one, known, language) for one in cases if one])
        found: list[dict[str, Any]] = []
        async for case in self._opened(grant, area, begin, end):
            told = self._told(case, known, language)
            if (not codes or told["service_code"] in codes) and (
                not statuses or told["status"] in statuses
            ):
                found.append(told)
            if len(found) == REQUESTS_MAX:
                break
        return listed(form, found)

    async def ask(self, http: HttpRequest, grant: Grant) -> Reply:
        """`POST requests`: an issue or an order, as the service says."""
        form, language = format_of(http), language_of(http.scope)
        headers = http.scope[HEADERS]
        said = await self._said(http, headers.get(b"content-type", b""))
        service = await self._offered.named(said["service_code"], grant, language)
        done = await self._commands.do(
            Request(
                grant=grant,
                kind=service.kind,
                fields=service.fields(self._place(said, grant)),
                command_id=command_id_of(headers.get(b"idempotency-key")),
            )
        )
        answer = {
            "service_request_id": done.id,
            "service_notice": NOTICE[language],
            "account_id": None,
        }
        return listed(form, [answer], REPEATED if done.replayed else CREATED)

    # --- what is asked ----------------------------------------------------------------------------

    def _asked(self, http: HttpRequest) -> Asked:
        """The parameters but the ids, of which there may be many. One server, one jurisdiction:
        which is meant need not be said; the token stands in a header."""
        pairs = [one for one in http.query_params.multi_items() if one[0] != "service_request_id"]
        asked = Asked(QueryParams(pairs), self._parts.log.zone)
        asked.text("jurisdiction_id")
        asked.text("api_key")
        return asked

    def _span(self, asked: Asked) -> tuple[datetime, datetime]:
        begin, end = asked.instant("start_date", begins=True), asked.instant("end_date")
        last = end or (min(begin + SPAN, self._commands.now()) if begin else self._commands.now())
        first = begin or last - SPAN
        if last - first > SPAN:
            text = first.isoformat()
            raise _invalid("start_date", text, "90 days before end_date at most", "至多早 90 天")
        return first, last

    async def _said(self, http: HttpRequest, media: bytes) -> dict[str, str]:
        """The fields of the form. Raises UnsupportedMedia, Malformed, Invalid."""
        if media.partition(b";")[0].strip().lower() != FORM:
            raise UnsupportedMedia(
                "send the fields as application/x-www-form-urlencoded",
                zh="请以 application/x-www-form-urlencoded 提交字段",
            )
        raw = await read_body(http.receive, self._parts.limits.body_bytes)
        try:
            text = raw.decode()
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
            found = dict(pairs)
        except ValueError as cause:
            raise Malformed("the form could not be read", field="", zh="表单无法读取") from cause
        for name in found:
            if name not in ("service_code", "address_id", *READ_NOT_KEPT):
                raise _invalid(name, found[name], "there is no such field", "没有这一字段")
        if not found.get("service_code"):
            raise _invalid("service_code", "", "is required", "必填")
        return found

    def _place(self, said: Mapping[str, str], grant: Grant) -> str | None:
        """The area meant: by code, by its exact name, else the token's own. Raises Invalid."""
        directory = self._commands.directory
        if code := said.get("address_id"):
            return code
        named = [
            area.code
            for area in directory.areas.values()
            if area.name == said.get("address_string") and directory.reaches(grant, area.code)
        ]
        if len(named) == 1:
            return named[0]
        if grant.area is None:
            raise _invalid(
                "address_id",
                said.get("address_string", ""),
                "the code of an area is needed: see /api/v1/areas",
                "须为区域代码，见 /api/v1/areas",
            )
        return grant.area

    # --- what there is ----------------------------------------------------------------------------

    async def _case(self, case_id: str, grant: Grant) -> Case | None:
        """The issue or order of an id that the token sees."""
        for kind in ("issue", "order"):
            try:
                case = await self._commands.case(grant, kind, case_id)
            except Unknown:
                continue
            return case if case.state is not None else None
        return None

    async def _opened(
        self, grant: Grant, area: str | None, begin: datetime, end: datetime
    ) -> AsyncIterator[Case]:
        """The requests made in a span of time, the newest first."""
        commands = self._commands
        kinds = {"issue": issues.IssueFound.fact, "order": orders.OrderPlaced.fact}
        for kind in kinds:
            grant.check_reading(kind)
        areas = () if area is None else tuple(sorted(commands.directory.under(area)))
        only = Filter(
            facts=tuple(kinds.values()),
            areas=areas,
            occurred_from=micros(begin),
            occurred_to=micros(end),
        )
        upto = await self._parts.log.head()
        for _ in range(STEPS_MAX):
            events = await self._parts.log.read(
                upto=upto, limit=STEP_EVENTS, backward=True, only=only
            )
            for event in events:
                entry = commands.catalogue.of_stream(event.stream)
                case = await commands.cases.newest(entry, event.stream)
                if case is not None and case.state and commands.rulings.visible(grant, case):
                    yield case
            if len(events) < STEP_EVENTS:
                return
            upto = events[-1].position - 1

    def _told(self, case: Case, known: Mapping[str, Service], language: Language) -> dict[str, Any]:
        """One request: what it is about, where it stands, who answers, since when. No person."""
        entry, directory = self._commands.catalogue.entry(case.kind), self._commands.directory
        code = _code(case)
        service = known.get(code)
        state = case.state
        notes = [entry.state_label(state).text(language)]
        if isinstance(state, issues.Closed):
            notes.append(state.resolution.label.text(language))
        unit = directory.units.get(case.about.unit or "")
        area = directory.areas.get(case.about.area)
        dues = [clock.due_at for clock in case.clocks.values() if clock.due_at is not None]
        if isinstance(state, issues.Issue) and state.matter.due_at is not None:
            dues.append(state.matter.due_at)
        return {
            "service_request_id": case.id,
            "status": "closed" if isinstance(state, CLOSED) else "open",
            "status_notes": " · ".join(notes),
            "service_name": service.name if service else entry.label.text(language),
            "service_code": code,
            "description": None,
            "agency_responsible": unit.name if unit else None,
            "service_notice": None,
            "requested_datetime": self._time(case.opened_at),
            "updated_datetime": self._time(case.moved_at),
            "expected_datetime": self._time(min(dues)) if dues else None,
            "address": area.name if area else case.about.area,
            "address_id": case.about.area,
            "zipcode": None,
            "lat": None,
            "long": None,
            "media_url": None,
        }

    def _time(self, when: datetime) -> str:
        return when.astimezone(self._parts.log.zone).isoformat(timespec="seconds")


def _code(case: Case) -> str:
    """The service a request is of: of an order its service, else the category, else the kind."""
    placed = case.latest(orders.OrderPlaced.fact) if case.kind == "order" else None
    service = (
        placed.fact.service if placed and isinstance(placed.fact, orders.OrderPlaced) else None
    )
    return service or case.about.category or case.kind


def _split(values: Iterable[str]) -> list[str]:
    """Values that may be repeated and may stand behind commas."""
    return [one.strip() for value in values for one in value.split(",") if one.strip()]


def _no_request(case_id: str) -> Unknown:
    return Unknown(
        f"there is no service_request_id {case_id!r} here",
        what="service_request_id",
        name=case_id,
        zh=f"没有请求 {case_id!r}",
    )


def _invalid(field: str, value: str, why: str, zh: str) -> Invalid:
    return Invalid(f"{field}: {why}", field=field, value=value, zh=f"{field}：{zh}")
