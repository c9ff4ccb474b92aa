"""The web framework without what we do not use of it, and with the HEAD that it lacks."""

from __future__ import annotations

from typing import Any

from litestar import HttpMethod, Litestar
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import HTTPResponseBodyEvent, Message, Send

END = HTTPResponseBodyEvent(type="http.response.body", body=b"", more_body=False)
"""Nothing follows (https://asgi.readthedocs.io/en/latest/specs/www.html)."""


class Application(Litestar):
    """Litestar looks whether pydantic and attrs are installed (aiogram brings them) and loads support for
    them: 10 MB and a quarter of a second for models that none of our handlers has."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer HEAD as GET without its body (RFC 9110, section 9.3.2): watchers ask so, and no handler of ours
        need know it."""
        if scope.get("method") == HttpMethod.HEAD:
            # A copy: the server still has to know that HEAD was asked for.
            scope, send = {**scope, "method": HttpMethod.GET}, _without_body(send)
        await super().__call__(scope, receive, send)


def _without_body(send: Send) -> Send:
    """`send` that ends the answer with its headers: the rest of a stream is not waited for."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send(END)

    return send_head
