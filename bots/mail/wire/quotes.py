"""What of a mail's text is new: quoted mails and signatures are cut from what is shown, and kept beside it.

People answer above, below or between what they quote, and every program marks it in its own way and language;
this knows those of Ukrainian, Russian and English ones. Where cutting would leave nothing, all is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gateway.messages import Value

SIGNATURE_LINES = 12
"""A signature without the space that marks it (RFC 3676, 4.3) is taken for one up to this length."""
HEADER_LINES = 8
"""Lines in which the headers of a quoted mail stand together."""

_SAID = (
    r"(?:wrote|writes|написав(?:/-?ла|\(-?ла\)|ла)?|написала|пише|писав|писала"
    r"|написал(?:\(-?а\)|/-?а|а)?|пишет|писал(?:\(-?а\)|а)?)"
)
_ATTRIBUTION = re.compile(rf".*\b{_SAID}\b\s*[^\s:]{{0,80}}\s*:\s*", re.DOTALL)
_ON_WROTE = re.compile(r"\s*(?:on\b.*\bwrote|le\b.*\ba écrit|am\b.*\bschrieb.*)\s*:\s*", re.IGNORECASE | re.DOTALL)
_DATED = re.compile(r"\d{1,4}[./-]\d{1,2}|\d{1,2}:\d{2}|\b(?:19|20)\d{2}\b|\S@\S|&lt;|<[^>]*>")
_MAILBOX = re.compile(r"[^\s<>]+@[^\s<>]+")
_DIVIDER = re.compile(
    r"\s*[-_=*]{2,}\s*(?:original (?:message|appointment)|(?:исходное|оригинальное) сообщение|"
    r"(?:оригінальне|вихідне|початкове) повідомлення|reply above this line|ursprüngliche nachricht)\s*[-_=*]{2,}\s*",
    re.IGNORECASE,
)
_UNDERSCORES = re.compile(r"\s*_{20,}\s*")
_HEADER = re.compile(
    r"\s*\*?(?P<name>from|sent|date|to|cc|subject|reply-to"
    r"|від|надіслано|відправлено|дата|кому|копія|тема|кому й"
    r"|от|отправлено|от кого|дата отправки|копия)\s*:\*?(?:\s|$)",
    re.IGNORECASE,
)
_FROM = frozenset({"from", "від", "от", "от кого"})
_FORWARDED = re.compile(
    r"\s*-{2,}\s*(?:forwarded message|переслан[еое]+ (?:повідомлення|сообщение)|пересылаемое сообщение|"
    r"перенаправлен[еое]+ (?:повідомлення|сообщение))\s*-{2,}\s*|\s*begin forwarded message:\s*",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"\s*(?:sent (?:from|with|via) (?:my |the )?[\w ./+-]{2,60}|get outlook for (?:ios|android).*"
    r"|(?:надіслано|відправлено) (?:з|із|зі|через|від) [\w’'ʼ ./+-]{2,60}"
    r"|отправлено (?:с|со|из|через|от) [\w ./+-]{2,60}|з повагою з мого [\w ./+-]{2,40})\s*(?:<?https?://\S*>?)?[.!]?\s*",
    re.IGNORECASE,
)


class Cut(Value, frozen=True, kw_only=True):
    """The text to show, and what was cut off (None where nothing was)."""

    shown: str
    rest: str | None = None


def cut(text: str) -> Cut:
    """Divide `text` into what is new and what is not; no line is lost between the two."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    keep = [True] * len(lines)
    end = _drop_tail(lines, keep)
    _drop_answered(lines, keep, end)
    end = _drop_closing(lines, keep)
    _drop_phone(lines, keep, end)
    shown = _words(line for line, kept in zip(lines, keep, strict=True) if kept)
    rest = _words(line for line, kept in zip(lines, keep, strict=True) if not kept)
    if not shown:
        return Cut(shown=_words(lines))
    return Cut(shown=shown, rest=rest or None)


# --- what ends the new text ------------------------------------------------------------------


def _drop_tail(lines: Sequence[str], keep: list[bool]) -> int:
    """Drop all from the first line on behind which nothing new comes; returns where the rest ends."""
    for index in range(len(lines)):
        if _FORWARDED.fullmatch(lines[index]):
            # What somebody sends on to us is what they want to say; its own headers stay with it.
            return len(lines)
        if _ends(lines, index):
            keep[index:] = [False] * (len(lines) - index)
            return index
    return len(lines)


def _ends(lines: Sequence[str], index: int) -> bool:
    line = lines[index]
    if line == "-- " or _DIVIDER.fullmatch(line):
        return True
    if line.rstrip() == "--":
        after = [one for one in lines[index + 1 :] if one.strip() and not _quoted(one)]
        return len(after) <= SIGNATURE_LINES
    if _UNDERSCORES.fullmatch(line):
        return _headers(lines, index + 1)
    return bool(line.strip()) and _headers(lines, index)


def _headers(lines: Sequence[str], start: int) -> bool:
    """Whether the headers of a quoted mail begin here, as Outlook and others write them."""
    while start < len(lines) and not lines[start].strip():
        start += 1
    named = [_HEADER.match(line) for line in lines[start : start + HEADER_LINES]]
    if not named or named[0] is None or named[0]["name"].lower() not in _FROM:
        return False
    return len({found["name"].lower() for found in named if found}) >= 3


# --- what is answered ------------------------------------------------------------------------


def _drop_answered(lines: Sequence[str], keep: list[bool], end: int) -> None:
    """Drop “… wrote:” with the quote below it. An answer woven into a quote keeps all of it."""
    index = 0
    while index < end:
        length = _attribution(lines, index, end)
        if length:
            break
        index += 1
    else:
        return
    below = index + length
    first = next((one for one in range(below, end) if lines[one].strip()), None)
    if first is None or not _quoted(lines[first]):
        # The quote is not marked, so nobody can tell where it ends.
        keep[index:end] = [False] * (end - index)
        return
    last = first
    while last < end and (_quoted(lines[last]) or not lines[last].strip()):
        last += 1
    if any(_quoted(line) for line in lines[last:end]):
        return
    keep[index:last] = [False] * (last - index)


def _attribution(lines: Sequence[str], index: int, end: int) -> int:
    """How many lines from `index` on are “On …, … wrote:”; 0 where they are not."""
    if not lines[index].strip() or _quoted(lines[index]):
        return 0
    for length in range(1, min(4, end - index) + 1):
        if not lines[index + length - 1].strip():
            return 0
        joined = " ".join(line.strip() for line in lines[index : index + length])
        if len(joined) > 400:
            return 0
        if joined.endswith(":") and _DATED.search(joined):
            said = _ON_WROTE.fullmatch(joined) or _ATTRIBUTION.fullmatch(joined)
            return length if said or _names_before_quote(joined, lines[index + length : end]) else 0
    return 0


def _names_before_quote(joined: str, below: Sequence[str]) -> bool:
    """“20.11.2026, 10:20, Name <address>:” has no verb, so only the quote below it tells."""
    first = next((line for line in below if line.strip()), "")
    return _quoted(first) and _MAILBOX.search(joined) is not None and any(one.isdigit() for one in joined)


# --- what closes it --------------------------------------------------------------------------


def _drop_closing(lines: Sequence[str], keep: list[bool]) -> int:
    """Drop a quote at the end that nothing introduces; returns where the kept lines end."""
    end = len(lines)
    while end and (not keep[end - 1] or not lines[end - 1].strip()):
        end -= 1
    start = end
    while start and keep[start - 1] and (_quoted(lines[start - 1]) or not lines[start - 1].strip()):
        start -= 1
    if start < end and any(_quoted(line) for line in lines[start:end]):
        woven = any(_quoted(line) for line, kept in zip(lines[:start], keep[:start], strict=True) if kept)
        if not woven:
            keep[start:end] = [False] * (end - start)
            end = start
    return end


def _drop_phone(lines: Sequence[str], keep: list[bool], end: int) -> None:
    """Drop “Sent from my phone”, which is the program's last word and not the person's."""
    while end and (not keep[end - 1] or not lines[end - 1].strip()):
        end -= 1
    if end and _PHONE.fullmatch(lines[end - 1]):
        keep[end - 1] = False


def _quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _words(lines: Iterable[str]) -> str:
    """Lines as text, without empty ones at its ends and without long gaps."""
    joined = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", joined).strip("\n").strip()
