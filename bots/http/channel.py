"""A firm's own app or site as a Channel: signed JSON both ways."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from uuid import uuid4

import structlog

from bots.http import shapes
from bots.http.checkup import look
from bots.http.client import AppClient
from bots.http.fetching import Fetcher
from bots.http.settings import HttpSettings
from bots.http.signing import read_secrets, verify
from bots.http.wire import inbound
from bots.http.wire.outbound import compose, encode
from bots.http.wire.replies import message_id
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
from gateway.errors import NotFound, Rejected, RequestRefused, SendError
from gateway.messages import Event, Media
from gateway.operating.checkup import Finding
from gateway.ports import Clock

log = structlog.get_logger()


def capabilities(settings: HttpSettings) -> Capabilities:
    """What the app says of itself. That it drops repeats by ``webhook-id`` is asked of every receiver by
    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#idempotency."""
    return Capabilities(
        text_limit=settings.text_limit,
        caption_limit=settings.text_limit,
        markup=Markup(settings.markup),
        idempotency=Idempotency.KEYED,
        person_is="account",
        buttons=settings.buttons,
        button_label_limit=settings.button_label_limit,
        url_buttons=settings.url_buttons,
        ask_buttons=settings.ask_buttons,
        media=frozenset(settings.media),
        media_limit=settings.media_limit,
        location=settings.location,
        edits=settings.edits,
        typing=settings.typing,
        rate=Rate(per_second=settings.per_second, burst=max(1, int(settings.per_second)))
        if settings.per_second
        else None,
    )


class HttpChannel:
    """One app. Implements `gateway.channels.Channel`."""

    def __init__(self, name: str, settings: HttpSettings, tools: ChannelTools, *, clock: Clock = utc_now) -> None:
        self._name = name
        self._settings = settings
        self._tools = tools
        self._clock = clock
        self._keys = read_secrets(settings.secret)
        self._capabilities = capabilities(settings)
        self._client = AppClient(settings, clock)

    @property
    def name(self) -> str:
        """The configured name, as in `[channels.NAME]`."""
        return self._name

    @property
    def kind(self) -> str:
        """Always ``http``."""
        return "http"

    @property
    def capabilities(self) -> Capabilities:
        """What the app carries, as its settings say."""
        return self._capabilities

    # --- in ----------------------------------------------------------------------------------

    def receive(self, request: WebhookRequest) -> Receipt:
        """See `Channel.receive`. What is wrong is refused by name: nothing is put aside."""
        if request.method.upper() != "POST":
            raise RequestRefused(405, "only POST is taken here")
        webhook_id = verify(
            self._keys, request.headers, request.body, now=self._clock(), tolerance=self._settings.tolerance
        )
        envelopes = inbound.cut(request.body, webhook_id)
        return Receipt(envelopes=envelopes, body=b'{"taken":%d}' % len(envelopes), content_type="application/json")

    def parse(self, body: bytes) -> Event:
        """See `Channel.parse`."""
        return inbound.parse(body)

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """See `Channel.fetch`; `ref` is an address, or holds the file itself."""
        if ref.startswith(inbound.DATA):
            yield _inline(ref)
            return
        if not ref.startswith(("http://", "https://")):
            raise NotFound("no file of this channel")
        settings = self._settings
        fetcher = Fetcher(self._client.http, limit=settings.download_limit, private=settings.private_media)
        async with aclosing(fetcher.stream(ref)) as chunks:  # type: ignore[type-var]
            async for chunk in chunks:
                yield chunk

    # --- out ---------------------------------------------------------------------------------

    async def send(self, send: Send) -> str | None:
        """See `Channel.send`; `Send.key` is the ``webhook-id``, by which the app knows a repeat."""
        file = await self._file(send.part) if isinstance(send.part, Media) else None
        body = compose(send, self._name, file=file, edits=self._settings.edits)
        return message_id(await self._client.post(send.key, body), send.key)

    async def typing(self, address: str) -> None:
        """See `Channel.typing`; only where the app wants it."""
        if not self._settings.typing:
            return
        try:
            body = encode(shapes.TypingOut(channel=self._name, address=address))
            await self._client.post(f"typing_{uuid4().hex}", body)
        except SendError as error:
            log.info("http_typing_failed", channel=self._name, reason=error.reason)

    async def _file(self, media: Media) -> bytes:
        """The content to send along. A customer's own file is fetched to be passed on."""
        try:
            if media.ref.startswith("file:"):
                content = await self._tools.media.read(media.ref)
            else:
                content = b"".join([chunk async for chunk in self.fetch(media.ref)])
        except NotFound:
            raise Rejected("the file is gone") from None
        if len(content) > self._settings.media_limit:
            raise Rejected("the file is larger than media_limit")
        return content

    # --- living ------------------------------------------------------------------------------

    async def run(self, intake: Intake) -> None:
        """See `Channel.run`; the app comes to us, so there is nothing to do but to let go at the end."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def checkup(self) -> Sequence[Finding]:
        """See `gateway.operating.checkup.Checkable`: a signed ping."""
        return await look(self._name, self._settings, self._client, self._tools.public_url)

    async def close(self) -> None:
        """Close connections; a later send opens them again."""
        await self._client.close()


def _inline(ref: str) -> bytes:
    try:
        return base64.b64decode(ref.removeprefix(inbound.DATA), validate=True)
    except binascii.Error:
        raise NotFound("no file") from None
