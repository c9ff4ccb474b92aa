"""Moving an installation from one database to another: all of it, or nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.errors import SettingsError, StorageUnavailable
from gateway.storage.copying import CopyRefused, copy_database
from gateway.storage.engine import Database, parse_url
from gateway.storage.inventory import every_table
from gateway.storage.ownership import owning
from tests.fakes import inbound
from tests.gateway.filling import ROWS, everything, fill
from tests.gateway.spine import Spine

New = Callable[..., Awaitable[str]]
DIRECTIONS = [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "sqlite")]


def silent(_table: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@pytest.fixture
async def new(
    tmp_path: Path, postgres: str | None, migrated_sqlite: Path, migrated_postgres: str | None
) -> AsyncIterator[New]:
    """A database of a kind, by URL: empty, or migrated already."""
    made: list[str] = []

    async def make(kind: str, *, migrated: bool = False) -> str:
        name = f"copy_{uuid4().hex}"
        if kind == "sqlite":
            if migrated:
                (tmp_path / name).write_bytes(migrated_sqlite.read_bytes())
            return f"sqlite:///{tmp_path / name}"
        if postgres is None:
            pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
        await administer(postgres, f"CREATE DATABASE {name} TEMPLATE {migrated_postgres if migrated else 'template0'}")
        made.append(name)
        return parse_url(postgres).set(database=name).render_as_string(hide_password=False)

    yield make
    for name in made:
        await administer(str(postgres), f"DROP DATABASE {name} WITH (FORCE)")


async def administer(url: str, statement: str) -> None:
    engine = create_async_engine(parse_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def filled(url: str) -> str:
    database = Database(url)
    async with database.write() as work:
        await fill(work.connection)
    await database.close()
    return url


async def contents(url: str) -> dict[str, list[dict[str, object]]]:
    database = Database(url)
    try:
        async with database.read() as view:
            return await everything(view.connection)
    finally:
        await database.close()


@pytest.mark.parametrize(("source_kind", "target_kind"), DIRECTIONS)
async def test_every_value_of_every_table_arrives(new: New, source_kind: str, target_kind: str) -> None:
    source, target = await filled(await new(source_kind, migrated=True)), await new(target_kind)
    seen: dict[str, tuple[int, int]] = {}
    counts = await copy_database(source, target, lambda table, done, total: seen.update({table: (done, total)}))
    before, after = await contents(source), await contents(target)
    for table in every_table():
        assert after[table.name] == before[table.name], table.name
        assert len(after[table.name]) == ROWS
        assert seen[table.name] == (ROWS, ROWS)
    assert {one.table: (one.source, one.target) for one in counts} == {
        table.name: (ROWS, ROWS) for table in every_table()
    }


@pytest.mark.parametrize(("source_kind", "target_kind"), DIRECTIONS[:2])
async def test_a_conversation_goes_on_where_it_was(new: New, clock, source_kind: str, target_kind: str) -> None:
    source, target = await new(source_kind, migrated=True), await new(target_kind)
    before = await talk(source, clock, "1", "2")
    await copy_database(source, target, silent)
    after = await talk(target, clock, "2", "3")  # the second one is a repeat
    assert before == after[: len(before)]
    assert [direction for _, direction in after].count("inbound") == 3
    assert [seq for seq, _ in after] == list(range(1, len(after) + 1))


async def talk(url: str, clock, *platform_ids: str) -> list[tuple[int, str]]:
    """Say something under each id; (number, direction) of the one conversation's messages afterwards."""
    database = Database(url)
    try:
        spine = Spine(database, clock, known={"скільки": ("cost", 0.9)}, actions={})
        for platform_id in platform_ids:
            await spine.hear(inbound("скільки", platform_id=platform_id))
        await spine.settle()
        async with database.read() as view:
            rows = await view.connection.execute(text("SELECT seq, direction FROM messages ORDER BY seq"))
            return [(row.seq, row.direction) for row in rows]
    finally:
        await database.close()


async def test_it_may_be_begun_again_after_it_was_cut_off(new: New) -> None:
    source, target = await filled(await new("sqlite", migrated=True)), await new("postgresql")

    def cut_off(table: str, _done: int, _total: int) -> None:
        if table == "messages":
            raise KeyError(table)

    with pytest.raises(KeyError):
        await copy_database(source, target, cut_off)
    assert not any((await contents(target)).values())
    await copy_database(source, target, silent)
    assert await contents(target) == await contents(source)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_one_moment_is_copied(new: New, kind: str) -> None:
    """What is said meanwhile is in no table, rather than in some."""
    source, target = await filled(await new(kind, migrated=True)), await new("sqlite")
    before = await contents(source)

    async def write(name: str) -> None:
        database = Database(source)
        async with database.write() as work:
            await work.connection.execute(text("INSERT INTO marks VALUES (:name, 1)"), {"name": name})
            await work.connection.execute(text("INSERT INTO sessions VALUES (:name, '', NULL)"), {"name": name})
        await database.close()

    def write_meanwhile(table: str, done: int, _total: int) -> None:
        if table in ("articles", "sessions"):  # the first and one of the last
            writing = threading.Thread(target=lambda: asyncio.run(write(f"{table} {done}")))
            writing.start()
            writing.join()

    await copy_database(source, target, write_meanwhile)
    assert await contents(target) == before
    assert await contents(source) != before


async def test_a_target_with_something_in_it_is_left_alone(new: New) -> None:
    source, target = await filled(await new("sqlite", migrated=True)), await filled(await new("sqlite", migrated=True))
    before = await contents(target)
    with pytest.raises(CopyRefused, match=r"TO is not empty: .* has rows; drop it or choose another"):
        await copy_database(source, target, silent)
    assert await contents(target) == before


async def test_a_wrong_count_is_told_and_nothing_is_kept(new: New) -> None:
    source, target = await filled(await new("sqlite", migrated=True)), await new("sqlite", migrated=True)
    with closing(sqlite3.connect(str(parse_url(target).database))) as other, other:
        other.execute("CREATE TRIGGER losing BEFORE INSERT ON timers BEGIN SELECT RAISE(IGNORE); END")
    with pytest.raises(CopyRefused, match=f"nothing was copied: timers has {ROWS} rows, the copy 0"):
        await copy_database(source, target, silent)
    assert not any((await contents(target)).values())


async def test_a_row_that_does_not_fit_is_named(new: New) -> None:
    """SQLite does not mind a text that is too long."""
    source, target = await filled(await new("sqlite", migrated=True)), await new("postgresql")
    with closing(sqlite3.connect(str(parse_url(source).database))) as other, other:
        other.execute("UPDATE contacts SET phone = ? WHERE id = 2000", ("0" * 100,))
    with pytest.raises(CopyRefused, match=r"a row of contacts between 1000 and 7000 does not fit: .*too long"):
        await copy_database(source, target, silent)


async def test_wrong_ends_are_named(new: New, tmp_path: Path) -> None:
    source = await filled(await new("sqlite", migrated=True))
    with pytest.raises(SettingsError, match=r"FROM: there is no database at .*none\.db"):
        await copy_database(f"sqlite:///{tmp_path / 'none.db'}", source, silent)
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(SettingsError, match="TO: is the same database"):
        await copy_database(source, source.replace("sqlite:", "sqlite+aiosqlite:"), silent)
    empty = await new("sqlite")
    await asyncio.to_thread(Path(str(parse_url(empty).database)).touch)
    with pytest.raises(StorageUnavailable, match="FROM: the database is not up to date"):
        await copy_database(empty, await new("sqlite"), silent)


async def test_a_target_that_is_served_is_refused(new: New) -> None:
    source, target = await filled(await new("sqlite", migrated=True)), await new("sqlite")
    with owning(target), pytest.raises(StorageUnavailable, match="in use by process"):
        await copy_database(source, target, silent)


def test_no_table_is_forgotten() -> None:
    import gateway.app  # noqa: PLC0415
    import gateway.brain  # noqa: PLC0415
    from gateway.storage.schema import metadata  # noqa: PLC0415

    assert gateway.app.KINDS
    assert {table.name for table in every_table()} == set(metadata.tables)
