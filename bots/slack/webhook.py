"""Requests from Slack: verified over their raw bytes, and cut into envelopes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bots.slack.wire.envelopes import challenge, event_key, unreadable_key, unwrap
from bots.slack.wire.signing import verify
from gateway.channels import Envelope, Receipt, WebhookRequest
from gateway.errors import RequestRefused, Unreadable
from gateway.messages import Echo, Event, Inbound, Signal

BODY_LIMIT = 1024 * 1024

Read = Callable[[bytes], Event]
"""How the channel reads a payload. Raises Unreadable."""


def take(request: WebhookRequest, secret: str, now: datetime, read: Read) -> Receipt:
    """See `Channel.receive`. Raises RequestRefused.

    The signature comes first: a stranger learns nothing about what else would be wrong. A retry bears the
    same event and is acknowledged as the first was.
    """
    verify(request.headers, request.body, secret, now)
    if request.method.upper() != "POST":
        raise RequestRefused(405, "only POST is taken here")
    if len(request.body) > BODY_LIMIT:
        raise RequestRefused(413, "the body is larger than 1 MiB")
    try:
        payload = unwrap(request.body, request.headers.get("content-type", ""))
    except Unreadable:
        return Receipt(envelopes=(_unreadable(request.body),))
    words = challenge(payload)
    if words is not None:
        return Receipt(envelopes=(), body=words.encode("utf-8", "replace"))
    return Receipt(envelopes=(cut(payload, read),))


def cut(payload: bytes, read: Read) -> Envelope:
    """The envelope of one payload; never raises. Its address is that of the event in it, so that what says
    nothing to us makes nobody's acquaintance."""
    key = event_key(payload)
    try:
        event = read(payload)
    except Unreadable:
        return _unreadable(payload)
    return Envelope(platform_id=key, address=_whose(event), body=payload)


def _whose(event: Event) -> str | None:
    match event:
        case Inbound(sender=sender):
            return sender.address
        case Signal(address=address) | Echo(address=address):
            return address
    return None


def _unreadable(body: bytes) -> Envelope:
    return Envelope(platform_id=unreadable_key(body), address=None, body=body)
