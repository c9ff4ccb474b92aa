"""A firm's own Bolt application with the gateway plugged in: an example, run by `test_bolt` with real Bolt.

The two lines are the import of `plug` and its call; everything else was there before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt import App
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.bolt import Plugged, PluggedBlocking, plug
from bots.slack.line import Line
from tests.standins.slack import BOT_TOKEN, SECRET


def application(api: str, heard: list[str], gateway: str | Line) -> tuple[AsyncApp, Plugged]:
    """The firm's bot: it plays ping-pong, approves holidays and deploys. `heard` is what its listeners saw."""
    app = AsyncApp(client=AsyncWebClient(token=BOT_TOKEN, base_url=api), signing_secret=SECRET)
    plugged = plug(app, gateway, signing_secret=SECRET)

    @app.message("ping")
    async def ping(message: dict[str, Any], say: Callable[..., Awaitable[Any]]) -> None:
        heard.append(message["text"])
        await say("*pong* & more")

    @app.action("approve")
    async def approve(ack: Callable[..., Awaitable[None]]) -> None:
        heard.append("approve")
        await ack()

    @app.command("/deploy")
    async def deploy(ack: Callable[..., Awaitable[None]]) -> None:
        heard.append("deploy")
        await ack("deploying")

    @app.event("reaction_added")
    async def broken() -> None:
        heard.append("reaction")
        raise KeyError("the host's own bug")

    return app, plugged


def blocking_application(api: str, heard: list[str], gateway: str) -> tuple[App, PluggedBlocking]:
    """The same bot without asyncio."""
    app = App(client=WebClient(token=BOT_TOKEN, base_url=api), signing_secret=SECRET)
    plugged = plug(app, gateway, signing_secret=SECRET)

    @app.message("ping")
    def ping(message: dict[str, Any], say: Callable[..., Any]) -> None:
        heard.append(message["text"])
        say("*pong* & more")

    return app, plugged
