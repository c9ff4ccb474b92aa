"""Who the people are that write: Slack's events bear ids only, so names are asked for beside them.

An event is never kept waiting for a name. Whoever writes first is asked about, and known from then on;
where the token may not ask (`users:read`), people stay without names.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from gateway.errors import Rejected, SendError, Throttled
from gateway.messages import Inbound, Sender, Value, clean_text

log = structlog.get_logger()

REMEMBERED = 10_000
QUEUE_LIMIT = 256
CALM_SECONDS = 10.0

Ask = Callable[[str], Awaitable[dict[str, Any]]]
"""user id → the answer of ``users.info``. Raises SendError."""


class Known(Value, frozen=True, kw_only=True):
    """What Slack says of a person; `language` is two letters."""

    name: str | None = None
    username: str | None = None
    language: str | None = None


class People:
    """A memory of people, and the one worker that asks about those it does not know."""

    def __init__(self, ask: Ask, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._ask = ask
        self._pause = pause
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._wanted: asyncio.Queue[str] = asyncio.Queue(QUEUE_LIMIT)
        self._asking: set[str] = set()
        self._running = False

    def introduce(self, inbound: Inbound) -> Inbound:
        """`inbound` with what is known of its sender; who is not known is asked about."""
        user = (inbound.sender.person or "").partition(":")[2]
        known = self._known.get(user)
        if known is not None:
            return msgspec.structs.replace(inbound, sender=_named(inbound.sender, known))
        if user and self._running and user not in self._asking and not self._wanted.full():
            self._asking.add(user)
            self._wanted.put_nowait(user)
        return inbound

    async def run(self) -> None:
        """Ask until cancelled, or until it turns out that we may not."""
        self._running = True
        try:
            while True:
                user = await self._wanted.get()
                try:
                    self._remember(user, read_user(await self._ask(user)))
                except Rejected as error:
                    if error.reason == "missing_scope":
                        log.info("slack_names_not_allowed", reason=error.reason)
                        return
                    self._remember(user, Known())
                except SendError as error:
                    await self._pause(error.retry_after if isinstance(error, Throttled) else CALM_SECONDS)
                self._asking.discard(user)
        finally:
            self._running = False

    def _remember(self, user: str, known: Known) -> None:
        self._known[user] = known
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


def read_user(answer: dict[str, Any]) -> Known:
    """What `users.info` tells (https://docs.slack.dev/reference/methods/users.info/)."""
    user = answer.get("user")
    fields = user if isinstance(user, dict) else {}
    profile = fields.get("profile")
    names = profile if isinstance(profile, dict) else {}
    locale = _word(fields.get("locale"))
    return Known(
        name=_word(names.get("real_name")) or _word(names.get("display_name")) or _word(fields.get("real_name")),
        username=_word(fields.get("name")),
        language=locale.partition("-")[0].lower() if locale else None,
    )


def _named(sender: Sender, known: Known) -> Sender:
    return msgspec.structs.replace(
        sender,
        name=sender.name or known.name,
        username=sender.username or known.username,
        language=sender.language or known.language,
    )


def _word(value: object) -> str | None:
    return clean_text(value).strip() or None if isinstance(value, str) else None
