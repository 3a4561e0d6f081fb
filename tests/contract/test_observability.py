"""What watches the registry: Prometheus reads metrics that exist, alerts and dashboard ask for nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest
import yaml
from fastapi.routing import APIRoute
from prometheus_client.parser import text_string_to_metric_families

from app.outcome import Result
from app.web import compat, litellm, mirror, models, operate, pages, preferences, spoken
from tests.api.catalog import PLAIN
from tests.api.service import serving

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
METRIC = re.compile(r"\b((?:registry|process)_[a-z_]+)(?:\{([^}]*)\})?")
CONDITION = re.compile(r'([a-z_]+)\s*(=~|=)\s*"([^"]*)"')
# Prometheus adds these to what it reads.
ADDED_LABELS = {"instance", "job", "le"}
CLOSED_LABELS = {
    "found": {"true", "false"},
    "lifecycle": {"active", "deprecated", "delisted"},
    "outcome": {result.value for result in Result},
    "trigger": {"schedule", "operator", "local_files", "bootstrap"},
    "store": {"sqlite", "redis", "preferences"},
    "operation": None,
    "version": None,
    "status": None,
    "route": None,
}
"""Every label that a metric of ours may have, and its values where they are few."""


def yaml_of(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def rules() -> list[Mapping[str, Any]]:
    return [rule for group in yaml_of("alerts.yml")["groups"] for rule in group["rules"]]


def panels() -> list[Mapping[str, Any]]:
    document: dict[str, Any] = orjson.loads((DEPLOY / "grafana" / "dashboard.json").read_bytes())
    return list(document["panels"])


def questions() -> dict[str, str]:
    """Every expression that an alert or a panel asks, by its name."""
    asked = {rule["alert"]: rule["expr"] for rule in rules()}
    return asked | {f"{panel['title']}, {one['refId']}": one["expr"] for panel in panels() for one in panel["targets"]}


def known_routes() -> set[str]:
    routers = (
        *(operate.router, preferences.router, pages.router, compat.router),
        *(mirror.router, spoken.router, litellm.router, models.router),
    )
    return {route.path for router in routers for route in router.routes if isinstance(route, APIRoute)}


@dataclass(frozen=True)
class Shown:
    """What `/metrics` shows: the names of the samples with their labels, and the families of ours."""

    labels: Mapping[str, set[str]]
    families: set[str]
    values: Mapping[str, set[str]]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """What is shown by a registry that has done everything once, failed at its store included."""
    text = anyio.run(metrics_after_use, tmp_path_factory.mktemp("metrics"))
    labels: dict[str, set[str]] = {}
    values: dict[str, set[str]] = {}
    families = list(text_string_to_metric_families(text))
    for sample in (sample for family in families for sample in family.samples):
        labels.setdefault(sample.name, set()).update(sample.labels)
        for name, value in sample.labels.items():
            values.setdefault(name, set()).add(value)
    return Shown(labels, {family.name for family in families if family.name.startswith("registry_")}, values)


async def metrics_after_use(folder: Path) -> str:
    async with serving(folder / "data") as service:
        for target in (
            f"/models/{PLAIN}",
            "/models/none",
            "/models/search?q=anvil",
            "/models/search?q=zzzz",
            "/models",
        ):
            await service.get(target)
        (folder / "data").rename(folder / "gone")
        (folder / "data").write_text("no folder any more")
        await service.refresh()
        return (await service.get("/metrics")).text


def test_labels_come_from_closed_sets(shown: Shown) -> None:
    assert shown.values.keys() <= CLOSED_LABELS.keys() | {"le"}
    for name, allowed in CLOSED_LABELS.items():
        if allowed is not None:
            assert shown.values[name] <= allowed, name
    routes = known_routes()
    assert shown.values["route"] <= routes | {"unmatched"}
    assert all(re.fullmatch("[1-5][0-9][0-9]", status) for status in shown.values["status"])
    assert shown.values["operation"]


@pytest.mark.parametrize("name", questions())
def test_an_alert_and_a_panel_ask_for_metrics_and_labels_that_exist(shown: Shown, name: str) -> None:
    expression = questions()[name]
    asked = METRIC.findall(expression)
    assert asked or "up{" in expression
    for metric, conditions in asked:
        assert metric in shown.labels, metric
        for label, operator, value in CONDITION.findall(conditions):
            assert label in shown.labels[metric] | ADDED_LABELS, f"{metric} has no label {label}"
            allowed = CLOSED_LABELS.get(label)
            if allowed is not None and operator == "=":
                assert value in allowed
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        available = set().union(*(shown.labels[metric] for metric, _ in asked)) | ADDED_LABELS
        assert {label.strip() for label in grouped.split(",")} <= available


def test_what_an_alert_says_about_a_route_or_a_status_can_happen() -> None:
    routes = known_routes()
    asked = [pair for expression in questions().values() for pair in re.findall(r'route="([^"]*)"', expression)]
    assert asked
    assert set(asked) <= routes


def test_the_dashboard_shows_every_metric_that_there_is(shown: Shown) -> None:
    text = " ".join(expression for title, expression in questions().items() if ", " in title)
    assert [name for name in shown.families if name not in text] == []


def test_every_alert_has_a_severity_and_says_what_to_do() -> None:
    assert {"CatalogStale", "RefreshRefused", "StoreDown"} <= {rule["alert"] for rule in rules()}
    for rule in rules():
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"].endswith((".", '".'))


def test_the_dashboard_has_no_panel_over_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_prometheus_finds_every_instance_of_the_service() -> None:
    [job] = yaml_of("prometheus.yml")["scrape_configs"]
    [found] = job["dns_sd_configs"]
    registry = compose()["services"]["registry"]
    assert found["names"] == ["registry"]
    assert str(found["port"]) == registry["environment"]["PORT"]
    assert job["metrics_path"] == "/metrics"
    assert set(registry["networks"]) & set(compose()["services"]["prometheus"]["networks"])


def test_the_watchers_start_on_demand_with_the_files_that_are_here() -> None:
    document = compose()
    for name in ("prometheus", "grafana"):
        service = document["services"][name]
        assert service["profiles"] == ["observability"]
        for mounted in service["configs"]:
            assert (ROOT / document["configs"][mounted["source"]]["file"]).is_file()
        [port] = service["ports"]
        assert port.startswith("${BIND:-127.0.0.1}:")
    prometheus = document["services"]["prometheus"]
    targets = {mounted["target"] for mounted in prometheus["configs"]}
    assert set(yaml_of("prometheus.yml")["rule_files"]) <= targets
    assert f"--config.file={'/etc/prometheus/prometheus.yml'}" in prometheus["command"]
    [source] = yaml_of("grafana/datasource.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    used = {panel["datasource"]["uid"] for panel in panels()}
    assert used == {source["uid"]}


def test_grafana_has_no_password_that_everybody_knows() -> None:
    environment = compose()["services"]["grafana"]["environment"]
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
