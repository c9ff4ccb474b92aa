"""Processor time by stage: the whole gateway in this process, its stages run one after the other.

The webhooks are called as ASGI (so uvicorn's own work is not in it), then the loop that takes turns
runs until all are taken, then the loop that sends until all is settled. What a stage costs is the
process' CPU time (all its threads) while nothing else runs.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import io
import logging
import pstats
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from gateway import logs
from gateway.app import Frontdesk
from gateway.processes.loops import Loop
from gateway.settings import Settings, load
from gateway.steps import Step
from tests.bench.figures import Stages
from tests.bench.installation import CHANNEL, HEADERS, WEBHOOK
from tests.bench.load import Customers, Plan

TOGETHER = 64
"""Webhook calls under way at once, as many as the load generator has connections."""
SILENCE_SECONDS = 3.0
"""A stage that moves nothing for so long has done all it will."""
MOST = 0.9
"""A few messages may rightly get no answer; if more do not, the figures mean nothing."""
WARM = 100


class _Stepwise(Frontdesk):
    """The gateway whose loops do not run by themselves."""

    def __init__(self, settings: Settings) -> None:
        self.counted: Counter[Step] = Counter()
        self.moved = asyncio.Event()
        super().__init__(settings, watch=self._count)

    def loops(self) -> Mapping[str, Loop]:
        """The loops of the running program by name."""
        return super()._workers()

    def _workers(self) -> dict[str, Loop]:
        async def nothing() -> None:
            await self.wakeups.stopped.wait()

        return {"nothing": nothing}

    def _count(self, step: Step, count: int) -> None:
        self.counted[step] += count
        self.moved.set()


class Stager:
    """Sends messages through the stages and weighs each."""

    def __init__(self, frontdesk: _Stepwise, app: Any, texts: Sequence[str]) -> None:
        self.profiles: dict[str, cProfile.Profile] = {}
        self._frontdesk = frontdesk
        self._app = app
        self._loops = frontdesk.loops()
        self._plan = Plan(port=0, path=WEBHOOK, headers=HEADERS, texts=list(texts))
        self._number = 0

    async def run(self, count: int) -> tuple[float, float, float]:
        """Seconds of processor for `count` messages: received, turned, sent."""
        received = await self._weigh("receive", self._receive(count))
        turned = await self._weigh("turn", self._until("turns", Step.TURNED))
        sent = await self._weigh("send", self._until(f"outbox:{CHANNEL}", Step.SETTLED))
        return received, turned, sent

    async def _weigh(self, stage: str, doing: Coroutine[Any, Any, None]) -> float:
        profile = self.profiles.get(stage)
        begun = time.process_time()
        if profile:
            profile.enable()
        await doing
        if profile:
            profile.disable()
        return time.process_time() - begun

    async def _receive(self, count: int) -> None:
        customers = Customers(self._plan)
        for start in range(0, count, TOGETHER):
            numbers = range(self._number + start, self._number + min(count, start + TOGETHER))
            await asyncio.gather(*(self._post(customers.request(number)) for number in numbers))
        self._number += count

    async def _post(self, request: bytes) -> None:
        body = request.partition(b"\r\n\r\n")[2]
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": WEBHOOK,
            "raw_path": WEBHOOK.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "state": {},
        }

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: Mapping[str, Any]) -> None:
            if event["type"] == "http.response.start" and event["status"] != 200:
                raise RuntimeError(f"the webhook answered {event['status']}")

        await self._app(scope, receive, send)

    async def _until(self, loop: str, step: Step) -> None:
        """Run `loop` until every message sent so far has passed `step`. Raises RuntimeError where many do not."""
        frontdesk = self._frontdesk
        running = asyncio.create_task(self._run(self._loops[loop]))
        with suppress(TimeoutError):
            while frontdesk.counted[step] < self._number:
                frontdesk.moved.clear()
                async with asyncio.timeout(SILENCE_SECONDS):
                    await frontdesk.moved.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        if frontdesk.counted[step] < self._number * MOST:
            raise RuntimeError(f"only {frontdesk.counted[step]} of {self._number} messages were {step}")

    async def _run(self, loop: Loop) -> None:
        await loop()


@asynccontextmanager
async def _gateway(settings: Settings) -> AsyncIterator[tuple[_Stepwise, Any]]:
    frontdesk = _Stepwise(settings)
    app = frontdesk.web()
    try:
        async with app.lifespan():
            yield frontdesk, app
    finally:
        await frontdesk.close()


async def measure(
    settings: Settings, texts: Sequence[str], count: int, name: str, profiles: dict[str, cProfile.Profile]
) -> Stages:
    """What `count` messages cost on `settings`, after a few that warm everything up."""
    async with _gateway(settings) as (frontdesk, app):
        stager = Stager(frontdesk, app, texts)
        await stager.run(min(WARM, count))
        stager.profiles = profiles
        received, turned, sent = await stager.run(count)
    each = 1000 / count
    return Stages(name=name, messages=count, receive=received * each, turn=turned * each, send=sent * each)


def top(profile: cProfile.Profile, lines: int = 30) -> str:
    """The functions that took most time by themselves."""
    written = io.StringIO()
    pstats.Stats(profile, stream=written).sort_stats("tottime").print_stats(lines)
    return written.getvalue()


def main() -> None:
    """`python -m tests.bench.stages --messages N --name NAME [--profiles FOLDER] < texts.json`, in the
    folder of an installation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--profiles", type=Path)
    given = parser.parse_args()
    texts = msgspec.json.decode(sys.stdin.buffer.read(), type=list[str])
    settings = load(None)
    logs.configure(settings.log_format, level=logging.WARNING)
    profiles = {stage: cProfile.Profile() for stage in ("receive", "turn", "send")} if given.profiles else {}
    stages = asyncio.run(measure(settings, texts, given.messages, given.name, profiles))
    for stage, profile in profiles.items():
        (given.profiles / f"{stage}.txt").write_text(top(profile), encoding="utf-8")
    sys.stdout.buffer.write(msgspec.json.encode(stages))


if __name__ == "__main__":
    main()
