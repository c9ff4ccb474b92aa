"""Who writes to us: a Contact is a person, an Identity is one address of that person."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gateway.messages import Value


class Identity(Value, frozen=True, kw_only=True):
    """(channel, address) of a contact. `verified` only by proof, never by what somebody typed.

    `proof` says what proved it (see `gateway.identity.Proof`) and `proven_at` when; None where only the
    platform's own word stands for the address. A proven number, mail address or account that is no place to
    write to is an identity as well, on a shelf of its own in place of a channel (`gateway.identity.shelf`).
    """

    id: int
    contact_id: int
    channel: str
    address: str
    name: str | None = None
    username: str | None = None
    verified: bool = False
    blocked: bool = False
    proof: str | None = None
    proven_at: datetime | None = None

    @property
    def reachable(self) -> bool:
        """Whether this is a place to write to, and not a proven thing on its shelf."""
        return not self.channel.startswith(SHELVES)


SHELVES = "proof:"
"""How the channel of an identity begins that is only a proven thing; no configured channel is called so."""


class Contact(Value, frozen=True, kw_only=True):
    """A person. `language` is the last one they wrote in (uk, ru, en), `zone` an IANA time zone,
    `phone` is E.164; `details` are the firm's own facts about them."""

    id: int
    created_at: datetime
    name: str | None = None
    language: str | None = None
    zone: str | None = None
    phone: str | None = None
    email: str | None = None
    details: dict[str, str] = msgspec.field(default_factory=dict)
