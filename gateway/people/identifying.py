"""The firm's own site says, in a signed token, who the visitor of its web chat is."""

from __future__ import annotations

import structlog

from gateway.errors import Conflict, RequestRefused
from gateway.identity import Proof
from gateway.live import address_topic
from gateway.people.proving import Proving, somebody_else
from gateway.people.signed import Signed, SignedTokens
from gateway.ports import Clock
from gateway.settings import LANGUAGES
from gateway.storage.continuations import Continuations
from gateway.storage.crosswise import again
from gateway.storage.engine import Database
from gateway.storage.work import Work

log = structlog.get_logger()


class Identifying:
    """Takes tokens for places to write from."""

    def __init__(self, database: Database, tokens: SignedTokens, proving: Proving, clock: Clock) -> None:
        self._database = database
        self._tokens = tokens
        self._proving = proving
        self._clock = clock

    @property
    def taken(self) -> bool:
        """Whether tokens are taken here at all."""
        return self._tokens.taken

    async def identify(self, channel: str, address: str, token: str) -> None:
        """Whoever writes from `address` is the customer that `token` names.

        Doing it again changes nothing. Raises RequestRefused (401) for a token that is not good or that
        somebody else has used, Conflict where another customer has written from there: they must not be mixed up.
        """
        signed = self._tokens.read(token)
        await again(lambda: self._identify(channel, address, signed))

    async def _identify(self, channel: str, address: str, signed: Signed) -> None:
        async with self._database.write() as work:
            identity = await work.contacts.meet(channel, address, self._clock())
            await work.contacts.hold(await work.contacts.lock([identity.contact_id]))
            identity = await work.contacts.identity(identity.id)
            known = work.contacts.known_of(identity.contact_id) or set()
            if somebody_else(known, signed.claims[0]):
                raise Conflict("another customer has written from here; begin a new conversation for this one")
            if not await Continuations(work.connection).claim(
                signed.digest, identity.id, self._clock(), signed.expires_at
            ):
                raise RequestRefused(401, "the token is not good: it was used for somebody else's chat")
            if not identity.verified:
                work.contacts.update_identity(identity.id, verified=True, proof=Proof.TOKEN, proven_at=self._clock())
            joined = await self._proving.prove(work, identity.contact_id, signed.claims)
            await self._name(work, joined.contact_id if joined else identity.contact_id, signed)
            if joined:
                work.announce(address_topic(channel, address), "message")
        log.info("visitor_identified", channel=channel, identity=identity.id)

    async def _name(self, work: Work, contact_id: int, signed: Signed) -> None:
        contact = await work.contacts.get(contact_id)
        news: dict[str, str] = {}
        if signed.name and not contact.name:
            news["name"] = signed.name
        language = (signed.language or "")[:2].lower()
        if language in LANGUAGES and contact.language is None:
            news["language"] = language
        if news:
            work.contacts.update(contact_id, **news)
