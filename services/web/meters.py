"""度量 · What the process counts about itself, and how Prometheus reads it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""A method a client made up does not become a label of its own."""
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


class Meters:
    """Plain counters: counting one answer must cost next to nothing."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.seconds: dict[str, list[int]] = {}
        self.seconds_sum: dict[str, float] = {}
        self.refusals: Counter[tuple[str, str]] = Counter()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        method = method if method in METHODS else "other"
        self.answers[route, method, status] += 1
        buckets = self.seconds.get(route)
        if buckets is None:
            buckets = self.seconds[route] = [0] * (len(SECONDS) + 1)
        buckets[bisect_left(SECONDS, seconds)] += 1
        self.seconds_sum[route] = self.seconds_sum.get(route, 0.0) + seconds

    def refused(self, problem: str, code: str) -> None:
        """Count one refusal."""
        self.refusals[problem, code] += 1


def exposition(
    meters: Meters,
    lost: int,
    gauges: Mapping[str, tuple[str, float]],
    values: Iterable[tuple[str, str, float]],
) -> bytes:
    """The text Prometheus reads. `gauges`: name → (help, value); `values`: (counter, area, value)
    of the public counters."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(lambda: _families(meters, lost, gauges, values)))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, make: Callable[[], Iterator[Metric]]) -> None:
        self._make = make

    def collect(self) -> Iterator[Metric]:
        """The families, made anew for each scrape."""
        return self._make()


def _families(
    meters: Meters,
    lost: int,
    gauges: Mapping[str, tuple[str, float]],
    values: Iterable[tuple[str, str, float]],
) -> Iterator[Metric]:
    answers = CounterMetricFamily(
        "jishi_http_answers", "Answers given over HTTP", labels=["route", "method", "status"]
    )
    for (route, method, status), count in sorted(meters.answers.items()):
        answers.add_metric([route, method, str(status)], count)
    yield answers
    yield _histogram(meters)
    refusals = CounterMetricFamily(
        "jishi_refusals", "Requests refused or denied", labels=["problem", "code"]
    )
    for (name, code), count in sorted(meters.refusals.items()):
        refusals.add_metric([name, code], count)
    yield refusals
    yield CounterMetricFamily(
        "jishi_access_log_lost",
        "Refused attempts that could not be written to the access log",
        value=lost,
    )
    for name, (text, value) in gauges.items():
        yield GaugeMetricFamily(name, text, value=value)
    public = GaugeMetricFamily(
        "jishi_counter", "The public counters of the ledger", labels=["counter", "area"]
    )
    for counter, area, value in values:
        public.add_metric([counter, area], value)
    yield public


def _histogram(meters: Meters) -> Metric:
    family = HistogramMetricFamily(
        "jishi_http_seconds", "Seconds until an answer was complete", labels=["route"]
    )
    for route, counts in sorted(meters.seconds.items()):
        total = 0
        buckets: list[tuple[str, float]] = []
        for edge, count in zip((*map(str, SECONDS), "+Inf"), counts, strict=True):
            total += count
            buckets.append((edge, total))
        family.add_metric([route], buckets, meters.seconds_sum[route])
    return family
