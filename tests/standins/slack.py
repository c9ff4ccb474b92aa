"""A local Slack: the Web API, files, Socket Mode and signed requests, as far as an app sees them.

    async with SlackStandin() as slack:
        ...  # configure a channel with api_base=slack.api, bot_token=BOT_TOKEN, signing_secret=SECRET
        await slack.deliver(callback({"type": "message", ...}), url)      # a signed request, as the Events API
        slack.push(callback({"type": "message", ...}))                    # the same over Socket Mode
        slack.script("chat.postMessage", Fail("is_archived"))
        call, = await slack.wait_for("chat.postMessage")
        assert slack.messages["D1"][0]["text"] == "…"

Unscripted calls succeed as Slack's would, and are refused as Slack's would be (too long, bad blocks, a wrong
token). A scripted reply that nobody asked for fails the test when the block ends.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import ClientSession, WSMsgType, web

from tests.standins.telegram import Cut, Hang, Raw, Reset, Take

BOT_TOKEN = "xoxb-standin-1"
APP_TOKEN = "xapp-standin-1"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, APP, BOT_USER, BOT = "T0FRONT", "A0FRONT", "U0DESK", "B0DESK"
SCOPES = (
    "chat:write,im:history,im:write,files:read,files:write,reactions:read,reactions:write,"
    "channels:history,groups:history,users:read"
)
FORM = "application/x-www-form-urlencoded"
_FORM_ONLY = (
    "conversations.history",
    "conversations.replies",
    "files.getUploadURLExternal",
    "files.info",
    "users.info",
)


@dataclass(frozen=True)
class Recorded:
    """One call of a Web API method, with the values of lists and tables decoded."""

    method: str
    params: dict[str, Any]
    token: str | None


@dataclass(frozen=True)
class Ok:
    """``{"ok": true, …}``."""

    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Fail:
    """``{"ok": false, "error": …}``, with HTTP `status` and perhaps Retry-After."""

    error: str
    status: int = 200
    retry_after: int | None = None


Reply = Ok | Fail | Raw | Reset | Take | Cut | Hang

_numbers = count(1)


def callback(event: Mapping[str, Any], event_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """`event` in the wrapper of the Events API."""
    return {
        "token": "verification-token",
        "team_id": TEAM,
        "api_app_id": APP,
        "event": dict(event),
        "type": "event_callback",
        "event_id": event_id or f"Ev{next(_numbers):08}",
        "event_time": 1795255200,
        "authorizations": [{"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
        **fields,
    }


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None, form: bool = False) -> dict[str, str]:
    """The headers that Slack sends with `body`."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "content-type": FORM if form else "application/json",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={digest}",
    }


def as_form(payload: Mapping[str, Any]) -> bytes:
    """An interactivity payload as Slack posts it."""
    return urlencode({"payload": json.dumps(payload)}).encode()


class Refused(Exception):
    """A call that Slack refuses, with its error code."""


class SlackStandin:
    """The server, as an async context manager on a free port of 127.0.0.1 (or `port`)."""

    def __init__(self, *, port: int = 0, page: int = 200, now: float | None = None) -> None:
        self.base = ""
        self.calls: list[Recorded] = []
        self.messages: dict[str, list[dict[str, Any]]] = defaultdict(list)
        """What was posted, by channel, in order; deleted ones are gone."""
        self.shown: list[dict[str, Any]] = []
        """The same of all channels in order, with ``channel``, and each state of an edited one."""
        self.reactions: list[tuple[str, str, str]] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.scopes = SCOPES
        self.people: dict[str, dict[str, Any]] = {}
        """What `users.info` tells of single users, over what it tells of everybody."""
        self.whispers: list[dict[str, Any]] = []
        """Ephemeral messages, in order."""
        self.views: list[dict[str, Any]] = []
        """Dialogs as they were opened and redrawn, in order."""
        self.expired: set[str] = set()
        """Trigger ids that came too late."""
        self.acknowledged: list[str] = []
        """Envelope ids of Socket Mode that were acknowledged, in order."""
        self.connections = 0
        self._page = page
        self._port = port
        self._scripts: dict[str, deque[Reply]] = defaultdict(deque)
        self._waiting: dict[str, dict[str, Any]] = {}
        self._sockets: list[web.WebSocketResponse] = []
        self._clock = count(int((time.time() if now is None else now) * 1_000_000))
        self._bell = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._client: ClientSession | None = None

    @property
    def api(self) -> str:
        """Where the Web API is."""
        return f"{self.base}/api"

    # --- what a test says --------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let time pass on Slack's clock."""
        self._clock = count(next(self._clock) + int(seconds * 1_000_000))

    def script(self, method: str, *replies: Reply) -> None:
        """Answer the next calls of `method` (``"file"``: downloads, ``"upload"``: uploads) with `replies`."""
        self._scripts[method].extend(replies)

    def sent(self, method: str) -> list[Recorded]:
        """The calls of `method` so far."""
        return [call for call in self.calls if call.method == method]

    async def wait_for(self, method: str, count: int = 1, timeout: float = 20.0) -> list[Recorded]:  # noqa: ASYNC109
        """Return once `method` was called `count` times. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            await self.until(lambda: len(self.sent(method)) >= count)
        return self.sent(method)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once `condition` holds; it is asked whenever something has happened here."""
        while not condition():
            await self._bell.wait()

    def add_file(self, file_id: str, data: bytes, name: str = "file.bin", **fields: Any) -> dict[str, Any]:
        """A file that a customer shared: its file object."""
        self.contents[file_id] = data
        url = f"{self.base}/files-pri/{TEAM}-{file_id}/{name}"
        file = {"id": file_id, "name": name, "size": len(data), "url_private": url, **fields}
        self.files[file_id] = {**file, "url_private_download": f"{url}?download=1"}
        return self.files[file_id]

    def write(self, room: str, thread_ts: str, user: str, text: str, **fields: Any) -> dict[str, Any]:
        """A person writes into a thread: the event that tells of it."""
        own = {"user": user, "text": text, "thread_ts": thread_ts, **fields}
        message = {"type": "message", "ts": self._next_ts(), "team": TEAM, **own}
        self.messages[room].append(message)
        self.shown.append({**message, "channel": room})
        return callback({**message, "channel": room, "channel_type": "channel", "event_ts": message["ts"]})

    def thread(self, room: str, ts: str) -> list[dict[str, Any]]:
        """What stands under a message, in order."""
        return [one for one in self.messages[room] if one.get("thread_ts") == ts and one["ts"] != ts]

    def press(self, room: str, message: Mapping[str, Any], action: str, user: str) -> dict[str, Any]:
        """The payload of a press on the button `action` of a message (or of a whisper)."""
        rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
        pressed = next(one for row in rows for one in row if one["action_id"] == action)
        return {
            "type": "block_actions",
            "user": {"id": user, "username": "name", "team_id": TEAM},
            "api_app_id": APP,
            "team": {"id": TEAM, "domain": "standin"},
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": room},
            "channel": {"id": room, "name": "support"},
            "trigger_id": f"{next(_numbers)}.trigger",
            "message": {name: value for name, value in message.items() if name != "whispered_to"},
            "actions": [{**pressed, "block_id": "b", "action_ts": self._next_ts()}],
        }

    def submit(self, view: Mapping[str, Any], user: str, **values: str) -> dict[str, Any]:
        """The payload of a dialog that was confirmed with `values` by `action_id`, the rest as it was drawn."""
        return {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "trigger_id": f"{next(_numbers)}.trigger",
            "view": {**view, "state": {"values": _state(view, values)}},
        }

    def choose(self, view: Mapping[str, Any], user: str, action: str, value: str, **values: str) -> dict[str, Any]:
        """The payload of a choice in an open dialog."""
        field = _state(view, {action: value, **values})
        (chosen,) = [one[action] for one in field.values() if action in one]
        return {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "container": {"type": "view", "view_id": view["id"]},
            "trigger_id": f"{next(_numbers)}.trigger",
            "view": {**view, "state": {"values": field}},
            "actions": [{"action_id": action, "block_id": "b", **chosen}],
        }

    async def deliver(
        self, payload: Mapping[str, Any], url: str, *, form: bool = False, retry: int = 0, at: float | None = None
    ) -> tuple[int, bytes]:
        """Post `payload` signed to `url`, as the `retry`-th try; (status, body)."""
        body = as_form(payload) if form else json.dumps(payload).encode()
        headers = signed(body, at=at, form=form)
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"}
        assert self._client is not None
        async with self._client.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.read()

    def push(self, payload: Mapping[str, Any], kind: str = "events_api") -> str:
        """Send `payload` over Socket Mode, again over each new connection until it is acknowledged; its
        envelope id."""
        envelope_id = f"env-{next(_numbers)}"
        accepts = kind != "events_api"
        self._waiting[envelope_id] = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": dict(payload),
            "accepts_response_payload": accepts,
        }
        self._wake()
        return envelope_id

    async def say_raw(self, text: str) -> None:
        """Send `text` over the open socket."""
        await self._sockets[-1].send_str(text)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell the app that its connection is to be closed, and leave the closing to it."""
        await self.say_raw(json.dumps({"type": "disconnect", "reason": reason}))

    async def cut(self) -> None:
        """Cut the open socket without a word."""
        await self._sockets[-1].close()

    # --- life --------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/api/{method}", self._call)
        app.router.add_post("/upload/v1/{file}", self._upload)
        app.router.add_get("/files-pri/{file}/{name}", self._file)
        app.router.add_get("/link", self._link)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        self._client = ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._client is not None
        assert self._runner is not None
        await self._client.close()
        for socket in self._sockets:
            await socket.close()
        await self._runner.cleanup()
        unused = {method: list(replies) for method, replies in self._scripts.items() if replies}
        assert error is not None or not unused, f"scripted replies nobody asked for: {unused}"

    # --- the Web API -------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        call = await _read(request)
        self.calls.append(call)
        scripts = self._scripts[call.method]
        reply = scripts.popleft() if scripts else None
        if reply is None or isinstance(reply, Take):
            done = self._carry_out(call, request)
            reply = reply or done
        self._wake()
        return await _say(request, reply, {"x-oauth-scopes": self.scopes})

    def _carry_out(self, call: Recorded, request: web.Request) -> Reply:
        wanted = APP_TOKEN if call.method == "apps.connections.open" else BOT_TOKEN
        if call.token != wanted:
            return Fail("invalid_auth" if call.token else "not_authed")
        if call.method.startswith(_FORM_ONLY) and request.content_type == "application/json":
            return Fail("invalid_arguments")
        answer = getattr(self, "_" + call.method.replace(".", "_"), None)
        try:
            return Ok(answer(call.params)) if answer else Fail("unknown_method")
        except Refused as error:
            return Fail(str(error))

    def _auth_test(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": self.base,
            "team": "Standin",
            "user": "desk",
            "team_id": TEAM,
            "user_id": BOT_USER,
            "bot_id": BOT,
        }

    def _apps_connections_open(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {"url": self.base.replace("http", "ws") + "/link?ticket=1&app_id=1"}

    def _chat_postMessage(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        _check_message(params)
        channel = _room(params["channel"])
        words = {name: params[name] for name in ("text", "blocks", "metadata", "thread_ts") if name in params}
        message = self._post(channel, words)
        return {"channel": channel, "ts": message["ts"], "message": message}

    def _chat_update(self, params: dict[str, Any]) -> dict[str, Any]:
        _check_message(params)
        message = self._find(params["channel"], params["ts"], "message_not_found")
        message |= {name: params[name] for name in ("text", "blocks") if name in params} | {"edited": {"ts": "1.0"}}
        self.shown.append({**message, "channel": params["channel"]})
        return {"channel": params["channel"], "ts": params["ts"], "text": params.get("text", "")}

    def _chat_delete(self, params: dict[str, Any]) -> dict[str, Any]:
        message = self._find(params["channel"], params["ts"], "message_not_found")
        self.messages[params["channel"]].remove(message)
        return {"channel": params["channel"], "ts": params["ts"]}

    def _chat_postEphemeral(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        _check_message(params)
        if not str(params.get("user", "")).startswith("U"):
            raise Refused("user_not_in_channel")
        whisper = {**params, "ts": self._next_ts(), "blocks": params.get("blocks", [])}
        self.whispers.append(whisper)
        return {"message_ts": whisper["ts"]}

    def _views_open(self, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("trigger_id") in self.expired:
            raise Refused("expired_trigger_id")
        if not params.get("trigger_id"):
            raise Refused("invalid_trigger_id")
        return self._draw(params["view"], f"V{next(_numbers):06}")

    def _views_update(self, params: dict[str, Any]) -> dict[str, Any]:
        known = [view for view in self.views if view["id"] == params.get("view_id")]
        if not known:
            raise Refused("not_found")
        if params.get("hash") not in (None, known[-1]["hash"]):
            raise Refused("hash_conflict")
        return self._draw(params["view"], params["view_id"])

    def _draw(self, view: dict[str, Any], view_id: str) -> dict[str, Any]:
        _check_view(view)
        self.views.append({**view, "id": view_id, "hash": f"{next(_numbers)}.hash"})
        return {"view": self.views[-1]}

    def _conversations_open(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"channel": {"id": _room(params["users"])}}

    def _conversations_info(self, params: dict[str, Any]) -> dict[str, Any]:
        channel = params["channel"]
        return {"channel": {"id": channel, "is_im": channel.startswith("D"), "is_member": True, "is_archived": False}}

    def _conversations_history(self, params: dict[str, Any]) -> dict[str, Any]:
        found = self.messages[params["channel"]]
        return self._paged([one for one in reversed(found) if one.get("thread_ts") in (None, one["ts"])], params)

    def _conversations_replies(self, params: dict[str, Any]) -> dict[str, Any]:
        if "ts" not in params:
            raise Refused("invalid_arguments")
        found = self.messages[params["channel"]]
        return self._paged([one for one in found if params["ts"] in (one["ts"], one.get("thread_ts"))], params)

    def _paged(self, found: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
        """A page of what is newer than `oldest`; metadata only where it was asked for."""
        oldest = float(params.get("oldest", 0))
        newer = [one for one in found if float(one["ts"]) > oldest]
        start, limit = int(params.get("cursor") or 0), min(int(params.get("limit", 100)), self._page)
        wanted = str(params.get("include_all_metadata", "")).lower() in ("true", "1")
        messages = [
            {name: value for name, value in one.items() if wanted or name != "metadata"}
            for one in newer[start : start + limit]
        ]
        more = start + limit < len(newer)
        cursor = str(start + limit) if more else ""
        return {"messages": messages, "has_more": more, "response_metadata": {"next_cursor": cursor}}

    def _users_info(self, params: dict[str, Any]) -> dict[str, Any]:
        profile = {"real_name": "Оля Коваль", "display_name": "olya"}
        known = {"name": "olya", "profile": profile, "locale": "uk-UA", "is_bot": False, "team_id": TEAM}
        return {"user": {**known, **self.people.get(params["user"], {}), "id": params["user"]}}

    def _reactions_add(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._react(params, present=False, refusal="already_reacted")

    def _reactions_remove(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._react(params, present=True, refusal="no_reaction")

    def _react(self, params: dict[str, Any], *, present: bool, refusal: str) -> dict[str, Any]:
        self._find(params["channel"], params["timestamp"], "message_not_found")
        key = (params["channel"], params["timestamp"], params["name"])
        if (key in self.reactions) != present:
            raise Refused(refusal)
        self.reactions.remove(key) if present else self.reactions.append(key)
        return {}

    # --- files -------------------------------------------------------------------------------

    def _files_getUploadURLExternal(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if not params.get("filename") or not str(params.get("length", "")).isdigit():
            raise Refused("invalid_arguments")
        file_id = f"F{next(_numbers):06}"
        self.files[file_id] = {"id": file_id, "name": params["filename"], "size": int(params["length"])}
        return {"upload_url": f"{self.base}/upload/v1/{file_id}", "file_id": file_id}

    def _files_completeUploadExternal(self, params: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if str(params.get("channel_id", "")).startswith("U"):
            raise Refused("channel_not_found")
        _check_blocks(params.get("blocks", []))
        shared = [{**self._uploaded(one["id"]), "title": one.get("title")} for one in params["files"]]
        words = {name: params[name] for name in ("blocks", "thread_ts") if name in params}
        if "channel_id" in params:
            text = params.get("initial_comment", "")
            self._post(params["channel_id"], {**words, "text": text, "files": shared, "subtype": "file_share"})
        return {"files": [{"id": file["id"], "title": file["title"]} for file in shared]}

    def _uploaded(self, file_id: str) -> dict[str, Any]:
        if len(self.contents.get(file_id, b"")) != self.files.get(file_id, {}).get("size"):
            raise Refused("file_not_found")
        return self.files[file_id]

    def _files_info(self, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("file") not in self.files:
            raise Refused("file_not_found")
        return {"file": self.files[params["file"]]}

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(Recorded("upload", {"length": request.content_length}, None))
        if scripts := self._scripts["upload"]:
            return await _say(request, scripts.popleft(), {})
        self.contents[request.match_info["file"]] = await request.read()
        return web.Response(text=f"OK - {request.content_length}")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if scripts := self._scripts["file"]:
            return await _say(request, scripts.popleft(), {})
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.Response(status=302, headers={"Location": f"{self.base}/signin"})
        data = self.contents.get(request.match_info["file"].partition("-")[2])
        return web.Response(status=404) if data is None else web.Response(body=data)

    # --- Socket Mode -------------------------------------------------------------------------

    async def _link(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        self.connections += 1
        self._wake()
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP}})
        sending = asyncio.create_task(self._send_waiting(socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(json.loads(message.data)["envelope_id"])
        finally:
            sending.cancel()
        return socket

    async def _send_waiting(self, socket: web.WebSocketResponse) -> None:
        told: set[str] = set()
        while True:
            for envelope_id, envelope in list(self._waiting.items()):
                if envelope_id not in told:
                    told.add(envelope_id)
                    await socket.send_json(envelope)
                    envelope["retry_attempt"] = envelope.get("retry_attempt", 0) + 1
            await self._bell.wait()

    def _acknowledge(self, envelope_id: str) -> None:
        self.acknowledged.append(envelope_id)
        self._waiting.pop(envelope_id, None)
        self._wake()

    # --- what is kept ------------------------------------------------------------------------

    def _post(self, channel: str, words: dict[str, Any]) -> dict[str, Any]:
        own = {"user": BOT_USER, "bot_id": BOT, "app_id": APP, "ts": self._next_ts()}
        message = {"type": "message", **own, **words}
        self.messages[channel].append(message)
        self.shown.append({**message, "channel": channel})
        return message

    def _next_ts(self) -> str:
        stamp = next(self._clock)
        return f"{stamp // 1_000_000}.{stamp % 1_000_000:06}"

    def _find(self, channel: str, ts: str, refusal: str) -> dict[str, Any]:
        for message in self.messages[channel]:
            if message["ts"] == ts:
                return message
        raise Refused(refusal)

    def _wake(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()


def _room(channel: str) -> str:
    """The direct message with a person, where a person is named."""
    return f"D{channel[1:]}" if channel.startswith("U") else channel


async def _read(request: web.Request) -> Recorded:
    """The call in `request`, as JSON or as a form."""
    params: dict[str, Any]
    if request.content_type == "application/json":
        params = json.loads(await request.read() or b"{}")
    else:
        params = {name: _decode(str(value)) for name, value in (await request.post()).items()}
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return Recorded(request.match_info["method"], params, bearer or None)


def _decode(value: str) -> Any:
    return json.loads(value) if value.startswith(("[", "{")) else value


def _check_message(params: dict[str, Any]) -> None:
    if not params.get("channel"):
        raise Refused("channel_not_found")
    if not params.get("text") and not params.get("blocks"):
        raise Refused("no_text")
    if len(params.get("text", "")) > 40_000:
        raise Refused("msg_too_long")
    _check_blocks(params.get("blocks", []))
    metadata = params.get("metadata")
    if metadata is not None and not (
        isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)
    ):
        raise Refused("invalid_metadata_format")


def _check_blocks(blocks: list[dict[str, Any]]) -> None:
    """The limits of https://docs.slack.dev/reference/block-kit/blocks/."""
    marks = [block["block_id"] for block in blocks if "block_id" in block]
    good = len(blocks) <= 50 and len(marks) == len(set(marks)) and all(len(mark) <= 255 for mark in marks)
    for block in blocks:
        if block["type"] == "section":
            good = good and block["text"]["type"] in ("mrkdwn", "plain_text") and 0 < len(block["text"]["text"]) <= 3000
        elif block["type"] == "actions":
            good = good and _good_buttons(block["elements"])
        elif block["type"] == "context":
            good = good and 0 < len(block["elements"]) <= 10
            good = good and all(
                one["type"] in ("mrkdwn", "plain_text") and 0 < len(one["text"]) <= 2000 for one in block["elements"]
            )
        else:
            good = False
    if not good:
        raise Refused("invalid_blocks")


def _check_view(view: dict[str, Any]) -> None:
    """The limits of https://docs.slack.dev/reference/views/."""
    titles = [view[name]["text"] for name in ("title", "close", "submit") if name in view]
    good = view["type"] == "modal" and "title" in view and all(0 < len(title) <= 24 for title in titles)
    good = good and len(view.get("private_metadata", "")) <= 3000 and len(view.get("callback_id", "")) <= 255
    fields = [block for block in view["blocks"] if block["type"] == "input"]
    if not good or len(view["blocks"]) > 100 or (fields and "submit" not in view):
        raise Refused("invalid_arguments")
    if not all(map(_good_field, fields)):
        raise Refused("invalid_arguments")
    _check_blocks([block for block in view["blocks"] if block["type"] != "input"])


def _good_field(block: dict[str, Any]) -> bool:
    element = block["element"]
    if not 0 < len(block["label"]["text"]) <= 2000 or len(element["action_id"]) > 255:
        return False
    if element["type"] == "plain_text_input":
        return len(element.get("initial_value", "")) <= 3000 and element.get("max_length", 1) <= 3000
    groups = element.get("option_groups", [{"options": element.get("options", [])}])
    options = [option for group in groups for option in group["options"]]
    return (
        element["type"] in ("static_select", "radio_buttons")
        and 0 < len(groups) <= 100
        and all(0 < len(group["options"]) <= (10 if element["type"] == "radio_buttons" else 100) for group in groups)
        and all(0 < len(one["text"]["text"]) <= 75 and 0 < len(one["value"]) <= 150 for one in options)
        and element.get("initial_option", options[0]) in options
        and len({one["value"] for one in options}) == len(options)
    )


def _state(view: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """What stands in a dialog's fields, as Slack tells it."""
    state: dict[str, Any] = {}
    for number, block in enumerate(view["blocks"]):
        if block["type"] != "input":
            continue
        element = block["element"]
        action = element["action_id"]
        if element["type"] == "plain_text_input":
            field = {"type": "plain_text_input", "value": values.get(action, element.get("initial_value"))}
        else:
            groups = element.get("option_groups", [{"options": element.get("options", [])}])
            wanted = values.get(action, element.get("initial_option", {}).get("value"))
            chosen = [one for group in groups for one in group["options"] if one["value"] == wanted]
            assert chosen or action not in values, f"{wanted} is not among the options of {action}"
            field = {"type": element["type"], "selected_option": chosen[0] if chosen else None}
        state[block.get("block_id", f"block{number}")] = {action: field}
    return state


def _good_buttons(elements: list[dict[str, Any]]) -> bool:
    ids = [element.get("action_id") for element in elements]
    return (
        0 < len(elements) <= 25
        and len(set(ids)) == len(ids)
        and all(
            element["type"] == "button"
            and element["text"]["type"] == "plain_text"
            and 0 < len(element["text"]["text"]) <= 75
            and len(element.get("value", "")) <= 2000
            and len(element.get("url", "")) <= 3000
            for element in elements
        )
    )


async def _say(request: web.Request, reply: Reply, headers: Mapping[str, str]) -> web.StreamResponse:
    match reply:
        case Ok(fields):
            return web.json_response({"ok": True, **fields}, headers=headers)
        case Fail(error, status, retry_after):
            delay = {} if retry_after is None else {"Retry-After": str(retry_after)}
            return web.json_response({"ok": False, "error": error}, status=status, headers={**headers, **delay})
        case Raw(body, status, content_type):
            return web.Response(body=body, status=status, content_type=content_type)
        case Cut(body):
            answer = web.StreamResponse(headers={"Content-Length": str(len(body) + 1000)})
            await answer.prepare(request)
            await answer.write(body)
            await asyncio.sleep(0.05)
        case Hang(seconds):
            await asyncio.sleep(seconds)
    if request.transport is not None:  # None: the client gave up first
        request.transport.abort()
    return web.Response()
