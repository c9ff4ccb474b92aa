"""What the tests of mail share: the cases under `wire/`, a media store, an intake, channels over local servers."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bots.mail.logins import Logins
from bots.mail.mailbox import Mailbox
from bots.mail.settings import MailSettings
from bots.mail.submitting import WAIT_SECONDS, Submitter
from bots.mail.wire.inbound import Rules
from gateway.channels import ChannelTools, Envelope
from gateway.errors import NotFound, RequestRefused, StorageUnavailable
from gateway.messages import Ignored, Inbound, Signal
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.storage.media import StoredFile
from gateway.texts import Texts
from tests.standins.mail import PASSWORD, USER

WIRE = Path(__file__).parent / "wire"
KINDS = {"inbound": Inbound, "signal": Signal, "ignored": Ignored}
RULES = Rules(address=USER, authserv_id="mx.shop.example")
COMPANY = Company(name={"uk": "Крамниця", "ru": "Лавка", "en": "Tea Shop"})
NOBODY = "imap://localhost:9"


class Files:
    """A media store that takes files too."""

    def __init__(self, **held: bytes) -> None:
        self.held = {"file:7": "рахунок".encode(), **held}
        self.saved: list[StoredFile] = []

    async def read(self, ref: str) -> bytes:
        if ref not in self.held:
            raise NotFound(ref)
        return self.held[ref]

    async def save(
        self, stream: AsyncIterator[bytes], *, name: str | None, mime: str | None, owner: str, limit: int
    ) -> StoredFile:
        content = b"".join([chunk async for chunk in stream])
        if len(content) > limit:
            raise RequestRefused(413, "too large")
        number = f"00000000-0000-4000-8000-{len(self.saved):012}"
        self.held[f"file:{number}"] = content
        now = datetime(2026, 11, 21, tzinfo=UTC)
        self.saved.append(StoredFile(id=number, name=name, mime=mime, size=len(content), owner=owner, created_at=now))
        return self.saved[-1]


class Taken:
    """An intake that remembers; it fails as often as `failures` says."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.envelopes: list[Envelope] = []
        self.arrived = asyncio.Event()

    async def __call__(self, channel: str, envelopes: Sequence[Envelope]) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("away")
        self.envelopes += envelopes
        self.arrived.set()
        self.arrived = asyncio.Event()

    @property
    def ids(self) -> list[str]:
        return [envelope.platform_id for envelope in self.envelopes]

    async def until(self, count: int, seconds: float = 30) -> list[str]:
        async with asyncio.timeout(seconds):
            while len(self.ids) < count:
                await self.arrived.wait()
        return self.ids


class Pauses:
    """Waiting, shortly: remembers how long it would have been."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.began = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.began.set()
        self.began = asyncio.Event()
        await asyncio.sleep(0.02)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.taken) < count:
                await self.began.wait()


def cases(prefix: str = "") -> list[Any]:
    """A parameter for each mail: its bytes, and what is written beside it."""
    found = sorted(WIRE.glob(f"{prefix}*.eml"))
    assert found
    return [
        pytest.param(path.read_bytes(), msgspec.json.decode(path.with_suffix(".json").read_bytes()), id=path.stem)
        for path in found
    ]


def settings(**fields: Any) -> MailSettings:
    plain = {
        "address": USER,
        "imap": NOBODY,
        "smtp": "smtp://localhost:9",
        "password": PASSWORD,
        "connect_timeout": 2.0,
        "call_timeout": 5.0,
        "poll_seconds": 0.05,
    }
    return msgspec.convert({**plain, **fields}, MailSettings)


def submitting(
    *, monotonic: Callable[[], float] = time.monotonic, wait_seconds: float = WAIT_SECONDS, **fields: Any
) -> Submitter:
    made = settings(**fields)
    return Submitter(made, Logins(made), monotonic=monotonic, wait_seconds=wait_seconds)


def mailbox(**fields: Any) -> Mailbox:
    made = settings(**fields)
    return Mailbox(made, Logins(made), purpose="test")


def tools(database: Database | None = None, media: Any = None) -> ChannelTools:
    return ChannelTools(
        media=media or Files(), public_url=None, database=database, company=COMPANY, texts=Texts() if database else None
    )


_numbers = itertools.count(1)


def mail(text: str = "Доброго дня", *, sender: str = "olena@mail.example", **headers: str) -> bytes:
    """A customer's mail as it comes, with an id of its own."""
    told = {
        "From": f"Olena <{sender}>",
        "To": USER,
        "Subject": "Hi",
        "Date": "Fri, 20 Nov 2026 10:15:00 +0200",
        "Message-ID": f"<m{next(_numbers)}@mail.example>",
        "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items() if value)
    return f"{head}\r\n{text}\r\n".encode()


def id_of(raw: bytes) -> str:
    return next(line for line in raw.decode().splitlines() if line.startswith("Message-ID:")).partition(": ")[2]
