"""Proving who somebody is: a proven thing becomes theirs, or shows that two contacts are one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from gateway.channels import Channel
from gateway.identity import Claim, Thing, may_be_one, thing_on
from gateway.people.joining import Joined, Joining
from gateway.ports import Clock
from gateway.storage.joins import Joins
from gateway.storage.work import Work

log = structlog.get_logger()


class Proving:
    """Takes claims that are proven already; who calls it has checked the proof."""

    def __init__(self, channels: Mapping[str, Channel], joining: Joining, clock: Clock) -> None:
        self._channels = channels
        self._joining = joining
        self._clock = clock

    async def prove(
        self, work: Work, contact_id: int, claims: Sequence[Claim], *, prefer: int | None = None
    ) -> Joined | None:
        """Note that the contact has proven `claims`; where another has one of them, the two are joined.

        Returns the last join there was; its `contact_id` is then who they are. What is known already costs
        nothing for a person who is held (`Contacts.hold`).
        """
        last: Joined | None = None
        for claim in claims:
            known = await self._known(work, contact_id)
            if claim.key in known:
                continue
            if somebody_else(known, claim):
                # Two people write from one place (a thread): the place is the first one's.
                log.info("not_proven", contact=contact_id, proof=claim.proof, reason="another's place")
                continue
            for joined in (
                await self._prove_one(work, contact_id, claim, prefer),
                *await self._take_places(work, contact_id, claim, prefer),
            ):
                if joined is not None:
                    contact_id, last = joined.contact_id, joined
        return last

    async def _known(self, work: Work, contact_id: int) -> set[tuple[str, str]]:
        known = work.contacts.known_of(contact_id)
        if known is None:
            known = {(one.channel, one.address) for one in await work.contacts.identities(contact_id)}
        return known

    async def _take_places(self, work: Work, contact_id: int, claim: Claim, prefer: int | None) -> list[Joined | None]:
        """Who has proven an address has what was written from there: an answer goes to them anyway."""
        thing = thing_on(claim.shelf)
        keys = [
            (name, claim.value) for name, channel in self._channels.items() if channel.capabilities.address_is == thing
        ]
        done: list[Joined | None] = []
        for identity in (await work.contacts.find(keys)).values() if keys else ():
            contact_id = await Joins(work.connection).went_into(contact_id)
            if identity.contact_id != contact_id:
                joined = await self._join(work, contact_id, identity.contact_id, claim, prefer)
                if joined is None:
                    continue
                contact_id = joined.contact_id
                done.append(joined)
            if not identity.verified:
                now = self._clock()
                work.contacts.update_identity(identity.id, verified=True, proof=claim.proof, proven_at=now)
        return done

    async def _prove_one(self, work: Work, contact_id: int, claim: Claim, prefer: int | None) -> Joined | None:
        kept = await work.contacts.keep_proof(contact_id, claim.key, claim.proof, self._clock())
        joined = None
        if kept.contact_id != contact_id:
            joined = await self._join(work, contact_id, kept.contact_id, claim, prefer)
            if joined is None:
                return None
            contact_id = joined.contact_id
        else:
            log.info("identity_proven", contact=contact_id, identity=kept.id, proof=claim.proof)
        await self._fill_in(work, contact_id, claim)
        return joined

    async def _join(
        self, work: Work, contact_id: int, other_id: int, claim: Claim, prefer: int | None
    ) -> Joined | None:
        """None where they may not be one: two accounts, or an agent keeps them apart."""
        one, other = await work.contacts.identities(contact_id), await work.contacts.identities(other_id)
        if not may_be_one(one, other):
            log.warning("people_not_joined", contact=contact_id, other=other_id, reason="two accounts")
            return None
        if await Joins(work.connection).kept_apart(contact_id, other_id):
            log.info("people_not_joined", contact=contact_id, other=other_id, reason="kept apart by an agent")
            return None
        return await self._joining.join(work, contact_id, other_id, proof=claim.proof, prefer=prefer)

    async def _fill_in(self, work: Work, contact_id: int, claim: Claim) -> None:
        """A proven number or mail address is how they are called from now on where none was known."""
        thing = thing_on(claim.shelf)
        if thing not in (Thing.PHONE, Thing.EMAIL):
            return
        contact = await work.contacts.get(contact_id)
        if getattr(contact, thing) is None:
            work.contacts.update(contact_id, **{thing: claim.value})


def somebody_else(known: set[tuple[str, str]], claim: Claim) -> bool:
    """Whether `claim` names an account, or a platform's person, and another one is `known` to be theirs: nobody has
    two on one shelf."""
    return thing_on(claim.shelf) in (Thing.ACCOUNT, Thing.PERSON) and any(
        channel == claim.shelf and value != claim.value for channel, value in known
    )
