"""What a form hears: the pressed value or the words, with what was found in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.choosing import NO, YES, chosen
from gateway.choosing import words as _words
from gateway.conversations import Form
from gateway.dialogue import FORM
from gateway.messages import ContactCard, Outbound, Value, plain_text
from gateway.ports import Action, Entity, EntityKind, Situation
from handoff.bookings import Booking
from handoff.forms.correcting import corrects, meant, only_names
from handoff.hours import Span
from handoff.phones import check_phone, read_phone

CANCEL = _words("""
    скасувати скасуй скасуйте відміна відмінити відміни передумав передумала
    отмена отмени отменить отмените передумал стоп
    cancel stop nevermind
""")
THANKS = _words("дякую дякс дякуємо спасибі спс спасибо благодарю thanks thank thx ty")
_WITH_THANKS = _words("вам тобі дуже щиро велике большое тебе you very much a lot so 🙏 😊 🙂")
_REFUSING = _words("не треба потрібно хочу буду надо нужно уже вже don't need not to want нічого ничего nothing")
_WITH_YES = _words("""
    все всё вірно правильно саме чекаю чекатиму записуйте запишіть бронюйте домовились домовилися звісно звичайно
    записывайте запишите жду буду ждать договорились отлично чудово супер будь ласка пожалуйста
    please that's that is great perfect good sounds works book it for me
""")
_CALLING = re.compile(r"дзв[іо]н|звон|набир|\bcall", re.IGNORECASE)
_ANY_TIME = re.compile(
    r"\b(?:any ?time|whenever|хо(?:ч|ть) (?:зараз|сейчас|щас)|будь[- ]?коли|коли завгодно|когда угодно|"
    r"в (?:любое|будь-який) (?:время|час)|"
    r"(?:коли|когда|як) (?:вам|вы|ви) (?:зручно|зможете|удобно|сможете))\b",
    re.IGNORECASE,
)
SKIP = _words("пропустити далі неважливо пропустить дальше неважно skip next none - —")

_NEGATED = (
    *("не треба", "не потрібно", "не дзвоніть", "не надо", "не нужно", "не звоните"),
    *("no thanks", "no thank you", "never mind", "do not", "don't"),
)
_WORD = re.compile(r"[\w'’ʼ-]+|[-—+👍👌✅🆗🙏😊🙂]")
_SHORT = 3
"""Longer sentences that begin with “yes” say more than yes."""


class Said(Value, frozen=True, kw_only=True):
    """One thing said to a form.

    `press` is the value of a pressed form button, `card` a shared address-book entry; `phone` a valid
    number (E.164) found in the words; `action` what the surely understood article does, None where
    nothing was understood surely. `named` are the times and numbers as they stand in the words. `in_reply`:
    the form's own question was the last thing we said, so that “yes” and “thanks” are about it.
    """

    text: str = ""
    press: str | None = None
    card: ContactCard | None = None
    times: tuple[Entity, ...] = ()
    phone: str | None = None
    action: Action | None = None
    named: tuple[Entity, ...] = ()
    in_reply: bool = True

    @property
    def yes(self) -> bool:
        """Whether the words agree."""
        return _is_only(self.text, YES)

    @property
    def agrees(self) -> bool:
        """Whether the words accept what was proposed: yes, and other ways to say so."""
        said = set(_WORD.findall(self.text.casefold()))
        return self.yes or (bool(said) and YES.union(_WITH_YES, THANKS, _WITH_THANKS).issuperset(said))

    @property
    def no(self) -> bool:
        """Whether the words say no."""
        return _is_only(self.text, NO)

    @property
    def refuses(self) -> bool:
        """Whether the words refuse and say nothing else: “no, never mind” is no message to anybody."""
        said = set(_WORD.findall(self.text.casefold()))
        whole = NO.union(CANCEL, _REFUSING, THANKS, _WITH_THANKS).issuperset(said)
        return whole and not said.isdisjoint(NO | CANCEL | {"треба", "потрібно", "надо", "нужно"})

    @property
    def cancel(self) -> bool:
        """Whether the words call it off."""
        words = self.text.casefold().strip()
        return _is_only(words, CANCEL) or any(words.startswith(phrase) for phrase in _NEGATED)

    @property
    def calls_off(self) -> bool:
        """Whether the words call off the call itself: as its topic, “cancel my order” does not."""
        if self.action is Action.CALLBACK_CANCEL and _CALLING.search(self.text):
            return True
        return self.cancel and (len(self.text.split()) == 1 or not _is_only(self.text.strip(), CANCEL))

    @property
    def thanks(self) -> bool:
        """Whether the words thank, and do nothing else."""
        said = _WORD.findall(self.text.casefold())
        return bool(THANKS.intersection(said)) and THANKS.union(_WITH_THANKS, YES).issuperset(said)

    @property
    def any_time(self) -> bool:
        """Whether any time will do. That it should be soon is a time for the NLU."""
        return not self.times and _ANY_TIME.search(self.text) is not None

    @property
    def puts_right(self) -> bool:
        """Whether this is a time or a number in place of one given before, and not what is asked for now."""
        if self.bare:
            return False
        return corrects(self.text) or only_names(self.text, self.named)

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
        times=meant(text, [entity for entity in entities if entity.kind is EntityKind.TIME]),
        phone=_phone(text, card, entities, regions),
        action=action(best.intent) if best and best.confidence >= sure else None,
        named=tuple(entity for entity in entities if entity.kind in (EntityKind.TIME, EntityKind.PHONE)),
        in_reply=any(offer.payload.startswith(FORM) for offer in situation.conversation.offers),
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
