"""A local Bot API server: records what a bot sends, answers as told, hands out updates and files.

    async with TelegramStandin() as telegram:
        ...  # configure a channel with api_base=telegram.base and token=telegram.token
        telegram.push({"message": {...}})              # an update for getUpdates (update_id is added)
        telegram.script("sendMessage", Fail(429, "Too Many Requests", retry_after=1))
        call, = await telegram.wait_for("sendMessage")
        assert call.params["text"] == "…"

Unscripted calls succeed as Telegram's would. A scripted reply that nobody asked for fails the test when
the block ends.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, web

TOKEN = "123456:standin-token"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

_BOT = {"id": 123456, "is_bot": True, "first_name": "Standin", "username": "standin_bot"}
_WORDS = frozenset({"text", "caption", "title", "address", "phone_number", "first_name", "url", "secret_token"})
"""Parameters that are words even where they look like JSON."""


@dataclass(frozen=True)
class SentFile:
    """A file as it was uploaded."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Recorded:
    """One call: `params` with JSON values decoded, `files` by parameter name (``attach://`` resolved)."""

    method: str
    params: dict[str, Any]
    files: dict[str, SentFile] = field(default_factory=dict)


@dataclass(frozen=True)
class Ok:
    """``{"ok": true, "result": …}``."""

    result: Any = True


@dataclass(frozen=True)
class Fail:
    """``{"ok": false, …}`` with HTTP status `code`."""

    code: int
    description: str = "Bad Request"
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None


@dataclass(frozen=True)
class Raw:
    """Any bytes: a proxy's page, half an answer, a batch of updates no model knows."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True)
class Reset:
    """The request is read, then the connection is cut without an answer."""


@dataclass(frozen=True)
class Take:
    """The call is carried out, then the connection is cut before its answer."""


@dataclass(frozen=True)
class Cut:
    """A good answer of which only `body` arrives before the connection is cut."""

    body: bytes


@dataclass(frozen=True)
class Hang:
    """The request is read, then nothing comes for `seconds` (until the client gives up)."""

    seconds: float = 60.0


Reply = Ok | Fail | Raw | Reset | Take | Cut | Hang


class TelegramStandin:
    """The server, as an async context manager on a free port of 127.0.0.1 (or `port`)."""

    def __init__(self, *, token: str = TOKEN, port: int = 0) -> None:
        self.token = token
        self.base = ""
        self.calls: list[Recorded] = []
        self.taken: list[Recorded] = []
        """Those of `calls` that were carried out."""
        self.webhook: dict[str, Any] | None = None
        self._port = port
        self._scripts: dict[str, deque[Reply]] = defaultdict(deque)
        self._updates: deque[tuple[int, bytes]] = deque()
        self._files: dict[str, tuple[str, bytes]] = {}
        self._next_update = 1000
        self._next_message = 5000
        self._bell = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._client: ClientSession | None = None

    # --- what a test says --------------------------------------------------------------------

    def script(self, method: str, *replies: Reply) -> None:
        """Answer the next calls of `method` (or ``"file"`` for downloads) with `replies`, one each."""
        self._scripts[method.lower()].extend(replies)

    def push(self, update: Mapping[str, Any] | bytes) -> int:
        """Queue an update for getUpdates; returns its update_id, which is added where it is missing.

        Raw bytes go out as they are, and count as the next update_id.
        """
        number = self._number(update)
        self._updates.append((number, self._encode(update, number)))
        self._wake()
        return number

    def add_file(self, file_id: str, data: bytes, path: str | None = None) -> None:
        """Let `file_id` be fetched."""
        self._files[file_id] = (path or f"documents/{file_id}.bin", data)

    def sent(self, method: str) -> list[Recorded]:
        """The calls of `method` so far."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    async def wait_for(self, method: str, count: int = 1, timeout: float = 20.0) -> list[Recorded]:  # noqa: ASYNC109
        """Return once `method` was called `count` times. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            await self._until(lambda: len(self.sent(method)) >= count)
        return self.sent(method)

    @property
    def pending(self) -> int:
        """How many queued updates nobody has confirmed yet."""
        return len(self._updates)

    async def deliver(
        self, update: Mapping[str, Any] | bytes, *, url: str | None = None, secret: str | None = None
    ) -> tuple[int, bytes]:
        """Post `update` to the webhook as Telegram would; (status, body). Without `url` and `secret`
        those of the bot's setWebhook are used. A method named in the answer is carried out."""
        registered = self.webhook or {}
        secret = registered.get("secret_token") if secret is None else secret
        headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: secret} if secret else {})
        assert self._client is not None
        body = self._encode(update, self._number(update))
        async with self._client.post(url or registered["url"], data=body, headers=headers) as answer:
            status, reply = answer.status, await answer.read()
        if status == 200 and answer.content_type == "application/json":
            params = json.loads(reply)
            self._record(Recorded(params.pop("method"), params))
        return status, reply

    # --- life --------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
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
        await self._runner.cleanup()
        unused = {method: list(replies) for method, replies in self._scripts.items() if replies}
        assert error is not None or not unused, f"scripted replies nobody asked for: {unused}"

    # --- serving -----------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _fail(Fail(401, "Unauthorized"))
        call = await _read(request)
        self._record(call)
        scripts = self._scripts[call.method.lower()]
        reply = scripts.popleft() if scripts else await self._usual(call)
        if isinstance(reply, Ok | Take):
            self.taken.append(call)
        return await _say(request, reply)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _fail(Fail(401, "Unauthorized"))
        if scripts := self._scripts["file"]:
            return await _say(request, scripts.popleft())
        for path, data in self._files.values():
            if path == request.match_info["path"]:
                return web.Response(body=data)
        return _fail(Fail(404, "Not Found"))

    async def _usual(self, call: Recorded) -> Reply:
        method = call.method.lower()
        match method:
            case "getme":
                return Ok(_BOT)
            case "getupdates":
                return await self._get_updates(call.params)
            case "setwebhook":
                self.webhook = call.params or None
                return Ok()
            case "deletewebhook":
                self.webhook = None
                return Ok()
            case "getwebhookinfo":
                url = (self.webhook or {}).get("url", "")
                return Ok({"url": url, "has_custom_certificate": False, "pending_update_count": len(self._updates)})
            case "getfile":
                return self._get_file(str(call.params.get("file_id")))
            case "answercallbackquery" | "sendchataction" | "setmessagereaction":
                return Ok()
            case "editmessagetext":
                return Ok(self._message(call.params, call.params["message_id"]))
        if not method.startswith("send"):
            return Fail(404, "Not Found")
        self._next_message += 1
        return Ok(self._message(call.params, self._next_message))

    def _message(self, params: dict[str, Any], message_id: int) -> dict[str, Any]:
        chat = {"id": params.get("chat_id"), "type": "private"}
        said = {name: params[name] for name in ("text", "caption") if name in params}
        keyboard = params.get("reply_markup")
        if isinstance(keyboard, dict) and "inline_keyboard" in keyboard:
            said["reply_markup"] = keyboard
        return {"message_id": message_id, "date": 1700000000, "chat": chat, "from": _BOT, **said}

    def _get_file(self, file_id: str) -> Reply:
        if file_id not in self._files:
            return Fail(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, data = self._files[file_id]
        return Ok({"file_id": file_id, "file_size": len(data), "file_path": path})

    async def _get_updates(self, params: dict[str, Any]) -> Reply:
        if self.webhook is not None:
            return Fail(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = int(params.get("offset", 0))
        while self._updates and self._updates[0][0] < offset:
            self._updates.popleft()
        try:
            async with asyncio.timeout(float(params.get("timeout", 0))):
                await self._until(lambda: bool(self._updates))
        except TimeoutError:
            pass
        batch = [raw for _, raw in list(self._updates)[: int(params.get("limit", 100))]]
        return Raw(b'{"ok":true,"result":[' + b",".join(batch) + b"]}")

    def _number(self, update: Mapping[str, Any] | bytes) -> int:
        given = None if isinstance(update, bytes) else update.get("update_id")
        self._next_update = given if isinstance(given, int) else self._next_update + 1
        return self._next_update

    def _encode(self, update: Mapping[str, Any] | bytes, number: int) -> bytes:
        return update if isinstance(update, bytes) else json.dumps({"update_id": number, **update}).encode()

    def _record(self, call: Recorded) -> None:
        self.calls.append(call)
        self._wake()

    def _wake(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._bell.wait()


async def _read(request: web.Request) -> Recorded:
    """The call in `request`, whether its parameters came as form, multipart, JSON or query."""
    params: dict[str, Any] = dict(request.query)
    parts: dict[str, SentFile] = {}
    if request.content_type == "application/json":
        params |= await request.json()
    elif request.method == "POST":
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                parts[name] = SentFile(value.filename, value.file.read())
                value.file.close()
            else:
                params[name] = value
    files = dict(parts)
    for name, value in list(params.items()):
        if isinstance(value, str) and value.startswith("attach://"):
            files[name] = files.pop(value.removeprefix("attach://"))
            del params[name]
    return Recorded(request.match_info["method"], {n: _decode(n, v) for n, v in params.items()}, files)


def _decode(name: str, value: Any) -> Any:
    if name in _WORDS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


async def _say(request: web.Request, reply: Reply) -> web.StreamResponse:
    match reply:
        case Ok(result):
            return web.json_response({"ok": True, "result": result})
        case Fail():
            return _fail(reply)
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


def _fail(reply: Fail) -> web.Response:
    parameters = {"retry_after": reply.retry_after, "migrate_to_chat_id": reply.migrate_to_chat_id}
    body: dict[str, Any] = {"ok": False, "error_code": reply.code, "description": reply.description}
    if known := {name: value for name, value in parameters.items() if value is not None}:
        body["parameters"] = known
    return web.json_response(body, status=reply.code)
