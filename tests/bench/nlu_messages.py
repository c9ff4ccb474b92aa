"""How long a message takes and what the engine adds to a process, measured in a process that has nothing else.

`python -m tests.bench.nlu_messages URL` reads a JSON list of texts and writes `Messages`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from resource import getpagesize

import msgspec

from gateway import logs
from gateway.ports import Utterance
from gateway.storage.engine import Database

AT_ONCE = 50


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds a message, each alone and then fifty at a time by an engine that has not met them, and the
    megabytes that engine, model and all it remembers added."""

    alone: list[float]
    together: list[float]
    megabytes: float


async def measure(url: str, texts: list[str]) -> Messages:
    """Understand every text twice with the stored model; the first time counts the memory."""
    database = Database(url)
    try:
        async with database.read():
            before = _resident()
        alone = await _understand(database, texts, 1)
        megabytes = _resident() - before
        return Messages(alone=alone, together=await _understand(database, texts, AT_ONCE), megabytes=megabytes)
    finally:
        await database.close()


async def _understand(database: Database, texts: list[str], at_once: int) -> list[float]:
    from nlu.engine import EmbeddedEngine  # noqa: PLC0415 — what it takes is measured
    from nlu.entities import Extractor  # noqa: PLC0415

    engine = EmbeddedEngine(database, Extractor())
    await engine.refresh()
    now = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
    asked = [Utterance(text=text, now=now, zone="Europe/Kyiv") for text in texts]
    taken = []
    for begin in range(0, len(asked), at_once):
        some = asked[begin : begin + at_once]
        began = time.perf_counter()
        await engine.understand(some)
        taken.append((time.perf_counter() - began) * 1000 / len(some))
    return taken


def _resident() -> float:
    """Megabytes this process holds; 0 where the system does not tell as Linux does."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * getpagesize() / 1e6 if told.exists() else 0.0


if __name__ == "__main__":
    logs.configure("text", level=logging.WARNING)  # standard output is for the figures
    measured = asyncio.run(measure(sys.argv[1], msgspec.json.decode(sys.stdin.buffer.read(), type=list[str])))
    sys.stdout.buffer.write(msgspec.json.encode(measured))
