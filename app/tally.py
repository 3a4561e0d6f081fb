"""Requests by route and status, and their latency, counted in plain integers on the hot path.

prometheus-client's own counters cost a lock and a look-up each; at forty thousand requests a second that is a
tenth of the time. These are handed to it when somebody scrapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

BUCKETS_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# What is prepared takes less; looking for its bucket would cost as much as all the rest.
QUICK_SECONDS = BUCKETS_SECONDS[0]


class StatusTally:
    """The counts of one route and status; only the event loop writes it.

    `quick` is the count of the first bucket.
    """

    __slots__ = ("_slower", "quick", "sum_seconds")

    def __init__(self) -> None:
        self.quick = 0
        self._slower = [0] * len(BUCKETS_SECONDS)
        self.sum_seconds = 0.0

    @property
    def buckets(self) -> list[int]:
        """How many answers took how long."""
        return [self.quick, *self._slower]

    def count(self, seconds: float) -> None:
        """Count one answer."""
        if seconds <= QUICK_SECONDS:
            self.quick += 1
        else:
            self._slower[bisect_left(BUCKETS_SECONDS, seconds) - 1] += 1
        self.sum_seconds += seconds


class RouteTally:
    """The counts of one route, by status."""

    __slots__ = ("_by_status", "route")

    def __init__(self, route: str) -> None:
        self.route = route
        self._by_status: dict[int, StatusTally] = {}

    def of(self, status: int) -> StatusTally:
        """Return the counts of one status."""
        tally = self._by_status.get(status)
        if tally is None:
            tally = self._by_status[status] = StatusTally()
        return tally

    def count(self, status: int, seconds: float) -> None:
        """Count one answer."""
        self.of(status).count(seconds)

    @property
    def statuses(self) -> dict[int, int]:
        """How many answers there were of each status."""
        return {status: sum(tally.buckets) for status, tally in list(self._by_status.items()) if any(tally.buckets)}

    @property
    def buckets(self) -> list[int]:
        """How many answers took how long, of all statuses."""
        none = [0] * (len(BUCKETS_SECONDS) + 1)
        counted = [tally.buckets for tally in list(self._by_status.values())]
        return [sum(counts) for counts in zip(none, *counted, strict=True)]

    @property
    def sum_seconds(self) -> float:
        """How long all answers took together."""
        return sum(tally.sum_seconds for tally in list(self._by_status.values()))


class Tallies:
    """The tallies of every route, and the collector that shows them to Prometheus."""

    def __init__(self) -> None:
        self._by_route: dict[str, RouteTally] = {}

    def of(self, route: str) -> RouteTally:
        """Return the tally of a route; routes are a closed set."""
        tally = self._by_route.get(route)
        if tally is None:
            tally = self._by_route[route] = RouteTally(route)
        return tally

    def collect(self) -> Iterator[Metric]:
        """Return the metrics as prometheus-client wants them."""
        requests = CounterMetricFamily("registry_requests", "Requests by route and status.", labels=["route", "status"])
        latency = HistogramMetricFamily(
            "registry_request_seconds", "Time from the request to the end of the answer.", labels=["route"]
        )
        for tally in list(self._by_route.values()):
            for status, count in tally.statuses.items():
                requests.add_metric([tally.route, str(status)], count)
            total, cumulated = 0, []
            for bound, count in zip([*map(str, BUCKETS_SECONDS), "+Inf"], tally.buckets, strict=True):
                total += count
                cumulated.append((bound, float(total)))
            latency.add_metric([tally.route], cumulated, tally.sum_seconds)
        yield requests
        yield latency
