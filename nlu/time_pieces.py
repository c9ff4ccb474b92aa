"""The words of a text for reading times out of it, and what can be read: the pieces of a time.

Nothing here knows which day it is; `nlu.dates` turns what was read into windows.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from nlu.normal import normalise
from nlu.time_words import ANCHORS, TONIGHT, Kind, meanings

_TOKEN = re.compile(
    r"(?P<iso>\d{4}-\d\d-\d\d)|(?P<clock>\d{1,2}:\d\d)|(?P<dotted>\d{1,2}[./]\d{1,2}(?:[./]\d{4}|[./]\d\d)?)"
    r"|(?P<number>\d+)|(?P<word>[^\W\d_]+(?:['’ʼ`´][^\W\d_]+)*)|(?P<sign>[^\w\s])"
)
_ROUGHLY = re.compile(r"\d+|[^\W\d_]+(?:['’ʼ`´][^\W\d_]+)*")
_LONGEST = 400  # tokens looked at
_MOST_DIGITS = 4  # of a number in a time: a year, or so many minutes
_HOUR_DIGITS = 2  # of a number by which alone a time may be named: an hour or a day
_REMEMBERED = 4096  # words whose sense is not looked up twice
_ASKED_TWICE = 64  # texts of a portion: both who looks for times and who remembers asks about each
_TENS = frozenset((20, 30, 40, 50))
_BEGINNING = frozenset(
    (
        *("під", "под", "a", "an", "первой", "первую", "вторую", "второй"),
        *("протягом", "впродовж", "упродовж", "протязі", "течение", "течении", "within"),
        *("як", "как", "якомога", "прямо", "as", "right", "straight", "of"),
    )
)
"""Words of a time that mean nothing by themselves."""


class Sense(NamedTuple):
    """A word or number in normal form, with what it may mean. `anchor`: a time may be named by it;
    `leads`: a time's words may begin with it, or go on with it before they come to an anchor."""

    text: str
    meanings: dict[Kind, int]
    anchor: bool
    leads: bool


class Token(NamedTuple):
    """A word, number or sign of the text at `start:end`."""

    kind: str
    sense: Sense
    start: int
    end: int


class Hour(NamedTuple):
    """A clock time in minutes from midnight; `vague` where it may be either half of the day."""

    minutes: int
    vague: bool


class Clock(NamedTuple):
    """A point (`exact`), or a range that may be open at either side."""

    begin: Hour | None
    end: Hour | None
    exact: bool


class Relative(NamedTuple):
    """A day counted from today, with the days it lasts."""

    days: int
    length: int = 1


class Weekday(NamedTuple):
    """A day of the week, 0 Monday; `week` is "" for the coming one, "this" or "next" for that week's."""

    number: int
    week: str = ""
    length: int = 1


class Week(NamedTuple):
    """The whole of next week (`ahead` 1) or this one (0)."""

    ahead: int


class Calendar(NamedTuple):
    """A date; None for a month or year that was left out."""

    day: int
    month: int | None
    year: int | None = None


class Part(NamedTuple):
    """A part of the day, a number of PARTS."""

    number: int


class Distance(NamedTuple):
    """So many minutes from now."""

    minutes: int


class Within(NamedTuple):
    """Not longer than so many minutes from now."""

    minutes: int


Day = Relative | Weekday | Week | Calendar
Piece = Day | Part | Clock | Distance | Within


@lru_cache(_REMEMBERED)
def _sense(written: str) -> Sense:
    text = normalise(written)
    if written[0].isdecimal() or not written[0].isalnum():
        digits = written[0].isdecimal()
        plain = written.isdecimal()  # not 12:30, not 25.11
        return Sense(
            text,
            {},
            anchor=digits and (not plain or len(written) <= _HOUR_DIGITS),
            leads=digits and (not plain or len(written) <= _MOST_DIGITS),
        )
    found = meanings(text)
    anchor = not ANCHORS.isdisjoint(found) or text == TONIGHT
    return Sense(text, found, anchor, anchor or bool(found) or text in _BEGINNING)


def _is_anchor(written: str) -> bool:
    return _sense(written).anchor


@lru_cache(_ASKED_TWICE)
def may_name_a_time(text: str) -> bool:
    """Whether it is worth looking closer: most texts have no digit and no word that can name a time."""
    return any(map(_is_anchor, _ROUGHLY.findall(text)))


def tokens(text: str) -> list[Token]:
    """`text` cut into words, numbers and signs."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        found.append(Token(match.lastgroup or "", _sense(match.group()), match.start(), match.end()))
        if len(found) == _LONGEST:
            break
    return found


class Words:
    """A list of tokens with what each may mean; every question about a place outside it is answered no."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._meanings = [token.sense.meanings for token in found]

    def __len__(self) -> int:
        return len(self._tokens)

    def openings(self) -> list[int]:
        """The places where a time's words may begin: from there only leading words up to an anchor."""
        found: list[int] = []
        leading = False
        for place in range(len(self._tokens) - 1, -1, -1):
            sense = self._tokens[place].sense
            leading = sense.anchor or (leading and sense.leads)
            if leading:
                found.append(place)
        return found[::-1]

    def has(self, place: int, *kinds: Kind) -> bool:
        """Whether the word at `place` can mean one of `kinds`."""
        if 0 <= place < len(self._tokens):
            found = self._meanings[place]
            for kind in kinds:  # a generator costs more than the look-up
                if kind in found:
                    return True
        return False

    def kinds(self, place: int) -> frozenset[Kind]:
        """All that the word at `place` can mean."""
        return frozenset(self._meanings[place]) if 0 <= place < len(self._tokens) else frozenset()

    def value(self, place: int, kind: Kind) -> int:
        """The number that goes with a meaning the word has."""
        return self._meanings[place][kind]

    def text(self, place: int) -> str:
        """The normalised word, number or sign at `place`, empty outside."""
        return self._tokens[place].sense.text if 0 <= place < len(self._tokens) else ""

    def kind(self, place: int) -> str:
        """iso, clock, dotted, number, word or sign; empty outside."""
        return self._tokens[place].kind if 0 <= place < len(self._tokens) else ""

    def skip(self, place: int, *kinds: Kind) -> int:
        """The first place from `place` on whose word means none of `kinds`."""
        while self.has(place, *kinds):
            place += 1
        return place

    def count(self, place: int) -> tuple[int, int] | None:
        """The number at `place`, of one word or two («двадцять п'ять», "twenty-five"), and the place after it."""
        number = self.number(place)
        if number is None or self.kind(place) == "number" or number not in _TENS:
            return None if number is None else (number, place + 1)
        after = place + 1 + (self.text(place + 1) == "-")
        ones = self.number(after) if self.kind(after) == "word" else None
        return (number + ones, after + 1) if ones is not None and ones < 10 else (number, place + 1)

    def number(self, place: int) -> int | None:
        """The number at `place`, in digits or as a word."""
        if self.kind(place) == "number" and len(self.text(place)) <= _MOST_DIGITS:
            return int(self.text(place))
        if self.has(place, Kind.NUMBER):
            return self.value(place, Kind.NUMBER)
        return None
