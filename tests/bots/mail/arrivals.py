"""Mails as the listener would bring them, without a server."""

from __future__ import annotations

from collections.abc import Callable

from bots.mail.arriving import Arrivals, Arrived
from bots.mail.channel import MailChannel
from bots.mail.wire.inbound import Rules, read_event
from bots.mail.wire.letter import Letter
from gateway.channels import ChannelTools
from gateway.messages import Event
from gateway.storage.engine import Database
from tests.bots.mail.support import COMPANY, RULES, Files
from tests.conftest import SteppingClock


async def arrived(
    channel: MailChannel,
    database: Database | None,
    clock: SteppingClock,
    raw: bytes,
    media: Files | None = None,
    reader: Callable[[Letter, Rules], Event] = read_event,
) -> Arrived:
    """What becomes of `raw` on its way into the inbox."""
    tools = ChannelTools(media=media or Files(), public_url=None, database=database, company=COMPANY)
    return await Arrivals(
        channel.name, channel.settings, tools, RULES, clock, own_id=channel.own_id, reader=reader
    ).envelope(raw)
