"""Statements that go to SQLite's thread once."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.storage import one_hop
from gateway.storage.one_hop import OneHopConnection, connector


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
    numbers.begin_with("begin")
    await numbers.rollback()
    assert not numbers.in_transaction
    numbers.begin_with("begin immediate")
    assert await numbers.run([("delete from n where i < ? returning i", (2,)), ("select max(i) from n", ())]) == [
        [(0,), (1,)],
        [(9,)],
    ]
    assert numbers.in_transaction
    await numbers.rollback()
    assert await numbers.run([("select count(*) from n", ())]) == [[(10,)]]
