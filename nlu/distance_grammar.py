"""Reads distances from now out of words: «через півтори години», "in an hour and a half", "in 3 days".

Hours may be counted in halves and quarters, days may not: nobody books a call for a day and a half from now.
"""

from __future__ import annotations

from nlu.spoken_clock import NAMED
from nlu.time_pieces import Distance, Relative, Words
from nlu.time_words import Kind

_A = frozenset(("a", "an"))
_WITH = frozenset(("з", "із", "с", "and", "і", "й", "и", "та"))
_HALVES_OF = frozenset(("половиною", "половиной", "half"))
_TO_COME = frozenset(("через", "чрез"))
_HOUR = 60


class DistanceGrammar:
    """The constructions of distances, over one text's words."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def distance(self, place: int) -> tuple[Distance | Relative, int] | None:
        """«через годину», "in 3 days", «часа через два»."""
        turned = self._turned(place)
        if turned is not None:
            return turned
        if not self._words.has(place, Kind.IN):
            return None
        lasting = self._words.text(place) == "за"
        found = self.minutes(place + 1)
        if found is not None:
            clock = NAMED.fullmatch(self._words.text(found[1]))  # «за п'ять хвилин шоста»
            return None if lasting and clock else (Distance(found[0]), found[1])
        number, after = self._words.count(self._article(place + 1)) or (1, self._article(place + 1))
        if self._words.has(after, Kind.DAYS) and not lasting:  # «за 2 дні»: how long it takes
            return Relative(number * self._words.value(after, Kind.DAYS)), after + 1
        return None

    def _turned(self, place: int) -> tuple[Distance, int] | None:
        """«часа через два», «хвилин через десять»: about so long."""
        if not self._words.has(place, Kind.MINUTES) or self._words.text(place + 1) not in _TO_COME:
            return None
        counted = self._words.count(place + 2)
        if counted is None or self._words.has(counted[1], Kind.MINUTES, Kind.DAYS):
            return None
        return Distance(counted[0] * self._words.value(place, Kind.MINUTES)), counted[1]

    def minutes(self, place: int) -> tuple[int, int] | None:
        """So many minutes, and the place after them."""
        if self._words.has(place, Kind.HALF_HOUR):
            return 30, place + 1
        share = self._share(place)
        if share is not None:
            return share
        amount = self._amount(place)
        if amount is None or not self._words.has(amount[1], Kind.MINUTES):
            return None
        unit = self._words.value(amount[1], Kind.MINUTES)
        after = amount[1] + 1
        if self._and_a_half(after) is not None:  # "an hour and a half", «годину з половиною»
            return round((amount[0] + 0.5) * unit), self._and_a_half(after) or after
        minutes = round(amount[0] * unit)
        more = self._more(after) if unit == _HOUR else None
        return (minutes + more[0], more[1]) if more else (minutes, after)

    def _share(self, place: int) -> tuple[int, int] | None:
        """«пів години», "half an hour", «четверть часа», "three quarters of an hour"."""
        counted = self._words.count(place)
        number, after = (1, self._article(place))
        if counted is not None and self._words.has(counted[1], Kind.QUARTER):
            number, after = counted
        if not self._words.has(after, Kind.HALF, Kind.QUARTER):
            return None
        share = 30 if self._words.has(after, Kind.HALF) else 15 * number
        after = self._article(after + 1 + (self._words.text(after + 1) == "of"))
        hour = self._words.has(after, Kind.MINUTES) and self._words.value(after, Kind.MINUTES) == _HOUR
        return (share, after + 1) if hour else None

    def _amount(self, place: int) -> tuple[float, int] | None:
        """How many: «два», "two and a half", «1,5», «півтори»; one where only the unit is named."""
        if self._words.has(place, Kind.HALF_MORE):
            return 1.5, place + 1
        if self._words.has(self._article(place), Kind.MINUTES):
            return 1, self._article(place)
        fraction = self._fraction(place)
        if fraction is not None:
            return fraction
        counted = self._words.count(self._article(place))
        if counted is None:
            return None
        number, after = counted
        after += self._words.text(after) == "of"
        halved = self._and_a_half(after)
        return (number, after) if halved is None else (number + 0.5, halved)

    def _fraction(self, place: int) -> tuple[float, int] | None:
        """«1.5», «1,5»: one decimal."""
        if self._words.kind(place) == "dotted":
            whole, _, rest = self._words.text(place).partition(".")
            return (float(f"{whole}.{rest}"), place + 1) if len(rest) == 1 else None
        number, decimal = self._words.text(place), self._words.text(place + 2)
        if self._words.kind(place) == self._words.kind(place + 2) == "number" and self._words.text(place + 1) == ",":
            return (float(f"{number}.{decimal}"), place + 3) if len(number) <= 2 and len(decimal) == 1 else None
        return None

    def _and_a_half(self, place: int) -> int | None:
        """The place after «з половиною», "and a half"."""
        if self._words.text(place) not in _WITH:
            return None
        after = self._article(place + 1)
        return after + 1 if self._words.text(after) in _HALVES_OF else None

    def _more(self, place: int) -> tuple[int, int] | None:
        """The minutes beside hours: «годину 15 хвилин», "an hour and 20 minutes"."""
        place += self._words.has(place, Kind.AND)
        counted = self._words.count(place)
        if counted is None or not self._words.has(counted[1], Kind.MINUTES):
            return None
        return (counted[0], counted[1] + 1) if self._words.value(counted[1], Kind.MINUTES) == 1 else None

    def _article(self, place: int) -> int:
        return place + (self._words.text(place) in _A)
