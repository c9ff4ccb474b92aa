"""A Telegram bot as a Channel: the wire for words, a driver for I/O."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence

import structlog

from bots.telegram.api import BotApi
from bots.telegram.checkup import look
from bots.telegram.driver import Attachment
from bots.telegram.me import bot_name
from bots.telegram.polling import Pause, Poller
from bots.telegram.presses import Presses
from bots.telegram.settings import TelegramSettings
from bots.telegram.webhook import Registration, press_reply, verify, webhook_url
from bots.telegram.wire.envelopes import peek, press_id
from bots.telegram.wire.inbound import read_event
from bots.telegram.wire.outbound import REMOVE, Call, Upload, asks, compose, is_photo, sent_id, typing_call
from bots.telegram.wire.replies import UNCHANGED
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
from gateway.dialogue import ARTICLE, FORM, VOTE
from gateway.errors import Gone, MovedAway, NotFound, Rejected, SendError
from gateway.messages import Edit, Event, MediaKind
from gateway.operating.checkup import Finding

log = structlog.get_logger()

CAPABILITIES = Capabilities(
    text_limit=4096,
    utf16=True,
    caption_limit=1024,
    markup=Markup.HTML,
    idempotency=Idempotency.NEITHER,
    buttons=8,
    button_label_limit=64,
    url_buttons=True,
    ask_buttons=True,
    media=frozenset(MediaKind) - {MediaKind.STICKER},
    media_limit=50 * 1024 * 1024,
    location=True,
    edits=True,
    typing=True,
    rate=Rate(per_second=30, burst=30, per_address=1, address_burst=3),
)
"""Limits of https://core.telegram.org/bots/api#sendmessage, #sending-files and of
https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this. A keyboard may hold more
buttons than eight, a person reads no more; a sticker has no caption, so we say in words what it would."""

KEYBOARDS_REMEMBERED = 10_000

OWN_PAYLOADS = (ARTICLE, FORM, VOTE, "do:")
"""How the payloads of our own buttons begin. A press of the host's is the host's to acknowledge, with words
of its own perhaps, and Telegram takes one acknowledgement only."""


class TelegramChannel:
    """One bot. Implements `gateway.channels.Channel`."""

    def __init__(
        self,
        name: str,
        settings: TelegramSettings,
        tools: ChannelTools,
        api: BotApi,
        *,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._name = name
        self._settings = settings
        self._tools = tools
        self._api = api
        self._presses = Presses(api)
        self._poller = Poller(name, api, self._presses, pause=pause)
        self._registration = Registration(name, api, settings, pause=pause)
        self._username: str | None = None
        self._keyboards: OrderedDict[str, None] = OrderedDict()

    @property
    def name(self) -> str:
        """The configured name, as in `[channels.NAME]`."""
        return self._name

    @property
    def kind(self) -> str:
        """Always ``telegram``."""
        return "telegram"

    @property
    def capabilities(self) -> Capabilities:
        """What Telegram carries."""
        return CAPABILITIES

    # --- in ----------------------------------------------------------------------------------

    def receive(self, request: WebhookRequest) -> Receipt:
        """See `Channel.receive`. A press is acknowledged by the worker in `run`, or where that runs in
        another process by the webhook's own answer, which Telegram gets after the commit."""
        verify(request, self._settings.webhook_secret)
        envelopes = (peek(request.body),)
        query_id = press_id(request.body, OWN_PAYLOADS if self._settings.mode == "host" else ("",))
        if query_id is None or self._presses.offer(query_id):
            return Receipt(envelopes=envelopes)
        return Receipt(envelopes=envelopes, body=press_reply(query_id), content_type="application/json")

    def parse(self, body: bytes) -> Event:
        """See `Channel.parse`."""
        return read_event(body)

    def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """See `Channel.fetch`; `ref` is a file_id."""
        return self._api.download(ref)

    # --- out ---------------------------------------------------------------------------------

    async def send(self, send: Send) -> str | None:
        """See `Channel.send`.

        Where an earlier message asked for the phone or the place, its reply keyboard is taken away with
        the first message that has no buttons of its own. Which chats have one is remembered here only;
        after a restart such a keyboard stays folded until its next use.
        """
        call = compose(send, clear_keyboard=send.address in self._keyboards)
        try:
            result = await self._carry(call)
        except Rejected as error:
            if isinstance(send.part, Edit) and UNCHANGED in error.reason:
                return send.part.target  # an earlier try arrived, or the words are those that stand there
            if isinstance(error, Gone | MovedAway) or not is_photo(call):
                raise
            log.info("telegram_photo_as_document", channel=self._name, reason=error.reason)
            call = compose(send, clear_keyboard=send.address in self._keyboards, as_document=True)
            result = await self._carry(call)
        self._note_keyboard(send, call)
        return sent_id(result)

    async def typing(self, address: str) -> None:
        """See `Channel.typing`."""
        try:
            call = typing_call(address)
            await self._api.call(call.method, call.params)
        except SendError as error:
            log.info("telegram_typing_failed", channel=self._name, reason=error.reason)

    async def _carry(self, call: Call) -> object:
        files = {call.upload.field: await self._attachment(call.upload)} if call.upload else None
        return await self._api.call(call.method, call.params, files)

    async def _attachment(self, upload: Upload) -> Attachment:
        try:
            return Attachment(name=upload.name, data=await self._tools.media.read(upload.ref))
        except NotFound:
            raise Rejected("the file is gone from the media store") from None

    def _note_keyboard(self, send: Send, call: Call) -> None:
        if asks(send.buttons):
            self._keyboards[send.address] = None
            if len(self._keyboards) > KEYBOARDS_REMEMBERED:
                self._keyboards.popitem(last=False)
        elif call.params.get("reply_markup") == REMOVE:
            self._keyboards.pop(send.address, None)

    # --- links -------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """See `Continuable.prepare`: the bot's name, asked for once."""
        if self._username is None:
            self._username = await bot_name(self._settings)

    def link(self, payload: str) -> str | None:
        """See `Continuable.link`; https://core.telegram.org/bots/features#deep-linking."""
        return f"https://t.me/{self._username}?start={payload}" if self._username else None

    # --- living ------------------------------------------------------------------------------

    async def run(self, intake: Intake) -> None:
        """See `Channel.run`: acknowledge presses, and poll or keep the webhook registered."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._presses.run())
                group.create_task(self._listen(intake))
        finally:
            await self.close()

    async def checkup(self) -> Sequence[Finding]:
        """See `gateway.operating.checkup.Checkable`: ask Telegram about the token and the webhook."""
        address = webhook_url(self._tools.public_url, self._name) if self._tools.public_url else None
        return await look(self._name, self._api, self._settings, address, utc_now())

    async def close(self) -> None:
        """Close connections; a later send opens them again."""
        await self._api.close()

    async def _listen(self, intake: Intake) -> None:
        if self._settings.mode == "host":
            return  # the host polls or has the webhook; a second taker would steal its updates
        if self._settings.mode == "polling":
            await self._poller.run(intake)
        elif self._settings.register_webhook and self._tools.public_url:
            await self._registration.run(self._tools.public_url)
        elif self._settings.register_webhook:
            log.warning("telegram_webhook_not_set", channel=self._name, reason="public_url is not set")
