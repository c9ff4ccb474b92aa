"""The `evaluate` command: how well is what the knowledge base teaches understood?"""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from gateway import brain
from gateway.clock import utc_now
from gateway.commands import knowledge as knowledge_commands
from gateway.errors import FrontdeskError, SettingsError
from gateway.learning import Evaluating, Taught
from gateway.ports import Action
from gateway.processes.secret import ensure_folder
from gateway.settings import Settings

FOLDS = range(2, 21)


def evaluate(
    settings: Settings,
    source: Path | None,
    *,
    test: Path | None,
    folds: int,
    precision: float,
    out: Path,
    console: Console,
) -> None:
    """Evaluate a folder of articles or a file of examples, or else what is published.

    Raises SettingsError for an option out of range and a folder that cannot be written, FrontdeskError where
    there is nothing to evaluate.
    """
    if folds not in FOLDS:
        raise SettingsError("--folds", f"must be from {FOLDS[0]} to {FOLDS[-1]}")
    if not 0 < precision <= 1:
        raise SettingsError("--precision", "must be a share above 0, at most 1, as 0.95")
    how = Evaluating(test=test, folds=folds, precision=precision, out=out)
    taught = _taught(source, settings) if source else asyncio.run(_published(settings))
    ensure_folder(out, "--out")
    brain.evaluate(taught, how, settings, utc_now(), console)


def _taught(source: Path, settings: Settings) -> Taught:
    if not source.exists():
        raise FrontdeskError(f"{source} is not there")
    if source.is_dir():
        return asyncio.run(brain.taught_by_folder(source.resolve(), settings.company, utc_now()))
    return brain.taught_by_file(source)


async def _published(settings: Settings) -> Taught:
    async with knowledge_commands.brain(settings) as made:
        phrases = tuple(made.knowledge.phrases())
        intents = {phrase.intent for phrase in phrases}
        declined = {intent for intent in intents if made.knowledge.action(intent, utc_now()) is Action.DECLINE}
    if not phrases:
        raise FrontdeskError("nothing is published yet; name a folder or a file, or run: frontdesk import DIR")
    return Taught(name="the published knowledge base", phrases=phrases, declined=frozenset(declined))
