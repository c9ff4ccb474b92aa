"""Writing header lines (RFC 5322, 2.2.3; RFC 2047): what the standard library does not do well by itself.

It writes a long id as an encoded word, so that no program finds the thread by it, and puts blanks into long
names that are not ASCII.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from email import policy
from email.headerregistry import AddressHeader

IDS = frozenset({"message-id", "x-frontdesk-id", "in-reply-to", "references"})
WORD_BYTES = 42
"""Bytes of text in one encoded word, which may have 75 characters (RFC 2047, 2)."""
AGAIN = "Re: "
"""Stays as it is: programs look for it."""
PLAIN_LIMIT = 200
"""Characters of an ASCII text that stays on its line, which may have 998."""


class Folding(policy.EmailPolicy):
    """The library's own policy, with our lines for ids, subjects and mailboxes."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """`name: value` in lines that end with CRLF."""
        known = name.lower()
        if known in IDS:
            return self._line(name, value.split())
        if known == "subject":
            return self._line(name, words(value))
        if isinstance(value, AddressHeader) and len(value.addresses) == 1:
            one = value.addresses[0]
            named = [f"<{one.addr_spec}>"] if one.display_name else [one.addr_spec]
            return self._line(name, [*phrase(one.display_name), *named])
        return super().fold_binary(name, value)

    def _line(self, name: str, tokens: list[str]) -> bytes:
        """Tokens are never broken; a line is where the next one would make it long."""
        lines, length = [f"{name}:"], len(name) + 1
        for token in tokens:
            if length + 1 + len(token) > 76 and length > len(name) + 1:
                lines.append(f"{self.linesep} {token}")
                length = 1 + len(token)
            else:
                lines.append(f" {token}")
                length += 1 + len(token)
        return f"{''.join(lines)}{self.linesep}".encode("ascii")


POLICY = Folding(linesep="\r\n", cte_type="7bit")
"""Bodies in ASCII, for servers without 8BITMIME."""


def words(text: str) -> list[str]:
    """`text` as tokens of a header: as it is where it is short ASCII, else in encoded words."""
    if text.isascii() and len(text) <= PLAIN_LIMIT and "=?" not in text:
        return text.split(" ")
    if text.startswith(AGAIN):
        return [AGAIN.strip(), *words(text.removeprefix(AGAIN))]
    return [f"=?utf-8?b?{base64.b64encode(piece).decode()}?=" for piece in _pieces(text)]


def phrase(name: str) -> list[str]:
    """A mailbox's name; quoted where it is ASCII, for a comma in it must not end it."""
    if not name:
        return []
    encoded = words(name)
    if encoded[0].startswith("=?"):
        return encoded
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return [f'"{escaped}"']


def _pieces(text: str) -> Iterator[bytes]:
    """`text` in UTF-8, cut between letters."""
    piece = b""
    for letter in text:
        encoded = letter.encode("utf-8", "replace")
        if len(piece) + len(encoded) > WORD_BYTES:
            yield piece
            piece = b""
        piece += encoded
    yield piece
