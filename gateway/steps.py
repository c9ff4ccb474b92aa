"""The steps of a message's way, told to whoever watches: figures in production, faults in the tests.

A watcher is called at once, in the step's own task, so one that ends the process ends it exactly there.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """Where a message is, in the order of its way; each stands for the moment before the next begins."""

    RECEIVED = "received"
    """Verified over its raw bytes, not yet in a transaction."""
    INSERTED = "inserted"
    """In the inbox's transaction, not committed."""
    STORED = "stored"
    """Committed, not acknowledged."""
    ACKED = "acked"
    """The platform has its 2xx."""
    CLAIMED = "claimed"
    """A turn's transaction holds the person."""
    DECIDED = "decided"
    """Replies, state, timers and `done` are in the turn's transaction, not committed."""
    TURNED = "turned"
    """The turn is committed."""
    LEASED = "leased"
    """The send is committed as ours, nothing has left."""
    SENDING = "sending"
    """The request is about to leave."""
    ANSWERED = "answered"
    """The platform answered, nothing is recorded."""
    SETTLED = "settled"
    """The outcome is committed."""
    PUSHED = "pushed"
    """Those who watch by socket were told."""


Watch = Callable[[Step, int], None]
"""Called with the step and how many messages are at it together."""


def unwatched(_step: Step, _count: int = 1) -> None:
    """The watcher of a program that nobody watches."""
