"""表单 · What a form, an option or a schema must know of a field, read from its type."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from events.fact import Slot
from services.kernel.words import Choice, Help, Label

AWARE: Any = AwareDatetime
"""A class of pydantic's at run time, though no subclass of datetime."""

Layer = tuple[Any, tuple[Any, ...]]
"""A type, and what is written beside it."""


@dataclass(frozen=True)
class FormField:
    """One field as people meet it. `type` is one of choice, flag, whole, instant, day, code,
    list, group; `choices` are values with their labels."""

    name: str
    label: Label
    type: str
    required: bool
    choices: tuple[tuple[str, Label], ...] = ()
    help: Help | None = None
    example: str | None = None
    default: Any = None
    minimum: int | None = None
    maximum: int | None = None
    fields: tuple[FormField, ...] = ()
    """The fields of a group, or of one item of a list."""


def form_of(
    model: type[BaseModel], leave_out: frozenset[str] = frozenset()
) -> tuple[FormField, ...]:
    """The form of a model, in the order of its fields."""
    return tuple(
        form_field(name, info) for name, info in model.model_fields.items() if name not in leave_out
    )


def form_field(name: str, info: FieldInfo) -> FormField:
    """One field of a form."""
    kind = base_type(info)
    inner = _items(info)
    if isinstance(kind, type) and issubclass(kind, Choice):
        choices = tuple((member.value, member.label) for member in kind)
    else:
        choices = ()
    return FormField(
        name=name,
        label=label_of(info) or Label(name, name),
        type=_type_word(kind),
        required=info.is_required(),
        choices=choices,
        help=_first(info, Help),
        example=_example(info, choices),
        default=None if info.is_required() else _plain(info.default),
        minimum=_bound(info, "ge"),
        maximum=_bound(info, "le"),
        fields=form_of(inner) if inner else (),
    )


def layers(info: FieldInfo) -> Iterator[Layer]:
    """The types of a field from the outside in, each with what is written beside it."""
    yield info.annotation, tuple(info.metadata)
    yield from _inner(info.annotation)


def _inner(annotation: Any) -> Iterator[Layer]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield annotation.__origin__, annotation.__metadata__
        yield from _inner(annotation.__origin__)
    elif origin in (Union, types.UnionType, list, tuple, frozenset):
        for option in get_args(annotation):
            if option is not type(None) and option is not Ellipsis:
                if get_origin(option) is not Annotated:
                    yield option, ()
                yield from _inner(option)


def base_type(info: FieldInfo) -> Any:
    """The type without its marks, and without `| None`; `list` for a list."""
    for annotation, _ in layers(info):
        origin: Any = get_origin(annotation)
        if origin is list or origin is tuple or origin is frozenset:
            return list
        if origin is None:
            return annotation
    return None


def label_of(info: FieldInfo) -> Label | None:
    """The label of a field: the outermost one written beside its type, else its choices' own."""
    for annotation, marks in layers(info):
        for mark in reversed(marks):
            if isinstance(mark, Label):
                return mark
        if isinstance(annotation, type) and issubclass(annotation, Choice):
            return annotation.heading
    return None


def is_free_text(info: FieldInfo) -> bool:
    """Whether people could write anything they like there."""
    if not any(annotation is str for annotation, _ in layers(info)):
        return False
    return not any(getattr(mark, "pattern", None) for _, marks in layers(info) for mark in marks)


def hidden_marks(info: FieldInfo) -> list[Slot]:
    """Counting marks inside a union, where the fact base cannot see them."""
    inner = _inner(info.annotation)
    return [mark for _, marks in inner for mark in marks if isinstance(mark, Slot)]


def _items(info: FieldInfo) -> type[BaseModel] | None:
    for annotation, _ in layers(info):
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
    return None


def _first(info: FieldInfo, kind: type[Help]) -> Help | None:
    return next(
        (mark for _, marks in layers(info) for mark in reversed(marks) if isinstance(mark, kind)),
        None,
    )


def _bound(info: FieldInfo, name: str) -> int | None:
    for _, marks in layers(info):
        for mark in marks:
            inner = mark.metadata if isinstance(mark, FieldInfo) else (mark,)
            for limit in inner:
                if isinstance(value := getattr(limit, name, None), int):
                    return value
    return None


def _example(info: FieldInfo, choices: tuple[tuple[str, Label], ...]) -> str | None:
    if choices:
        return choices[0][0]
    found = info.examples or next(
        (
            mark.examples
            for _, marks in layers(info)
            for mark in marks
            if isinstance(mark, FieldInfo) and mark.examples
        ),
        None,
    )
    return str(found[0]) if found else None


def _type_word(kind: Any) -> str:
    if kind is list:
        return "list"
    if kind is AWARE:
        return "instant"
    if not isinstance(kind, type):
        return "group"
    words: tuple[tuple[type, str], ...] = (
        (Choice, "choice"),
        (bool, "flag"),
        (int, "whole"),
        (datetime, "instant"),
        (date, "day"),
        (str, "code"),
    )
    return next((word for base, word in words if issubclass(kind, base)), "group")


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Choice) else value
