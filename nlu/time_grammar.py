"""Reads whole times out of words: a day, a part of it and a clock time, in any order."""

from __future__ import annotations

from collections.abc import Callable

from nlu.clock_grammar import ClockGrammar
from nlu.day_grammar import DayGrammar
from nlu.distance_grammar import DistanceGrammar
from nlu.time_pieces import Calendar, Clock, Distance, Part, Piece, Relative, Week, Weekday, Within, Words
from nlu.urgency_grammar import UrgencyGrammar

_JOINING = frozenset((",", "(", "десь", "приблизно", "примерно", "где", "часов", "годин", "around", "about"))


class Grammar:
    """The constructions, over one text's words."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._days = DayGrammar(words)
        self._distances = DistanceGrammar(words)
        self._urgency = UrgencyGrammar(words, self._distances)
        self._clocks = ClockGrammar(words)

    def group(self, place: int) -> tuple[list[Piece], int]:
        """The pieces that stand together from `place` on, at most one of a kind, and the place after."""
        pieces: list[Piece] = []
        after = place
        while len(pieces) < 3:
            step = self._piece(after, pieces)
            if step is None and pieces and self._joins(after):
                step = self._piece(after + 1, pieces)
            if step is None:
                break
            pieces.append(step[0])
            after = step[1]
        return pieces, after

    def _joins(self, place: int) -> bool:
        return self._words.text(place) in _JOINING

    def _piece(self, place: int, before: list[Piece]) -> tuple[Piece, int] | None:
        if any(isinstance(piece, Distance | Within) for piece in before):
            return None
        dated = any(isinstance(piece, Relative | Weekday | Week | Calendar) for piece in before)
        readers: list[Callable[[int], tuple[Piece, int] | None]] = []
        if not before:
            readers.append(self._urgency.soon)
        if not dated:
            readers += [self._distances.distance, self._days.day]
        if not any(isinstance(piece, Clock) for piece in before):
            readers.append(self._clocks.dated_clock if dated else self._clocks.clock)
        if not any(isinstance(piece, Part) for piece in before):
            readers.append(self._clocks.dated_part if dated else self._clocks.part)
        for reader in readers:
            step = reader(place)
            if step is not None:
                return step
        return None
