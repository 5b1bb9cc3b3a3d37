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
SPAN = ("area", "unit", "from", "to", "as_of")
NEW_TABLE: Json = {"$ref": REF + "NewTable"}
NAME: Json = {"name": "name", "in": "path", "required": True, "schema": TEXT}


def paths(read: Read, say: Say, problems: Problems) -> dict[str, Json]:
    """The paths. `read` makes a reading operation, `problems` the answers that say no."""
    return {**_tables(read, say, problems), **_hotline(read)}


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
