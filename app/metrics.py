"""Every metric, in one place, with closed label sets; the only module that knows prometheus-client."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.registry import Collector

from app import __version__
from app.outcome import Result, Trigger
from app.tally import Tallies
from app.usage import Searches, Usage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# When each counter was made: as many lines again, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]
_REFRESH_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The metrics of one application; each has its own registry, so that tests don't share any."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        Gauge("registry_build_info", "The version that runs.", ["version"], registry=self.registry).labels(
            __version__
        ).set(1)
        ProcessCollector(registry=self.registry)
        self.generation = Gauge("registry_generation", "Generation of the published snapshot.", registry=self.registry)
        self.models = Gauge(
            "registry_models", "Models in the published snapshot.", ["lifecycle"], registry=self.registry
        )
        self.refreshes = Counter(
            "registry_refresh", "Refresh attempts by how they ended.", ["outcome", "trigger"], registry=self.registry
        )
        self.refresh_seconds = Histogram(
            "registry_refresh_seconds",
            "Duration of refresh attempts.",
            buckets=_REFRESH_BUCKETS,
            registry=self.registry,
        )
        # From the start at zero: a counter that appears with its first event has no increase for an alert to see.
        for result in Result:
            for trigger in Trigger:
                self.refreshes.labels(result.value, trigger.value)
        self.tallies = Tallies()
        self.registry.register(self.tallies)
        self.searches = Searches()
        self.registry.register(self.searches)
        self.usage = Usage()
        self.registry.register(self.usage)

    def add(self, collector: Collector) -> None:
        """Show what another part counts or knows, too."""
        self.registry.register(collector)

    def render(self) -> bytes:
        """Return the exposition text."""
        return generate_latest(self.registry)
