"""uvicorn's HTTP and WebSocket with an end to their patience: who never finishes a request, or never reads
what is written, is hung up on, so that nobody holds memory and files by doing nothing.

uvicorn bounds only the pause between two requests (`timeout_keep_alive`); a proxy in front would bound the
rest, but one box without a proxy must stand as well. Both classes are given to `uvicorn.Config` as `http`
and `ws` (https://www.uvicorn.org/settings/#implementation).
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import BaseTransport, TimerHandle
from enum import Enum, auto
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers

LOOK_SECONDS = 5.0
HEAD_SECONDS = 15.0
"""From the connection, or a request's first byte, to the end of its headers."""
HEAD_LIMIT = 64 * 1024
"""Bytes of one request before its headers end."""
BODY_SECONDS = 20.0
BODY_BYTES = 4 * 1024
"""So much of a body must come in `BODY_SECONDS`, or its end; a bad mobile line brings ten times as much."""
STALL_SECONDS = 20.0
"""For so long a peer may leave what we wrote unread, once more waits than the transport likes to hold (64 KiB)."""
LINGER_SECONDS = 5.0
"""For so long a connection that is closed may take over its last bytes."""
TOO_SLOW = 1013
"""“Try again later” (https://www.iana.org/assignments/websocket): the widget comes back with its cursor."""


KEEPALIVE = {
    number: value
    for name, value in {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}.items()
    if (number := getattr(socket, name, None)) is not None
}
"""After a minute of silence ask four times, in seconds (tcp(7)); what a system does not know it leaves out."""


class _Phase(Enum):
    HEAD = auto()
    BODY = auto()
    DONE = auto()


class PatientHttp(HttpToolsProtocol):
    """HTTP/1.1 that looks at each connection every few seconds."""

    _phase = _Phase.HEAD
    _since = 0.0
    _came = 0
    _stalled_at: float | None = None
    _look: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin(_Phase.HEAD)
        self._look = self.loop.call_later(LOOK_SECONDS, self._look_after)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_looking()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        super().data_received(data)
        if self._phase is _Phase.HEAD and self._came > HEAD_LIMIT:
            self.transport.abort()
        if self._phase is _Phase.DONE and self.cycle is not None and self.cycle.response_complete:
            # Bytes that begin no request (empty lines) end uvicorn's own waiting for the next one.
            self._begin(_Phase.HEAD)

    def handle_websocket_upgrade(self) -> None:
        self._stop_looking()
        super().handle_websocket_upgrade()
        # The parser holds us; this connection is the WebSocket's now, and nobody will tell us of its end.
        self.parser = None  # type: ignore[assignment]

    # --- the parser's callbacks ---

    def on_message_begin(self) -> None:
        self._begin(_Phase.HEAD)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._begin(_Phase.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._phase = _Phase.DONE
        super().on_message_complete()

    # --- writing ---

    def pause_writing(self) -> None:
        self._stalled_at = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stalled_at = None
        super().resume_writing()

    # --- patience ---

    def _begin(self, phase: _Phase) -> None:
        self._phase = phase
        self._since = self.loop.time()
        self._came = 0

    def _stop_looking(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_after(self) -> None:
        if self._is_too_slow(self.loop.time()):
            self._look = None
            self.transport.abort()
        else:
            self._look = self.loop.call_later(LOOK_SECONDS, self._look_after)

    def _is_too_slow(self, now: float) -> bool:
        if self._stalled_at is not None and now - self._stalled_at > STALL_SECONDS:
            return True
        waited = now - self._since
        if self._phase is _Phase.HEAD:
            return waited > HEAD_SECONDS
        if self._phase is _Phase.BODY and waited > BODY_SECONDS:
            # While it is us who do not read, nothing can come.
            enough = self._came >= BODY_BYTES or self.flow.read_paused
            self._begin(_Phase.BODY)
            return not enough
        return False


class PatientSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose peer must read. Idle ones cost no timer of ours: whether a silent peer is still there
    the system asks (TCP keepalive), for pings of ours to ten thousand peers take a tenth of a processor."""

    _stall: TimerHandle | None = None
    _linger: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family in (socket.AF_INET, socket.AF_INET6):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in KEEPALIVE.items():
                peer.setsockopt(socket.IPPROTO_TCP, option, value)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._stall, self._linger):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        # A parser that waits for the next byte holds its protocol, which holds it.
        self.conn.parser.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(STALL_SECONDS, self._cut_off)

    def resume_writing(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        super().resume_writing()

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:
            # Who does not read gets no pongs piled up: only the latest ping asks for one (RFC 6455, 5.5.3).
            self.conn.data_to_send()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            # The handshake's headers would be kept in three forms for as long as the socket lives; the
            # parser holds on to the request itself.
            self.request.headers = self.response.headers = Headers()
            self.scope["headers"] = []

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._end_soon()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            self._end_soon()

    def _cut_off(self) -> None:
        """The peer has not read for too long: say so, should it ever look, and let go."""
        self._stall = None
        if not self.transport.is_closing():
            self.conn.fail(TOO_SLOW, "too slow")
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.close()
        self.disconnected = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": TOO_SLOW})
        self.writable.set()
        self._end_soon()

    def _end_soon(self) -> None:
        """A transport that is closed waits for its last bytes to leave, which may be for ever."""
        if self._linger is None:
            self._linger = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
