"""What `make bench` does, part by part; each adds to the figures or says why it could not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
from rich.console import Console
from rich.text import Text

from tests.bench import rasa
from tests.bench.figures import BARE, RASA, SHARES, Figures, Flat, Skipped, Stages, Start
from tests.bench.filling import fill
from tests.bench.installation import HEADERS, WEBHOOK, Installation, create_database, takes_workers
from tests.bench.measuring import Target, Times
from tests.bench.processes import ROOT, Failed, Served, module, run
from tests.standins.postgres import PostgresServer, find_postgres

AIOGRAM, PTB = "aiogram", "python-telegram-bot"
PARTS = ("rate", "postgresql", "workers", "rasa", "stored", "stages", "starts")
SETTLING_SECONDS = 1.0


@dataclass(frozen=True)
class Options:
    """How much to measure."""

    times: Times
    parts: Sequence[str]
    rounds: int
    stored: int
    stage_messages: int
    load_messages: int
    starts: int = 2
    stored_everywhere: bool = False
    """Whether the filled database is tried on PostgreSQL too."""
    customers: int = 1000
    under_way: int = 256
    """Messages between webhook and sendMessage while the maximum is taken."""
    drivers: Sequence[str] = (AIOGRAM,)
    shares: Sequence[float] = SHARES
    postgres: str | None = None
    profiles: Path | None = None
    texts: Sequence[str] = ()


@dataclass
class Bench:
    """One run in `folder`."""

    options: Options
    folder: Path
    console: Console
    figures: Figures
    _stack: ExitStack = field(default_factory=ExitStack, init=False)
    prepared: dict[str | None, Installation] = field(default_factory=dict)
    """Installations to copy, by the PostgreSQL server they are on (None: SQLite)."""
    _texts: list[str] = field(default_factory=list)
    _own_server: str | None = None
    _looked_for_server: bool = False

    def run(self) -> None:
        """Measure every part that was asked for."""
        begun = time.monotonic()
        with self._stack:
            self._platform = self._stack.enter_context(
                Served(module("botapi", "--port", "{port}"), log=self.folder / "botapi.log")
            )
            doing = {
                "rate": self._rate,
                "stored": self._stored,
                "stages": self._stages,
                "starts": self._starts,
            }
            for part, measure in doing.items():
                if part in self.options.parts:
                    with self._or_skipped(part):
                        measure()
        self.figures.seconds = time.monotonic() - begun

    # --- what is measured --------------------------------------------------------------------

    def _rate(self) -> None:
        """The maximum of every system, by turns with the bare handler's, and then the latencies."""
        with ExitStack() as stack:
            bare = self._bare(stack)
            others = [target for target in self._systems(stack) if target is not None]
            for number in range(self.options.rounds):
                floor = self._maximum(bare, number, None)
                for target in others:
                    self._maximum(target, number, floor)
            for target in (bare, *others):
                self.figures.systems.append(target.system)
                for share in self._shares(target):
                    latency = target.latency(share, self.options.times)
                    self._say(f"{target.name} at {latency.rate:,.0f}/s: p50 {latency.p50 or 0:.0f} ms")

    def _shares(self, target: Target) -> Sequence[float]:
        """At which loads latencies are worth their time: the anchors' at none or at half."""
        if target.name == BARE:
            return [share for share in self.options.shares if share == 0.5]
        return () if target.name == RASA else self.options.shares

    def _maximum(self, target: Target, number: int, bare: float | None) -> float:
        rate = target.maximum(self.options.times, bare)
        self._say(f"{target.name}, round {number + 1} of {self.options.rounds}: {rate:,.0f} messages/s")
        return rate

    def _systems(self, stack: ExitStack) -> Iterator[Target | None]:
        for driver in self.options.drivers:
            yield self._frontdesk(stack, f"SQLite, {driver}", driver)
        server = self._server() if {"postgresql", "workers"} & set(self.options.parts) else None
        if server and "postgresql" in self.options.parts:
            yield self._frontdesk(stack, f"PostgreSQL, {AIOGRAM}", AIOGRAM, server)
        if server and "workers" in self.options.parts:
            if takes_workers():
                yield self._frontdesk(stack, f"PostgreSQL, {AIOGRAM}, 2 workers", AIOGRAM, server, "--workers", "2")
            else:
                self._skip("2 workers", "this program's serve has no --workers")
        if "rasa" in self.options.parts:
            yield self._rasa(stack)

    def _stored(self) -> None:
        """The same load on an empty database and on a filled one, by turns."""
        servers: list[str | None] = [None]
        if self.options.stored_everywhere and (server := self._server()):
            servers.append(server)
        for server in servers:
            name = "PostgreSQL" if server else "SQLite"
            with ExitStack() as stack:
                empty = self._frontdesk(stack, "empty", AIOGRAM, server)
                full = self._frontdesk(stack, "full", AIOGRAM, server, stored=self.options.stored)
                flat = Flat(name=name, stored=self.options.stored, empty=[], full=[])
                for _ in range(self.options.rounds):
                    flat.empty.append(empty.maximum(self.options.times))
                    flat.full.append(full.maximum(self.options.times))
                    self._say(f"{name}: {flat.empty[-1]:,.0f} messages/s empty, {flat.full[-1]:,.0f} filled")
                self.figures.flats.append(flat)

    def _stages(self) -> None:
        servers: list[str | None] = [None]
        if "postgresql" in self.options.parts and (server := self._server()):
            servers.append(server)
        for server in servers:
            name = "PostgreSQL" if server else "SQLite"
            installation = self._copy(self.options.drivers[0], server)
            words = ["--messages", str(self.options.stage_messages), "--name", name]
            if self.options.profiles and server is None:
                self.options.profiles.mkdir(parents=True, exist_ok=True)
                words += ["--profiles", str(self.options.profiles.resolve())]
            written = run(
                module("stages", *words),
                folder=installation.folder,
                given=msgspec.json.encode(self.texts).decode(),
                environ={"PYTHONPATH": str(ROOT)},
            )
            self.figures.stages.append(msgspec.json.decode(written, type=Stages))
            self._say(f"{name}: stages measured")

    def _starts(self) -> None:
        """Each start on a copy of its own; the last one is loaded and weighed."""
        for name, driver in (("web chat alone", None), (f"web chat + {AIOGRAM}", AIOGRAM)):
            start = Start(name=name, seconds=[], idle=None, loaded=None, messages=self.options.load_messages)
            served = self._copy(driver).served()
            for number in range(self.options.starts):
                start.seconds.append(served.start())
                if number < self.options.starts - 1:
                    served.stop()
            try:
                time.sleep(SETTLING_SECONDS)
                start.idle = served.memory()
                if driver:
                    self._target("", served).load(warm=0, seconds=self.options.load_messages / 50, drain=60, rate=50)
                else:
                    asyncio.run(_chat(served.base, self.texts, self.options.load_messages))
                start.loaded = served.memory()
            finally:
                served.stop()
            self.figures.starts.append(start)
            self._say(f"{name}: ready in {start.seconds[-1]:.1f} s")

    # --- what is measured with ---------------------------------------------------------------

    @property
    def texts(self) -> list[str]:
        """What customers say, chosen once."""
        if not self._texts:
            self._texts = list(self.options.texts) or self._prepare(None).answerable()
        return self._texts

    def _bare(self, stack: ExitStack) -> Target:
        database = str(self.folder / "bare.db")
        words = ("--database", database, "--platform", str(self._platform.port), "--port", "{port}")
        served = Served(module("bare", *words), log=self.folder / "bare.log", ready="/")
        stack.enter_context(served)
        return self._target(BARE, served)

    def _frontdesk(
        self, stack: ExitStack, name: str, driver: str, server: str | None = None, *words: str, stored: int = 0
    ) -> Target:
        installation = self._copy(driver, server)
        if stored:
            self._say(f"storing {stored:,} messages…")
            url = installation.database if server else f"sqlite:///{installation.folder}/frontdesk.db"
            self._say(f"stored in {fill(url, stored):.0f} s")
        served = installation.served(*words)
        stack.enter_context(served)
        return self._target(name, served)

    def _target(self, name: str, served: Served) -> Target:
        return Target(
            name,
            served,
            WEBHOOK,
            self.texts,
            feed=self._platform.port,
            headers=HEADERS,
            customers=self.options.customers,
            under_way=self.options.under_way,
        )

    def _rasa(self, stack: ExitStack) -> Target | None:
        with self._or_skipped("Rasa"):
            python = rasa.settings()
            if python is None:
                self._skip("Rasa", f"{rasa.VARIABLE} does not name a Python environment with Rasa")
                return None
            self._say("training Rasa's bot…")
            target = rasa.target(python, self._prepare(None).folder, self.folder / "rasa", self.texts)
            seconds = target.served.start()
            stack.callback(target.served.stop)
            self.figures.starts.append(
                Start(name=RASA, seconds=[seconds], idle=target.served.memory(), loaded=None, messages=0)
            )
            return target
        return None

    def _copy(self, driver: str | None, server: str | None = None) -> Installation:
        made = self._prepare(server).copy(self.folder / uuid4().hex[:8], server)
        made.configure(driver=driver, platform=self._platform.port)
        return made

    def _prepare(self, server: str | None) -> Installation:
        """An installation that knows the articles, made once for each kind of database."""
        if server not in self.prepared:
            name = "PostgreSQL" if server else "SQLite"
            self._say(f"preparing a {name} database with the demo's articles…")
            folder = self.folder / name.lower()
            made = Installation(folder, create_database(server)) if server else Installation(folder)
            made.prepare()
            self.prepared[server] = made
        return self.prepared[server]

    def _server(self) -> str | None:
        """The PostgreSQL server: the one that was named, else one of our own that is as durable."""
        if self.options.postgres:
            return self.options.postgres
        if not self._looked_for_server:
            self._looked_for_server = True
            binaries = find_postgres()
            if binaries is None:
                self._skip("PostgreSQL", "it is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
            else:
                self._own_server = self._stack.enter_context(PostgresServer(binaries, durable=True)).url
        return self._own_server

    # --- saying ------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        self.console.print(f"[dim]{text}[/dim]", highlight=False)

    def _skip(self, name: str, reason: str, *, broke: bool = False) -> None:
        self.figures.skipped.append(Skipped(name=name, reason=reason, broke=broke))

    @contextmanager
    def _or_skipped(self, name: str) -> Iterator[None]:
        """A part that breaks is named with its reason; the others are measured all the same."""
        try:
            yield
        except (Failed, OSError) as failed:
            self.console.print(Text(str(failed), "red"))
            self._skip(name, str(failed).strip().splitlines()[-1], broke=True)


async def _chat(base: str, texts: Sequence[str], count: int, each: int = 25) -> None:
    """`count` messages over web chat's HTTP, from visitors who say `each` and wait for the last answer."""
    async with httpx.AsyncClient(base_url=f"{base}/channels/site", timeout=30) as client:
        for start in range(0, count, each):
            token = (await client.post("/visitors")).raise_for_status().json()["token"]
            headers = {"Authorization": f"Bearer {token}"}
            for number in range(start, min(count, start + each)):
                said = {"type": "message", "id": str(uuid4()), "text": f"{texts[number % len(texts)]} {number}"}
                (await client.post("/messages", json=said, headers=headers)).raise_for_status()
            await asyncio.sleep(0.2)
