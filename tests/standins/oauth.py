"""A local authorisation server (RFC 6749): gives access tokens to one program, and tells a mail server whose they are.

async with TokenServer() as tokens:
    ...  # settings(**tokens.fields)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

CLIENT = "3f1c"
SECRET = "a secret of the program's"
CONSENT = "first refresh token"


@dataclass(frozen=True)
class Answer:
    """What is answered in place of a token."""

    status: int
    body: bytes


@dataclass
class TokenServer:
    """`good` are the tokens that are taken; each request for one is written down."""

    owner: str = "help@shop.example"
    lasts: int | None = 3600
    rotates: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    good: set[str] = field(default_factory=set)
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def fields(self) -> dict[str, str]:
        """The settings of a mailbox that signs in with its tokens."""
        return {
            "password": "",
            "oauth_url": f"http://127.0.0.1:{self.port}/token",
            "oauth_client": CLIENT,
            "oauth_secret": SECRET,
            "oauth_scope": "mail",
        }

    @property
    def whose(self) -> str:
        """Where a mail server asks whose a token is, with the token as the request's bearer."""
        return f"http://127.0.0.1:{self.port}/me"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.post("/token", self._give), web.get("/me", self._tell)])
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _give(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.answers:
            answer = self.answers.popleft()
            return web.Response(status=answer.status, body=answer.body)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            told = {"error": "invalid_client", "error_description": "AADSTS7000215: olena@shop.example is wrong"}
            return web.json_response(told, status=401)
        token = f"token-{len(self.asked)}"
        self.good.add(token)
        granted: dict[str, Any] = {"access_token": token, "token_type": "Bearer"}
        granted |= {} if self.lasts is None else {"expires_in": self.lasts}
        granted |= {"refresh_token": f"refresh-{len(self.asked)}"} if self.rotates else {}
        return web.json_response(granted)

    async def _tell(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.good:
            return web.json_response({"error": "invalid_token"}, status=401)
        return web.json_response({"email": self.owner})
