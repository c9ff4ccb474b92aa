"""What the message's way tells whoever keeps figures, and what a figure is.

`Observer` is told of moments that `steps` cannot tell: how long something took, for which channel, why
not. Rooms give figures of their own as a `Source` (asked inside a read of the database) or a `Probe`
(asked of the process's memory); `metrics` shows them all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from gateway.messages import Value

if TYPE_CHECKING:
    from gateway.storage.work import Work


class Observer(Protocol):
    """Told at once, in the task of what happened; must not wait and must not raise."""

    def webhook(self, channel: str, status: int) -> None:
        """A webhook call of `channel` (empty: of no channel we know) was answered with `status`."""
        ...

    def turned(self, seconds: float) -> None:
        """A turn is committed, `seconds` after its event was stored."""
        ...

    def sent(self, channel: str, seconds: float) -> None:
        """A send is recorded as sent, `seconds` after it was decided."""
        ...

    def send_failed(self, channel: str, kind: str) -> None:
        """A try to send failed; `kind` is the error's class (`Throttled`, `Ambiguous`, …)."""
        ...


class Unobserved:
    """The observer of a program that keeps no figures."""

    def webhook(self, channel: str, status: int) -> None:
        """Nothing."""

    def turned(self, seconds: float) -> None:
        """Nothing."""

    def sent(self, channel: str, seconds: float) -> None:
        """Nothing."""

    def send_failed(self, channel: str, kind: str) -> None:
        """Nothing."""


UNOBSERVED: Observer = Unobserved()


class Figure(Value, frozen=True, kw_only=True):
    """One number now: `name` as Prometheus shows it, `help` in a sentence, labels by name."""

    name: str
    help: str
    value: float
    labels: dict[str, str] = msgspec.field(default_factory=dict)


Source = Callable[["Work"], Awaitable[Sequence[Figure]]]
"""Figures from the database; cheap however many rows it holds."""

Probe = Callable[[], Sequence[Figure]]
"""Figures from this process's memory."""
