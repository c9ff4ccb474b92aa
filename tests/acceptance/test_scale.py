"""Several processes on one PostgreSQL: they share the work, the sockets and the screens, and lose nothing with one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from websockets.asyncio.client import connect

from gateway.storage.engine import parse_url
from tests.acceptance.conftest import PASSWORD, run, write_config
from tests.acceptance.test_telegram import SECRET, message
from tests.standins.program import Program
from tests.standins.redis import RedisServer, find_redis
from tests.standins.telegram import TelegramStandin

AT_ONCE = 3.0
"""Seconds; without a hint a socket would look after five, and a busy machine takes its time."""


@pytest.fixture(scope="module")
def knowing(prepared: Path, postgres: str | None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a PostgreSQL database that knows the demo articles and one agent, to copy from."""
    if postgres is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    url = _new_database(postgres)
    folder = tmp_path_factory.mktemp("knowing")
    run(folder, "copy-database", f"sqlite:///{prepared}/frontdesk.db", url)
    words = ["olena@example.com", "--name", "Олена", "--role", "agent"]
    run(folder, "add-staff", *words, FRONTDESK_DATABASE_URL=url, FRONTDESK_PASSWORD=PASSWORD)
    return url


@pytest.fixture
def database(knowing: str) -> str:
    """A copy of it for one test."""
    return _new_database(knowing, template=str(parse_url(knowing).database))


def _new_database(server: str, template: str = "template1") -> str:
    name = f"scale_{uuid4().hex}"

    async def create() -> None:
        url = parse_url(server).set(database="postgres")
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        await engine.dispose()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(create())).result()
    return parse_url(server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis server."""
    binary = find_redis()
    if binary is None:
        pytest.skip("redis-server is not installed")
    with RedisServer(binary) as server:
        yield server


def telegram_channel(telegram: TelegramStandin, mode: str) -> str:
    return f"""
[channels.site]
kind = "webchat"

[channels.shop_telegram]
kind = "telegram"
driver = "python-telegram-bot"
mode = "{mode}"
token = "{telegram.token}"
api_base = "{telegram.base}"
webhook_secret = "{SECRET}"
poll_timeout = 2
"""


@contextmanager
def programs(
    folder: Path, starts: Sequence[Sequence[str]], *, channels: str, **settings: str
) -> Iterator[list[Program]]:
    """`frontdesk serve` with these words each, started side by side, each with a folder of its own."""
    top = "\n".join(f'{name} = "{value}"' for name, value in {"secret": "everywhere the same", **settings}.items())
    with ExitStack() as stack, ThreadPoolExecutor(len(starts)) as threads:
        made = []
        for number, words in enumerate(starts):
            own = folder / str(number)
            own.mkdir()
            write_config(own, channels=channels, top=top)
            made.append(Program("serve", *words, folder=own))
            stack.callback(made[-1].stop)
        list(threads.map(Program.start, made))
        yield made


async def post(client: httpx.AsyncClient, program: Program, update: dict[str, object]) -> None:
    """Deliver `update` as Telegram does: again and again until it is taken."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    while True:
        try:
            url = f"{program.base}/channels/shop_telegram/webhook"
            if (await client.post(url, json=update, headers=headers)).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)


async def signed_in(client: httpx.AsyncClient, program: Program) -> None:
    """Sign in at `program`; the cookies stay with `client`."""
    page = await client.get(f"{program.base}/login")
    [token] = set(re.findall(r'name="_csrf_token" value="([^"]+)"', page.text))
    form = {"email": "olena@example.com", "password": PASSWORD, "_csrf_token": token}
    assert (await client.post(f"{program.base}/login", data=form)).status_code == 303


async def test_two_hosts_share_sockets_screens_and_the_one_poll(
    tmp_path: Path, database: str, redis: RedisServer
) -> None:
    async with TelegramStandin() as telegram:
        polling = telegram_channel(telegram, "polling")
        with programs(tmp_path, [[], []], channels=polling, database_url=database, redis_url=redis.url) as (one, two):
            await _one_takes_another_pushes(one, two)
            [poller] = await _until_one_polls((one, two))
            other = two if poller is one else one
            telegram.push({"message": message("скільки коштує доставка", 1)["message"]})
            await telegram.wait_for("sendMessage", timeout=20)
            redis.kill()
            await asyncio.to_thread(poller.kill)
            killed = time.monotonic()
            telegram.push({"message": message("скільки коштує доставка", 2)["message"]})
            await telegram.wait_for("sendMessage", 2, timeout=20)
            assert time.monotonic() - killed < 12  # ten, and the answer
            ready = (await asyncio.to_thread(httpx.get, f"{other.base}/health/ready")).status_code
            assert ready == 200
            assert other.log.count("relay_lost") == 1


async def _one_takes_another_pushes(one: Program, two: Program) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        await signed_in(client, one)
        token = (await client.post(f"{one.base}/channels/site/visitors")).json()["token"]
        async with connect(f"{two.base.replace('http', 'ws')}/channels/site/socket") as line:
            await line.send(json.dumps({"type": "hello", "token": token, "language": "uk"}))
            assert json.loads(await line.recv())["type"] == "welcome"
            await line.recv()  # the thread so far
            async with client.stream("GET", f"{two.base}/live?topics=desk") as screen:
                assert screen.status_code == 200
                said = {"type": "message", "id": str(uuid4()), "text": "скільки коштує доставка"}
                headers = {"Authorization": f"Bearer {token}"}
                began = time.monotonic()
                taken = await client.post(f"{one.base}/channels/site/messages", json=said, headers=headers)
                assert taken.status_code == 200
                async with asyncio.timeout(AT_ONCE):
                    while "грн" not in await line.recv():
                        pass
                    async for row in screen.aiter_lines():
                        if row.startswith("data: {"):
                            assert json.loads(row.removeprefix("data: "))["topic"] == "desk"
                            break
                assert time.monotonic() - began < AT_ONCE


async def _until_one_polls(hosts: Sequence[Program]) -> list[Program]:
    async with asyncio.timeout(20):
        while not (found := [one for one in hosts if "duty=channel:shop_telegram" in one.log]):  # noqa: ASYNC110 — what is waited for rings no bell
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    return [one for one in hosts if "duty=channel:shop_telegram" in one.log] or found


async def test_a_killed_worker_of_two_loses_nothing_and_a_stop_drains_both(tmp_path: Path, database: str) -> None:
    customers = 40
    async with TelegramStandin() as telegram:
        webhook = telegram_channel(telegram, "webhook")
        with programs(tmp_path, [["--workers", "2"]], channels=webhook, database_url=database) as [program]:
            while program.log.count("worker_serves") < 2:  # noqa: ASYNC110 — what is waited for rings no bell
                await asyncio.sleep(0.1)
            victim = int(re.findall(r"worker_serves .*worker=(\d+)", program.log)[0])
            limits = httpx.Limits(max_keepalive_connections=0)
            async with httpx.AsyncClient(timeout=10, limits=limits) as client, asyncio.TaskGroup() as group:
                for number in range(customers):
                    if number == customers // 2:
                        os.kill(victim, signal.SIGKILL)
                    group.create_task(post(client, program, message("дякую", 100 + number, chat=500 + number)))
                    await asyncio.sleep(0.01)
            await telegram.wait_for("sendMessage", customers, timeout=30)
            async with asyncio.timeout(30):
                while len({call.params["chat_id"] for call in telegram.sent("sendMessage")}) < customers:  # noqa: ASYNC110 — what is waited for rings no bell
                    await asyncio.sleep(0.1)
                while program.log.count("worker_serves") < 3:  # noqa: ASYNC110 — what is waited for rings no bell
                    await asyncio.sleep(0.1)
            assert program.log.count("worker_died") == 1
            assert await asyncio.to_thread(program.stop) == 0
            assert "worker_killed" not in program.log


async def test_three_roles_carry_a_message_from_end_to_end(tmp_path: Path, database: str) -> None:
    roles = ("web", "turns", "outbox")
    async with TelegramStandin() as telegram:
        channels = telegram_channel(telegram, "webhook")
        starts = [["--role", role] for role in roles]
        with programs(tmp_path, starts, channels=channels, database_url=database) as (web, turns, outbox):
            async with httpx.AsyncClient(timeout=20) as client:
                for other in (turns, outbox):
                    assert (await client.get(f"{other.base}/login")).status_code == 404
                    assert "frontdesk_inbox" in (await client.get(f"{other.base}/metrics")).text
                await asyncio.sleep(1)  # until they have found each other: before, hints go nowhere
                for number, question in enumerate(("скільки коштує доставка", "how much is delivery"), start=1):
                    began = time.monotonic()
                    await post(client, web, message(question, number))
                    await telegram.wait_for("sendMessage", number)
                    assert time.monotonic() - began < AT_ONCE
            assert [await asyncio.to_thread(program.stop) for program in (web, turns, outbox)] == [0, 0, 0]


def test_bad_settings_end_all_workers_with_one_line(tmp_path: Path, database: str) -> None:
    channels = '[channels.shop]\nkind = "telegram"\n'
    write_config(tmp_path, top=f'database_url = "{database}"\nworkers = 3', channels=channels)
    ended = run(tmp_path, "serve", "--port", "0", check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("frontdesk: setting channels.shop.token: is missing: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(("words", "field"), [(["--workers", "2"], "workers"), (["--role", "turns"], "role")])
def test_sqlite_takes_one_process_and_says_what_to_do(tmp_path: Path, words: list[str], field: str) -> None:
    ended = run(tmp_path, "serve", *words, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"frontdesk: setting {field}: ")
    assert "frontdesk copy-database" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
