"""The README says what is so."""

from __future__ import annotations

from pathlib import Path

from gateway.manual import with_table

README = Path(__file__).parent.parent / "README.md"


def test_the_settings_table_is_the_codes() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_table(text), "run: make manual"
