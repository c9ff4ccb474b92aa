"""The two real lines between processes: Redis pub/sub and PostgreSQL's NOTIFY."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from gateway.errors import SettingsError
from gateway.live import DESK, Change, Live
from gateway.processes.redis_bus import RedisBus
from gateway.processes.relay import Bus, LineLost, Relay
from gateway.storage.notices import PostgresBus
from tests.standins.redis import RedisServer, find_redis


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server that wants a password."""
    binary = find_redis()
    if binary is None:
        pytest.skip("redis-server is not installed")
    with RedisServer(binary, password="not-in-a-log") as server:
        yield server


@pytest.fixture(params=["redis", "postgresql"])
def bus(request: pytest.FixtureRequest) -> Bus:
    """Either line."""
    if request.param == "redis":
        return RedisBus(request.getfixturevalue("redis").url)
    url = request.getfixturevalue("postgres")
    if url is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    return PostgresBus(url)


async def test_each_frame_reaches_everybody_in_order_the_sender_too(bus: Bus) -> None:
    frames = [b"{}", '{"пʼять": 5}'.encode(), b"x" * bus.frame_limit]
    async with asyncio.timeout(20), bus.connect() as one, bus.connect() as two:
        listening = [line.receive() for line in (one, two)]
        await one.send(frames)
        for line in listening:
            assert [await anext(line) for _ in frames] == frames


async def test_sends_at_once_do_not_disturb_each_other(bus: Bus) -> None:
    async with asyncio.timeout(20), bus.connect() as line:
        heard = line.receive()
        await asyncio.gather(*(line.send([str(number).encode()]) for number in range(20)))
        assert sorted([int(await anext(heard)) for _ in range(20)]) == list(range(20))


@pytest.mark.parametrize(
    "bus",
    [RedisBus("redis://127.0.0.1:1/0"), PostgresBus("postgresql://u:not-in-a-log@127.0.0.1:1/none")],
    ids=["redis", "postgresql"],
)
async def test_no_server_is_a_lost_line_without_its_address(bus: Bus) -> None:
    with pytest.raises(LineLost) as caught:
        async with bus.connect():
            pass
    assert "127.0.0.1" not in str(caught.value)


async def test_a_wrong_password_is_a_lost_line_and_stays_secret(redis: RedisServer) -> None:
    with pytest.raises(LineLost) as caught:
        async with RedisBus(redis.url.replace("not-in-a-log", "guessed-wrong")).connect():
            pass
    assert "guessed" not in str(caught.value)


def test_a_url_that_is_none_is_not_repeated() -> None:
    with pytest.raises(SettingsError, match="redis_url") as caught:
        RedisBus("redis://:hush@host:port/0")
    assert "hush" not in str(caught.value)


def test_installations_that_share_a_redis_are_kept_apart_by_its_number() -> None:
    channels = {RedisBus(f"redis://host/{number}")._channel for number in (0, 1)}
    assert channels == {"frontdesk:0", "frontdesk:1"}


async def test_a_killed_redis_costs_only_hints(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.processes.relay.AGAIN_SECONDS", 0.05)
    sender, watcher = (Relay(RedisBus(redis.url), lambda _topic: False, beat=0.2) for _ in range(2))
    live = Live(watcher)
    async with asyncio.timeout(30), live.subscribe([DESK]) as changes:
        tasks = [asyncio.ensure_future(one.run(live.deliver, live.resync)) for one in (sender, watcher)]
        while not (sender.peers and watcher.peers):  # noqa: ASYNC110 — what is waited for rings no bell
            await asyncio.sleep(0.02)
        redis.kill()
        while live.healthy or sender.healthy:  # noqa: ASYNC110 — what is waited for rings no bell
            await asyncio.sleep(0.02)
        sender.share([Change(topic=DESK, kind="lost")])
        redis.start()
        assert (await anext(changes)).kind == "resync"
        while not (sender.peers and watcher.peers):  # noqa: ASYNC110 — what is waited for rings no bell
            await asyncio.sleep(0.02)
        sender.share([Change(topic=DESK, kind="message")])
        while (kind := (await anext(changes)).kind) == "resync":
            pass
        assert kind == "message"
        assert live.healthy
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_a_database_that_hangs_up_is_a_lost_line(postgres: str | None) -> None:
    if postgres is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    bus = PostgresBus(postgres)
    async with asyncio.timeout(20), bus.connect() as line, bus.connect() as other:
        pid = line._driver.get_server_pid()  # type: ignore[attr-defined]
        await other._driver.execute("SELECT pg_terminate_backend($1)", pid)  # type: ignore[attr-defined]
        with pytest.raises(LineLost):
            await anext(line.receive())
