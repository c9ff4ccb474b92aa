"""Every text has its Ukrainian and Russian words; what is missing is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from gateway.texts import PACKAGES, Texts

ROOT = Path(__file__).parents[2]
TRANSLATED = ("uk", "ru")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"\{[^{}]*\}|%\(\w+\)[sd]")

by_package = pytest.mark.parametrize("package", PACKAGES)
by_language = pytest.mark.parametrize("language", TRANSLATED)


@cache
def used(package: str) -> dict[str, tuple[str | None, str]]:
    """Texts used in a package: English text → (plural or None, where first)."""
    found: dict[str, tuple[str | None, str]] = {}
    for path, line, words in _extracted(ROOT / package):
        singular, plural = (words[0], words[1]) if isinstance(words, tuple) else (words, None)
        if singular:
            found.setdefault(singular, (plural, f"{path.relative_to(ROOT)}:{line}"))
    return found


def _extracted(folder: Path) -> Iterator[tuple[Path, int, str | tuple[str, ...]]]:
    for path in sorted(folder.rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        with path.open("rb") as source:
            for line, _, words, _ in extract_python(source, KEYWORDS, (), {}):
                yield path, line, words
    for path in sorted(folder.rglob("templates/**/*.html")):
        with path.open("rb") as source:
            options = {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "silent": "false", "trimmed": "true"}
            for line, _, words, _ in babel_extract(source, KEYWORDS, (), options):
                yield path, line, words


@cache
def catalogues(package: str, language: str) -> tuple[tuple[Path, Catalog], ...]:
    found = []
    for path in sorted((ROOT / package).glob(f"**/locale/{language}.po")):
        with path.open("rb") as source:
            found.append((path.relative_to(ROOT), read_po(source)))
    return tuple(found)


def entries(package: str, language: str) -> Iterator[tuple[str, Message]]:
    """(what to call it, entry) of each translation."""
    for path, catalogue in catalogues(package, language):
        for message in catalogue:
            if message.id:
                yield f"{path}: {_singular(message)!r}", message


def _singular(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


def _forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


@by_package
@by_language
def test_every_text_is_translated(package: str, language: str) -> None:
    known = {_singular(message) for _, message in entries(package, language)}
    missing = [f"{where} {text!r}" for text, (_, where) in used(package).items() if text not in known]
    assert not missing, f"not in any {package}/**/locale/{language}.po:\n" + "\n".join(missing)


@by_package
@by_language
def test_no_translation_is_empty_or_doubtful(package: str, language: str) -> None:
    empty = [name for name, message in entries(package, language) if not all(_forms(message)) or message.fuzzy]
    assert not empty, "empty or fuzzy:\n" + "\n".join(empty)


@by_package
@by_language
def test_what_is_counted_has_all_three_forms(package: str, language: str) -> None:
    known = {_singular(message): message for _, message in entries(package, language)}
    incomplete = [
        f"{where} {text!r}"
        for text, (plural, where) in used(package).items()
        if plural and text in known and len(_forms(known[text])) != 3
    ]
    assert not incomplete, f"without three forms in {language}:\n" + "\n".join(incomplete)
    for path, catalogue in catalogues(package, language):
        assert catalogue.num_plurals == 3, f"{path}: Plural-Forms must say nplurals=3"


@by_package
@by_language
def test_placeholders_are_those_of_the_english_text(package: str, language: str) -> None:
    wrong = []
    for name, message in entries(package, language):
        # Where a form counts, "one" is also 21 and 31: each form must say the number.
        wanted = set(PLACEHOLDER.findall(message.id[-1] if isinstance(message.id, tuple) else message.id))
        wrong += [f"{name}: {form!r}" for form in _forms(message) if set(PLACEHOLDER.findall(form)) != wanted]
    assert not wrong, "placeholders differ:\n" + "\n".join(wrong)


@by_package
def test_both_languages_know_the_same_texts(package: str) -> None:
    uk, ru = ({_singular(message) for _, message in entries(package, language)} for language in TRANSLATED)
    assert sorted(uk ^ ru) == []


@by_language
def test_a_text_is_translated_once_or_alike(language: str) -> None:
    """All catalogues are merged, so two packages that translate one text differently get one of the two."""
    seen: dict[str, tuple[str, object]] = {}
    differing = []
    for package in PACKAGES:
        for name, message in entries(package, language):
            other, words = seen.setdefault(_singular(message), (name, message.string))
            if words != message.string:
                differing.append(f"{other} against {name}")
    assert not differing, "\n".join(differing)


# --- reading them ------------------------------------------------------------------------------

NOON = datetime(2026, 11, 27, 12, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("uk", "Нічого з цього"),
        ("ru", "Ничего из этого"),
        ("en", "None of these"),
        ("de", "None of these"),
        (None, "None of these"),
    ],
)
def test_translators(texts: Texts, language: str | None, said: str) -> None:
    assert texts.translator(language).gettext("None of these") == said


def test_an_unknown_text_stays_english(texts: Texts) -> None:
    assert texts.translator("uk").gettext("Never heard of it") == "Never heard of it"
    assert texts.translator("uk").ngettext("{n} thing", "{n} things", 2) == "{n} things"


@pytest.mark.parametrize(
    ("language", "time", "day", "moment"),
    [
        ("uk", "14:05", "пʼятниця, 27 листопада", "27 лист., 14:05"),
        ("ru", "14:05", "пятница, 27 ноября", "27 нояб., 14:05"),
        ("en", "14:05", "Friday, 27 November", "27 Nov, 14:05"),
    ],
)
def test_times_are_said_in_the_readers_zone(texts: Texts, language: str, time: str, day: str, moment: str) -> None:
    translator = texts.translator(language)
    assert translator.time(NOON, "Europe/Kyiv") == time
    assert translator.day(NOON, "Europe/Kyiv") == day
    assert translator.moment(NOON, "Europe/Kyiv") == moment
    assert translator.time(NOON, "America/New_York") == "07:05"


@pytest.mark.parametrize(
    ("language", "decimal", "thousands", "score", "whole", "percent", "share"),
    [
        ("uk", "2,5", "12\u00a0345,7", "4,25", "7", "42%", "12,5%"),
        ("ru", "2,5", "12\u00a0345,7", "4,25", "7", "42\u00a0%", "12,5\u00a0%"),
        ("en", "2.5", "12,345.7", "4.25", "7", "42%", "12.5%"),
    ],
)
def test_numbers_are_written_as_the_reader_writes_them(
    texts: Texts, language: str, decimal: str, thousands: str, score: str, whole: str, percent: str, share: str
) -> None:
    translator = texts.translator(language)
    assert translator.number(2.46) == decimal
    assert translator.number(12345.67) == thousands
    assert translator.number(4.25, digits=2) == score
    assert translator.number(7) == translator.number(7.0) == translator.number(6.9, digits=0) == whole
    assert translator.percent(0.42) == percent
    assert translator.percent(0.125, digits=1) == share


def test_all_three_forms_are_chosen_by_number(tmp_path: Path) -> None:
    folder = tmp_path / "gateway" / "locale"
    folder.mkdir(parents=True)
    (folder / "uk.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : '
        'n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"\n\n'
        'msgid "{n} minute"\nmsgid_plural "{n} minutes"\n'
        'msgstr[0] "{n} хвилина"\nmsgstr[1] "{n} хвилини"\nmsgstr[2] "{n} хвилин"\n',
        encoding="utf-8",
    )
    translator = Texts(tmp_path).translator("uk")
    said = [translator.ngettext("{n} minute", "{n} minutes", n).format(n=n) for n in (1, 3, 5, 11, 21, 22)]
    assert said == ["1 хвилина", "3 хвилини", "5 хвилин", "11 хвилин", "21 хвилина", "22 хвилини"]
