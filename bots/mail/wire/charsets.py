"""Bytes → text, whatever their label says: mail is full of charsets that are wrong, missing or made up."""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re

from gateway.messages import clean_text

ALIASES = {"x-mac-cyrillic": "mac-cyrillic", "iso-8859-8-i": "iso-8859-8", "utf8mb4": "utf-8", "utf": "utf-8"}
NOT_TEXT = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
"""Python's own codecs that no mail means."""

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)")


def decode(content: bytes, charset: str | None) -> str:
    """`content` as text, by its `charset` where that fits, else by the likeliest one. Never raises."""
    codec = _codec(charset)
    if codec is not None and codec != "ascii":
        try:
            return clean_text(content.decode(codec))
        except (UnicodeError, ValueError):
            pass
    return _guess(content, codec)


def decode_words(header: str) -> str:
    """A header's text with its encoded words (RFC 2047) read; what is no such word stays as it is."""
    pieces: list[str] = []
    waiting: list[tuple[str, bytes]] = []
    end = 0
    header = _BETWEEN.sub(r"\1", header)
    for found in _WORD.finditer(header):
        between = header[end : found.start()]
        if between:
            pieces += [_joined(waiting), between]
            waiting = []
        waiting.append((found[1].partition("*")[0].lower(), _word_bytes(found[2], found[3])))
        end = found.end()
    return clean_text("".join([*pieces, _joined(waiting), header[end:]]))


def decode_raw(header: str) -> str:
    """A header as the parser kept it, with bytes that no header may hold read as text."""
    if header.isascii():
        return header
    return decode(header.encode("utf-8", "surrogateescape"), None)


def _codec(charset: str | None) -> str | None:
    name = (charset or "").strip().strip("\"'").lower()
    try:
        info = codecs.lookup(ALIASES.get(name, name)) if name.isascii() and name.isprintable() else None
    except (LookupError, ValueError):
        return None
    if info is None or info.name.replace("-", "_") in NOT_TEXT or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name


def _guess(content: bytes, codec: str | None) -> str:
    try:
        return clean_text(content.decode("utf-8"))
    except UnicodeError:
        pass
    if codec is not None and codec not in ("ascii", "utf-8"):
        return clean_text(content.decode(codec, "replace"))
    if codec == "utf-8" and content.decode("utf-8", "replace").count("�") * 20 < len(content):
        return clean_text(content.decode("utf-8", "replace"))  # mostly fine: cut off, or a few broken bytes
    # KOI8 has its small letters where windows-1251 has its capitals, and people write small ones.
    return clean_text(max((content.decode(one, "replace") for one in ("cp1251", "koi8-u")), key=_small_letters))


def _small_letters(text: str) -> int:
    return sum(1 for letter in text if "а" <= letter <= "я" or letter in "іїєґё")


def _word_bytes(encoding: str, content: str) -> bytes:
    raw = content.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw.replace(b"_", b" "), header=True)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw


def _joined(words: list[tuple[str, bytes]]) -> str:
    """Neighbours of one charset are decoded together: senders cut through the middle of letters."""
    text, index = "", 0
    while index < len(words):
        charset, content = words[index]
        index += 1
        while index < len(words) and words[index][0] == charset:
            content += words[index][1]
            index += 1
        text += decode(content, charset)
    return text
