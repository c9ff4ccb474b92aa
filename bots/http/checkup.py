"""Whether the firm's app is there, knows our secret, and can reach us: a signed ping, judged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from bots.http import shapes
from bots.http.client import AppClient
from bots.http.settings import HttpSettings
from bots.http.wire.outbound import encode
from gateway.errors import Rejected, SendError, Throttled
from gateway.operating.checkup import Finding, fine, problem, warning

PATIENCE_SECONDS = 8


async def look(name: str, settings: HttpSettings, client: AppClient, public_url: str | None) -> Sequence[Finding]:
    """Ping the app of channel `name`, and say where it finds us."""
    return [
        await _ping(f"channels.{name}", name, settings, client),
        _door(f"channels.{name}.webhook", name, public_url),
    ]


async def _ping(subject: str, name: str, settings: HttpSettings, client: AppClient) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await client.post(f"ping_{uuid4().hex}", encode(shapes.Ping(channel=name)))
    except TimeoutError:
        says = f"your app has not answered for {PATIENCE_SECONDS} seconds"
        return problem(subject, says, "see what keeps it: customers wait as long")
    except Throttled as error:
        return warning(subject, f"your app is there, and busy: {error.reason}", "see what keeps it")
    except Rejected as error:
        if error.reason in ("401", "403"):
            return problem(subject, "your app does not know our signature", f"give it the secret of {subject}.secret")
        return problem(subject, f"your app answers a ping with {error.reason}", f"see {subject}.url and its log")
    except SendError as error:
        return problem(subject, f"your app does not answer: {error.reason}", f"see {subject}.url and that it runs")
    if settings.url.startswith("http://"):
        return warning(subject, "your app answers, over http: words travel openly", f"set {subject}.url to https")
    return fine(subject, "your app answers")


def _door(subject: str, name: str, public_url: str | None) -> Finding:
    if public_url is None:
        return warning(subject, "public_url is not set: only this network reaches us", "set public_url")
    return fine(subject, f"your app posts to {public_url}/channels/{name}/webhook")
