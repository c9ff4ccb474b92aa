"""Fresh migrated databases in no time: copies of a template, made once of each kind."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.storage.engine import parse_url
from gateway.storage.migrate import migrate

MEMORY = Path("/dev/shm")
KEEP = "look-here"
"""Marks a folder whose logs show a broken promise."""


class Databases(Protocol):
    """Where fresh databases of one kind come from."""

    kind: str

    def fresh(self, folder: Path) -> AbstractAsyncContextManager[str]:
        """The URL of a database that nobody else uses, while the block lasts."""
        ...


class SqliteDatabases:
    """SQLite files, in the folder of whoever asks."""

    kind = "sqlite"

    def __init__(self, template: Path) -> None:
        self._template = template

    @asynccontextmanager
    async def fresh(self, folder: Path) -> AsyncIterator[str]:
        """The URL of a database that lasts as long as `folder`."""
        path = folder / "frontdesk.db"
        path.write_bytes(self._template.read_bytes())
        yield f"sqlite:///{path}"


class PostgresDatabases:
    """Databases on the server of `url`, dropped when they are not used any more."""

    kind = "postgresql"

    def __init__(self, url: str, template: str) -> None:
        self._url = url
        self._template = template

    @asynccontextmanager
    async def fresh(self, folder: Path) -> AsyncIterator[str]:
        """The URL of a database that lasts as long as the block."""
        name = f"faults_{uuid4().hex}"
        await administer(self._url, f"CREATE DATABASE {name} TEMPLATE {self._template}")
        try:
            yield named(self._url, name)
        finally:
            await administer(self._url, f"DROP DATABASE {name} WITH (FORCE)")


def sqlite_template(folder: Path) -> Path:
    """A migrated, empty SQLite file."""
    path = folder / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


def postgres_template(url: str) -> str:
    """The name of a migrated, empty database on the server of `url`."""
    name = f"template_{uuid4().hex}"
    asyncio.run(administer(url, f"CREATE DATABASE {name}"))
    asyncio.run(migrate(named(url, name)))
    return name


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where the system has one: a killed process loses nothing that it wrote, on a disk or
    not, so nothing is proven by waiting for a disk. It stays where somebody left the mark `KEEP` in it."""
    memory = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-faults-", dir=memory))
    try:
        yield folder
    finally:
        if not list(folder.rglob(KEEP)):
            shutil.rmtree(folder, ignore_errors=True)


def named(url: str, database: str) -> str:
    """`url` with another database."""
    return parse_url(url).set(database=database).render_as_string(hide_password=False)


async def administer(url: str, statement: str) -> None:
    """Run a statement that allows no transaction around it."""
    engine = create_async_engine(parse_url(url), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
