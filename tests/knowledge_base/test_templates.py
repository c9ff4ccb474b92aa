"""Templates: what they may say, that nothing else gets through, and that no source hangs or leaks."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.errors import TemplateError
from knowledge_base.articles import tidy_text
from knowledge_base.problems import TemplateRefused
from knowledge_base.template_engine import OUTPUT_LIMIT
from knowledge_base.templates import check, plain, render

VARIABLES = {
    "company": {"name": "Журавлик", "phone": "", "hours": "2026-11-21T09:30"},
    "contact": {},
    "entities": {"order_number": "ZH123456789UA"},
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Це {{ company.name }}.", "Це Журавлик."),
        ("{% if entities.order_number %}Посилка {{ entities.order_number }}{% else %}Номер?{% endif %}", None),
        ("{% if contact.name %}{{ contact.name }}, {% endif %}вітаємо", "вітаємо"),
        ("{% if company.phone %}є{% else %}немає{% endif %}", "немає"),
        ("{% unless contact.name %}Як вас звати?{% endunless %}", "Як вас звати?"),
        ("{% case company.name %}{% when 'Інша' %}а{% when 'Журавлик', 'Ж' %}б{% else %}в{% endcase %}", "б"),
        ("{{ contact.name | default: 'друже' }}", "друже"),
        ("{{ company.name | upcase }} {{ company.name | downcase }}", "ЖУРАВЛИК журавлик"),
        ("{{ 'нова Пошта' | capitalize }}", "Нова Пошта"),
        ("{{ company.hours | date: '%d.%m.%Y %H:%M' }}", "21.11.2026 09:30"),
        ("{{ company.name | date }}", "Журавлик"),
        ("{{ '2,5' | round }} {{ '3.14159' | round: 2 }} {{ 'багато' | round }}", "3 3.14 багато"),
        ("{{- company.name -}}   !", "Журавлик!"),
        ("{% if company.name contains 'рав' and company.name != 'x' %}так{% endif %}", "так"),
        ("рядок 1\n\n\n\n{% if contact.name %}x{% endif %}\n\nрядок 2", "рядок 1\n\nрядок 2"),
        ("дужки } і {текст} лишаються, 100 %", "дужки } і {текст} лишаються, 100 %"),
    ],
)
def test_what_templates_can_say(source: str, text: str | None) -> None:
    assert render(source, VARIABLES).text == (text or "Посилка ZH123456789UA")


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("а\n{% for x in y %}{% endfor %}", 2, "the tag “for” is not allowed"),
        ("{% assign x = 1 %}", 1, "“assign” is not allowed"),
        ("{% include 'x' %}", 1, "“include” is not allowed"),
        ("{% raw %}{{ x }}{% endraw %}", 1, "“raw” is not allowed"),
        ("{% # comment %}", 1, "is not allowed"),
        ("\n\n{{ company.name", 3, "“{{” is never closed by “}}”"),
        ("{{ company.{{ name }}", 1, "opened again"),
        ("а\nб{% if company.name %}", 2, "“if” is never closed by “endif”"),
        ("{% endif %}", 1, "“endif” closes no condition"),
        ("{% if a.b %}{% endunless %}", 1, "“endunless” closes no condition"),
        ("{% if a.b %}\n{% else %}\n{% elsif a.c %}{% endif %}", 3, "“elsif” stands in no condition"),
        ("{% if a.b %}{% when 1 %}{% endif %}", 1, "“when” stands in no condition"),
        ("{{ company }}", 1, "“company” is no variable"),
        ("{{ company.name.size }}", 1, "is no variable"),
        ("{{ company[contact.name] }}", 1, "is no variable"),
        ("{{ company.name[0] }}", 1, "is no variable"),
        ("{{ now }}", 1, "“now” is no variable"),
        ("{{ (1..999999999) }}", 1, "is no variable"),
        ("x\n{{ company.name | append: 'x' }}", 2, "the filter “append” is not allowed"),
        ("{{ company.name | replace: 'x', 'y' }}", 1, "the filter “replace” is not allowed"),
        ("{{ company.name | upcase: 1 }}", 1, "cannot be filled in"),
        ("{{ company.hours | date: '%999999999d' }}", 1, "unknown %9"),
        ("{{ }}", 1, "cannot be read"),
        ("{% if company.name company.phone %}{% endif %}", 1, "cannot be read"),
        ("{% if company.name < 3 %}{% endif %}", 1, "cannot be filled in"),
        ("{{ company.name | }}", 1, "cannot be read"),
        ("{% if a.b %}" * 9 + "{% endif %}" * 9, 1, "too deep"),
        ("{{ a.b }}" * 51, 1, "more than 50 variables"),
        ("{% if a.b %}{% endif %}" * 51, 1, "more than 100 tags"),
        ("ж" * 2049, 1, "longer than 4096 bytes"),
        ("{{ a.b" + " " * 300 + "}}", 1, "too long"),
    ],
)
def test_what_is_refused_and_where(source: str, line: int, reason: str) -> None:
    with pytest.raises(TemplateRefused) as caught:
        check(source)
    assert reason in caught.value.reason
    assert caught.value.line == line


def test_the_greatest_allowed_is_allowed() -> None:
    check("{{ company.name }}" * 50)
    check("ж" * 2048)
    check("{% if company.name %}" * 8 + "{% endif %}" * 8)


def test_missing_and_unknown_variables_are_reported() -> None:
    assert check("{{ company.nmae }} {% if entities.order %}x{% endif %} {{ company.name }}") == (
        "company.nmae",
        "entities.order",
    )
    # Looked at by `if` only, a missing value is no loss; put into words, it is.
    rendered = render("{% if contact.phone %}x{% endif %}{{ contact.name }}{{ contact.name }}", VARIABLES)
    assert rendered.missing == ("contact.name",)
    assert render("{{ contact.name | upcase }}", VARIABLES).missing == ("contact.name",)
    assert render("{{ contact.name | default: 'друже' }}", VARIABLES).missing == ()


def test_a_long_value_does_not_drown_the_answer() -> None:
    assert len(render("{{ contact.name }}", {"contact": {"name": "x" * 100_000}}).text) == 500


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Вітаємо, {{ contact.name }}! Ціна 70.", "Вітаємо, ! Ціна 70."),
        ("{% if a.b %}перша{% else %}друга{% endif %} і кінець", "друга і кінець"),
        ("{% if a.b %}єдина{% endif %}", "єдина"),
        ("{% case a.b %}{% when 1 %}раз{% else %}інше{% endcase %}", "інше"),
        ("поламане {{ a.b | nope }} тут", "поламане  тут"),
        ("незакрите {{ тут", "незакрите {{ тут"),
    ],
)
def test_plain_words_stand_in(source: str, text: str) -> None:
    assert plain(source) == text


# --- nothing hangs, leaks or grows ---------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        "{{", "}}", "{%", "%}", "{{ ", " }}", "{% if ", "{% endif %}", "{% else %}", "{% case company.name %}",
        "{% when company.name, company.name %}", "{% endcase %}", "{% unless ", "{% endunless %}", "company.name",
        "contact.__class__", "company.name.__init__.__globals__", "company['name']", "(1..99999999)", " | default: ",
        " | upcase", " | date: '%99999Y'", " | round: 9999999", " contains ", " and ", " or ", "==", "'", '"', "[", "]",
        "1e9999", "-", "#", "{% raw %}", "{% endraw %}", "{% comment %}", "{% liquid ", "blank", "empty", "nil", " ",
        "\n", "ж", "\ud800", "\x00", "9" * 50,
    ]
)  # fmt: skip
_SOURCES = st.lists(_PIECES, max_size=60).map("".join) | st.text(max_size=300)


@settings(max_examples=400)
@given(source=_SOURCES, name=st.text(max_size=50))
@example(source="{{" + " " * 4000, name="")
@example(source=("{%" + " " * 78) * 51, name="")
@example(
    source="".join("{% case company.name %}{% when " + ",".join(["company.name"] * 12) + " %}" for _ in range(8))
    + "x"
    + "{% endcase %}" * 8,
    name="a",
)
def test_no_template_hangs_leaks_or_grows(source: str, name: str) -> None:
    started = time.perf_counter()
    text, line = "", 1
    try:
        check(source)
        text = render(source, {"company": {"name": name}}).text
    except TemplateError as error:
        line = error.line
    assert 1 <= line <= source.count("\n") + 1
    if text:
        assert len(text.encode("utf-8", "replace")) <= OUTPUT_LIMIT
        for leak in ("<class", "<built-in", "<function", "object at 0x", "__", "Undefined("):
            # What is no text is taken out, and what stood around it then stands together.
            assert leak not in text or leak in tidy_text(source) or leak in tidy_text(name)
    words = plain(source)
    assert len(words) <= len(source)
    assert time.perf_counter() - started < 1.0


@given(words=st.text(alphabet=st.characters(exclude_characters="{}", exclude_categories=["Cs", "Cc"]), max_size=200))
def test_words_without_tags_come_out_as_they_went_in(words: str) -> None:
    assert render(words, {}).text == plain(words)
    assert render(words, {}).text.split() == plain(words).split()
