"""Labelled texts from files: Rasa's nlu.yml, and tables (CSV, TSV) with a text and an intent a row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from gateway.errors import FrontdeskError
from gateway.settings import LANGUAGES
from nlu.evaluation import Question
from nlu.language import Languages
from nlu.normal import read

NOTHING = frozenset(("", "-", "none", "oos", "out_of_scope", "nlu_fallback"))
"""What stands in an intent's place for a text that nothing should answer."""

_TEXT = ("text", "phrase", "phrasing", "question", "message", "utterance")
_INTENT = ("intent", "expected", "article", "category", "label")
_LANGUAGE = ("language", "lang")
_Row = tuple[str, str, str]
"""A text, its intent, and its language where the file tells it."""
_ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
"""Rasa's marking of an entity in an example, `[tomorrow](time)`:
https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format#entities"""


def read_examples(path: Path) -> list[Question]:
    """The labelled texts in `path`, by its ending: .yml and .yaml, .csv and .tsv.

    Texts without a language get the one they seem to be in. Raises FrontdeskError naming the file and
    what to mend in it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FrontdeskError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FrontdeskError(f"{path} is not UTF-8; save it as UTF-8") from error
    if path.suffix in {".yml", ".yaml"}:
        found = list(_from_rasa(path, text))
    elif path.suffix in {".csv", ".tsv"}:
        found = list(_from_table(path, text))
    else:
        raise FrontdeskError(f"{path} is neither a folder nor a .yml, .csv or .tsv file")
    return _questions(path, found)


def read_rasa(name: str, content: bytes) -> list[Question]:
    """The labelled texts of Rasa's training data from a file called `name`. Raises FrontdeskError as above."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FrontdeskError(f"{name} is not UTF-8; save it as UTF-8") from error
    return _questions(Path(name), list(_from_rasa(Path(name), text)))


def _questions(path: Path, found: list[_Row]) -> list[Question]:
    if not found:
        raise FrontdeskError(f"{path} holds no examples")
    languages = Languages()
    return [
        Question(
            text=said,
            intent=None if intent.lower() in NOTHING else intent,
            language=told or guess(languages, said),
        )
        for said, intent, told in found
    ]


def guess(languages: Languages, text: str) -> str:
    """The language `text` seems to be in."""
    return languages.guess(read(text), None, "en").language


def yaml_tree(path: Path, text: str) -> Any:
    """What the YAML file `path` holds. Raises FrontdeskError naming the place that cannot be read."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise FrontdeskError(f"{path}{where}: this is no YAML") from error


def examples_of(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of one intent of Rasa's training data, each with the language its metadata tells, or ""."""
    metadata = entry.get("metadata")
    ours = metadata.get("frontdesk") if isinstance(metadata, Mapping) else None
    told = ours.get("language") if isinstance(ours, Mapping) else None
    for said in _said(entry.get("examples")):
        yield _ENTITY.sub(r"\1", said), told if told in LANGUAGES else ""


def _from_rasa(path: Path, text: str) -> Iterator[_Row]:
    tree = yaml_tree(path, text)
    entries = tree.get("nlu") if isinstance(tree, dict) else None
    if not isinstance(entries, list):
        raise FrontdeskError(f"{path} has no list called nlu; is it Rasa's training data?")
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("intent"), str):
            for said, told in examples_of(entry):
                yield said, entry["intent"], told


def _said(examples: Any) -> Iterator[str]:
    """The texts of an intent: lines that begin with a hyphen, or a list of mappings with a `text`."""
    if isinstance(examples, str):
        lines = (line.strip() for line in examples.splitlines())
        yield from (line[1:].strip() for line in lines if line.startswith("-") and line[1:].strip())
    elif isinstance(examples, list):
        for example in examples:
            said = example.get("text") if isinstance(example, Mapping) else example
            if isinstance(said, str) and said.strip():
                yield said.strip().removeprefix("- ")


def _from_table(path: Path, text: str) -> Iterator[_Row]:
    first = text.split("\n", 1)[0]
    separator = "\t" if path.suffix == ".tsv" else max(",;\t", key=first.count)
    # A .tsv is written without quoting: a quotation mark in it is part of what somebody said.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if path.suffix == ".tsv" else csv.QUOTE_MINIMAL
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting, strict=True))
    except csv.Error as error:
        raise FrontdeskError(f"{path}: {error}") from error
    names = [name.strip().lower() for name in rows[0]] if rows else []
    said, meant, language = (_column(names, wanted) for wanted in (_TEXT, _INTENT, _LANGUAGE))
    if said is None or meant is None:
        raise FrontdeskError(
            f"{path}: the first line must name the columns, one of {', '.join(_TEXT)} and one of {', '.join(_INTENT)}"
        )
    for number, row in enumerate(rows[1:], 2):
        if len(row) <= max(said, meant):
            if any(row):
                raise FrontdeskError(f"{path}, row {number}: {len(row)} columns where the first row has {len(names)}")
            continue
        told = row[language].strip() if language is not None and len(row) > language else ""
        if row[said].strip():
            yield row[said].strip(), row[meant].strip(), told if told in LANGUAGES else ""


def _column(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)
