"""Codes sent to an address that a customer names, and typed back: what makes it theirs.

Six digits, ten minutes, five tries. The code is in no row: it is made from the row's nonce under a key derived
from the gateway's secret, so that who reads the database knows none. An address is never said to be known or not.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

import structlog

from gateway.channels import Channel, Send
from gateway.errors import SendError, StorageUnavailable
from gateway.identity import Claim, Proof, Thing, claim
from gateway.messages import Author, Text
from gateway.ports import Clock
from gateway.processes.wakeups import Wakeups, wait_for
from gateway.storage.engine import Database
from gateway.storage.proof_codes import CodeState, ProofCode, ProofCodes
from gateway.storage.work import Work
from gateway.texts import Texts, Translator

log = structlog.get_logger()

CODES = "work:codes"
LIFETIME = timedelta(minutes=10)
TRIES = 5
DIGITS = 6
WINDOW = timedelta(hours=1)
PER_PLACE = 5
PER_ADDRESS = 5
"""Codes in a `WINDOW`: for one who asks, and for one address whoever asks."""
LOOK_SECONDS = 5.0


class Carrier(Protocol):
    """What carries a code to an address: a mailbox, an SMS service."""

    @property
    def thing(self) -> Thing:
        """What kind of address it reaches."""
        ...

    async def carry(self, address: str, words: str, key: str) -> None:
        """Send `words` there once. Raises SendError subclasses only."""
        ...


class ChannelCarrier:
    """A channel whose addresses are mail addresses or telephone numbers."""

    def __init__(self, channel: Channel, thing: Thing) -> None:
        self._channel = channel
        self.thing = thing

    async def carry(self, address: str, words: str, key: str) -> None:
        """See `Carrier`."""
        await self._channel.send(Send(address=address, part=Text(text=words), key=key, author=Author.SYSTEM))


def carriers_of(channels: Mapping[str, Channel], wanted: str) -> list[Carrier]:
    """The channels that can carry codes, one for each kind of address; the one that the settings name goes first."""
    found: dict[Thing, Carrier] = {}
    for name, channel in sorted(channels.items(), key=lambda one: one[0] != wanted):
        reached = channel.capabilities.address_is
        if reached:
            thing = Thing(reached)
            found.setdefault(thing, ChannelCarrier(channels[name], thing))
    return list(found.values())


class Tried(StrEnum):
    """What came of a code that was typed."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"
    """Too many tries, or too late: a new one must be asked for."""


class Codes:
    """Asks for codes and checks them, in the caller's transaction."""

    def __init__(self, carriers: Iterable[Carrier], secret: str, clock: Clock) -> None:
        self._carriers = {carrier.thing: carrier for carrier in carriers}
        self._key = hmac.digest(secret.encode(), b"frontdesk proof code", hashlib.sha256)
        self._clock = clock

    @property
    def things(self) -> list[Thing]:
        """What kinds of addresses can be proven here."""
        return list(self._carriers)

    async def ask(self, work: Work, identity_id: int, thing: Thing, value: str, language: str) -> bool:
        """Have a code sent to `value`, in its normal form; False where there were too many lately."""
        now = self._clock()
        table = _table(work)
        mine, theirs = await table.made_since(now - WINDOW, identity_id=identity_id, kind=thing, value=value)
        if mine >= PER_PLACE or theirs >= PER_ADDRESS:
            log.warning("codes_throttled", identity=identity_id)
            return False
        code_id = await table.add(
            identity_id=identity_id,
            kind=thing,
            value=value,
            nonce=secrets.token_hex(16),
            language=language,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        work.announce(CODES, "waiting")
        log.info("code_asked", code=code_id, identity=identity_id)
        return True

    async def check(self, work: Work, identity_id: int, typed: str) -> tuple[Tried, Claim | None]:
        """Whether `typed` is the code, and then what it proves."""
        table = _table(work)
        code = await table.current(identity_id, self._clock())
        if code is None:
            return Tried.OVER, None
        if hmac.compare_digest(self.digits(code), typed):
            await table.change(code.id, state=CodeState.USED)
            return Tried.RIGHT, claim(Thing(code.kind), code.value, Proof.CODE)
        tries = code.tries + 1
        over = tries >= TRIES
        await table.change(code.id, tries=tries, **({"state": CodeState.FAILED} if over else {}))
        return (Tried.OVER if over else Tried.WRONG), None

    def digits(self, code: ProofCode) -> str:
        """The code itself."""
        made = int.from_bytes(hmac.digest(self._key, f"{code.id}:{code.nonce}".encode(), hashlib.sha256)[:8])
        return f"{made % 10**DIGITS:0{DIGITS}}"

    def carrier(self, code: ProofCode) -> Carrier | None:
        """What carries this code."""
        return self._carriers.get(Thing(code.kind))


class CodeSender:
    """Sends codes that wait; outside of any transaction, for a mail server takes its time."""

    def __init__(self, database: Database, codes: Codes, texts: Texts, wakeups: Wakeups) -> None:
        self._database = database
        self._codes = codes
        self._texts = texts
        self._wakeups = wakeups
        self._bell = wakeups.bell(CODES)

    async def run(self) -> None:
        """Send until told to stop."""
        while not self._wakeups.stopping:
            try:
                sent = await self.send_waiting()
            except StorageUnavailable as error:
                log.warning("codes_wait", reason=str(error))
                sent = 0
            if not sent:
                await wait_for(self._bell, LOOK_SECONDS)

    async def send_waiting(self) -> int:
        """Send what waits now; returns how many were tried."""
        count = 0
        while code := await self._take():
            count += 1
            state = await self._send(code)
            async with self._database.write() as work:
                await _table(work).change(code.id, state=state)
        return count

    async def _take(self) -> ProofCode | None:
        # A look without the write lock first: most of the time there is nothing to send.
        async with self._database.read() as view:
            if not await _table(view).any_waiting():
                return None
        async with self._database.write() as work:
            return await _table(work).take_waiting()

    async def _send(self, code: ProofCode) -> CodeState:
        carrier = self._codes.carrier(code)
        if carrier is None:
            return CodeState.FAILED
        words = _letter(self._texts.translator(code.language), self._codes.digits(code))
        try:
            await carrier.carry(code.value, words, f"code.{code.id}")
        except SendError as error:
            # It is not tried again: the customer asks for another where none comes.
            log.warning("code_not_sent", code=code.id, reason=error.reason)
            return CodeState.FAILED
        log.info("code_sent", code=code.id)
        return CodeState.SENT


def _letter(texts: Translator, digits: str) -> str:
    return texts.gettext(
        "Your code is {code}. Type it in the chat where you asked for it; it works for ten minutes. "
        "If you did not ask for it, simply ignore this message and give the code to nobody."
    ).format(code=digits)


def masked(thing: Thing, value: str) -> str:
    """An address so that its owner knows it and nobody else learns it."""
    if thing is Thing.EMAIL:
        name, _, host = value.partition("@")
        return f"{name[:1]}…@{host}"
    return f"{value[:4]}…{value[-2:]}"


def _table(work: Work) -> ProofCodes:
    return ProofCodes(work.connection, lock_rows=not work.is_sqlite)
