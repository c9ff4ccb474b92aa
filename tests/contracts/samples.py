"""What the suite says on every channel, and how to see that it was understood."""

from __future__ import annotations

from typing import Any, get_args

from gateway.messages import (
    Button,
    ContactCard,
    Edit,
    Event,
    Inbound,
    Location,
    Media,
    MediaKind,
    Part,
    Reaction,
    Text,
)
from tests.contracts.case import FILES, Arrival, Shown

PART_TYPES: dict[str, type[Any]] = {str(part.__struct_config__.tag): part for part in get_args(Part)}
"""The parts by their tags."""

WORDS = "Добрий день! Ваша посилка <вже> в дорозі & буде о 10:00 — [так](не посилання) 5 * 3"
MARKDOWN = "**Вартість** доставки:\n- до 1 кг: 50 грн\n- [карта](https://example.org/map)"
PLACE = Location(latitude=50.450100, longitude=30.523400, title="Відділення 1, Хрещатик 22")
PLAIN_PLACE = Location(latitude=-33.856800, longitude=151.215300)
CARD = ContactCard(phone="+380441234567", name="Кур'єр Іван")
CHOICES = (Button(label="Де моя посилка?", payload="a:track-parcel"), Button(label="Людина", payload="do:human"))
LINK = Button(label="Карта", url="https://example.org/map")
FILE = Media(kind=MediaKind.FILE, ref="file:7", name="рахунок.txt", mime="text/plain", size=len(FILES["file:7"]))
PHOTO = Media(
    kind=MediaKind.IMAGE,
    ref="file:8",
    name="фото.jpg",
    mime="image/jpeg",
    size=len(FILES["file:8"]),
    caption="Ось вона",
)
SEVERAL: dict[MediaKind, Media] = {
    kind: Media(kind=kind, ref="file:7", name=f"річ.{kind.value}", mime=mime, size=len(FILES["file:7"]))
    for kind, mime in {
        MediaKind.IMAGE: "image/png",
        MediaKind.VIDEO: "video/mp4",
        MediaKind.AUDIO: "audio/mpeg",
        MediaKind.VOICE: "audio/ogg",
        MediaKind.STICKER: "image/webp",
        MediaKind.FILE: "application/pdf",
    }.items()
}


def long_text(limit: int) -> str:
    """Words of all lengths, each with its number, some three messages' worth (100,000 characters at most)."""
    words, length, number = [], 0, 0
    while length < min(limit * 3, 100_000):
        number += 1
        word = f"слово{number}" + ("." if number % 9 == 0 else "") + ("\n\n" if number % 70 == 0 else "")
        words.append(word)
        length += len(word) + 1
    return " ".join(words)


def said_in(events: tuple[Event, ...]) -> set[str]:
    """The tags of the parts that customers send in `events`."""
    parts = (part for event in events if isinstance(event, Inbound) for part in event.parts)
    return {str(part.__struct_config__.tag) for part in parts}


def tags_of(arrivals: dict[str, Arrival]) -> set[str]:
    """The tags of the parts in all `arrivals`."""
    return set().union(*(said_in(arrival.events) for arrival in arrivals.values()))


def everything(shown: list[Shown]) -> str:
    """All words, and all labels, that a customer sees."""
    return "\n".join("\n".join((one.words, *one.choices)) for one in shown)


def is_at(shown: Shown, place: Location) -> bool:
    """Whether a customer can find `place`: on a map, or by its coordinates in words."""
    if shown.place is not None:
        return abs(shown.place[0] - place.latitude) < 1e-4 and abs(shown.place[1] - place.longitude) < 1e-4
    return f"{place.latitude:.4f}" in shown.words and f"{place.longitude:.4f}" in shown.words


EDIT_WORDS = "Виправлено: завтра о 12:00"


def edit(target: str) -> Edit:
    return Edit(target=target, text=EDIT_WORDS)


def reaction(target: str) -> Reaction:
    return Reaction(target=target, emoji="👍")


HELLO = Text(text="Добрий день")
