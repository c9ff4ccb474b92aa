"""What the bot did not know comes before an editor, becomes a draft, and is counted in the reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import Customer, sign_in
from tests.acceptance.test_handoff import DESKTOP, PHONE, window
from tests.standins.browser import violations
from tests.standins.program import Program


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_unknown_question_becomes_an_article(staffed: Path, browser: Browser, size: dict[str, int]) -> None:
    with Program("serve", folder=staffed) as program:
        customer = Customer(window(browser, size), program.base)
        customer.says("синхрофазотрон бузкової мантри 0671234567")
        customer.sees("немає відповіді")
        editor = window(browser, size)
        sign_in(editor, program.base, to="/kb/asked")
        group = editor.locator(".asked-group")
        expect(group).to_contain_text("синхрофазотрон бузкової мантри •••", timeout=30_000)
        assert violations(editor) == []
        editor.get_by_role("button", name="Створити статтю").click()
        expect(editor.locator("[name='phrasings.uk']")).to_have_value("синхрофазотрон бузкової мантри")
        editor.goto(f"{program.base}/kb/asked")
        expect(editor.locator("#groups")).to_contain_text("Тут усе розібрано", timeout=30_000)
        for path in ("/reports", "/kb/dial", "/kb/proposals", "/canned"):
            editor.goto(f"{program.base}{path}")
            assert violations(editor) == []
