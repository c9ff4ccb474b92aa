"""Your side: sign what you post, check what you get."""

import base64
import hashlib
import hmac
import json
import time
from urllib.request import Request, urlopen

GATEWAY = "https://gateway.example/channels/app/webhook"
SECRET = "whsec_…"


def signature(message_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def say(message_id: str, address: str, text: str) -> None:
    """A customer wrote. Where this raises, call it again with the same id: it is taken once."""
    parts = [{"part": "text", "text": text}]
    said = {"type": "message", "id": message_id, "sender": {"address": address}, "parts": parts}
    body, timestamp = json.dumps(said).encode(), str(int(time.time()))
    headers = {"content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": timestamp}
    headers["webhook-signature"] = signature(message_id, timestamp, body)
    urlopen(Request(GATEWAY, body, headers), timeout=10).close()


def hear(headers: dict[str, str], body: bytes) -> dict | None:
    """What we posted to your url (raw body!), or None where it is not ours; drop a webhook-id you know."""
    timestamp = headers["webhook-timestamp"]
    ours = signature(headers["webhook-id"], timestamp, body)
    fits = any(hmac.compare_digest(one, ours) for one in headers["webhook-signature"].split())
    return json.loads(body) if fits and abs(time.time() - int(timestamp)) < 300 else None
