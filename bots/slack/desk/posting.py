"""Putting words into Slack: each post bears a mark, by which it is found again where its fate is not known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bots.slack.api import SlackApi
from bots.slack.desk.storage.people import Whisper
from bots.slack.desk.wire.pieces import Block
from bots.slack.wire.traces import oldest
from gateway.errors import Ambiguous
from gateway.messages import Value

EVENT_TYPE = "frontdesk_desk"
PAGE = 200


class Post(Value, frozen=True, kw_only=True):
    """A message to be put into `room`, perhaps into the thread `ts`. `mark` begins with what makes it unique
    and may end with more (see `Poster.find`)."""

    room: str
    mark: str
    blocks: tuple[Block, ...]
    text: str
    ts: str | None = None
    files: tuple[tuple[str, bytes], ...] = ()


class Poster:
    """Calls of the Web API, without any policy."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def post(self, post: Post) -> str | None:
        """Put it there; its ts, None where Slack tells none (files). Raises SendError."""
        blocks = marked(post.blocks, post.mark)
        if post.files:
            await self._post_files(post, blocks)
            return None
        params: dict[str, Any] = {
            "channel": post.room,
            "text": post.text or " ",
            "blocks": blocks,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"mark": post.mark}},
        }
        if post.ts:
            params["thread_ts"] = post.ts
        told = await self._api.call("chat.postMessage", params)
        ts = told.get("ts")
        if not isinstance(ts, str):
            raise Ambiguous("no ts")
        return ts

    async def _post_files(self, post: Post, blocks: Sequence[Block]) -> None:
        given = [{"id": await self._api.upload(name, data), "title": name} for name, data in post.files]
        params = {"channel_id": post.room, "files": json.dumps(given), "blocks": json.dumps(blocks)}
        if post.ts:
            params["thread_ts"] = post.ts
        await self._api.call("files.completeUploadExternal", params)

    async def update(self, room: str, ts: str, blocks: Sequence[Block], text: str, mark: str) -> None:
        """Change what stands there. Raises SendError."""
        await self._api.call(
            "chat.update", {"channel": room, "ts": ts, "text": text or " ", "blocks": marked(blocks, mark)}
        )

    async def tell(self, whisper: Whisper) -> None:
        """Show it to one person, or post it in the thread. Raises SendError."""
        params: dict[str, Any] = {"channel": whisper.room, "text": whisper.words}
        if whisper.ts:
            params["thread_ts"] = whisper.ts
        if whisper.blocks:
            params["blocks"] = list(whisper.blocks)
        if whisper.user:
            params["user"] = whisper.user
        await self._api.call("chat.postEphemeral" if whisper.user else "chat.postMessage", params)

    async def find(self, room: str, ts: str | None, mark: str, since: datetime) -> tuple[str, str] | None:
        """(ts, whole mark) of the post whose mark begins with `mark`; None where there surely is none. Raises
        SendError where Slack cannot be asked."""
        params = {"channel": room, "oldest": oldest(since), "include_all_metadata": "true", "limit": str(PAGE)}
        if ts:
            params["ts"] = ts
        async for message in self._api.history("conversations.replies" if ts else "conversations.history", params):
            found = mark_of(message)
            if found is not None and found.startswith(mark) and isinstance(message.get("ts"), str):
                return message["ts"], found
        return None


def marked(blocks: Sequence[Block], mark: str) -> list[Block]:
    """`blocks` whose first bears `mark`."""
    return [{**block, "block_id": mark} if number == 0 else dict(block) for number, block in enumerate(blocks)]


def mark_of(message: dict[str, Any]) -> str | None:
    """The mark of a message in a history, if it is a post of ours."""
    match message.get("metadata"):
        case {"event_type": "frontdesk_desk", "event_payload": {"mark": str(mark)}}:
            return mark
    match message.get("blocks"):
        case [{"block_id": str(mark)}, *_] if mark.startswith("desk:"):
            return mark
    return None
