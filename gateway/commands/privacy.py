"""The commands about one person: show all that is stored of them, and erase it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from rich.console import Console

from gateway.clock import utc_now
from gateway.errors import FrontdeskError
from gateway.people.privacy import Erased, Privacy
from gateway.settings import Settings
from gateway.storage.engine import Database
from gateway.storage.revision import require_newest


def export(settings: Settings, who: str, target: Path, *, console: Console) -> None:
    """Write what is stored of `who` to a new file. Raises FrontdeskError."""
    if target.exists():
        raise FrontdeskError(f"{target} exists; choose another name")
    _write(target, asyncio.run(_export(settings, who)))
    console.print(f"Written to {target}: everything of this person. Keep it as safe as the database.", soft_wrap=True)


def erase(settings: Settings, who: str, *, console: Console) -> None:
    """Erase `who`. Raises FrontdeskError."""
    erased = asyncio.run(_erase(settings, who))
    console.print(
        f"Erased: {erased.rows} rows and {erased.files} files. Backups made before still have them.", soft_wrap=True
    )


def _write(target: Path, content: bytes) -> None:
    """Readable by its owner alone from the first byte on."""
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise FrontdeskError(f"cannot write {target}: {error.strerror}") from None


async def _export(settings: Settings, who: str) -> bytes:
    database = Database(settings.database_url)
    try:
        await require_newest(database)
        return await _privacy(settings, database).export(who, utc_now())
    finally:
        await database.close()


async def _erase(settings: Settings, who: str) -> Erased:
    database = Database(settings.database_url)
    try:
        await require_newest(database)
        return await _privacy(settings, database).erase(who)
    finally:
        await database.close()


def _privacy(settings: Settings, database: Database) -> Privacy:
    return Privacy(database, Path(settings.data_dir) / "media")
