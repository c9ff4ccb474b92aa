"""An editor writes a snippet, an article says it, and a change of it reaches customers with one click."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Route, expect

from tests.acceptance.conftest import Customer, sign_in
from tests.acceptance.test_handoff import DESKTOP, PHONE, window
from tests.standins.browser import violations
from tests.standins.program import Program


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_one_change_reaches_every_answer(staffed: Path, browser: Browser, size: dict[str, int]) -> None:
    with Program("serve", folder=staffed) as program:
        editor = window(browser, size)
        sign_in(editor, program.base, to="/kb/snippets")
        assert violations(editor) == []
        editor.get_by_role("link", name="Нова вставка").click()
        editor.get_by_label("Назва").fill("pay_how")
        editor.locator("[name='text.uk']").fill("Платіть **карткою**, {{ contact.name | default: 'друже' }}")
        expect(editor.locator("#preview-uk strong").first).to_have_text("карткою", timeout=30_000)
        assert violations(editor) == []
        editor.get_by_role("button", name="Зберегти", exact=True).click()
        expect(editor.locator("h1")).to_have_text("pay_how")

        editor.goto(f"{program.base}/kb/articles/payment-methods")
        editor.locator("[name='answers.uk.default']").fill("Отак: {{ snippets.pay_how }}")
        expect(editor.locator("#preview-uk strong").first).to_have_text("карткою", timeout=30_000)
        editor.get_by_role("button", name="Опублікувати", exact=True).click()
        expect(editor.locator(".kb-flash").first).to_contain_text("Опубліковано")

        editor.goto(f"{program.base}/kb/snippets/pay_how")
        editor.locator("[name='text.uk']").fill("Платіть готівкою")
        editor.get_by_role("button", name="Зберегти", exact=True).click()
        editor.goto(f"{program.base}/kb/changes")
        expect(editor.locator("#main")).to_contain_text("готівкою")
        assert violations(editor) == []
        editor.goto(f"{program.base}/kb/snippets/pay_how")
        assert violations(editor) == []
        editor.get_by_role("button", name="Зберегти й опублікувати").click()
        expect(editor.locator(".kb-flash").first).to_contain_text("Опубліковано")
        editor.goto(f"{program.base}/kb/snippets")
        expect(editor.locator("tbody tr")).to_contain_text("Працює")
        assert violations(editor) == []

        customer = Customer(window(browser, size), program.base)
        customer.says("способи оплати")
        customer.sees("Отак: Платіть готівкою")


def test_what_is_typed_before_the_page_is_ready(staffed: Path, browser: Browser) -> None:
    """On a slow line the words come before the scripts: their preview is shown, and leaving asks about them."""
    held: list[Route] = []
    asked: list[str] = []

    def hold(route: Route) -> None:
        held.append(route)

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    with Program("serve", folder=staffed) as program:
        editor = window(browser, DESKTOP)
        sign_in(editor, program.base, to="/kb/snippets")
        for address, area in (
            ("/kb/snippets/new-snippet", "text.uk"),
            ("/kb/articles/payment-methods", "answers.uk.default"),
        ):
            editor.route("**/htmx.min*.js*", hold)
            editor.goto(program.base + address, wait_until="commit")
            editor.locator(f"[name='{area}']").fill("Платіть **карткою**")
            held.pop().continue_()
            editor.unroute("**/htmx.min*.js*", hold)
            expect(editor.locator("#preview-uk strong").first).to_have_text("карткою", timeout=30_000)
            editor.once("dialog", leave)
            editor.goto(program.base + "/kb/snippets")
        assert asked == ["beforeunload"] * 2
        assert held == []


def test_what_takes_away_asks_before_the_page_is_ready(staffed: Path, browser: Browser) -> None:
    """On a slow line a button is pressed before the scripts: it asks all the same, and a no is a no."""
    held: list[Route] = []
    asked: list[str] = []

    def hold(route: Route) -> None:
        held.append(route)

    def refuse(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    with Program("serve", folder=staffed) as program:
        editor = window(browser, DESKTOP)
        sign_in(editor, program.base, to="/kb")
        editor.on("dialog", refuse)
        editor.route("**/htmx.min*.js*", hold)
        editor.goto(f"{program.base}/kb/articles/payment-methods", wait_until="commit")
        editor.locator("button[value=archive]").click(no_wait_after=True)
        held.pop().continue_()
        editor.unroute("**/htmx.min*.js*", hold)
        assert asked == ["confirm"]
        editor.goto(f"{program.base}/kb/articles/payment-methods/history")
        expect(editor.locator("#main")).not_to_contain_text("В архіві")


def test_leaving_what_nobody_touched_asks_nothing(staffed: Path, browser: Browser) -> None:
    asked: list[str] = []

    def note(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    with Program("serve", folder=staffed) as program:
        editor = window(browser, DESKTOP)
        editor.on("dialog", note)
        sign_in(editor, program.base, to="/kb/articles/payment-methods")
        expect(editor.locator("#dirty")).to_be_hidden()
        # A browser asks only of who touched the page: look at another language's tab, at another kind of channel.
        editor.locator("h1").click()
        editor.locator("[name='kb-surface']").last.check(force=True)
        expect(editor.locator("#dirty")).to_be_hidden()
        editor.goto(f"{program.base}/kb/snippets/new-snippet")
        editor.locator("h1").click()
        editor.goto(f"{program.base}/kb/articles/payment-methods")
        editor.locator("[name='answers.uk.default']").fill("Інше")
        expect(editor.locator("#dirty")).to_be_visible()
        assert asked == []
        editor.goto(f"{program.base}/kb")
        assert asked == ["beforeunload"]
