"""GeoReport 格式 · How Open311 answers: lists as JSON or XML, errors with code and description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from starlette.requests import Request as HttpRequest

from events.errors import JishiError, Unknown
from services.web.language import Language
from services.web.problem import problem
from services.web.reply import JSON, Header, Reply, json_bytes

XML = b"text/xml; charset=utf-8"
FORMATS = ("json", "xml")


def errors(error: JishiError, language: Language, path: str = "") -> Reply:
    """An error as GeoReport has it, `[{"code", "description"}]`, in the format of the path. What
    is wrong with the request is 400 there."""
    usual = problem(error, language)
    status = 400 if error.status in (409, 422) else error.status
    told = {"code": status, "description": error.zh if language == "zh" else error.detail}
    form = "xml" if path.endswith(".xml") else "json"
    return reply(form, "errors", "error", [told], status, usual.headers)


def format_of(http: HttpRequest) -> str:
    """The format at the end of the path. Raises Unknown for another than json and xml."""
    form: str = http.path_params["format"]
    if form not in FORMATS:
        raise Unknown(
            f"there is no format {form!r}: json or xml",
            what="format",
            name=form,
            zh=f"没有格式 {form!r}：json 或 xml",
        )
    return form


def requests(form: str, found: list[dict[str, Any]], status: int = 200) -> Reply:
    """A list of requests."""
    return reply(form, "service_requests", "request", found, status)


def reply(
    form: str,
    root: str,
    item: str,
    found: list[dict[str, Any]],
    status: int = 200,
    headers: tuple[Header, ...] = (),
) -> Reply:
    """A list: an array in JSON, in XML `item` again and again under `root`."""
    if form == "json":
        return Reply(json_bytes(found), status=status, headers=headers, media=JSON)
    return Reply(xml_of(root, {item: found}), status=status, headers=headers, media=XML)


def xml_of(root: str, value: Mapping[str, Any]) -> bytes:
    """Elements of a mapping; a list is its element again and again, nothing is an empty one."""
    top = ElementTree.Element(root)
    _fill(top, value)
    found: bytes = ElementTree.tostring(top, encoding="utf-8", xml_declaration=True)
    return found


def _fill(element: ElementTree.Element, value: Mapping[str, Any]) -> None:
    for name, one in value.items():
        for each in one if isinstance(one, list) and one else [one]:
            inner = ElementTree.SubElement(element, name)
            if isinstance(each, Mapping):
                _fill(inner, each)
            elif isinstance(each, bool):
                inner.text = "true" if each else "false"
            elif each is not None and each != []:
                inner.text = str(each)
