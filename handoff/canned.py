"""Canned texts that agents send: a shortcut, the text in each language, and blanks to fill. Pure.

Blanks are written as in the knowledge base's templates, ``{{ contact.name }}``. One that has no value
stays in place, so that an agent sees what is missing before sending.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from gateway.errors import Conflict, RequestRefused
from gateway.messages import Value, clean_text

TEXT_LIMIT = 4096
_BLANK = re.compile(r"\{\{\s*([a-z_]+(?:\.[a-z_]+)?)\s*\}\}")
_SHORTCUT = re.compile(r"[\w-]{1,40}")


class Canned(Value, frozen=True, kw_only=True):
    """One canned text; `texts` by language (uk, ru, en), `used` how often it was sent."""

    shortcut: str
    texts: dict[str, str]
    id: int = 0
    used: int = 0

    def text(self, language: str | None) -> str:
        """The text in `language`, else in whichever it has, Ukrainian before Russian before English."""
        for choice in (language, "uk", "ru", "en"):
            if choice and self.texts.get(choice):
                return self.texts[choice]
        return next(iter(self.texts.values()), "")

    @property
    def mark(self) -> str:
        """What the words were, in short: a form brings it back, and so says what it was drawn from."""
        words = "\0".join((self.shortcut, *(part for pair in sorted(self.texts.items()) for part in pair)))
        return sha256(words.encode()).hexdigest()[:16]


class Overtaken(Conflict):
    """Somebody changed the text since it was looked at; `theirs` is how it stands now."""

    def __init__(self, theirs: Canned) -> None:
        super().__init__(f"/{theirs.shortcut} was changed meanwhile")
        self.theirs = theirs


class Filled(Value, frozen=True, kw_only=True):
    """A canned text ready for the composer; `missing` are the blanks nobody could fill."""

    shortcut: str
    text: str
    missing: tuple[str, ...] = ()


def fill(canned: Canned, language: str | None, variables: Mapping[str, str]) -> Filled:
    """`canned` in `language` with its blanks filled from `variables` (``{"contact.name": "Оля"}``)."""
    text = canned.text(language)
    filled = _BLANK.sub(lambda match: variables.get(match[1]) or match[0], text)
    missing = tuple(dict.fromkeys(match[1] for match in _BLANK.finditer(filled)))
    return Filled(shortcut=canned.shortcut, text=filled, missing=missing)


def search(canned: Iterable[Canned], words: str, language: str | None) -> list[Canned]:
    """Those whose shortcut or text has every word of `words`; shortcuts that begin with it come first."""
    wanted = words.strip().lstrip("/").casefold()
    if not wanted:
        return list(canned)
    found = []
    for one in canned:
        hay = f"{one.shortcut} {one.text(language)}".casefold()
        if all(word in hay for word in wanted.split()):
            found.append(one)
    return sorted(found, key=lambda one: not one.shortcut.casefold().startswith(wanted))


def check(canned: Canned, gettext: Callable[[str], str] = str) -> Canned:
    """`canned` with its texts cleaned. Raises RequestRefused naming what to mend, worded by `gettext`."""
    _ = gettext
    shortcut = canned.shortcut.strip().lstrip("/").lower()
    if not _SHORTCUT.fullmatch(shortcut):
        raise RequestRefused(400, _("A shortcut is 1–40 letters, digits, - or _, without spaces."))
    texts = {language: clean_text(text).strip() for language, text in canned.texts.items()}
    texts = {language: text for language, text in texts.items() if text}
    if not texts:
        raise RequestRefused(400, _("Write the text in at least one language."))
    if any(len(text) > TEXT_LIMIT for text in texts.values()):
        raise RequestRefused(400, _("A text has at most {limit} characters.").format(limit=TEXT_LIMIT))
    return Canned(id=canned.id, shortcut=shortcut, texts=texts, used=canned.used)


DEMO: dict[str, dict[str, str]] = {
    "hello": {
        "uk": "Добрий день, {{ contact.name }}! Мене звати {{ agent.name }}, я вже читаю ваше запитання.",
        "ru": "Здравствуйте, {{ contact.name }}! Меня зовут {{ agent.name }}, я уже читаю ваш вопрос.",
        "en": "Hello {{ contact.name }}, this is {{ agent.name }}. I am reading your question now.",
    },
    "checking": {
        "uk": "Перевіряю посилку {{ entities.order }}, це займе кілька хвилин. Залишайтеся на звʼязку.",
        "ru": "Проверяю посылку {{ entities.order }}, это займёт несколько минут. Оставайтесь на связи.",
        "en": "I am checking parcel {{ entities.order }}; it takes a few minutes. Please stay with me.",
    },
    "number": {
        "uk": "Підкажіть, будь ласка, номер посилки: він є в SMS та на чеку.",
        "ru": "Подскажите, пожалуйста, номер посылки: он есть в SMS и на чеке.",
        "en": "Could you tell me the parcel number, please? It is in the text message and on the receipt.",
    },
    "sorry": {
        "uk": "Мені шкода, що так сталося. Розберуся і напишу вам, що ми зробимо і коли.",
        "ru": "Мне жаль, что так вышло. Разберусь и напишу вам, что мы сделаем и когда.",
        "en": "I am sorry this happened. I will look into it and tell you what we do about it, and when.",
    },
    "photo": {
        "uk": "Надішліть, будь ласка, фото пакування та пошкодження: з ними рішення буде швидшим.",
        "ru": "Пришлите, пожалуйста, фото упаковки и повреждения: с ними решение будет быстрее.",
        "en": "Please send photos of the packaging and of the damage: they make the decision quicker.",
    },
    "bye": {
        "uk": "Дякуємо, що написали в {{ company.name }}. Якщо щось зʼявиться, просто напишіть сюди.",
        "ru": "Спасибо, что написали в {{ company.name }}. Если что-то появится, просто напишите сюда.",
        "en": "Thank you for writing to {{ company.name }}. If anything comes up, just write here.",
    },
}
"""What the demo company's agents start with."""
