"""Slack over the stand-in: requests of the Events API, and Socket Mode's frames."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from bots.slack import build
from bots.slack.socket import read_frame
from bots.slack.webhook import cut
from gateway.channels import Channel, ChannelTools, Envelope, WebhookRequest
from tests.bots.slack.support import WIRE, expected, post, raw, settings
from tests.contracts.case import RETRY_AFTER, Arrival, ChannelCase, Files, Reply, Shown
from tests.standins.slack import BOT_TOKEN, SECRET, Fail, Hang, Raw, Reset, SlackStandin, Take, callback, signed

DOWNLOAD_LIMIT = 1000
REPLIES = {
    Reply.THROTTLED: Fail("ratelimited", 429, retry_after=RETRY_AFTER),
    Reply.REFUSED: Fail("channel_not_found"),
    Reply.TOO_LARGE: Fail("msg_too_long"),
    Reply.BROKEN: Fail("internal_error", 500),
    Reply.GARBLED: Raw(b"<html>Hello</html>", 200, "text/html"),
    Reply.RESET: Reset(),
    Reply.LOST: Take(),
    Reply.SILENT: Hang(30),
}
HELLO = {"type": "message", "channel": "D1", "user": "U1", "text": "hi", "ts": "1355517523.000005"}


class Case(ChannelCase):
    """An app in a workspace; what comes by Socket Mode is read by the same wire (see test_socket)."""

    kind = "slack"
    address = "D024BE91L"
    secrets = (BOT_TOKEN, SECRET)
    lacks: ClassVar[Mapping[str, str]] = {
        "location": "Slack has no places to share, only links",
        "contact": "Slack has no address-book entries to share",
        "start": "a Slack app's direct message has no beginning that it is told of",
    }

    async def start(self) -> None:
        self.standin = SlackStandin()
        await self.standin.__aenter__()
        self.channel = self._build(self.standin.api)

    async def stop(self) -> None:
        await self.standin.__aexit__(None, None, None)

    def _build(self, api: str) -> Channel:
        chosen = settings(api, connect_timeout=0.4, call_timeout=0.4, file_timeout=1, download_limit=DOWNLOAD_LIMIT)
        return build("shop", chosen, ChannelTools(media=Files(), public_url="https://desk.example"))

    # --- in ----------------------------------------------------------------------------------

    def arrivals(self) -> Mapping[str, Arrival]:
        found = {}
        for path in sorted(WIRE.glob("in-*.json")):
            case = msgspec.json.decode(path.read_bytes())
            payload = unique(case["payload"], path.stem)
            given = post(payload, form=case.get("form", False))
            found[path.stem] = Arrival(given=given, events=(expected(case["event"]),))
        return found

    def repeat(self, given: Any) -> Any:
        form = given.headers["content-type"].endswith("urlencoded")
        return raw(
            given.body, form=form, at=time.time() - 60, x_slack_retry_num="1", x_slack_retry_reason="http_timeout"
        )

    def forgeries(self) -> Mapping[str, Any]:
        body = json.dumps(callback(HELLO)).encode()
        good = signed(body)
        return {
            "no signature": request(body, {}),
            "no timestamp": request(body, {"x-slack-signature": good["x-slack-signature"]}),
            "no time": request(body, {**good, "x-slack-request-timestamp": "yesterday"}),
            "another's": request(body, signed(body, secret="another")),
            "empty": request(body, {**good, "x-slack-signature": ""}),
            "another version": request(
                body, {**good, "x-slack-signature": good["x-slack-signature"].replace("v0", "v1")}
            ),
            "another body": request(body + b" ", good),
            "another time": request(body, {**good, "x-slack-request-timestamp": str(int(time.time()) - 10)}),
        }

    def respelled(self) -> Arrival:
        text = json.dumps(callback(HELLO, "EvRespelled"), indent=3).replace("hi", "\\u0068i")
        return Arrival(given=raw(text.encode()), events=(self.channel.parse(text.encode()),))

    def tampered(self) -> Any:
        genuine = self.respelled().given
        return request(genuine.body.replace(b"\n", b""), dict(genuine.headers))

    def stale(self) -> Mapping[str, Any]:
        return {
            "long ago": post(callback(HELLO), at=time.time() - 310),
            "far ahead": post(callback(HELLO), at=time.time() + 310),
        }

    def unreadable(self) -> Any:
        return raw(b"{no json")

    def unknown(self) -> Any:
        return post(callback({"type": "hologram_projected", "channel": "D1", "user": "U1"}, "EvUnknown"))

    async def file(self) -> tuple[str, bytes]:
        kept = self.standin.add_file("F1", b"x" * DOWNLOAD_LIMIT)
        return kept["url_private_download"], b"x" * DOWNLOAD_LIMIT

    async def large_file(self) -> str:
        return str(self.standin.add_file("F2", b"x" * (DOWNLOAD_LIMIT + 1))["url_private"])

    async def bring(self, given: Any) -> Sequence[Envelope]:
        """Both ways in read the same: an authentic payload gives the same envelope over a socket."""
        envelopes = await super().bring(given)
        if given.headers["content-type"] == "application/json" and not given.body.startswith(b"{no"):
            kind = "slash_commands" if b"slash_command" in given.body else "events_api"
            frame = read_frame(f'{{"type":"{kind}","envelope_id":"e","payload":{given.body.decode()}}}')
            over_socket = cut(frame.payload or b"", self.channel.parse)
            assert (over_socket.address, len(envelopes)) == (envelopes[0].address, 1)
            assert self.channel.parse(over_socket.body) == self.channel.parse(envelopes[0].body)
        return envelopes

    # --- out ---------------------------------------------------------------------------------

    def reply(self, reply: Reply) -> None:
        self.standin.script("chat.postMessage", REPLIES[reply])

    def at(self, host: str, port: int) -> Channel:
        return self._build(f"http://{host}:{port}/api")

    async def shown(self) -> Sequence[Shown]:
        return [shown(message, self.standin.contents) for message in self.standin.shown]


def unique(payload: dict[str, Any], name: str) -> dict[str, Any]:
    """`payload` under ids of its own: many of Slack's examples are of one message."""
    if "event_id" in payload:
        return {**payload, "event_id": f"Ev-{name}"}
    return {**payload, "trigger_id": f"1.2.{name}"} if "trigger_id" in payload else payload


def request(body: bytes, headers: Mapping[str, str]) -> WebhookRequest:
    return WebhookRequest(method="POST", headers={"content-type": "application/json", **headers}, query={}, body=body)


def shown(message: Mapping[str, Any], contents: Mapping[str, bytes]) -> Shown:
    """What the Slack app makes of a message."""
    blocks = message.get("blocks") or []
    sections = [block["text"] for block in blocks if block["type"] == "section"]
    texts = [read(text["text"], markup=text["type"] == "mrkdwn") for text in sections]
    elements = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    files = message.get("files", [])
    return Shown(
        address=message["channel"] + (f":{message['thread_ts']}" if "thread_ts" in message else ""),
        words="\n".join([*(texts or [read(message.get("text", ""))]), *(file["name"] for file in files)]),
        choices=tuple(element["text"]["text"] for element in elements),
        files=tuple(contents[file["id"]] for file in files),
    )


def read(text: str, *, markup: bool = True) -> str:
    if not markup:
        return text
    return html.unescape(re.sub(r"<(https?://[^|>]+)\|([^>]*)>", r"\2 \1", text))
