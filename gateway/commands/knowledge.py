"""The knowledge-base and asking commands: import, export, train, ask."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from rich.console import Console

from gateway.asking import Asked
from gateway.brain import Brain
from gateway.errors import FrontdeskError, SettingsError
from gateway.settings import LANGUAGES, Settings
from gateway.storage.engine import Database
from gateway.storage.revision import require_newest
from gateway.texts import Texts

BATCH = 64
ASK_FIELDS = ("text", "intent", "confidence", "language", "entities", "decision", "article", "answer")


@asynccontextmanager
async def brain(settings: Settings) -> AsyncIterator[Brain]:
    """What knows and understands, on a database that is up to date."""
    database = Database(settings.database_url)
    made = Brain(settings, database, Texts())
    try:
        await require_newest(database)
        await made.refresh()
        yield made
    finally:
        await made.close()
        await database.close()


async def import_folder(settings: Settings, folder: Path, *, prune: bool, console: Console) -> int:
    """Import, publish and train; every fault of the folder is named. Returns the exit code."""
    async with brain(settings) as made:
        return await made.import_folder(folder, console=console, prune=prune)


async def export_folder(settings: Settings, folder: Path, *, console: Console) -> int:
    """Write every article into `folder`. Returns the exit code."""
    async with brain(settings) as made:
        return await made.export_folder(folder, console=console)


async def train(settings: Settings, *, console: Console) -> None:
    """Train anew from what is published. Raises FrontdeskError where nothing is, or where sentence vectors were
    wanted and could not be had; what was trained then is in service all the same."""
    async with brain(settings) as made:
        with console.status("Training…"):
            report = await made.publisher.train()
        if report is None:
            raise FrontdeskError("nothing is published yet; run: frontdesk import DIR")
        console.print(f"Trained {report.phrases} phrases of {report.intents} intents in {report.seconds:.1f} s.")
        if report.without_embeddings:
            raise FrontdeskError(f"trained without sentence vectors: {report.without_embeddings}")


async def ask(settings: Settings, text: str, language: str | None, *, as_json: bool) -> None:
    """Print what the bot would answer to `text`, or to each line of standard input for ``-``."""
    if language is not None and language not in LANGUAGES:
        raise SettingsError("--lang", f"must be one of {', '.join(LANGUAGES)}")
    async with brain(settings) as made:
        if made.engine.revision is None:
            raise FrontdeskError("nothing is trained yet; run: frontdesk import DIR")
        if made.embedder:
            await made.embedder.ready()  # else the first answers would be the light engine's
        batches = _batches(sys.stdin) if text == "-" else iter([[text]])
        for batch in batches:
            for asked in await made.asker.ask_all(batch, language):
                print(_as_json(asked) if as_json else _as_text(asked), flush=True)


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    """Lines as they come: a terminal is answered at once, a pipe in batches."""
    size = 1 if sys.stdin.isatty() else BATCH
    batch: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        batch.append(line.rstrip("\r\n"))
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _as_json(asked: Asked) -> str:
    return msgspec.json.encode({name: getattr(asked, name) for name in ASK_FIELDS}).decode()


def _as_text(asked: Asked) -> str:
    entities = ", ".join(f"{entity.kind} {entity.value}" for entity in asked.entities) or "none"
    return "\n".join(
        (
            f"intent      {asked.intent or 'none'}",
            f"confidence  {asked.confidence:.2f}",
            f"language    {asked.language}",
            f"entities    {entities}",
            f"decision    {asked.decision}",
            f"article     {asked.article or 'none'}",
            "",
            asked.answer,
        )
    )
