"""A process that reads a mailbox and is killed the moment its first mail is in the inbox's transaction."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from bots.mail.channel import MailChannel
from gateway.channels import ChannelTools
from gateway.clock import utc_now
from gateway.inbox import Inbox
from gateway.steps import Step
from gateway.storage.engine import Database
from tests.bots.mail.support import Files, settings


def die_at(step: Step) -> None:
    if step is Step[sys.argv[3]]:
        os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    database = Database(sys.argv[1])
    inbox = Inbox(database, utc_now, watch=lambda step, _count: die_at(step))
    tools = ChannelTools(media=Files(), public_url=None, database=database)
    await MailChannel("shop", settings(imap=sys.argv[2]), tools).run(inbox.take)


if __name__ == "__main__":
    asyncio.run(main())
