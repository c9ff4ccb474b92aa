"""The commands about one person: show all that is stored of them, and erase it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from gateway.clock import utc_now
from gateway.errors import FrontdeskError
from gateway.people.privacy import Erased, Privacy
from gateway.settings import Settings
from gateway.storage.engine import Database


def export(settings: Settings, who: str, target: Path, *, console: Console) -> None:
    """Write what is stored of `who` to a new file. Raises FrontdeskError."""
    if target.exists():
        raise FrontdeskError(f"{target} exists; choose another name")
    target.write_bytes(asyncio.run(_export(settings, who)))
    target.chmod(0o600)
    console.print(f"Written to {target}: everything of this person. Keep it as safe as the database.", soft_wrap=True)


def erase(settings: Settings, who: str, *, console: Console) -> None:
    """Erase `who`. Raises FrontdeskError."""
    erased = asyncio.run(_erase(settings, who))
    console.print(
        f"Erased: {erased.rows} rows and {erased.files} files. Backups made before still have them.", soft_wrap=True
    )


async def _export(settings: Settings, who: str) -> bytes:
    database = Database(settings.database_url)
    try:
        return await _privacy(settings, database).export(who, utc_now())
    finally:
        await database.close()


async def _erase(settings: Settings, who: str) -> Erased:
    database = Database(settings.database_url)
    try:
        return await _privacy(settings, database).erase(who)
    finally:
        await database.close()


def _privacy(settings: Settings, database: Database) -> Privacy:
    return Privacy(database, Path(settings.data_dir) / "media")
