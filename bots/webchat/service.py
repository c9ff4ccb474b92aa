"""What all web chat handlers share: the channels, who may enter, and who a caller is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from bots.webchat.audience import Audience
from bots.webchat.channel import WebchatChannel
from bots.webchat.intake import Intake
from bots.webchat.origins import require_allowed
from bots.webchat.thread import ThreadReader
from bots.webchat.tokens import Visitor, VisitorTokens
from gateway.channels import Channel, Rate
from gateway.errors import RequestRefused
from gateway.inbox import Inbox
from gateway.live import Live
from gateway.media import MediaStore
from gateway.messages import Button
from gateway.people.assembly import People
from gateway.people.identifying import Identifying
from gateway.ports import Clock
from gateway.rates import Limiter
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.texts import Texts

Suggestions = Callable[[str], Sequence[Button]]
"""(language) → the questions a new visitor is offered; buttons with a payload are pressed, others said."""

NEWCOMERS = Rate(per_second=100, burst=200, per_address=0.2, address_burst=30)
"""How many new visitors one network address may make: a burst for an office, then one in five seconds."""
MOVES = Rate(per_second=100, burst=200, per_address=0.1, address_burst=15)
"""How often a visitor may show a token or ask for a code."""
UPLOADS = Rate(per_second=100, burst=200, per_address=0.5, address_burst=20)


class Webchat:
    """Assembled once; no handler keeps anything of its own."""

    def __init__(
        self,
        *,
        channels: Mapping[str, Channel],
        database: Database,
        inbox: Inbox,
        live: Live,
        media: MediaStore,
        clock: Clock,
        secret: str,
        texts: Texts,
        company: Company,
        public_url: str | None,
        upload_limit: int,
        suggestions: Suggestions,
        audience: Audience,
        stopping: Callable[[], bool],
        people: People,
        identifying: Identifying,
    ) -> None:
        self.channels = {name: one for name, one in channels.items() if isinstance(one, WebchatChannel)}
        self.database = database
        self.live = live
        self.media = media
        self.clock = clock
        self.texts = texts
        self.company = company
        self.public_url = public_url
        self.upload_limit = upload_limit
        self.suggestions = suggestions
        self.audience = audience
        self.stopping = stopping
        self.people = people
        self.identifying = identifying
        self.tokens = VisitorTokens(secret, clock)
        self.reader = ThreadReader(database, self.tokens, clock)
        self.intake = Intake(database=database, inbox=inbox, live=live, reader=self.reader, clock=clock)
        self.newcomers = Limiter(NEWCOMERS, time.monotonic())
        self.moves = Limiter(MOVES, time.monotonic())
        self.uploads = Limiter(UPLOADS, time.monotonic())

    def channel(self, name: str) -> WebchatChannel:
        """The web chat channel. Raises RequestRefused(404)."""
        channel = self.channels.get(name)
        if channel is None:
            raise RequestRefused(404, "there is no such web chat")
        return channel

    def enter(self, name: str, headers: Mapping[str, str]) -> WebchatChannel:
        """The channel, for a page that may use it. Raises RequestRefused(404 or 403)."""
        channel = self.channel(name)
        require_allowed(headers, channel.settings, self.public_url)
        return channel

    def visitor(self, name: str, headers: Mapping[str, str]) -> Visitor:
        """Who calls, by `Authorization: Bearer`. Raises RequestRefused(404, 403 or 401)."""
        self.enter(name, headers)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return self.tokens.check(name, token.strip() if scheme.lower() == "bearer" else "")

    def language(self, wanted: str | None) -> str:
        """`wanted` where we speak it, else the firm's."""
        short = (wanted or "")[:2].lower()
        return short if short in ("uk", "ru", "en") else self.company.language

    def title(self, channel: WebchatChannel, language: str) -> str:
        """The widget's heading: the channel's own, else the firm's name, in `language` or any other."""
        for texts in (channel.settings.title, self.company.name):
            if texts:
                return texts.get(language) or next(iter(texts.values()))
        return ""


def count(limiter: Limiter, key: str) -> None:
    """Count one act of `key`. Raises RequestRefused(429) where it comes too soon."""
    now = time.monotonic()
    if limiter.delay(key, now) > 0:
        raise RequestRefused(429, "too many at once; try again a little later")
    limiter.take(key, now)
