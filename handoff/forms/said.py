"""What a form hears: the pressed value or the words, with what was found in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.conversations import Form
from gateway.dialogue import FORM, chosen
from gateway.messages import ContactCard, Outbound, Value, plain_text
from gateway.ports import Action, Entity, EntityKind, Situation
from handoff.bookings import Booking
from handoff.hours import Span
from handoff.phones import check_phone, read_phone


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


YES = _words("""
    так та ага угу добре гаразд підтверджую підходить згода ок окей
    да давай давайте хорошо ладно подтверждаю подходит верно конечно
    yes yep yeah ok okay sure right correct confirm fine
""")
NO = _words("ні нє нет неа no nope")
CANCEL = _words("""
    скасувати скасуй скасуйте відміна відмінити відміни передумав передумала
    отмена отмени отменить отмените передумал стоп
    cancel stop nevermind
""")
SKIP = _words("пропустити далі неважливо пропустить дальше неважно skip next none - —")

_NEGATED = (
    *("не треба", "не потрібно", "не дзвоніть", "не надо", "не нужно", "не звоните"),
    *("no thanks", "no thank you", "never mind", "do not", "don't"),
)
_WORD = re.compile(r"[\w'’ʼ-]+|[-—]")
_SHORT = 3
"""Longer sentences that begin with “yes” say more than yes."""


class Said(Value, frozen=True, kw_only=True):
    """One thing said to a form.

    `press` is the value of a pressed form button, `card` a shared address-book entry; `phone` a valid
    number (E.164) found in the words; `action` what the surely understood article does, None where
    nothing was understood surely.
    """

    text: str = ""
    press: str | None = None
    card: ContactCard | None = None
    times: tuple[Entity, ...] = ()
    phone: str | None = None
    action: Action | None = None

    @property
    def yes(self) -> bool:
        """Whether the words agree."""
        return _is_only(self.text, YES)

    @property
    def no(self) -> bool:
        """Whether the words say no."""
        return _is_only(self.text, NO)

    @property
    def cancel(self) -> bool:
        """Whether the words call it off."""
        words = self.text.casefold().strip()
        return _is_only(words, CANCEL) or any(words.startswith(phrase) for phrase in _NEGATED)

    @property
    def bare(self) -> bool:
        """Whether nothing but words was said: no time, no number."""
        return not self.times and self.phone is None

    @property
    def skip(self) -> bool:
        """Whether the words pass over a question."""
        return _is_only(self.text, SKIP)

    @property
    def stranger(self) -> bool:
        """Whether this is clearly a different matter, which the bot should answer."""
        return self.action in (Action.ANSWER, Action.HANDOFF)


class Advance(Value, frozen=True, kw_only=True):
    """What follows: things to say and the form from now on; at most one of the deeds below.

    `booking` books a call, `move_to` moves and `cancel` cancels the one the form is about; `declined`
    ends the form without a deed; `unhandled` gives the words back to the bot.
    """

    replies: tuple[Outbound, ...] = ()
    form: Form | None = None
    booking: Booking | None = None
    move_to: Span | None = None
    cancel: bool = False
    declined: bool = False
    unhandled: bool = False


def pressed(situation: Situation) -> tuple[str, str] | None:
    """(form, value) of the form button that was pressed, or whose label or number was typed."""
    payload = chosen(situation.parts, situation.conversation.offers)
    if payload is None or not payload.startswith(FORM):
        return None
    name, _, value = payload.removeprefix(FORM).partition(":")
    return name, value


def hear(
    situation: Situation,
    action: Callable[[str], Action | None],
    sure: float,
    regions: Sequence[str],
) -> Said:
    """What `situation` says to a form. `sure` is the confidence from which an article counts as meant."""
    understanding = situation.understanding
    text = plain_text(situation.parts).strip()
    entities = understanding.entities if understanding else ()
    best = understanding.best if understanding else None
    press = pressed(situation)
    card = next((part for part in situation.parts if isinstance(part, ContactCard)), None)
    return Said(
        text=text,
        press=press[1] if press else None,
        card=card,
        times=tuple(entity for entity in entities if entity.kind is EntityKind.TIME),
        phone=_phone(text, card, entities, regions),
        action=action(best.intent) if best and best.confidence >= sure else None,
    )


def _phone(text: str, card: ContactCard | None, entities: Sequence[Entity], regions: Sequence[str]) -> str | None:
    if card is not None:
        plus = card.phone if card.phone.startswith("+") else f"+{card.phone}"
        return check_phone(plus, ()) or check_phone(card.phone, regions)
    named = next((entity.value for entity in entities if entity.kind is EntityKind.PHONE), None)
    return (check_phone(named, regions) if named else None) or read_phone(text, regions)


def _is_only(text: str, words: frozenset[str]) -> bool:
    said = _WORD.findall(text.casefold())
    return 0 < len(said) <= _SHORT and said[0] in words
