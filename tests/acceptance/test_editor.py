"""An editor corrects an article, publishes it, and the bot answers anew."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import PASSWORD, Customer, run, sign_in
from tests.acceptance.test_handoff import DESKTOP, PHONE, window
from tests.standins.browser import violations
from tests.standins.program import Program


def wait_for_words(program: Program, words: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while words not in program.log:
        assert time.monotonic() < deadline, program.log
        time.sleep(0.1)


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


def test_a_stop_waits_for_no_training_and_the_next_start_makes_up_for_it(staffed: Path, browser: Browser) -> None:
    with Program("serve", folder=staffed) as program:
        editor = window(browser, DESKTOP)
        sign_in(editor, program.base, to="/kb/articles/delivery-cost")
        editor.locator("textarea[name='answers.uk.default']").fill("Тепер усюди **99 грн**.")
        editor.get_by_role("button", name="Опублікувати").click()
        expect(editor.locator("#training progress")).to_be_visible()
        assert program.stop() == 0
        assert "put_off_by_stop" in program.log
        assert "Traceback" not in program.log
        program.start()
        wait_for_words(program, "model_trained revision=2")


def test_where_signatures_are_asked_for_a_reviewer_sees_what_it_does_and_signs(staffed: Path, browser: Browser) -> None:
    words = ("rada@example.com", "--name", "Рада", "--role", "reviewer")
    run(staffed, "add-staff", *words, FRONTDESK_PASSWORD=PASSWORD)
    with Program("serve", folder=staffed, environ={"FRONTDESK_KNOWLEDGE_REVIEW": "true"}) as program:
        editor = window(browser, DESKTOP)
        sign_in(editor, program.base, to="/kb")
        editor.goto(f"{program.base}/kb/articles/delivery-cost")
        expect(editor.get_by_role("button", name="Опублікувати")).to_have_count(0)
        editor.locator("textarea[name='answers.uk.default']").fill("Тепер усюди **99 грн**.")
        editor.locator(".kb-main").get_by_role("button", name="На перевірку").click()
        expect(editor.locator("body")).to_contain_text("передано на перевірку")

        reviewer = window(browser, PHONE)
        sign_in(reviewer, program.base, "rada@example.com", to="/kb/reviews")
        assert violations(reviewer) == []
        reviewer.get_by_role("link", name="Читати").click()
        expect(reviewer.locator(".rv-figures")).to_be_visible(timeout=60_000)
        assert violations(reviewer) == []
        reviewer.get_by_role("button", name="Підписати й опублікувати").click()
        expect(reviewer.locator("body")).to_contain_text("Опубліковано", timeout=60_000)
        customer = Customer(window(browser, PHONE), program.base)
        customer.says("скільки коштує доставка")
        customer.sees("99 грн")
