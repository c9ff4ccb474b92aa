"""`/health/live`, `/health/ready` and `/metrics`: for balancers, supervisors and Prometheus.

All three are for the machines around us; a reverse proxy shows the world none of them but, where it must,
`/health/live` (see `gateway/deploy/Caddyfile`).
"""

from __future__ import annotations

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from gateway.operating.metrics import Metrics
from gateway.operating.readiness import Readiness, Report

PROMETHEUS = "text/plain; version=0.0.4"
"""The framework adds the charset to each text; said twice, a strict scraper takes the whole type for broken."""


def health_routes(readiness: Readiness, metrics: Metrics) -> list[HTTPRouteHandler]:
    """The routes; none of them waits for anything but, a scrape, for the database."""

    @get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        """That the event loop turns; whoever answers this is not to be restarted."""
        return {"status": "alive"}

    @get("/health/ready", include_in_schema=False)
    async def ready() -> Response[Report]:
        """200 where this process should get traffic, else 503; each check and its finding."""
        report = readiness.report()
        return Response(report, status_code=200 if report.takes_traffic else 503)

    @get("/metrics", include_in_schema=False)
    async def figures() -> Response[bytes]:
        return Response(await metrics.exposition(), media_type=PROMETHEUS)

    return [live, ready, figures]
