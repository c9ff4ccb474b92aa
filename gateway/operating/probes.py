"""What a process knows of itself, as figures: the line to the others, the breakers, the model in service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.breaker import Breaker, BreakerState
from gateway.live import Live
from gateway.operating.observing import Figure, Probe


def of_live(live: Live) -> Probe:
    """Whether hints travel to the other processes."""

    def probe() -> Sequence[Figure]:
        name, words = "frontdesk_live_up", "Whether hints reach the other processes."
        return [Figure(name=name, help=words, value=live.healthy)]

    return probe


def of_breakers(breakers: Mapping[str, Breaker]) -> Probe:
    """Which channels' platforms are taken for down; the mapping is read at each scrape."""

    def probe() -> Sequence[Figure]:
        return [
            Figure(
                name="frontdesk_breaker_open",
                help="Whether sends wait because the channel's platform is down.",
                value=breaker.state is not BreakerState.CLOSED,
                labels={"channel": channel},
            )
            for channel, breaker in sorted(breakers.items())
        ]

    return probe


def of_revisions(revisions: Callable[[], tuple[int | None, int | None]]) -> Probe:
    """Which published knowledge base and which model are in service; 0 for none."""

    def probe() -> Sequence[Figure]:
        published, trained = revisions()
        return [
            Figure(name="frontdesk_knowledge_revision", help="Published revision in service.", value=published or 0),
            Figure(name="frontdesk_model_revision", help="Revision of the model in service.", value=trained or 0),
        ]

    return probe
