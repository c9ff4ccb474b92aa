"""Statements that go to SQLite's thread once."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.storage import one_hop
from gateway.storage.one_hop import READ, VALUES_HERE, WRITE, OneHopConnection, connector


@pytest.fixture
async def numbers(tmp_path: Path) -> AsyncIterator[OneHopConnection]:
    """A table `n` with 0 to 9."""
    connection = await connector(str(tmp_path / "n.db"), timeout=1)()
    cursor = connection.cursor()
    await cursor.execute("create table n (i integer primary key)")
    await cursor.executemany("insert into n values (?)", [(number,) for number in range(10)])
    await connection.commit()
    yield connection
    await connection.close()


async def test_rows_come_with_the_statement(numbers: OneHopConnection) -> None:
    cursor = await numbers.cursor().execute("select i from n order by i")
    before = numbers._tx.qsize()
    assert [column[0] for column in cursor.description] == ["i"]
    assert await cursor.fetchone() == (0,)
    assert await cursor.fetchmany(2) == [(1,), (2,)]
    assert await cursor.fetchall() == [(number,) for number in range(3, 10)]
    assert await cursor.fetchone() is None
    await cursor.close()
    assert numbers._tx.qsize() == before


@pytest.mark.parametrize("sql", ["insert into n values (?)", "select i from n where i <> ?"])
async def test_the_drivers_own_cursor_does_not_outlive_its_statement(numbers: OneHopConnection, sql: str) -> None:
    """It would be let go of at any moment in this thread, and reset what a later one does in the other."""
    cursor = numbers.cursor()
    await (cursor.executemany(sql, [(77,), (78,)]) if sql.startswith("insert") else cursor.execute(sql, (5,)))
    alive = [one for one in gc.get_objects() if isinstance(one, sqlite3.Cursor) and one.connection is numbers._conn]
    assert alive == []


@pytest.mark.parametrize("together", [1, 3, 10, 11])
async def test_long_results_are_fetched_in_turn(
    numbers: OneHopConnection, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(one_hop, "FETCHED_AT_ONCE", together)
    cursor = await numbers.cursor().execute("select i from n order by i")
    found = [await cursor.fetchone(), *await cursor.fetchmany(4), *await cursor.fetchall()]
    assert found == [(number,) for number in range(10)]
    half_read = await numbers.cursor().execute("select i from n order by i")
    await half_read.fetchmany(2)
    await half_read.close()
    assert await half_read.fetchall() == []


async def test_what_a_statement_did(numbers: OneHopConnection) -> None:
    cursor = await numbers.cursor().execute("insert into n values (?)", (77,))
    assert (cursor.rowcount, cursor.lastrowid, cursor.description) == (1, 77, None)
    cursor = await numbers.cursor().execute("delete from n where i < ?", (5,))
    assert cursor.rowcount == 5
    with pytest.raises(sqlite3.IntegrityError):
        await numbers.cursor().execute("insert into n values (77)")


async def test_a_transaction_begins_with_its_first_statement(numbers: OneHopConnection) -> None:
    numbers.begin_with(READ)
    await numbers.rollback()
    assert not numbers.in_transaction
    numbers.begin_with(WRITE)
    assert await numbers.run([("delete from n where i < ? returning i", (2,)), ("select max(i) from n", ())]) == [
        [(0,), (1,)],
        [(9,)],
    ]
    assert numbers.in_transaction
    await numbers.rollback()
    assert await numbers.run([("select count(*) from n", ())]) == [[(10,)]]


@pytest.fixture
def hops(numbers: OneHopConnection, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the thread from now on."""
    gone: list[str] = []
    execute = numbers._execute

    def noted(act, *given, **named):
        gone.append(act.__name__)
        return execute(act, *given, **named)

    monkeypatch.setattr(numbers, "_execute", noted)
    return gone


@pytest.fixture
def other(tmp_path: Path, numbers: OneHopConnection) -> Iterator[sqlite3.Connection]:
    """Another process's connection, which has just begun to write."""
    with closing(sqlite3.connect(tmp_path / "n.db", isolation_level=None, timeout=0)) as connection:
        connection.execute(WRITE)
        yield connection


async def test_only_the_commit_of_changes_goes_to_the_thread(numbers: OneHopConnection, hops: list[str]) -> None:
    numbers.begin_with(READ)
    assert await numbers.run([("select count(*) from n", ())]) == [[(10,)]]
    await numbers.commit()
    numbers.begin_with(WRITE)
    await numbers.run([("delete from n where i = ?", (77,))])
    await numbers.commit()
    assert (hops, numbers.in_transaction) == ([], False)
    numbers.begin_with(WRITE)
    await numbers.run([("delete from n where i = ?", (7,))])
    await numbers.commit()
    assert hops == ["commit"]


async def test_much_at_a_time_goes_to_the_thread(numbers: OneHopConnection, hops: list[str]) -> None:
    given = tuple(range(100, 100 + VALUES_HERE))
    insert = (f"insert into n values {', '.join(['(?)'] * len(given))}", given)
    numbers.begin_with(WRITE)
    await numbers.run([insert, ("delete from n where i >= 100", ())])
    assert hops == []
    await numbers.run([insert, ("delete from n where i = ?", (7,))])
    assert hops == ["begin_and_act"]


async def test_another_process_that_writes_is_waited_for_in_the_thread(
    numbers: OneHopConnection, other: sqlite3.Connection, hops: list[str]
) -> None:
    numbers.begin_with(WRITE)
    waiting = asyncio.create_task(numbers.run([("delete from n where i = ?", (7,))]))
    await asyncio.sleep(0.1)
    assert (hops, waiting.done()) == (["begin_and_act"], False)
    other.execute("commit")
    await waiting
    await numbers.commit()
    assert other.execute("select count(*) from n").fetchone() == (9,)


async def test_another_process_that_writes_too_long(numbers: OneHopConnection, other: sqlite3.Connection) -> None:
    numbers.begin_with(WRITE)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await numbers.run([("delete from n where i = ?", (7,))])
    await numbers.rollback()
    numbers.begin_with(READ)
    assert await numbers.run([("select count(*) from n", ())]) == [[(10,)]]


async def test_who_went_away_leaves_nothing_behind(numbers: OneHopConnection) -> None:
    numbers.begin_with(WRITE)
    gone = asyncio.create_task(numbers.hop(lambda connection: connection.execute("delete from n")))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    await numbers.rollback()
    assert not numbers.in_transaction
    assert await numbers.run([("select count(*) from n", ())]) == [[(10,)]]
