"""时间 · Times as people type them: RFC 3339; without a zone they are the deployment's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from events.clock import MICROSECOND, text_of
from events.errors import Invalid

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})?")


def instant(text: str, zone: ZoneInfo, *, field: str, begins: bool = False) -> datetime:
    """The instant a text stands for, in UTC. A bare day is its last microsecond, or, where it
    `begins` a span, its first. Raises Invalid naming the field."""
    text = text.strip()
    try:
        if _DAY.fullmatch(text):
            return _day(text, zone, begins=begins)
        if _TIME.fullmatch(text):
            found = datetime.fromisoformat(text.upper().replace(" ", "T"))
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid(
        f"{field}: {text!r} is not a time: write 2018-09-28, 2018-09-28T09:00 ({zone.key}) "
        "or 2018-09-28T09:00:00+08:00",
        field=field,
        value=text,
        zh=f"{field}：“{text}”不是时间，请写作 2018-09-28、2018-09-28T09:00（{zone.key}）"
        "或 2018-09-28T09:00:00+08:00",
    )


def _day(text: str, zone: ZoneInfo, *, begins: bool) -> datetime:
    midnight = datetime.combine(datetime.fromisoformat(text).date(), time(), zone)
    if begins:
        return midnight.astimezone(UTC)
    # The next midnight on the wall clock: a day on which clocks change has 23 or 25 hours.
    return (midnight + timedelta(days=1)).astimezone(UTC) - MICROSECOND


def shown(text: str | None, zone: ZoneInfo) -> str:
    """An instant of an envelope, as a person of this deployment reads it, to the second."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def sent(text: str, zone: ZoneInfo, *, field: str, begins: bool = False) -> str:
    """The same instant in the one spelling that travels."""
    return text_of(instant(text, zone, field=field, begins=begins))
