"""The web chat as a channel: our own database is its transport, so a commit is the send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from bots.webchat import wire
from bots.webchat.checkup import look
from bots.webchat.frames import TEXT_LIMIT
from bots.webchat.settings import WebchatSettings
from gateway.channels import (
    Capabilities,
    ChannelKind,
    ChannelTools,
    Idempotency,
    Intake,
    Markup,
    Receipt,
    Send,
    WebhookRequest,
)
from gateway.errors import RequestRefused
from gateway.live import Change, address_topic
from gateway.messages import Event, MediaKind
from gateway.operating.checkup import Finding

CHUNK = 64 * 1024
FRAGMENT = "frontdesk"
"""What a link's payload is called in the address of a page with the widget."""


def capabilities(settings: WebchatSettings) -> Capabilities:
    """What the widget can show."""
    return Capabilities(
        text_limit=TEXT_LIMIT,
        caption_limit=TEXT_LIMIT,
        markup=Markup.MARKDOWN,
        idempotency=Idempotency.KEYED,
        buttons=12,
        button_label_limit=120,
        url_buttons=True,
        media=frozenset(MediaKind),
        media_limit=settings.upload_limit * 1024 * 1024,
        location=True,
        typing=True,
        stored=True,
    )


class WebchatChannel:
    """One widget. What it says is read from the database by sockets and polls, see `thread`."""

    kind = "webchat"

    def __init__(self, name: str, settings: WebchatSettings, tools: ChannelTools) -> None:
        self.name = name
        self.settings = settings
        self.capabilities = capabilities(settings)
        self._tools = tools

    def receive(self, request: WebhookRequest) -> Receipt:
        """Raises RequestRefused(404): widgets speak by socket and `POST /channels/NAME/messages`."""
        raise RequestRefused(404, "this channel has no webhook")

    def parse(self, body: bytes) -> Event:
        """Read one stored envelope. Raises Unreadable."""
        return wire.parse(body)

    async def send(self, send: Send) -> str | None:
        """Hint the visitor's open screens to look; the message itself is already in the database."""
        self._hint(send.address, "message")
        return send.key

    async def typing(self, address: str) -> None:
        """Show the dots in the visitor's open widgets."""
        self._hint(address, "typing")

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """Stream a visitor's upload out of our own media store. Raises NotFound."""
        content = await self._tools.media.read(ref)
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    async def run(self, intake: Intake) -> None:
        """Nothing to keep open: visitors come to us."""
        await asyncio.Event().wait()

    async def checkup(self) -> Sequence[Finding]:
        """See `gateway.operating.checkup.Checkable`."""
        return look(self.name, self.settings, self._tools.public_url)

    async def close(self) -> None:
        """Nothing to let go of."""

    async def prepare(self) -> None:
        """See `gateway.channels.Continuable`: nothing to learn."""

    def link(self, payload: str) -> str | None:
        """The page with the widget, which takes the payload from the fragment: that reaches no server's log."""
        page = self.settings.page or (f"{self._tools.public_url}/" if self._tools.public_url else "")
        return f"{page}#{FRAGMENT}={payload}" if page else None

    def _hint(self, address: str, kind: str) -> None:
        if self._tools.publish is not None:
            self._tools.publish([Change(topic=address_topic(self.name, address), kind=kind)])


def build(name: str, settings: WebchatSettings, tools: ChannelTools) -> WebchatChannel:
    """A channel from checked settings."""
    return WebchatChannel(name, settings, tools)


KIND = ChannelKind(name="webchat", settings=WebchatSettings, build=build)
