"""An editor corrects an article, publishes it, and the bot answers anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import Customer, sign_in
from tests.acceptance.test_handoff import DESKTOP, PHONE, window
from tests.standins.browser import violations
from tests.standins.program import Program


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_correction_reaches_customers(staffed: Path, browser: Browser, size: dict[str, int]) -> None:
    with Program("serve", folder=staffed) as program:
        editor = window(browser, size)
        sign_in(editor, program.base, to="/kb")
        assert violations(editor) == []
        editor.goto(f"{program.base}/kb/articles/delivery-cost")
        answer = editor.locator("textarea[name='answers.uk.default']")
        answer.fill("Тепер усюди **99 грн**.")
        assert violations(editor) == []
        editor.get_by_role("button", name="Опублікувати").click()
        expect(editor.locator("body")).to_contain_text("Працює", timeout=60_000)
        customer = Customer(window(browser, size), program.base)
        customer.says("скільки коштує доставка")
        customer.sees("99 грн")
