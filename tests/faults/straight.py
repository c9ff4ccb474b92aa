"""A channel as plain as can be, with Telegram's wire and Telegram's class: no key, nothing to ask afterwards.

The drivers and the pace of real messengers are tested elsewhere; here a life is to start quickly and to send
as fast as the outbox lets it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout
from msgspec import Meta

from bots.telegram.wire.envelopes import peek
from bots.telegram.wire.inbound import read_event
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
from gateway.errors import Ambiguous, NotFound, Rejected, Unreachable
from gateway.messages import Event, Text
from gateway.settings import Section

PLAIN = Capabilities(text_limit=4096, markup=Markup.PLAIN, idempotency=Idempotency.NEITHER)
CALL_SECONDS = 30.0


class StraightSettings(Section, frozen=True, kw_only=True):
    """Where the messenger is."""

    api_base: Annotated[str, Meta(description="Where the messenger is.")]


class StraightChannel:
    """Implements `gateway.channels.Channel`."""

    kind = "straight"
    capabilities = PLAIN

    def __init__(self, name: str, settings: StraightSettings) -> None:
        self.name = name
        self._base = settings.api_base
        self._session: ClientSession | None = None

    def receive(self, request: WebhookRequest) -> Receipt:
        return Receipt(envelopes=(peek(request.body),))

    def parse(self, body: bytes) -> Event:
        return read_event(body)

    async def send(self, send: Send) -> str | None:
        if self._session is None:
            self._session = ClientSession(timeout=ClientTimeout(total=CALL_SECONDS))
        text = send.part.text if isinstance(send.part, Text) else ""
        body: dict[str, Any] = {"chat_id": send.address, "text": text}
        try:
            async with self._session.post(f"{self._base}/sendMessage", json=body) as answer:
                if 400 <= answer.status < 500:
                    raise Rejected(str(answer.status))
                if answer.status != 200:
                    raise Ambiguous(str(answer.status))
                return str((await answer.json())["result"]["message_id"])
        except ClientConnectorError:
            raise Unreachable("not connected") from None
        except (ClientError, OSError, TimeoutError) as error:
            raise Ambiguous(type(error).__name__) from None

    async def typing(self, address: str) -> None:
        return None

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        raise NotFound(ref)
        yield b""

    async def run(self, intake: Intake) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def build(name: str, settings: StraightSettings, tools: ChannelTools) -> StraightChannel:
    """The channel `name`."""
    return StraightChannel(name, settings)


KIND = ChannelKind(name="straight", settings=StraightSettings, build=build)
