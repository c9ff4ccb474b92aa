"""A letter → Inbound, Signal or Ignored.

Platform ids are Message-IDs with their brackets, ours and theirs alike, so that In-Reply-To finds what it
answers. A mail without one is known by its digest, and cannot be answered to by id.
"""

from __future__ import annotations

import re

from bots.mail.wire.bounces import is_report, read_news
from bots.mail.wire.charsets import decode
from bots.mail.wire.files import Plan, is_shown, media, plan
from bots.mail.wire.html import read_html
from bots.mail.wire.letter import Leaf, Letter
from bots.mail.wire.people import (
    Person,
    correspondent,
    domain_of,
    language,
    message_id,
    replied_to,
    sent_at,
)
from bots.mail.wire.proof import is_proved
from bots.mail.wire.quotes import cut
from bots.mail.wire.robots import asks_for_quiet, silence
from gateway.errors import Unreadable
from gateway.identity import code_in
from gateway.messages import Event, Ignored, Inbound, Media, Part, Sender, Signal, Text, Value
from gateway.settings import LANGUAGES

TEXT_LIMIT = 100_000
"""Characters that are shown; what is longer is kept beside it."""
REST_LIMIT = 200_000
"""Characters of quotes that are kept."""

_AGAIN = re.compile(
    r"\s*(re|aw|sv|fwd?|fw|wg|на|відп|вд|отв|ответ|пер|пересл)\s*(\[\d+\]|\(\d+\))?\s*:\s*", re.IGNORECASE
)
"""How a subject begins that is not a first one."""


class Rules(Value, frozen=True, kw_only=True):
    """What reading must know of us: our `address`, the mail server whose word counts (`authserv_id`, may be
    empty), and how to word a file that was too large (``{name}``, ``{size}`` in MiB)."""

    address: str
    authserv_id: str = ""
    too_large: str = "{name} ({size} MB)"


class Said(Value, frozen=True, kw_only=True):
    """The words of a mail before anything is cut, and the pictures its HTML shows."""

    text: str
    pictures: frozenset[str]
    quoted: frozenset[str]


def read_event(letter: Letter, rules: Rules) -> Event:
    """What `letter` says to us. Raises Unreadable where nobody wrote it."""
    news = read_news(letter, domain_of(rules.address))
    if news is not None:
        if news.kind is None or letter.concerns is None:
            return Ignored(reason="a report that settles nothing")
        return Signal(kind=news.kind, address=letter.concerns, platform_id=news.message_id, reason=news.reason)
    if is_report(letter):
        return Ignored(reason="a report of a mail that is not ours")
    reason = silence(letter, rules.address)
    if reason is not None:
        return Ignored(reason=reason)
    person = correspondent(letter, rules.address)
    if person is None:
        raise Unreadable("a mail from nobody")
    return _inbound(letter, person, rules)


def shown_files(letter: Letter) -> list[int]:
    """The leaves of `letter` that are shown as files."""
    made = plan(letter)
    return _shown(letter, made, _said(made))


def html_only(letter: Letter) -> str | None:
    """The HTML that the shown words are made from; None where there was plain text."""
    made = plan(letter)
    if not any(leaf.mime == "text/html" for leaf in made.words):
        return None
    return "\n".join(decode(leaf.content, leaf.charset) for leaf in made.words if leaf.mime == "text/html")


def bare_subject(subject: str) -> str:
    """`subject` without what answering and forwarding put before it."""
    while found := _AGAIN.match(subject):
        subject = subject[found.end() :]
    return subject.strip()


def _inbound(letter: Letter, person: Person, rules: Rules) -> Event:
    made = plan(letter)
    said = _said(made)
    files = tuple(media(letter.leaves[index], index, rules.too_large) for index in _shown(letter, made, said))
    text = _text(letter, said, files)
    parts: tuple[Part, ...] = (*((text,) if text else ()), *files)
    if not parts:
        return Ignored(reason="an empty mail")
    spoken = language(letter)
    return Inbound(
        sender=Sender(
            address=person.address,
            name=person.name,
            language=spoken if spoken in LANGUAGES else None,
            verified=is_proved(letter, rules.authserv_id, rules.address),
        ),
        parts=parts,
        platform_id=message_id(letter),
        reply_to=replied_to(letter),
        sent_at=sent_at(letter),
        quiet=asks_for_quiet(letter),
    )


def _shown(letter: Letter, made: Plan, said: Said) -> list[int]:
    return [index for index in made.files if is_shown(letter.leaves[index], said.pictures, said.quoted)]


# --- words -----------------------------------------------------------------------------------


def _said(made: Plan) -> Said:
    readings = {leaf.content: read_html(decode(leaf.content, leaf.charset)) for leaf in made.html}
    pieces = [readings[leaf.content].text if leaf.mime == "text/html" else _plain(leaf) for leaf in made.words]
    return Said(
        text="\n".join(piece for piece in pieces if piece.strip()),
        pictures=frozenset().union(*(reading.pictures for reading in readings.values())),
        quoted=frozenset().union(*(reading.quoted for reading in readings.values())),
    )


def _text(letter: Letter, said: Said, files: tuple[Media, ...]) -> Text | None:
    divided = cut(said.text)
    subject = letter.text("subject")
    shown = divided.shown
    # A code to go on here counts only where it is all that is said, and hardly a mail has no subject.
    code = code_in((Text(text=shown),))
    if _begins(letter, subject) and shown.partition("\n")[0].strip() != subject and code is None:
        shown = f"{subject}\n\n{shown}".strip()
    elif not shown:
        shown = subject
    if not shown.strip() or (not divided.shown and files and not _begins(letter, subject)):
        return None
    rest = divided.rest or ""
    if len(shown) > TEXT_LIMIT:
        shown, rest = f"{shown[:TEXT_LIMIT]}…", f"{shown[TEXT_LIMIT:]}\n\n{rest}"
    return Text(text=shown, rest=rest[:REST_LIMIT].strip() or None, page=letter.page)


def _begins(letter: Letter, subject: str) -> bool:
    """Whether this is the first mail of its thread, whose subject is a part of what it says."""
    return bool(subject) and replied_to(letter) is None and _AGAIN.match(subject) is None


def _plain(leaf: Leaf) -> str:
    text = decode(leaf.content, leaf.charset).replace("\r\n", "\n").replace("\r", "\n")
    return _unflow(text, delsp=leaf.delsp) if leaf.flowed else text


def _unflow(text: str, *, delsp: bool) -> str:
    """Lines that a program broke, joined again (RFC 3676, 4.1 to 4.4)."""
    joined: list[str] = []
    soft = False
    depth = 0
    for line in text.split("\n"):
        marks = len(line) - len(line.lstrip(">"))
        words = line[marks:].removeprefix(" ")
        if soft and marks == depth and words != "-- ":
            joined[-1] += words
        else:
            joined.append(f"{'>' * marks}{' ' if marks else ''}{words}")
        soft = words.endswith(" ") and words != "-- "
        depth = marks
        if soft and delsp:
            joined[-1] = joined[-1][:-1]
    return "\n".join(joined)
