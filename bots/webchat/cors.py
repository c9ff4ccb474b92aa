"""A middleware that lets allowed sites read a channel's answers, errors too."""

from __future__ import annotations

from collections.abc import Callable

from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bots.webchat.origins import PREFLIGHT, cors_headers
from bots.webchat.service import Webchat


def cors(webchat: Webchat) -> Callable[[ASGIApp], ASGIApp]:
    """The middleware for all channels; Litestar's own CORS knows one list for the whole application."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            channel = webchat.channels.get(scope.get("path_params", {}).get("name", ""))

            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start" and channel is not None:
                    headers = MutableScopeHeaders.from_message(message)
                    asked = Headers.from_scope(scope)
                    allowed = cors_headers(asked, channel.settings, webchat.public_url)
                    if scope.get("method") == "OPTIONS" and "Access-Control-Allow-Origin" in allowed:
                        allowed |= PREFLIGHT
                    for name, value in allowed.items():
                        headers[name] = value
                await send(message)

            await app(scope, receive, send_with_headers)

        return answer

    return wrap
