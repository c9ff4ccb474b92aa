"""The same program on PostgreSQL: prepared by the same commands, answering the same way."""

from __future__ import annotations

from pathlib import Path
from time import sleep

import httpx
import pytest
from playwright.sync_api import Browser

from gateway.operating.vitals import OFTEN
from tests.acceptance.conftest import DEMO, Customer, run, write_config
from tests.acceptance.test_handoff import DESKTOP, window
from tests.standins.postgres import PostgresServer, find_postgres
from tests.standins.program import Program


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


def test_a_server_that_was_away_breaks_no_loop_over_and_over(tmp_path: Path) -> None:
    """Loops that break over and over make a process unready for half a minute after the server is back."""
    binaries = find_postgres()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    with PostgresServer(binaries) as server:
        write_config(tmp_path, top=f'database_url = "{server.url}"')
        run(tmp_path, "migrate")
        with Program("serve", folder=tmp_path) as program:
            server.pause()
            sleep(8)
            server.resume()
            program.wait_for_metric("frontdesk_database_up", 1)
            lines = httpx.get(f"{program.base}/metrics", timeout=5).text.splitlines()
            breaks = {line for line in lines if line.startswith("frontdesk_loop_breaks{")}
    assert breaks
    # One that was cut off in the middle of the driver's own doings may break once.
    assert max(float(line.rpartition(" ")[2]) for line in breaks) < OFTEN
