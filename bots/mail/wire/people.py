"""Who a mail is from, and which mail it is: addresses, names, dates and ids out of headers."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime

from bots.mail.wire.charsets import decode_words
from bots.mail.wire.letter import Letter
from gateway.messages import Value

ADDRESS_LIMIT = 320
"""Characters: 64 before the at, 255 after it (RFC 5321, 4.5.3.1)."""
NAME_LIMIT = 200
ID_LIMIT = 180
"""An id that is longer is known by its digest: the inbox keeps 200 characters."""

_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]@\\]+@[^\s<>,;:\"()@\\]+")
_BRACKETED = re.compile(r"<\s*([^<>]*?)\s*>")
_ID = re.compile(r"<[^<>\s]+>")


class Person(Value, frozen=True, kw_only=True):
    """A mailbox of a header: the bare address in lower case, and the name beside it."""

    address: str
    name: str | None = None


def people(header: str | None) -> list[Person]:
    """The mailboxes in an address header, whoever wrote it how."""
    if not header:
        return []
    try:
        # A list, for without it "Shop, Ltd <a@b>" is two: the name must not be taken for an address.
        pairs = getaddresses([header[:4000]])
    except (ValueError, TypeError, IndexError, RecursionError):
        pairs = []
    found = [Person(address=clean, name=_name(name)) for name, address in pairs if (clean := bare(address))]
    if found:
        return found
    bracketed = _BRACKETED.findall(header)
    candidates = [one for one in bracketed if "@" in one] or _ADDRESS.findall(header)
    return [Person(address=clean) for one in candidates if (clean := bare(one))]


def bare(address: str) -> str | None:
    """`address` in lower case; None where it is not one."""
    text = decode_words(address).strip().lower()
    return text if _ADDRESS.fullmatch(text) and len(text) <= ADDRESS_LIMIT else None


def domain_of(address: str) -> str:
    """What stands behind the at."""
    return address.rpartition("@")[2]


def ascii_domain(domain: str) -> str | None:
    """`domain` as servers write it (RFC 5890); None where it cannot be one."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def author(letter: Letter) -> Person | None:
    """Who wrote: the first mailbox of From, else of Sender (RFC 5322, 3.6.2)."""
    return next((one for name in ("from", "sender") for one in people(letter.first(name))), None)


def correspondent(letter: Letter, ours: str) -> Person | None:
    """Where an answer goes: Reply-To before From (RFC 5322, 3.6.2), but never to ourselves."""
    writer = author(letter)
    for one in people(letter.first("reply-to")):
        if one.address != ours:
            name = one.name or (writer.name if writer and writer.address == one.address else None)
            return Person(address=one.address, name=name or (writer.name if writer else None))
    return writer


def message_ids(header: str | None) -> list[str]:
    """The ids in a Message-ID, In-Reply-To or References header, with their brackets."""
    return _ID.findall(header or "")


def message_id(letter: Letter) -> str | None:
    """The mail's own id, with its brackets; None where there is none that can be answered to."""
    return next(iter(message_ids(letter.first("message-id"))), None)


def dedupe_id(letter: Letter) -> str:
    """What makes the mail unique within its channel: its Message-ID, else a digest of what no server adds to."""
    own = message_id(letter)
    if own is not None and len(own) <= ID_LIMIT:
        return own
    # Trace headers differ between copies of one mail, and between a mailbox and its restored backup.
    told = [own or "", *(letter.first(name) or "" for name in ("date", "from", "to", "subject"))]
    content = b"\0".join([*(one.encode() for one in told), *(leaf.content for leaf in letter.leaves)])
    return f"digest:{hashlib.sha256(content).hexdigest()}"


def replied_to(letter: Letter) -> str | None:
    """The id of the mail this one answers: In-Reply-To, else the last of References (RFC 5322, 3.6.4)."""
    answered = message_ids(letter.first("in-reply-to"))
    return next(iter(answered), None) or next(reversed(message_ids(letter.first("references"))), None)


def sent_at(letter: Letter) -> datetime | None:
    """The sender's clock, aware and in UTC; None where it does not say a time."""
    try:
        moment = parsedate_to_datetime(letter.first("date") or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def language(letter: Letter) -> str | None:
    """The language the sender's program names (RFC 3282), as two letters."""
    named = re.match(r"\s*([a-zA-Z]{2})(?:-|$|\s|,)", letter.first("content-language") or "")
    return named[1].lower() if named else None


def _name(name: str) -> str | None:
    return " ".join(decode_words(name).split()).strip("\"'")[:NAME_LIMIT] or None
