"""News about messages that is no message: delivered, read, failed after all, typing, blocked."""

from __future__ import annotations

from gateway.live import DESK, conversation_topic
from gateway.messages import Signal, SignalKind
from gateway.people.lost import look_for_another_way, lost_there
from gateway.ports import Clock
from gateway.storage.deliveries import DeliveryState
from gateway.storage.inbox import InboxRow
from gateway.storage.work import Work

_STATE = {
    SignalKind.DELIVERED: DeliveryState.DELIVERED,
    SignalKind.READ: DeliveryState.READ,
    SignalKind.FAILED: DeliveryState.FAILED,
    SignalKind.BLOCKED: DeliveryState.FAILED,
}


class Receipts:
    """Notes signals where they belong."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def note(self, work: Work, row: InboxRow, signal: Signal) -> None:
        """Move deliveries on, or remember that the customer blocked us."""
        state = _STATE.get(signal.kind)
        if state and signal.platform_id:
            now = self._clock()
            moved = await work.deliveries.receipt(row.channel, signal.platform_id, state, now, signal.reason)
            for conversation_id in set(moved):
                work.announce(conversation_topic(conversation_id), "delivery")
                if state is DeliveryState.FAILED:
                    work.announce(DESK, "delivery", conversation=conversation_id)
            if moved and lost_there(signal):
                for delivery_id in await work.deliveries.failed_as(row.channel, signal.platform_id):
                    gone = signal.kind is SignalKind.BLOCKED
                    await look_for_another_way(work, delivery_id, now, gone=gone)
        if signal.kind is SignalKind.BLOCKED:
            work.contacts.update_identity(row.identity_id, blocked=True)
            work.announce(DESK, "blocked")
