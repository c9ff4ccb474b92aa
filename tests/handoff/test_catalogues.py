"""Every text of the handoff room is there in Ukrainian and Russian, with the same blanks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

HANDOFF = Path(__file__).parents[2] / "handoff"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
BLANK = re.compile(r"\{\w+\}")


def texts_in_code() -> set[str]:
    """Texts of this package without its screens, which have catalogues of their own."""
    files = [*HANDOFF.glob("*.py"), *(HANDOFF / "forms").glob("*.py"), *(HANDOFF / "storage").glob("*.py")]
    found = (message for file in files for _, message, *_ in extract_from_file("python", file, keywords=KEYWORDS))
    return {message if isinstance(message, str) else message[0] for message in found}


def catalogue(language: str) -> Catalog:
    with (HANDOFF / "locale" / f"{language}.po").open("rb") as source:
        return read_po(source)


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_catalogues_hold_exactly_the_texts_in_the_code(language: str) -> None:
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue(language)}
    assert known - {""} == texts_in_code()


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_translations_are_whole_and_keep_their_blanks(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        original = message.id if isinstance(message.id, str) else message.id[1]
        translations = [message.string] if isinstance(message.string, str) else list(message.string)
        assert len(translations) == (1 if isinstance(message.id, str) else 3)
        for translation in translations:
            assert translation.strip(), original
            assert sorted(BLANK.findall(translation)) == sorted(BLANK.findall(original))
