"""What agents do at the desk. Each act is one short transaction that holds the conversation's lock.

`DeskService.calls` holds the acts on booked calls, `DeskService.people` those on who somebody is,
`DeskService.canned` those on canned texts, and `DeskService.views` everything the screens read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from gateway.channels import Channel
from gateway.conversations import Conversation, State, require_move
from gateway.errors import Conflict, NotFound, RequestRefused
from gateway.improving.proposing import Proposals
from gateway.live import DESK, conversation_topic
from gateway.messages import Author, Media, Message, Outbound, Part, Text, clean_text
from gateway.people.assembly import People
from gateway.ports import Clock
from gateway.processes.wakeups import OUTBOX
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.staff import Role, Staff
from gateway.storage.joined import Transactions
from gateway.storage.work import Work
from gateway.texts import Texts, Translator
from handoff.admission import Admission
from handoff.agents import Presence
from handoff.desk_calls import DeskCalls
from handoff.desk_canned import DeskCanned
from handoff.desk_people import DeskPeople
from handoff.desk_proposals import DeskProposals
from handoff.desk_views import DeskViews
from handoff.forms import rating
from handoff.giving_back import GivingBack
from handoff.handoffs import CHOICES, HandoffOutcome
from handoff.hours import OpeningHours
from handoff.storage.agents import AgentTable, Draft
from handoff.storage.canned import CannedTable
from handoff.storage.desk import DeskQueries
from handoff.telling import tell
from handoff.wording import say
from handoff.yielding import HandoffYielding

log = structlog.get_logger()

REPLY_LIMIT = 20_000
"""Characters an agent may send at once; the outbox splits what a channel cannot carry in one piece."""

CANNED_PREFIX = "canned:"


class DeskService:
    """The desk's acts. Refusals are worded in the agent's language.

    Conflict: somebody else has the conversation, or it moved on. RequestRefused (400): the input is
    not usable. NotFound: it does not exist.
    """

    def __init__(
        self,
        database: Transactions,
        speaker: Speaker,
        channels: Mapping[str, Channel],
        texts: Texts,
        settings: Settings,
        clock: Clock,
        people: People | None = None,
        proposals: Proposals | None = None,
    ) -> None:
        self._database = database
        self._speaker = speaker
        self._channels = channels
        self._texts = texts
        self._settings = settings
        self._clock = clock
        self._admission = Admission(settings, clock)
        self._giving_back = GivingBack(speaker, texts, settings, clock)
        hours = OpeningHours(settings.hours, settings.company.zone)
        self.calls = DeskCalls(database, speaker, texts, settings, hours, clock)
        people = people or People(channels, speaker, HandoffYielding(clock), texts, settings.company, clock)
        self.people = DeskPeople(database, people, speaker, channels, texts, settings, self._held)
        self.canned = DeskCanned(database, texts, clock)
        self.proposals = DeskProposals(database, proposals, texts, settings, clock)
        self.views = DeskViews(database, channels, clock)
        self.presence = Presence(database, clock)

    # --- taking and giving away --------------------------------------------------------------

    async def claim(self, conversation_id: int, agent: Staff) -> Conversation:
        """Take the conversation from the queue or the bot. Claiming what one has changes nothing.

        What the bot decided and nobody has begun to send is dropped; the customer is told who is
        with them. Raises Conflict with the winner's name.
        """
        async with self._database.write() as work:
            conversation = await work.conversations.lock(conversation_id)
            if conversation.state is State.AGENT and conversation.agent_id == agent.id:
                return conversation
            await self._refuse_taken(work, conversation, agent)
            await work.deliveries.drop_bots(conversation_id, self._clock())
            await self._admission.claim(work, conversation_id, agent.id, conversation.language)
            await self._give_to(work, conversation, agent)
            work.announce(DESK, "claimed", conversation=conversation_id, agent=agent.id)
            log.info("conversation_claimed", conversation=conversation_id, agent=agent.id)
            return await work.conversations.get(conversation_id)

    async def transfer(self, conversation_id: int, agent: Staff, to: int | None, reason: str = "") -> None:
        """Give it to the colleague `to`, or (None) back to the queue with its old place. The reason
        stays as a note. Raises Conflict, NotFound (no such colleague) or RequestRefused."""
        async with self._database.write() as work:
            conversation = await self._held(work, conversation_id, agent)
            texts = self._texts.translator(agent.language)
            if to is None:
                await self._to_queue(work, conversation, agent, reason)
                return
            colleague = await work.staff.get(to)
            if not colleague.is_agent or to == conversation.agent_id:
                raise RequestRefused(
                    400, texts.gettext("This conversation cannot go to {name}.").format(name=colleague.name)
                )
            note = texts.gettext("Transferred to {name}.").format(name=colleague.name)
            await self._note(work, conversation, agent, f"{note} {reason}")
            await self._admission.claim(work, conversation_id, to, conversation.language)
            await self._give_to(work, conversation, colleague)
            work.announce(DESK, "transferred", conversation=conversation_id, agent=to)
            log.info("conversation_transferred", conversation=conversation_id, agent=to)

    async def back_to_bot(self, conversation_id: int, agent: Staff) -> None:
        """Let the bot answer again. Raises Conflict."""
        async with self._database.write() as work:
            conversation = await self._held(work, conversation_id, agent)
            await self._admission.close(work, conversation_id, HandoffOutcome.BOT)
            words = self._customers(conversation).gettext("You are with the assistant again. How can I help?")
            await tell(self._speaker, work, conversation, say(words, author=Author.SYSTEM))
            await self._move(work, conversation, State.BOT, agent_id=None, form=None, misses=0)

    async def close(self, conversation_id: int, agent: Staff, outcome: HandoffOutcome) -> None:
        """End the conversation and ask the customer how it was, where a person has answered.

        Raises Conflict, or RequestRefused for an outcome that is not among `handoffs.CHOICES`.
        """
        if outcome not in CHOICES:
            raise RequestRefused(400, f"outcome {outcome} is not one an agent can choose")
        async with self._database.write() as work:
            conversation = await work.conversations.lock(conversation_id)
            answered = conversation.state is State.AGENT
            if conversation.state is State.CLOSED:
                raise Conflict(self._texts.translator(agent.language).gettext("This conversation is closed."))
            if answered:
                self._require_holder(conversation, agent, await self._holder(work, conversation))
            await self._admission.close(work, conversation_id, outcome)
            if answered and self._settings.handoff.rating and outcome is not HandoffOutcome.SPAM:
                await tell(
                    self._speaker, work, conversation, rating.ask(self._customers(conversation), conversation_id)
                )
            now = self._clock()
            await self._move(work, conversation, State.CLOSED, agent_id=None, form=None, closed_at=now)
            work.announce(DESK, "closed", conversation=conversation_id)
            log.info("conversation_closed", conversation=conversation_id, agent=agent.id, outcome=outcome)

    # --- speaking ----------------------------------------------------------------------------

    async def reply(
        self,
        conversation_id: int,
        agent: Staff,
        text: str = "",
        *,
        media: Sequence[Media] = (),
        reply_to: int | None = None,
        template: str | None = None,
        key: str = "",
    ) -> Message:
        """Say something to the customer; the draft is forgotten and everything counts as read.

        `media` are files of ours (``file:<id>``), the words become the first one's caption; `reply_to`
        is the id of a message of this conversation; `template` is where the words came from:
        ``canned:<shortcut>``, or an article's id, whose light Markdown is then honoured; `key` is the screen's
        own name for these very words: with it they are said once, however often the screen asks.
        Raises Conflict where the agent does not hold the conversation, RequestRefused for nothing to send.
        """
        words = self._words(text, agent, needed=not media)
        article = template if template and not template.startswith(CANNED_PREFIX) else None
        async with self._database.write() as work:
            if said := await self._already(work, conversation_id, agent, key):
                return said
            conversation = await self._held(work, conversation_id, agent)
            if not self._speaker.reaches(conversation):
                words = self._texts.translator(agent.language).gettext("This channel is not connected any more.")
                raise Conflict(words)
            if reply_to is not None and (await work.messages.get(reply_to)).conversation_id != conversation_id:
                raise NotFound(f"message {reply_to}")
            outbound = Outbound(
                parts=_parts(words, media, markdown=article is not None),
                author=Author.AGENT,
                agent_id=agent.id,
                reply_to=reply_to,
                article=article,
            )
            said = (await self._speaker.say(work, conversation, outbound))[0]
            await self._done_writing(work, said, agent, key)
            if template and template.startswith(CANNED_PREFIX):
                await CannedTable(work).count_use(template.removeprefix(CANNED_PREFIX))
            return said

    async def note(self, conversation_id: int, agent: Staff, text: str, key: str = "") -> Message:
        """Write a private note, on any conversation; `key` as in `reply`. Raises RequestRefused for an empty one."""
        words = self._words(text, agent, needed=True)
        async with self._database.write() as work:
            if noted := await self._already(work, conversation_id, agent, key):
                return noted
            conversation = await work.conversations.lock(conversation_id)
            noted = await self._speaker.note(work, conversation, agent.id, words)
            await self._done_writing(work, noted, agent, key)
            return noted

    async def typing(self, conversation_id: int, agent: Staff) -> None:
        """Show the customer that the agent is writing, where the channel can; best effort."""
        async with self._database.read() as work:
            conversation = await work.conversations.get(conversation_id)
        channel = self._channels.get(conversation.channel)
        if channel and channel.capabilities.typing and conversation.agent_id == agent.id:
            await channel.typing(conversation.address)

    async def resend(self, delivery_id: int, agent: Staff) -> None:
        """Send again what ended `unknown` or `failed`. Raises Conflict where it is neither, or a colleague talks."""
        async with self._database.write() as work:
            conversation_id, message_id = await DeskQueries(work).conversation_of_delivery(delivery_id)
            conversation = await work.conversations.lock(conversation_id)
            if conversation.state is State.AGENT:
                self._require_holder(conversation, agent, await self._holder(work, conversation))
            if not await work.deliveries.requeue(delivery_id, self._clock()):
                texts = self._texts.translator(agent.language)
                raise Conflict(texts.gettext("This message is on its way already."))
            work.announce(OUTBOX, "queued")
            work.announce(conversation_topic(conversation_id), "delivery", message=message_id)
            log.info("delivery_resent", delivery=delivery_id, agent=agent.id)

    # --- keeping -----------------------------------------------------------------------------

    async def mark_read(self, conversation_id: int, agent: Staff, seq: int) -> None:
        """The agent has seen everything up to `seq`. Raises NotFound where the person was erased meanwhile."""
        async with self._database.write() as work:
            await work.conversations.get(conversation_id)
            await AgentTable(work).mark_read(conversation_id, agent.id, seq)
            work.announce(DESK, "read", conversation=conversation_id, agent=agent.id)

    async def save_draft(self, conversation_id: int, agent: Staff, text: str, *, note: bool = False) -> None:
        """Keep what the agent is writing; empty words forget it. Raises NotFound."""
        async with self._database.write() as work:
            await work.conversations.get(conversation_id)
            draft = Draft(text=clean_text(text)[:REPLY_LIMIT], note=note)
            await AgentTable(work).save_draft(conversation_id, agent.id, draft, self._clock())

    # --- pieces ------------------------------------------------------------------------------

    async def _held(self, work: Work, conversation_id: int, agent: Staff) -> Conversation:
        """The conversation, locked and in this agent's hands. Raises Conflict."""
        conversation = await work.conversations.lock(conversation_id)
        if conversation.state is not State.AGENT:
            texts = self._texts.translator(agent.language)
            closed = conversation.state is State.CLOSED
            raise Conflict(
                texts.gettext("This conversation is closed.")
                if closed
                else texts.gettext("Take the conversation first.")
            )
        self._require_holder(conversation, agent, await self._holder(work, conversation))
        return conversation

    async def _holder(self, work: Work, conversation: Conversation) -> Staff | None:
        return await work.staff.get(conversation.agent_id) if conversation.agent_id is not None else None

    def _require_holder(self, conversation: Conversation, agent: Staff, holder: Staff | None) -> None:
        """A supervisor may act on anybody's conversation."""
        if conversation.agent_id == agent.id or agent.may(Role.SUPERVISOR):
            return
        texts = self._texts.translator(agent.language)
        raise Conflict(texts.gettext("{name} has this conversation.").format(name=holder.name if holder else ""))

    async def _refuse_taken(self, work: Work, conversation: Conversation, agent: Staff) -> None:
        texts = self._texts.translator(agent.language)
        if conversation.state is State.CLOSED:
            raise Conflict(texts.gettext("This conversation is closed."))
        holder = await self._holder(work, conversation)
        if holder is not None:
            raise Conflict(texts.gettext("{name} has this conversation.").format(name=holder.name))

    async def _give_to(self, work: Work, conversation: Conversation, agent: Staff) -> None:
        words = self._customers(conversation).gettext("{name} is with you now.").format(name=agent.name)
        await tell(self._speaker, work, conversation, say(words, author=Author.SYSTEM))
        await self._move(work, conversation, State.AGENT, agent_id=agent.id, form=None, misses=0)

    async def _to_queue(self, work: Work, conversation: Conversation, agent: Staff, reason: str) -> None:
        note = self._texts.translator(agent.language).gettext("Back to the queue.")
        said = clean_text(f"{note} {reason}").strip()
        await self._giving_back.to_queue(work, conversation, agent.name, said, agent.id)
        log.info("conversation_requeued", conversation=conversation.id, agent=agent.id)

    async def _note(self, work: Work, conversation: Conversation, agent: Staff, text: str) -> None:
        await self._speaker.note(work, conversation, agent.id, clean_text(text).strip())

    async def _move(self, work: Work, conversation: Conversation, state: State, **changes: object) -> None:
        require_move(conversation, state)
        work.conversations.change(conversation.id, state=state, **changes)
        work.announce(conversation_topic(conversation.id), "state")
        work.announce(DESK, "state", conversation=conversation.id)

    async def _already(self, work: Work, conversation_id: int, agent: Staff, key: str) -> Message | None:
        """What the agent said with this key; the lock keeps a second try waiting for the first."""
        if not key:
            return None
        await work.conversations.lock(conversation_id)
        found = await AgentTable(work).said(conversation_id, agent.id, key)
        return None if found is None else await work.messages.get(found)

    async def _done_writing(self, work: Work, message: Message, agent: Staff, key: str = "") -> None:
        agents = AgentTable(work)
        await agents.save_draft(message.conversation_id, agent.id, Draft(text=""), self._clock())
        await agents.mark_read(message.conversation_id, agent.id, message.seq)
        if key:
            await agents.mark_said(message.conversation_id, agent.id, key, message.id)

    def _words(self, text: str, agent: Staff, *, needed: bool) -> str:
        words = clean_text(text).strip()
        texts = self._texts.translator(agent.language)
        if needed and not words:
            raise RequestRefused(400, texts.gettext("There is nothing to send."))
        if len(words) > REPLY_LIMIT:
            raise RequestRefused(400, texts.gettext("The message is too long to send."))
        return words

    def _customers(self, conversation: Conversation) -> Translator:
        """Texts in the customer's language."""
        return self._texts.translator(conversation.language or self._settings.company.language)


def _parts(words: str, media: Sequence[Media], *, markdown: bool) -> tuple[Part, ...]:
    """One file carries the words as its caption; the rest follow bare."""
    if not media:
        return (Text(text=words, markdown=markdown),)
    first, *rest = media
    captioned = Media(
        kind=first.kind, ref=first.ref, name=first.name, mime=first.mime, size=first.size, caption=words or None
    )
    return (captioned, *rest)
