"""Statements over a list are looked up in an index on SQLite, however many rows there are."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import bots
import gateway
import handoff
import knowledge_base
import nlu
from gateway.storage.engine import Database
from gateway.storage.queries import Query

LIST = re.compile(r"\b(\w+)\.(\w+) IN \(SELECT value FROM json_each\(\?\)\)")


def statements() -> Iterator[tuple[str, Query]]:
    """Every statement over a list that a storage module keeps ready, by its name."""
    for package in (gateway, handoff, knowledge_base, nlu, bots):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "storage" in found.name and "migrations" not in found.name:
                for name, value in vars(importlib.import_module(found.name)).items():
                    if isinstance(value, Query) and "json_each" in value._written[0]:
                        yield f"{found.name}.{name}", value


@pytest.mark.parametrize("query", [pytest.param(query, id=name) for name, query in statements()])
async def test_a_list_is_looked_up(sqlite_database: Database, query: Query) -> None:
    sql = query._written[0]
    lists = LIST.findall(sql)
    assert lists, sql
    async with sqlite_database.read() as view:
        connection = await view.connection.get_raw_connection()
        cursor = await connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {sql}", ["[]"] * sql.count("?"))  # type: ignore[union-attr]
        plan = [row[3] for row in await cursor.fetchall()]
    searched = " ".join(line for line in plan if line.startswith("SEARCH"))
    assert not [line for line in plan if line.startswith("SCAN") and "json_each" not in line], plan
    # One of the lists is what the index is searched by; of two, the other may be a check.
    names = {"rowid" if column == "id" else column for _, column in lists}
    assert any(f"{name}=?" in searched for name in names), plan
