"""接口词汇 · What the OpenAPI document says that no declaration of a kind does."""

from __future__ import annotations

from typing import Any

REF = "#/components/schemas/"
Json = dict[str, Any]

FILTERS = ("counter", "area", "unit", "by", "where", "as_of", "axis", "map")
EVENT_FILTERS = ("kind", "fact", "area", "unit", "actor", "stream", "from", "to")
REPEATED = frozenset({"counter", "by", "where", "kind", "fact"})
CODE_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"

WORDS: dict[str, tuple[str, str]] = {
    "title": ("纪实", "jishi"),
    "about": (
        "每一件事都是一条不可更改的事实，每个数字都能打开查看其依据。",
        "Every deed is one immutable fact; every number opens to the deeds behind it.",
    ),
    "started": ("已记录", "On record"),
    "repeated": ("重复的请求：首次的答复", "A repeat: the first answer"),
    "case": ("查看一个案件", "One case as it is now"),
    "cases": ("案件列表，新的在前", "Cases, the newest first"),
    "history": ("案件的全部事实", "The facts of one case"),
    "counters": ("各项数字", "The numbers"),
    "explain": ("一个数字由哪些事实得来", "The facts behind one number"),
    "book": ("一人的纪实本", "The record book of one person"),
    "areas": ("区划", "The map of areas"),
    "units": ("单位", "The organisations"),
    "templates": ("模板：自带的与已安装的", "The templates, shipped and installed"),
    "tables": ("台账：自带的与已安装的", "The tables, shipped and installed"),
    "table": ("一份台账", "One table, filled"),
    "tickets": ("热线工单的办理情况", "Where the hotline's tickets stand"),
    "open311_services": ("Open311：可办服务", "Open311: the services"),
    "open311_service": ("Open311：一项服务", "Open311: one service"),
    "open311_requests": ("Open311：诉求", "Open311: requests"),
    "open311_request": ("Open311：一件诉求", "Open311: one request"),
    "open311_ask": ("Open311：提出诉求", "Open311: make a request"),
    "install_table": ("安装台账样式", "Install a table"),
    "install": ("安装模板", "Install a template"),
    "catalogue": ("种类、操作、字段与指标", "Kinds, commands, fields and counters"),
    "events": ("全部事实，可长轮询", "The log, with long polling"),
    "feed": ("直播（SSE）", "The live stream (SSE)"),
    "ready": ("是否就绪", "Whether it is ready"),
    "alive": ("是否在运行", "Whether it is alive"),
    "metrics": ("Prometheus 指标", "Figures for Prometheus"),
    "reading": ("查询", "Reading"),
    "running": ("运行", "Running it"),
    "ok": ("成功", "Done"),
    "unchanged": ("没有变化", "Nothing has changed"),
    "key": ("命令编号；重发时不变", "The command's id; the same when it is sent again"),
    "match": ("您所见的版次", "The revision you have seen"),
    "cause": ("由哪一事实引起", "The event this follows from"),
    "occurred_at": ("发生时间（不填即现在）", "When it happened (now, where left out)"),
}

PAGE = ("area", "unit", "state", "overdue", "cursor", "limit")
PARAMETERS: dict[str, Json] = {
    "area": {"type": "string", "pattern": CODE_PATTERN},
    "unit": {"type": "string", "pattern": CODE_PATTERN},
    "axis": {"type": "string", "enum": ["recorded", "occurred", "both"]},
    "map": {"type": "string", "enum": ["today", "then"]},
    "overdue": {"type": "string", "enum": ["yes"]},
    "total": {"type": "string", "enum": ["asked", "all"]},
    "facts": {"type": "string", "enum": ["yes", "no"]},
    "format": {"type": "string", "enum": ["json", "csv"]},
    "of": {"type": "string", "enum": ["value", "verified"]},
    "period": {"type": "string", "pattern": r"^\d{4}(-(0[1-9]|1[0-2]))?$"},
    "lang": {"type": "string", "enum": ["zh", "en"]},
    "newest": {"type": "string", "enum": ["1", "true"]},
    "after": {"type": "integer", "minimum": 0, "maximum": 10**15},
    "limit": {"type": "integer", "minimum": 1, "maximum": 500},
    "wait": {"type": "integer", "minimum": 0, "maximum": 30},
}
ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
}
LIST: Json = {"type": "array", "items": {"type": "object"}}
WHOLE: Json = {"type": "integer"}
TEXT: Json = {"type": "string"}
ENVELOPE: Json = {"$ref": REF + "Envelope"}


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


SHAPES: Json = {
    "Envelope": _object(
        log=TEXT,
        position=WHOLE,
        stream=TEXT,
        revision=WHOLE,
        fact=TEXT,
        version=WHOLE,
        about={"type": "object"},
        data={"type": "object"},
        actor=TEXT,
        command={"type": "string", "format": "uuid"},
        cause={"type": ["string", "null"]},
        occurred_at={"type": "string", "format": "date-time"},
        recorded_at={"type": "string", "format": "date-time"},
        sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    ),
    "Done": {
        "type": "object",
        "required": ["id", "revision", "position", "facts"],
        "properties": {
            "id": TEXT,
            "revision": WHOLE,
            "position": WHOLE,
            "facts": {"type": "array", "items": ENVELOPE},
            "warnings": {"type": "array", "items": _object(code=TEXT, year=WHOLE, title=TEXT)},
        },
    },
    "Events": _object(events={"type": "array", "items": ENVELOPE}, next=WHOLE, head=WHOLE),
    "History": _object(events={"type": "array", "items": ENVELOPE}, next=WHOLE, revision=WHOLE),
    "Case": _object(id=TEXT, kind=TEXT, revision=WHOLE, state=TEXT, label=TEXT, next=LIST),
    "Cases": _object(
        items={"type": "array", "items": {"$ref": REF + "Case"}}, next={"type": ["string", "null"]}
    ),
    "Template": _object(
        variant=TEXT,
        kind=TEXT,
        title={"type": "object"},
        terms={"type": "object"},
        state={"type": "string", "enum": ["shipped", "in_force", "later", "ended", "unusable"]},
        rule={"type": ["string", "null"]},
        area={"type": ["string", "null"]},
        effective_on={"type": ["string", "null"]},
    ),
    "NewTemplate": {
        "type": "object",
        "required": ["kind", "variant", "title"],
        "properties": {
            "kind": {**TEXT, "title": "类型 · Kind"},
            "variant": {**TEXT, "title": "变体 · Variant"},
            "title": {
                "type": "object",
                "title": "标题 · Title",
                "required": ["zh", "en"],
                "properties": {"zh": TEXT, "en": TEXT},
            },
            "terms": {"type": "object", "title": "条款 · Terms"},
            "says": {"type": "object", "title": "用语 · Wordings"},
            "area": {**TEXT, "title": "规定的区域 · Laid down by"},
            "effective_on": {**TEXT, "format": "date", "title": "生效日 · Effective on"},
        },
    },
    "NewTable": {
        "type": "object",
        "required": ["name", "title", "columns"],
        "properties": {
            "name": {**TEXT, "title": "台账 · Table"},
            "title": {"type": "object", "title": "标题 · Title"},
            "rows": {**TEXT, "title": "每行一条事实 · A row for each fact"},
            "by": {**TEXT, "title": "每行一个分项 · A row for each key of"},
            "where": {"type": "object", "title": "条件 · Only where"},
            "sort": {"type": "array", "items": TEXT, "title": "排序 · Sorted by"},
            "answers": {"type": "array", "items": TEXT, "title": "可答事项 · Items it answers"},
            "columns": {**LIST, "title": "各列 · Columns"},
            "area": {**TEXT, "title": "规定的区域 · Laid down by"},
            "effective_on": {**TEXT, "format": "date", "title": "生效日 · Effective on"},
        },
    },
    "Numbers": _object(as_of={"type": "object"}, cells=LIST),
    "Book": _object(
        person=TEXT,
        unit={"type": ["object", "null"]},
        period={"type": ["string", "null"]},
        as_of={**TEXT, "format": "date-time"},
        totals=LIST,
        confirmed=LIST,
        unconfirmed=LIST,
        voided=LIST,
        to_answer=LIST,
        more={"type": "boolean"},
    ),
    "Explanation": _object(
        counter=TEXT, value={"type": ["number", "null"]}, events=LIST, more={"type": "boolean"}
    ),
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT},
    },
}


def parameter(name: str) -> Json:
    """One parameter of the address."""
    schema = PARAMETERS.get(name, {"type": "string", "maxLength": 200})
    if name in REPEATED:
        schema = {"type": "array", "items": schema, "maxItems": 50}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def header(name: str, text: str, more: Json) -> Json:
    """One header of a request."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": {"type": "string", **more},
    }
