"""Two contacts found to be one person become one, and can be taken apart again exactly.

The contact whose conversation is furthest stays, and everything of the other goes to it; the other stays
behind empty, as what a later undoing restores. Both people are locked first, in the order of their ids, then
their conversations: so two joins, a join and a turn, or a join and an agent who writes come one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.conversations import Conversation, State
from gateway.errors import NotFound
from gateway.identity import Proof, Standing, merge, stays
from gateway.live import DESK, conversation_topic
from gateway.messages import Value
from gateway.ports import Clock
from gateway.settings import Company
from gateway.speaking import Speaker
from gateway.storage.joins import Carried, Closed, Deed, Joins, Record
from gateway.storage.work import Work
from gateway.texts import Texts

log = structlog.get_logger()


class Joined(Value, frozen=True, kw_only=True):
    """What a join did: `goes_on` is the conversation that is open with the person now, `closed` the one that
    gave way to it."""

    join_id: int
    contact_id: int
    other_id: int
    goes_on: Conversation | None = None
    closed: int | None = None


class Yielding(Protocol):
    """What the handoff room does when a conversation gives way to another of the same person.

    Every method runs in the caller's transaction, which holds both conversations' locks.
    """

    async def gave_way(self, work: Work, conversation_id: int, to: int) -> None:
        """`conversation_id` is closed, and the person goes on in `to`: end its handoff, take its drafts along."""
        ...

    async def came_back(self, work: Work, conversation: Conversation) -> None:
        """It was undone: `conversation` is as it was before, and so is its handoff to be."""
        ...


class Joining:
    """Joins, in the caller's transaction."""

    def __init__(self, speaker: Speaker, yielding: Yielding, texts: Texts, company: Company, clock: Clock) -> None:
        self._speaker = speaker
        self._yielding = yielding
        self._say = texts.translator(company.language).gettext
        self._clock = clock

    # --- joining -----------------------------------------------------------------------------

    async def join(
        self,
        work: Work,
        one_id: int,
        other_id: int,
        *,
        proof: Proof,
        agent_id: int | None = None,
        reason: str = "",
        prefer: int | None = None,
    ) -> Joined | None:
        """Make the two contacts one; None where they are one already.

        `prefer` is the contact whose conversation stays where both are equally far. Raises NotFound.
        """
        joins = Joins(work.connection)
        one, other = await self._lock(work, joins, one_id, other_id)
        if one.contact.id == other.contact.id:
            return None
        kept, leaving = stays(one, other, prefer=prefer)
        closed, carried = await self.give_way(work, kept.open, leaving.open)
        merged = merge(kept.contact, leaving.contact)
        record = Record(
            moved=await joins.move_all(leaving.contact.id, kept.contact.id),
            fields=merged.fields,
            details=merged.details,
            differed=merged.differed,
            answers={talk.id: talk.identity_id for talk in (kept.open, leaving.open) if talk},
            closed=closed,
            carried=carried,
        )
        if merged.fields or merged.details:
            details = {"details": kept.contact.details | merged.details} if merged.details else {}
            work.contacts.update(kept.contact.id, **merged.fields, **details)
        join_id = await joins.add(
            deed=Deed.JOIN,
            kept_id=kept.contact.id,
            other_id=leaving.contact.id,
            proof=proof,
            record=record,
            agent_id=agent_id,
            reason=reason,
            now=self._clock(),
        )
        goes_on = kept.open
        await self._remark_join(work, goes_on, leaving.open if closed else None, proof, agent_id, reason)
        forget(work, kept.contact.id, leaving.contact.id)
        announce(work, kept.contact.id, goes_on.id if goes_on else None, closed.id if closed else None)
        log.info("people_joined", join=join_id, contact=kept.contact.id, other=leaving.contact.id, proof=proof)
        return Joined(
            join_id=join_id,
            contact_id=kept.contact.id,
            other_id=leaving.contact.id,
            goes_on=await work.conversations.open_of(kept.contact.id),
            closed=closed.id if closed else None,
        )

    async def _lock(self, work: Work, joins: Joins, one_id: int, other_id: int) -> tuple[Standing, Standing]:
        """Both people as they are now, with what is open with them; they may have gone into others meanwhile."""
        for _ in range(4):
            one_id, other_id = await joins.went_into(one_id), await joins.went_into(other_id)
            people = await work.contacts.lock({one_id, other_id})
            if {one_id, other_id} - people.keys():
                raise NotFound("contact")
            work.conversations.forget(people)
            if one_id == await joins.went_into(one_id) and other_id == await joins.went_into(other_id):
                break
        standing = {
            contact_id: Standing(contact=contact, open=await work.conversations.open_of(contact_id))
            for contact_id, contact in sorted(people.items())
        }
        return standing[one_id], standing[other_id]

    async def give_way(
        self, work: Work, kept: Conversation | None, leaving: Conversation | None
    ) -> tuple[Closed | None, Carried | None]:
        """Close `leaving` where both are open; its form goes on in `kept` where that has none and the bot may
        still ask. Returns how it was, and who took over the form."""
        if kept is None or leaving is None:
            return None, None
        now = self._clock()
        await self._yielding.gave_way(work, leaving.id, kept.id)
        closed = Closed(
            id=leaving.id,
            state=leaving.state,
            closed_at=now,
            agent_id=leaving.agent_id,
            form=leaving.form,
            offers=leaving.offers,
            misses=leaving.misses,
        )
        work.conversations.change(leaving.id, state=State.CLOSED, agent_id=None, form=None, closed_at=now)
        work.announce(conversation_topic(leaving.id), "state")
        if leaving.form is None or kept.form is not None or kept.state is State.AGENT:
            return closed, None
        work.conversations.change(kept.id, form=leaving.form, offers=leaving.offers)
        return closed, Carried(id=kept.id, offers=kept.offers)

    async def _remark_join(
        self,
        work: Work,
        goes_on: Conversation | None,
        closed: Conversation | None,
        proof: Proof,
        agent_id: int | None,
        reason: str,
    ) -> None:
        """Tell colleagues, in both conversations, what became of them."""
        known = proof_words(proof, self._say)
        if reason:
            known = f"{known} ({reason})"
        if goes_on is not None and closed is not None:
            words = self._say("The same person as in conversation #{number}, which goes on here. {known}.")
            await self._speaker.note(work, goes_on, agent_id, words.format(number=closed.id, known=known))
            words = self._say("The same person as in conversation #{number}, where it goes on. {known}.")
            await self._speaker.note(work, closed, agent_id, words.format(number=goes_on.id, known=known))
        elif goes_on is not None:
            words = self._say("Another place of this person is known now. {known}.")
            await self._speaker.note(work, goes_on, agent_id, words.format(known=known))


def forget(work: Work, *contact_ids: int) -> None:
    """Read these people and their conversations anew: what is theirs changed."""
    work.contacts.forget(contact_ids)
    work.conversations.forget(contact_ids)


def announce(work: Work, contact_id: int, *conversation_ids: int | None) -> None:
    """Tell open screens that somebody is now another, or several, and what became of these conversations."""
    told = [one for one in conversation_ids if one is not None]
    work.announce(DESK, "joined", contact=contact_id, conversation=told[0] if told else None)
    for conversation_id in told:
        work.announce(conversation_topic(conversation_id), "joined", contact=contact_id)


def proof_words(proof: Proof, say: Callable[[str], str]) -> str:
    """How a proof is called in a note or a log, in the language of `say`."""
    _ = say
    match proof:
        case Proof.LINK:
            return _("Known by a link they opened")
        case Proof.CARD:
            return _("Known by their own contact, which they shared")
        case Proof.CODE:
            return _("Known by a code they typed back")
        case Proof.TOKEN:
            return _("Known by signing in on your site")
        case Proof.SENDER:
            return _("Known by the sender's address, which is proven")
        case Proof.AGENT:
            return _("An agent decided it")
