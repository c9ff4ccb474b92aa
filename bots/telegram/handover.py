"""Handing over to the gateway what a host bot gets and says: kept first, then carried until it is taken.

Library-free; `aiogram_host` and `ptb_host` feed it. Whatever goes wrong here, the host's bot goes on.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import structlog

from bots.telegram.spool import Spool
from bots.telegram.webhook import SECRET_HEADER
from bots.telegram.wire.envelopes import load, peek, update_id
from bots.telegram.wire.hosts import sends_in, updates_in
from gateway.channels import Intake
from gateway.errors import Rejected, StorageUnavailable, Unreachable, Unreadable
from gateway.retries import backoff

log = structlog.get_logger()

PATIENCE_SECONDS = 30.0
"""The longest wait between two tries: a gateway that is back should not wait longer for what it missed."""
FAREWELL_SECONDS = 2.0
"""How long a host that ends waits for what is still to be handed over; the rest is kept."""
TIMEOUT_SECONDS = 15.0
REMEMBERED = 4096

Deliver = Callable[[bytes], Awaitable[None]]
"""(body) → returns once the gateway has it. Raises Unreachable (try again) or Rejected (it never will)."""
Wants = Callable[[dict[str, object]], bool]
"""(update) → whether the gateway is to have it."""
LetGo = Callable[[], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]


class Webhook:
    """The gateway's own webhook of the channel, ``https://gateway.example/channels/NAME/webhook``."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._headers = {"content-type": "application/json", SECRET_HEADER: secret}
        self._http: httpx.AsyncClient | None = None

    async def deliver(self, body: bytes) -> None:
        """A `Deliver`."""
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)
        try:
            status = (await self._http.post(self._url, content=body, headers=self._headers)).status_code
        except httpx.HTTPError as error:
            raise Unreachable(type(error).__name__) from None
        if status in (400, 413):
            raise Rejected(str(status))
        if not 200 <= status < 300:
            # A wrong secret or address as well: it is mended while what came meanwhile waits here.
            raise Unreachable(str(status))

    async def close(self) -> None:
        """Let go of the connection."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()


def to_intake(intake: Intake, channel: str) -> Deliver:
    """Carry to a gateway in the same process."""

    async def deliver(body: bytes) -> None:
        try:
            await intake(channel, [peek(body)])
        except StorageUnavailable:
            raise Unreachable("storage") from None

    return deliver


def handover_for(url: str, secret: str, spool: Path | str, wants: Wants | None, deliver: Deliver | None) -> Handover:
    """The way that an application's two lines ask for. Raises ValueError where they name none."""
    if deliver is not None:
        return Handover(deliver, Spool(Path(spool)), wants=wants)
    if not url.startswith(("http://", "https://")) or not secret:
        raise ValueError("give the gateway's webhook of this channel, https://…/channels/NAME/webhook, and its secret")
    webhook = Webhook(url, secret)
    return Handover(webhook.deliver, Spool(Path(spool)), wants=wants, let_go=webhook.close)


class Handover:
    """One bot's way to the gateway. `heard` and `said` may be called from any synchronous place of the host."""

    def __init__(
        self,
        deliver: Deliver,
        spool: Spool,
        *,
        wants: Wants | None = None,
        let_go: LetGo | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._deliver = deliver
        self._let_go = let_go
        self._spool = spool
        self._wants = wants
        self._pause = pause
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._unkept: deque[list[bytes]] = deque()
        self._bell = asyncio.Event()
        self._idle = asyncio.Event()
        self._carrier: asyncio.Task[None] | None = None

    # --- from the host -----------------------------------------------------------------------

    def heard(self, payload: bytes) -> None:
        """Take the updates in `payload` (a getUpdates answer, a webhook's body), each once. Never raises."""
        self._take([update for update in updates_in(payload) if self._is_new(update) and self._is_wanted(update)])

    def said(self, payload: bytes, bot_id: int) -> None:
        """Take what the host's bot has just said, from the Bot API's answer. Never raises."""
        self._take(sends_in(payload, bot_id))

    def knows(self, number: int) -> bool:
        """Whether the update with this ``update_id`` was heard lately."""
        return number in self._seen

    async def start(self) -> None:
        """Begin to carry, first what an earlier run left."""
        if self._carrier is None or self._carrier.done():
            self._carrier = asyncio.create_task(self._carry(), name="frontdesk")
        self._bell.set()

    async def stop(self) -> None:
        """Carry what is left within some seconds, and end; what is not taken by then is kept."""
        if self._carrier is None:
            return
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            log.warning("frontdesk_left", batches=len(self._spool.waiting()))
        carrier, self._carrier = self._carrier, None
        carrier.cancel()
        await asyncio.wait([carrier])
        if self._let_go is not None:
            await self._let_go()

    def _is_new(self, update: bytes) -> bool:
        number = update_id(update)
        if number is None or number in self._seen:
            return False
        self._seen[number] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def _is_wanted(self, update: bytes) -> bool:
        if self._wants is None:
            return True
        try:
            read = load(update)
            return self._wants(read) if isinstance(read, dict) else True
        except Unreadable:
            return True
        except Exception:
            log.exception("frontdesk_wants_broke")
            return True

    def _take(self, bodies: Sequence[bytes]) -> None:
        if not bodies:
            return
        self._idle.clear()
        try:
            self._spool.add(bodies)
        except OSError as error:
            # The host goes on; these are carried from memory, and lost only if it ends before.
            log.error("frontdesk_not_kept", reason=error.strerror, bodies=len(bodies))
            self._unkept.append(list(bodies))
        self._bell.set()
        if self._carrier is None or self._carrier.done():
            self._carrier = asyncio.get_running_loop().create_task(self._carry(), name="frontdesk")

    # --- to the gateway ----------------------------------------------------------------------

    async def _carry(self) -> None:
        while True:
            self._bell.clear()
            for place in self._spool.waiting():
                await self._carry_batch(self._read(place))
                self._spool.drop(place)
            while self._unkept:
                await self._carry_batch(self._unkept[0])
                self._unkept.popleft()
            if not self._bell.is_set():
                self._idle.set()
            await self._bell.wait()

    def _read(self, place: Path) -> list[bytes]:
        try:
            return self._spool.read(place)
        except (OSError, ValueError):
            log.error("frontdesk_unreadable", file=place.name)
            return []

    async def _carry_batch(self, bodies: Sequence[bytes]) -> None:
        for body in bodies:
            failures = 0
            while not await self._carried(body, failures):
                failures += 1
                wait = min(PATIENCE_SECONDS, backoff(failures, random.random()).total_seconds())  # noqa: S311
                await self._pause(wait)

    async def _carried(self, body: bytes, failures: int) -> bool:
        try:
            await self._deliver(body)
        except Unreachable as error:
            log.warning("frontdesk_away", reason=error.reason, failures=failures + 1)
            return False
        except Rejected as error:
            log.error("frontdesk_refused", reason=error.reason)
        return True
