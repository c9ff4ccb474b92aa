"""What somebody means who takes back a part of what they say: «не о 15, а о 16», "no, another number". Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from msgspec import structs

from gateway.ports import Entity

_NOT = re.compile(r"\b(?:не|not)\s+$", re.IGNORECASE)
_TAKES_BACK = re.compile(
    r"\b(?:а|ні|нє|краще|точніше|вірніше|нет|неа|лучше|точнее|вернее|no|nope|rather|better|actually)\b", re.IGNORECASE
)
_CORRECTS = re.compile(
    r"\W*(?:(?:ой|ах|вибачте|пробачте|извините|простите|sorry|oh)\b\W*)*"
    r"(?:ні|нє|не|нет|неа|краще|давайте краще|точніше|вірніше|інший|помилка|помиливс\w+|помилилас\w+|лучше|"
    r"давайте лучше|точнее|вернее|другой|ошибка|ошибс\w+|ошиблас\w+|no|not|nope|actually|rather|make it|wrong|"
    r"another)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_BESIDE = 2
"""Words beside a time or a number that do not make a matter of it yet: «краще завтра о 15, будь ласка»."""


def corrects(text: str) -> bool:
    """Whether the words begin as those do that put something right."""
    return _CORRECTS.match(text) is not None


def only_names(text: str, named: Sequence[Entity]) -> bool:
    """Whether hardly anything but what was `named` stands in the words."""
    rest = text
    for entity in named:
        rest = rest.replace(entity.text, " ", 1)
    return bool(named) and len(_WORD.findall(rest)) <= _BESIDE


def meant(text: str, times: Sequence[Entity]) -> tuple[Entity, ...]:
    """Of the times named in `text` those that were not taken back in the same breath, in order.

    An hour that takes the place of another («завтра о 15, ні, о 16») is one of the same day.
    """
    kept: list[Entity] = []
    gone: Entity | None = None
    for time in times:
        if kept and _TAKES_BACK.search(text[kept[-1].end : time.start]):
            gone = kept.pop()
        if _NOT.search(text[: time.start]):
            gone = time
            continue
        named = gone is not None and not gone.dayless
        kept.append(on_day_of(time, datetime.fromisoformat(gone.value)) if gone and named else time)
    return tuple(kept)


def on_day_of(time: Entity, day: datetime, zone: str | None = None) -> Entity:
    """`time`, where it names no day, on the local day of `day` (of `zone`, else of its own offset)."""
    if not time.dayless:
        return time
    zoned = ZoneInfo(zone) if zone else None
    there = day.astimezone(zoned) if zoned else day
    start = _local(time.value, zoned)
    days = timedelta(days=(there.date() - start.date()).days)
    until = _later(_local(time.until, zoned), days, there.tzinfo) if time.until else None
    return structs.replace(time, value=_later(start, days, there.tzinfo), until=until, dayless=False)


def _local(moment: str, zone: ZoneInfo | None) -> datetime:
    """`moment` by the clock of `zone`, else by the one it was written by."""
    read = datetime.fromisoformat(moment)
    return read.astimezone(zone) if zone else read


def _later(moment: datetime, days: timedelta, zone: tzinfo | None) -> str:
    """The same hour of the clock `days` later, also over a change of the clocks."""
    return (moment.replace(tzinfo=None) + days).replace(tzinfo=zone).isoformat(timespec="seconds")
