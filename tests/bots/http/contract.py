"""A firm's app over a stand-in that drops repeats by `webhook-id`, as Standard Webhooks asks of receivers."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from bots.http.signing import ID, SIGNATURE, TIMESTAMP, read_secrets, verify
from gateway.channels import Channel, WebhookRequest
from gateway.messages import Event, Ignored, Inbound, Signal
from tests.bots.http.support import NOW, OLD_SECRET, SECRET, STRANGERS, WIRE, channel, message, post
from tests.contracts.case import RETRY_AFTER, Arrival, ChannelCase, Reply, Shown
from tests.standins.http import Got, Hang, HttpStandin, Reset, Status, Take

EVENTS: dict[str, type[Event]] = {"inbound": Inbound, "signal": Signal, "ignored": Ignored}
DOWNLOAD_LIMIT = 1000
REPLIES = {
    Reply.THROTTLED: Status(429, {"retry-after": str(RETRY_AFTER)}),
    Reply.REFUSED: Status(410),
    Reply.TOO_LARGE: Status(413),
    Reply.BROKEN: Status(500),
    Reply.RESET: Reset(),
    Reply.LOST: Take(),
    Reply.SILENT: Hang(),
}


class Case(ChannelCase):
    """An app that shows all there is."""

    kind = "http"
    variants = ("", "plain")
    address = "u-17"
    secrets = (SECRET, OLD_SECRET, SECRET.removeprefix("whsec_"))
    cannot: ClassVar[Mapping[Reply, str]] = {
        Reply.GARBLED: "any 2xx means that the app has it; what its body holds is the app's own"
    }
    unreadable_status = 400

    async def start(self) -> None:
        self._kept: dict[str, Shown] = {}
        self.standin = HttpStandin(self._accept)
        await self.standin.__aenter__()
        self.channel = self._at(f"{self.standin.base}/inbox")

    async def stop(self) -> None:
        await self.standin.__aexit__(None, None, None)

    def _at(self, url: str) -> Channel:
        plain = {"markup": "plain", "buttons": 0, "media": [], "location": False} if self.variant else {}
        return channel(
            url,
            secret=f"{SECRET} {OLD_SECRET}",
            connect_timeout=0.4,
            call_timeout=0.4,
            download_limit=DOWNLOAD_LIMIT,
            private_media=True,
            edits=not self.variant,
            typing=True,
            **plain,
        )

    # --- in ----------------------------------------------------------------------------------

    def arrivals(self) -> Mapping[str, Arrival]:
        found = {}
        for path in sorted(WIRE.glob("in-*.json")):
            case = msgspec.json.decode(path.read_bytes())
            ((named, fields),) = case["event"].items()
            event = msgspec.json.decode(msgspec.json.encode(fields), type=EVENTS[named])
            found[path.stem] = Arrival(given=post(case["body"], webhook_id=path.stem), events=(event,))
        return found

    def repeat(self, given: Any) -> Any:
        """Standard Webhooks: the same id and body, a new timestamp and so a new signature."""
        return post(given.body, webhook_id=given.headers[ID], at=NOW + timedelta(seconds=30), secret=OLD_SECRET)

    def forgeries(self) -> Mapping[str, Any]:
        genuine = post(message())
        return {
            "nothing": _with(genuine, {ID: None, TIMESTAMP: None, SIGNATURE: None}),
            "no signature": _with(genuine, {SIGNATURE: None}),
            "no id": _with(genuine, {ID: None}),
            "no time": _with(genuine, {TIMESTAMP: None}),
            "a stranger's": post(message(), secret=STRANGERS),
            "another's id": _with(genuine, {ID: "msg_2"}),
            "another time": _with(genuine, {TIMESTAMP: str(int(NOW.timestamp()) + 1)}),
            "another version": _with(genuine, {SIGNATURE: genuine.headers[SIGNATURE].replace("v1,", "v2,")}),
            "not base64": _with(genuine, {SIGNATURE: "v1,\u00e9"}),
            "no number": _with(genuine, {TIMESTAMP: "now"}),
        }

    def respelled(self) -> Arrival:
        raw = '{ "parts":[ {"text":"\\u0434\\u0435?", "part":"text"} ],\n\t"sender":{"address":"u-17"}, '
        raw += '"id":"m-r", "type":"message"}'
        expected = msgspec.convert(
            {"sender": {"address": "u-17"}, "parts": [{"part": "text", "text": "де?"}], "platform_id": "m-r"}, Inbound
        )
        return Arrival(given=post(raw.encode()), events=(expected,))

    def tampered(self) -> Any:
        given = self.respelled().given
        return msgspec.structs.replace(given, body=given.body.replace(b"\n\t", b" "))

    def stale(self) -> Mapping[str, Any]:
        return {
            "long ago": post(message(), at=NOW - timedelta(seconds=301)),
            "far ahead": post(message(), at=NOW + timedelta(seconds=301)),
        }

    def unreadable(self) -> Any:
        return post(b"{no json")

    def unknown(self) -> Any:
        return post({"type": "call_started", "call": {"id": 7}})

    def mixed(self) -> Arrival | None:
        first, last = message(id="m-first"), message(id="m-last")
        events = tuple(
            Ignored(reason="an event of a type we do not know")
            if one is None
            else msgspec.convert({"sender": one["sender"], "parts": one["parts"], "platform_id": one["id"]}, Inbound)
            for one in (first, None, last)
        )
        return Arrival(given=post([first, {"type": "call_started"}, last], webhook_id="msg_mixed"), events=events)

    async def file(self) -> tuple[str, bytes]:
        self.standin.files["/kept.bin"] = b"x" * DOWNLOAD_LIMIT
        return f"{self.standin.base}/kept.bin", b"x" * DOWNLOAD_LIMIT

    async def large_file(self) -> str:
        self.standin.files["/huge.bin"] = b"x" * (DOWNLOAD_LIMIT + 1)
        return f"{self.standin.base}/huge.bin"

    # --- out ---------------------------------------------------------------------------------

    def _accept(self, got: Got) -> Any:
        """The app: it checks who calls, drops what it has, and shows the rest."""
        verify(read_secrets(SECRET), got.headers, got.body, now=NOW, tolerance=300)
        told = got.json
        if told["type"] == "message" and got.headers[ID] not in self._kept:
            assert told["id"] == got.headers[ID]
            self._kept[told["id"]] = _shown(told)
        return {"id": f"app-{told.get('id')}"}

    def reply(self, reply: Reply) -> None:
        self.standin.script(REPLIES[reply])

    def at(self, host: str, port: int) -> Channel:
        return self._at(f"http://{host}:{port}/inbox")

    async def shown(self) -> Sequence[Shown]:
        return list(self._kept.values())


def _with(given: WebhookRequest, changed: Mapping[str, str | None]) -> WebhookRequest:
    headers = {**given.headers, **changed}
    kept = {name: value for name, value in headers.items() if value is not None}
    return msgspec.structs.replace(given, headers=kept)


def _shown(told: dict[str, Any]) -> Shown:
    parts, buttons = told["parts"], told.get("buttons", [])
    words = [
        str(part[name]) for part in parts for name in ("text", "caption", "title", "phone", "name") if name in part
    ]
    links = [button["url"] for button in buttons if "url" in button]
    place = next(((part["latitude"], part["longitude"]) for part in parts if "latitude" in part), None)
    return Shown(
        address=told["address"],
        words="\n".join(words + links),
        choices=tuple(button["label"] for button in buttons),
        files=tuple(base64.b64decode(part["data"]) for part in parts if "data" in part),
        place=place,
    )
