"""Previews: an answer as each kind of channel will show it, and what it will not."""

from __future__ import annotations

import pytest

from gateway.channels import Capabilities, Idempotency, Markup
from gateway.settings import Company
from knowledge_base.articles import ArticleButton, ButtonAction
from knowledge_base.previews import Bubble, Previewer, samples_in
from knowledge_base.templates import KNOWN
from tests.knowledge_base.fakes import InlineChecker, an_article

RICH = Capabilities(
    text_limit=4096, markup=Markup.HTML, idempotency=Idempotency.NEITHER, buttons=8, button_label_limit=40
)
PLAIN = Capabilities(text_limit=60, markup=Markup.PLAIN, idempotency=Idempotency.NEITHER)
NARROW = Capabilities(
    text_limit=500, markup=Markup.MARKDOWN, idempotency=Idempotency.NEITHER, buttons=3, button_label_limit=6
)
BUTTONS = (
    ArticleButton(label={"en": "Talk to a person"}, action=ButtonAction.HANDOFF),
    ArticleButton(label={"en": "Call"}, action=ButtonAction.CALLBACK),
)


async def bubbles(company: Company, answer: str, **samples: str) -> dict[str, Bubble]:
    previewer = Previewer(InlineChecker(), company, {"en": "9–18"}, {"telegram": RICH, "sms": PLAIN, "slack": NARROW})
    assert previewer.surfaces == ("webchat", "telegram", "slack", "sms")
    article = an_article(answers={"en": {"default": answer}}, buttons=BUTTONS)
    given = {name.replace("__", "."): value for name, value in samples.items()}
    found = await previewer.bubbles(article, customer_known=True, samples=given)
    return {bubble.surface: bubble for bubble in found["en"]}


def words(bubble: Bubble) -> list[str]:
    return [warning.text() for warning in bubble.warnings]


async def test_what_a_channel_shows_as_written_has_no_warning(company: Company) -> None:
    shown = await bubbles(company, "**Yes**, at once.")
    assert words(shown["telegram"]) == []
    assert shown["telegram"].buttons == ("Talk to a person", "Call")
    assert "<strong>Yes</strong>" in shown["telegram"].html
    assert (shown["telegram"].length, shown["telegram"].limit) == (17, 4096)
    assert (shown["webchat"].warnings, shown["webchat"].limit) == ((), 0)


async def test_a_plain_and_short_channel_says_what_it_does_to_the_answer(company: Company) -> None:
    shown = (await bubbles(company, "**Yes**, " + "we deliver everywhere, " * 5))["sms"]
    assert shown.buttons == ()
    assert shown.more
    assert "<strong>" not in shown.html
    assert "1. Talk to a person" in str(shown.more[-1])
    first, second, third = words(shown)
    assert first.startswith("Too long for one message here")
    assert second.startswith("There are no such buttons here")
    assert third.startswith("Bold words")


async def test_cut_labels_are_said(company: Company) -> None:
    shown = (await bubbles(company, "Yes."))["slack"]
    assert len(shown.buttons[0]) <= 6
    assert words(shown) == ["A button’s label is too long here and is cut."]


async def test_an_editors_own_samples_are_filled_in(company: Company) -> None:
    shown = await bubbles(company, "Hello {{ contact.name }}, {{ company.hours }}.", contact__name="<Ivan>")
    assert shown["webchat"].html == "<p>Hello &lt;Ivan&gt;, 9–18.</p>"


async def test_a_broken_template_is_broken_everywhere(company: Company) -> None:
    assert all(bubble.broken for bubble in (await bubbles(company, "{{ oops")).values())


def test_samples_come_from_their_own_fields() -> None:
    form = {"sample.contact.name": " Ivan\n", "sample.company.hours": " ", "answers.en.default": "x"}
    assert samples_in(form) == {"contact.name": "Ivan"}


@pytest.mark.parametrize("language", ["uk", "ru", "en"])
def test_every_variable_there_is_has_a_description_and_a_sample(company: Company, language: str) -> None:
    full = {"email": "a@b.example", "site": "https://b.example", "phone": "0800"}
    known = Previewer(InlineChecker(), Company(name=company.name, **full), {language: "9–18"}).variables(language)
    assert all(variable.about and variable.sample for variable in known)
    everything = {f"{group}.{name}" for group, names in KNOWN.items() for name in names}
    assert {variable.name for variable in known} == everything
