"""The dashboard that comes along shows nothing but what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from projections.counters import COUNTERS
from services.terminal.verbs import serve
from tests.web.conftest import Place

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY.parent / "compose.yaml").read_text())["services"]
BOARDS = {
    path.name: json.loads(path.read_text())
    for path in (DEPLOY / "grafana" / "dashboards").glob("*.json")
}
METRIC = re.compile(r"\bjishi_\w+")
LABELS = re.compile(r"by \(([^)]*)\)|\{(\w+)=~|\{\{(\w+)\}\}")
FROM_PROMETHEUS = {"instance", "le"}


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text())


@pytest.mark.parametrize("name", BOARDS)
async def test_every_metric_on_it_is_counted(place: Place, name: str) -> None:
    await place.town.placed("c1")
    await place.ask("POST", "/api/v1/order", "west", {"area": "c1"})
    await place.ask("GET", "/api/v1/areas", "worker")
    text = (await place.ask("GET", "/metrics", "admin")).body.decode()
    counted: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            counted.setdefault(sample.name, set()).update(sample.labels)
    board = BOARDS[name]
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [one["query"]["query"] for one in board["templating"]["list"]]
    shown = {name for expression in asked for name in METRIC.findall(expression)}
    assert len(shown) > 8
    assert shown - counted.keys() == set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            known = set().union(*(counted[name] for name in METRIC.findall(target["expr"])))
            found = LABELS.findall(f"{target['expr']} {target['legendFormat']}")
            named = {word.strip() for hit in found for part in hit for word in part.split(",")}
            assert named - {""} <= known | FROM_PROMETHEUS, panel["title"]


def test_it_begins_with_numbers_there_are() -> None:
    (board,) = BOARDS.values()
    names = {counter.name for counter in COUNTERS}
    for one in board["templating"]["list"]:
        assert set(one["current"]["value"]) <= names
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_grafana_finds_board_and_source_where_they_are_put() -> None:
    (source,) = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    (provider,) = read("grafana/provisioning/dashboards/jishi.yaml")["providers"]
    grafana = COMPOSE["grafana"]
    put = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    assert put["./deploy/grafana/dashboards"] == provider["options"]["path"]
    assert put["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    first = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert first in {f"{provider['options']['path']}/{name}" for name in BOARDS}
    assert source["url"] == "http://prometheus:9090"
    assert ":9090/" in COMPOSE["prometheus"]["healthcheck"]["test"][-1]
    for board in BOARDS.values():
        uids = {panel["datasource"]["uid"] for panel in board["panels"]}
        assert uids == {source["uid"]}


def test_prometheus_asks_the_api_with_a_token() -> None:
    (job,) = read("prometheus.yml")["scrape_configs"]
    (where,) = job["dns_sd_configs"]
    assert (where["names"], where["port"]) == (["api"], serve.PORT)
    assert where["names"][0] in COMPOSE
    assert job["metrics_path"] == "/metrics"
    assert (
        "./deploy/prometheus.yml:/etc/prometheus/prometheus.yml:ro"
        in (COMPOSE["prometheus"]["volumes"])
    )
