"""compose.yaml and the Dockerfile: every command, variable, port and path in them exists."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from services.run import settings
from services.terminal import index, program
from services.terminal.verbs import serve
from services.web.gate import OPEN_PATHS

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("jishi:")}
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
GUIDE = (ROOT / "docs" / "howto" / "deploy.md").read_text()
PINNED = re.compile(r"^[\w./-]+:v?\d+\.\d+[\w.-]*$")
SECRET = "/run/secrets/"
BYTES = {"m": 2**20, "g": 2**30}
each = pytest.mark.parametrize("name", SERVICES)
each_of_ours = pytest.mark.parametrize("name", OURS)


def instructions(word: str) -> list[str]:
    """What follows a word of the Dockerfile, wherever it stands there."""
    return re.findall(rf"^{word}\s+(.+)$", DOCKERFILE, re.MULTILINE)


def test_it_has_every_part() -> None:
    assert OURS.keys() == {"migrate", "api", "relay", "worker"}
    assert SERVICES.keys() - OURS.keys() == {"postgres", "kafka", "prometheus", "grafana"}
    observing = {name for name, one in SERVICES.items() if "observe" in one.get("profiles", ())}
    assert observing == {"prometheus", "grafana"}


# --- what is run ----------------------------------------------------------------------------------


@each_of_ours
def test_every_command_is_understood(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    verb, *options = OURS[name]["command"]
    assert verb in index.entries()
    # With --help its options are looked up, and nothing is done.
    assert program.run([verb, *options, "--help"]) == 0, capsys.readouterr().err


def test_the_image_runs_the_program() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    (entry,), (usual,) = instructions("ENTRYPOINT"), instructions("CMD")
    assert yaml.safe_load(entry) == ["jishi"]
    assert "jishi" in scripts
    assert program.run([*yaml.safe_load(usual), "--help"]) == 0


def test_what_may_run_often_is_not_named() -> None:
    for name in ("relay", "worker"):
        assert OURS[name]["deploy"]["replicas"] >= 2
        assert "container_name" not in OURS[name]
        assert "ports" not in OURS[name]


# --- variables ------------------------------------------------------------------------------------


@each_of_ours
def test_every_variable_is_a_setting(name: str) -> None:
    assert OURS[name]["environment"].keys() - set(settings.variables()) == set()


def test_every_name_to_fill_in_is_a_setting_or_explained() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert asked >= {"JISHI_ZONE", "JISHI_LANG"}
    for name in asked:
        assert name in settings.variables() or f"`{name}`" in GUIDE, name
        # The program refuses what begins so and is no setting of its own.
        assert name in settings.variables() or not name.startswith(settings.PREFIX), name


def test_the_image_sets_what_there_is_to_set() -> None:
    names = {name for line in instructions("ENV") for name in re.findall(r"(JISHI_\w+)=", line)}
    assert names == {"JISHI_HOME"}


@each_of_ours
def test_the_settings_are_read_as_they_stand(
    name: str, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in OURS[name]["environment"].items():
        value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        monkeypatch.setenv(variable, value.replace(SECRET, f"{made}/"))
    read = settings.read()
    database = urlsplit(read.database_url or "")
    given = SERVICES["postgres"]["environment"]
    assert (database.hostname, database.port) == ("postgres", 5432)
    assert (database.username, database.path[1:]) == (given["POSTGRES_USER"], given["POSTGRES_DB"])
    assert database.password == (made / "postgres_password").read_text()
    assert (
        f"PLAINTEXT://{read.kafka_bootstrap}"
        == (SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"])
    )


# --- ports ----------------------------------------------------------------------------------------


def test_the_ports_are_those_of_the_program() -> None:
    port = str(serve.PORT)
    api = SERVICES["api"]
    command = api["command"]
    assert command[command.index("--port") + 1] == port
    assert [one.rpartition(":")[2] for one in api["ports"]] == [port]
    assert instructions("EXPOSE") == [port]
    (asked,) = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", api["healthcheck"]["test"][-1])
    assert asked[0] == port
    assert asked[1] in OPEN_PATHS


@each
def test_what_is_published_is_published_here_alone(name: str) -> None:
    for one in SERVICES[name].get("ports", ()):
        assert re.fullmatch(r"\$\{\w+:-127\.0\.0\.1:\d+\}:\d+", one), one
    assert "ports" not in SERVICES["postgres"]
    assert "ports" not in SERVICES["kafka"]


def test_kafka_is_alone_and_without_a_zookeeper() -> None:
    given = SERVICES["kafka"]["environment"]
    listeners = dict(one.split("://") for one in given["KAFKA_LISTENERS"].split(","))
    assert given["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert given["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"1@kafka{listeners['CONTROLLER']}"
    assert given["KAFKA_ADVERTISED_LISTENERS"].endswith(f"kafka{listeners['PLAINTEXT']}")
    assert listeners["PLAINTEXT"].strip(":") in SERVICES["kafka"]["healthcheck"]["test"][-1]
    assert len(given["CLUSTER_ID"]) == 22
    assert "zookeeper" not in yaml.safe_dump(SERVICES).lower()


# --- start order ----------------------------------------------------------------------------------


@each
def test_what_is_waited_for_can_come_true(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert SERVICES[other]["healthcheck"]["test"]
        else:
            assert wait["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "no"
        # Nobody waits for what is only there when asked for.
        assert "profiles" not in SERVICES[other] or "profiles" in SERVICES[name]


@pytest.mark.parametrize("name", ["api", "relay", "worker"])
def test_nothing_begins_before_the_schema_is_made(name: str) -> None:
    assert SERVICES[name]["depends_on"].keys() == {"migrate", "kafka"}
    assert SERVICES["migrate"]["depends_on"].keys() == {"postgres"}


# --- secrets and files ----------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder of secrets, as the script makes it."""
    folder = tmp_path / "secrets"
    subprocess.run(["sh", str(ROOT / "deploy" / "secrets.sh"), str(folder)], check=True)
    return folder


def test_secrets_are_made_once_and_kept_from_others(made: Path) -> None:
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    subprocess.run(["sh", str(ROOT / "deploy" / "secrets.sh"), str(made)], check=True)
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
    assert len(set(before.values())) == len(before) == 3
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o444}


def test_every_secret_comes_from_a_file_that_is_made_and_kept_out_of_git(made: Path) -> None:
    used = {secret for one in SERVICES.values() for secret in one.get("secrets", ())}
    assert used == COMPOSE["secrets"].keys()
    for name, secret in COMPOSE["secrets"].items():
        path = Path(secret["file"])
        assert path == Path("deploy/secrets") / name
        # What the script cannot make, the guide says how to.
        assert (made / name).exists() or f"> {path}" in GUIDE
        ignored = ["git", "check-ignore", "--quiet", "--no-index", str(path)]
        assert subprocess.run(ignored, cwd=ROOT, check=False).returncode == 0


@each
def test_every_secret_that_is_read_is_there(name: str) -> None:
    read = re.findall(rf"{SECRET}(\w+)", yaml.safe_dump(SERVICES[name]))
    if name == "prometheus":
        read = re.findall(rf"{SECRET}(\w+)", (ROOT / "deploy" / "prometheus.yml").read_text())
    assert sorted(read) == sorted(SERVICES[name].get("secrets", ()))


@each
def test_no_secret_stands_in_a_variable(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search("PASSWORD|TOKEN|SECRET|URL", variable):
            assert value.startswith(SECRET), variable


@each
def test_every_volume_is_there(name: str) -> None:
    for one in SERVICES[name].get("volumes", ()):
        source, _, target = one.partition(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert target.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


def test_no_volume_and_no_network_is_left_over() -> None:
    volumes = [one for service in SERVICES.values() for one in service.get("volumes", ())]
    assert {one.partition(":")[0] for one in volumes if one[0] != "."} == COMPOSE["volumes"].keys()
    networks = {one for service in SERVICES.values() for one in service["networks"]}
    assert networks == COMPOSE["networks"].keys()
    assert COMPOSE["networks"]["inside"]["internal"] is True


# --- what it may do -------------------------------------------------------------------------------


@each
def test_nothing_may_do_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    # The image of Kafka names a user of its own; every other one is named here.
    assert name == "kafka" or not re.match("root|0", service["user"])
    assert name == "kafka" or service["read_only"] is True
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    amount, unit = int(limits["memory"][:-1]), limits["memory"][-1]
    assert 128 * 2**20 <= amount * BYTES[unit] <= 4 * 2**30


@each
def test_images_of_others_are_pinned(name: str) -> None:
    assert name in OURS or PINNED.match(SERVICES[name]["image"])


# --- the image ------------------------------------------------------------------------------------


def test_the_image_is_made_from_what_is_here() -> None:
    bases = [line.split()[0] for line in instructions("FROM")]
    assert len(bases) == 2
    assert all(PINNED.match(base) for base in bases)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    copied: list[str] = []
    for line in instructions("COPY"):
        words = shlex.split(line)
        if not words[0].startswith("--from"):
            copied += words[:-1]
    assert all((ROOT / name).exists() for name in copied)
    # What the build reads: the packages, and what pyproject.toml names.
    needed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed += [project["project"]["readme"], *project["project"]["license-files"]]
    assert set(needed) - set(copied) == set()
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied} - set(sent) == set()
    assert sent[1] == "*"


def test_the_image_is_run_by_nobody_in_particular() -> None:
    (user,) = instructions("USER")
    assert user == OURS["api"]["user"] == "10001:10001"
    assert f"--uid {user.partition(':')[0]} " in DOCKERFILE


def test_the_image_has_a_python_that_will_do() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    (least,) = re.findall(r">=3\.(\d+)$", needed)
    for base in instructions("FROM"):
        (minor,) = re.findall(r"python:3\.(\d+)-slim", base)
        assert int(minor) >= int(least)


def test_the_requirements_are_read_as_the_image_reads_them(tmp_path: Path) -> None:
    (code,) = re.findall(r'RUN python -c "([^"]+)"', DOCKERFILE)
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert said.stdout.splitlines() == project["dependencies"]


@pytest.mark.docker
def test_docker_compose_takes_it(made: Path) -> None:
    words = ["docker", "compose", "--profile", "observe", "config", "--quiet"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
