"""SQLite connections that stay open from one transaction to the next."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text

from gateway.errors import StorageUnavailable
from gateway.storage.engine import Database
from gateway.storage.lines import Line, Lines
from gateway.storage.one_hop import WRITE

INSERT = [("insert into n values (?)", (1,))]


@pytest.fixture
async def lines(tmp_path: Path) -> AsyncIterator[Lines]:
    """One line to a table `n` that is empty."""
    database = Database(f"sqlite:///{tmp_path / 'n.db'}")
    made = Lines(database._writer, begin=WRITE, size=1, patience=0.2)
    async with made.transaction() as line:
        await line.connection.execute(text("create table n (i integer primary key)"))
    yield made
    await made.close()
    await database.close()


async def count(lines: Lines) -> int:
    async with lines.transaction() as line:
        [[(number,)]] = await line.driver.run([("select count(*) from n", ())])
    return int(number)


async def fail(lines: Lines, error: BaseException, kept: list[Line]) -> None:
    """A transaction that ends badly."""
    async with lines.transaction() as line:
        kept.append(line)
        await line.driver.run(INSERT)
        await line.connection.execute(text("insert into n values (2)"))
        raise error


async def hang_up(lines: Lines) -> None:
    async with lines.transaction() as line:
        await line.driver.close()
        await line.driver.run(INSERT)


async def test_the_drivers_words_and_sqlalchemys_are_one_transaction(lines: Lines) -> None:
    async with lines.transaction() as line:
        await line.driver.run(INSERT)
        await line.connection.execute(text("insert into n values (2)"))
        await line.driver.run([("insert into n values (?)", (3,))])
    assert await count(lines) == 3


@pytest.mark.parametrize("by", [RuntimeError, asyncio.CancelledError])
async def test_what_ends_badly_is_undone_and_the_line_kept(lines: Lines, by: type[BaseException]) -> None:
    kept: list[Line] = []
    with pytest.raises(by):
        await fail(lines, by(), kept)
    assert await count(lines) == 0
    async with lines.transaction() as again:
        assert [again] == kept


async def write_nonsense(lines: Lines) -> None:
    async with lines.transaction() as line:
        await line.driver.run([*INSERT, ("insert into m values (?)", (7,))])


async def test_a_commit_that_fails_is_undone(lines: Lines) -> None:
    async with lines.transaction() as line:
        await line.connection.execute(text("create table m (i references n deferrable initially deferred)"))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        await write_nonsense(lines)
    assert await count(lines) == 0


async def test_a_line_that_broke_is_replaced(lines: Lines) -> None:
    with pytest.raises(ValueError, match="no active connection"):
        await hang_up(lines)
    assert await count(lines) == 0


async def test_who_waits_too_long_is_told(lines: Lines) -> None:
    async with lines.transaction():
        with pytest.raises(StorageUnavailable, match="too busy"):
            await count(lines)
    assert await count(lines) == 0


async def test_others_wait_their_turn(lines: Lines) -> None:
    async with lines.transaction() as line:
        await line.driver.run(INSERT)
        others = [asyncio.create_task(count(lines)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert not any(other.done() for other in others)
    assert await asyncio.gather(*others) == [1, 1, 1]


async def test_who_is_cut_off_twice_blocks_nobody(lines: Lines) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with lines.transaction() as line:
            await line.driver.run(INSERT)
            begun.set()
            await line.driver.hop(lambda connection: connection.execute("insert into n values (2)"))

    task = asyncio.create_task(write())
    await begun.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([task])
    async with asyncio.timeout(20):
        assert await count(lines) == 0


def is_closed(line: Line) -> bool:
    try:
        line.driver.in_transaction  # noqa: B018 — asks the connection
    except ValueError:
        return True
    return False


async def test_what_is_in_use_at_closing_closes_when_it_ends(lines: Lines) -> None:
    async with lines.transaction() as line:
        await line.driver.run(INSERT)
        await lines.close()
        assert not is_closed(line)
    assert is_closed(line)
    assert await count(lines) == 1


async def test_what_is_being_undone_at_closing_closes_too(lines: Lines) -> None:
    begun: asyncio.Future[Line] = asyncio.get_running_loop().create_future()

    async def write() -> None:
        async with lines.transaction() as line:
            begun.set_result(line)
            await line.driver.hop(lambda connection: connection.execute("insert into n values (2)"))

    task = asyncio.create_task(write())
    line = await begun
    task.cancel()
    await asyncio.sleep(0)
    await lines.close()
    await asyncio.wait([task])
    assert is_closed(line)
    assert await count(lines) == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("ticks", range(12))
def test_a_program_ends_though_a_transaction_outlives_its_database(tmp_path: Path, ticks: int) -> None:
    async def live() -> asyncio.Task[None]:
        database = Database(f"sqlite:///{tmp_path / 'n.db'}")
        inside, told = asyncio.Event(), asyncio.Event()

        async def write() -> None:
            async with database.write() as work:
                await work.connection.execute(text("create table if not exists n (i integer primary key)"))
                inside.set()
                await told.wait()

        writing = asyncio.create_task(write())
        await inside.wait()
        await database.close()
        told.set()
        for _ in range(ticks):
            await asyncio.sleep(0)
        writing.cancel()
        return writing

    ended = Thread(target=lambda: asyncio.run(live()), daemon=True)
    ended.start()
    ended.join(20)
    assert not ended.is_alive()
    gc.collect()


SLOW = text("with recursive c(x) as (select 1 union all select x + 1 from c where x < 300000) select count(*) from c")


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("cuts", [0, 1, 2])
def test_a_program_ends_though_a_statement_is_under_way(tmp_path: Path, cuts: int) -> None:
    """Cut off `cuts` times before its event loop ends, which cuts it off once more."""

    async def live() -> None:
        database = Database(f"sqlite:///{tmp_path / 'n.db'}")
        begun = asyncio.Event()

        async def write() -> None:
            async with database.write() as work:
                begun.set()
                await work.connection.execute(SLOW)

        writing = asyncio.create_task(write())
        await begun.wait()
        for _ in range(cuts):
            await asyncio.sleep(0.005)
            writing.cancel()
        await asyncio.sleep(0)
        await database.close()

    ended = Thread(target=lambda: asyncio.run(live()), daemon=True)
    ended.start()
    ended.join(20)
    assert not ended.is_alive()
