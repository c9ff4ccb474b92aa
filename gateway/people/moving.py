"""A chat that has another address: the conversation goes on there.

A platform says so in an update (`gateway.messages.Moved`), in the old chat or in the new one, or when it refuses a
send to the old address, which is then sent to the new one at once (see `gateway.sending`). Both ways end here; what
is known already changes nothing. The old address stays a place of the contact's: what is still on its way there is
refused and goes on likewise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from gateway.identity import Proof
from gateway.messages import Moved
from gateway.people.joining import Joining
from gateway.people.lost import MOVED
from gateway.ports import Timer
from gateway.storage.work import Work

log = structlog.get_logger()


class Moving:
    """Gives the new address to whoever has the old one."""

    def __init__(self, joining: Joining) -> None:
        self._joining = joining

    def handlers(self) -> Mapping[str, Callable[[Work, Timer], Awaitable[None]]]:
        """See `gateway.timers`."""
        return {MOVED: self.ring}

    async def ring(self, work: Work, timer: Timer) -> None:
        """A send was refused because its chat has moved."""
        delivery = await work.deliveries.get(int(timer.payload["delivery"]))
        if delivery is not None:
            moved = Moved(address=delivery.send.address, to=str(timer.payload["to"]))
            await self.follow(work, delivery.channel, moved)

    async def follow(self, work: Work, channel: str, moved: Moved) -> None:
        """The contact at the old address is at the new one too, and their open conversation is answered there.

        Somebody whom the new address made by then is the same contact: the two are joined.
        """
        before, after = (channel, moved.address), (channel, moved.to)
        known = (await work.contacts.find([before])).get(before)
        if known is None or moved.address == moved.to:
            return
        await work.contacts.lock([known.contact_id])
        there = await work.contacts.settle(known.contact_id, after)
        # Both anew: a join may have been faster than our lock.
        contact_id = (await work.contacts.identity(known.id)).contact_id
        if there.contact_id != contact_id:
            await self._joining.join(work, contact_id, there.contact_id, proof=Proof.SENDER, prefer=contact_id)
        there = await work.contacts.identity(there.id)
        talk = await work.conversations.open_of(there.contact_id)
        if talk is not None and talk.identity_id == known.id:
            talk = await work.conversations.lock(talk.id)
            work.conversations.answer_at(talk, there)
        log.info("chat_moved", channel=channel, contact=there.contact_id)
