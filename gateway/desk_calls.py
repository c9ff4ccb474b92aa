"""Booked calls on a desk beside the web desk: what it shows of them, and what agents say came of them.

`handoff` implements `CallActs`; see `gateway.desks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.messages import Message, Value
from gateway.staff import Staff

if TYPE_CHECKING:
    from gateway.desks import CallTime, Named
    from gateway.storage.work import Work

CANCEL = "cancel"
"""Beside the outcomes of a call: nobody is to call any more."""


class DueCall(Value, frozen=True, kw_only=True):
    """A booked call in the least words: enough to see whether there is news of it.

    `due`: its time has come, and somebody is to call now. `active` is false once nobody is to call any more.
    `channel` and `language` are its conversation's.
    """

    callback_id: int
    conversation_id: int
    starts_at: datetime
    due: bool
    active: bool
    channel: str
    language: str | None = None


class CallCard(Value, frozen=True, kw_only=True):
    """A booked call in words of one language: all that who calls must know.

    `window` is in the firm's time, `customers_window` in the customer's where that is another. `phone` is to be
    read, `number` (E.164) to be dialled. `tries` are those so far, the oldest first; `by` is who called last.
    """

    name: str
    phone: str
    number: str
    window: str
    status: str
    due: bool
    active: bool
    customers_window: str = ""
    topic: str = ""
    overdue: bool = False
    tries: tuple[str, ...] = ()
    by: str = ""


class CallEnding(Value, frozen=True, kw_only=True):
    """What may have come of a call (values of `CallActs.end`), and the windows to which it can be moved."""

    outcomes: tuple[Named, ...]
    times: tuple[CallTime, ...]


class CallActs(Protocol):
    """What agents see and say of booked calls, in the caller's transaction `work`.

    Refusals are worded in the agent's language: Conflict (the call is over already), RequestRefused (the input
    will not do), NotFound. After one the transaction must be given up.
    """

    async def standing(self, work: Work, known: Sequence[int]) -> list[DueCall]:
        """Every call that is due, and those of `known` (ids of callbacks) as well, the soonest first."""
        ...

    async def card(self, work: Work, callback_id: int, language: str) -> CallCard:
        """The call in words. Raises NotFound."""
        ...

    async def active_of(self, work: Work, conversation_id: int) -> int | None:
        """The soonest call that is still to be made to the person of the conversation."""
        ...

    async def ending(self, work: Work, callback_id: int, agent: Staff) -> CallEnding:
        """What can be said of the call now."""
        ...

    async def end(
        self, work: Work, callback_id: int, agent: Staff, outcome: str, note: str, starts_at: datetime | None
    ) -> None:
        """Say what came of it, or `CANCEL`; the customer is told what concerns them. A moved call needs the
        new `starts_at`."""
        ...

    async def note(self, work: Work, callback_id: int, agent: Staff, text: str) -> Message:
        """A private note in the call's conversation."""
        ...
