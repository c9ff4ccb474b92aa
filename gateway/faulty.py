"""What is wrong with a value, in words: msgspec names types and regular expressions, people know neither."""

from __future__ import annotations

import re

UNLIKE = "does not look as it should"
"""What is said of text where only a regular expression knows more."""

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_CHOICE = re.compile(r"\^\(([\w|-]*)\)\$")
_TYPE = re.compile(r"expected `([\w |]+)`(?:, got `(\w+)`)?", re.IGNORECASE)
_PATTERN = re.compile(r"expected `str` matching regex '(.*)'", re.IGNORECASE | re.DOTALL)
_BOUND = re.compile(r"expected `\w+` (>=|<=) (\S+)", re.IGNORECASE)
_LENGTH = re.compile(r"expected `(\w+)` of length (>=|<=) (\d+)", re.IGNORECASE)


def in_words(fault: str) -> str:
    """msgspec's sentence on one value (without the value's place) as ours; one that is not known stays."""
    for pattern, say in ((_PATTERN, _pattern), (_LENGTH, _length), (_BOUND, _bound), (_TYPE, _type)):
        if found := pattern.fullmatch(fault):
            return say(found)
    return fault[:1].lower() + fault[1:]


def _pattern(found: re.Match[str]) -> str:
    # msgspec shows the pattern as Python would write it.
    pattern = found[1].replace("\\\\", "\\")
    choice = _CHOICE.fullmatch(pattern)
    if choice is None:
        return f"{UNLIKE}, which is {pattern}"
    words = [word for word in choice[1].split("|") if word]
    empty = ", or empty" if "" in choice[1].split("|") else ""
    return f"must be one of {', '.join(words)}{empty}"


def _length(found: re.Match[str]) -> str:
    kind, sign, number = found[1], found[2], int(found[3])
    if sign == ">=" and number == 1:
        return "must not be empty"
    unit = "characters" if kind == "str" else "entries"
    return f"must have {'at least' if sign == '>=' else 'at most'} {number} {unit}"


def _bound(found: re.Match[str]) -> str:
    return f"must be {found[2]} or {'more' if found[1] == '>=' else 'less'}"


def _type(found: re.Match[str]) -> str:
    wanted = " or ".join(_TYPES.get(one, one) for one in found[1].split(" | ") if one != "null")
    got = _TYPES.get(found[2] or "")
    return f"must be {wanted}, not {got}" if got else f"must be {wanted}"
