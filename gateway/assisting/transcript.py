"""What people said to each other while an assistant was out of the conversation."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.assisting.assistant import Missed, Said
from gateway.messages import plain_text
from gateway.storage.engine import Database

LIMIT = 200


def missed_before(database: Database, conversation: int, until: int | None = None) -> Missed:
    """Tells what was said in a conversation after a sequence number, and before number `until` where it is given."""

    async def missed(after: int) -> Sequence[Said]:
        async with database.read() as view:
            messages = await view.messages.after(conversation, after, LIMIT, notes=False)
        return [
            Said(author=message.author, text=words, at=message.created_at)
            for message in messages
            if (until is None or message.seq < until) and (words := plain_text(message.parts).strip())
        ]

    return missed
