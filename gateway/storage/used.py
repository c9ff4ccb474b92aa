"""Where a customer has written from in a conversation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.messages import Direction
from gateway.storage import tables

_message = tables.messages.c


async def last_inbound(connection: AsyncConnection, conversation_id: int) -> dict[str, datetime]:
    """When the customer last wrote in each channel of the conversation."""
    query = (
        select(_message.channel, func.max(_message.created_at).label("at"))
        .where(_message.conversation_id == conversation_id, _message.direction == Direction.INBOUND)
        .group_by(_message.channel)
    )
    return {row.channel: row.at for row in await connection.execute(query)}
