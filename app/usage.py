"""What readers ask for: look-ups by model and misses by spelling, counted in this process since its start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

MAX_SPELLINGS = 1_000
SHOWN = 20


class Lookups:
    """How often something was looked up; counting is all that the hot path does."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        """Count one look-up."""
        self.count += 1


class Searches:
    """How many searches found something, and how many nothing; also a collector for Prometheus."""

    def __init__(self) -> None:
        self._by_outcome = {True: Lookups(), False: Lookups()}

    def of(self, *, found_some: bool) -> Lookups:
        """Return the counter of an outcome."""
        return self._by_outcome[found_some]

    def collect(self) -> Iterator[Metric]:
        """Return the metrics as prometheus-client wants them."""
        family = CounterMetricFamily("registry_searches", "Searches by whether they found something.", labels=["found"])
        for found_some, searches in self._by_outcome.items():
            if searches.count:
                family.add_metric([str(found_some).lower()], searches.count)
        yield family


class Usage:
    """Bounded counters; when too many different spellings were missed, the rarest half is forgotten.

    Also a collector for Prometheus, which asks for the totals when it scrapes.
    """

    def __init__(self) -> None:
        self._found: dict[str, Lookups] = {}
        self._missed: Counter[str] = Counter()
        self._missed_total = 0

    def of(self, model_id: str) -> Lookups:
        """Return the counter of a model."""
        lookups = self._found.get(model_id)
        if lookups is None:
            lookups = self._found[model_id] = Lookups()
        return lookups

    def missed(self, spelling: str) -> None:
        """Count a look-up that no model answered."""
        self._missed_total += 1
        self._missed[spelling] += 1
        if len(self._missed) > MAX_SPELLINGS:
            self._missed = Counter(dict(self._missed.most_common(MAX_SPELLINGS // 2)))

    def document(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        found = Counter({model_id: lookups.count for model_id, lookups in self._found.items() if lookups.count})
        return {
            "lookups": found.total(),
            "misses": self._missed_total,
            "most_looked_up": [{"id": key, "count": count} for key, count in found.most_common(SHOWN)],
            "most_missed": [{"id": key, "count": count} for key, count in self._missed.most_common(SHOWN)],
        }

    def collect(self) -> Iterator[Metric]:
        """Return the metrics as prometheus-client wants them."""
        family = CounterMetricFamily(
            "registry_lookups", "Look-ups of one model by whether it is known.", labels=["found"]
        )
        family.add_metric(["true"], sum(lookups.count for lookups in list(self._found.values())))
        family.add_metric(["false"], self._missed_total)
        yield family
