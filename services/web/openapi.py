"""接口说明 · The OpenAPI 3.1 document, built from the declarations, in Chinese or English.

Every kind and command has a path of its own here, though one endpoint serves them all. A variant
has the paths that begin it and list it: what goes on is written down once, with its kind, and works
under both names. The schemas are those of the command models; links say which commands may follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from services.kernel.catalogue import Catalogue
from services.kernel.entry import CommandInfo, Entry
from services.kernel.forms import FormField
from services.kernel.pieces import Command
from services.web import openapi_exchange
from services.web.language import Language
from services.web.openapi_shapes import (
    EVENT_FILTERS,
    FILTERS,
    ID,
    LIST,
    PAGE,
    REF,
    SHAPES,
    TEXT,
    WORDS,
    Json,
    header,
    parameter,
)
from services.web.problem import DOCUMENTED, TITLES


class Builder:
    """Builds one document in one language."""

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self._language = language
        self._entries = list(catalogue.entries.values())
        self._commands: dict[type[Command], str] = {}
        for entry in self._entries:
            for info in entry.commands.values():
                name = info.name if info.shared else f"{entry.kind}.{info.name}"
                self._commands.setdefault(info.model, name)

    def document(self) -> Json:
        """The whole document."""
        paths: dict[str, Json] = {}
        for entry in self._entries:
            self._add_entry(paths, entry)
        paths |= self._reading()
        return {
            "openapi": "3.1.0",
            "info": {
                "title": self._say("title"),
                "version": version("jishi"),
                "description": self._say("about"),
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"token": []}, {"browser": []}],
            "tags": self._tags(),
            "paths": paths,
            "components": {
                "schemas": self._schemas(),
                "parameters": self._parameters(),
                "responses": self._responses(),
                "securitySchemes": {
                    "token": {"type": "http", "scheme": "bearer"},
                    "browser": {"type": "apiKey", "in": "cookie", "name": "jishi_token"},
                },
            },
        }

    # --- kinds ------------------------------------------------------------------------------------

    def _add_entry(self, paths: dict[str, Json], entry: Entry) -> None:
        start = entry.commands[entry.workflow.start]
        here = f"/api/v1/{entry.name}"
        paths[here] = {"get": self._get(entry, "cases", self._ref("Cases"), *PAGE)}
        if entry.startable:
            paths[here]["post"] = self._command(entry, start)
        if entry.variant is not None:
            return
        case = self._get(entry, "case", self._ref("Case"))
        case["responses"]["304"] = {"description": self._say("unchanged")}
        paths[f"{here}/{{id}}"] = {"parameters": [ID], "get": case}
        history = self._get(entry, "history", self._ref("History"), "after", "limit")
        paths[f"{here}/{{id}}/events"] = {"parameters": [ID], "get": history}
        for info in entry.commands.values():
            if not info.starts or info.states:
                paths[f"{here}/{{id}}/{info.name}"] = {
                    "parameters": [ID],
                    "post": self._command(entry, info, on_case=True),
                }

    def _command(self, entry: Entry, info: CommandInfo, *, on_case: bool = False) -> Json:
        required = any(field.required for field in info.fields)
        operation = f"{entry.name}.{info.name}" + (".again" if on_case and info.starts else "")
        found: Json = {
            "operationId": operation,
            "tags": [entry.name],
            "summary": info.label.text(self._language),
            "description": (info.model.__doc__ or "").strip(),
            "parameters": [
                {"$ref": f"#/components/parameters/{name}"}
                for name in ("IdempotencyKey", "IfMatch", "Cause")
            ],
            "requestBody": {
                "required": required,
                "content": {
                    "application/json": {
                        "schema": self._ref(self._commands[info.model]),
                        "example": example(info.fields),
                    }
                },
            },
            "responses": {
                "201": self._answer("started", self._links(entry, info)),
                "200": self._answer("repeated"),
                **self._problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
            },
        }
        return found

    def _links(self, entry: Entry, info: CommandInfo) -> Json:
        """The commands that may follow, as the signatures say."""
        moves = entry.workflow.diagram.moves
        reached = {state for name in info.facts if name in moves for state in moves[name].targets}
        return {
            f"{entry.kind}.{other.name}": {
                "operationId": f"{entry.kind}.{other.name}",
                "parameters": {"path.id": "$response.body#/id"},
            }
            for other in entry.commands.values()
            if not other.shared and not other.starts and other.states & reached
        }

    def _answer(self, word: str, links: Json | None = None) -> Json:
        found: Json = {
            "description": self._say(word),
            "headers": {name: {"schema": {"type": "string"}} for name in ("ETag", "Location")},
            "content": {"application/json": {"schema": self._ref("Done")}},
        }
        if links:
            found["links"] = links
        return found

    def _get(self, entry: Entry, word: str, schema: Json, *parameters: str) -> Json:
        found = self._read(word, schema, *parameters)
        found["operationId"] = f"{entry.name}.{word}"
        found["tags"] = [entry.name]
        return found

    # --- reading ----------------------------------------------------------------------------------

    def _reading(self) -> dict[str, Json]:
        plain = {"type": "object"}
        items = {"type": "object", "required": ["items"], "properties": {"items": LIST}}
        name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
        found: dict[str, Json] = {
            "/api/v1/counters": {
                "get": self._read("counters", self._ref("Numbers"), *FILTERS, "format")
            },
            "/api/v1/counters/{name}/events": {
                "parameters": [name],
                "get": self._read(
                    "explain", self._ref("Explanation"), *FILTERS[1:], "of", "limit", "after"
                ),
            },
            "/api/v1/book": {"get": self._read("book", self._ref("Book"), "person", "period")},
            "/api/v1/templates": {
                "get": self._read("templates", items),
                "post": self._installing(),
            },
            "/api/v1/areas": {"get": self._read("areas", items, "area", "parent")},
            "/api/v1/units": {"get": self._read("units", items, "area")},
            "/api/v1/catalogue": {"get": self._read("catalogue", plain)},
            "/api/v1/events": {
                "get": self._read(
                    "events",
                    self._ref("Events"),
                    *EVENT_FILTERS,
                    "after",
                    "limit",
                    "wait",
                    "newest",
                    "format",
                )
            },
            "/api/v1/feed": {
                "get": self._read(
                    "feed", None, *FILTERS[:5], "map", "kind", "facts", "total", "after"
                )
            },
            "/healthz": {"get": {**self._read("alive", None), "security": []}},
            "/readyz": {"get": self._read("ready", plain)},
            "/metrics": {"get": self._read("metrics", None)},
        }
        for path in ("/api/v1/counters", "/api/v1/events"):
            found[path]["get"]["responses"]["200"]["content"]["text/csv"] = {
                "schema": {"type": "string"}
            }
        streamed = ("/api/v1/feed", "text/event-stream")
        for path, media in (streamed, ("/healthz", "text/plain"), ("/metrics", "text/plain")):
            found[path]["get"]["responses"]["200"]["content"] = {media: {"schema": TEXT}}
        found |= openapi_exchange.paths(self._read, self._say, self._problems)
        found["/healthz"]["get"]["responses"].pop("401")
        found["/readyz"]["get"]["responses"]["503"] = {
            "description": self._say("ready"),
            "content": {"application/json": {"schema": plain}},
        }
        return found

    def _installing(self) -> Json:
        template = self._ref("Template")
        answer = {
            "description": self._say("ok"),
            "content": {"application/json": {"schema": template}},
        }
        return {
            "operationId": "install",
            "tags": ["running"],
            "summary": self._say("install"),
            "parameters": [{"$ref": "#/components/parameters/IdempotencyKey"}],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": self._ref("NewTemplate")}},
            },
            "responses": {
                "201": answer,
                "200": answer,
                **self._problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
            },
        }

    def _read(self, word: str, schema: Json | None, *parameters: str) -> Json:
        answer: Json = {"description": self._say("ok")}
        if schema is not None:
            answer["content"] = {"application/json": {"schema": schema}}
        return {
            "operationId": word,
            "tags": ["running" if word in ("alive", "ready", "metrics") else "reading"],
            "summary": self._say(word),
            "parameters": [parameter(name) for name in parameters],
            "responses": {
                "200": answer,
                **self._problems(400, 401, 403, 404, 413, 422, 503),
            },
        }

    # --- components -------------------------------------------------------------------------------

    def _schemas(self) -> Json:
        models = [(model, "validation") for model in self._commands]
        names, found = models_json_schema(
            models,  # type: ignore[arg-type]
            ref_template=REF + "{model}",
        )
        defined: Json = found.get("$defs", {})
        own = {
            str(reference["$ref"]).rpartition("/")[2]: self._commands[key[0]]  # type: ignore[index]
            for key, reference in names.items()
        }
        # Where two kinds have a class of the same name pydantic puts the module before it.
        short = {name: own.get(name) or ".".join(name.split("__")[-2:]) for name in defined}
        schemas = {short[name]: _renamed(schema, short) for name, schema in defined.items()}
        self._label(schemas)
        return {**schemas, **SHAPES}

    def _label(self, schemas: Json) -> None:
        """Titles in the reader's language, and no descriptions meant for programmers."""
        for model, name in self._commands.items():
            schema = schemas[name]
            schema["title"] = model.label.text(self._language)
            schema["properties"]["occurred_at"]["title"] = self._say("occurred_at")
            for field in _fields_of(self._entries, model):
                if field.name in schema.get("properties", {}):
                    schema["properties"][field.name]["title"] = field.label.text(self._language)

    def _parameters(self) -> Json:
        return {
            "IdempotencyKey": header("Idempotency-Key", self._say("key"), {"format": "uuid"}),
            "IfMatch": header("If-Match", self._say("match"), {"pattern": '^"[0-9]{1,9}"$'}),
            "Cause": header(
                "Jishi-Cause",
                self._say("cause"),
                {"pattern": r"^[a-z_]+/[A-Za-z0-9_.-]+@[1-9][0-9]{0,8}$"},
            ),
        }

    def _responses(self) -> Json:
        found: Json = {}
        for error in DOCUMENTED:
            zh, en = TITLES[error.code]
            title = zh if self._language == "zh" else en
            before = found.get(f"Problem{error.status}")
            found[f"Problem{error.status}"] = {
                "description": f"{before['description']} / {title}" if before else title,
                "content": {"application/problem+json": {"schema": self._ref("Problem")}},
            }
        return found

    def _problems(self, *statuses: int) -> Json:
        return {
            str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in statuses
        }

    def _tags(self) -> list[Json]:
        return [
            {"name": entry.name, "description": entry.label.text(self._language)}
            for entry in self._entries
        ] + [{"name": name, "description": self._say(name)} for name in ("reading", "running")]

    def _ref(self, name: str) -> Json:
        return {"$ref": REF + name}

    def _say(self, word: str) -> str:
        return WORDS[word][0 if self._language == "zh" else 1]


def example(fields: Iterable[FormField]) -> Json:
    """The required fields with their examples."""
    return {
        field.name: _example_of(field) for field in fields if field.required or field.name == "area"
    }


def _example_of(field: FormField) -> Any:
    match field.type:
        case "flag":
            return True
        case "whole":
            return int(field.example or field.minimum or 1)
        case "list":
            return []
        case "group":
            return example(field.fields)
        case _:
            return field.example or ""


def _fields_of(entries: list[Entry], model: type[Command]) -> tuple[FormField, ...]:
    return next(entry.by_model[model].fields for entry in entries if model in entry.by_model)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """A schema whose references use the names the document has."""
    if isinstance(value, dict):
        return {
            key: REF + names.get(item.removeprefix(REF), item.removeprefix(REF))
            if key == "$ref"
            else _renamed(item, names)
            for key, item in value.items()
        }
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value
