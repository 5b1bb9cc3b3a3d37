"""接口说明 · What the OpenAPI document says of tables, of hotline tickets and of Open311."""

from __future__ import annotations

from collections.abc import Callable

from services.web.openapi_shapes import LIST, REF, Json

Read = Callable[..., Json]
Say = Callable[[str], str]
Problems = Callable[..., Json]

TEXT: Json = {"type": "string"}
BINARY: Json = {"type": "string", "format": "binary"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SPAN = ("area", "unit", "from", "to", "as_of", "lang")
NEW_TABLE: Json = {"$ref": REF + "NewTable"}
FORMATS = ["json", "xml"]
GEOREPORT: Json = {"application/json": {"schema": {}}, "text/xml": {"schema": TEXT}}
URLENCODED = "application/x-www-form-urlencoded"
REQUESTS = ("service_request_id", "service_code", "status", "start_date", "end_date", "area")
ASKING: Json = {
    "type": "object",
    "required": ["service_code"],
    "properties": {
        "service_code": {**TEXT, "title": "服务 · Service"},
        "address_id": {**TEXT, "title": "区域 · Area"},
        "description": {**TEXT, "title": "说明（不保存）· Description (not kept)"},
    },
}
NAME: Json = {"name": "name", "in": "path", "required": True, "schema": TEXT}


def paths(read: Read, say: Say, problems: Problems) -> dict[str, Json]:
    """The paths. `read` makes a reading operation, `problems` the answers that say no."""
    return {**_tables(read, say, problems), **_hotline(read), **_open311(read, say)}


def _tables(read: Read, say: Say, problems: Problems) -> dict[str, Json]:
    items = {"type": "object", "required": ["items"], "properties": {"items": LIST}}
    table: Json = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    answer = {"description": say("ok"), "content": {"application/json": {"schema": table}}}
    install: Json = {
        "operationId": "install_table",
        "tags": ["running"],
        "summary": say("install_table"),
        "parameters": [{"$ref": "#/components/parameters/IdempotencyKey"}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": NEW_TABLE}}},
        "responses": {
            "201": answer,
            "200": answer,
            **problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
        },
    }
    found: dict[str, Json] = {
        "/api/v1/tables": {"get": read("tables", items, "item"), "post": install}
    }
    for form, media, schema in (("csv", "text/csv", TEXT), ("xlsx", XLSX, BINARY)):
        one = read("table", None, *SPAN)
        one["operationId"] = f"table.{form}"
        one["responses"]["200"]["content"] = {media: {"schema": schema}}
        found[f"/api/v1/tables/{{name}}.{form}"] = {"parameters": [NAME], "get": one}
    return found


def _hotline(read: Read) -> dict[str, Json]:
    whole: Json = {"type": "integer"}
    shape: Json = {
        "type": "object",
        "required": ["tickets", "next", "head"],
        "properties": {"tickets": LIST, "next": whole, "head": whole},
    }
    found = read("tickets", shape, "after", "limit", "area", "format")
    found["responses"]["200"]["content"]["text/csv"] = {"schema": TEXT}
    return {"/api/v1/hotline/tickets": {"get": found}}


def _open311(read: Read, say: Say) -> dict[str, Json]:
    """GeoReport as it is for one format; the other is told by the end of the path alike."""
    form: Json = {"name": "format", "in": "path", "required": True, "schema": {"enum": FORMATS}}
    named = {
        name: {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in ("code", "id")
    }
    root = "/open311/v2"
    services = _georeport(read("open311_services", None))
    service = _georeport(read("open311_service", None))
    requests = _georeport(read("open311_requests", None, *REQUESTS))
    request = _georeport(read("open311_request", None))
    ask: Json = {
        "operationId": "open311_ask",
        "tags": ["reading"],
        "summary": say("open311_ask"),
        "parameters": [{"$ref": "#/components/parameters/IdempotencyKey"}],
        "requestBody": {"required": True, "content": {URLENCODED: {"schema": ASKING}}},
        "responses": {
            status: {"description": say("ok"), "content": GEOREPORT}
            for status in ("200", "201", "400", "401", "403", "404", "413", "415", "503")
        },
    }
    ask["responses"]["401"] = {"$ref": "#/components/responses/Problem401"}
    return {
        f"{root}/services.{{format}}": {"parameters": [form], "get": services},
        f"{root}/services/{{code}}.{{format}}": {
            "parameters": [named["code"], form],
            "get": service,
        },
        f"{root}/requests.{{format}}": {"parameters": [form], "get": requests, "post": ask},
        f"{root}/requests/{{id}}.{{format}}": {"parameters": [named["id"], form], "get": request},
    }


def _georeport(found: Json) -> Json:
    """A reading operation whose errors are lists as well."""
    responses = found["responses"]
    for status in ("200", "400", "403", "404", "503"):
        responses[status] = {
            "description": responses[status].get("description", status),
            "content": GEOREPORT,
        }
    responses.pop("422")
    return found
