"""Telephone numbers as customers type them. Pure, by libphonenumber's rules."""

from __future__ import annotations

import re
from collections.abc import Sequence

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberMatcher, PhoneNumberType

_LIKE_A_NUMBER = re.compile(r"[\d\s()+./–-]+")

_DIALLED_8 = frozenset(("UA",))
"""Countries in which 8 was dialled before the zero of a town or an operator, and is still written."""

_AFTER_8 = re.compile(r"(?<![\d+])8[\s(-]*(0[\d\s()-]{8,16}\d)(?!\d)")

MIN_DIGITS = 5
"""From so many digits on somebody meant to give a number, and a hint helps more than the question again."""


def read_phone(text: str, regions: Sequence[str]) -> str | None:
    """The first valid number in `text` as E.164; numbers without a prefix are tried in `regions` in order."""
    if _LIKE_A_NUMBER.fullmatch(text) and (known := check_phone(re.sub(r"[^\d+]", "", text), regions)):
        return known
    tried: list[str | None] = [*regions] or [None]
    for region in tried:
        for match in PhoneNumberMatcher(text, region):
            return phonenumbers.format_number(match.number, PhoneNumberFormat.E164)
    dialled = [region for region in regions if region in _DIALLED_8]
    found = (check_phone(match[1], dialled) for match in _AFTER_8.finditer(text) if dialled)
    return next(filter(None, found), None)


def check_phone(phone: str, regions: Sequence[str] = ()) -> str | None:
    """`phone` as E.164, None where it is not a valid number."""
    for region in [*regions, None]:
        try:
            number = phonenumbers.parse(phone, region)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return None


def looks_like_phone(text: str) -> bool:
    """Whether somebody tried to give a number."""
    return sum(character.isdigit() for character in text) >= MIN_DIGITS


def number_in(words: str) -> str:
    """What to look for in E.164 numbers where `words` are one, or a part of one, as people write it: with spaces,
    brackets and dashes, and with the zero of home or of abroad (`067…`, `0038…`). Empty where they are none."""
    if not _LIKE_A_NUMBER.fullmatch(words):
        return ""
    digits = re.sub(r"\D", "", words).lstrip("0")
    return digits if len(digits) >= MIN_DIGITS else ""


def show_phone(phone: str) -> str:
    """An E.164 number with spaces, as people write it; what cannot be read comes back as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(phone, None), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return phone


def example_phone(regions: Sequence[str]) -> str:
    """A number that looks right in the first of `regions`."""
    number = phonenumbers.example_number_for_type(regions[0] if regions else "UA", PhoneNumberType.MOBILE)
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) if number else "+380 50 123 4567"
