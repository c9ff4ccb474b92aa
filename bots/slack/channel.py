"""A Slack app as a Channel: the wire for words, slack_sdk for I/O."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from bots.slack.api import SlackApi
from bots.slack.checkup import look
from bots.slack.people import People
from bots.slack.settings import EVERYWHERE, SlackSettings
from bots.slack.socket import Pause, SocketMode
from bots.slack.webhook import take
from bots.slack.wire.inbound import is_direct, read_event
from bots.slack.wire.outbound import Call, completion, compose, place, sent_id
from bots.slack.wire.traces import is_trace, oldest
from gateway.channels import (
    Capabilities,
    ChannelTools,
    Idempotency,
    Intake,
    Markup,
    Rate,
    Receipt,
    Send,
    WebhookRequest,
)
from gateway.clock import utc_now
from gateway.errors import Ambiguous, NotFound, Rejected
from gateway.messages import Echo, Edit, Event, Ignored, Inbound, MediaKind, Reaction
from gateway.operating.checkup import Finding
from gateway.ports import Clock

CAPABILITIES = Capabilities(
    text_limit=3000,
    utf16=True,
    caption_limit=3000,
    markup=Markup.MARKDOWN,
    idempotency=Idempotency.RECONCILED,
    buttons=8,
    button_label_limit=75,
    url_buttons=True,
    media=frozenset(MediaKind),
    media_limit=100 * 1024 * 1024,
    edits=True,
    rate=Rate(per_second=10, burst=20, per_address=1, address_burst=3),
)
"""A message may hold 40,000 characters, a section with buttons beneath it 3,000, and beyond some 4,000 a
message is a burden to read: https://docs.slack.dev/reference/methods/chat.postMessage/ and
https://docs.slack.dev/reference/block-kit/blocks/section-block/. Labels:
https://docs.slack.dev/reference/block-kit/block-elements/button-element/; 25 buttons would fit, a person
reads no more than eight. Rates: https://docs.slack.dev/apis/web-api/rate-limits/ (about one message a second
and conversation). Files may have a gigabyte; ours go through memory."""

PAGE = 200
"""Messages asked for at once, as Slack recommends."""

DONE_ALREADY = frozenset({"already_reacted", "no_reaction"})


class SlackChannel:
    """One app in one workspace. Implements `gateway.channels.Channel` and `Reconciling`."""

    def __init__(
        self,
        name: str,
        settings: SlackSettings,
        tools: ChannelTools,
        api: SlackApi,
        *,
        clock: Clock = utc_now,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._name = name
        self._settings = settings
        self._tools = tools
        self._api = api
        self._clock = clock
        self._people = People(self._who, pause=pause)
        self._socket = SocketMode(name, api, settings.app_token, self.parse, pause=pause)

    @property
    def name(self) -> str:
        """The configured name, as in `[channels.NAME]`."""
        return self._name

    @property
    def kind(self) -> str:
        """Always ``slack``."""
        return "slack"

    @property
    def capabilities(self) -> Capabilities:
        """What Slack carries."""
        return CAPABILITIES

    # --- in ----------------------------------------------------------------------------------

    def receive(self, request: WebhookRequest) -> Receipt:
        """See `Channel.receive`."""
        return take(request, self._settings.signing_secret, self._clock(), self.parse)

    def parse(self, body: bytes) -> Event:
        """See `Channel.parse`. What is said where the settings do not want us to listen is passed over."""
        event = read_event(body)
        match event:
            case Inbound(sender=sender) if not self._listens(sender.address):
                return Ignored(reason="not a conversation of ours")
            case Echo(address=address) if not self._listens(address):
                return Ignored(reason="not a conversation of ours")
            case Inbound():
                return self._people.introduce(event)
        return event

    def fetch(self, ref: str) -> AsyncIterator[bytes]:
        """See `Channel.fetch`; `ref` is a file's address at Slack."""
        return self._api.download(ref)

    def _listens(self, address: str) -> bool:
        if is_direct(address):
            return self._settings.direct
        rooms = self._settings.rooms
        return EVERYWHERE in rooms or address.partition(":")[0] in rooms

    # --- out ---------------------------------------------------------------------------------

    async def send(self, send: Send) -> str | None:
        """See `Channel.send`."""
        call = compose(send, self._name)
        params = await self._ready(call)
        try:
            return sent_id(await self._api.call(call.method, params))
        except Rejected as error:
            if error.reason in DONE_ALREADY:
                return None
            raise

    async def find_sent(self, send: Send, since: datetime) -> str | None:
        """See `gateway.channels.Reconciling`. An edit or a reaction may simply be made again."""
        if isinstance(send.part, Edit | Reaction):
            return None
        channel, thread = place(send.address)
        params: dict[str, Any] = {
            "channel": await self._room(channel),
            "oldest": oldest(since),
            "include_all_metadata": "true",
            "limit": str(PAGE),
        }
        if thread:
            params["ts"] = thread
        method = "conversations.replies" if thread else "conversations.history"
        async for message in self._api.history(method, params):
            if is_trace(message, send, self._name) and isinstance(message.get("ts"), str):
                return f"{params['channel']}:{message['ts']}"
        return None

    async def typing(self, address: str) -> None:
        """See `Channel.typing`: Slack has none for apps (the old RTM API's is not theirs to use)."""

    async def _ready(self, call: Call) -> dict[str, Any]:
        """The parameters of `call`, its file handed over and its conversation opened. Raises SendError."""
        if call.upload is None:
            return call.params if call.method == "chat.postMessage" else await self._in_room(call.params, "channel")
        try:
            data = await self._tools.media.read(call.upload.ref)
        except NotFound:
            raise Rejected("the file is gone from the media store") from None
        params = await self._in_room(call.params, "channel_id")
        return completion(params, await self._api.upload(call.upload.name, data), call.upload.name)

    async def _in_room(self, params: dict[str, Any], field: str) -> dict[str, Any]:
        return {**params, field: await self._room(params[field])}

    async def _room(self, channel: str) -> str:
        """The conversation behind a person's id: messages may be addressed to people, all else may not."""
        if not channel.startswith(("U", "W")):
            return channel
        opened = await self._api.call("conversations.open", {"users": channel})
        match opened.get("channel"):
            case {"id": str(room)}:
                return room
        raise Ambiguous("no channel")

    # --- living ------------------------------------------------------------------------------

    async def run(self, intake: Intake) -> None:
        """See `Channel.run`: ask who the people are, and keep the Socket Mode connection; with events
        Slack calls us."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._people.run())
                if self._settings.mode == "socket":
                    group.create_task(self._socket.run(intake))
                else:
                    await asyncio.Event().wait()
        finally:
            await self.close()

    async def _who(self, user: str) -> dict[str, Any]:
        return await self._api.call("users.info", {"user": user, "include_locale": "true"})

    async def checkup(self) -> Sequence[Finding]:
        """See `gateway.operating.checkup.Checkable`: ask Slack about the tokens and what they may do."""
        return await look(self._name, self._api, self._settings, self._tools.public_url)

    async def close(self) -> None:
        """Close connections; a later send opens them again."""
        await self._api.close()
