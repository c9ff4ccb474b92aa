"""What the desk's screens read: the lists, a transcript, and all that is known beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from gateway.channels import Channel
from gateway.contacts import Contact
from gateway.conversations import Conversation, State
from gateway.dialogue import Listen
from gateway.messages import Message
from gateway.ports import Clock, Entity, Tried, Understanding
from gateway.staff import Role, Staff
from gateway.storage.joined import Transactions
from gateway.storage.work import Work
from handoff.agents import online
from handoff.callbacks import CallbackRequest
from handoff.canned import Canned, Filled, fill
from handoff.canned import search as search_canned
from handoff.desk_people import log_of
from handoff.desk_rows import (
    Call,
    Colleague,
    CustomerContext,
    Earlier,
    Filter,
    InboxRow,
    Line,
    Transcript,
    in_tab_order,
    kind_of,
    preview,
    waits_since,
)
from handoff.handoffs import Handoff, HandoffState
from handoff.queue import in_order
from handoff.routing import Needs, candidates
from handoff.storage.agents import AgentTable, Draft
from handoff.storage.callbacks import CallbackTable
from handoff.storage.canned import CannedTable
from handoff.storage.desk import Counts, DeskQueries, Listed, Unread
from handoff.storage.handoffs import HandoffTable

TURNS = 50
"""How many of the newest turns an agent is told of."""

LISTENED = Listen.__name__.lower()
"""What a turn did while an agent had the conversation: nothing but remember what was named."""


class DeskViews:
    """Reads for the desk; each is one snapshot."""

    def __init__(self, database: Transactions, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock

    # --- lists -------------------------------------------------------------------------------

    async def inbox(
        self, agent: Staff, show: Filter, search: str = "", limit: int = 500, *, earliest: datetime | None = None
    ) -> list[InboxRow]:
        """The rows of a tab: mine with unread first, the queue in its order, the rest newest first.

        Of what is closed the words are looked for in what changed at `earliest` or later (see `reach`).
        """
        async with self._database.read() as work:
            listed = await self._listed(DeskQueries(work), agent, show, search, limit, earliest)
            rows = await self._rows(work, agent, listed)
        return in_tab_order(rows, show)

    async def reach(self, closed: int) -> datetime | None:
        """Back to when the newest `closed` closed conversations reach; None where there are no more of them."""
        async with self._database.read() as work:
            return await DeskQueries(work).reach(closed)

    async def row(self, agent: Staff, conversation_id: int) -> InboxRow | None:
        """One conversation as a row; None where it does not exist."""
        async with self._database.read() as work:
            listed = await DeskQueries(work).one(conversation_id)
            rows = await self._rows(work, agent, listed)
        return rows[0] if rows else None

    async def counts(self, agent: Staff) -> Counts:
        """The figures on the tabs."""
        async with self._database.read() as work:
            return await DeskQueries(work).counts(agent.id)

    async def calls(self, limit: int = 500) -> list[Call]:
        """Calls still to be made, soonest first."""
        async with self._database.read() as work:
            return await _calls(work, await CallbackTable(work).active(limit))

    async def call(self, callback_id: int) -> Call:
        """One call, over or not. Raises NotFound."""
        async with self._database.read() as work:
            [call] = await _calls(work, [await CallbackTable(work).get(callback_id)])
        return call

    # --- one conversation --------------------------------------------------------------------

    async def transcript(self, conversation_id: int, before_seq: int | None = None, limit: int = 50) -> Transcript:
        """The last `limit` messages before `before_seq` (None: the newest), notes included."""
        async with self._database.read() as work:
            messages = await work.messages.before(conversation_id, before_seq, limit + 1)
            return await self._transcript(work, messages[-limit:], more=len(messages) > limit)

    async def since(self, conversation_id: int, after_seq: int, limit: int = 200) -> Transcript:
        """Messages after `after_seq`, for a screen that is told something came; `more` where there
        are further ones after these."""
        async with self._database.read() as work:
            messages = await work.messages.after(conversation_id, after_seq, limit + 1)
            return await self._transcript(work, messages[:limit], more=len(messages) > limit)

    async def context(self, conversation_id: int) -> CustomerContext:
        """Person, handoff, history and calls. Raises NotFound."""
        async with self._database.read() as work:
            conversation = await work.conversations.get(conversation_id)
            contact_id = conversation.contact_id
            handoffs = HandoffTable(work)
            names = await DeskQueries(work).staff_names([conversation.agent_id] if conversation.agent_id else [])
            turns = await work.turns.of(conversation_id, limit=TURNS)
            return CustomerContext(
                conversation=conversation,
                channel_kind=self._kind(conversation.channel),
                contact=await work.contacts.get(contact_id),
                identities=tuple(await work.contacts.identities(contact_id)),
                handoff=await handoffs.latest(conversation_id),
                tried=tuple(tried for tried, _ in turns if tried.did != LISTENED),
                entities=_named(turns),
                earlier=await _earlier(work, conversation),
                joins=await log_of(work, contact_id),
                calls=tuple(await _calls(work, await CallbackTable(work).of_contact(contact_id))),
                rating=(await handoffs.ratings([conversation_id])).get(conversation_id),
                assignee=names.get(conversation.agent_id) if conversation.agent_id else None,
            )

    async def draft(self, conversation_id: int, agent: Staff) -> Draft:
        """What the agent was writing here; empty for nothing."""
        async with self._database.read() as work:
            return await AgentTable(work).draft(conversation_id, agent.id)

    async def canned(self, conversation_id: int, agent: Staff, search: str, company: str) -> list[Filled]:
        """Canned texts in the customer's language, filled with this conversation's data."""
        async with self._database.read() as work:
            conversation = await work.conversations.get(conversation_id)
            contact = await work.contacts.get(conversation.contact_id)
            entities = _named(await work.turns.of(conversation_id, limit=TURNS))
            texts = await CannedTable(work).all()
        language = conversation.language or contact.language
        variables = _variables(contact, agent, entities, company)
        return [fill(one, language, variables) for one in search_canned(texts, search, language)]

    async def all_canned(self) -> list[Canned]:
        """Every canned text, the most used first."""
        async with self._database.read() as work:
            return await CannedTable(work).all()

    async def colleagues(self, conversation_id: int, agent: Staff) -> list[Colleague]:
        """Whom the conversation can be transferred to, the fittest first."""
        async with self._database.read() as work:
            conversation = await work.conversations.get(conversation_id)
            staff = [person for person in await work.staff.all() if person.id != agent.id and person.may(Role.AGENT)]
            present = await online(work, self._clock())
            loads = await AgentTable(work).loads([person.id for person in staff])
        fitting = candidates(staff, Needs(language=conversation.language), present, loads)
        others = [person for person in staff if person not in fitting]
        return [
            Colleague(staff=person, online=person.id in present, load=loads.get(person.id, 0))
            for person in [*fitting, *others]
        ]

    # --- pieces ------------------------------------------------------------------------------

    async def _listed(
        self, queries: DeskQueries, agent: Staff, show: Filter, search: str, limit: int, earliest: datetime | None
    ) -> Sequence[Listed]:
        match show:
            case Filter.MINE:
                return await queries.mine(agent.id, search, limit)
            case Filter.QUEUE:
                return await queries.queued(search, limit)
            case Filter.ALL:
                return await queries.open(search, limit)
            case Filter.CALLBACKS:
                return await queries.with_calls(search, limit)
            case Filter.CLOSED:
                return await queries.closed(search, limit, earliest=earliest)

    async def _rows(self, work: Work, agent: Staff, listed: Sequence[Listed]) -> list[InboxRow]:
        ids = [one.conversation.id for one in listed]
        live = [one.conversation.id for one in listed if one.conversation.state in (State.QUEUED, State.AGENT)]
        last = await work.messages.last_of(ids)
        handoffs = HandoffTable(work)
        moved = await handoffs.of_conversations(ids)
        order = [one.conversation_id for one in in_order(await handoffs.waiting())]
        places = {conversation_id: place for place, conversation_id in enumerate(order, start=1)}
        unread = await DeskQueries(work).unread(live, agent.id)
        calls = await CallbackTable(work).active_in(ids)
        return [
            self._row(
                one,
                last.get(one.conversation.id),
                moved.get(one.conversation.id),
                unread.get(one.conversation.id, Unread()),
                places.get(one.conversation.id),
                calls.get(one.conversation.id),
            )
            for one in listed
        ]

    def _row(
        self,
        listed: Listed,
        last: Message | None,
        handoff: Handoff | None,
        unread: Unread,
        place: int | None,
        callback: CallbackRequest | None,
    ) -> InboxRow:
        conversation = listed.conversation
        queued = conversation.state is State.QUEUED
        return InboxRow(
            id=conversation.id,
            contact_id=conversation.contact_id,
            name=listed.contact_name or listed.identity_name,
            channel=conversation.channel,
            channel_kind=self._kind(conversation.channel),
            state=conversation.state,
            language=conversation.language,
            updated_at=conversation.updated_at,
            preview=preview(last.parts) if last else "",
            preview_kind=kind_of(last.parts) if last else "text",
            preview_author=last.author if last else None,
            unread=unread.count,
            waiting_since=handoff.since if queued and handoff else waits_since(unread.since, handoff),
            place=place,
            anger=handoff.anger if handoff and handoff.state is not HandoffState.CLOSED else 0.0,
            handoff=handoff,
            assignee_id=conversation.agent_id,
            assignee=listed.agent_name,
            callback=callback,
            closed_at=conversation.closed_at,
            rating=conversation.rating,
        )

    async def _transcript(self, work: Work, messages: Sequence[Message], *, more: bool) -> Transcript:
        deliveries = await work.deliveries.of_messages([message.id for message in messages])
        names = await DeskQueries(work).staff_names([m.agent_id for m in messages if m.agent_id is not None])
        return Transcript(
            lines=tuple(
                Line(
                    message=message,
                    deliveries=tuple(deliveries.get(message.id, ())),
                    agent=names.get(message.agent_id) if message.agent_id is not None else None,
                )
                for message in messages
            ),
            more=more,
        )

    def _kind(self, channel: str) -> str:
        """The channel's kind; a channel that is not configured any more goes by its name."""
        known = self._channels.get(channel)
        return known.kind if known else channel


async def _earlier(work: Work, conversation: Conversation) -> tuple[Earlier, ...]:
    others = [one for one in await work.conversations.of_contact(conversation.contact_id) if one.id != conversation.id]
    ids = [one.id for one in others]
    handoffs = HandoffTable(work)
    moved = await handoffs.of_conversations(ids)
    ratings = await handoffs.ratings(ids)
    agents = {moved[key].claimed_by for key in moved}
    names = await DeskQueries(work).staff_names(agent for agent in agents if agent is not None)
    said = await DeskQueries(work).first_words(ids)
    return tuple(
        Earlier(
            conversation=one,
            handoff=moved.get(one.id),
            rating=ratings.get(one.id),
            agent=_agent_name(moved.get(one.id), names),
            topic=preview(said[one.id].parts) if one.id in said else None,
        )
        for one in others
    )


def _agent_name(handoff: Handoff | None, names: Mapping[int, str]) -> str | None:
    return names.get(handoff.claimed_by) if handoff and handoff.claimed_by is not None else None


async def _calls(work: Work, callbacks: Iterable[CallbackRequest]) -> list[Call]:
    listed = list(callbacks)
    attempts = await CallbackTable(work).attempts(callback.id for callback in listed)
    queries = DeskQueries(work)
    names = await queries.staff_names(callback.agent_id for callback in listed if callback.agent_id is not None)
    contacts = await queries.contact_names(callback.contact_id for callback in listed)
    return [
        Call(
            callback=callback,
            attempts=tuple(attempts.get(callback.id, ())),
            contact=contacts.get(callback.contact_id),
            agent=names.get(callback.agent_id) if callback.agent_id is not None else None,
        )
        for callback in listed
    ]


def _named(turns: Sequence[tuple[Tried, Understanding]]) -> tuple[Entity, ...]:
    """What was named in these turns, each thing once, in order."""
    found = [entity for _, understanding in turns for entity in understanding.entities]
    return tuple({(entity.kind, entity.value): entity for entity in found}.values())


def _variables(contact: Contact, agent: Staff, entities: Sequence[Entity], company: str) -> dict[str, str]:
    """What canned texts may name: the newest entity of each kind counts."""
    values = {
        "contact.name": contact.name or "",
        "contact.phone": contact.phone or "",
        "contact.email": contact.email or "",
        "agent.name": agent.name,
        "company.name": company,
    }
    values |= {f"contact.{key}": value for key, value in contact.details.items()}
    return values | {f"entities.{entity.kind}": entity.value for entity in entities}
