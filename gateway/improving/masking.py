"""Striking out of a customer's words what is only theirs: phones, addresses, order numbers, long numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.ports import Entity, EntityKind

MASK = "•••"
"""What is seen in place of what was struck out."""

_KINDS = frozenset({EntityKind.PHONE, EntityKind.EMAIL, EntityKind.ORDER})
_MORE = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+|https?://\S+|(?<!\w)\+?\d(?:[\s().-]?\d){5,}|\w{0,64}\d{6,}\w*")
"""What entities may miss: addresses, links (they carry names and tokens), and numbers of six digits or more. What may
stand before the @ (64 characters: RFC 5321, 4.5.3.1.1) and before a number is bounded: a mail may be one word of
100,000 letters, and to look on from each of them to its end takes minutes."""
_SPACES = re.compile(r"\s+")
_LOST_PUNCTUATION = re.compile(r"\s+([,.;:!?])")


def masked(text: str, entities: Iterable[Entity]) -> str:
    """`text` as anybody may read it. The entities' places count within `text`."""
    return _struck(text, entities, MASK)


def plain(text: str, entities: Iterable[Entity]) -> str:
    """`text` without what is only theirs, on one line: as others might ask the same."""
    bare = _SPACES.sub(" ", _struck(text, entities, " ")).strip()
    return _LOST_PUNCTUATION.sub(r"\1", bare).strip(" ,;:-–—")


def _struck(text: str, entities: Iterable[Entity], instead: str) -> str:
    for entity in sorted(entities, key=lambda entity: entity.start, reverse=True):
        if entity.kind in _KINDS and text[entity.start : entity.end] == entity.text:
            text = f"{text[: entity.start]}{instead}{text[entity.end :]}"
    return _MORE.sub(instead, text)
