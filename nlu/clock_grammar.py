"""Reads clock times and parts of the day out of words.

Every method tries one construction at a place and gives what it read with the place after it, or None.
"""

from __future__ import annotations

import re

from nlu.spoken_clock import spoken
from nlu.time_pieces import Clock, Hour, Part, Words
from nlu.time_words import AFTERNOON, EVENING, MORNING, NIGHT, NOON, TONIGHT, Kind

_DASHES = frozenset("-–—")
_CONTINUING = _DASHES | frozenset("%№$€/*x")
_COUNTED = frozenset((Kind.MINUTES, Kind.DAYS, Kind.NUMBER, Kind.IN))
_LEADING = frozenset(("in", "after", "після", "после", "по", "під", "под", "з", "с", "к"))
_HALVES = {"першій": MORNING, "першу": MORNING, "первой": MORNING, "первую": MORNING, "first": MORNING} | dict.fromkeys(
    ("другій", "другу", "второй", "вторую", "second"), AFTERNOON
)
_SUFFIXES = frozenset(("й", "ій", "ї", "ої", "ти", "та", "ту", "у", "го"))
"""«о 17-й», «после 18-ти»."""
_INSTEAD = frozenset(("а", "краще", "лучше", "давайте", "давай", "ні", "нет", "перенесіть", "перенесите", ",", "-"))
_NOON = frozenset(("noon", "midday", "опівдні", "полдень", "полудень"))
_ADVERBS = frozenset(
    [
        "вранці",
        "зранку",
        "уранці",
        "ранком",
        "утром",
        "утречком",
        "вдень",
        "удень",
        "днем",
        "пообіді",
        "ввечері",
        "увечері",
        "вечором",
        "вечером",
        "вечерком",
        "вечерочком",
        "надвечір",
        "вночі",
        "уночі",
        "ночью",
        "опівдні",
        "midday",
        "noon",
    ]
)


class ClockGrammar:
    """The constructions of clock times and parts of the day, over one text's words."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def dated_part(self, place: int) -> tuple[Part, int] | None:
        """A part of a named day, in whatever form: «завтра вечір», "Monday morning"."""
        return self.part(place, dated=True)

    def part(self, place: int, *, dated: bool = False) -> tuple[Part, int] | None:
        """A part of the day: «увечері», "in the morning", «по обіді»."""
        if self._words.text(place) == TONIGHT:
            return Part(EVENING), place + 1
        closer = self._words.has(place, Kind.CLOSER) and self._words.has(place + 1, Kind.TO, Kind.AT)
        start = place + 2 if closer else place + (self._words.text(place) in _LEADING)
        start = self._words.skip(start, Kind.AT, Kind.ON, Kind.THIS)
        if (
            self._words.text(start) in _HALVES
            and self._words.has(start + 1, Kind.HALF)
            and self._words.has(start + 2, Kind.PART)
        ):
            return Part(_HALVES[self._words.text(start)]), start + 3
        if not self._words.has(start, Kind.PART):
            return None
        index = self._words.value(start, Kind.PART)
        if index == NOON and self._words.has(start - 1, Kind.BEFORE):
            return None  # the clock's: «до обіду»
        if index == NOON and start > place and self._words.text(start - 1) in _LEADING:
            index = AFTERNOON
        # «доброго дня», «обід», "good night": to name a time of day is not to name a time.
        if start > place or dated or self._words.text(start) in _ADVERBS:
            return Part(index), start + 1
        return None

    def dated_clock(self, place: int) -> tuple[Clock, int] | None:
        """A clock time next to a day, where a bare number may be an hour: «завтра на 10»."""
        return self.clock(place, dated=True)

    def clock(self, place: int, *, dated: bool = False) -> tuple[Clock, int] | None:
        """A clock time or range: «о 15», "after 6", «з 10 до 12»."""
        ranged = self._range(place, dated)
        if ranged is not None:
            return ranged
        if self._words.has(place, Kind.CLOSER) and self._words.has(place + 1, Kind.TO, Kind.AT):
            closer = self._hour(place + 2, bare=True)  # «ближче до 18»: a point, not a bound
            return None if closer is None else (Clock(closer[0], None, True), closer[1])
        bounded = self._bounded(place)
        if bounded is not None:
            return bounded
        told = self._words.has(place, Kind.AT) or (self._words.has(place, Kind.ON) and (dated or self._instead(place)))
        step = self._hour(self._words.skip(place, Kind.AT, Kind.ON), bare=told or dated)
        return None if step is None else (Clock(step[0], None, True), step[1])

    def _instead(self, place: int) -> bool:
        """Whether «на 16» at `place` is all that is said, or is said in place of something: «не на 15, а на 16»."""
        before = self._words.text(place - 1) if place else ""
        return (not before or before in _INSTEAD) and place + 2 >= len(self._words)

    def _bounded(self, place: int) -> tuple[Clock, int] | None:
        """«після 18», "before noon", «не пізніше 18», "no earlier than 6"."""
        place = (
            self._words.skip(place, Kind.ON)
            if self._words.has(self._words.skip(place, Kind.ON), Kind.AFTER, Kind.BEFORE)
            else place
        )
        turned = self._words.has(place, Kind.NOT) and self._words.has(place + 1, Kind.LATER, Kind.SOONER)
        start = place + turned
        for kind, comparative in ((Kind.AFTER, Kind.LATER), (Kind.BEFORE, Kind.SOONER)):
            compared = self._words.has(start, comparative)
            if compared or self._words.has(start, kind):
                step = self._hour(self._words.skip(start + 1, Kind.THAN, Kind.AT) if compared else start + 1, bare=True)
                if step is not None:
                    begins = (kind is Kind.AFTER) is not turned
                    return Clock(step[0], None, False) if begins else Clock(None, step[0], False), step[1]
        return None

    def _range(self, place: int, dated: bool) -> tuple[Clock, int] | None:
        opened = self._words.has(place, Kind.FROM, Kind.BETWEEN)
        start = place + 1 if opened else self._words.skip(place, Kind.AT, Kind.ON)
        first = self._hour(start, bare=True, inside=True)
        if first is None:
            return None
        between = self._words.has(place, Kind.BETWEEN)
        joined = self._words.has(first[1], Kind.AND) if between else self._words.has(first[1], Kind.TO)
        dashed = self._words.text(first[1]) in _DASHES
        alone = place == 0
        if not (opened and joined) and not (dashed and (opened or dated or alone or self._clear(start))):
            return (Clock(first[0], None, False), first[1]) if opened and self._from_alone(place, first[1]) else None
        second = self._hour(self._words.skip(first[1] + 1, Kind.AT), bare=True, inside=alone and not opened)
        if second is None or (
            alone and not opened and not dated and second[1] < len(self._words) and not self._clear(start)
        ):
            return None
        return Clock(first[0], second[0], False), second[1]

    def _clear(self, place: int) -> bool:
        return self._words.kind(place) == "clock"

    def _from_alone(self, place: int, after: int) -> bool:
        """«з 15» without an end: from then on, where it can be nothing else."""
        return not self._words.has(place, Kind.BETWEEN) and (self._clear(place + 1) or self._closes(after))

    def _hour(self, place: int, *, bare: bool, inside: bool = False) -> tuple[Hour, int] | None:
        """A time of the clock. `bare` allows a number alone, if what follows lets it be an hour;
        `inside` a range anything may follow."""
        told = spoken(self._words, place)
        if told is not None:
            return self._halved(*told)
        if self._words.text(place) in _NOON or (self._words.has(place - 1, Kind.BEFORE) and self._is_noon(place)):
            return Hour(12 * 60, False), place + 1
        if self._words.has(place, Kind.MIDNIGHT):
            return Hour(24 * 60, False), place + 1
        if self._words.kind(place) in {"clock", "dotted"}:
            return self._digits(place, bare)
        counted = self._words.count(place)
        if counted is None or (len(self._words.text(place)) > 2 and self._words.kind(place) == "number"):
            return None
        number, after = counted
        halves = self._words.has(after, Kind.HALF) and self._words.has(after + 1, Kind.PART)
        if number > 24 or halves:  # «у першій половині дня»
            return None
        return self._whole_hour(number, after, bare=bare, inside=inside)

    def _is_noon(self, place: int) -> bool:
        return self._words.has(place, Kind.PART) and self._words.value(place, Kind.PART) == NOON

    def _digits(self, place: int, bare: bool) -> tuple[Hour, int] | None:
        dotted = self._words.kind(place) == "dotted"
        parts = re.split("[:./]", self._words.text(place))
        if dotted and (
            not (bare or self._pm(place + 1)) or len(parts) != 2 or len(parts[1]) != 2 or "/" in self._words.text(place)
        ):
            return None
        hours, minutes = int(parts[0]), int(parts[1])
        if hours > 24 or minutes > 59 or (hours == 24 and minutes):
            return None
        if dotted and not self._closes(place + 1):
            return None
        vague = 1 <= hours <= 7 and not parts[0].startswith("0")
        return self._halved(Hour(hours * 60 + minutes, vague), self._skip_hours(place + 1))

    def _whole_hour(self, number: int, after: int, *, bare: bool, inside: bool) -> tuple[Hour, int] | None:
        minutes = 0
        dashed = self._words.text(after) in _DASHES
        if dashed and self._words.text(after + 1) in _SUFFIXES:
            after += 2
        elif dashed and bare and self._is_minutes(after + 1):
            minutes, after = int(self._words.text(after + 1)), after + 2  # «о 17-30»
        named = not minutes and self._words.has(after, Kind.OCLOCK)
        if named:
            after += 1
            read = self._words.number(after)
            if read is not None and self._words.has(after + 1, Kind.MINUTES) and read < 60:
                minutes, after = read, after + 2
        elif (
            not minutes
            and self._words.number(after) in {15, 20, 30, 40, 50}
            and self._words.kind(after) == self._words.kind(after - 1)
            and bare
        ):
            minutes, after = self._words.number(after) or 0, after + 1
        hour, end = self._halved(Hour(number * 60 + minutes, 1 <= number <= 7), after)
        marked = end > after
        if marked or (bare and (named or inside or self._closes(end))):
            return hour, end
        return None

    def _skip_hours(self, place: int) -> int:
        return place + 1 if self._words.has(place, Kind.OCLOCK) else place

    def _halved(self, hour: Hour, after: int) -> tuple[Hour, int]:
        """`hour` put into the half of the day that the next words name: pm, «дня», "in the evening"."""
        pm = self._pm(after)
        if pm is not None:
            return Hour(hour.minutes % 720 + pm[0] * 60, False), pm[1]
        place = after
        if self._words.text(place) == "in" and self._words.text(place + 1) == "the":
            place += 2
        if not self._words.has(place, Kind.PART) or self._words.value(place, Kind.PART) == NOON:
            return hour, after
        part = self._words.value(place, Kind.PART)
        late = part in {AFTERNOON, EVENING} or (part == NIGHT and hour.minutes >= 9 * 60)
        minutes = hour.minutes + 720 if late and hour.minutes < 720 else hour.minutes
        if part == NIGHT and hour.minutes == 720:
            minutes = 0
        return Hour(minutes, False), place + 1

    def _pm(self, place: int) -> tuple[int, int] | None:
        """The hours that "am", "pm" or "p.m." add, and the place after."""
        if self._words.has(place, Kind.PM):
            return self._words.value(place, Kind.PM), place + 1
        letters = "".join(self._words.text(place + step) for step in range(3))
        if letters not in {"a.m", "p.m"}:
            return None
        return 12 * (letters[0] == "p"), place + 3 + (self._words.text(place + 3) == ".")

    def _is_minutes(self, place: int) -> bool:
        """Whether the number there is one of minutes that could not be an hour."""
        text = self._words.text(place)
        return self._words.kind(place) == "number" and len(text) == 2 and 24 < int(text) < 60

    def _closes(self, place: int) -> bool:
        """Whether a number before `place` can be an hour: «в 15», but not «в 15 отделении»."""
        kind = self._words.kind(place)
        if kind == "sign":
            return self._words.text(place) not in _CONTINUING
        return not kind or bool(self._words.kinds(place) - _COUNTED)
