"""A request that fails can be found again: by the id its answer carries, in the line that tells why."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from gateway.texts import Texts
from tests.gateway.flaky import FlakyDatabase
from tests.gateway.webhouse import WebHouse


@pytest.fixture
async def house(migrated_sqlite: Path, tmp_path: Path, clock) -> AsyncIterator[WebHouse]:
    path = tmp_path / "web.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = FlakyDatabase(f"sqlite:///{path}")
    yield WebHouse(database, clock, Texts())
    await database.close()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("path", ["/fail/bug", "/fail/away", "/fail/missing", "/nowhere", "/hello"])
async def test_a_failure_carries_the_callers_id(house: WebHouse, path: str, accept: str) -> None:
    async with house.visitor(accept=accept) as client:
        with structlog.testing.capture_logs() as lines:
            answer = await client.get(path, headers={"X-Request-Id": "proxy-7.1"})
    assert answer.headers["x-request-id"] == "proxy-7.1"
    assert {line["request"] for line in lines} <= {"proxy-7.1"}
    assert bool(lines) == (path in ("/fail/bug", "/fail/away"))


@pytest.mark.parametrize("given", [None, "", "two words", "x" * 65, 'a"b', b"\xff"])
async def test_an_id_that_could_pretend_to_be_more_is_replaced(house: WebHouse, given: str | bytes | None) -> None:
    headers = {} if given is None else {"X-Request-Id": given}
    async with house.visitor(accept="application/json") as client:
        with structlog.testing.capture_logs() as lines:
            answer = await client.get("/fail/bug", headers=headers)
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert [line["request"] for line in lines] == [answer.headers["x-request-id"]]


async def test_what_went_well_needs_none(house: WebHouse) -> None:
    async with house.visitor() as client:
        answer = await client.get("/login", headers={"X-Request-Id": "proxy-7"})
    assert "x-request-id" not in answer.headers


async def test_a_bug_names_the_route_and_not_what_was_asked_for(house: WebHouse) -> None:
    async with house.visitor() as client:
        with structlog.testing.capture_logs() as lines:
            await client.get("/fail/bug?phone=380671234567")
    assert [line["route"] for line in lines] == ["/fail/{kind}"]
