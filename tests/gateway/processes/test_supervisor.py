"""Several processes on one port: kept alive, restarted one by one, ended together."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import structlog

from gateway.errors import SettingsError
from gateway.processes.listening import SharedPort, bind
from gateway.processes.supervisor import Supervisor, Worker
from gateway.settings import Company, Settings

COMMAND = (sys.executable, str(Path(__file__).parent / "simple_worker.py"))
HOST = "127.0.0.1"


def settings(phone: str = "one", workers: int = 2) -> Settings:
    return Settings(workers=workers, company=Company(phone=phone))


class Kept:
    """A running supervisor."""

    def __init__(self, port: SharedPort, given: Settings) -> None:
        self.next: Settings | None = None
        self._supervisor = Supervisor(given, port, self._reload, command=COMMAND)
        self._port = port
        self.ended = asyncio.ensure_future(self._supervisor.run())

    @property
    def workers(self) -> set[Worker]:
        """The processes there are."""
        return self._supervisor._workers

    def _reload(self) -> Settings:
        if self.next is None:
            raise SettingsError("company.phone", "is wrong")
        return self.next

    async def answers(self) -> tuple[int, str]:
        """(process, phone) of whoever takes a connection."""
        reader, writer = await asyncio.open_connection(HOST, self._port.number)
        try:
            # Nothing at all from one that ends meanwhile.
            pid, phone = (await reader.read()).decode().split()
        finally:
            writer.close()
        return int(pid), phone

    async def serving(self, count: int = 2, without: frozenset[int] = frozenset()) -> dict[int, str]:
        """The phones by process, once `count` processes serve that are not in `without`."""
        found: dict[int, str] = {}
        async with asyncio.timeout(20):
            while len(found) < count:
                await asyncio.sleep(0.01)
                try:
                    pid, phone = await self.answers()
                except (OSError, ValueError):
                    continue
                if pid not in without:
                    found[pid] = phone
        return found


async def until(true: Callable[[], bool]) -> None:
    while True:
        if true():
            return
        await asyncio.sleep(0.01)


@pytest.fixture
async def keep() -> AsyncIterator[Callable[[Settings], Kept]]:
    """Start a supervisor; it is ended with the test."""
    kept: list[Kept] = []
    ports: list[SharedPort] = []

    def start(given: Settings) -> Kept:
        ports.append(SharedPort(HOST, 0))
        kept.append(Kept(ports[-1], given))
        return kept[-1]

    yield start
    for one in kept:
        if not one.ended.done():
            os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(20):
                await one.ended
    for port in ports:
        port.close()


async def test_all_serve_and_all_end(keep: Callable[[Settings], Kept]) -> None:
    kept = keep(settings(workers=3))
    pids = await kept.serving(3)
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(20):
        assert await kept.ended == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_killed_one_is_replaced_while_the_others_serve(keep: Callable[[Settings], Kept]) -> None:
    kept = keep(settings())
    before = frozenset(await kept.serving())
    victim, survivor = before
    with structlog.testing.capture_logs() as lines:
        os.kill(victim, signal.SIGKILL)
        await asyncio.sleep(0.05)
        assert (await kept.answers())[0] == survivor
        assert len(await kept.serving(1, without=before)) == 1
    [died] = [line for line in lines if line["event"] == "worker_died"]
    assert (died["worker"], died["code"], died["log_level"]) == (victim, -signal.SIGKILL, "error")


async def test_one_that_is_stopped_is_replaced_without_a_word_of_death(keep: Callable[[Settings], Kept]) -> None:
    kept = keep(settings())
    before = frozenset(await kept.serving())
    with structlog.testing.capture_logs() as lines:
        os.kill(next(iter(before)), signal.SIGTERM)
        await kept.serving(1, without=before)
    assert "worker_died" not in {line["event"] for line in lines}


@pytest.mark.parametrize("by_all", [False, True])
async def test_one_that_still_starts_is_stopped_without_a_word_of_death(
    keep: Callable[[Settings], Kept], tmp_path: Path, by_all: bool
) -> None:
    """Also where the signal goes to all of us, as a service manager's does."""
    kept = keep(settings())
    await kept.serving()
    kept.next = settings(f"starts:{tmp_path / 'begun'}")
    with structlog.testing.capture_logs() as lines:
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(20):
            await until((tmp_path / "begun").exists)
            if by_all:
                [pid] = [worker.pid for worker in kept.workers if not worker.serves]
                os.kill(pid, signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            assert await kept.ended == 0
    assert [line["event"] for line in lines if line["log_level"] != "info"] == []


async def test_one_that_still_starts_and_that_nobody_told_has_died(
    keep: Callable[[Settings], Kept], tmp_path: Path
) -> None:
    kept = keep(settings())
    await kept.serving()
    kept.next = settings(f"starts:{tmp_path / 'begun'}")
    with structlog.testing.capture_logs() as lines:
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(20):
            await until((tmp_path / "begun").exists)
            [pid] = [worker.pid for worker in kept.workers if not worker.serves]
            os.kill(pid, signal.SIGTERM)
            await until(lambda: any(line["event"] == "worker_died" for line in lines))
    assert [line["code"] for line in lines if line["event"] == "worker_died"] == [-signal.SIGTERM]


@pytest.mark.parametrize(("phone", "code"), [("refuse", 2), ("crash", 1)])
async def test_one_that_cannot_start_ends_it_all(keep: Callable[[Settings], Kept], phone: str, code: int) -> None:
    kept = keep(settings(phone))
    async with asyncio.timeout(20):
        assert await kept.ended == code


async def test_a_rolling_restart_brings_new_settings_and_always_somebody_serves(
    keep: Callable[[Settings], Kept],
) -> None:
    kept = keep(settings())
    before = frozenset(await kept.serving())
    kept.next = settings("two", workers=9)
    os.kill(os.getpid(), signal.SIGHUP)
    after = await kept.serving(without=before)
    assert set(after.values()) == {"two"}
    assert {pid for pid, _ in [await kept.answers() for _ in range(30)]} == set(after)


async def test_settings_that_are_wrong_restart_nobody(keep: Callable[[Settings], Kept]) -> None:
    kept = keep(settings())
    before = await kept.serving()
    with structlog.testing.capture_logs() as lines:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.2)
    assert [line["event"] for line in lines] == ["not_restarted"]
    assert await kept.serving() == before


async def test_settings_that_stop_a_worker_cost_one_and_can_be_mended(keep: Callable[[Settings], Kept]) -> None:
    kept = keep(settings())
    before = frozenset(await kept.serving())
    kept.next = settings("crash")
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.sleep(1)
    assert (await kept.answers())[0] in before
    kept.next = settings("three")
    os.kill(os.getpid(), signal.SIGHUP)
    assert set((await kept.serving(without=before)).values()) == {"three"}


def test_a_port_that_somebody_has_is_refused() -> None:
    with bind(HOST, 0) as taken:
        port = taken.getsockname()[1]
        for take in (SharedPort, bind):
            with pytest.raises(SettingsError, match="choose another"):
                take(HOST, port)


def test_nobody_is_sent_to_a_process_that_does_not_listen_yet() -> None:
    shared = SharedPort(HOST, 0)
    with shared.open() as one, shared.open() as two:
        assert one.getsockname() == two.getsockname() == (HOST, shared.number)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, shared.number), timeout=1)
    shared.close()
