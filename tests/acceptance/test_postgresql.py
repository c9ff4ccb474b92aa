"""The same program on PostgreSQL: prepared by the same commands, answering the same way."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.acceptance.conftest import DEMO, Customer, run, write_config
from tests.acceptance.test_handoff import DESKTOP, window
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
