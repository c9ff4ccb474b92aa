"""E-mail before the contract suite: a real SMTP server, and a real mailbox in which a provider keeps copies."""

from __future__ import annotations

import email
import itertools
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from bots.mail.channel import MailChannel
from gateway.channels import Channel, ChannelTools, Envelope
from gateway.messages import Event, Ignored, Inbound, Media, MediaKind, Sender, Text
from gateway.storage.engine import Database
from gateway.storage.inventory import every_table
from gateway.storage.schema import metadata
from tests.bots.mail.arrivals import arrived
from tests.bots.mail.support import Files as MailFiles
from tests.bots.mail.support import mail, settings
from tests.contracts.case import FILES, Arrival, ChannelCase, Reply, Shown
from tests.standins.mail import PASSWORD, DovecotServer, Fault, SmtpServer, find_dovecot

OLENA = Sender(address="olena@mail.example", name="Olena")
FAULTS = {
    Reply.REFUSED: Fault.RECIPIENT_NEVER,
    Reply.TOO_LARGE: Fault.TOO_LARGE,
    Reply.GARBLED: Fault.GARBLED,
    Reply.RESET: Fault.CUT_AFTER,
    Reply.LOST: Fault.LOST,
    Reply.SILENT: Fault.SILENT,
}
_names = itertools.count(1)


class Case(ChannelCase):
    """A channel over local servers, whose provider keeps copies of what it takes."""

    kind = "mail"
    address = "olena@mail.example"
    secrets = (PASSWORD,)
    no_signature = "mail is fetched by us, nobody brings it to a door of ours"
    no_body_signature = "mail is fetched by us, nobody brings it to a door of ours"
    no_replay_window = "a mail has no time in which it must be read"
    no_unknown = "a part of a type that we do not know is shown as a file"
    no_large_file = "what is larger than file_limit stays in the mailbox and has no bytes to fetch"
    cannot: ClassVar[Mapping[Reply, str]] = {
        Reply.THROTTLED: "a 4xx of SMTP names no delay, see the tests of submitting",
        Reply.BROKEN: "every 5xx of SMTP is a refusal, and says that nothing was taken",
    }
    lacks: ClassVar[Mapping[str, str]] = {
        "location": "mail has no places, only links that people write",
        "contact": "mail has no shared contacts; a vCard is a file",
        "press": "nothing in a mail can be pressed; choices are answered by number",
        "start": "a mailbox is never opened, it is only written to",
        "edit": "a mail cannot be changed after it was sent",
        "reaction": "mail has no reactions",
    }

    def __init__(self, variant: str, folder: Path) -> None:
        super().__init__(variant, folder)
        # Copies of all tests lie in one folder, and Message-IDs differ by the channel's name.
        self._name = f"shop{next(_names)}"
        self._smtp = SmtpServer()
        self._media = MailFiles(**FILES)

    async def start(self) -> None:
        program = find_dovecot()
        if program is None:
            pytest.skip("Dovecot is not installed")
        async with AsyncExitStack() as stack:
            self._dovecot = stack.enter_context(DovecotServer(program))
            await stack.enter_async_context(self._smtp)
            self._smtp.taken = lambda content: self._dovecot.deliver(content, mailbox="Sent")
            self._database = Database(f"sqlite:///{self.folder / 'mail.db'}")
            stack.push_async_callback(self._database.close)
            every_table()
            async with self._database.write() as work:
                await work.connection.run_sync(metadata.create_all)
            self.channel = self._make(self._smtp.url)
            self._servers = stack.pop_all()

    async def stop(self) -> None:
        await self._servers.aclose()

    def _make(self, smtp: str) -> MailChannel:
        chosen = settings(
            imap=self._dovecot.url, smtp=smtp, sent="provider", call_timeout=0.6, connect_timeout=0.6, per_second=1000
        )
        tools = ChannelTools(media=self._media, public_url=None, database=self._database)
        return MailChannel(self._name, chosen, tools)

    # --- in ----------------------------------------------------------------------------------

    def arrivals(self) -> Mapping[str, Arrival]:
        text = mail("Доброго дня!", Subject="Чай".encode().decode("latin-1"), Message_ID="<one@mail.example>", Date="")
        file = mail(
            "--m\r\n\r\nhere\r\n--m\r\nContent-Type: application/pdf; name=a.pdf\r\n"
            "Content-Disposition: attachment\r\n\r\n%PDF\r\n--m--",
            Content_Type="multipart/mixed; boundary=m",
            Message_ID="<two@mail.example>",
            In_Reply_To="<one@mail.example>",
            Date="",
        )
        robot = mail("away", Auto_Submitted="auto-replied", Message_ID="<three@mail.example>")
        media = Media(kind=MediaKind.FILE, ref="file:", name="a.pdf", mime="application/pdf", size=4)
        return {
            "text": Arrival(given=text, events=(said("<one@mail.example>", Text(text="Ð§Ð°Ð¹\n\nДоброго дня!")),)),
            "file": Arrival(
                given=file,
                events=(said("<two@mail.example>", Text(text="here"), media, reply_to="<one@mail.example>"),),
            ),
            "robot": Arrival(given=robot, events=(Ignored(reason="an automatic mail"),)),
        }

    async def bring(self, given: Any) -> Sequence[Envelope]:
        channel = self.channel
        assert isinstance(channel, MailChannel)
        return [(await arrived(channel, self._database, channel._clock, given, self._media)).envelope]

    def normal(self, event: Event) -> Event:
        """Without the numbers that our media store gives."""
        if not isinstance(event, Inbound):
            return event
        parts = tuple(
            msgspec.structs.replace(part, ref="file:") if isinstance(part, Media) else part for part in event.parts
        )
        return msgspec.structs.replace(event, parts=parts)

    def unreadable(self) -> Any:
        return b"\xff\x00 no mail at all"

    async def file(self) -> tuple[str, bytes]:
        (envelope,) = await self.bring(self.arrivals()["file"].given)
        event = self.channel.parse(envelope.body)
        assert isinstance(event, Inbound)
        (media,) = [part for part in event.parts if isinstance(part, Media)]
        return media.ref, b"%PDF"

    # --- out ---------------------------------------------------------------------------------

    async def shown(self) -> Sequence[Shown]:
        """A program that drops a second mail of the same id shows each once."""
        seen: dict[str, Shown] = {}
        for one in self._smtp.mails:
            read = email.message_from_bytes(one.content, policy=policy.default)
            assert isinstance(read, EmailMessage)
            body = read.get_body(("plain",))
            seen[str(read["Message-ID"])] = Shown(
                address=one.recipient,
                words="" if body is None else str(body.get_content()).strip(),
                files=tuple(part.get_payload(decode=True) for part in read.iter_attachments()),
            )
        return list(seen.values())

    def reply(self, reply: Reply) -> None:
        self._smtp.faults.append(FAULTS[reply])

    def at(self, host: str, port: int) -> Channel:
        return self._make(f"smtp://{host}:{port}")


def said(platform_id: str, *parts: Any, reply_to: str | None = None) -> Inbound:
    return Inbound(sender=OLENA, parts=parts, platform_id=platform_id, reply_to=reply_to)
