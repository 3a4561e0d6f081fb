"""Metrics that are read off when somebody scrapes: ages and states, which go on changing while nothing happens.

A gauge that somebody has to set would stand still when that somebody does, and an alert on it would never ring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from app.clock import Clock
from app.period import Period
from app.registry import Registry
from app.store.protocol import StoreHealth


class Readings:
    """Shows what everybody already knows to Prometheus; asks nothing over the network."""

    def __init__(
        self,
        *,
        registry: Registry,
        clock: Clock,
        period: Callable[[], Period],
        stores: Callable[[], Sequence[StoreHealth]],
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._period = period
        self._stores = stores

    def collect(self) -> Iterator[Metric]:
        """Return the metrics as prometheus-client wants them."""
        period = self._period()
        if period.checked_at is not None:
            age = max(0.0, (self._clock.now() - period.checked_at).total_seconds())
            yield GaugeMetricFamily(
                "registry_snapshot_age_seconds",
                "Seconds since upstream was last reached and its catalog judged good; absent when it never was.",
                age,
            )
        yield GaugeMetricFamily(
            "registry_refresh_backoff_steps",
            "Failed and refused refreshes; a good one takes one back.",
            period.failures,
        )
        published = self._registry.current
        if published is not None:
            yield GaugeMetricFamily(
                "registry_snapshot_stale", "1 while readers are told that the catalog is stale.", published.is_stale
            )
            quarantined = len(published.snapshot.contents.quarantined)
            yield GaugeMetricFamily(
                "registry_quarantined_records", "Records of upstream that could not be read.", quarantined
            )
        yield from self._of_stores()

    def _of_stores(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("registry_store_up", "1 while a store does what it is asked.", labels=["store"])
        errors = CounterMetricFamily("registry_store_errors", "Store calls that failed.", labels=["store", "operation"])
        for store in self._stores():
            up.add_metric([store.name], store.is_available)
            for operation, count in store.errors.items():
                errors.add_metric([store.name, operation], count)
        yield up
        yield errors
