"""The public sets that understanding is measured on; where they come from stands in the README beside them."""

from __future__ import annotations

import csv
import json
import os
import random
from pathlib import Path
from typing import NamedTuple

from gateway.learning import Phrase
from tests.bench.processes import ROOT

VARIABLE = "FRONTDESK_NLU_DATA"


class Row(NamedTuple):
    """A text with the intent it should give; "" for one that nothing should answer."""

    text: str
    intent: str


class Set(NamedTuple):
    """A set as published: what to learn, what to ask, and for choosing a threshold `validation`, of which as of
    `test` the out-of-scope part is apart."""

    name: str
    language: str
    train: list[Row]
    test: list[Row]
    validation: list[Row]
    strange_validation: list[Row]
    strange_test: list[Row]


def folder() -> Path:
    """Where the sets are: FRONTDESK_NLU_DATA, else `shared/data` beside the repository."""
    return Path(os.environ.get(VARIABLE) or ROOT.parent / "shared" / "data")


def banking77(where: Path) -> Set:
    """77 intents of a bank's customers (PolyAI). Raises FileNotFoundError."""
    parts = [_table(where / "banking77" / f"{part}.csv", "text", "category") for part in ("train", "test")]
    return Set("BANKING77", "en", *parts, [], [], [])


def ru_chatbot_intents(where: Path) -> Set:
    """79 intents of Russian support chat (AutoFAQ). Raises FileNotFoundError."""
    parts = [_table(where / "ru_chatbot_intents" / f"{part}.csv", "phrase", "intent") for part in ("train", "test")]
    return Set("ru_chatbot_intents", "ru", *parts, [], [], [])


def clinc150(where: Path) -> Set:
    """150 intents and questions out of their scope (Larson et al. 2019). Raises FileNotFoundError."""
    read = json.loads((where / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    parts = {
        name: [Row(text, "" if intent == "oos" else intent) for text, intent in rows] for name, rows in read.items()
    }
    return Set("CLINC150", "en", *(parts[name] for name in ("train", "test", "val", "oos_val", "oos_test")))


def _table(path: Path, text: str, intent: str) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(row[text], row[intent]) for row in csv.DictReader(file)]


def phrases(rows: list[Row], language: str) -> list[Phrase]:
    """What a knowledge base with these phrasings teaches; the intent's name stands in for an article's title,
    which is a phrase of it as well."""
    titles = [Row(intent.replace("_", " "), intent) for intent in sorted({row.intent for row in rows})]
    return [Phrase(intent=row.intent, language=language, text=row.text) for row in (*rows, *titles)]


def shots(rows: list[Row], count: int, seed: int) -> list[Row]:
    """`count` rows of each intent, or all it has."""
    by_intent: dict[str, list[Row]] = {}
    for row in rows:
        by_intent.setdefault(row.intent, []).append(row)
    chance = random.Random(seed)
    return [row for _, own in sorted(by_intent.items()) for row in chance.sample(own, min(count, len(own)))]


_LETTERS = {"en": "abcdefghijklmnopqrstuvwxyz", "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюя"}


def mistyped(text: str, language: str, chance: random.Random, rate: float = 0.1) -> str:
    """`text` with a mistake in one letter of ten: another, one missing, one too many, two swapped."""
    typed, rest = "", text
    while rest:
        letter, rest = rest[0], rest[1:]
        if not letter.isalpha() or chance.random() >= rate:
            typed += letter
            continue
        match chance.randrange(4):
            case 0:
                typed += chance.choice(_LETTERS[language])
            case 1:
                pass
            case 2:
                typed += letter + chance.choice(_LETTERS[language])
            case _:
                typed += rest[:1] + letter
                rest = rest[1:]
    return typed
