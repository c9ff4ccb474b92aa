"""The line between processes over Redis pub/sub (https://redis.io/docs/latest/develop/pubsub/).

Importing this module imports redis (about 30 MB): only where `redis_url` is set.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.errors import SettingsError
from gateway.processes.relay import Line, LineLost

SECONDS = 5.0
"""How long Redis may take to connect or to take a batch."""


class RedisBus:
    """Opens lines on one pub/sub channel.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``; raises SettingsError for what is none. Pub/sub knows
            no databases, so the number at its end names the channel: two installations that share a Redis
            take two numbers.
    """

    frame_limit = 64 * 1024

    def __init__(self, url: str) -> None:
        self._url = url
        self._channel = f"frontdesk:{self._client().connection_pool.connection_kwargs.get('db', 0)}"

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Line]:
        """See `Bus.connect`."""
        async with self._client() as client, client.pubsub() as listening:
            try:
                await listening.subscribe(self._channel)
            except RedisError as error:
                raise LineLost(type(error).__name__) from None
            yield _RedisLine(client, listening, self._channel)

    def _client(self) -> Redis:
        try:
            # Trying again is the relay's to decide: it must know that hints were lost.
            return Redis.from_url(
                self._url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS, retry=Retry(NoBackoff(), 0)
            )
        except ValueError:
            raise SettingsError("redis_url", "is not a Redis URL; say redis://host:6379/0") from None


class _RedisLine:
    def __init__(self, client: Redis, listening: PubSub, channel: str) -> None:
        self._client = client
        self._listening = listening
        self._channel = channel

    async def send(self, frames: Sequence[bytes]) -> None:
        """See `Line.send`."""
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for frame in frames:
                    pipeline.publish(self._channel, frame)
                await pipeline.execute()
        except RedisError as error:
            raise LineLost(type(error).__name__) from None

    async def receive(self) -> AsyncIterator[bytes]:
        """See `Line.receive`."""
        while True:
            try:
                message = await self._listening.get_message(ignore_subscribe_messages=True, timeout=SECONDS)
            except RedisError as error:
                raise LineLost(type(error).__name__) from None
            if message is not None:
                yield message["data"]
