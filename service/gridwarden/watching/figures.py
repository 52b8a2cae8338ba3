"""What the database and the pool say, as Prometheus's families.

Totals alone: no place, no id, nothing by area, and of findings nothing by family.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gridwarden.database import Pool

Document = Mapping[str, Any]
_NAMED: Final = re.compile(r"/\* ([\w.]+) \*/|select (?:\* from )?\"?(api)\"?\.\"?(\w+)\"?\(")
TABLE_FIGURES: Final = (
    ("rows", "Live rows, as the server estimates them."),
    ("dead_rows", "Rows that are no more and still take room, as the server estimates them."),
    ("bytes", "Bytes on disk, indexes and long values among them."),
    ("updates_total", "Rows updated since the server's counts began."),
    ("hot_updates_total", "Of those, updates that touched no index."),
    ("vacuums_total", "Times that it was vacuumed, by hand or by itself."),
    ("vacuumed_timestamp_seconds", "When it was vacuumed last (Unix time)."),
)


class Once:
    """A collector of families that were gathered before; for a registry of one answer."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """The families, as the registry asks for them."""
        return self._families


def of_pool(pool: Pool) -> Iterator[Metric]:
    """The web process's own pool of connections."""
    stats = pool.get_stats()
    size, free = stats.get("pool_size", 0), stats.get("pool_available", 0)
    by_state = GaugeMetricFamily(
        "gridwarden_pool_connections", "Open connections of the service.", labels=["state"]
    )
    by_state.add_metric(["in_use"], size - free)
    by_state.add_metric(["free"], free)
    yield by_state
    yield _gauge("pool_most", "Connections that the service may open.", stats.get("pool_max", 0))
    yield _gauge(
        "pool_waiting",
        "Requests that wait for a connection.",
        stats.get("requests_waiting", 0),
    )
    yield _counter("pool_requests", "Connections asked for.", stats.get("requests_num", 0))
    yield _counter(
        "pool_queued", "Times that none was free at once.", stats.get("requests_queued", 0)
    )
    yield _counter(
        "pool_wait_seconds",
        "Seconds waited for a connection, all together.",
        stats.get("requests_wait_ms", 0) / 1000,
    )


def of_database(document: Document | None) -> Iterator[Metric]:
    """`document` as `api.metrics()` gives it; None where the database did not answer."""
    yield _gauge("database_up", "1 when the database answered.", int(document is not None))
    if document is None:
        return
    for part, families in (
        ("queue", QUEUE),
        ("steps", STEPS),
        ("work", WORK),
        ("events", EVENTS),
        ("database", DATABASE),
    ):
        for name, said in families:
            value = document[part].get(name)
            if value is not None:
                make = _counter if name.endswith("_total") else _gauge
                yield make(name.removesuffix("_total"), said, value)
    yield _jobs(document["jobs"])
    yield _connections(document["connections"])
    yield from _tables(document["tables"])
    yield from _statements(document["statements"])


QUEUE: Final = (
    ("queue_rows", "Changes that wait to be screened; a large statement is one."),
    ("queue_features", "Features in them."),
    ("queue_stuck", "Changes set aside because judging them failed."),
    ("queue_oldest_seconds", "Age of the oldest change that waits; 0 when none does."),
)
STEPS: Final = (
    ("screen_steps_total", "Steps of the screener."),
    ("screen_last_step_seconds", "Seconds since its last step."),
    ("screen_lag_last_seconds", "From the oldest change of the last step to that step's end."),
    ("screen_lag_max_seconds", "The longest such lag of the last 5 minutes."),
    ("screen_step_max_seconds", "The longest step of the last 5 minutes."),
    ("screen_recent_steps", "Steps of the last 5 minutes."),
    ("screen_recent_changes", "Changes screened in the last 5 minutes."),
    ("screen_recent_subjects", "Features judged again in the last 5 minutes."),
    ("screen_recent_findings", "Findings written, changed or ended in the last 5 minutes."),
)
WORK: Final = (
    ("job_oldest_seconds", "Age of the oldest job that waits; 0 when none does."),
    ("workers", "Worker processes that gave a sign of life within the last minute."),
)
EVENTS: Final = (
    ("events_unsequenced", "Events that wait for their number in the feed."),
    ("events_unsequenced_oldest_seconds", "Age of the oldest of them; 0 when there is none."),
    ("deliveries_waiting", "Deliveries to webhooks that wait."),
    ("deliveries_oldest_seconds", "Age of the oldest of them; 0 when there is none."),
    ("deliveries_failing", "Deliveries that failed at least once and are tried again."),
    ("datasets_late", "Datasets and suppliers' surveys that are overdue, as the start page lists."),
)
DATABASE: Final = (
    ("database_bytes", "Bytes of the database on disk."),
    ("database_oldest_transaction_seconds", "Age of its oldest open transaction: it stops vacuum."),
    ("database_xid_age", "Transactions since its oldest unfrozen one."),
    ("database_deadlocks_total", "Deadlocks since the server's counts began."),
)


def _jobs(rows: Iterable[Document]) -> Metric:
    family = GaugeMetricFamily("gridwarden_jobs", "Jobs.", labels=["kind", "state"])
    for row in rows:
        family.add_metric([row["kind"], row["state"]], row["n"])
    return family


def _connections(rows: Mapping[str, int]) -> Metric:
    said = "Sessions on the database."
    family = GaugeMetricFamily("gridwarden_database_connections", said, labels=["login"])
    for login, n in rows.items():
        family.add_metric([login], n)
    return family


def _tables(rows: Iterable[Document]) -> Iterator[Metric]:
    listed = list(rows)
    for name, said in TABLE_FIGURES:
        family = _labelled(f"gridwarden_table_{name}", said, ["table"])
        for row in listed:
            if row[name] is not None:
                family.add_metric([row["table"]], row[name])
        yield family


def _statements(rows: Iterable[Document] | None) -> Iterator[Metric]:
    """The statements that cost most: room and name, and the server's number of it."""
    available = "1 when the server counts statements (pg_stat_statements)."
    yield _gauge("statements_available", available, int(rows is not None))
    listed = list(rows or ())
    for name, said in (
        ("calls_total", "Calls."),
        ("seconds_total", "Seconds in all calls."),
        ("mean_seconds", "Seconds of a call, on average."),
        ("max_seconds", "Seconds of the longest call."),
    ):
        labels = ["statement", "query"]
        family = _labelled(f"gridwarden_statement_{name}", f"Costliest statements: {said}", labels)
        for row in listed:
            family.add_metric([statement_name(row["text"]), row["query"]], row[name])
        yield family


def statement_name(text: str) -> str:
    """`screening.take` of a statement of our own files, `api.permit_check` of a bare call."""
    found = _NAMED.match(text)
    if found is None:
        return "other"
    return found[1] or f"{found[2]}.{found[3]}"


def _labelled(name: str, said: str, labels: list[str]) -> CounterMetricFamily | GaugeMetricFamily:
    if name.endswith("_total"):
        return CounterMetricFamily(name.removesuffix("_total"), said, labels=labels)
    return GaugeMetricFamily(name, said, labels=labels)


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(f"gridwarden_{name}", said, value=value)


def _counter(name: str, said: str, value: float) -> Metric:
    return CounterMetricFamily(f"gridwarden_{name}", said, value=value)
