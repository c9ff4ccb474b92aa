"""The published JSON Schemas (https://json-schema.org/draft/2020-12), generated from `bots.http.shapes`.

``python -m bots.http.schema`` writes `in.json` (what an app may send us) and `out.json` (what it gets);
a test refuses files that differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from bots.http import shapes

HOME = Path(__file__).parent
BODIES: dict[str, tuple[Any, str]] = {
    "in.json": (shapes.BodyIn, "What an app posts to /channels/NAME/webhook: an event, or a list of events"),
    "out.json": (shapes.BodyOut, "What the gateway posts to an app"),
}


def documents() -> dict[str, str]:
    """The schemas by file name, as text."""
    return {name: _text(body, title) for name, (body, title) in BODIES.items()}


def _text(body: Any, title: str) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    encoded = msgspec.json.encode({**head, **_unbroken(msgspec.json.schema(body))})
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _unbroken(schema: Any) -> Any:
    """`schema` with each description on one line: they are docstrings, broken and indented as the code is."""
    if isinstance(schema, list):
        return [_unbroken(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    whole = {name: _unbroken(value) for name, value in schema.items()}
    if isinstance(words := whole.get("description"), str):
        whole["description"] = " ".join(words.split())
    return whole
