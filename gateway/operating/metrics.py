"""The gateway's figures for Prometheus: counted in this process, or asked of the database when scraped.

Figures of the process carry the label `worker`, because several may answer behind one address; those of
the database are the same from each. Where the database is away they are left out rather than repeated:
an old number would look like a true one.

https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import asyncio
import platform
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.errors import StorageUnavailable
from gateway.messages import Value
from gateway.operating.observing import Figure, Probe, Source
from gateway.steps import Step
from gateway.storage.engine import Database

log = structlog.get_logger()

SCRAPE_SECONDS = 5.0
"""A database that needs longer counts as away: Prometheus itself gives up after ten."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds: from a turn on an idle machine to a send that waited out a platform's Retry-After."""


class Metrics:
    """Observes this process, and answers a scrape. `watch` and the Observer's methods cost microseconds.

    Args:
        worker: which process this is among those that answer at one address.
        probes: figures from this process's memory.
        sources: figures from the database; one that breaks spoils no other's.
        patience: seconds that a scrape waits for the database.
    """

    def __init__(
        self,
        database: Database,
        *,
        worker: str = "0",
        probes: Sequence[Probe] = (),
        sources: Sequence[Source] = (),
        patience: float = SCRAPE_SECONDS,
    ) -> None:
        self._database = database
        self._worker = worker
        self._probes = tuple(probes)
        self._sources = tuple(sources)
        self._patience = patience
        self._asking: asyncio.Task[_Answer] | None = None
        self._own = CollectorRegistry()
        ProcessCollector(registry=self._own)
        own: dict[str, Any] = {"registry": self._own}
        steps: Any = Counter("frontdesk_messages", "Messages that came to a step of their way.", ["step"], **own)
        self._steps = {step: steps.labels(step=step) for step in Step}
        buckets = {"buckets": BUCKETS, **own}
        self._turns: Any = Histogram("frontdesk_turn_seconds", "From stored to the turn's commit.", **buckets)
        self._sends: Any = Histogram("frontdesk_send_seconds", "From decided to sent.", ["channel"], **buckets)
        self._errors: Any = Counter("frontdesk_send_errors", "Tries to send that failed.", ["channel", "kind"], **own)
        self._webhooks: Any = Counter("frontdesk_webhooks", "Webhook calls answered.", ["channel", "status"], **own)

    async def close(self) -> None:
        """Return once no look at the database is under way."""
        if self._asking is not None:
            await asyncio.wait([self._asking])

    # --- observing ---------------------------------------------------------------------------

    def watch(self, step: Step, count: int) -> None:
        """A `steps.Watch`."""
        self._steps[step].inc(count)

    def webhook(self, channel: str, status: int) -> None:
        """See `Observer.webhook`."""
        self._webhooks.labels(channel, str(status)).inc()

    def turned(self, seconds: float) -> None:
        """See `Observer.turned`. (Two machines' clocks may differ: never less than nothing.)"""
        self._turns.observe(max(0.0, seconds))

    def sent(self, channel: str, seconds: float) -> None:
        """See `Observer.sent`."""
        self._sends.labels(channel).observe(max(0.0, seconds))

    def send_failed(self, channel: str, kind: str) -> None:
        """See `Observer.send_failed`."""
        self._errors.labels(channel, kind).inc()

    # --- answering ---------------------------------------------------------------------------

    async def exposition(self) -> bytes:
        """Everything in Prometheus' text format, whether the database answers or not."""
        begun = time.perf_counter()
        answer = await self._look()
        seconds = time.perf_counter() - begun
        figures = [
            Figure(name="frontdesk_database_up", help="Whether the database answered this scrape.", value=answer.up),
            Figure(name="frontdesk_scrape_seconds", help="How long the database's figures took.", value=seconds),
            self._built(),
            *answer.figures,
            *(self._labelled(figure) for probe in self._probes for figure in probe()),
        ]
        return generate_latest(_Shown(self._own, self._worker, figures))

    async def _look(self) -> _Answer:
        """Scrapes that come together share one look. It is never cut off: a statement interrupted half-way
        costs the database a connection; it is only not waited for."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="figures")
            self._asking.add_done_callback(self._forget)
        done, _ = await asyncio.wait([self._asking], timeout=self._patience)
        return done.pop().result() if done else _Answer(up=False)

    def _forget(self, _done: asyncio.Task[_Answer]) -> None:
        self._asking = None

    async def _ask(self) -> _Answer:
        figures: list[Figure] = []
        for source in self._sources:
            try:
                async with self._database.read() as view:
                    figures += await source(view)
            except StorageUnavailable as error:
                log.warning("figures_missing", reason=str(error))
                return _Answer(up=False)
            except Exception:
                log.exception("figures_broke")
        return _Answer(up=True, figures=tuple(figures))

    def _built(self) -> Figure:
        kind = "sqlite" if self._database.is_sqlite else "postgresql"
        labels = {"version": program_version(), "python": platform.python_version(), "database": kind}
        return Figure(name="frontdesk_build_info", help="What runs here.", value=1, labels=labels)

    def _labelled(self, figure: Figure) -> Figure:
        labels = {**figure.labels, "worker": self._worker}
        return Figure(name=figure.name, help=figure.help, value=figure.value, labels=labels)


class _Answer(Value, frozen=True, kw_only=True):
    up: bool
    figures: tuple[Figure, ...] = ()


class _Shown(Collector):
    """What a scrape gets: the process's own metrics under its worker's label, and the figures."""

    def __init__(self, own: CollectorRegistry, worker: str, figures: Iterable[Figure]) -> None:
        self._own = own
        self._worker = worker
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Families, each once."""
        for family in self._own.collect():
            family.samples = [
                sample._replace(labels={**sample.labels, "worker": self._worker})
                for sample in family.samples
                if not sample.name.endswith("_created")
            ]
            yield family
        by_name: defaultdict[str, list[Figure]] = defaultdict(list)
        for figure in self._figures:
            by_name[figure.name].append(figure)
        for name, figures in by_name.items():
            yield _gauge(name, figures)


def _gauge(name: str, figures: Sequence[Figure]) -> Metric:
    labels = list(figures[0].labels)
    family = GaugeMetricFamily(name, figures[0].help, labels=labels)
    for figure in figures:
        family.add_metric([figure.labels[label] for label in labels], figure.value)
    return family


@cache
def program_version() -> str:
    """Frontdesk's version; `unknown` where it runs from sources that were never installed."""
    try:
        return version("frontdesk")
    except PackageNotFoundError:
        return "unknown"
