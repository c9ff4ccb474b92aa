"""One Send → one Web API call, already cut to size by the gateway's rendering.

Words alone are a message's `text`; with buttons they become blocks, and `text` is what a notification shows.
Every message bears the send's key, so that it can be found again (see `traces`).
"""

from __future__ import annotations

import json
import re
from typing import Any

from bots.slack.wire.blocks import actions, sections
from bots.slack.wire.emoji import name_of
from bots.slack.wire.files import file_name
from bots.slack.wire.mrkdwn import escape, render
from bots.slack.wire.traces import block_mark, metadata
from gateway.channels import Send
from gateway.errors import Rejected
from gateway.messages import (
    ContactCard,
    Edit,
    Location,
    Media,
    Reaction,
    Text,
    Value,
)

Params = dict[str, Any]
"""JSON-plain parameters of a call."""

_OURS = "file:"
_ADDRESS = re.compile(r"([A-Za-z0-9]+)(?::([0-9]+\.[0-9]+))?")


class Upload(Value, frozen=True, kw_only=True):
    """A file of ours to hand over before the call; `ref` names it in the media store."""

    ref: str
    name: str


class Call(Value, frozen=True, kw_only=True):
    """One Web API request. Where there is an `upload`, the call completes it."""

    method: str
    params: Params
    upload: Upload | None = None


def place(address: str) -> tuple[str, str | None]:
    """(channel, thread_ts) of an address. Raises Rejected."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise Rejected("the address is not a Slack conversation")
    return found[1], found[2]


def compose(send: Send, gateway: str) -> Call:
    """The call that says `send`; `gateway` is the channel's configured name, part of the key. Raises Rejected
    for what Slack has no words for."""
    channel, _ = place(send.address)
    match send.part:
        case Text() as text:
            return _message(send, text, gateway)
        case Location() as point:
            return _message(send, Text(text=_where(point)), gateway)
        case ContactCard() as card:
            return _message(send, Text(text="\n".join(word for word in (card.name, card.phone) if word)), gateway)
        case Media() as media:
            return _file(send, media, gateway)
        case Edit(target=target, text=words):
            change = {"channel": channel, "ts": _ts(target, channel), "text": escape(words), "blocks": []}
            return Call(method="chat.update", params=change)
        case Reaction(target=target, emoji=emoji, removed=removed):
            mood = {"channel": channel, "timestamp": _ts(target, channel), "name": _emoji(emoji)}
            return Call(method="reactions.remove" if removed else "reactions.add", params=mood)
    raise Rejected(f"slack cannot say a {type(send.part).__name__}")


def sent_id(answer: dict[str, Any]) -> str | None:
    """Our platform id of the message in an answer; None where the method tells none."""
    match answer:
        case {"channel": str(channel), "ts": str(ts)}:
            return f"{channel}:{ts}"
        case {"files": [{"shares": {} as shares}, *_]}:
            return next(
                (
                    f"{channel}:{posts[0]['ts']}"
                    for kind in shares.values()
                    for channel, posts in kind.items()
                    if posts and "ts" in posts[0]
                ),
                None,
            )
    return None


def _message(send: Send, text: Text, gateway: str) -> Call:
    params: Params = {
        **_where_to(send, "channel"),
        "text": render(text.text) if text.markdown else escape(text.text),
        "mrkdwn": text.markdown,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": metadata(gateway, send.key),
    }
    if send.buttons:
        params["blocks"] = [*sections(text, block_mark(gateway, send.key)), *actions(send.buttons)]
    return Call(method="chat.postMessage", params=params)


def _file(send: Send, media: Media, gateway: str) -> Call:
    """A file, its words and buttons in blocks beside it: `initial_comment` would show no button and bear no
    key."""
    if not media.ref.startswith(_OURS):
        raise Rejected("only files of ours can be sent to Slack")
    name = file_name(media)
    params = _where_to(send, "channel_id")
    if media.caption or send.buttons:
        words = Text(text=media.caption or name)
        params["blocks"] = [*sections(words, block_mark(gateway, send.key)), *actions(send.buttons)]
    return Call(method="files.completeUploadExternal", params=params, upload=Upload(ref=media.ref, name=name))


def completion(params: Params, file_id: str, title: str) -> Params:
    """`params` of the call that completes an upload, now that the file has an id. They go as a form, in which
    lists are JSON (https://docs.slack.dev/reference/methods/files.completeUploadExternal/)."""
    blocks = {"blocks": json.dumps(params["blocks"])} if "blocks" in params else {}
    return {**params, **blocks, "files": json.dumps([{"id": file_id, "title": title}])}


def _where_to(send: Send, field: str) -> Params:
    channel, thread = place(send.address)
    return {field: channel, "thread_ts": thread} if thread else {field: channel}


def _where(point: Location) -> str:
    spot = f"{point.latitude:.6f}&mlon={point.longitude:.6f}"
    link = f"https://www.openstreetmap.org/?mlat={spot}"
    return f"{point.title}: {link}" if point.title else link


def _ts(platform_id: str, channel: str) -> str:
    where, _, ts = platform_id.partition(":")
    # What was said to a person (U…) stands in the direct message with them (D…).
    if where != channel and not channel.startswith(("U", "W")):
        raise Rejected("the target is not a message of this conversation")
    if not re.fullmatch(r"[0-9]+\.[0-9]+", ts):
        raise Rejected("the target is not a Slack message")
    return ts


def _emoji(emoji: str) -> str:
    name = name_of(emoji)
    if name is None:
        raise Rejected("slack has no name for this emoji")
    return name
