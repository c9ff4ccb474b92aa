"""A mail taken apart: its headers, and its parts with their transfer encoding undone. No judgement here.

A `Letter` is what intake stores: files that were put into our media store are named by `ref` and their bytes
left out, so that the database keeps words, not videos. `read` takes what was stored, or a raw mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import collapse_rfc2231_value

import msgspec

from bots.mail.wire.charsets import decode_raw, decode_words
from gateway.errors import Unreadable
from gateway.messages import Value, clean_text

MAGIC = b"\x00letter1\n"
"""How a stored letter begins; no mail does."""
MAX_LEAVES = 200
MAX_DEPTH = 40
HEADER_LIMIT = 20_000
"""Characters of one header that are looked at; the longest honest ones are chains of references."""

_POLICY = policy.compat32.clone(max_line_length=None, cte_type="8bit")
_FOLD = re.compile(r"\r?\n[ \t]*|\r")
_MIME = re.compile(r"[a-z0-9][a-z0-9.+_-]{0,80}/[a-z0-9][a-z0-9.+_-]{0,80}")
_encoder = msgspec.msgpack.Encoder()


class Leaf(Value, frozen=True, kw_only=True):
    """One part without parts of its own. `around` names the multiparts it is in, outermost first, each as
    ``type#number``; `size` is of the decoded content in bytes; `ref` is where its bytes are kept where they
    are not here; `left` says that its bytes were left where they are, as too large or of no use."""

    mime: str
    content: bytes = b""
    size: int = 0
    charset: str | None = None
    name: str | None = None
    cid: str | None = None
    attached: bool = False
    inline: bool = False
    flowed: bool = False
    delsp: bool = False
    around: tuple[str, ...] = ()
    ref: str | None = None
    left: str | None = None


class Letter(Value, frozen=True, kw_only=True):
    """A mail taken apart. `headers` are in order, names in lower case, values unfolded with their encoded
    words as they came. `page` is where its sanitised HTML is kept, `concerns` whose message a bounce is
    about; `cut` says that only its beginning was fetched."""

    headers: tuple[tuple[str, str], ...]
    leaves: tuple[Leaf, ...]
    page: str | None = None
    concerns: str | None = None
    cut: bool = False

    def first(self, name: str) -> str | None:
        """The topmost header `name` (lower case), as it came."""
        return next((value for key, value in self.headers if key == name), None)

    def every(self, name: str) -> list[str]:
        """All headers `name`, topmost first."""
        return [value for key, value in self.headers if key == name]

    def text(self, name: str) -> str:
        """The topmost header `name` for people's eyes, on one line; empty where there is none."""
        return " ".join(decode_words(self.first(name) or "").split())


def take_apart(raw: bytes, *, cut: bool = False) -> Letter:
    """The mail `raw`. Raises Unreadable for what is no mail at all."""
    try:
        message = BytesParser(policy=_POLICY).parsebytes(raw)
        headers = tuple((name.lower(), _unfold(value)) for name, value in message.raw_items())
        if not headers:
            raise Unreadable("no mail: it has no headers")
        return Letter(headers=headers, leaves=tuple(_leaves(message)), cut=cut)
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError) as error:
        # The standard library's parser means never to raise; where it does, that mail alone is put aside.
        raise Unreadable(f"no mail: {type(error).__name__}") from None


def store(letter: Letter) -> bytes:
    """The body of an envelope."""
    return MAGIC + _encoder.encode(letter)


def read(body: bytes) -> Letter:
    """The inverse of `store`; a raw mail is taken apart. Raises Unreadable."""
    if not body.startswith(MAGIC):
        return take_apart(body)
    try:
        return msgspec.msgpack.decode(body[len(MAGIC) :], type=Letter)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unreadable("not a stored letter") from None


# --- walking ---------------------------------------------------------------------------------


def _leaves(message: Message) -> Iterator[Leaf]:
    waiting: list[tuple[Message, tuple[str, ...]]] = [(message, ())]
    seen = multiparts = 0
    while waiting and seen < MAX_LEAVES:
        part, around = waiting.pop()
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list) and len(around) < MAX_DEPTH:
            multiparts += 1
            place = (*around, f"{part.get_content_type()}#{multiparts}")
            waiting += [(one, place) for one in reversed(inner) if isinstance(one, Message)]
            continue
        seen += 1
        yield _leaf(part, around)


def _leaf(part: Message, around: tuple[str, ...]) -> Leaf:
    content = _content(part)
    disposition = (_header(part, "content-disposition") or "").partition(";")[0].strip().lower()
    flowed = (_parameter(part, "format", "content-type") or "").lower() == "flowed"
    return Leaf(
        mime=_mime(part),
        content=content,
        size=len(content),
        charset=_parameter(part, "charset", "content-type"),
        name=_name(part),
        cid=(_header(part, "content-id") or "").strip().strip("<>") or None,
        attached=disposition == "attachment",
        inline=disposition == "inline",
        flowed=flowed,
        delsp=flowed and (_parameter(part, "delsp", "content-type") or "").lower() == "yes",
        around=around,
    )


def _mime(part: Message) -> str:
    told = part.get_content_type().lower()
    return told if _MIME.fullmatch(told) else "application/octet-stream"


def _content(part: Message) -> bytes:
    inner = part.get_payload()
    if isinstance(inner, list):
        # message/rfc822, message/delivery-status: the parser has already opened them.
        return b"\n".join(_bytes_of(one) for one in inner)
    try:
        content = part.get_payload(decode=True)
    except (ValueError, TypeError, LookupError):
        content = None
    if isinstance(content, bytes):
        return content
    return str(inner or "").encode("utf-8", "surrogateescape")


def _bytes_of(message: object) -> bytes:
    try:
        return message.as_bytes() if isinstance(message, Message) else b""
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return b""


# --- headers of a part -----------------------------------------------------------------------


def _unfold(value: object) -> str:
    text = decode_raw(str(value))[:HEADER_LIMIT]
    return clean_text(_FOLD.sub(" ", text)).strip()


def _header(part: Message, name: str) -> str | None:
    value = next((value for key, value in part.raw_items() if key.lower() == name), None)
    return None if value is None else _unfold(value)


def _parameter(part: Message, name: str, header: str) -> str | None:
    """A parameter of a header, by RFC 2231 or as people really write it; None where it cannot be read."""
    try:
        value = part.get_param(name, header=header)
        text = collapse_rfc2231_value(value) if value is not None else ""
        words = " ".join(decode_words(decode_raw(str(text))).split())
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    return words[:HEADER_LIMIT] or None


def _name(part: Message) -> str | None:
    return _parameter(part, "filename", "content-disposition") or _parameter(part, "name", "content-type")
