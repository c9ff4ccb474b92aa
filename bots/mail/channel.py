"""A mailbox as a Channel: IMAP in, SMTP out, the wire for words."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import structlog

from bots.mail.arriving import Arrivals
from bots.mail.checkup import look
from bots.mail.copies import Copies
from bots.mail.listening import IDLE_SECONDS, Listener, Pause
from bots.mail.logins import Logins
from bots.mail.settings import MIB, MailSettings
from bots.mail.storage import MailTables
from bots.mail.submitting import Submitter
from bots.mail.wire.inbound import Rules, read_event
from bots.mail.wire.letter import read
from bots.mail.wire.outbound import (
    Attachment,
    Quote,
    Thread,
    Writer,
    compose,
    own_id,
    own_ref,
    recipient,
)
from bots.mail.wording import Wording
from gateway.channels import (
    Capabilities,
    ChannelTools,
    Idempotency,
    Intake,
    Markup,
    Rate,
    Receipt,
    Send,
    WebhookRequest,
)
from gateway.clock import utc_now
from gateway.errors import NotFound, Rejected, RequestRefused, StorageUnavailable, Unreachable
from gateway.messages import Author, Event, Media, MediaKind, Value
from gateway.operating.checkup import Finding
from gateway.ports import Clock

log = structlog.get_logger()

TEXT_LIMIT = 50_000
CHUNK = 64 * 1024
ASKED_REMEMBERED = 1_000


def capabilities(settings: MailSettings) -> Capabilities:
    """What a mail carries. RFC 5322 limits no length but that of a line; a person reads no longer text than
    this. Choices are a numbered list, for nothing in a mail can be pressed and come back as a mail; servers
    take some 25 MB (https://support.google.com/mail/answer/6584), of which encoding uses a third."""
    return Capabilities(
        text_limit=TEXT_LIMIT,
        caption_limit=TEXT_LIMIT,
        markup=Markup.HTML,
        address_is="email",
        idempotency=Idempotency.RECONCILED,
        media=frozenset(MediaKind) - {MediaKind.STICKER},
        media_limit=settings.send_limit * MIB,
        rate=Rate(per_second=settings.per_second, burst=max(1, round(settings.per_second * 2))),
    )


class Context(Value, frozen=True, kw_only=True):
    """What an answer is written into."""

    writer: Writer
    thread: Thread | None = None
    quote: Quote | None = None
    answers: int = 0


class MailChannel:
    """One mailbox. Implements `gateway.channels.Channel` and `Reconciling`."""

    kind = "mail"

    def __init__(
        self,
        name: str,
        settings: MailSettings,
        tools: ChannelTools,
        *,
        clock: Clock = utc_now,
        pause: Pause = asyncio.sleep,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.name = name
        self.settings = settings
        self.capabilities = capabilities(settings)
        self._tools = tools
        self._clock = clock
        self._pause = pause
        self._idle_seconds = idle_seconds
        self._wording = Wording(settings, tools)
        self._rules = Rules(
            address=settings.address.lower(),
            authserv_id=settings.authserv_id,
            too_large=self._wording.too_large(),
        )
        self._logins = Logins(settings)
        self._submitter = Submitter(settings, self._logins)
        self._copies = Copies(name, settings, self._logins)
        self._asked: OrderedDict[str, None] = OrderedDict()

    # --- in ----------------------------------------------------------------------------------

    def receive(self, request: WebhookRequest) -> Receipt:
        """Raises RequestRefused(404): mail is fetched."""
        raise RequestRefused(404, "this channel has no webhook")

    def parse(self, body: bytes) -> Event:
        """See `Channel.parse`; a raw mail is read as well."""
        return read_event(read(body), self._rules)

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """Stream a file out of our own media store, where it was put when its mail came. Raises NotFound, also
        for a file that was too large and so is in the mailbox only."""
        if not ref.startswith("file:"):
            raise NotFound("the file is in the mailbox only")
        content = await self._tools.media.read(ref)
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    async def run(self, intake: Intake) -> None:
        """See `Channel.run`: read the mailbox until cancelled."""
        if self._tools.database is None:
            raise StorageUnavailable("a mail channel must remember how far it has read")
        arrivals = Arrivals(self.name, self.settings, self._tools, self._rules, self._clock, own_id=self.own_id)
        listener = Listener(
            self.name,
            self.settings,
            self._logins,
            self._tools.database,
            arrivals,
            clock=self._clock,
            pause=self._pause,
            idle_seconds=self._idle_seconds,
        )
        await listener.run(intake)

    # --- out ---------------------------------------------------------------------------------

    async def send(self, send: Send) -> str | None:
        """See `Channel.send`; the id is the mail's Message-ID."""
        to = recipient(send.address)
        context = await self._context(send)
        if send.author is not Author.AGENT and context.answers > self.settings.answers_per_hour:
            raise Rejected("more answers in an hour than a person reads: two robots")
        message_id = self.own_id(send)
        now = self._clock()
        mail = compose(
            send,
            writer=context.writer,
            message_id=message_id,
            date=now,
            thread=context.thread,
            quote=context.quote,
            attachment=await self._attachment(send),
        )
        await self._submitter.submit(send.key, to, mail)
        if self.settings.sent == "append":
            await self._copies.keep(mail, now)
        return message_id

    async def find_sent(self, send: Send, since: datetime) -> str | None:
        """See `Reconciling.find_sent`: look into the folder with copies of what we send.

        A copy proves that the mail left. No copy proves something only where the provider itself keeps one of
        all it takes; else nobody can know, which is told as Rejected, so that the delivery is `unknown` and an
        agent decides. Who asks about the same mail once more does so because an agent said "send again".
        """
        message_id = self.own_id(send)
        kept = await self._copies.has(message_id) if self.settings.sent != "none" else None
        if kept:
            return message_id
        if (self.settings.sent == "provider" and kept is False) or message_id in self._asked:
            return None
        self._asked[message_id] = None
        if len(self._asked) > ASKED_REMEMBERED:
            self._asked.popitem(last=False)
        raise Rejected("nobody knows whether it left")

    async def typing(self, address: str) -> None:
        """Nobody sees a mail being written."""

    async def checkup(self) -> Sequence[Finding]:
        """See `gateway.operating.checkup.Checkable`: sign in to both servers and look at the folders."""
        return await look(self.name, self.settings, self._logins)

    async def close(self) -> None:
        """Hang up; a later send connects again."""
        await self._submitter.close()
        await self._copies.close()

    def own_id(self, send: Send) -> str:
        """The Message-ID that `send` has, or will have."""
        return own_id(send, self._wording.writer(None), self.name, self.settings.secret)

    async def _context(self, send: Send) -> Context:
        """The thread, the words it answers, and how much was said lately. Raises Unreachable while the database
        is away: nothing was sent."""
        if self._tools.database is None:
            return Context(writer=self._wording.writer(None))
        try:
            async with self._tools.database.read() as work:
                tables = MailTables(work.connection, self.name)
                language, name = await tables.language(send.address)
                thread = await tables.thread(send)
                heard = await tables.heard(thread.message_id) if thread and thread.message_id else None
                answers = await tables.answers(send.address, self._clock())
        except StorageUnavailable:
            raise Unreachable("storage") from None
        return Context(
            writer=self._wording.writer(language),
            thread=thread,
            quote=self._wording.quote(heard, name or send.address, language) if heard else None,
            answers=answers,
        )

    async def _attachment(self, send: Send) -> Attachment | None:
        if not isinstance(send.part, Media):
            return None
        try:
            return Attachment(content=await self._tools.media.read(own_ref(send.part)))
        except NotFound:
            raise Rejected("the file is gone from the media store") from None
