"""Many rows in one statement: both databases keep each value as it was given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, select

from gateway.storage import tables
from gateway.storage.engine import Database
from gateway.storage.lists import among
from gateway.storage.queries import Query
from gateway.storage.rows import LARGEST, Rows, for_sqlite

NOW = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
NAMES = ["Оля", 'O\'Neil "x"', "", "{}", "₴ 🕊️ e\u0301", "\\n\n\t", "$1 %(a)s :b ?", None]


def person(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": NAMES[number % len(NAMES)],
        "details": '{"місто":"Київ"}',
        "created_at": NOW + timedelta(microseconds=number),
    }


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, 200])
async def test_rows_come_back_as_they_went_in(database: Database, count: int) -> None:
    async with database.write() as work:
        for number in range(1, count + 1):
            work.gathering.insert(tables.contacts, person(number))
    async with database.read() as view:
        found = await view.contacts.several(range(1, count + 1))
    assert [(found[n].name, found[n].created_at) for n in sorted(found)] == [
        (row["name"], row["created_at"]) for row in map(person, range(1, count + 1))
    ]


async def test_each_row_gets_its_own_change(database: Database) -> None:
    async with database.write() as work:
        for number in range(1, 71):
            work.gathering.insert(tables.contacts, person(number))
        await work.gathering.flush()
        for number in range(1, 71, 2):
            work.contacts.update(number, name=f"№{number}", details={"a": str(number)})
        for number in range(2, 71, 2):
            work.contacts.update(number, language="en")
    async with database.read() as view:
        found = await view.contacts.several(range(1, 71))
    assert [found[n].name for n in (1, 69)] == ["№1", "№69"]
    assert found[69].details == {"a": "69"}
    assert {found[n].language for n in range(2, 71, 2)} == {"en"}
    assert {found[n].language for n in range(1, 71, 2)} == {None}


async def test_rows_that_are_there_are_passed_over(database: Database) -> None:
    async with database.write() as work:
        work.gathering.insert(tables.contacts, person(1))
        rows = [{"contact_id": 1, "channel": "shop", "address": address} for address in "aba"]
        await work.gathering.insert_new(tables.identities, rows)
        await work.gathering.insert_new(tables.identities, rows)
        assert [identity.address for identity in await work.contacts.identities(1)] == ["a", "b"]


def test_few_different_statements_are_planned() -> None:
    sizes = {
        sql
        for count in range(1, 500)
        for sql, _ in for_sqlite(Rows(tables.contacts, ("id", "name"), [{"id": 1, "name": "x"}] * count))
    }
    assert len(sizes) == LARGEST.bit_length()


async def test_what_was_gathered_is_in_an_answer(database: Database) -> None:
    query = Query(
        select(tables.contacts.c.name, tables.contacts.c.created_at).where(
            among(tables.contacts.c.id, "ids"), tables.contacts.c.language == bindparam("language")
        )
    )
    async with database.write() as work:
        work.gathering.insert(tables.contacts, {**person(1), "language": "uk"})
        asked = (query, {"ids": [1, 2], "language": "uk"})
        assert await work.gathering.ask(asked, (query, {"ids": [2], "language": "uk"})) == [
            [(person(1)["name"], person(1)["created_at"])],
            [],
        ]
