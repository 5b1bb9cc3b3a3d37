"""Channels: opened, paused, closed; of what went out by them only a number."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from events.fact import About
from services.kernel.catalogue import entry_of
from services.kernel.testing import Registers, story
from services.kernel.words import Actor
from services.registers.channel import (
    WORKFLOW,
    ChannelKind,
    ChannelOpened,
    Close,
    Closed,
    CloseReason,
    Direction,
    ItemsPublished,
    Open,
    OpenChannel,
    Pause,
    Publish,
    Resume,
)

STREET = Actor("s1", roles=frozenset({"street"}))
RESIDENT = Actor("p1", roles=frozenset({"resident"}))
TOWN = Registers(areas=frozenset({"c1"}), units=frozenset({"u1"}))
ACCOUNT = OpenChannel(
    code="w1", name="雁翅党建", area="c1", unit="u1", channel_kind=ChannelKind.WECHAT
)
NEW = story(entry_of(WORKFLOW, is_register=True), stream="channel/w1", registers=TOWN)
OPENED = NEW.when(STREET, ACCOUNT)
HERE = About(area="c1", unit="u1")


def test_its_code_is_its_stream() -> None:
    assert WORKFLOW.id_of(ACCOUNT, STREET) == "w1"
    OPENED.then(
        ChannelOpened(
            about=HERE,
            code="w1",
            name="雁翅党建",
            channel_kind=ChannelKind.WECHAT,
            direction=Direction.BOTH,
        )
    )
    OPENED.when(STREET, ACCOUNT).refused("there_already")
    NEW.when(RESIDENT, ACCOUNT).refused("not_yours")


def test_what_went_out_is_a_number_of_items() -> None:
    OPENED.when(STREET, Publish(items=34)).then(
        ItemsPublished(about=HERE, channel_kind=ChannelKind.WECHAT, items=34)
    )
    for field in ("text", "title", "readers"):
        with pytest.raises(ValidationError, match=field):
            Publish.model_validate({field: "…"})
    with pytest.raises(ValidationError, match="items"):
        Publish(items=0)


def test_nothing_goes_out_while_it_is_paused() -> None:
    paused = OPENED.when(STREET, Pause())
    paused.when(STREET, Publish()).refused("not_now")
    paused.when(STREET, Pause()).refused("not_now")
    again = paused.when(STREET, Resume())
    assert isinstance(again.state, Open)
    again.when(STREET, Resume()).refused("not_now")


def test_it_is_closed_for_good() -> None:
    for before in (OPENED, OPENED.when(STREET, Pause())):
        gone = before.when(STREET, Close(reason=CloseReason.MERGED))
        assert isinstance(gone.state, Closed)
        gone.when(STREET, Publish()).refused("not_now")
