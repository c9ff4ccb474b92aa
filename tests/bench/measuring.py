"""Loading a server: its maximum, and its latencies at shares of that."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from tests.bench.figures import Latency, System
from tests.bench.load import Plan, Result
from tests.bench.processes import Failed, Served, module, run

KEPT = 0.95
"""A server that answers a smaller share of what was sent in time does not keep up."""


@dataclass(frozen=True)
class Times:
    """Seconds for each sort of run."""

    warm: float
    maximum: float
    latency: float
    drain: float


@dataclass
class Target:
    """A running server that takes messages, and what is found out about it."""

    name: str
    served: Served
    path: str
    texts: list[str]
    feed: int | None
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "telegram"
    customers: int = 1000
    under_way: int = 256
    number: int = 0
    system: System = field(init=False)

    def __post_init__(self) -> None:
        self.system = System(name=self.name, rounds=[], ratios=[], processor_ms=[], latencies=[])

    def load(self, *, warm: float, seconds: float, drain: float, rate: float | None = None) -> Result:
        """One run of the load generator, going on where the one before ended. Raises Failed."""
        plan = Plan(
            port=self.served.port,
            path=self.path,
            headers=self.headers,
            feed=self.feed,
            kind=self.kind,
            rate=rate,
            under_way=self.under_way,
            connections=min(self.under_way, 64),
            warm=warm,
            seconds=seconds,
            drain=drain,
            number=self.number,
            customers=self.customers,
            texts=self.texts,
        )
        given = msgspec.json.encode(plan).decode()
        result = msgspec.json.decode(run(module("load"), given=given), type=Result)
        self.number = result.number
        if not result.whole:
            raise Failed(f"{self.name} answered nothing:\n{self.served.tail()}")
        return result

    def maximum(self, times: Times, bare: float | None = None) -> float:
        """Messages a second, as many as it takes; noted as one round beside `bare`'s."""
        before = self.served.processor()
        result = self.load(warm=times.warm, seconds=times.maximum, drain=times.drain)
        after = self.served.processor()
        system = self.system
        system.rounds.append(result.per_second)
        system.refused += result.refused
        system.unanswered += result.unanswered
        if before is not None and after is not None:
            system.processor_ms.append(1000 * (after - before) / result.whole)
        if bare:
            system.ratios.append(result.per_second / bare)
        return result.per_second

    def latency(self, share: float, times: Times) -> Latency:
        """Latencies at `share` of the measured maximum."""
        rate = max(1.0, share * (self.system.per_second or 1.0))
        result = self.load(warm=times.warm, seconds=times.latency, drain=times.drain, rate=rate)
        latency = Latency(
            share=share,
            rate=rate,
            p50=result.p50,
            p99=result.p99,
            worst=result.worst,
            unanswered=result.unanswered,
            kept=result.answered >= KEPT * rate * result.seconds,
        )
        self.system.latencies.append(latency)
        return latency
