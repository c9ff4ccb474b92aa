"""A street: a gateway on a database, the messenger and the customers outside it, and the log of what they saw.

async with Street(nursery, database_url, folder) as street:
    await street.live_through(Fate(step=Step.TURNED))    # serve until it dies of that
    verdict = await street.judge()                       # let all come to rest, and look
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway.steps import Step
from tests.faults.checker import Verdict, check
from tests.faults.customers import Customers
from tests.faults.events import Logbook
from tests.faults.messenger import Messenger
from tests.faults.nursery import Life, Nursery
from tests.faults.program import AT_ONCE, Order
from tests.standins.program import free_port

LIFE_SECONDS = 120.0
SERVED_SECONDS = 10.0
REST_SECONDS = 90.0
"""How long a gateway may need until less waits than before: far more than it does, for machines under load."""
_FIGURE = re.compile(r"^(\w+)\{([^}]*)\}\s+([0-9.e+]+)$", re.MULTILINE)


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """How a life ends: at the `nth` `step`; with `answer`, when its nth send has reached the messenger and
    the answer has not left; with `after`, that many seconds after it acknowledged `served` messages, or with
    `early` after its process began (and so perhaps before it serves). With `stall` it does not end at the
    step: it hangs."""

    step: Step | None = None
    nth: int = 1
    answer: bool = False
    after: float | None = None
    served: int = 0
    stall: bool = False
    early: bool = False

    def __str__(self) -> str:
        return "answer" if self.answer else str(self.step or "random")


class Street:
    """One gateway address (two with `doors=2`), one database, one log."""

    def __init__(
        self,
        nursery: Nursery,
        database_url: str,
        folder: Path,
        *,
        chats: int = 8,
        pause: float = 0.01,
        doors: int = 1,
        bug: str | None = None,
        unknown: str = "resend_once",
        webchat: bool = False,
        conversing: bool = False,
        patience: float = REST_SECONDS,
    ) -> None:
        self.log = Logbook(folder / "street.jsonl")
        self.messenger = Messenger(self.log)
        self.ports = [free_port() for _ in range(doors)]
        self.folder = folder
        self.unknown = unknown
        self._nursery = nursery
        self._database_url = database_url
        self._bug = bug
        self._webchat = webchat
        self._patience = patience
        answers = self.messenger.answers if conversing else None
        self.customers = Customers(self.log, self.bases, chats=chats, pause=pause, answers=answers)
        self.lives: list[Life] = []

    @property
    def bases(self) -> list[str]:
        """Where the gateways are reached."""
        return [f"http://127.0.0.1:{port}" for port in self.ports]

    async def __aenter__(self) -> Street:
        self._session = ClientSession(timeout=ClientTimeout(total=10))
        await self.messenger.__aenter__()
        await self.customers.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.customers.__aexit__()
        for life in self.lives:
            life.resume()
            life.kill()
            await life.ended.wait()
        await self.messenger.__aexit__()
        await self._session.close()
        self.log.close()

    # --- lives -------------------------------------------------------------------------------

    async def open(self, fate: Fate | None = None, door: int = 0) -> Life:
        """Begin a life behind `door`, with the end that `fate` gives it."""
        fate = fate or Fate()
        number = self._nursery.number()
        order = Order(
            life=number,
            port=self.ports[door],
            database_url=self._database_url,
            folder=str(self.folder),
            api_base=self.messenger.base,
            step=fate.step,
            nth=fate.nth,
            stall=fate.stall,
            bug=self._bug,
            unknown=self.unknown,
            webchat=self._webchat,
        )
        life = await self._nursery.begin(order, number, self.log)
        if fate.answer:
            self.messenger.kill_on(number, fate.nth, life.kill)
        self.lives = [*(one for one in self.lives if one.alive), life]
        return life

    async def ready(self, life: Life, door: int = 0) -> None:
        """Return once `life` serves, or ended before it could. Raises TimeoutError."""
        async with asyncio.timeout(LIFE_SECONDS):
            while life.alive and await self._get(f"{self.bases[door]}/health/ready") is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def live_through(self, fate: Fate, door: int = 0) -> float:
        """A whole life behind `door`; returns how many seconds it lasted. Raises AssertionError where it did
        not end as it should have."""
        began = time.monotonic()
        life = await self.open(fate, door)
        if fate.after is not None:
            if not fate.early:
                await self._served(fate.served)
            await asyncio.sleep(fate.after)
            life.kill()
        try:
            async with asyncio.timeout(LIFE_SECONDS):
                await life.ended.wait()
        except TimeoutError:
            raise AssertionError(f"a life that was to end at {fate} goes on:\n{self.said()}") from None
        assert life.code == -9, f"a life that was to be killed at {fate} ended with {life.code}:\n{self.said()}"
        return time.monotonic() - began

    async def _served(self, messages: int) -> None:
        """Return when so many more messages are acknowledged, or it takes too long (they wait for leases)."""
        enough = self.customers.acked + max(1, messages)
        with suppress(TimeoutError):
            async with asyncio.timeout(SERVED_SECONDS):
                while self.customers.acked < enough:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)

    # --- coming to rest ----------------------------------------------------------------------

    async def judge(self) -> Verdict:
        """Let the customers end, let a last life (or the ones that live) work everything off, and judge the
        log. What is still open when nothing was finished for as long as patience lasts counts as lost."""
        if not any(life.alive for life in self.lives):
            await self.open()
        try:
            await self.customers.finish(self._patience)
        except TimeoutError:
            raise AssertionError(f"customers are not served any more:\n{self.said()}") from None
        unknown = await self._rest()
        return check(self.log.read(), unknown=unknown, resends=self.resends, at_once=AT_ONCE)

    @property
    def resends(self) -> int:
        """How often the policy lets a send be repeated."""
        return 1 if self.unknown == "resend_once" else 0

    def said(self) -> str:
        """The end of what the lives logged."""
        path = self.folder / "lives.log"
        return path.read_text(encoding="utf-8", errors="replace")[-6000:] if path.exists() else "(nothing logged)"

    async def _rest(self) -> int:
        """The number of unknown sends once nothing waits any more, or less does not come of what waits.

        Figures are no snapshot: what moved from one table to another between two of them shows in neither.
        So they must say twice that nothing waits.
        """
        quiet, least, deadline = 0, math.inf, math.inf
        while True:
            text = await self._metrics()
            waiting = _waiting(text)
            quiet = 0 if waiting else quiet + 1
            if waiting < least:
                least, deadline = waiting, time.monotonic() + self._patience
            if quiet == 2 or time.monotonic() > deadline:
                return int(sum(_figures(text, "frontdesk_deliveries", {"state": "unknown"})))
            await asyncio.sleep(0.1)

    async def _metrics(self) -> str:
        for _ in range(100):
            for base in self.bases:
                text = await self._get(f"{base}/metrics")
                # A gateway whose database does not answer leaves those figures out.
                if text is not None and "frontdesk_deliveries{" in text:
                    return text
            await asyncio.sleep(0.1)
        raise AssertionError(f"no gateway shows its figures:\n{self.said()}")

    async def _get(self, url: str) -> str | None:
        """The body of a 200 answer."""
        try:
            async with self._session.get(url) as answer:
                return await answer.text() if answer.status == 200 else None
        except (ClientError, OSError, TimeoutError):
            return None


def _waiting(text: str) -> float:
    """What is not finished: events before their turn, sends before their outcome."""
    return (
        sum(_figures(text, "frontdesk_inbox", {"status": "waiting"}))
        + sum(_figures(text, "frontdesk_deliveries", {"state": "queued"}))
        + sum(_figures(text, "frontdesk_deliveries", {"state": "sending"}))
    )


def _figures(text: str, name: str, labels: dict[str, str]) -> Iterator[float]:
    for found, given, value in _FIGURE.findall(text):
        if found == name and all(f'{label}="{wanted}"' in given for label, wanted in labels.items()):
            yield float(value)
