"""What templates are given: numbers and counts in the reader's language."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar.testing import RequestFactory

from gateway.settings import Company
from gateway.texts import Texts
from gateway.web.pages import Pages, Room

TEMPLATE = """{{ ngettext("%(num)s day", "%(num)s days", 12345) }}, {{ ngettext("%(num)s day", "%(num)s days", 1) }},
{{ 2.46 | number }}, {{ 4.25 | number(2) }}, {{ 0.125 | percent(1) }}"""


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("uk", "12\u00a0345 днів, 1 день,\n2,5, 4,25, 12,5%"),
        ("ru", "12\u00a0345 дней, 1 день,\n2,5, 4,25, 12,5\u00a0%"),
        ("en", "12,345 days, 1 day,\n2.5, 4.25, 12.5%"),
    ],
)
def test_numbers_on_a_screen_are_written_in_the_readers_language(tmp_path: Path, language: str, shown: str) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "figures.html").write_text(TEMPLATE, encoding="utf-8")
    pages = Pages(Texts(), Company(), [Room(name="room", folder=str(tmp_path))])
    request = RequestFactory().get("/", query_params={"lang": language})
    assert pages.text(request, "room/figures.html") == shown
