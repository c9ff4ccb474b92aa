"""Taking people apart again: a part of somebody that was another person all along, and a join that was wrong.

An undoing gives back what was, as far as nobody has changed it since. Locks are those of `joining`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import structlog

from gateway.contacts import Contact, Identity
from gateway.errors import Conflict, NotFound
from gateway.identity import Proof, Standing, stays
from gateway.live import conversation_topic
from gateway.people.joining import Joining, Yielding, announce, forget
from gateway.ports import Clock
from gateway.settings import Company
from gateway.speaking import Speaker
from gateway.storage.joins import Deed, Join, Joins, Record
from gateway.storage.work import Work
from gateway.texts import Texts

log = structlog.get_logger()


class Why(StrEnum):
    """Why two people cannot be parted now."""

    NOTHING_LEFT = "a split needs a place to write to on both sides"
    LATER_FIRST = "undo what was done later first"
    UNDONE = "it is undone already"


class Refused(Conflict):
    """The two cannot be parted now; `why` is for whoever words it."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Parting:
    """Splits and undoes, in the caller's transaction."""

    def __init__(
        self, joining: Joining, speaker: Speaker, yielding: Yielding, texts: Texts, company: Company, clock: Clock
    ) -> None:
        self._joining = joining
        self._speaker = speaker
        self._yielding = yielding
        self._say = texts.translator(company.language).gettext
        self._clock = clock

    # --- splitting ---------------------------------------------------------------------------

    async def split(
        self, work: Work, contact_id: int, identity_ids: Iterable[int], *, agent_id: int, reason: str
    ) -> Contact:
        """Make these identities, with the conversations that are answered there, another person's.

        Raises Refused where none or all of the places to write to would go, NotFound for no such contact.
        """
        joins = Joins(work.connection)
        contact_id = await joins.went_into(contact_id)
        if contact_id not in await work.contacts.lock([contact_id]):
            raise NotFound(f"contact {contact_id}")
        identities = await work.contacts.identities(contact_id)
        leaving = [one for one in identities if one.id in set(identity_ids)]
        if not any(one.reachable for one in leaving) or not any(
            one.reachable for one in identities if one not in leaving
        ):
            raise Refused(Why.NOTHING_LEFT)
        contact = await work.contacts.get(contact_id)
        now = self._clock()
        made = await work.contacts.add(now, name=_name_of(leaving), language=contact.language)
        chosen = [one.id for one in leaving]
        moved = await joins.move_of_identities(chosen, contact_id, made.id)
        await joins.add(
            deed=Deed.SPLIT,
            kept_id=contact_id,
            other_id=made.id,
            proof=Proof.AGENT,
            record=Record(moved=moved),
            agent_id=agent_id,
            reason=reason,
            now=now,
        )
        forget(work, contact_id, made.id)
        words = self._say("Taken apart from another person's conversations: {reason}").format(reason=reason)
        for side in (contact_id, made.id):
            talk = await work.conversations.open_of(side)
            if talk is not None:
                await self._speaker.note(work, talk, agent_id, words)
                work.announce(conversation_topic(talk.id), "state")
        announce(work, contact_id, None, None)
        log.info("people_split", contact=contact_id, other=made.id, agent=agent_id)
        return made

    # --- undoing -----------------------------------------------------------------------------

    async def undo(self, work: Work, join_id: int, *, agent_id: int) -> Join:
        """Take back a join or a split. Raises NotFound, Refused where it was undone already or something later
        builds on it."""
        joins = Joins(work.connection)
        entry = await joins.get(join_id)
        await work.contacts.lock([entry.kept_id, entry.other_id])
        work.conversations.forget([entry.kept_id, entry.other_id])
        if await joins.later(entry):
            raise Refused(Why.LATER_FIRST)
        if not await joins.undo(join_id, agent_id, self._clock()):
            raise Refused(Why.UNDONE)
        if entry.deed is Deed.SPLIT:
            await self._rejoin(work, joins, entry)
        else:
            await self._part(work, joins, entry)
        log.info("join_undone", join=join_id, deed=entry.deed, agent=agent_id)
        return entry

    async def _rejoin(self, work: Work, joins: Joins, entry: Join) -> None:
        """Everything of who was split off comes back; of two open conversations the furthest goes on."""
        standing = {
            number: Standing(contact=await work.contacts.get(number), open=await work.conversations.open_of(number))
            for number in sorted((entry.kept_id, entry.other_id))
        }
        first, second = stays(standing[entry.kept_id], standing[entry.other_id], prefer=entry.kept_id)
        await self._joining.give_way(work, first.open, second.open)
        await joins.move_all(entry.other_id, entry.kept_id)
        forget(work, entry.kept_id, entry.other_id)
        talk = await work.conversations.open_of(entry.kept_id)
        announce(work, entry.kept_id, talk.id if talk else None, None)

    async def _part(self, work: Work, joins: Joins, entry: Join) -> None:
        record, kept_id, other_id = entry.record, entry.kept_id, entry.other_id
        moved = record.moved
        theirs = moved.get("identities", [])
        began = await joins.opened_since(kept_id, theirs, entry.created_at)
        talks = sorted({*moved.get("conversations", []), *began})
        await joins.move_back(moved | {"conversations": talks}, kept_id, other_id)
        await joins.move_of_conversations(talks, kept_id, other_id)
        forget(work, kept_id, other_id)
        await self._answer_as_before(work, record, kept_id, other_id)
        await self._take_back_fields(work, record, kept_id)
        await self._reopen(work, record)
        words = self._say("No longer joined with another person's conversations: the two are different people.")
        for side in (kept_id, other_id):
            talk = await work.conversations.open_of(side)
            if talk is not None:
                await self._speaker.note(work, talk, entry.undone_by, words)
                work.announce(conversation_topic(talk.id), "state")
        announce(work, kept_id, None, None)

    async def _answer_as_before(self, work: Work, record: Record, *sides: int) -> None:
        """A conversation that is answered at the other one's place now goes back to its own."""
        for side in sides:
            talk = await work.conversations.open_of(side)
            if talk is None:
                continue
            own = {one.id: one for one in await work.contacts.identities(side) if one.reachable}
            if talk.identity_id in own:
                continue
            before = own.get(record.answers.get(talk.id, 0)) or next(iter(own.values()), None)
            if before is not None:
                work.conversations.answer_at(talk, before)

    async def _take_back_fields(self, work: Work, record: Record, contact_id: int) -> None:
        """What was taken over and not changed since goes."""
        contact = await work.contacts.get(contact_id)
        changes: dict[str, object] = {
            name: None for name, value in record.fields.items() if getattr(contact, name) == value
        }
        kept = {name: value for name, value in contact.details.items() if record.details.get(name) != value}
        if kept != contact.details:
            changes["details"] = kept
        if changes:
            work.contacts.update(contact_id, **changes)

    async def _reopen(self, work: Work, record: Record) -> None:
        """The conversation that gave way goes on as it was, unless another one is open by now."""
        closed = record.closed
        if closed is None:
            return
        talk = await work.conversations.lock(closed.id)
        if talk.closed_at != closed.closed_at or await work.conversations.open_of(talk.contact_id) is not None:
            return
        if record.carried is not None:
            carrier = await work.conversations.lock(record.carried.id)
            if carrier.form is not None and closed.form is not None and carrier.form.name == closed.form.name:
                work.conversations.change(carrier.id, form=None, offers=record.carried.offers)
        work.conversations.change(
            talk.id,
            state=closed.state,
            agent_id=closed.agent_id,
            form=closed.form,
            offers=closed.offers,
            misses=closed.misses,
            closed_at=None,
        )
        work.conversations.forget([talk.contact_id])
        await self._yielding.came_back(work, await work.conversations.lock(talk.id))


def _name_of(identities: Iterable[Identity]) -> str | None:
    return next((one.name for one in identities if one.name), None)
