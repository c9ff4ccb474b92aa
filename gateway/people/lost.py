"""A send that cannot arrive, whatever is sent: having another way looked for. See `rerouting`."""

from __future__ import annotations

import re
from datetime import datetime

from gateway.messages import Signal, SignalKind
from gateway.processes.wakeups import TIMERS
from gateway.storage.work import Work

REROUTE = "delivery.reroute"
"""The alarm."""

MOVED = "chat.moved"
"""The alarm of a chat that has another address; see `moving`."""

_ABOUT_THE_ADDRESS = re.compile(r"[45]\.[124]\.\d+")
"""Enhanced status codes of an address, a mailbox or the way there, not of what was sent
(https://www.iana.org/assignments/smtp-enhanced-status-codes)."""


def lost_there(signal: Signal) -> bool:
    """Whether `signal` says that the person cannot be reached at that address."""
    if signal.kind is SignalKind.BLOCKED:
        return True
    return signal.kind is SignalKind.FAILED and bool(_ABOUT_THE_ADDRESS.fullmatch(signal.reason or ""))


async def look_for_another_way(work: Work, delivery_id: int, now: datetime, *, gone: bool) -> None:
    """Have the failed delivery looked at as soon as this transaction is committed; `gone`: nobody is there any
    more at all."""
    await work.timers.set(REROUTE, str(delivery_id), now, {"delivery": delivery_id, "gone": gone})
    work.announce(TIMERS, "set")


async def follow_there(work: Work, delivery_id: int, to: str, now: datetime) -> None:
    """Have the chat of this delivery go on at `to` as soon as this transaction is committed."""
    await work.timers.set(MOVED, str(delivery_id), now, {"delivery": delivery_id, "to": to})
    work.announce(TIMERS, "set")
