"""Wordings, times, exit codes, usage errors: everything that needs no database."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from events.clock import text_of
from events.errors import (
    Ambiguous,
    Broken,
    Conflict,
    Denied,
    Invalid,
    JishiError,
    KeyReused,
    Malformed,
    Refused,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from services.terminal import exits, times
from services.terminal.client import ServerProblem
from services.terminal.say import Say, document
from services.terminal.tree import moved
from services.terminal.words import padded, width, wrapped

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-03-01T09:00:00+08:00", "2018-03-01T01:00:00.000000Z"),
        ("2018-03-01T01:00:00Z", "2018-03-01T01:00:00.000000Z"),
        ("2018-03-01T09:00", "2018-03-01T01:00:00.000000Z"),
        ("2018-03-01 09:00:30.5", "2018-03-01T01:00:30.500000Z"),
        ("2018-03-01", "2018-03-01T15:59:59.999999Z"),
    ],
)
def test_a_time_without_a_zone_is_the_deployments_and_a_bare_day_its_end(
    text: str, expected: str
) -> None:
    assert text_of(times.instant(text, SHANGHAI, field="as-of")) == expected


def test_a_bare_day_that_begins_a_span_is_its_first_moment() -> None:
    begun = times.instant("2018-03-01", SHANGHAI, field="from", begins=True)
    assert text_of(begun) == "2018-02-28T16:00:00.000000Z"


def test_the_end_of_a_day_on_which_clocks_change_is_the_next_midnight_on_the_wall() -> None:
    ended = times.instant("2018-03-11", NEW_YORK, field="to")
    assert text_of(ended) == "2018-03-12T03:59:59.999999Z"


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2018-13-01", "2018-3-1", "20180301", "2018-03-01T25:00", "12"]
)
def test_what_is_no_time_is_refused_with_field_value_and_a_way_to_write_it(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        times.instant(text, SHANGHAI, field="as-of")
    assert refused.value.field == "as-of"
    assert refused.value.value == text
    assert "2018-09-28T09:00" in refused.value.detail
    assert "不是时间" in refused.value.zh


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JishiError("x"), 1),
        (Invalid("x", field="f"), 2),
        (Malformed("x", field="f"), 2),
        (KeyReused("x"), 2),
        (Unknown("x", what="case", name="n"), 1),
        (Unauthenticated("x"), 1),
        (Denied("x"), 1),
        (Refused("x", refusal="not_now"), 1),
        (TooLarge("x"), 1),
        (Conflict("order/1", expected=1, current=2), 4),
        (Unavailable("x"), 5),
        (Ambiguous("x"), 5),
        (Broken("x"), 1),
    ],
)
def test_every_error_has_the_published_exit_code_here_and_from_a_server(
    error: JishiError, code: int
) -> None:
    assert exits.exit_code(error) == code
    sent = ServerProblem(error.status, {"type": f"/problems/{error.code}", "detail": "x"})
    assert exits.exit_code(sent) == code


def test_every_kind_of_error_there_is_was_tried_above() -> None:
    def below(kind: type[JishiError]) -> set[type[JishiError]]:
        return {kind}.union(*(below(each) for each in kind.__subclasses__()))

    tried = {
        JishiError, Invalid, Malformed, KeyReused, Unknown, Unauthenticated, Denied, Refused,
        TooLarge, Conflict, Unavailable, Ambiguous, Broken,
    }  # fmt: skip
    ours = {kind for kind in below(JishiError) if kind.__module__ == "events.errors"}
    assert ours == tried


def test_an_error_as_a_document_bears_what_http_says_too() -> None:
    error = Unknown("no area c9", what="area", name="c9", nearest="c1", zh="没有区域 c9")
    assert document(error, "zh") == {
        "type": "/problems/unknown",
        "title": "没有这一项",
        "status": 404,
        "detail": "没有区域 c9",
        "what": "area",
        "name": "c9",
        "nearest": "c1",
    }
    assert document(Refused("no", refusal="not_yours"), "en")["code"] == "not_yours"


def test_a_problem_goes_to_stderr_in_the_readers_language(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = Invalid("area: no such code", field="area", value="C 1", zh="area：没有这个代码")
    Say("zh").problem(error)
    Say("en").problem(error)
    Say("en", json=True).problem(error)
    printed = capsys.readouterr()
    assert printed.out == ""
    zh, en, raw = printed.err.splitlines()
    assert zh == "错误：area：没有这个代码"
    assert en == "Error: area: no such code"
    assert json.loads(raw)["field"] == "area"


def test_quiet_leaves_data_and_errors_alone(capsys: pytest.CaptureFixture[str]) -> None:
    say = Say("en", quiet=True)
    say.talk("说", "talk")
    say.hint("下一步", "next")
    say.value({"a": "值"})
    say.problem(Invalid("wrong", field="f"))
    printed = capsys.readouterr()
    assert printed.out == '{"a":"值"}\n'
    assert printed.err == "Error: wrong\n"


def test_a_table_in_a_pipe_is_parted_by_tabs_and_never_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from services.terminal.words import Both

    Say("zh").table([Both("名", "name"), Both("值", "value")], [("甲" * 200, None), ("a\tb", 3)])
    assert capsys.readouterr().out == f"名\t值\n{'甲' * 200}\t\na b\t3\n"


def test_a_chinese_character_takes_two_columns() -> None:
    assert width("区域 A") == 6
    assert padded("区", 4) == "区  "
    assert wrapped("区域单位类别", 6, 2) == "区域单\n  位类别"
    assert wrapped("一二，三", 4, 0) == "一\n二，\n三"
    assert wrapped("一（必填）二", 4, 0) == "一\n（必\n填）\n二"
    assert wrapped("one two three", 8, 1) == "one two\n three"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ([], []),
        (["--json", "status"], ["status", "--json"]),
        (["--home", "/x", "--quiet", "up"], ["up", "--home", "/x", "--quiet"]),
        (["--home=/x", "order", "place", "--", "y"], ["order", "place", "--home=/x", "--", "y"]),
        (["--help"], ["--help"]),
        (["order", "--json"], ["order", "--json"]),
    ],
)
def test_common_options_may_stand_before_the_verb(typed: list[str], meant: list[str]) -> None:
    assert moved(typed) == meant
