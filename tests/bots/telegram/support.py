"""What the tests of Telegram share: the cases under `wire/`, a media store, an intake, a clockless sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bots.telegram.settings import TelegramSettings
from gateway.channels import ChannelTools, Envelope
from gateway.errors import NotFound, StorageUnavailable

WIRE = Path(__file__).parent / "wire"
SECRET = "s3cret_-A"


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
    def ids(self) -> list[str]:
        return [envelope.platform_id for batch in self.batches for envelope in batch]

    async def until(self, count: int) -> list[str]:
        async with asyncio.timeout(20):
            while len(self.ids) < count:
                await self.arrived.wait()
        return self.ids


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


def tools(public_url: str | None = None) -> ChannelTools:
    return ChannelTools(media=Files(), public_url=public_url)


def settings(base: str = "http://127.0.0.1:9", **fields: Any) -> TelegramSettings:
    plain = {"token": "123456:standin-token", "api_base": base, "webhook_secret": SECRET, "poll_timeout": 5}
    return msgspec.convert({**plain, **fields}, TelegramSettings)
