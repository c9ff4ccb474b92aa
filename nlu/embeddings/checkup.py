"""What `frontdesk doctor` says of sentence vectors."""

from __future__ import annotations

import time

from gateway.operating.checkup import Finding, fine, problem, warning
from nlu.embeddings.embedder import Embedder

SUBJECT = "embeddings"
_SLOW = 0.1  # seconds for one short text
_TEXT = "Скажіть, будь ласка, де моя посилка? Where is my parcel?"


async def look(embedder: Embedder, taught: str | None, *, trained: bool) -> list[Finding]:
    """Whether the model loads, gives vectors in time, and is the one that the stored model was taught with.

    Args:
        embedder: gives the vectors.
        taught: the fingerprint that the stored model names; None: it was taught without.
        trained: whether there is a stored model at all.
    """
    if not await embedder.ready():
        return [problem(SUBJECT, embedder.failure, "mend this; the embedded engine understands alone meanwhile")]
    began = time.perf_counter()
    found = await embedder.vectors([_TEXT])
    took = time.perf_counter() - began
    if found is None:
        return [problem(SUBJECT, "the model gives no vector of a text in time", "take a smaller model")]
    if trained and taught != embedder.fingerprint:
        says = "the bot was taught without this model" if taught is None else "the bot was taught with another model"
        return [problem(SUBJECT, f"{says}; the embedded engine understands alone", "run: frontdesk train")]
    says = f"{found.shape[1]} numbers a text, {1000 * took:.0f} ms"
    if took > _SLOW:
        return [warning(SUBJECT, says, "take a smaller model or one of 8-bit numbers, or raise embeddings.threads")]
    return [fine(SUBJECT, says)]
