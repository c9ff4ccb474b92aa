"""The desk speaks Ukrainian and Russian wholly: every text is translated, with the same blanks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

HANDOFF = Path(__file__).parents[3] / "handoff"
BLANK = re.compile(r"%\(\w+\)s|\{\w*\}")


def texts_in_use() -> set[str]:
    found: set[str] = set()
    sources = [("python", path) for path in (HANDOFF / "screens").glob("*.py")]
    sources += [("jinja2.ext:babel_extract", path) for path in (HANDOFF / "templates").glob("*.html")]
    for method, path in sources:
        for _, message, *_ in extract_from_file(method, path, options={"extensions": "jinja2.ext.do"}):
            found.add(message if isinstance(message, str) else message[0])
    return found


def catalogue(language: str) -> Catalog:
    with (HANDOFF / "screens" / "locale" / f"{language}.po").open("rb") as source:
        return read_po(source)


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_nothing_is_missing_or_left_over(language: str) -> None:
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue(language)}
    assert known - {""} == texts_in_use()


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_translations_keep_their_blanks(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        original = message.id if isinstance(message.id, str) else message.id[1]
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        assert len(forms) == (1 if isinstance(message.id, str) else 3)
        for form in forms:
            assert form.strip(), original
            assert sorted(BLANK.findall(form)) == sorted(BLANK.findall(original))


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_other_rooms_say_the_same_with_the_same_words(language: str) -> None:
    """Catalogues are merged: a text used twice must not be translated in two ways."""
    ours = {message.id: message.string for message in catalogue(language) if message.id}
    for path in HANDOFF.parent.glob(f"*/**/locale/{language}.po"):
        if ".venv" in path.parts or "screens" in path.parts:
            continue
        with path.open("rb") as source:
            for message in read_po(source):
                if message.id and message.id in ours:
                    assert message.string == ours[message.id], (path, message.id)
