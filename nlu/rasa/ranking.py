"""From Rasa's words to ours: intents to articles, its confidences to our scale, its entities to our kinds. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise

from gateway.assisting.settings import Rasa
from gateway.ports import Entity, EntityKind, Ranked
from gateway.settings import Dialogue
from nlu.rasa.wire import Found, Parse

NOT_UNDERSTOOD = "nlu_fallback"
"""Rasa's FallbackClassifier puts this intent first where it is not sure:
https://legacy-docs-oss.rasa.com/docs/rasa/components#fallbackclassifier"""
_BELOW = 0.01

_KINDS = {
    "phone": EntityKind.PHONE,
    "phone-number": EntityKind.PHONE,
    "email": EntityKind.EMAIL,
    "order": EntityKind.ORDER,
    "order-number": EntityKind.ORDER,
    "time": EntityKind.TIME,
}
_PHONE = re.compile(r"\+\d{8,15}")


def article_of(intent: str, named: Rasa) -> str:
    """The article that `intent` stands for: what the settings say, else its name in our spelling."""
    return named.intents.get(intent) or intent.lower().replace("_", "-")


def scale(confidence: float, rasa: Rasa, policy: Dialogue) -> float:
    """Rasa's `confidence` on the scale of `policy`: its thresholds fall on ours, and between them it is straight.

    So one dial (the dialogue's) serves both engines, and reports show figures that can be compared.
    """
    low, high = sorted((rasa.clarify_confidence, rasa.answer_confidence))
    points = ((0.0, 0.0), (low, policy.clarify_confidence), (high, policy.answer_confidence), (1.0, 1.0))
    confidence = min(1.0, max(0.0, confidence))
    for (x0, y0), (x1, y1) in pairwise(points):
        if confidence <= x1:
            return y0 if x1 == x0 else y0 + (y1 - y0) * (confidence - x0) / (x1 - x0)
    return 1.0


def ranking_of(parse: Parse, rasa: Rasa, policy: Dialogue, known: Callable[[str], bool]) -> tuple[Ranked, ...] | None:
    """Rasa's ranking in articles, best first; None where it names none that is `known`: another firm's model."""
    said = [one for one in parse.intent_ranking or [parse.intent] if one.name]
    unsure = parse.intent.name == NOT_UNDERSTOOD
    ceiling = policy.answer_confidence - _BELOW if unsure else 1.0
    best: dict[str, float] = {}
    for one in said:
        if one.name and one.name != NOT_UNDERSTOOD:
            article = article_of(one.name, rasa)
            best[article] = max(best.get(article, 0.0), min(ceiling, scale(one.confidence, rasa, policy)))
    if not any(known(article) for article in best):
        return None
    ranked = sorted(best.items(), key=lambda pair: -pair[1])
    return tuple(Ranked(intent=article, confidence=confidence) for article, confidence in ranked)


def joined(ours: tuple[Entity, ...], theirs: Sequence[Found], text: str, shift: int) -> tuple[Entity, ...]:
    """Our entities, and of Rasa's those of our kinds in places where we saw nothing; Rasa was told `text` from
    place `shift` on."""
    taken = [(entity.start, entity.end) for entity in ours]
    more = []
    for found in theirs:
        entity = _entity(found, text, shift)
        if entity and all(entity.end <= start or end <= entity.start for start, end in taken):
            more.append(entity)
            taken.append((entity.start, entity.end))
    return (*ours, *more)


def _entity(found: Found, text: str, shift: int) -> Entity | None:
    start, end = found.start + shift, found.end + shift
    kind = _KINDS.get(found.entity.lower().replace("_", "-"))
    value = _normal(kind, found.value) if kind and isinstance(found.value, str) else None
    if kind is None or value is None or not shift <= start < end <= len(text):
        return None
    return Entity(kind=kind, text=text[start:end], value=value, start=start, end=end)


def _normal(kind: EntityKind, value: str) -> str | None:
    """`value` in the normal form of its kind; None where Rasa's is none."""
    match kind:
        case EntityKind.PHONE:
            digits = re.sub(r"[\s()-]", "", value)
            return digits if _PHONE.fullmatch(digits) else None
        case EntityKind.EMAIL:
            return value.lower() if "@" in value else None
        case EntityKind.ORDER:
            return value.upper() or None
        case EntityKind.TIME:
            return _moment(value)


def _moment(value: str) -> str | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.isoformat() if moment.tzinfo else None
