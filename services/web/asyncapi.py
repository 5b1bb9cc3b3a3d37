"""事件说明 · The AsyncAPI 3.0 document: every fact as a message, and where it travels."""

from __future__ import annotations

from importlib.metadata import version

from pydantic.json_schema import models_json_schema

from services.kernel.catalogue import Catalogue
from services.kernel.words import Label
from services.web.language import Language
from services.web.openapi_shapes import SHAPES, Json

REF = "#/components/schemas/"
TOPIC = "jishi.events"


def asyncapi(catalogue: Catalogue, log_id: str, language: Language) -> Json:
    """The document, in one language. The payload of every message is an envelope; `about` and
    `data` are as the fact's own schema says."""
    facts = catalogue.facts
    _, found = models_json_schema(
        [(fact, "serialization") for fact in facts.values()],
        ref_template=REF + "{model}",
    )
    names, _ = models_json_schema([(fact, "serialization") for fact in facts.values()])
    messages: Json = {}
    for name, fact in facts.items():
        label = getattr(fact, "label", Label(name, name))
        reference = str(names[fact, "serialization"]["$ref"]).rpartition("/")[2]
        messages[name] = {
            "name": name,
            "title": label.text(language),
            "contentType": "application/json",
            "payload": {
                "allOf": [
                    {"$ref": REF + "Envelope"},
                    {
                        "type": "object",
                        "properties": {"fact": {"const": name}},
                        "description": f"about + data: {REF}{reference}",
                    },
                ]
            },
        }
    referred = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "纪实 · jishi", "version": version("jishi"), "description": log_id},
        "defaultContentType": "application/json",
        "channels": {
            "feed": {"address": "/api/v1/feed", "messages": referred},
            "kafka": {"address": TOPIC, "messages": referred},
        },
        "operations": {
            "watch": {"action": "send", "channel": {"$ref": "#/channels/feed"}},
            "relay": {"action": "send", "channel": {"$ref": "#/channels/kafka"}},
        },
        "components": {
            "messages": messages,
            "schemas": {**found.get("$defs", {}), "Envelope": SHAPES["Envelope"]},
        },
    }
