"""Whether the gateway lives and is ready, and its figures for Prometheus."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from gateway.errors import StorageUnavailable
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from gateway.storage.inbox import InboxStatus
from gateway.storage.migrate import current_revision, newest_revision

WATCHED = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.FAILED)


def health_routes(database: Database) -> list[HTTPRouteHandler]:
    """`/health/live`, `/health/ready` and `/metrics`."""

    @get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @get("/health/ready", include_in_schema=False)
    async def ready() -> Response[dict[str, str]]:
        problem = await _problem(database)
        if problem:
            return Response({"status": "not ready", "reason": problem}, status_code=503)
        return Response({"status": "ready"})

    @get("/metrics", include_in_schema=False)
    async def metrics() -> Response[bytes]:
        return Response(await _figures(database), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [live, ready, metrics]


async def _problem(database: Database) -> str | None:
    try:
        async with database.read() as view:
            revision = await view.connection.run_sync(current_revision)
    except StorageUnavailable:
        return "the database does not answer"
    if revision != newest_revision():
        return "the database is not migrated; run frontdesk migrate"
    return None


async def _figures(database: Database) -> bytes:
    registry = CollectorRegistry()
    inbox: Any = Gauge("frontdesk_inbox", "Raw events by status.", ["status"], registry=registry)
    deliveries: Any = Gauge("frontdesk_deliveries", "Deliveries by state.", ["state"], registry=registry)
    async with database.read() as view:
        for status in (InboxStatus.WAITING, InboxStatus.QUARANTINED):
            inbox.labels(status=status).set(await view.inbox.count(status))
        for state in WATCHED:
            deliveries.labels(state=state).set(await view.deliveries.count(state))
    return generate_latest(registry)
