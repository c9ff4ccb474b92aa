"""What the tests of Slack share: the cases under `wire/`, settings over the stand-in, an intake, a short sleep."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bots.slack.settings import SlackSettings
from gateway.channels import ChannelTools, Envelope, WebhookRequest
from gateway.errors import NotFound, StorageUnavailable
from gateway.messages import Echo, Event, Ignored, Inbound, Signal
from tests.standins.slack import APP_TOKEN, BOT_TOKEN, SECRET, as_form, signed

WIRE = Path(__file__).parent / "wire"
EVENTS: dict[str, type[Event]] = {"inbound": Inbound, "signal": Signal, "ignored": Ignored, "echo": Echo}
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class Files:
    """A media store with two files."""

    def __init__(self) -> None:
        self.held = {"file:7": "рахунок".encode(), "file:8": b"\xff\xd8jpeg"}

    async def read(self, ref: str) -> bytes:
        if ref not in self.held:
            raise NotFound(ref)
        return self.held[ref]


class Taken:
    """An intake that remembers; it fails as often as `failures` says."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.batches: list[list[Envelope]] = []
        self.arrived = asyncio.Event()

    async def __call__(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("away")
        self.batches.append(list(envelopes))
        self.arrived.set()
        self.arrived = asyncio.Event()

    @property
    def envelopes(self) -> list[Envelope]:
        return [envelope for batch in self.batches for envelope in batch]

    async def until(self, count: int) -> list[Envelope]:
        async with asyncio.timeout(20):
            while len(self.envelopes) < count:
                await self.arrived.wait()
        return self.envelopes


class Pauses:
    """Sleeping without waiting: remembers how long it would have been."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0.001)


def cases(prefix: str) -> list[Any]:
    found = sorted(WIRE.glob(f"{prefix}-*.json"))
    assert found
    return [pytest.param(msgspec.json.decode(path.read_bytes()), id=path.stem) for path in found]


def expected(event: dict[str, Any]) -> Event:
    """The event that a case names."""
    ((kind, fields),) = event.items()
    return msgspec.json.decode(msgspec.json.encode(fields), type=EVENTS[kind])


def tools(public_url: str | None = None) -> ChannelTools:
    return ChannelTools(media=Files(), public_url=public_url)


def settings(api: str = "http://127.0.0.1:9/api", **fields: Any) -> SlackSettings:
    plain = {"bot_token": BOT_TOKEN, "signing_secret": SECRET, "app_token": APP_TOKEN, "api_base": api}
    return msgspec.convert({**plain, **fields}, SlackSettings)


def post(payload: Any, *, form: bool = False, at: float | None = None, **headers: str) -> WebhookRequest:
    """`payload` as Slack posts it, signed."""
    body = as_form(payload) if form else json.dumps(payload).encode()
    return raw(body, form=form, at=at, **headers)


def raw(body: bytes, *, form: bool = False, at: float | None = None, **headers: str) -> WebhookRequest:
    """`body` as it is, signed."""
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return WebhookRequest(method="POST", headers={**signed(body, at=at, form=form), **extra}, query={}, body=body)
