"""Times of the clock said with the hour to come or gone: «о пів на шосту», «без чверті шість», "ten to six".

Pure, over one text's words. The hour may be of either half of the day, which is decided elsewhere.
"""

from __future__ import annotations

import re

from nlu.time_pieces import Hour, Words
from nlu.time_words import Kind

_LATEST_VAGUE = 8  # «о пів на восьму» is 7:30, of which nobody says whether in the morning
_ROUND = frozenset((5, 10, 15, 20, 25))
_ONTO = frozenset(("на", "до"))
_COMING = re.compile(  # «десять минут шестого», «десять хвилин на шосту»
    "першу|другу|третю|четверту|п'яту|шосту|сьому|восьму|дев'яту|десяту|одинадцяту|дванадцяту|первого|второго"
    "|третьего|четвертого|пятого|шестого|седьмого|восьмого|девятого|десятого|одиннадцатого|двенадцатого"
)
_GONE = re.compile(  # «п'ять по шостій»
    "першій|другій|третій|четвертій|п'ятій|шостій|сьомій|восьмій|дев'ятій|десятій|одинадцятій|дванадцятій"
)
NAMED = re.compile("перша|друга|третя|четверта|п'ята|шоста|сьома|восьма|дев'ята|десята|одинадцята|дванадцята")
"""An hour of the clock and nothing else: «за десять шоста»."""


def spoken(words: Words, place: int) -> tuple[Hour, int] | None:
    """The time that begins at `place`, and the place after it."""
    for reader in (_half_to, _share, _less, _minutes_past, _minutes_to):
        found = reader(words, place)
        if found is not None:
            return found
    return None


def _half_to(words: Words, place: int) -> tuple[Hour, int] | None:
    """«полшестого»."""
    if not words.has(place, Kind.HALF_TO):
        return None
    return _hour(words.value(place, Kind.HALF_TO), -30), place + 1


def _share(words: Words, place: int) -> tuple[Hour, int] | None:
    """«пів на третю», «половине третьего», "half past two", "half two", "quarter to three", «чверть по п'ятій»."""
    if not words.has(place, Kind.HALF, Kind.QUARTER):
        return None
    share = 30 if words.has(place, Kind.HALF) else 15
    link = words.text(place + 1)
    past = words.has(place + 1, Kind.PAST) or (link == "по" and _GONE.fullmatch(words.text(place + 2)) is not None)
    to = link == "to" or (link == "до" and share == 15)
    linked = past or to or link in {"на", "до", "по", "-"}
    hour = _named(words, place + (2 if linked else 1))
    if hour is None:
        return None
    # "half five" is half past it; «пів шостої», «половине шестого» and «чверть на шосту» are on the way to it.
    past = past or (words.text(place) == "half" and not linked)
    return _hour(hour, share if past else -share if to else share - 60), place + (3 if linked else 2)


def _less(words: Words, place: int) -> tuple[Hour, int] | None:
    """«без чверті шість», «без десяти шесть», «за п'ять хвилин шоста»."""
    if not words.has(place, Kind.LESS) or words.text(place) == "to":
        return None
    if words.has(place + 1, Kind.QUARTER):
        minutes, after = 15, place + 2
    else:
        # «без двадцати шесть» is twenty and six, «без двадцати пяти шесть» twenty-five and six.
        counted = words.count(place + 1)
        if counted is None or not (_are_minutes(words, counted[1]) or _named(words, counted[1])):
            counted = words.number(place + 1) or 0, place + 2
        minutes, after = counted
        if minutes not in _ROUND:
            return None
        after += _are_minutes(words, after)
        if words.text(place) == "за" and not NAMED.fullmatch(words.text(after)):
            return None  # «за 10 дві штуки»
    hour = _named(words, after)
    return None if hour is None else (_hour(hour, -minutes), after + 1)


def _minutes_past(words: Words, place: int) -> tuple[Hour, int] | None:
    """Minutes gone: "ten past five", «п'ять хвилин по шостій»."""
    counted = words.count(place)
    if counted is None or not 0 < counted[0] < 60:
        return None
    after = counted[1] + _are_minutes(words, counted[1])
    past = words.has(after, Kind.PAST) or (
        words.text(after) == "по" and _GONE.fullmatch(words.text(after + 1)) is not None
    )
    hour = _named(words, after + 1) if past else None
    return None if hour is None else (_hour(hour, counted[0]), after + 2)


def _minutes_to(words: Words, place: int) -> tuple[Hour, int] | None:
    """Minutes to the hour: «десять минут шестого», «десять хвилин на шосту», "ten to six"."""
    counted = words.count(place)
    if counted is None or not 0 < counted[0] < 60:
        return None
    minutes, after = counted
    if words.text(after) == "to":
        # "from ten to six" and "9 to 5" are ranges.
        bound = words.has(place - 1, Kind.FROM) or words.kind(place) == "number" or minutes not in _ROUND
        hour = None if bound else _named(words, after + 1)
        return None if hour is None else (_hour(hour, -minutes), after + 2)
    if not _are_minutes(words, after):
        return None
    after += 1 + (words.text(after + 1) in _ONTO)
    hour = _named(words, after) if _COMING.fullmatch(words.text(after)) else None
    return None if hour is None else (_hour(hour, minutes - 60), after + 1)


def _are_minutes(words: Words, place: int) -> bool:
    return words.has(place, Kind.MINUTES) and words.value(place, Kind.MINUTES) == 1


def _named(words: Words, place: int) -> int | None:
    """The hour of a twelve-hour clock named there."""
    number = words.number(place)
    return number if number is not None and 1 <= number <= 12 else None


def _hour(hour: int, minutes: int) -> Hour:
    return Hour((hour * 60 + minutes) % 1440, 1 <= hour <= _LATEST_VAGUE)
