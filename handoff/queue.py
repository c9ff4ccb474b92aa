"""The queue: who is next, which place somebody has, and an honest guess at the wait. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median

from gateway.messages import Value
from gateway.texts import Translator

ANGRY = 0.5
HEAD_START = timedelta(minutes=10)
"""How much longer the angriest counts as having waited: enough to come first among newcomers, too
little to push back somebody who has really been waiting."""

MIN_SAMPLES = 3
"""Fewer handled conversations than this say nothing about the next one."""

STEPS = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60)
"""Minutes as people say them; a more exact number would pretend to know."""

TELL_AGAIN = timedelta(seconds=60)


class Waiting(Value, frozen=True, kw_only=True):
    """One conversation in the queue, since when, and how angry (0–1)."""

    conversation_id: int
    since: datetime
    anger: float = 0.0


def in_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Oldest first; an angry customer counts as having come up to `HEAD_START` earlier."""
    return sorted(waiting, key=lambda one: (_counts_from(one), one.conversation_id))


def place(waiting: Iterable[Waiting], conversation_id: int) -> int | None:
    """The place in the queue counted from 1; None for who is not in it."""
    order = [one.conversation_id for one in in_order(waiting)]
    return order.index(conversation_id) + 1 if conversation_id in order else None


def estimate(place: int, agents: int, busy: Sequence[int], handling: Sequence[timedelta]) -> int | None:
    """About how many minutes until an agent takes the customer at `place`; None where nobody can know.

    `agents` is how many are present, `busy` how many conversations each of those holds, `handling`
    how long recent conversations took. A free agent takes the next customer at once; after that one
    conversation ends every (median handling time / agents).
    """
    if agents == 0:
        return None
    free = agents - sum(1 for count in busy if count > 0)
    if place <= free:
        return STEPS[0]
    if len(handling) < MIN_SAMPLES:
        return None
    seconds = median(time.total_seconds() for time in handling) * (place - free) / agents
    return round_up(seconds / 60)


def round_up(minutes: float) -> int:
    """The next of `STEPS`; 61 stands for more than an hour."""
    return next((step for step in STEPS if minutes <= step), STEPS[-1] + 1)


def worth_telling(
    place: int | None, told_place: int | None, told_at: datetime | None, now: datetime, again: timedelta = TELL_AGAIN
) -> bool:
    """Whether to tell the place (again): it changed, or it was told longer ago than `again`."""
    return told_at is None or place != told_place or now - told_at > again


def say_place(texts: Translator, place: int) -> str:
    """«You are next», or the place as a number."""
    if place == 1:
        return texts.gettext("You are next in line.")
    return texts.gettext("You are number {place} in line.").format(place=place)


def say_wait(texts: Translator, minutes: int | None) -> str | None:
    """The guess in words; None where there is none, because a made-up number is worse than silence."""
    if minutes is None:
        return None
    if minutes > STEPS[-1]:
        return texts.gettext("The wait is more than an hour.")
    return texts.ngettext(
        "The wait is about {minutes} minute.", "The wait is about {minutes} minutes.", minutes
    ).format(minutes=minutes)


def _counts_from(one: Waiting) -> datetime:
    return one.since - HEAD_START * one.anger if one.anger >= ANGRY else one.since
