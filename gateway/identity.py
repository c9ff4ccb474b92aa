"""Who somebody is: what proves it, which of two people found to be one stays, and where to write to them. Pure.

A person is joined with another by proof only, never by a number or an address that somebody typed. What was
proven stands as an identity of the contact: either the place they write from, or a thing on a shelf.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from gateway.channels import Capabilities
from gateway.contacts import SHELVES, Contact, Identity
from gateway.conversations import Conversation, State
from gateway.messages import ContactCard, Inbound, Part, Start, Text, Value

VALUE_LIMIT = 320
"""Characters of a proven value: the longest mail address there is (RFC 3696, erratum 1690)."""


class Proof(StrEnum):
    """What proved that something is somebody's."""

    LINK = "link"
    """They opened a link, scanned a code or sent one that only their other place had been given."""
    CARD = "card"
    """They shared their own contact, and the messenger vouches that it is theirs."""
    CODE = "code"
    """They typed back a code that was sent there."""
    TOKEN = "token"  # noqa: S105 — a name, not a secret
    """The firm's own site or app says so, in a signed token."""
    SENDER = "sender"
    """The platform vouches for the sender of the message."""
    AGENT = "agent"
    """An agent decided it, with a reason."""


class Thing(StrEnum):
    """What can be proven of a person and be met again elsewhere."""

    PHONE = "phone"
    EMAIL = "email"
    ACCOUNT = "account"
    """The firm's own name for its customer (`sub` of a signed token)."""
    PERSON = "person"
    """A platform's own name for a person who has several addresses there."""


class Claim(Value, frozen=True, kw_only=True):
    """Something proven: `value` in its normal form, on the `shelf` where identities keep such things."""

    shelf: str
    value: str
    proof: Proof

    @property
    def key(self) -> tuple[str, str]:
        """(channel, address) of the identity that keeps it."""
        return self.shelf, self.value


def shelf(thing: Thing, channel: str = "") -> str:
    """What stands for the channel in an identity that keeps a proven `thing`; a PERSON is of one channel."""
    return f"{SHELVES}{thing}:{channel}"[:64] if thing is Thing.PERSON else f"{SHELVES}{thing}"


def thing_on(channel: str) -> Thing | None:
    """The inverse of `shelf`: None for a real channel."""
    if not channel.startswith(SHELVES):
        return None
    return Thing(channel.removeprefix(SHELVES).partition(":")[0])


def claim(thing: Thing, value: str, proof: Proof, channel: str = "") -> Claim | None:
    """`value` as a claim; None where it is none (a number that does not exist)."""
    normal = normal_form(thing, value)
    return Claim(shelf=shelf(thing, channel), value=normal, proof=proof) if normal else None


def normal_form(thing: Thing, value: str) -> str | None:
    """E.164, a lower-case mail address, or a name as it is; None for what is not usable."""
    value = value.strip()
    if not value or len(value) > VALUE_LIMIT:
        return None
    match thing:
        case Thing.PHONE:
            return _e164(value)
        case Thing.EMAIL:
            return value.lower() if _EMAIL.fullmatch(value) else None
        case _:
            return value


_EMAIL = re.compile(r"[^\s@<>\",;:]+@[^\s@<>\",;:]+\.[^\s@<>\",;:]+")


def _e164(value: str) -> str | None:
    """A number that a platform vouches for is international, with or without its plus."""
    try:
        number = phonenumbers.parse(value if value.startswith("+") else f"+{value}", None)
    except NumberParseException:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None


def claims_of(inbound: Inbound, channel: str, capabilities: Capabilities) -> tuple[Claim, ...]:
    """What this message proves of its sender: nothing, for most."""
    sender = inbound.sender
    found: list[Claim | None] = []
    if sender.person:
        found.append(claim(Thing.PERSON, sender.person, Proof.SENDER, channel))
    if sender.verified and capabilities.address_is:
        found.append(claim(Thing(capabilities.address_is), sender.address, Proof.SENDER))
    if sender.verified and sender.person and capabilities.person_is:
        found.append(claim(Thing(capabilities.person_is), sender.person, Proof.SENDER))
    found += [
        claim(Thing.PHONE, part.phone, Proof.CARD)
        for part in inbound.parts
        if isinstance(part, ContactCard) and part.own
    ]
    return tuple(one for one in found if one is not None)


# --- codes that continue a conversation --------------------------------------------------------

CODE = re.compile(r"go-[A-Za-z0-9_-]{24}")
"""How a continuation's code looks: 144 random bits, fit for Telegram's `start`
(https://core.telegram.org/bots/features#deep-linking: up to 64 of A–Z, a–z, 0–9, _ and -)."""

_AROUND = " \t\r\n`'\"«»<>()."
"""What people, and their messengers, put around a code."""


def code_in(parts: Sequence[Part]) -> str | None:
    """The code that is all there is in a message: as a deep link's payload, or typed."""
    if len(parts) != 1:
        return None
    match parts[0]:
        case Start(payload=str(given)):
            return given if CODE.fullmatch(given) else None
        case Text(text=text) if len(text) < 64:
            typed = text.strip(_AROUND)
            return typed if CODE.fullmatch(typed) else None
        case _:
            return None


# --- two people who are one --------------------------------------------------------------------


class Standing(Value, frozen=True, kw_only=True):
    """One of two contacts: the person, and what is open with them."""

    contact: Contact
    open: Conversation | None = None


_RANK = {State.AGENT: 3, State.QUEUED: 2, State.BOT: 1, State.CLOSED: 0}


def stays(one: Standing, other: Standing, *, prefer: int | None = None) -> tuple[Standing, Standing]:
    """(who stays, who goes into them): whose conversation is furthest; a form half filled in is further than
    none; then `prefer` (a contact's id: where they came from), then the older contact."""

    def furthest(standing: Standing) -> tuple[int, bool, bool, float, int]:
        conversation = standing.open
        return (
            _RANK[conversation.state] if conversation else 0,
            bool(conversation and conversation.form),
            bool(conversation) and standing.contact.id == prefer,
            -standing.contact.created_at.timestamp(),
            -standing.contact.id,
        )

    return (one, other) if furthest(one) > furthest(other) else (other, one)


FIELDS = ("name", "language", "zone", "phone", "email")
"""What is known of a contact, beside the firm's own details."""


class Merged(Value, frozen=True, kw_only=True):
    """What a contact takes over from another: `fields` and `details` it lacked; `differed` is what both had
    and where the other's was not taken."""

    fields: dict[str, str]
    details: dict[str, str]
    differed: dict[str, str]


def merge(kept: Contact, other: Contact) -> Merged:
    """Nothing is overwritten."""
    had = {name: getattr(kept, name) for name in FIELDS}
    theirs = {name: value for name in FIELDS if (value := getattr(other, name))}
    fields = {name: value for name, value in theirs.items() if not had[name]}
    details = {name: value for name, value in other.details.items() if name not in kept.details}
    differed = {name: value for name, value in theirs.items() if had[name] and had[name] != value}
    differed |= {
        f"details.{name}": value for name, value in other.details.items() if kept.details.get(name, value) != value
    }
    return Merged(fields=fields, details=details, differed=differed)


def may_be_one(one: Iterable[Identity], other: Iterable[Identity]) -> bool:
    """Whether two people may be joined without anybody deciding it: two different accounts of the firm's own
    are two people, whatever telephone they share."""
    accounts = shelf(Thing.ACCOUNT)
    theirs = {identity.address for identity in one if identity.channel == accounts}
    others = {identity.address for identity in other if identity.channel == accounts}
    return not (theirs and others) or bool(theirs & others)


# --- another way to reach somebody -------------------------------------------------------------


def ways(
    identities: Iterable[Identity],
    *,
    used: Mapping[str, datetime],
    tried: Iterable[str],
    known: Iterable[str],
    order: Sequence[str],
) -> list[Identity]:
    """Where else a person may be written to, the best first.

    Args:
        used: when the person last wrote in each channel of this conversation.
        tried: channels in which this message was tried already: each is tried once.
        known: channels that are configured.
        order: kinds or names of channels in the order the firm wants; others follow, the last used first.

    Only what is proven, or was used in this conversation, is ever written to.
    """
    out = set(tried)
    configured = set(known)
    fit = [
        identity
        for identity in identities
        if identity.reachable
        and not identity.blocked
        and identity.channel in configured
        and identity.channel not in out
        and (identity.verified or identity.channel in used)
    ]
    place = {name: number for number, name in enumerate(order)}

    def rank(identity: Identity) -> tuple[int, float, int]:
        last = used.get(identity.channel)
        return place.get(identity.channel, len(place)), -last.timestamp() if last else 0.0, -identity.id

    chosen: dict[str, Identity] = {}
    for identity in sorted(fit, key=rank):
        chosen.setdefault(identity.channel, identity)
    return list(chosen.values())
