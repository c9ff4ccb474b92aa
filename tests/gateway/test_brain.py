"""An engine that is loaded at its first use: until then it only knows what there would be to load."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.brain import EngineAtFirstUse
from gateway.learning import TrainingReport
from gateway.ports import Understanding, Utterance
from gateway.storage.engine import Database
from nlu.storage import Models

HELLO = Utterance(text="hello", now=datetime(2026, 11, 21, tzinfo=UTC), zone="Europe/Kyiv")


class Loaded:
    """An engine in memory."""

    revision: int | None = None
    encoder = "vectors"

    def __init__(self, made: list[Loaded]) -> None:
        made.append(self)

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        return [Understanding(text=one.text, language="en", language_confidence=1.0) for one in utterances]

    async def refresh(self) -> bool:
        changed, self.revision = self.revision != 7, 7
        return changed


async def test_it_is_made_once_by_whoever_asks_first(sqlite_database: Database, clock) -> None:
    made: list[Loaded] = []
    engine = EngineAtFirstUse(sqlite_database, lambda: Loaded(made))
    assert not await engine.refresh()
    assert (engine.revision, engine.encoder) == (None, None)
    async with sqlite_database.write() as work:
        report = TrainingReport(revision=7, phrases=1, intents=1, seconds=1.0)
        await Models(work.connection).put(report, b"", clock())
    assert await engine.refresh()
    assert not await engine.refresh()
    assert (engine.revision, made) == (7, [])
    found = await asyncio.gather(engine.understand([HELLO]), engine.understand([HELLO]))
    assert [one.text for (one,) in found] == ["hello", "hello"]
    assert (len(made), made[0].revision, engine.revision, engine.encoder) == (1, 7, 7, "vectors")
    assert not await engine.refresh()
