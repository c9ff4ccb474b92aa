"""One Send → the JSON that is posted to the firm's app."""

from __future__ import annotations

import base64

import msgspec

from bots.http import shapes
from gateway.channels import Send
from gateway.errors import Rejected
from gateway.messages import ContactCard, Edit, Location, Media, Part, Reaction, Text, clean_text

_encoder = msgspec.json.Encoder()


def compose(send: Send, channel: str, *, file: bytes | None = None, edits: bool = False) -> bytes:
    """The body that says `send`; `file` is the content of its media part. Raises Rejected."""
    return encode(
        shapes.MessageOut(
            channel=channel,
            address=send.address,
            id=send.key,
            parts=(_part(send.part, file, edits=edits),),
            buttons=tuple(
                shapes.ButtonOut(label=clean_text(one.label), payload=one.payload, url=one.url, ask=one.ask)
                for one in send.buttons
            ),
            reply_to=send.reply_to,
        )
    )


def encode(body: shapes.BodyOut) -> bytes:
    """`body` as it is signed and posted."""
    return _encoder.encode(body)


def _part(part: Part, file: bytes | None, *, edits: bool) -> shapes.PartOut:
    match part:
        case Text():
            return shapes.TextOut(text=clean_text(part.text), markdown=part.markdown)
        case Media() if file is not None:
            return shapes.MediaOut(
                kind=part.kind,
                data=base64.b64encode(file).decode(),
                name=_clean(part.name),
                mime=part.mime,
                size=len(file),
                caption=_clean(part.caption),
            )
        case Location():
            return shapes.LocationOut(latitude=part.latitude, longitude=part.longitude, title=_clean(part.title))
        case ContactCard():
            return shapes.ContactOut(phone=clean_text(part.phone), name=_clean(part.name))
        case Edit() if edits:
            return shapes.EditOut(target=part.target, text=clean_text(part.text))
        case Reaction():
            return shapes.ReactionOut(target=part.target, emoji=clean_text(part.emoji), removed=part.removed)
    raise Rejected(f"the app shows no {type(part).__name__}")


def _clean(text: str | None) -> str | None:
    return None if text is None else clean_text(text)
