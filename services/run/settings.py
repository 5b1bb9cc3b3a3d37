"""设置 · Everything that may be set from outside, and (with `language`, for `--help`) the only
place that reads the environment.

A variable is `JISHI_` and the field's name; a limit inside a group is `JISHI_LOG__BATCH_EVENTS`.
What may hold a secret may stand in a file instead, which `JISHI_TOKEN_FILE` then names.
A misspelt variable is refused with the nearest known name: a setting that is silently ignored is
worse than none. `python -m services.run.settings` prints the page docs/reference/settings.md.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from events.errors import Invalid
from services.run.language import language
from services.run.limits import DatabaseLimits
from streams.limits import KafkaLimits, LogLimits

PREFIX = "JISHI_"
INSIDE = "__"
FOR_TESTS = ("JISHI_TEST_DATABASE_URL", "JISHI_BROWSER")
"""Known to the tests alone."""
FOUND = {"home": "the user-data folder of the system", "lang": "that of the locale, else `zh`"}
"""Defaults that differ from one machine to the next."""
HIDDEN = frozenset({"token", "database_url", "read_database_url", "district_database_urls"})
"""May hold a secret: never echoed, and may stand in a file."""
FILE = "_FILE"
"""What the variable ends with that names such a file."""


def _database(url: str) -> str:
    if urlsplit(url).scheme not in ("postgres", "postgresql"):
        raise ValueError("must look like postgresql://user:password@host:5432/name")
    return url


def _several(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(one.strip() for one in value.split(",") if one.strip())
    return value


def _server(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("must look like http://127.0.0.1:8311")
    return url.rstrip("/")


def _brokers(names: str) -> str:
    if not re.fullmatch(r"[^\s:,]+:\d+(,[^\s:,]+:\d+)*", names):
        raise ValueError("must look like 127.0.0.1:9092, several parted by commas")
    return names


DatabaseUrl = Annotated[str, AfterValidator(_database)]
DatabaseUrls = Annotated[tuple[DatabaseUrl, ...], NoDecode, BeforeValidator(_several)]
ServerUrl = Annotated[str, AfterValidator(_server)]
Brokers = Annotated[str, AfterValidator(_brokers)]


class Settings(BaseSettings):
    """The settings of one process. Secrets have no default."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=INSIDE,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
    )

    home: Path = Field(default_factory=lambda: user_data_path("jishi", appauthor=False))
    """内嵌数据库、密钥与日志所在目录 · Folder of the embedded database, keys and logs."""
    database_url: DatabaseUrl | None = Field(default=None, repr=False)
    """任意 Postgres（≥ 15）；不设则用内嵌数据库 · Any Postgres ≥ 15; unset = the embedded one."""
    read_database_url: DatabaseUrl | None = Field(default=None, repr=False)
    """查询一侧的数据库；不设则同上 · Database of the read side; unset = the same."""
    district_database_urls: DatabaseUrls = Field(default=(), repr=False)
    """其他各区日志所在的数据库，以逗号分隔 · Databases of the other districts' logs, parted by
    commas."""
    kafka_bootstrap: Brokers | None = None
    """Kafka 地址，如 `127.0.0.1:9092`；不设则事实在进程内传递
    · Kafka brokers; unset = facts travel in-process."""
    server: ServerUrl | None = None
    """命令行所连的服务；不设则直接用数据库
    · The server the command line talks to; unset = directly to the database."""
    token: SecretStr | None = None
    """操作者的令牌 · The token of who is acting."""
    lang: Literal["zh", "en"] = Field(default_factory=language)
    """界面语言 · Language of pages, messages and reports."""
    zone: ZoneInfo = ZoneInfo("Asia/Shanghai")
    """新建日志的时区：一天从何时算起 · Time zone of a new log: where its days begin."""
    log: LogLimits = LogLimits()
    """写入日志的上限 · Limits of the log."""
    database: DatabaseLimits = DatabaseLimits()
    """内嵌数据库的上限 · Limits of the embedded database."""
    kafka: KafkaLimits = KafkaLimits()
    """经 Kafka 之路的主题与上限 · Topics and limits of the road over Kafka."""


def read(**given: Any) -> Settings:
    """The settings of the environment; what is `given` (from the command line) wins, unless None.

    Raises Invalid naming the variable that is misspelt or has an impossible value.
    """
    _refuse_misspelt()
    given = {name: value for name, value in given.items() if value is not None}
    try:
        settings = Settings(**_from_files(given), **given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = [part for part in first["loc"] if isinstance(part, str)]
        hidden = place[0] in HIDDEN
        why = first["msg"].removeprefix("Value error, ")
        raise _invalid(place, "…" if hidden else first["input"], why) from None
    for place, value, _ in _leaves(settings):
        if len(place) > 1 and (wrong := _wrong(value)) is not None:
            raise _invalid(place, value, wrong)
    return settings


def _wrong(value: object) -> str | None:
    """What is wrong with a value inside a group."""
    if isinstance(value, str):
        allowed = re.fullmatch(r"[A-Za-z0-9._-]{1,200}", value)
        return None if allowed else "only letters, digits, `.`, `_` and `-` are allowed"
    if isinstance(value, bool) or (isinstance(value, int | float) and value > 0):
        return None
    return "a limit must be more than 0"


def variables() -> list[str]:
    """The names of all variables, in the order of the page."""
    return [name for name, _, _ in _lines()]


def reference() -> str:
    """The page docs/reference/settings.md."""
    lines = [
        "# 设置 · Settings",
        "",
        "每项设置都是一个环境变量；命令行的 `--home`、`--database` 优先于它们。",
        "写错的变量名会被拒绝。",
        "可能含有密码的设置，也可放在文件里（Docker、Kubernetes 的 secret），由 `…_FILE` 指明。",
        "",
        "Each setting is an environment variable; `--home` and `--database` on the command line",
        "win over them. A misspelt name is refused. What may hold a password may stand in a file",
        "(a secret of Docker or Kubernetes) that `…_FILE` names.",
        "",
        "| variable | default | what it is |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {shown} | {meaning} |" for name, shown, meaning in _lines()]
    return "\n".join([*lines, ""])


def _lines() -> Iterator[tuple[str, str, str]]:
    """(variable, default, meaning) of every line of the page."""
    for place, value, meaning in _leaves(Settings.model_construct()):
        yield _variable(place), FOUND.get(place[0]) or _shown(value), meaning
        if place[0] in HIDDEN:
            yield _variable(place) + FILE, "–", "存放上一项的文件 · The file that holds it"


def _shown(value: object) -> str:
    return f"`{value}`" if value or value == 0 else "–"


def _variable(place: list[str]) -> str:
    return PREFIX + INSIDE.join(place).upper()


def _invalid(place: list[str], value: object, why: str) -> Invalid:
    name = _variable(place)
    return Invalid(
        f"{name} = {value}: {why} (see docs/reference/settings.md)",
        field=name,
        value=value,
        zh=f"{name} = {value}：取值无效，{why}（见 docs/reference/settings.md）",
    )


def _from_files(given: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in files, where nobody gave it otherwise. Raises Invalid for a file that cannot
    be read, and where the variable itself is set too."""
    found: dict[str, Any] = {}
    for name in sorted(HIDDEN - given.keys()):
        place = [name + FILE]
        path = os.environ.get(_variable(place))
        if not path:
            continue
        if os.environ.get(_variable([name])):
            raise _invalid(place, path, f"{_variable([name])} is set too: set one of them")
        try:
            found[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as cause:
            raise _invalid(place, path, f"cannot be read ({cause})") from cause
    return found


def _refuse_misspelt() -> None:
    known = variables()
    for name in os.environ:
        if not name.startswith(PREFIX) or name in known or name in FOR_TESTS:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
        raise Invalid(
            f"{name} is not a setting: did you mean {near}?",
            field=name,
            zh=f"{name} 不是已知的设置：是否应为 {near}？",
            nearest=near,
        )


def _leaves(settings: Settings) -> Iterator[tuple[list[str], Any, str]]:
    """(place, value, meaning) of every single setting, groups opened."""
    meanings = _meanings(Settings)
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if not is_dataclass(value):
            yield [name], value, meanings[name]
            continue
        inside = _meanings(type(value))
        for inner in fields(value):
            yield [name, inner.name], getattr(value, inner.name), inside[inner.name]


def _meanings(model: type) -> dict[str, str]:
    """What stands under each field in the source: the one place where it is described."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    if not isinstance(body, ast.ClassDef):
        raise AssertionError(f"{model} is not a class")
    found: dict[str, str] = {}
    for line, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(line, ast.AnnAssign)
            and isinstance(line.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[line.target.id] = " ".join(str(after.value.value).split())
    return found


if __name__ == "__main__":
    sys.stdout.write(reference())
