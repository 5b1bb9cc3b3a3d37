"""事件说明 · The AsyncAPI 3.0 document: every fact as a message, and where it travels.

Two ways lead out: the topic of single events on Kafka, and the live feed over HTTP. The topic of
packed runs is between our own processes, and is not described.
"""

from __future__ import annotations

from importlib.metadata import version

from pydantic.json_schema import models_json_schema

from events.fact import Fact
from services.kernel.catalogue import Catalogue
from services.web.language import Language
from services.web.openapi_shapes import REF, SHAPES, WHOLE, Json
from services.web.schemas import address_of, data_schema, label_of, narrowed
from streams.limits import KafkaLimits
from streams.wire import TYPE_PREFIX

BINDING = "0.5.0"
WORDS: dict[str, tuple[str, str]] = {
    "about": (
        "每一件事都是一条不可更改的事实。这里是事实离开系统的两条路。",
        "Every deed is one immutable fact. These are the two ways facts leave the system.",
    ),
    "events": ("事实，每条一个 CloudEvent", "Facts, each a CloudEvent"),
    "travels": (
        "一条记录即一个事件，CloudEvents 1.0 二进制模式。键是案件（流），分区为其名称的 CRC-32"
        " 对分区数取余，所以同一案件的事件次序不变。position 是日志中的序号；previous"
        " 是本分区中同一日志前一事件的序号：收到的 position 不大于已处理的即重复，previous"
        " 大于已处理的即有缺口，须从 /api/v1/events 补读。",
        "One record is one event, CloudEvents 1.0 in binary mode. The key is the case (the stream);"
        " the partition is the CRC-32 of its name modulo the number of partitions, so the events of"
        " a case stay in order. position is that in the log; previous is that of the event before"
        " it of the same log in this partition: a position that is not beyond what was handled is a"
        " repeat, a previous beyond it a gap, to be read from /api/v1/events.",
    ),
    "feed": (
        "直播（SSE），以 Last-Event-ID 接续",
        "The live stream (SSE), resumed by Last-Event-ID",
    ),
    "fact": ("一件事，id 即其序号", "A fact; its id is its position"),
    "counter": ("变了的数字", "The numbers that changed"),
    "lag": ("数字落后多少", "How far the numbers are behind"),
    "broker": ("Kafka 的地址", "Where Kafka is"),
    "host": ("本服务的地址", "Where this server is"),
}
TEXT_OF_NUMBER: Json = {"type": "string", "pattern": "^[0-9]+$"}


class Document:
    """Builds one document in one language."""

    def __init__(
        self, catalogue: Catalogue, log_id: str, language: Language, road: KafkaLimits
    ) -> None:
        self._facts = catalogue.facts
        self._log = log_id
        self._language = language
        self._road = road

    def document(self) -> Json:
        """The whole document."""
        return {
            "asyncapi": "3.0.0",
            "id": f"urn:jishi:{self._log}",
            "info": {
                "title": "纪实 · jishi",
                "version": version("jishi"),
                "description": self._say("about"),
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "servers": {
                "kafka": self._server("broker", "kafka", "127.0.0.1:9092"),
                "http": self._server("host", "http", "127.0.0.1:8311"),
            },
            "channels": {"events": self._events(), "feed": self._feed()},
            "operations": {
                "relay": {"action": "send", "channel": {"$ref": "#/channels/events"}},
                "watch": {"action": "send", "channel": {"$ref": "#/channels/feed"}},
            },
            "components": {
                "messages": {name: self._message(fact) for name, fact in self._facts.items()},
                "schemas": self._schemas(),
            },
        }

    def _say(self, word: str) -> str:
        return WORDS[word][0 if self._language == "zh" else 1]

    def _server(self, variable: str, protocol: str, usual: str) -> Json:
        return {
            "host": f"{{{variable}}}",
            "protocol": protocol,
            "variables": {variable: {"default": usual, "description": self._say(variable)}},
        }

    # --- channels ---------------------------------------------------------------------------------

    def _events(self) -> Json:
        road = self._road
        return {
            "address": road.events_topic,
            "title": self._say("events"),
            "description": self._say("travels"),
            "servers": [{"$ref": "#/servers/kafka"}],
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in self._facts},
            "bindings": {
                "kafka": {
                    "topic": road.events_topic,
                    "partitions": road.partitions,
                    "replicas": road.replication,
                    "topicConfiguration": {
                        "cleanup.policy": ["delete"],
                        "retention.ms": road.retention_ms,
                    },
                    "bindingVersion": BINDING,
                }
            },
        }

    def _feed(self) -> Json:
        shown: Json = {
            "fact": {"$ref": f"{REF}Envelope"},
            "counter": {"$ref": f"{REF}Numbers"},
            "lag": {"$ref": f"{REF}Lag"},
        }
        return {
            "address": "/api/v1/feed",
            "title": self._say("feed"),
            "servers": [{"$ref": "#/servers/http"}],
            "messages": {
                name: {"name": name, "title": self._say(name), "payload": payload}
                for name, payload in shown.items()
            },
        }

    # --- messages ---------------------------------------------------------------------------------

    def _message(self, fact: type[Fact]) -> Json:
        own = narrowed(
            fact.fact, fact.version, {"$ref": f"{REF}About"}, {"$ref": f"{REF}{fact.fact}"}
        )
        return {
            "name": fact.fact,
            "title": label_of(fact).text(self._language),
            "contentType": "application/json",
            "headers": self._headers(fact),
            "payload": {"allOf": [{"$ref": f"{REF}Envelope"}, own]},
            "bindings": {"kafka": {"key": {"type": "string"}, "bindingVersion": BINDING}},
            "x-schema": address_of(fact.fact, fact.version),
        }

    def _headers(self, fact: type[Fact]) -> Json:
        """What `streams.wire.headers_of` writes."""
        properties: Json = {
            "ce_specversion": {"const": "1.0"},
            "ce_id": TEXT_OF_NUMBER,
            "ce_source": {"type": "string", "pattern": "^/logs/"},
            "ce_type": {"const": f"{TYPE_PREFIX}{fact.fact}"},
            "ce_subject": {"type": "string"},
            "ce_time": {"type": "string", "format": "date-time"},
            "content-type": {"const": "application/json"},
            "log": {"type": "string"},
            "position": TEXT_OF_NUMBER,
            "previous": TEXT_OF_NUMBER,
            "revision": TEXT_OF_NUMBER,
            "fact": {"const": fact.fact},
            "version": {"const": str(fact.version)},
        }
        return {"type": "object", "required": list(properties), "properties": properties}

    def _schemas(self) -> Json:
        """What the facts hold, under their own names, and what several of them share."""
        models = [(fact, "serialization") for fact in self._facts.values()]
        places, made = models_json_schema(models, ref_template=REF + "{model}")  # type: ignore[arg-type]
        shared: Json = dict(made["$defs"])
        own: Json = {}
        for name, fact in self._facts.items():
            class_name = str(places[fact, "serialization"]["$ref"]).removeprefix(REF)
            own[name] = data_schema(shared.pop(class_name))
        lag = {"head": WHOLE, "numbers": WHOLE, "behind": WHOLE, "time": {"type": "string"}}
        return {
            **shared,
            **own,
            "Envelope": SHAPES["Envelope"],
            "Numbers": SHAPES["Numbers"],
            "Lag": {"type": "object", "required": list(lag), "properties": lag},
        }


def asyncapi(catalogue: Catalogue, log_id: str, language: Language, road: KafkaLimits) -> Json:
    """The document. The payload of every message is an envelope, with `about` and `data` as the
    fact says."""
    return Document(catalogue, log_id, language, road).document()
