"""`frontdesk demo` in an empty folder: one command, and everything is there."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import Customer
from tests.acceptance.test_handoff import DESKTOP, window
from tests.standins.program import Program


def test_one_command_and_everything_is_there(tmp_path: Path, browser: Browser) -> None:
    with Program("demo", folder=tmp_path) as program:
        assert "olena@zhuravlyk.example" in program.log
        for address in ("/", "/widget.js", "/health/live", "/metrics", "/schema/openapi.json"):
            assert httpx.get(program.base + address).status_code == 200
        named = {"authorization": "Bearer zhuravlyk"}
        assert len(httpx.get(f"{program.base}/api/v1/articles", headers=named).json()) == 34
        customer = Customer(window(browser, DESKTOP), program.base, "en")
        customer.says("how much is delivery")
        customer.sees("70 UAH")
        assert program.stop() == 0
        program.start()
        customer.says("thank you")
        expect(customer.log).to_contain_text("welcome", ignore_case=True, timeout=30_000)
