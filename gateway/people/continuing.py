"""Going on in another channel: a code given in one place and taken in another proves that both are one person's.

A code is 144 random bits, works once and for ten minutes, and is kept as its digest only.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta

import segno
import structlog

from gateway.channels import Channel, Continuable
from gateway.contacts import Identity
from gateway.errors import RequestRefused, SendError
from gateway.identity import Proof, may_be_one
from gateway.messages import Value
from gateway.people.joining import Joined, Joining
from gateway.ports import Clock
from gateway.processes.wakeups import Wakeups, wait_for
from gateway.storage.continuations import Continuations
from gateway.storage.work import Work

log = structlog.get_logger()

LIFETIME = timedelta(minutes=10)
AT_ONCE = 20
"""Codes one place may be given within a code's lifetime."""

PREPARE_AGAIN = 30.0
"""Seconds after which a channel that could not say its name is asked again."""


class Way(Value, frozen=True, kw_only=True):
    """Where one can go on: a channel and the link that opens it."""

    channel: str
    kind: str
    url: str


class Offer(Value, frozen=True, kw_only=True):
    """A code, good until `LIFETIME` from now, and the ways that a link opens. In any other channel the code is sent
    as it is."""

    code: str
    ways: tuple[Way, ...]


class Taken(Value, frozen=True, kw_only=True):
    """A code that was good: `joined` is None where both places were one person's already; `again` where the
    same person had used it before."""

    joined: Joined | None = None
    again: bool = False


class Continuing:
    """Gives codes and takes them, in the caller's transaction."""

    def __init__(self, channels: Mapping[str, Channel], joining: Joining, clock: Clock) -> None:
        self._channels = channels
        self._joining = joining
        self._clock = clock

    # --- giving ------------------------------------------------------------------------------

    def open_ways(self, besides: str) -> list[tuple[str, str]]:
        """(channel, kind) of those that a link opens now, without `besides`."""
        return [(way.channel, way.kind) for way in self._ways("go-", besides)]

    async def offer(self, work: Work, identity: Identity) -> Offer:
        """A new code for whoever is at `identity`. Raises RequestRefused (429) for too many."""
        now = self._clock()
        table = Continuations(work.connection)
        if await table.made_since(identity.id, now - LIFETIME) >= AT_ONCE:
            raise RequestRefused(429, "too many codes at once; try again in ten minutes")
        code = f"go-{secrets.token_urlsafe(18)}"
        await table.add(_digest(code), identity.id, now, now + LIFETIME)
        log.info("continuation_offered", identity=identity.id)
        return Offer(code=code, ways=tuple(self._ways(code, identity.channel)))

    def _ways(self, code: str, besides: str) -> list[Way]:
        return [
            Way(channel=name, kind=channel.kind, url=url)
            for name, channel in self._channels.items()
            if name != besides and isinstance(channel, Continuable) and (url := channel.link(code))
        ]

    # --- taking ------------------------------------------------------------------------------

    async def take(self, work: Work, code: str, identity: Identity) -> Taken | None:
        """Whoever is at `identity` shows `code`: they are the person it was given to.

        None where it is not good: used, too old, or never given; nobody is told which.
        """
        table = Continuations(work.connection)
        found = await table.find(_digest(code))
        if found is None:
            return None
        now = self._clock()
        giver = await work.contacts.identity(found.identity_id)
        if found.used_at is not None and found.expires_at > now and giver.contact_id == identity.contact_id:
            return Taken(again=True)
        if not may_be_one(
            await work.contacts.identities(giver.contact_id), await work.contacts.identities(identity.contact_id)
        ):
            # Somebody opened the link of another customer of the firm's.
            log.warning("continuation_refused", continuation=found.id, identity=identity.id, reason="two accounts")
            return None
        if not await table.use(found.id, now):
            return None
        joined = await self._joining.join(
            work, giver.contact_id, identity.contact_id, proof=Proof.LINK, prefer=giver.contact_id
        )
        log.info("continuation_taken", continuation=found.id, identity=identity.id)
        return Taken(joined=joined)


class Names:
    """Lets every channel that a link can open learn what its links need; runs until all have."""

    def __init__(self, channels: Mapping[str, Channel], wakeups: Wakeups) -> None:
        self._channels = [
            one for one in channels.values() if isinstance(one, Continuable) and not one.capabilities.stored
        ]
        self._bell = wakeups.bell("work:names")
        self._wakeups = wakeups

    @property
    def needed(self) -> bool:
        """Whether there is anybody to ask."""
        return bool(self._channels)

    async def run(self) -> None:
        """Ask, and ask those again that did not answer; then wait to be stopped."""
        waiting = list(self._channels)
        while not self._wakeups.stopping:
            waiting = [channel for channel in waiting if not await _prepared(channel)]
            if waiting:
                await wait_for(self._bell, PREPARE_AGAIN)
            else:
                await self._wakeups.stopped.wait()


async def _prepared(channel: Continuable) -> bool:
    try:
        async with asyncio.timeout(PREPARE_AGAIN):
            await channel.prepare()
    except (SendError, TimeoutError) as error:
        log.info("link_not_known", reason=type(error).__name__)
        return False
    return True


class Square(Value, frozen=True, kw_only=True):
    """A QR code as a path in a square of `size` units, the quiet zone included: for an `svg` that a page makes
    itself."""

    size: int
    path: str


def square(url: str) -> Square:
    """`url` as a QR code with error correction of level M (ISO/IEC 18004)."""
    made = segno.make(url, error="m", micro=False)
    rows = [list(row) for row in made.matrix_iter(border=4)]
    path = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            run = x
            while run < len(row) and row[run]:
                run += 1
            if run > x:
                path.append(f"M{x} {y}h{run - x}v1h-{run - x}z")
            x = max(run, x + 1)
    return Square(size=len(rows), path="".join(path))


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
