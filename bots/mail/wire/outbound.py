"""One Send → one mail: headers, thread, plain text with simple HTML beside it, the customer's words below.

No word of a customer or an agent reaches a header unchecked: line breaks and control characters become spaces,
and the standard library refuses what would still break out of its line.
"""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
import re
from collections.abc import Sequence
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from bots.mail.wire.folding import POLICY
from bots.mail.wire.inbound import bare_subject
from bots.mail.wire.people import ascii_domain, bare, domain_of
from bots.mail.wire.robots import PREFIX
from bots.mail.wire.writing import as_html, as_text, quote_text
from gateway.channels import Send
from gateway.errors import Rejected
from gateway.messages import Author, ContactCard, Location, Media, MediaKind, Text, Value, clean_text

REFERENCES = 20
"""Ids of a thread that are named: its first, and the newest (RFC 5322 sets no limit, servers do)."""
SUBJECT_LIMIT = 300
QUOTE_LINES = 60
"""Lines of the customer's mail that stand below ours."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_OURS = "file:"
_BLOCKQUOTE = "margin:0 0 0 .8ex;border-left:1px solid #bbb;padding-left:1ex"
_NAMES = {
    MediaKind.IMAGE: "picture.jpg",
    MediaKind.VIDEO: "video.mp4",
    MediaKind.AUDIO: "sound.mp3",
    MediaKind.VOICE: "voice.ogg",
}


class Thread(Value, frozen=True, kw_only=True):
    """What a mail answers: the last mail of the thread, those before it, oldest first, and the subject."""

    message_id: str | None
    references: tuple[str, ...] = ()
    subject: str = ""


class Quote(Value, frozen=True, kw_only=True):
    """What stands below: “On …, … wrote:” already worded, and the customer's text."""

    attribution: str
    text: str


class Writer(Value, frozen=True, kw_only=True):
    """Who we are in a mail, and `fallback`: the subject where there is no thread."""

    address: str
    name: str
    fallback: str


class Attachment(Value, frozen=True, kw_only=True):
    """The bytes of a file that goes with the mail."""

    content: bytes


def own_id(send: Send, writer: Writer, channel: str, secret: str) -> str:
    """The Message-ID of `send`: the same at each try, and none that a stranger could guess."""
    told = "\0".join((channel, send.address, send.key)).encode()
    digest = hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()[:32]
    return f"<{PREFIX}{digest}@{ascii_domain(domain_of(writer.address))}>"


def compose(
    send: Send,
    *,
    writer: Writer,
    message_id: str,
    date: datetime,
    thread: Thread | None = None,
    quote: Quote | None = None,
    attachment: Attachment | None = None,
) -> bytes:
    """The mail that says `send`. Raises Rejected for what no mail can say, or to no such address."""
    mail = EmailMessage(policy=POLICY)
    try:
        mail["From"] = _address(writer.address, writer.name)
        mail["To"] = _address(send.address)
        mail["Subject"] = _subject(thread, writer)
    except (ValueError, IndexError, MessageError):
        raise Rejected("an address that no mail can have") from None
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id
    mail["X-Frontdesk-ID"] = message_id
    _thread_headers(mail, thread)
    if send.author is not Author.AGENT:
        # A person's answer is none of a robot's (RFC 3834, 5).
        mail["Auto-Submitted"] = "auto-replied"
        mail["X-Auto-Response-Suppress"] = "All"
    text, markdown = _words(send)
    _body(mail, text, quote, markdown=markdown)
    if isinstance(send.part, Media) and attachment is not None:
        _attach(mail, send.part, attachment)
    return mail.as_bytes()


def recipient(address: str) -> str:
    """`address` for an envelope (RFC 5321), its domain in ASCII. Raises Rejected."""
    local, _, domain = address.rpartition("@")
    plain = ascii_domain(domain)
    if bare(address) is None or not local.isascii() or plain is None or _CONTROL.search(address):
        raise Rejected("an address that no mail can have")
    return f"{local}@{plain}"


# --- headers ---------------------------------------------------------------------------------


def _address(address: str, name: str = "") -> Address:
    return Address(display_name=one_line(name), addr_spec=recipient(address))


def one_line(text: str) -> str:
    """`text` as a header may say it: no line breaks, no control or direction characters."""
    return " ".join(_CONTROL.sub(" ", clean_text(text)).split())


def _subject(thread: Thread | None, writer: Writer) -> str:
    known = bare_subject(one_line(thread.subject)) if thread else ""
    if thread is not None:
        return f"Re: {known or one_line(writer.fallback)}"[:SUBJECT_LIMIT]
    return one_line(writer.fallback)[:SUBJECT_LIMIT]


def _thread_headers(mail: EmailMessage, thread: Thread | None) -> None:
    if thread is None or not thread.message_id:
        return
    chain = [one for one in thread.references if one != thread.message_id and _is_id(one)]
    if len(chain) > REFERENCES:
        chain = [chain[0], *chain[-(REFERENCES - 1) :]]
    if _is_id(thread.message_id):
        mail["In-Reply-To"] = thread.message_id
        mail["References"] = " ".join([*chain, thread.message_id])


def _is_id(text: str) -> bool:
    return re.fullmatch(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,500}>", text) is not None


# --- what is said ----------------------------------------------------------------------------


def _words(send: Send) -> tuple[str, bool]:
    """The words of `send` with its choices, and whether they are light Markdown."""
    match send.part:
        case Text(text=text, markdown=markdown):
            pass
        case Media(caption=caption):
            text, markdown = caption or "", False
        case ContactCard(phone=phone, name=name):
            text, markdown = (f"{name}: {phone}" if name else phone), False
        case Location() as place:
            link = f"https://www.openstreetmap.org/?mlat={place.latitude:.6f}&mlon={place.longitude:.6f}"
            text, markdown = (f"{place.title}: {link}" if place.title else link), False
        case _:
            raise Rejected("a mail cannot be changed after it was sent")
    links = "\n".join(f"{button.label}: {button.url}" for button in send.buttons if button.url)
    return "\n\n".join(one for one in (text, links) if one), markdown


def _body(mail: EmailMessage, text: str, quote: Quote | None, *, markdown: bool) -> None:
    plain, page = as_text(text, markdown=markdown), as_html(text, markdown=markdown)
    if quote is not None:
        lines = _first_lines(clean_text(quote.text))
        plain = f"{plain}\n\n{quote.attribution}\n{quote_text(lines)}"
        cited = as_html(lines, markdown=False)
        page = f'{page}\n{as_html(quote.attribution, markdown=False)}\n<blockquote type="cite" style="{_BLOCKQUOTE}">'
        page = f"{page}{cited}</blockquote>"
    mail.set_content(f"{plain}\n", charset="utf-8")
    mail.add_alternative(f"<!DOCTYPE html>\n<html><body>\n{page}\n</body></html>\n", subtype="html", charset="utf-8")


def _first_lines(text: str) -> str:
    lines: Sequence[str] = text.split("\n")
    return "\n".join([*lines[:QUOTE_LINES], "…"] if len(lines) > QUOTE_LINES else lines)


def _attach(mail: EmailMessage, media: Media, attachment: Attachment) -> None:
    name = one_line(media.name or "") or _NAMES.get(media.kind, "file")
    declared = (media.mime or mimetypes.guess_type(name)[0] or "").partition(";")[0].strip().lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*", declared) or declared.startswith("multipart/"):
        declared = "application/octet-stream"
    family, _, subtype = declared.partition("/")
    if family == "message":
        family, subtype = "application", "octet-stream"
    mail.add_attachment(
        attachment.content,
        maintype=family,
        subtype=subtype,
        filename=name.replace("/", "_"),
        params={"charset": "utf-8"} if family == "text" and _is_utf8(attachment.content) else None,
    )


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeError:
        return False
    return True


def own_ref(media: Media) -> str:
    """The ref in our media store of a file to send. Raises Rejected for a file of another platform."""
    if not media.ref.startswith(_OURS):
        raise Rejected("the file is not in our media store")
    return media.ref
