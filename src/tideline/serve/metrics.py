"""What is counted, for Prometheus. Labels hold routes and statuses, never keys or owners."""

from __future__ import annotations

import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Names the directory in which several workers keep their counts."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        here: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter(
            "tideline_requests", "Answers, by route, method and status",
            ("route", "method", "status"), **here,
        )  # fmt: skip
        self.seconds = Histogram(
            "tideline_request_seconds", "From the request to the end of its answer",
            ("route",), buckets=_SECONDS, **here,
        )  # fmt: skip
        live = Counter(
            "tideline_live_values", "Live values handed out: kept, or worked out",
            ("how",), **here,
        )  # fmt: skip
        self.kept, self.made = live.labels("kept"), live.labels("worked out")
        self.cost = Counter("tideline_cost", "Cost of the batches answered, as estimated", **here)
        self.streams = Gauge(
            "tideline_streams", "Streams that are open",
            multiprocess_mode="livesum", **here,
        )  # fmt: skip
        self.head_age = Gauge(
            "tideline_head_age_seconds", "Age of the head that live answers bear",
            multiprocess_mode="livemax", **here,
        )  # fmt: skip
        self.behind = Gauge(
            "tideline_commits_behind", "Commits that are visible and not yet taken in",
            multiprocess_mode="livemax", **here,
        )  # fmt: skip
        self.healthy = Gauge(
            "tideline_healthy", "1 while /v1/health is not unhealthy",
            multiprocess_mode="livemin", **here,
        )  # fmt: skip

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answer."""
        self.requests.labels(route, method, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All of it, of all workers where they share a directory."""
        if not os.environ.get(SHARED):
            return generate_latest(self.registry)
        whole = CollectorRegistry()
        MultiProcessCollector(whole)  # type: ignore[no-untyped-call]
        return generate_latest(whole)
