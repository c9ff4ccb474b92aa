"""What agents do with people at the desk: say that two are one, or one is two, and where to go on with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from gateway.channels import Channel
from gateway.contacts import Identity
from gateway.conversations import Conversation
from gateway.errors import Conflict, NotFound, RequestRefused
from gateway.identity import Proof
from gateway.messages import Author, Button, Message, Outbound, Text, Value, clean_text
from gateway.people.assembly import People
from gateway.people.continuing import Way
from gateway.people.naming import channel_word
from gateway.people.parting import Refused, Why
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.staff import Staff
from gateway.storage.crosswise import again
from gateway.storage.joined import Transactions
from gateway.storage.joins import Join, Joins
from gateway.storage.work import Work
from gateway.texts import Texts, Translator
from handoff.storage.desk import DeskQueries
from handoff.storage.people import Found, find_people

log = structlog.get_logger()

REASON_LIMIT = 500

Held = Callable[[Work, int, Staff], Awaitable[Conversation]]
"""The conversation, locked and in this agent's hands. Raises Conflict."""


class JoinLine(Value, frozen=True, kw_only=True):
    """One entry of the log, with the names that a screen shows; `undoable` where nothing later stands in its way."""

    join: Join
    by: str | None = None
    undone_by: str | None = None
    undoable: bool = False


class Places(Value, frozen=True, kw_only=True):
    """Where one can go on with a customer: other places of theirs, and messengers that a link opens."""

    conversation: Conversation
    identities: tuple[Identity, ...]
    ways: tuple[tuple[str, str], ...]
    """(channel, kind)"""


class DeskPeople:
    """Each act is one transaction. Refusals are worded in the agent's language.

    Conflict: it cannot be done now. RequestRefused (400): a reason is missing. NotFound: no such thing.
    """

    def __init__(
        self,
        database: Transactions,
        people: People,
        speaker: Speaker,
        channels: Mapping[str, Channel],
        texts: Texts,
        settings: Settings,
        held: Held,
    ) -> None:
        self._database = database
        self._people = people
        self._speaker = speaker
        self._channels = channels
        self._texts = texts
        self._settings = settings
        self._held = held

    # --- one or two --------------------------------------------------------------------------

    async def find(self, conversation_id: int, words: str) -> list[Found]:
        """People whom this conversation's customer might be."""
        async with self._database.read() as work:
            conversation = await work.conversations.get(conversation_id)
            return await find_people(work, words, besides=conversation.contact_id)

    async def identities(self, conversation_id: int) -> list[Identity]:
        """All that is known of the customer, places and proven things."""
        async with self._database.read() as work:
            conversation = await work.conversations.get(conversation_id)
            return await work.contacts.identities(conversation.contact_id)

    async def join(self, conversation_id: int, agent: Staff, other_id: int, reason: str) -> int | None:
        """The customer is the same person as contact `other_id`; returns the conversation that goes on (None:
        none is open). Joining who is joined changes nothing."""
        why = self._reason(reason, agent)

        async def deed() -> int | None:
            async with self._database.write() as work:
                conversation = await work.conversations.get(conversation_id)
                joined = await self._people.joining.join(
                    work, conversation.contact_id, other_id, proof=Proof.AGENT, agent_id=agent.id, reason=why
                )
            return joined.goes_on.id if joined and joined.goes_on else None

        return await again(deed)

    async def split(self, conversation_id: int, agent: Staff, identity_ids: Iterable[int], reason: str) -> None:
        """These identities are somebody else's than the customer's."""
        why = self._reason(reason, agent)
        chosen = list(identity_ids)

        async def deed() -> None:
            async with self._database.write() as work:
                conversation = await work.conversations.get(conversation_id)
                await self._people.parting.split(work, conversation.contact_id, chosen, agent_id=agent.id, reason=why)

        await self._or_word(deed, agent)

    async def undo(self, join_id: int, agent: Staff) -> None:
        """Take back an entry of the log."""

        async def deed() -> None:
            async with self._database.write() as work:
                await self._people.parting.undo(work, join_id, agent_id=agent.id)

        await self._or_word(deed, agent)

    # --- where to go on ----------------------------------------------------------------------

    async def places(self, conversation_id: int) -> Places:
        """Where this conversation could go on."""
        async with self._database.read() as work:
            conversation = await work.conversations.get(conversation_id)
            identities = await work.contacts.identities(conversation.contact_id)
        return Places(
            conversation=conversation,
            identities=tuple(
                one
                for one in identities
                if one.reachable
                and not one.blocked
                and one.id != conversation.identity_id
                and one.channel in self._channels
            ),
            ways=tuple(self._people.continuing.open_ways(conversation.channel)),
        )

    async def invite(self, conversation_id: int, agent: Staff, channel: str) -> Message:
        """Send the customer a link by which they go on in `channel`. Raises NotFound where there is none now,
        Conflict where nothing reaches them here."""
        async with self._database.write() as work:
            conversation = await self._held(work, conversation_id, agent)
            if not self._speaker.reaches(conversation):
                raise Conflict(self._agents(agent).gettext("This channel is not connected any more."))
            identity = await work.contacts.identity(conversation.identity_id)
            offer = await self._people.continuing.offer(work, identity)
            way = next((one for one in offer.ways if one.channel == channel), None)
            if way is None:
                raise NotFound(f"link to {channel}")
            said = await self._speaker.say(work, conversation, self._invitation(conversation, agent, way))
            log.info("customer_invited", conversation=conversation_id, channel=channel, agent=agent.id)
            return said[0]

    async def answer_in(self, conversation_id: int, agent: Staff, identity_id: int) -> None:
        """Answer the customer at another place of theirs from now on, and say there why."""
        async with self._database.write() as work:
            conversation = await self._held(work, conversation_id, agent)
            identity = await work.contacts.identity(identity_id)
            fits = identity.reachable and not identity.blocked and identity.channel in self._channels
            if identity.contact_id != conversation.contact_id or not fits:
                raise NotFound(f"identity {identity_id}")
            if identity.id == conversation.identity_id:
                return
            before = conversation.channel
            moved = work.conversations.answer_at(conversation, identity)
            texts = self._customers(conversation)
            words = texts.gettext("You wrote to us before ({channel}); we go on here.").format(
                channel=self._called(before, texts)
            )
            await self._speaker.say(work, moved, Outbound(parts=(Text(text=words),), author=Author.SYSTEM))
            log.info("answered_elsewhere", conversation=conversation_id, channel=identity.channel, agent=agent.id)

    # --- pieces ------------------------------------------------------------------------------

    async def _or_word(self, deed: Callable[[], Awaitable[None]], agent: Staff) -> None:
        """Do it, or say in the agent's language why not."""
        try:
            await again(deed)
        except Refused as refused:
            raise Conflict(self._word(refused.why, agent)) from None

    def _invitation(self, conversation: Conversation, agent: Staff, way: Way) -> Outbound:
        texts = self._customers(conversation)
        _ = texts.gettext
        words = _("You can go on in {channel}: everything here goes along. The link works once and for ten minutes.")
        label = _("Continue in {channel}")
        named = channel_word(way.kind, texts)
        return Outbound(
            parts=(Text(text=words.format(channel=named)),),
            buttons=(Button(label=label.format(channel=named), url=way.url),),
            author=Author.AGENT,
            agent_id=agent.id,
        )

    def _called(self, channel: str, texts: Translator) -> str:
        known = self._channels.get(channel)
        return channel_word(known.kind if known else channel, texts)

    def _reason(self, reason: str, agent: Staff) -> str:
        words = clean_text(reason).strip()[:REASON_LIMIT]
        if not words:
            raise RequestRefused(400, self._agents(agent).gettext("Say why, for colleagues who look at it later."))
        return words

    def _word(self, why: Why, agent: Staff) -> str:
        _ = self._agents(agent).gettext
        match why:
            case Why.NOTHING_LEFT:
                return _("Both people need a place to write to: choose some of them, not all.")
            case Why.LATER_FIRST:
                return _("Something was joined or taken apart later; undo that first.")
            case Why.UNDONE:
                return _("This is undone already.")

    def _agents(self, agent: Staff) -> Translator:
        return self._texts.translator(agent.language)

    def _customers(self, conversation: Conversation) -> Translator:
        return self._texts.translator(conversation.language or self._settings.company.language)


async def log_of(work: Work, contact_id: int) -> tuple[JoinLine, ...]:
    """What was joined and taken apart around this person, newest first."""
    entries = await Joins(work.connection).of(contact_id)
    if not entries:
        return ()
    who = {one for entry in entries for one in (entry.agent_id, entry.undone_by) if one is not None}
    names = await DeskQueries(work).staff_names(who)
    standing: set[int] = set()
    lines = []
    for entry in entries:
        two = {entry.kept_id, entry.other_id}
        stands = entry.undone_at is None
        lines.append(
            JoinLine(
                join=entry,
                by=names.get(entry.agent_id or 0),
                undone_by=names.get(entry.undone_by or 0),
                undoable=stands and not two & standing,
            )
        )
        if stands:
            standing |= two
    return tuple(lines)
