"""The commands about the database as a whole: migrate, copy it elsewhere, back it up, restore it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import URL

from gateway.clock import utc_now
from gateway.errors import FrontdeskError
from gateway.operating.backups import MEDIA, Manifest, Place, make_backup, restore_backup
from gateway.processes.secret import FILE as SECRET
from gateway.settings import Settings
from gateway.storage.copying import copy_database
from gateway.storage.engine import parse_url
from gateway.storage.migrate import migrate
from gateway.storage.ownership import file_of, owner, owning
from gateway.storage.revision import known_revisions, newest_revision

STOP = "stop it first, then do this again"
Advance = Callable[[str, int, int], None]


async def bring_up_to_date(settings: Settings) -> None:
    """Migrate, while nobody serves the database. Raises StorageUnavailable."""
    with owning(settings.database_url, STOP):
        await migrate(settings.database_url)


# --- copying ---------------------------------------------------------------------------------


async def copy(source_url: str, target_url: str, *, console: Console, out: Console) -> None:
    """Copy everything with a progress bar on `console`, and print the counts on `out`. Raises FrontdeskError."""
    serving = owner(source_url)
    with _progress(console) as advance:
        counts = await copy_database(source_url, target_url, advance)
    table = Table("table", "FROM", "TO", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for one in counts:
        table.add_row(one.table, str(one.source), str(one.target))
    table.add_section()
    table.add_row("all", str(sum(one.source for one in counts)), str(sum(one.target for one in counts)))
    out.print(table)
    console.print(
        "Everything was copied and the counts are equal. Set database_url to the new database and keep "
        "data_dir: uploaded files and the secret stay there, or move with it.",
        soft_wrap=True,
    )
    if serving is not None:
        process = f"process {serving}" if serving else "another process"
        console.print(
            f"FROM is being served by {process}: what is said from now on is not in the copy. "
            "For the real move stop it first and copy into a new database.",
            soft_wrap=True,
        )


# --- backup ----------------------------------------------------------------------------------


def backup(settings: Settings, target: Path, *, force: bool, console: Console) -> Path:
    """Write a backup to `target`, in a folder under a name with the time; returns where it is.

    Raises FrontdeskError, with the command to use instead for PostgreSQL.
    """
    place = place_of(settings, f"use {_pg_dump(settings, target)}")
    if not place.database.is_file():
        raise FrontdeskError(f"there is no database at {place.database}; run: frontdesk migrate")
    now = utc_now()
    if target.is_dir():
        target /= f"frontdesk-{now:%Y%m%d-%H%M%S}.tar"
    if target.exists() and not force:
        raise FrontdeskError(f"{target} exists; choose another name, or say --force to replace it")
    with _progress(console) as advance:
        manifest = make_backup(place, target, now, advance)
    console.print(f"Backed up to {target}: {_told(manifest)}.", soft_wrap=True)
    if manifest.missing:
        console.print(f"{manifest.missing} uploaded files were lost before: the folder does not have them.")
    if SECRET not in manifest.sizes:
        console.print("The secret is set in the settings and not in this backup; keep it with your settings.")
    return target


def restore(settings: Settings, source: Path, *, force: bool, console: Console) -> None:
    """Put the installation back to what `source` holds, while nobody serves it. Raises FrontdeskError."""
    place = place_of(settings, "use pg_restore with a file that pg_dump made")
    if not source.is_file():
        raise FrontdeskError(f"there is no file {source}")
    place.database.parent.mkdir(parents=True, exist_ok=True)
    with owning(settings.database_url, STOP):
        if place.database.exists() and not force:
            raise FrontdeskError(f"{place.database} exists; say --force to replace it (it is kept beside, renamed)")
        suffix = f".replaced-{utc_now():%Y%m%d-%H%M%S}"
        with _progress(console) as advance:
            manifest = restore_backup(source, place, known_revisions(), advance, suffix=suffix)
    console.print(f"Restored what was there on {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC: {_told(manifest)}.")
    if manifest.revision != newest_revision():
        console.print("It was made by an older Frontdesk; run: frontdesk migrate")


def place_of(settings: Settings, instead: str) -> Place:
    database = file_of(settings.database_url)
    if database is None:
        raise FrontdeskError(f"this is for SQLite; for PostgreSQL {instead}, and copy {settings.data_dir} beside it")
    return Place(database=database, data_dir=Path(settings.data_dir))


def _pg_dump(settings: Settings, target: Path) -> str:
    """The command as one would type it; the password comes from PGPASSWORD or ~/.pgpass, never from here."""
    given = parse_url(settings.database_url)
    query = {key: value for key, value in given.query.items() if key in ("host", "port")}
    url = URL.create("postgresql", given.username, None, given.host, given.port, given.database, query)
    return shlex.join(["pg_dump", "--format=custom", f"--file={target}", url.render_as_string()])


def _told(manifest: Manifest) -> str:
    files = sum(name.startswith(MEDIA) for name in manifest.sizes)
    return f"{sum(manifest.sizes.values()) / 1024 / 1024:.1f} MiB, {files} uploaded files"


@contextmanager
def _progress(console: Console) -> Iterator[Advance]:
    """A bar for each thing that advances."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=True) as progress:

        def advance(what: str, done: int, total: int) -> None:
            if not total:
                return
            if what not in tasks:
                tasks[what] = progress.add_task(what)
            progress.update(tasks[what], completed=done, total=total)

        yield advance
