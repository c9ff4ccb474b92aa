"""Which parts of a mail are words and which are files, and what files are called."""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator, Sequence

from bots.mail.wire.letter import Leaf, Letter
from gateway.media import kind_of
from gateway.messages import Media, MediaKind, Value

NAME_LIMIT = 150
MAX_FILES = 50
"""Files of one mail that are shown."""
TOO_LARGE = "too large"
UNSEEN = "unseen"
NOWHERE = "mail:"
"""How the ref of a file begins whose bytes we do not have."""

_WORDS = ("text/plain", "text/html")
_ALTERNATIVE = "multipart/alternative#"
_ENDINGS = {
    "text/calendar": "invite.ics",
    "message/rfc822": "message.eml",
    "application/ms-tnef": "winmail.dat",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pgp-signature": "signature.asc",
    "application/pdf": "document.pdf",
    "image/jpeg": "picture.jpg",
    "image/png": "picture.png",
    "image/gif": "picture.gif",
}


class Plan(Value, frozen=True, kw_only=True):
    """What a mail consists of: the leaves with its `words` (one way of saying them, in order), the HTML beside
    them, and the leaves that may be `files` (by index)."""

    words: tuple[Leaf, ...]
    html: tuple[Leaf, ...]
    files: tuple[int, ...]


def plan(letter: Letter) -> Plan:
    """Tell words from files; of alternatives the plain text is taken where it says anything."""
    words: list[Leaf] = []
    html: list[Leaf] = []
    files: list[int] = []
    groups: set[str] = set()
    for index, leaf in enumerate(letter.leaves):
        if not _is_words(leaf):
            files.append(index)
            continue
        if leaf.mime == "text/html":
            html.append(leaf)
        group = next((place for place in leaf.around if place.startswith(_ALTERNATIVE)), None)
        if group is None:
            words.append(leaf)
        elif group not in groups:
            groups.add(group)
            words += _best([one for one in letter.leaves if group in one.around and _is_words(one)])
    return Plan(words=tuple(words), html=tuple(html), files=tuple(files[:MAX_FILES]))


def is_shown(leaf: Leaf, pictures: frozenset[str], quoted: frozenset[str]) -> bool:
    """Whether a file is worth showing: not a tracking pixel, and not a picture out of an earlier mail.

    `pictures` and `quoted` are the Content-IDs that the HTML shows in what is new and in what it quotes.
    """
    if leaf.left == UNSEEN or not (leaf.size or leaf.ref or leaf.left):
        return False
    if leaf.mime.startswith("image/") and leaf.content and _is_pixel(leaf.content):
        return False
    return leaf.attached or leaf.cid is None or leaf.cid in pictures or leaf.cid not in quoted


def media(leaf: Leaf, index: int, too_large: str) -> Media:
    """A leaf as a part of a message. `too_large` words a file that was left: ``{name}``, ``{size}`` in MiB."""
    name = file_name(leaf)
    kind = kind_of(leaf.mime)
    if leaf.left == TOO_LARGE:
        name = too_large.format(name=name, size=max(1, round(leaf.size / 1024 / 1024)))
        kind = MediaKind.FILE
    return Media(kind=kind, ref=leaf.ref or f"{NOWHERE}{index}", name=name, mime=leaf.mime, size=leaf.size)


def file_name(leaf: Leaf) -> str:
    """A file's name without folders and control characters, never empty, not too long."""
    base = re.split(r"[\\/]", leaf.name or "")[-1]
    clean = "".join(one for one in base if unicodedata.category(one) not in ("Cc", "Cf", "Cs")).strip(" .")
    if not clean:
        return _ENDINGS.get(leaf.mime, "file")
    stem, dot, ending = clean.rpartition(".")
    if not stem or len(ending) > 10:
        return clean[:NAME_LIMIT]
    return stem[: NAME_LIMIT - len(ending) - 1] + dot + ending


def _is_words(leaf: Leaf) -> bool:
    return leaf.mime in _WORDS and not leaf.attached and not leaf.name


def _best(group: Sequence[Leaf]) -> Iterator[Leaf]:
    plain = [leaf for leaf in group if leaf.mime == "text/plain"]
    yield from plain if any(leaf.content.strip() for leaf in plain) else group


# --- pictures nobody sees --------------------------------------------------------------------


def _is_pixel(content: bytes) -> bool:
    size = pixels(content)
    return size is not None and size[0] <= 1 and size[1] <= 1


def pixels(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG (https://www.w3.org/TR/png-3/#11IHDR), GIF or JPEG; None for others."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        return struct.unpack(">II", content[16:24])
    if content[:6] in (b"GIF87a", b"GIF89a") and len(content) >= 10:
        return struct.unpack("<HH", content[6:10])
    return _jpeg(content) if content.startswith(b"\xff\xd8") else None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """The size in a JPEG's frame header (ITU T.81, B.2.2)."""
    place = 2
    while place + 9 < len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        place += 2 + max(length, 2)
    return None
