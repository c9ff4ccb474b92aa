"""Socket Mode: events over a websocket that we open, each acknowledged only after its commit.

https://docs.slack.dev/apis/events-api/using-socket-mode/. slack_sdk's own client starts a task for each
message, so that a person's words may overtake each other, and swallows their errors; this one takes all that
has come, commits it together and in order, and then acknowledges it. What is not acknowledged Slack sends
again, over the next connection too.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog
from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from bots.slack.api import SlackApi
from bots.slack.webhook import Read, cut
from bots.slack.wire.envelopes import load
from gateway.channels import Envelope, Intake
from gateway.errors import Rejected, SendError, StorageUnavailable, Throttled, Unreachable, Unreadable
from gateway.messages import Value
from gateway.retries import backoff

log = structlog.get_logger()

HEARTBEAT_SECONDS = 10.0
"""A ping that is not answered in half this time means that the connection is dead."""
TOGETHER = 100
"""Events in one commit."""
PATIENCE_SECONDS = 60.0
"""The longest wait between two tries; an operator who mends a token should not wait longer."""
FRAME_LIMIT = 4 * 1024 * 1024
SOON_SECONDS = 1.0
"""The wait before a new connection where Slack only wanted the old one closed, and after a failed commit."""

Pause = Callable[[float], Awaitable[None]]


class Frame(Value, frozen=True, kw_only=True):
    """One message of the socket: what to acknowledge (None: nothing), and what is in it (None: news of the
    connection itself, by its `kind`)."""

    kind: str
    envelope_id: str | None = None
    payload: bytes | None = None


class SocketMode:
    """One connection at a time, kept up until cancelled."""

    def __init__(
        self, channel: str, api: SlackApi, app_token: str, read: Read, *, pause: Pause = asyncio.sleep
    ) -> None:
        self._channel = channel
        self._api = api
        self._app_token = app_token
        self._read = read
        self._pause = pause
        self._failures = 0

    async def run(self, intake: Intake) -> None:
        """Live until cancelled."""
        while True:
            try:
                await self._live(intake)
            except SendError as error:
                self._failures += 1
                log.warning("slack_socket_failed", channel=self._channel, reason=error.reason, failures=self._failures)
                await self._pause(retry_delay(error, self._failures))
            else:
                await self._pause(SOON_SECONDS * random.random())  # noqa: S311

    async def _live(self, intake: Intake) -> None:
        """One connection, until Slack wants it closed. Raises SendError."""
        told = await self._api.call("apps.connections.open", {}, token=self._app_token)
        url = told.get("url")
        if not isinstance(url, str):
            raise Rejected("no url")
        session = await self._api.websocket_session()
        try:
            async with session.ws_connect(url, heartbeat=HEARTBEAT_SECONDS, max_msg_size=FRAME_LIMIT) as socket:
                self._failures = 0
                log.info("slack_socket_open", channel=self._channel)
                await self._attend(socket, intake)
        except WSServerHandshakeError as error:
            raise Unreachable(f"socket: {error.status}") from None
        except (ClientError, OSError) as error:
            raise Unreachable(f"socket: {type(error).__name__}") from None

    async def _attend(self, socket: ClientWebSocketResponse, intake: Intake) -> None:
        arrived: asyncio.Queue[Frame | None] = asyncio.Queue(TOGETHER)
        async with asyncio.TaskGroup() as group:
            group.create_task(_listen(socket, arrived))
            while (frames := await _gathered(arrived)) is not None:
                await self._take(socket, frames, intake)

    async def _take(self, socket: ClientWebSocketResponse, frames: Sequence[Frame], intake: Intake) -> None:
        envelopes: list[Envelope] = [cut(frame.payload, self._read) for frame in frames if frame.payload is not None]
        try:
            await intake(self._channel, envelopes)
        except StorageUnavailable:
            # Not acknowledged, so it comes again.
            log.warning("slack_socket_not_stored", channel=self._channel, events=len(envelopes))
            await self._pause(SOON_SECONDS)
            return
        with suppress(ClientError, OSError):  # the connection is gone: it comes again, and is known
            for frame in frames:
                if frame.envelope_id is not None:
                    await socket.send_str(json.dumps({"envelope_id": frame.envelope_id}))


async def _listen(socket: ClientWebSocketResponse, arrived: asyncio.Queue[Frame | None]) -> None:
    """Hand on what comes; None when the connection is to end."""
    async for message in socket:
        frame = read_frame(message.data) if message.type is WSMsgType.TEXT else Frame(kind="")
        if frame.kind == "disconnect":
            break
        if frame.payload is not None:
            await arrived.put(frame)
    await arrived.put(None)


async def _gathered(arrived: asyncio.Queue[Frame | None]) -> list[Frame] | None:
    """Everything that is there, at least one; None at the end of the connection."""
    first = await arrived.get()
    if first is None:
        return None
    frames = [first]
    while not arrived.empty() and len(frames) < TOGETHER:
        frame = arrived.get_nowait()
        if frame is None:
            arrived.put_nowait(None)
            break
        frames.append(frame)
    return frames


def read_frame(text: str) -> Frame:
    """One message of the socket. What cannot be read is an event that cannot be read: it is put aside."""
    try:
        raw = load(text.encode("utf-8", "replace"))
    except Unreadable:
        raw = None
    match raw:
        case {"type": str(kind), "envelope_id": str(envelope_id), "payload": payload}:
            return Frame(kind=kind, envelope_id=envelope_id, payload=_payload(kind, payload))
        case {"type": str(kind), "envelope_id": str(envelope_id)}:
            return Frame(kind=kind, envelope_id=envelope_id, payload=text.encode("utf-8", "replace"))
        case {"type": ("hello" | "disconnect") as kind}:
            return Frame(kind=kind)
    return Frame(kind="unknown", payload=text.encode("utf-8", "replace"))


def _payload(kind: str, payload: object) -> bytes:
    """The payload as the webhook would have it: a command's is a form there."""
    if kind == "slash_commands" and isinstance(payload, dict):
        payload = {**payload, "type": "slash_command"}
    return json.dumps(payload).encode()


def retry_delay(error: SendError, failures: int) -> float:
    """Seconds to wait after failure number `failures` in a row."""
    if isinstance(error, Throttled):
        return max(error.retry_after, SOON_SECONDS)
    return min(PATIENCE_SECONDS, backoff(failures, random.random()).total_seconds())  # noqa: S311
