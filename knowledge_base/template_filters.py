"""The filters a template may use: few, total, and bounded in what they make of any string."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from liquid.exceptions import FilterArgumentError
from liquid.filter import liquid_filter
from liquid.undefined import Undefined

Filter = Callable[..., object]

_DIRECTIVES: Mapping[str, Callable[[datetime], str]] = {
    "d": lambda moment: f"{moment.day:02}",
    "e": lambda moment: str(moment.day),
    "m": lambda moment: f"{moment.month:02}",
    "Y": lambda moment: f"{moment.year:04}",
    "y": lambda moment: f"{moment.year % 100:02}",
    "H": lambda moment: f"{moment.hour:02}",
    "M": lambda moment: f"{moment.minute:02}",
    "%": lambda _moment: "%",
}
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_DIGITS_LIMIT = 30


def _default(value: object, instead: object = "") -> object:
    return instead if value is None or value is False or isinstance(value, Undefined) or value == "" else value


def _upcase(value: object) -> str:
    return _words(value).upper()


def _downcase(value: object) -> str:
    return _words(value).lower()


def _capitalize(value: object) -> str:
    # Only the first letter changes: "нова Пошта" keeps its second capital, unlike str.capitalize.
    words = _words(value)
    return words[:1].upper() + words[1:]


def _date(value: object, pattern: object = "%d.%m.%Y") -> str:
    """An ISO 8601 date or time by `pattern` (%d %e %m %Y %y %H %M); other words stay as they are.

    The C library's own strftime is not asked: its widths (``%999999999d``) fill any memory.
    """
    words = _words(value)
    moment = _moment(words)
    if moment is None:
        return words

    def replace(match: re.Match[str]) -> str:
        directive = _DIRECTIVES.get(match.group(1))
        if directive is None:
            raise FilterArgumentError(f"date: unknown %{match.group(1)}", token=None)
        return directive(moment)

    return _DIRECTIVE.sub(replace, _words(pattern))


def _round(value: object, digits: object = 0) -> str:
    """A decimal number rounded half up; words that are no number stay as they are."""
    words = _words(value).strip()
    places = _number(digits)
    number = _number(words.replace(",", "."))
    if number is None or places is None:
        return words
    step = Decimal(1).scaleb(-int(min(max(places, Decimal(0)), Decimal(6))))
    return f"{number.quantize(step, rounding=ROUND_HALF_UP):f}"


def _words(value: object) -> str:
    return "" if value is None or isinstance(value, Undefined) else str(value)


def _moment(words: str) -> datetime | None:
    try:
        return datetime.fromisoformat(words)
    except ValueError:
        pass
    try:
        return datetime.combine(date.fromisoformat(words), time())
    except ValueError:
        return None


def _number(value: object) -> Decimal | None:
    words = str(value)
    if len(words) > _DIGITS_LIMIT:
        return None
    try:
        number = Decimal(words)
    except InvalidOperation:
        return None
    # 1E+999999 is a short word but a long number.
    return number if number.is_finite() and abs(number.adjusted()) < _DIGITS_LIMIT else None


FILTERS: Mapping[str, Filter] = {
    "default": liquid_filter(_default),
    "upcase": liquid_filter(_upcase),
    "downcase": liquid_filter(_downcase),
    "capitalize": liquid_filter(_capitalize),
    "date": liquid_filter(_date),
    "round": liquid_filter(_round),
}
