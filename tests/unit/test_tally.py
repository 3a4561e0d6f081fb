"""Counts of the hot path, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from app.metrics import Metrics
from app.tally import BUCKETS_SECONDS, RouteTally, Tallies


def exposed(metrics: Metrics) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(metrics.render().decode())}


def samples(family: Metric, name: str, **labels: str) -> Iterator[float]:
    for sample in family.samples:
        if sample.name == name and labels.items() <= sample.labels.items():
            yield sample.value


def test_the_exposition_parses_and_the_numbers_add_up() -> None:
    metrics, random = Metrics(), Random(1)
    counted: dict[tuple[str, int], int] = {}
    spent: dict[str, float] = {}
    for _ in range(2_000):
        route, status = random.choice(("/models", "/models/{model_id:path}")), random.choice((200, 304, 404))
        seconds = random.choice((0.00005, 0.0004, 0.02, 1.5, 60.0))
        metrics.tallies.of(route).count(status, seconds)
        counted[route, status] = counted.get((route, status), 0) + 1
        spent[route] = spent.get(route, 0.0) + seconds
    families = exposed(metrics)
    requests, latency = families["registry_requests"], families["registry_request_seconds"]
    assert len(requests.samples) == 6
    for (route, status), count in counted.items():
        assert list(samples(requests, "registry_requests_total", route=route, status=str(status))) == [count]
    for route, seconds in spent.items():
        total = sum(count for (of, _), count in counted.items() if of == route)
        assert list(samples(latency, "registry_request_seconds_count", route=route)) == [total]
        assert list(samples(latency, "registry_request_seconds_bucket", route=route, le="+Inf")) == [total]
        assert list(samples(latency, "registry_request_seconds_sum", route=route)) == [pytest.approx(seconds)]
        buckets = list(samples(latency, "registry_request_seconds_bucket", route=route))
        assert len(buckets) == len(BUCKETS_SECONDS) + 1
        assert buckets == sorted(buckets)


@pytest.mark.parametrize("bound", BUCKETS_SECONDS)
def test_a_bound_belongs_to_its_own_bucket(bound: float) -> None:
    """Prometheus' `le` means less or equal."""
    metrics = Metrics()
    metrics.tallies.of("/models").count(200, bound)
    latency = exposed(metrics)["registry_request_seconds"]
    for sample in latency.samples:
        if sample.name.endswith("_bucket"):
            assert sample.value == (float(sample.labels["le"]) >= bound)


def test_a_route_has_one_tally() -> None:
    tallies = Tallies()
    assert tallies.of("/models") is tallies.of("/models")
    assert tallies.of("/models") is not tallies.of("/status")


def test_a_status_that_was_only_asked_for_is_not_shown() -> None:
    metrics = Metrics()
    metrics.tallies.of("/models").of(304)
    metrics.tallies.of("/models").count(200, 0.2)
    assert [sample.labels["status"] for sample in exposed(metrics)["registry_requests"].samples] == ["200"]


def test_nothing_counted_is_nothing_shown() -> None:
    families = exposed(Metrics())
    assert families["registry_requests"].samples == []
    assert families["registry_request_seconds"].samples == []


def test_what_is_slower_than_every_bound_is_counted_too() -> None:
    tally = RouteTally("/models")
    tally.count(200, 1_000.0)
    assert tally.buckets[-1] == 1 == sum(tally.buckets)
    assert tally.sum_seconds == 1_000.0
