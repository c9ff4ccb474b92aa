"""Which of the choices put before a customer they took: pressed, typed, counted or agreed to. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.conversations import Offer
from gateway.messages import ButtonPress, Part, Text

PERSON = "do:handoff"
CALLBACK = "do:callback"
NONE_OF_THESE = "do:none"


def words(text: str) -> frozenset[str]:
    """The words of `text`, each once."""
    return frozenset(text.split())


YES = words("""
    так та ага угу добре гаразд підтверджую підходить згода ок окей
    да давай давайте хорошо ладно подтверждаю подходит верно конечно
    yes yep yeah ok okay sure right correct confirm fine
    + 👍 👌 ✅ 🆗
""")
NO = words("ні нє нет неа no nope")
_SEEN = YES | words("""
    ясно зрозуміло зрозумів зрозуміла понятно понял поняла дуже все всё got it i see understood круто супер клас класс
""")
_ORDINALS = (
    words("перше перша перший первое первая первый first 1-ше 1-е"),
    words("друге друга другий второе вторая второй second 2-ге 2-е"),
    words("третє третя третій третье третья третий third 3-тє 3-е"),
    words("четверте четверта четвертий четвертое четвертая четвертый fourth 4-те 4-е"),
)
_BESIDE = words("варіант вариант option the one пункт номер number це это")
_FEWEST = 2
_STEM = 5
"""Letters by which words of different endings are known to be one."""
_PLEASED = frozenset("👍👌🙏👏🤝💪✅🆗❤♥🧡💛💚💙💜🖤🤍😊🙂😀😁😃😄😉😍🥰😘🤗☺😇🎉🔥💯🫶✌🤙")
_SHAPING = re.compile("[\\s\ufe0f\u200d\U0001f3fb-\U0001f3ff]+")
"""Spaces, and what only gives an emoji its colour."""


def chosen(parts: Sequence[Part], offers: Sequence[Offer]) -> str | None:
    """The payload of a pressed button, or of the offer that was typed by its label, number or place, or agreed to."""
    for part in parts:
        if isinstance(part, ButtonPress):
            return part.payload
    if len(parts) != 1 or not isinstance(parts[0], Text):
        return None
    typed = _as_typed(parts[0].text)
    # A label goes before a number: where marks 5…1 are offered, "5" means the mark, not the fifth line.
    named = (offer.payload for offer in offers if typed and _as_typed(offer.label) == typed)
    numbered = (offer.payload for offer in offers if offer.number is not None and str(offer.number) == typed)
    return next(named, None) or next(numbered, None) or _named_alike(typed, offers) or _answered(typed, offers)


def asks_nothing(text: str) -> bool:
    """Whether `text` is only a pleased emoji or two: what a reaction says elsewhere."""
    bare = _SHAPING.sub("", text)
    return bool(bare) and _PLEASED.issuperset(bare)


def only_heard(text: str) -> bool:
    """Whether `text` says no more than that something was read: «ок», «зрозуміло», "I see"."""
    said = _as_typed(text).replace(",", " ").split()
    return 0 < len(said) <= 3 and _SEEN.issuperset(said)


def _named_alike(typed: str, offers: Sequence[Offer]) -> str | None:
    """The one offer whose label was typed with other endings: «залиште повідомлення» for «Залишити повідомлення».
    A single word says too little for that."""
    said = typed.split()
    if len(said) < _FEWEST:
        return None
    found = {offer.payload for offer in offers if _alike(said, _as_typed(offer.label).split())}
    return found.pop() if len(found) == 1 else None


def _alike(said: Sequence[str], label: Sequence[str]) -> bool:
    return len(said) == len(label) and all(
        one == other or (one.isalpha() and len(one) >= _STEM <= len(other) and one[:_STEM] == other[:_STEM])
        for one, other in zip(said, label, strict=True)
    )


def _answered(typed: str, offers: Sequence[Offer]) -> str | None:
    """The offer meant by its place in the list, or by yes or no, where we asked a question with these offers."""
    payloads = [offer.payload for offer in offers]
    asked_which = NONE_OF_THESE in payloads
    place = _place(typed)
    if place is not None and (asked_which or any(offer.number for offer in offers)):
        return payloads[place] if place < len(payloads) else None
    if asked_which and typed in NO:
        return NONE_OF_THESE
    offers_people = payloads[:1] == [PERSON] and {PERSON, CALLBACK}.issuperset(payloads)
    if typed in YES and (offers_people or (asked_which and len(payloads) == 2)):
        return payloads[0]
    if typed in YES and payloads[:1] == [CALLBACK] and all(payload.startswith("f:") for payload in payloads[1:]):
        return PERSON  # yes to “a call, or a message for later?”: whatever it be, people shall see to it
    return None


def _place(typed: str) -> int | None:
    """The place, from 0, that «2», «друге» or "the second one" names; None where it is something else."""
    said = [word for word in typed.split() if word not in _BESIDE]
    if len(said) != 1:
        return None
    if said[0] in {"1", "2", "3", "4"}:
        return int(said[0]) - 1
    return next((place for place, named in enumerate(_ORDINALS) if said[0] in named), None)


def _as_typed(text: str) -> str:
    """People leave out, or add, what ends a label or a list number, and do not mind capitals."""
    return text.strip().strip(".)!").strip().casefold()
