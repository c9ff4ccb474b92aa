"""A process that does not send loads its messenger's library when it first needs it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from importlib import import_module

import msgspec

from bots.telegram import build
from bots.telegram.driver import Driver
from bots.telegram.lazy import LazyDriver
from gateway.errors import NotFound
from tests.bots.telegram.support import settings, tools
from tests.standins.telegram import TelegramStandin

BUILD = """
import sys
from bots.telegram import build
from tests.bots.telegram.support import settings, tools
import msgspec
build("shop", settings("http://127.0.0.1:1"), msgspec.structs.replace(tools(), sends=False))
sys.exit("aiogram" in sys.modules or "telegram" in sys.modules)
"""


def test_building_loads_nothing() -> None:
    assert subprocess.run([sys.executable, "-c", BUILD], check=False).returncode == 0


async def test_calls_and_downloads_work_as_with_a_driver_of_its_own(standin: TelegramStandin, driver: str) -> None:
    # On a busy machine loading takes longer than a call may, and calls are the subject here.
    import_module("bots.telegram.aiogram" if driver == "aiogram" else "bots.telegram.ptb")
    channel = build("shop", settings(standin.base, driver=driver), msgspec.structs.replace(tools(), sends=False))
    standin.add_file("photo", b"bytes")
    await asyncio.gather(channel.typing("7"), channel.typing("8"))
    assert b"".join([chunk async for chunk in channel.fetch("photo")]) == b"bytes"
    await channel.close()
    assert len(standin.sent("sendChatAction")) == 2


async def test_a_driver_is_made_once_and_closing_makes_none() -> None:
    made: list[str] = []

    class Made:
        async def post(self, method: str, *_: object) -> tuple[int, bytes]:
            return 200, method.encode()

        async def close(self) -> None:
            made.append("closed")

        async def stream(self, path: str) -> AsyncGenerator[bytes, None]:
            raise NotFound(path)
            yield b""

    def make() -> Driver:
        made.append("made")
        return Made()

    driver = LazyDriver("json", make)
    await driver.close()
    assert made == []
    answers = await asyncio.gather(*(driver.post(name, {}, {}, 1.0) for name in ("a", "b")))
    await driver.close()
    assert (answers, made) == ([(200, b"a"), (200, b"b")], ["made", "closed"])
