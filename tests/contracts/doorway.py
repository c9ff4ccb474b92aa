"""The gateway's own webhook route over a real inbox, with one channel behind it."""

from __future__ import annotations

from typing import Any

from httpx import Response
from litestar import Litestar
from litestar.testing import AsyncTestClient
from sqlalchemy import text

from gateway.channels import Channel, WebhookRequest
from gateway.clock import utc_now
from gateway.inbox import Inbox
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.texts import Texts
from gateway.web.faults import FaultPages
from gateway.web.pages import Pages
from gateway.webhooks import webhook_routes


class Doorway:
    """One channel's way in, as `gateway.site` builds it."""

    def __init__(self, channel: Channel, database_url: str) -> None:
        self._channel = channel
        self._database = Database(database_url)
        self._inbox = Inbox(self._database, utc_now)
        faults = FaultPages(Pages(Texts(), Company(), []))
        self.application = Litestar(
            route_handlers=webhook_routes({channel.name: channel}, self._inbox),
            exception_handlers=faults.handlers(),
            openapi_config=None,
            logging_config=None,
        )

    async def post(self, client: AsyncTestClient[Any], given: WebhookRequest) -> Response:
        """Bring a request over HTTP."""
        return await client.request(
            given.method,
            f"/channels/{self._channel.name}/webhook",
            content=given.body,
            headers={name: value.encode("latin-1") for name, value in given.headers.items()},
            params=dict(given.query),
        )

    async def stored(self) -> list[bytes]:
        """The bodies in the inbox, in order."""
        async with self._database.read() as view:
            rows = await view.connection.execute(text("SELECT body FROM inbox ORDER BY id"))
            return [bytes(row.body) for row in rows]

    async def close(self) -> None:
        """Let go of the database."""
        await self._inbox.close()
        await self._database.close()
