"""The widget's WebSocket: what was missed, then what comes, each message once and in order.

Nothing is queued for a slow reader: the session holds a cursor and asks the database for what follows
it, so a reader who takes nothing costs one batch, and one who takes nothing for long is closed. Nothing
runs for an idle one: a task that writes lives only while there is news.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from litestar import WebSocket, websocket
from litestar.connection.base import empty_receive, empty_send
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import WebsocketRouteHandler
from litestar.params import FromPath

from bots.webchat import cursor as cursors
from bots.webchat.channel import WebchatChannel
from bots.webchat.faults import explain, unavailable
from bots.webchat.frames import (
    Ack,
    ClientMessage,
    Fault,
    Hello,
    Malformed,
    Ping,
    Pong,
    Resume,
    SomebodyTyping,
    Welcome,
    encode,
    read_frame,
)
from bots.webchat.hints import TYPING
from bots.webchat.intake import Notice
from bots.webchat.service import Webchat
from bots.webchat.tokens import Visitor
from bots.webchat.wire import Batch
from gateway.errors import RequestRefused, StorageUnavailable
from gateway.live import Change, address_topic
from gateway.messages import Value

log = structlog.get_logger()

HELLO_SECONDS = 15.0
SEND_SECONDS = 20.0
CLOSE_SECONDS = 5.0
MAX_FAULTS = 50

UNAUTHORIZED = 4401
FORBIDDEN = 4403
NOT_FOUND = 4404
POLICY = 1008
AGAIN_LATER = 1013

Socket = WebSocket[Any, Any, Any]


class Closed(Exception):
    """The session is over; `code` is the close code the widget sees (RFC 6455, 7.4)."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def socket_route(webchat: Webchat) -> WebsocketRouteHandler:
    """`GET /channels/{name}/socket`."""

    @websocket("/channels/{name:str}/socket", opt={"exclude_from_auth": True})
    async def open_socket(socket: Socket, name: FromPath[str]) -> None:
        try:
            channel = webchat.enter(name, _where_from(socket))
        except RequestRefused as refused:
            # Closing before accepting answers the handshake with 403.
            await socket.close(code=NOT_FOUND if refused.status == 404 else FORBIDDEN)
            return
        await socket.accept()
        code = await _serve(Session(socket, webchat, channel))
        if code is not None:
            await _close(socket, code)
        # Litestar wraps these in functions that hold the socket itself: only a search of the whole memory
        # would find that nobody else does, and with ten thousand visitors such a search takes a second.
        socket.receive, socket.send = empty_receive, empty_send

    return open_socket


def _where_from(socket: Socket) -> dict[str, str]:
    """The headers that matter, past Litestar's: it would keep them all for as long as the socket lives."""
    found = dict(socket.scope["headers"])
    return {name: found[name.encode()].decode("latin-1") for name in ("origin", "host") if name.encode() in found}


async def _serve(session: Session) -> int | None:
    """Run `session` to its end; returns the code to close with, None where the line is gone."""
    code: int | None = None
    try:
        code = await session.run()
    except* Closed as group:
        code = next(error.code for error in _leaves(group) if isinstance(error, Closed))
    except* StorageUnavailable:
        code = AGAIN_LATER
    except* (WebSocketDisconnect, OSError, TimeoutError):
        code = None
    return code


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found


async def _close(socket: Socket, code: int) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code=code)
    except (OSError, TimeoutError, RuntimeError, WebSocketDisconnect):
        log.debug("webchat_socket_gone", code=code)


class Session:
    """One open socket of one visitor; the hints on their topic come to `put`."""

    __slots__ = (
        "__weakref__",
        "_channel",
        "_cursor",
        "_faults",
        "_news",
        "_reading_thread",
        "_socket",
        "_told",
        "_translator",
        "_typing",
        "_webchat",
        "_writers",
        "_writing",
        "visitor",
    )

    def __init__(self, socket: Socket, webchat: Webchat, channel: WebchatChannel) -> None:
        self._socket = socket
        self._webchat = webchat
        self._channel = channel
        self._translator = webchat.texts.translator(webchat.company.language)
        self._cursor: dict[int, int] = {}
        self._reading_thread = asyncio.Lock()
        self._writers = asyncio.TaskGroup()
        # Before the cursor is known and after the end nothing is written.
        self._writing = True
        self._news = False
        self._typing = False
        self._told = 0
        self._faults = 0
        self.visitor: Visitor

    async def run(self) -> int | None:
        """Greet, then read and write until the line is gone (None) or is to be closed with a code."""
        async with asyncio.timeout(HELLO_SECONDS):
            hello = await self._hello()
        self.visitor = visitor = await self._authenticate(hello)
        topic = address_topic(self._channel.name, visitor.id)
        async with self._writers:
            try:
                with self._webchat.live.listen([topic], self), self._webchat.audience.joined(self):
                    await self._send(Welcome(token=self._webchat.tokens.renewed(visitor)))
                    await self._resume(visitor, hello.after)
                    self._writing = False
                    self._write()
                    return await self._read(visitor)
            finally:
                self._writing = True

    # --- news ---

    def put(self, change: Change) -> None:
        """Somebody of ours types, or the thread may have grown."""
        if change.kind == TYPING:
            self._typing = True
        else:
            self._news = True
        self._write()

    @property
    def held(self) -> int:
        """What the cursor holds of all conversations, or what was looked for in vain."""
        return self._told or sum(self._cursor.values())

    def wake(self, total: int) -> None:
        """The thread holds `total` messages, which is not what was sent."""
        self._told = total
        self._news = True
        self._write()

    def _write(self) -> None:
        if (self._news or self._typing) and not self._writing:
            self._writing = True
            self._writers.create_task(self._write_news())

    async def _write_news(self) -> None:
        """Lives while there is news. Where it breaks the session ends, so no other need follow it."""
        while self._news or self._typing:
            if self._typing:
                self._typing = False
                await self._send(SomebodyTyping())
            if self._news:
                self._news = False
                async with self._reading_thread:
                    await self._catch_up(self.visitor)
        self._writing = False

    # --- opening ---

    async def _hello(self) -> Hello:
        try:
            frame = read_frame((await self._receive()).encode())
        except Malformed as malformed:
            await self._send(explain(malformed, self._translator))
            raise Closed(POLICY) from None
        if not isinstance(frame, Hello):
            raise Closed(POLICY)
        self._translator = self._webchat.texts.translator(self._webchat.language(frame.language))
        return frame

    async def _authenticate(self, hello: Hello) -> Visitor:
        try:
            return self._webchat.tokens.check(self._channel.name, hello.token)
        except RequestRefused as refused:
            await self._send(Fault(code="unauthorized", message=refused.reason))
            raise Closed(UNAUTHORIZED) from None

    # --- out ---

    async def _resume(self, visitor: Visitor, after: str | None) -> None:
        """Send the thread's end to who holds nothing, else what is missing (perhaps nothing)."""
        async with self._reading_thread:
            if after is None:
                batch = await self._webchat.reader.newest(visitor)
                self._cursor = cursors.decode(batch.cursor)
                await self._send(batch)
                return
            try:
                self._cursor = cursors.decode(after)
            except RequestRefused:
                raise Closed(POLICY) from None
            if not await self._catch_up(visitor):
                # Nothing is missing; the widget waits to hear that before it sends its queue.
                await self._send(Batch(messages=(), cursor=cursors.encode(self._cursor)))

    async def _catch_up(self, visitor: Visitor) -> int:
        """Send everything after the session's cursor; returns how many messages that were."""
        sent = 0
        while True:
            batch, stretch = await self._webchat.reader.after(visitor, self._cursor)
            if batch.messages:
                await self._send(batch)
            self._cursor = stretch.cursor
            sent += len(batch.messages)
            if not stretch.more:
                if sent:
                    self._told = 0
                return sent

    async def _send(self, frame: Value) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._socket.send_text(encode(frame))
        except TimeoutError:
            raise Closed(AGAIN_LATER) from None

    # --- in ---

    async def _read(self, visitor: Visitor) -> int | None:
        """Take frames. Visitors leave all the time, so that is no error here: an error through a task group
        leaves a ring of frames behind."""
        while self._faults < MAX_FAULTS:
            try:
                frame = read_frame((await self._receive()).encode())
                await self._take(visitor, frame)
            except Malformed as malformed:
                await self._fault(explain(malformed, self._translator))
            except RequestRefused:
                await self._fault(explain(Malformed("malformed"), self._translator))
            except WebSocketDisconnect:
                return None
        return POLICY

    async def _take(self, visitor: Visitor, frame: Hello | Resume | Ping | Notice) -> None:
        match frame:
            case Ping():
                await self._send(Pong())
            case Resume(after=after):
                await self._resume(visitor, after)
            case Hello():
                raise Malformed("malformed")
            case _:
                # Not reading is the politest brake: the widget's own buffer waits, and nothing is lost.
                await asyncio.sleep(self._webchat.intake.delay(visitor))
                await self._take_notice(visitor, frame)

    async def _take_notice(self, visitor: Visitor, notice: Notice) -> None:
        if isinstance(notice, ClientMessage):
            await self._take_message(visitor, notice)
        else:
            await self._webchat.intake.take(visitor, notice)

    async def _take_message(self, visitor: Visitor, message: ClientMessage) -> None:
        try:
            await self._webchat.intake.take(visitor, message)
        except StorageUnavailable:
            await self._send(unavailable(str(message.id), self._translator))
            return
        await self._send(Ack(id=str(message.id)))

    async def _fault(self, fault: Fault) -> None:
        self._faults += 1
        await self._send(fault)

    async def _receive(self) -> str:
        return await self._socket.receive_data(mode="text")
