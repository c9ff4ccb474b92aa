"""Telegram, by either library, over the stand-in Bot API."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bots.telegram import build
from bots.telegram.settings import DRIVERS
from bots.telegram.webhook import SECRET_HEADER
from gateway.channels import Channel, ChannelTools, WebhookRequest
from gateway.messages import Event, Ignored, Inbound, Moved, Signal
from tests.bots.telegram.support import SECRET, WIRE, settings
from tests.contracts.case import RETRY_AFTER, Arrival, ChannelCase, Files, Reply, Shown
from tests.standins.telegram import TOKEN, Fail, Hang, Raw, Recorded, Reset, Take, TelegramStandin

EVENTS: dict[str, type[Event]] = {"inbound": Inbound, "signal": Signal, "moved": Moved, "ignored": Ignored}
DOWNLOAD_LIMIT = 1000
REPLIES = {
    Reply.THROTTLED: Fail(429, "Too Many Requests: retry after 7", retry_after=RETRY_AFTER),
    Reply.REFUSED: Fail(403, "Forbidden: bot was blocked by the user"),
    Reply.TOO_LARGE: Fail(413, "Request Entity Too Large"),
    Reply.BROKEN: Fail(500, "Internal Server Error"),
    Reply.GARBLED: Raw(b"<html>Hello</html>", 200, "text/html"),
    Reply.RESET: Reset(),
    Reply.LOST: Take(),
    Reply.SILENT: Hang(30),
}


class Case(ChannelCase):
    """A bot in webhook mode."""

    kind = "telegram"
    variants = DRIVERS
    address = "7001"
    secrets = (TOKEN, SECRET)
    no_body_signature = "Telegram proves itself by a secret in a header and signs no body"
    no_replay_window = "Telegram stamps no time on a webhook call; a repeat has the same update_id"

    async def start(self) -> None:
        self.standin = TelegramStandin()
        await self.standin.__aenter__()
        self.channel = self._build(self.standin.base)

    async def stop(self) -> None:
        await self.standin.__aexit__(None, None, None)

    def _build(self, base: str) -> Channel:
        chosen = settings(
            base,
            driver=self.variant,
            mode="webhook",
            register_webhook=False,
            connect_timeout=0.4,
            call_timeout=0.4,
            file_timeout=1,
            download_limit=DOWNLOAD_LIMIT,
        )
        return build("shop", chosen, ChannelTools(media=Files(), public_url="https://desk.example"))

    # --- in ----------------------------------------------------------------------------------

    def arrivals(self) -> Mapping[str, Arrival]:
        found = {}
        for number, path in enumerate(sorted(WIRE.glob("in-*.json")), 1):
            case = msgspec.json.decode(path.read_bytes())
            ((named, fields),) = case["event"].items()
            event = msgspec.json.decode(msgspec.json.encode(fields), type=EVENTS[named])
            found[path.stem] = Arrival(given=post({**case["update"], "update_id": number}), events=(event,))
        return found

    def forgeries(self) -> Mapping[str, Any]:
        body = json.dumps({"update_id": 1}).encode()
        return {
            "no secret": WebhookRequest(method="POST", headers={}, query={}, body=body),
            "another's": post({"update_id": 1}, secret="another"),
            "empty": post({"update_id": 1}, secret=""),
            "longer": post({"update_id": 1}, secret=SECRET + "x"),
        }

    def unreadable(self) -> Any:
        return WebhookRequest(method="POST", headers={SECRET_HEADER: SECRET}, query={}, body=b"{no json")

    def unknown(self) -> Any:
        return post({"update_id": 9001, "managed_thing": {"id": 1, "chat": {"id": 7001, "type": "private"}}})

    async def file(self) -> tuple[str, bytes]:
        self.standin.add_file("kept", b"x" * DOWNLOAD_LIMIT)
        return "kept", b"x" * DOWNLOAD_LIMIT

    async def large_file(self) -> str:
        self.standin.add_file("huge", b"x" * (DOWNLOAD_LIMIT + 1))
        return "huge"

    # --- out ---------------------------------------------------------------------------------

    def reply(self, reply: Reply) -> None:
        self.standin.script("sendMessage", REPLIES[reply])

    def at(self, host: str, port: int) -> Channel:
        return self._build(f"http://{host}:{port}")

    async def shown(self) -> Sequence[Shown]:
        calls = [call for call in self.standin.taken if call.method.startswith(("send", "editMessage"))]
        return [_shown(call) for call in calls if call.method != "sendChatAction"]


def post(update: Mapping[str, Any], *, secret: str = SECRET) -> WebhookRequest:
    body = json.dumps(update).encode()
    return WebhookRequest(method="POST", headers={SECRET_HEADER: secret}, query={}, body=body)


def _shown(call: Recorded) -> Shown:
    """What the Telegram app makes of a call."""
    params = call.params
    names = ("text", "caption", "title", "address", "first_name", "phone_number")
    words = "\n".join(str(params[name]) for name in names if name in params)
    if params.get("parse_mode") == "HTML":
        words = html.unescape(
            re.sub(r'<a href="([^"]*)">(.*?)</a>', r"\2 \1", words).replace("<b>", "").replace("</b>", "")
        )
    keyboard = params.get("reply_markup") or {}
    rows = keyboard.get("inline_keyboard") or keyboard.get("keyboard") or []
    return Shown(
        address=str(params["chat_id"]),
        words=words,
        choices=tuple(key["text"] for row in rows for key in row),
        files=tuple(file.data for file in call.files.values()),
        place=(params["latitude"], params["longitude"]) if "latitude" in params else None,
    )
