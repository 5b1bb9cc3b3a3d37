"""The settings: one page, one reader, and no variable that is silently ignored."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from events.errors import Invalid
from services.run import settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "settings.md"


def test_the_page_lists_every_setting_with_its_default() -> None:
    assert PAGE.read_text() == settings.reference(), (
        "write it anew: .venv/bin/python -m services.run.settings > docs/reference/settings.md"
    )


def test_every_setting_is_described() -> None:
    for line in settings.reference().splitlines():
        if line.startswith("| `JISHI_"):
            _, name, default, meaning, _ = line.split("|", 4)
            assert default.strip(), name
            assert len(meaning.strip()) > 10, name


def test_without_variables_there_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    read = settings.read()
    assert read.database_url is None
    assert read.kafka_bootstrap is None
    assert read.token is None
    assert read.lang == "zh"
    assert read.zone.key == "Asia/Shanghai"
    assert read.home.is_absolute()


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "JISHI_HOME": "/somewhere",
        "JISHI_DATABASE_URL": "postgresql://u:p@h/d",
        "JISHI_READ_DATABASE_URL": "postgres://h/e",
        "JISHI_DISTRICT_DATABASE_URLS": "postgres://h/f, postgres://h/g",
        "JISHI_KAFKA_BOOTSTRAP": "a:9092,b:9092",
        "JISHI_SERVER": "https://record.example/",
        "JISHI_TOKEN": "secret",
        "JISHI_LANG": "en",
        "JISHI_ZONE": "Asia/Urumqi",
        "JISHI_LOG__BATCH_EVENTS": "7",
        "JISHI_DATABASE__STOP_SECONDS": "1.5",
        "JISHI_KAFKA__PREFIX": "city-7.",
        "JISHI_KAFKA__SINGLE_EVENTS": "false",
    }.items():
        monkeypatch.setenv(name, value)
    read = settings.read()
    assert read.home == Path("/somewhere")
    assert read.database_url == "postgresql://u:p@h/d"
    assert read.read_database_url == "postgres://h/e"
    assert read.district_database_urls == ("postgres://h/f", "postgres://h/g")
    assert read.kafka_bootstrap == "a:9092,b:9092"
    assert read.server == "https://record.example"
    assert read.token is not None
    assert read.token.get_secret_value() == "secret"
    assert read.lang == "en"
    assert read.zone.key == "Asia/Urumqi"
    assert read.log.batch_events == 7
    assert read.log.call_events > 7
    assert read.database.stop_seconds == 1.5
    assert read.kafka.batches_topic == "city-7.batches"
    assert not read.kafka.single_events


def test_what_may_be_secret_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "JISHI_DATABASE_URL": "postgresql://u:p@h/d\n",
        "JISHI_DISTRICT_DATABASE_URLS": "postgres://h/f,postgres://h/g",
        "JISHI_TOKEN": "hush",
    }.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    read = settings.read()
    assert read.database_url == "postgresql://u:p@h/d"
    assert read.district_database_urls == ("postgres://h/f", "postgres://h/g")
    assert read.token is not None
    assert read.token.get_secret_value() == "hush"
    assert settings.read(database_url="postgresql://h/typed").database_url == "postgresql://h/typed"


def test_a_secret_stands_in_one_place_that_can_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JISHI_TOKEN_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(Invalid, match=r"JISHI_TOKEN_FILE = .*nowhere: cannot be read"):
        settings.read()
    (tmp_path / "nowhere").write_text("hush")
    monkeypatch.setenv("JISHI_TOKEN", "hush")
    with pytest.raises(Invalid, match="JISHI_TOKEN is set too: set one of them"):
        settings.read()


def test_a_file_is_named_for_secrets_alone() -> None:
    named = {name.removesuffix("_FILE") for name in settings.variables() if name.endswith("_FILE")}
    assert named == {
        "JISHI_DATABASE_URL",
        "JISHI_READ_DATABASE_URL",
        "JISHI_DISTRICT_DATABASE_URLS",
        "JISHI_TOKEN",
    }


def test_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JISHI_HOME", "/from-environment")
    assert settings.read(home=Path("/from-command-line")).home == Path("/from-command-line")
    assert settings.read(home=None).home == Path("/from-environment")


def test_the_language_is_that_of_the_locale_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert settings.read().lang == "en"
    monkeypatch.setenv("JISHI_LANG", "zh")
    assert settings.read().lang == "zh"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JISHI_DATABASE_URL", "")
    assert settings.read().database_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JISHI_LANG", "fr"),
        ("JISHI_ZONE", "Mars/Olympus"),
        ("JISHI_SERVER", "127.0.0.1:8311"),
        ("JISHI_KAFKA_BOOTSTRAP", "somewhere"),
        ("JISHI_LOG__BATCH_EVENTS", "many"),
        ("JISHI_LOG__BATCH_EVENTS", "0"),
        ("JISHI_LOG__WAITING_EVENTS", "-1"),
        ("JISHI_KAFKA__PARTITIONS", "0"),
        ("JISHI_KAFKA__PREFIX", "two words"),
        ("JISHI_KAFKA__SINGLE_EVENTS", "perhaps"),
    ],
)
def test_an_impossible_value_is_refused_by_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid, match=re.escape(f"{name} = {value}")) as refused:
        settings.read()
    assert refused.value.field == name
    assert name in refused.value.zh


def test_a_misspelt_variable_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JISHI_DATABSE_URL", "postgresql://h/d")
    with pytest.raises(Invalid, match="did you mean JISHI_DATABASE_URL"):
        settings.read()


def test_a_variable_for_the_tests_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JISHI_TEST_DATABASE_URL", "postgresql://h/d")
    assert settings.read().database_url is None


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JISHI_DATABASE_URL", "postgresql://user:hush@h/d")
    monkeypatch.setenv("JISHI_READ_DATABASE_URL", "postgresql://user:hush@h/d")
    monkeypatch.setenv("JISHI_TOKEN", "hush")
    assert "hush" not in repr(settings.read())
    monkeypatch.setenv("JISHI_DATABASE_URL", "mysql://user:hush@h/d")
    with pytest.raises(Invalid) as refused:
        settings.read()
    told = f"{refused.value!r} {refused.value.zh} {refused.value.fields}"
    assert "JISHI_DATABASE_URL" in told
    assert "hush" not in told
    assert refused.value.__suppress_context__
    monkeypatch.delenv("JISHI_DATABASE_URL")
    monkeypatch.setenv("JISHI_DISTRICT_DATABASE_URLS", "postgresql://h/d,mysql://user:hush@h/d")
    with pytest.raises(Invalid, match="JISHI_DISTRICT_DATABASE_URLS = …") as refused:
        settings.read()
    assert "hush" not in f"{refused.value!r} {refused.value.zh} {refused.value.fields}"
