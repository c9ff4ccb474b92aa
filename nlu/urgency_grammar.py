"""Reads out of words that a call should come soon: «протягом години», «як можна швидше», "right away".

Such words stand in many sentences that name no time of a call («де зараз моя посилка», «він прийшов протягом
години»), so here the words around them must be those of somebody who asks for one.
"""

from __future__ import annotations

import re

from nlu.distance_grammar import DistanceGrammar
from nlu.time_pieces import Distance, Within, Words
from nlu.time_words import Kind

_AT_ONCE = """
зараз|негайно|терміново|якнайшвидше|якнайскоріше|щонайшвидше|як найшвидше|прямо зараз|якомога швидше
як можна швидше|як можна скоріше|якомога скоріше
сейчас|щас|немедленно|срочно|поскорее|побыстрее|прямо сейчас|как можно скорее|как можно быстрее
asap|now|immediately|urgently|right now|right away|straight away
as soon as possible|as soon as you can|as soon as you are able
"""
_PHRASES: dict[str, list[tuple[str, ...]]] = {}
"""By their first word, longer ones first: most words begin none of them."""
for _phrase in sorted((one.split() for one in _AT_ONCE.strip().replace("\n", "|").split("|")), key=len, reverse=True):
    _PHRASES.setdefault(_phrase[0], []).append(tuple(_phrase))
_WITHIN = {
    "на": ("протязі",),
    "в": ("течение", "течении"),
    **dict.fromkeys(("протягом", "впродовж", "упродовж", "within"), ("",)),
}
"""The words before a stretch of time: the first, and which may follow it (empty: none must)."""
_ASKING = re.compile(
    # To call: asked for, not told of («дзвонили», «передзвонив»).
    r"(?:по|пере|за)?(?:дзвон|звон|телефон)\w*(?<!в)(?<!л)(?<!ла)(?<!ли)|набер\w+|набрать|набрати|дзвінок|звонок|call|callback|ring|phone|back"
    # Politely.
    r"|будь|ласка|прошу|пож\w*|пліз|плиз|пж\w*|please|pls|plz|дякую|спасибо|thanks|thank"
    # Who, whether and when it suits.
    r"|мені|мне|нам|me|us|чекаю|чекатиму|жду|буду|вільн\w+|свободн\w+|зручно|удобно|suits|works"
    r"|можна|можно|можете|можеш|можешь|зможете|сможете|хотілось|хотелось|хочу|треба|потрібно|нужно|need|want"
    r"|can|could|бажано|желательно|краще|лучше|давайте|тоді|тогда|let's|так|да|yes|ок|ok|добре|хорошо"
    r"|б|бы|би|або|или|or|і|и|and|й"
)


class UrgencyGrammar:
    """The constructions of haste, over one text's words."""

    def __init__(self, words: Words, distances: DistanceGrammar) -> None:
        self._words = words
        self._distances = distances

    def soon(self, place: int) -> tuple[Distance | Within, int] | None:
        """«якнайшвидше», "within an hour", where a call is asked for."""
        step = self._at_once(place) or self._within(place)
        return step if step and self._asks(place - 1) and self._asks(step[1]) else None

    def _at_once(self, place: int) -> tuple[Distance, int] | None:
        for phrase in _PHRASES.get(self._words.text(place), ()):
            if all(self._words.text(place + number) == word for number, word in enumerate(phrase)):
                return Distance(0), place + len(phrase)
        return None

    def _within(self, place: int) -> tuple[Within, int] | None:
        """«протягом двох годин», "within the next hour"."""
        seconds = _WITHIN.get(self._words.text(place))
        if seconds is None or not ("" in seconds or self._words.text(place + 1) in seconds):
            return None
        after = self._words.skip(place + 1 + ("" not in seconds), Kind.ON, Kind.NEXT, Kind.THIS)
        found = self._distances.minutes(after)
        return (Within(found[0]), found[1]) if found else None

    def _asks(self, place: int) -> bool:
        """Whether nothing speaks against a call in the word at `place`: none is there, or it asks for one."""
        return self._words.kind(place) in ("", "sign") or bool(_ASKING.fullmatch(self._words.text(place)))
