"""Slack's mrkdwn ↔ plain words and our light Markdown.

Rules: https://docs.slack.dev/messaging/formatting-message-text/ — ``&``, ``<`` and ``>`` are written as
entities, links, mentions and dates stand in angle brackets, bold has one asterisk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from bots.slack.wire.emoji import show_emoji
from gateway.messages import clean_text

_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_SPECIAL = re.compile(r"<([^<>]*)>")
_BOLD = re.compile(r"(?<!\w)\*\*(?=[^\s*])(.+?)(?<=[^\s*])\*\*(?!\w)")
_INNER_BOLD = re.compile(r"\*\*(?=[^\s*])(.+?)(?<=[^\s*])\*\*")
_LINK = re.compile(r"\[([^\[\]\n]+)\]\((https?://(?:[^\s()<>|]|\([^\s()<>|]*\))+)\)")
_BULLET = re.compile(r"^([ \t]*)[-*][ \t]+", re.MULTILINE)


# --- in --------------------------------------------------------------------------------------


def plain_words(text: str, own: Collection[str] = ()) -> str:
    """What a person would read in Slack's `text`. Mentions of users in `own` (we ourselves) at its
    beginning are left out: they say whom the words are for."""
    words = text.lstrip()
    while (first := _SPECIAL.match(words)) and _user(first[1]) in own:
        words = words[first.end() :].lstrip(" \t,:")
    return clean_text(show_emoji(_replace(_SPECIAL, words, _unescape, lambda found: _special(found[1]))))


def unescape(text: str) -> str:
    """`text` without Slack's entities, and nothing else changed (labels of buttons)."""
    return clean_text(_unescape(text))


def _unescape(text: str) -> str:
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _user(inside: str) -> str | None:
    """Whom ``@U123|name`` mentions."""
    return inside[1:].partition("|")[0] if inside.startswith("@") else None


def _special(inside: str) -> str:
    """What stands in angle brackets: a mention, a room, a date or a link."""
    target, _, label = inside.partition("|")
    target, label = _unescape(target), _unescape(label)
    match target[:1]:
        case "@":
            return f"@{label.removeprefix('@') or target[1:]}"
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            word = label or target[1:].partition("^")[0]
            return word if target.startswith("!date") or word.startswith("@") else f"@{word}"
        case _:
            return _link(target, label)


def _link(target: str, label: str) -> str:
    """A link as it would be typed; a label that says something else stays beside it."""
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if not label or label == address or re.sub(r"^https?://|/$", "", target) == label.rstrip("/"):
        return label or address
    return f"{label} ({address})"


# --- out -------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """`text` so that Slack shows exactly `text` where it reads no mrkdwn."""
    return clean_text(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(markdown: str) -> str:
    """Our light Markdown as mrkdwn: bold, links and lists; everything else is escaped. Bold in the middle of
    a word, which Slack has not, becomes plain."""
    listed = _BULLET.sub(r"\1• ", clean_text(markdown))
    bold = _replace(_BOLD, listed, _links, lambda found: f"*{_links(found[1])}*")
    return _INNER_BOLD.sub(r"\1", bold)


def _links(text: str) -> str:
    return _replace(_LINK, text, escape, lambda found: f"<{escape(found[2])}|{escape(found[1])}>")


def _replace(
    pattern: re.Pattern[str],
    text: str,
    outside: Callable[[str], str],
    inside: Callable[[re.Match[str]], str],
) -> str:
    """`text` with each match rendered by `inside` and all that lies between by `outside`."""
    rendered, end = [], 0
    for found in pattern.finditer(text):
        rendered += [outside(text[end : found.start()]), inside(found)]
        end = found.end()
    return "".join([*rendered, outside(text[end:])])
