"""Telling a customer something unasked: where the channel is gone, the deed still counts."""

from __future__ import annotations

import structlog

from gateway.conversations import Conversation
from gateway.messages import Outbound
from gateway.speaking import Speaker
from gateway.storage.work import Work

log = structlog.get_logger()


async def tell(speaker: Speaker, work: Work, conversation: Conversation, outbound: Outbound) -> None:
    """Say `outbound`, unless its channel is not configured any more: then only the log knows.

    An alarm or a takeover must not fail for want of a channel that an operator removed.
    """
    if speaker.reaches(conversation):
        await speaker.say(work, conversation, outbound)
    else:
        log.warning("customer_not_told", conversation=conversation.id, channel=conversation.channel)
