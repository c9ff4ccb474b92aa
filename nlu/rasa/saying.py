"""From what a Rasa assistant says to what we say: texts, buttons, images, attachments, and its custom payloads. Pure.

A `custom` payload may ask the gateway for something:

    {"handoff": {"reason": "asked", "note": "for the agent", "say": "to the customer"}}   a person is called
    {"do": "callback", "say": "…"}      one of our own actions: callback, callback_move, callback_cancel, continue
    {"do": "unknown"}                   the gateway answers by itself: it asks back, or calls a person

`reason` is one of the handoff's reasons, `asked` where it is missing. What else it holds is not for us.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gateway.assisting.assistant import HandingOver, Told
from gateway.messages import Button, Media, MediaKind, Outbound, Part, Text, clean_text
from gateway.ports import Action, Reason
from nlu.rasa.wire import Choice, Element, Event, Message

TEXT_LIMIT = 8000
PAYLOAD_LIMIT = 64
"""Bytes that a messenger gives back (see `gateway.messages.Button`); longer payloads travel under a short name."""
SHORT = "rasa#"
_WEB = ("http://", "https://")
_OURS = (Action.CALLBACK, Action.CALLBACK_MOVE, Action.CALLBACK_CANCEL, Action.CONTINUE)


def told(messages: Sequence[Message]) -> Told:
    """All that `messages` say and ask for."""
    replies: list[Outbound] = []
    handoff: HandingOver | None = None
    action: Action | None = None
    unknown = False
    for message in messages:
        custom = message.custom if isinstance(message.custom, Mapping) else {}
        do = custom.get("do")
        handoff = handoff or _handoff(custom if do == "handoff" else custom.get("handoff"))
        action = action or next((ours for ours in _OURS if ours == do), None)
        unknown = unknown or do == "unknown"
        replies += _outbounds(message)
    return Told(replies=tuple(replies), handoff=handoff, action=action, unknown=unknown and not replies)


def said_after(events: Sequence[Event], message: int) -> list[Message] | None:
    """What the tracker says was answered to our `message`; None where it never heard it."""
    found: list[Message] | None = None
    for event in events:
        if event.event == "user":
            if found is not None:
                break
            ours = (event.metadata or {}).get("frontdesk")
            if isinstance(ours, Mapping) and ours.get("message") == message:
                found = []
        elif event.event == "bot" and found is not None:
            found.append(_message_of(event))
    return found


def payload_named(short: str, events: Sequence[Event]) -> str | None:
    """The payload that travels as `short`, from the buttons that the tracker says were offered."""
    for event in reversed(events):
        if event.event == "bot":
            message = _message_of(event)
            choices = [*(message.buttons or []), *(message.quick_replies or []), *_cards_buttons(message.elements)]
            payloads = [choice.payload for choice in choices if choice.payload]
            found = next((payload for payload in payloads if shortened(payload) == short), None)
            if found is not None:
                return found
    return None


def shortened(payload: str) -> str:
    """`payload` as it travels through messengers."""
    encoded = payload.encode()
    if len(encoded) <= PAYLOAD_LIMIT:
        return payload
    return SHORT + hashlib.sha256(encoded).hexdigest()[:32]


# --- inside ----------------------------------------------------------------------------------


def _message_of(event: Event) -> Message:
    try:
        return msgspec.convert({"text": event.text, **(event.data or {})}, Message)
    except msgspec.ValidationError:
        return Message(text=event.text)


def _outbounds(message: Message) -> Iterator[Outbound]:
    parts: list[Part] = []
    if words := _words(message.text):
        parts.append(Text(text=words, markdown=True))
    if message.image:
        parts.append(_file(message.image, MediaKind.IMAGE))
    parts += _attached(message.attachment)
    buttons = _buttons([*(message.buttons or ()), *(message.quick_replies or ())])
    if parts:
        yield Outbound(parts=tuple(parts), buttons=buttons)
    elif buttons:
        # A messenger shows no buttons under nothing.
        yield Outbound(parts=(Text(text="…"),), buttons=buttons)
    for card in _cards(message.elements):
        yield from _card(card)


def _card(card: Element) -> Iterator[Outbound]:
    words = "\n".join(line for line in (f"**{card.title}**" if card.title else "", card.subtitle) if line)
    parts: list[Part] = [_file(card.image_url, MediaKind.IMAGE)] if card.image_url else []
    if words:
        parts.append(Text(text=words, markdown=True))
    if parts:
        yield Outbound(parts=tuple(parts), buttons=_buttons(card.buttons or ()))


def _cards(elements: Any) -> list[Element]:
    try:
        return msgspec.convert(elements or [], list[Element])
    except msgspec.ValidationError:
        return []


def _cards_buttons(elements: Any) -> list[Choice]:
    return [choice for card in _cards(elements) for choice in card.buttons or ()]


def _buttons(choices: Sequence[Choice]) -> tuple[Button, ...]:
    buttons = []
    for choice in choices:
        title = clean_text(choice.title).strip()
        if title and choice.url and choice.url.startswith(_WEB):
            buttons.append(Button(label=title, url=choice.url))
        elif title:
            # Without a payload Rasa means the title itself.
            buttons.append(Button(label=title, payload=shortened(choice.payload or title)))
    return tuple(buttons)


def _attached(attachment: Any) -> list[Part]:
    """An attachment is an address, or Facebook's `{"type": …, "payload": {"src" or "url": …}}`."""
    kind, address = MediaKind.FILE, attachment
    if isinstance(attachment, Mapping):
        payload = attachment.get("payload")
        address = (payload.get("src") or payload.get("url")) if isinstance(payload, Mapping) else None
        kinds = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}
        kind = kinds.get(str(attachment.get("type")), MediaKind.FILE)
    return [_file(address, kind)] if isinstance(address, str) and address else []


def _file(address: str, kind: MediaKind) -> Part:
    """Media where there is an address to fetch it from, else the words that stand there."""
    if address.startswith(_WEB):
        return Media(kind=kind, ref=address)
    return Text(text=clean_text(address)[:TEXT_LIMIT])


def _words(said: Any) -> str | None:
    words = clean_text(said).strip()[:TEXT_LIMIT] if isinstance(said, str) else ""
    return words or None


def _handoff(asked: Any) -> HandingOver | None:
    if not isinstance(asked, Mapping):
        return None
    reason = asked.get("reason")
    return HandingOver(
        reason=Reason(reason) if reason in list(Reason) else Reason.ASKED,
        note=_words(asked.get("note")),
        say=_words(asked.get("say")),
    )
