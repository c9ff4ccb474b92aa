"""What the tests of the HTTP channel share: secrets, a clock that can be set, signed requests."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bots.http.channel import HttpChannel
from bots.http.settings import HttpSettings
from bots.http.signing import read_secrets, sign
from gateway.channels import ChannelTools, WebhookRequest
from tests.contracts.case import Files

WIRE = Path(__file__).parent / "wire"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD_SECRET = "whsec_" + base64.b64encode(bytes(range(50, 82))).decode()
STRANGERS = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def settings(url: str = "http://127.0.0.1:9/inbox", **fields: Any) -> HttpSettings:
    return msgspec.convert({"url": url, "secret": SECRET, **fields}, HttpSettings)


def channel(url: str = "http://127.0.0.1:9/inbox", public_url: str | None = None, **fields: Any) -> HttpChannel:
    tools = ChannelTools(media=Files(), public_url=public_url)
    return HttpChannel("app", settings(url, **fields), tools, clock=lambda: NOW)


def post(
    body: bytes | dict[str, Any] | list[Any],
    *,
    webhook_id: str = "msg_1",
    at: datetime = NOW,
    secret: str = SECRET,
) -> WebhookRequest:
    """A signed request."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = sign(read_secrets(secret), webhook_id, at, raw)
    return WebhookRequest(method="POST", headers=headers, query={}, body=raw)


def message(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A message event."""
    said = parts or ({"part": "text", "text": "де моя посилка?"},)
    return {"type": "message", "id": "m-1", "sender": {"address": "u-17"}, "parts": list(said), **fields}


def cases(prefix: str) -> Sequence[Any]:
    found = sorted(WIRE.glob(f"{prefix}-*.json"))
    assert found
    return [pytest.param(msgspec.json.decode(path.read_bytes()), id=path.stem) for path in found]
