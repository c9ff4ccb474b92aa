"""News of our own mails: those that could not be delivered, were delivered, or were read.

RFC 3464 (delivery status), RFC 3798/8098 (disposition), and what servers write that know neither. Which mail
it is about is found by the Message-ID we gave it, wherever in the report that stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bots.mail.wire.charsets import decode
from bots.mail.wire.letter import Leaf, Letter
from bots.mail.wire.people import ascii_domain, author
from bots.mail.wire.robots import MARK, PREFIX
from gateway.messages import SignalKind, Value

SEARCHED = 256 * 1024
"""Bytes of a part in which our id is looked for."""

_FIELD = re.compile(r"^([A-Za-z-]+)[ \t]*:[ \t]*(.*)$", re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.-])(5[0-5]\d)[ -]")
_DELAYED = re.compile(r"delay|warning|still being retried|затрим|отсроч|задерж", re.IGNORECASE)
_SENDERS = re.compile(r"(mailer-daemon|postmaster|mail-daemon|mdaemon|bounces?)([+=._-].*)?", re.IGNORECASE)
GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""The address does not exist (any more), https://www.iana.org/assignments/smtp-enhanced-status-codes."""


class News(Value, frozen=True, kw_only=True):
    """What became of our mail `message_id`; `kind` is None while its fate is open. `reason` is a status code."""

    message_id: str
    kind: SignalKind | None
    reason: str | None = None


def read_news(letter: Letter, domain: str) -> News | None:
    """What `letter` says of a mail of ours, sent from `domain`; None where it says nothing of any."""
    report = _report_type(letter)
    if not (report or _looks_like_one(letter)):
        return None
    found = next(_our_ids(letter, domain), None)
    if found is None:
        return None
    if report == "disposition-notification":
        return News(message_id=found, kind=_disposition(letter))
    return _delivery(letter, found)


def is_report(letter: Letter) -> bool:
    """Whether `letter` reports on some mail, be it ours or not."""
    return bool(_report_type(letter)) or _looks_like_one(letter)


def _report_type(letter: Letter) -> str:
    said = (letter.first("content-type") or "").lower()
    found = re.search(r"report-type\s*=\s*\"?([a-z-]+)", said)
    if said.startswith("multipart/report"):
        return found[1] if found else "delivery-status"
    return "delivery-status" if any(leaf.mime == "message/delivery-status" for leaf in letter.leaves) else ""


def _looks_like_one(letter: Letter) -> bool:
    writer = author(letter)
    if letter.first("x-failed-recipients") is not None:
        return True
    return writer is not None and _SENDERS.fullmatch(writer.address.partition("@")[0]) is not None


def _our_ids(letter: Letter, domain: str) -> Iterator[str]:
    pattern = re.compile(
        rf"<{re.escape(PREFIX)}[0-9a-f]{{8,64}}@{re.escape(ascii_domain(domain) or domain)}>", re.IGNORECASE
    )
    for name in ("in-reply-to", "references", MARK):
        yield from pattern.findall(letter.first(name) or "")
    for leaf in letter.leaves:
        yield from pattern.findall(_words(leaf))


def _delivery(letter: Letter, found: str) -> News:
    fields = {name.lower(): value.strip() for leaf in _reports(letter) for name, value in _FIELD.findall(_words(leaf))}
    action = fields.get("action", "").lower()
    status = _STATUS.search(fields.get("status", "")) or next(_search(_STATUS, letter), None)
    code = status[1] if status else None
    if action in ("delivered", "relayed", "expanded"):
        return News(message_id=found, kind=SignalKind.DELIVERED if action == "delivered" else None)
    delayed = not action and _DELAYED.search(letter.text("subject"))
    if action == "delayed" or delayed or (code or "5").startswith("4"):
        # Still under way: whoever tries it says so again when it gives up.
        return News(message_id=found, kind=None, reason=code) if action != "failed" else _failed(found, code)
    if code is None and (reply := next(_search(_REPLY, letter), None)):
        code = reply[1]
    return _failed(found, code)


def _failed(found: str, code: str | None) -> News:
    kind = SignalKind.BLOCKED if code in GONE else SignalKind.FAILED
    return News(message_id=found, kind=kind, reason=code or "bounced")


def _disposition(letter: Letter) -> SignalKind | None:
    said = " ".join(_words(leaf) for leaf in letter.leaves if leaf.mime == "message/disposition-notification")
    return SignalKind.READ if re.search(r"^disposition\s*:.*displayed", said, re.IGNORECASE | re.MULTILINE) else None


def _reports(letter: Letter) -> list[Leaf]:
    return [leaf for leaf in letter.leaves if leaf.mime == "message/delivery-status"]


def _search(pattern: re.Pattern[str], letter: Letter) -> Iterator[re.Match[str]]:
    for leaf in letter.leaves:
        if leaf.mime in ("text/plain", "text/html", "message/delivery-status"):
            yield from pattern.finditer(_words(leaf))


def _words(leaf: Leaf) -> str:
    text = decode(leaf.content[:SEARCHED], leaf.charset)
    return text.replace("&lt;", "<").replace("&gt;", ">") if leaf.mime == "text/html" else text
