"""The same program on PostgreSQL: prepared by the same commands, answering the same way."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.storage.engine import parse_url
from tests.acceptance.conftest import DEMO, Customer, run, write_config
from tests.acceptance.test_handoff import DESKTOP, window
from tests.standins.program import Program


@pytest.fixture
def empty_database(postgres: str | None) -> str:
    """The URL of a new PostgreSQL database."""
    if postgres is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    name = f"whole_{uuid4().hex}"

    async def create() -> None:
        engine = create_async_engine(parse_url(postgres), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        await engine.dispose()

    # In a thread of its own: the browser keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(create())).result()
    return parse_url(postgres).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def test_a_customer_is_answered_and_handed_over(tmp_path: Path, empty_database: str, browser: Browser) -> None:
    write_config(tmp_path, top=f'database_url = "{empty_database}"')
    run(tmp_path, "migrate")
    run(tmp_path, "import", str(DEMO))
    with Program("serve", folder=tmp_path) as program:
        customer = Customer(window(browser, DESKTOP), program.base)
        customer.says("скільки коштує доставка")
        customer.sees("70 грн")
        program.kill()
        customer.says("покличте людину")
        program.start()
        customer.sees("Передаю розмову оператору")
