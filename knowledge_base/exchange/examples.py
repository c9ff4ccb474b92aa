"""From Rasa's intents to articles: a draft for a new intent, more phrasings for an article there is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from gateway.learning import Phrase
from knowledge_base.articles import Article, Status, phrase_key, tidy_line
from knowledge_base.file_reading import ReadFile
from knowledge_base.rules import ID_LIMIT, PHRASE_LIMIT, TITLE_LIMIT

_APART = re.compile(r"[^a-z0-9]+")


def read_phrases(name: str, phrases: Sequence[Phrase], existing: Mapping[str, Article]) -> list[ReadFile]:
    """An article for each intent of `phrases`, which came from the file `name`.

    A new one is a draft with its phrasings and a title made of the intent's name; one that is there
    keeps all it has and gets the phrasings that it lacks. Examples too long for a phrasing are left out.
    """
    by_intent: dict[str, list[Phrase]] = {}
    for phrase in phrases:
        by_intent.setdefault(phrase.intent, []).append(phrase)
    files = {}
    for intent, said in by_intent.items():
        article = _with(existing.get(id_of(intent)) or _draft(intent, said), said)
        files[article.id] = ReadFile(name=name, article=article, lines={(): 1})
    return list(files.values())


def id_of(intent: str) -> str:
    """An article's id for an intent: ``faq/ask_price`` is ``faq-ask-price``."""
    return _APART.sub("-", intent.casefold()).strip("-")[:ID_LIMIT].strip("-")


def _draft(intent: str, said: Sequence[Phrase]) -> Article:
    title = tidy_line(_APART.sub(" ", intent.casefold())).capitalize()[:TITLE_LIMIT] or intent[:TITLE_LIMIT]
    return Article(id=id_of(intent), status=Status.DRAFT, title={said[0].language: title})


def _with(article: Article, said: Sequence[Phrase]) -> Article:
    known = {(language, phrase_key(text)) for language, texts in article.phrasings.items() for text in texts}
    phrasings = dict(article.phrasings)
    for phrase in said:
        text = tidy_line(phrase.text)
        key = (phrase.language, phrase_key(text))
        if text and len(text) <= PHRASE_LIMIT and key not in known:
            known.add(key)
            phrasings[phrase.language] = (*phrasings.get(phrase.language, ()), text)
    return msgspec.structs.replace(article, phrasings=phrasings)
