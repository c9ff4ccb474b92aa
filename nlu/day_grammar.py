"""Reads days out of words.

Every method tries one construction at a place and gives what it read with the place after it, or None.
"""

from __future__ import annotations

import re

from nlu.time_pieces import Calendar, Day, Relative, Week, Weekday, Words
from nlu.time_words import Kind

_ORDINAL = frozenset(("го", "е", "ого", "th", "st", "nd", "rd", "та", "ту", "ї", "й"))
_THURSDAY = 3
_DASHES = frozenset("-–—")


class DayGrammar:
    """The constructions of days, over one text's words."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def day(self, place: int) -> tuple[Day, int] | None:
        """A day: «завтра», «у наступну п'ятницю», "25 November", «25.11»."""
        if self._words.text(place) == "the" and self._words.text(place + 1) == "day":
            place += 1
        if self._words.text(place) == "day" and [self._words.text(place + n) for n in (1, 2)] == ["after", "tomorrow"]:
            return Relative(2), place + 3
        start = self._words.skip(place, Kind.AT, Kind.ON)
        for reader in (self._date, self._weekday, self._whole_week, self._end_of_week):
            step: tuple[Day, int] | None = reader(start)
            if step is not None:
                return step
        if self._words.has(start, Kind.DAY):
            return Relative(self._words.value(start, Kind.DAY)), start + 1
        return None

    def _weekday(self, place: int) -> tuple[Day, int] | None:
        week, place = self._which(place)
        if self._words.has(place, Kind.WEEKEND):
            return Weekday(5, week, 2), place + 1
        if not self._words.has(place, Kind.WEEKDAY):
            return None
        number = self._words.value(place, Kind.WEEKDAY)
        if not week:  # «в пятницу на следующей неделе», "Friday next week"
            later, after = self._which(self._words.skip(place + 1, Kind.AT, Kind.ON))
            if later and self._words.has(after, Kind.WEEK):
                return Weekday(number, later), after + 1
        return Weekday(number, week), place + 1

    def _which(self, place: int) -> tuple[str, int]:
        if self._words.has(place, Kind.NEXT):
            return "next", place + 1
        if self._words.has(place, Kind.THIS):
            return "this", place + 1
        return "", place

    def _whole_week(self, place: int) -> tuple[Day, int] | None:
        week, after = self._which(place)
        if not week or not self._words.has(after, Kind.WEEK):
            return None
        day = self._weekday(self._words.skip(after + 1, Kind.AT, Kind.ON))
        if day is not None and isinstance(day[0], Weekday) and not day[0].week:
            return day[0]._replace(week=week), day[1]
        return Week(int(week == "next")), after + 1

    def _end_of_week(self, place: int) -> tuple[Day, int] | None:
        """«наприкінці тижня», «ближче до кінця тижня»: its last two working days; «до кінця тижня», "by the end of
        next week": until it."""
        closer = self._words.has(place, Kind.CLOSER)
        until = not closer and (self._words.has(place, Kind.BEFORE) or self._is_by(place))
        place = self._words.skip(place, Kind.CLOSER, Kind.BEFORE, Kind.ON)
        if not self._words.has(place, Kind.END):
            return None
        after = place + 1 + (self._words.text(place + 1) == "of")
        week, after = self._which(after + (self._words.text(after) == "the"))
        if not self._words.has(after, Kind.WEEK):
            return None
        return (Week(int(week == "next")) if until else Weekday(_THURSDAY, week, 2)), after + 1

    def _is_by(self, place: int) -> bool:
        """Whether «by», perhaps with an article, stands before `place`: it may also mean «on»."""
        return self._words.text(place - 1 - (self._words.text(place - 1) == "the")) == "by"

    def _date(self, place: int) -> tuple[Day, int] | None:
        if self._words.kind(place) == "iso":
            parts = [int(part) for part in self._words.text(place).split("-")]
            return Calendar(parts[2], parts[1], parts[0]), place + 1
        if self._words.kind(place) == "dotted":
            return self._dotted(place)
        if self._words.has(place, Kind.MONTH):
            return self._month_first(place)
        counted = self._words.count(place)
        if counted is None or not 1 <= counted[0] <= 31:
            return None
        number, after = counted
        if self._words.text(after) in _DASHES and self._words.text(after + 1) in _ORDINAL:
            after += 2
        elif self._words.text(after) in _ORDINAL:
            after += 1
        after += self._words.text(after) == "of"
        if self._words.has(after, Kind.MONTH):
            year, end = self._year(after + 1)
            return Calendar(number, self._words.value(after, Kind.MONTH), year), end
        if self._words.has(after, Kind.DATE) and self._words.kind(place) == "number":
            return Calendar(number, None), after + 1
        if self._words.text(after - 1) == "го" and self._closes(after):
            return Calendar(number, None), after  # «25-го»
        return None

    def _closes(self, place: int) -> bool:
        """Whether a date may end before `place`: «25-го о 15», but not «25-го полку»."""
        return self._words.kind(place) != "word" or bool(self._words.kinds(place))

    def _month_first(self, place: int) -> tuple[Day, int] | None:
        number = self._words.number(place + 1)
        if number is None or not 1 <= number <= 31 or self._words.kind(place + 1) != "number":
            return None
        after = place + 2 + (self._words.text(place + 2) in _ORDINAL)
        year, end = self._year(after + (self._words.text(after) == ","))
        return Calendar(number, self._words.value(place, Kind.MONTH), year), (end if year else after)

    def _year(self, place: int) -> tuple[int | None, int]:
        if self._words.kind(place) == "number" and re.fullmatch(r"20\d\d", self._words.text(place)):
            return int(self._words.text(place)), place + 1 + (self._words.text(place + 1) in {"року", "года", "р", "г"})
        return None, place

    def _dotted(self, place: int) -> tuple[Day, int] | None:
        parts = re.split("[./]", self._words.text(place))
        # «1.5 кг» is no date: months are written with two digits, and a unit must not follow.
        if len(parts) == 2 and (
            len(parts[1]) != 2 or (self._words.kind(place + 1) == "word" and not self._words.kinds(place + 1))
        ):
            return None
        day, month = int(parts[0]), int(parts[1])
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return None
        year = None if len(parts) == 2 else int(parts[2]) + (2000 if len(parts[2]) == 2 else 0)
        return Calendar(day, month, year), place + 1
