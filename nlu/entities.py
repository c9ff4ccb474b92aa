"""Finds what can be copied out of a text: phones, e-mail addresses, order numbers, times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from phonenumbers import (
    SUPPORTED_REGIONS,
    Leniency,
    PhoneMetadata,
    PhoneNumberFormat,
    PhoneNumberMatcher,
    format_number,
)

from gateway.errors import SettingsError
from gateway.ports import Entity, EntityKind
from nlu.dates import find_windows

ORDER_PATTERNS = (r"\bZH\d{9}UA\b",)
"""The demo company's parcel numbers."""

_MOST = 20  # entities of one text: a pasted price list is no question
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[^\W_](?:[\w-]{0,62})(?:\.[^\W_][\w-]{0,62})+(?<![-_])")
_LINK = re.compile(r"\b(?:https?://|www\.)\S+")
_FEWEST_DIGITS = 6  # of any country's numbers with their international prefix
_EDGE = ".,;:!?)]}>\"'«»…"


class Extractor:
    """Knows a firm's order numbers and the countries its customers call from.

    Args:
        order_patterns: regular expressions of order or parcel numbers, matched without regard to case.
        regions: countries (ISO 3166) whose phone numbers may lack the international prefix, likeliest first.

    Raises SettingsError for a pattern that is no regular expression and for a region that is no country.
    """

    def __init__(self, order_patterns: Iterable[str] = ORDER_PATTERNS, regions: Sequence[str] = ("UA",)) -> None:
        self._orders = [_compiled(number, pattern) for number, pattern in enumerate(order_patterns)]
        self._regions = tuple(_known(number, region) for number, region in enumerate(regions)) or ("ZZ",)
        self._digits = re.compile(rf"\d(?:\D*\d){{{_fewest_digits(self._regions) - 1}}}")

    def find(self, text: str, *, now: datetime, zone: str, language: str | None = None) -> tuple[Entity, ...]:
        """The entities of `text` by place, none overlapping another.

        Order numbers win over addresses, those over phones, those over times: a number is one thing.
        `now` is aware; `zone` is the customer's IANA time zone. `language` is not needed: the three
        languages' words for times do not collide.
        """
        found: list[Entity] = []
        rest = text
        for finder in (self._find_orders, _find_emails, _find_links, self._find_phones):
            for entity in finder(rest):
                found.append(entity)
                rest = _blank(rest, entity)
        found = [entity for entity in found if entity.value]
        found += _find_times(rest, now, zone)
        return tuple(sorted(found, key=lambda entity: entity.start)[:_MOST])

    def _find_orders(self, text: str) -> Iterator[Entity]:
        taken = 0
        matches = (match for pattern in self._orders for match in pattern.finditer(text) if match.group())
        for match in sorted(matches, key=lambda match: (match.start(), -match.end())):
            if match.start() >= taken:
                taken = match.end()
                yield _entity(EntityKind.ORDER, match.group(), match.group().upper(), match.start())

    def _find_phones(self, text: str) -> Iterator[Entity]:
        if not self._digits.search(text):
            return
        taken: list[tuple[int, int]] = []
        for region in self._regions:
            for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
                if all(match.end <= start or match.start >= end for start, end in taken):
                    taken.append((match.start, match.end))
                    value = format_number(match.number, PhoneNumberFormat.E164)
                    yield _entity(EntityKind.PHONE, match.raw_string, value, match.start)


def _fewest_digits(regions: Iterable[str]) -> int:
    """Digits without which a text has no telephone number: to look for one is slow."""
    known = filter(None, map(PhoneMetadata.metadata_for_region, regions))
    lengths = [length for country in known if country.general_desc for length in country.general_desc.possible_length]
    return min([_FEWEST_DIGITS, *filter(lambda length: length > 0, lengths)])


def _known(number: int, region: str) -> str:
    if region not in SUPPORTED_REGIONS:
        raise SettingsError(
            f"company.regions[{number}]", f"{region!r} is no country whose numbers are known; say for example UA"
        )
    return region


def _compiled(number: int, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise SettingsError(f"company.order_patterns[{number}]", f"is not a regular expression: {error.msg}") from error


def _find_emails(text: str) -> Iterator[Entity]:
    for match in _EMAIL.finditer(text) if "@" in text else ():
        yield _entity(EntityKind.EMAIL, match.group(), match.group().lower(), match.start())


def _find_links(text: str) -> Iterator[Entity]:
    """Web addresses, without a value: only so that their digits are not read as something else."""
    for match in _LINK.finditer(text) if "://" in text or "www." in text else ():
        yield _entity(EntityKind.EMAIL, match.group(), "", match.start())


def _find_times(text: str, now: datetime, zone: str) -> Iterator[Entity]:
    for window in find_windows(text, now, zone):
        said = text[window.first : window.last].rstrip(_EDGE)
        yield Entity(
            kind=EntityKind.TIME,
            text=said,
            value=window.start.isoformat(timespec="seconds"),
            until=window.until.isoformat(timespec="seconds") if window.until else None,
            start=window.first,
            end=window.first + len(said),
            dayless=window.dayless,
        )


def _entity(kind: EntityKind, text: str, value: str, start: int) -> Entity:
    return Entity(kind=kind, text=text, value=value, start=start, end=start + len(text))


def _blank(text: str, entity: Entity) -> str:
    """`text` with the entity struck out by a sign that no grammar reads, all places kept."""
    return f"{text[: entity.start]}{'№' * (entity.end - entity.start)}{text[entity.end :]}"
