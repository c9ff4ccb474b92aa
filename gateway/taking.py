"""One inbound message inside its transaction: find the conversation, decide, carry out, remember."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import structlog

from gateway import dialogue
from gateway.acting import Acts, keep_form
from gateway.assisting.asks import Asks
from gateway.channels import Channel
from gateway.choosing import chosen
from gateway.contacts import Contact, Identity
from gateway.conversations import Conversation, State
from gateway.dialogue import Decision, Scene, decide, decide_beside_form, speaks
from gateway.identity import code_in
from gateway.messages import Inbound, Message, has_attachment
from gateway.people.arriving import Arrivals
from gateway.people.joining import Joined
from gateway.ports import (
    Action,
    Clock,
    Handoffs,
    Knowledge,
    Reason,
    Situation,
    Understanding,
)
from gateway.recalling import Recalling, named_order
from gateway.replies import Replies, reply_language
from gateway.settings import Company, Dialogue
from gateway.speaking import Speaker
from gateway.storage.inbox import InboxRow
from gateway.storage.work import Work
from gateway.voting import Voting, is_vote

log = structlog.get_logger()

RATING = "f:rating"


class Taker:
    """Takes a message: everything it does happens in the caller's transaction."""

    def __init__(
        self,
        *,
        channels: Mapping[str, Channel],
        knowledge: Knowledge,
        handoffs: Handoffs,
        speaker: Speaker,
        replies: Replies,
        policy: Callable[[], Dialogue],
        company: Company,
        clock: Clock,
        recalling: Recalling,
        arrivals: Arrivals | None = None,
        asks: Asks | None = None,
    ) -> None:
        self._arrivals = arrivals
        self._asks = asks
        self._recalling = recalling
        self._channels = channels
        self._knowledge = knowledge
        self._handoffs = handoffs
        self._speaker = speaker
        self._acts = Acts(handoffs, speaker, replies, arrivals)
        self._voting = Voting(channels, knowledge, replies, policy)
        self._policy = policy
        self._company = company
        self._clock = clock

    async def look_back(self, work: Work, said: Iterable[tuple[int, Understanding]]) -> None:
        """Read together what `take` will look back at: for each contact, what they `said`."""
        await self._recalling.hold(work, said)

    async def take(self, work: Work, row: InboxRow, inbound: Inbound, understanding: Understanding | None) -> None:
        """Hear `inbound` and answer it."""
        identity = await work.contacts.identity(row.identity_id)
        contact = await self._meet(work, identity, inbound, understanding)
        code = code_in(inbound.parts)
        if code is not None and self._arrivals is not None:
            await self._arrivals.arrive(work, row, identity, inbound, code)
            return
        joined = await self._arrivals.recognise(work, identity, inbound) if self._arrivals else None
        if joined is not None:
            identity = await work.contacts.identity(row.identity_id)
            contact = await work.contacts.get(joined.contact_id)
        conversation = await self._conversation(work, identity, contact, inbound)
        if conversation.state is State.CLOSED and not is_vote(chosen(inbound.parts, conversation.offers)):
            if not speaks(inbound.parts, conversation.form):
                # A thumb up, a typing error put right: heard where it belongs, and no new matter.
                await self._speaker.hear(work, conversation, inbound, row.channel)
                return
            if await self._rated(work, row, conversation, contact, inbound, understanding):
                return
            conversation = await self._open(work, identity, contact)
        message = await self._speaker.hear(work, conversation, inbound, row.channel)
        if joined is not None and self._arrivals and _came_over(joined, conversation):
            await self._arrivals.goes_on(work, conversation, contact, inbound)
        if self._arrivals and await self._arrivals.proves(work, identity, conversation, inbound):
            return
        conversation = await work.conversations.get(conversation.id)
        if understanding is not None:
            understanding = await self._recalling.amid(work, conversation, understanding)
        situation = self._situation(conversation, contact, inbound, understanding)
        if situation.language != conversation.language:
            work.conversations.change(conversation.id, language=situation.language)
        choice = chosen(inbound.parts, conversation.offers)
        scene = Scene(
            state=conversation.state,
            parts=inbound.parts,
            misses=conversation.misses,
            form=conversation.form,
            choice=choice,
            helped=await self._voting.count(work, contact, choice, situation.now),
            understanding=understanding,
        )
        action = self._actions(situation.now)
        decision = self._ask_instead(scene, decide(scene, self._policy(), action))
        outcome = await self._acts.carry_out(work, situation, decision)
        if outcome.unhandled:
            decision = self._ask_instead(scene, decide_beside_form(scene, self._policy(), action))
            beside = await self._acts.carry_out(work, situation, decision)
            outcome = keep_form(beside, conversation.form)
        outcome = self._voting.ask(situation, decision, outcome, message.id)
        await self._acts.apply(work, situation, decision, outcome)
        if isinstance(decision, dialogue.Ask) and self._asks:
            await self._asks.put(work, conversation, message, scene.choice)
        elif understanding is not None and self._tells(conversation, choice, understanding):
            self._remember(work, conversation, message, understanding, decision)
        log.info(
            "turn_decided",
            channel=row.channel,
            conversation=conversation.id,
            message=message.id,
            did=type(decision).__name__.lower(),
            replies=len(outcome.replies),
        )

    def _tells(self, conversation: Conversation, choice: str | None, understanding: Understanding) -> bool:
        """Whether the words are worth keeping. A vote's are no question; while an agent has it nothing is tried,
        but what was named (a number, a time) may be of use."""
        return not is_vote(choice) and (conversation.state is not State.AGENT or bool(understanding.entities))

    def _ask_instead(self, scene: Scene, decision: Decision) -> Decision:
        """The decision, or to ask the assistant that answers in our place."""
        return dialogue.Ask() if self._asks and self._asks.takes(scene, decision) else decision

    async def rescue(self, work: Work, row: InboxRow, inbound: Inbound) -> None:
        """The turn failed each time: store the words and hand over, without understanding anything."""
        if inbound.quiet:
            await self.take_quietly(work, row, inbound, None)
            return
        identity = await work.contacts.identity(row.identity_id)
        contact = await self._meet(work, identity, inbound, None)
        conversation = await self._conversation(work, identity, contact, inbound)
        await self._speaker.hear(work, conversation, inbound, row.channel)
        situation = self._situation(conversation, contact, inbound, None)
        if conversation.state is State.BOT:
            decision = dialogue.HandOver(reason=Reason.FAILURE)
            outcome = await self._acts.carry_out(work, situation, decision)
            await self._acts.apply(work, situation, decision, outcome)

    async def take_quietly(
        self, work: Work, row: InboxRow, inbound: Inbound, understanding: Understanding | None
    ) -> None:
        """Hear what no program is to answer, and leave it to people: not a word is said, at any hour."""
        identity = await work.contacts.identity(row.identity_id)
        contact = await self._meet(work, identity, inbound, understanding)
        conversation = await self._conversation(work, identity, contact, inbound)
        if conversation.state is State.CLOSED:  # a rating by number would be thanked for
            conversation = await self._open(work, identity, contact)
        message = await self._speaker.hear(work, conversation, inbound, row.channel)
        if understanding is not None:
            understanding = await self._recalling.amid(work, conversation, understanding)
        situation = self._situation(conversation, contact, inbound, understanding)
        decision: Decision
        if conversation.state is State.BOT:
            decision = dialogue.HandOver(reason=Reason.QUIET)
            outcome = await self._acts.hand_over(work, situation, decision.reason, None)
        else:
            decision = dialogue.Listen()
            outcome = await self._acts.carry_out(work, situation, decision)
        await self._acts.apply(work, situation, decision, outcome)
        if understanding is not None and self._tells(conversation, None, understanding):
            self._remember(work, conversation, message, understanding, decision)
        log.info("turn_quiet", channel=row.channel, conversation=conversation.id, message=message.id)

    # --- who and where -----------------------------------------------------------------------

    async def _meet(
        self, work: Work, identity: Identity, inbound: Inbound, understanding: Understanding | None
    ) -> Contact:
        """The contact, with what this message newly tells about them."""
        sender = inbound.sender
        if (sender.name and sender.name != identity.name) or identity.blocked:
            work.contacts.update_identity(
                identity.id, name=sender.name or identity.name, username=sender.username, blocked=False
            )
        contact = await work.contacts.get(identity.contact_id)
        news: dict[str, str] = {}
        if sender.name and not contact.name:
            news["name"] = sender.name
        language = understanding.language if understanding else None
        language = language or (sender.language if contact.language is None else None)
        if language and language != contact.language:
            news["language"] = language
        details = named_order(contact, understanding)
        if not (news or details):
            return contact
        work.contacts.update(contact.id, **news, **({"details": details} if details else {}))
        return await work.contacts.get(contact.id)

    async def _conversation(self, work: Work, identity: Identity, contact: Contact, inbound: Inbound) -> Conversation:
        """The open conversation, now answering where the customer just wrote; a new one where none is.

        A rating or a vote may be pressed after the end: it still belongs to the conversation that was closed, and
        so does what asks for nothing.
        """
        found = await work.conversations.open_of(contact.id)
        if found is None:
            latest = await work.conversations.latest_of(contact.id)
            if latest and self._closes_off(latest, inbound):
                found = await work.conversations.lock(latest.id)
        if found is None:
            return await self._open(work, identity, contact)
        if found.identity_id != identity.id:
            found = work.conversations.answer_at(found, identity)
        return found

    async def _open(self, work: Work, identity: Identity, contact: Contact) -> Conversation:
        return await work.conversations.add(identity=identity, language=contact.language, now=self._clock())

    async def _rated(
        self,
        work: Work,
        row: InboxRow,
        conversation: Conversation,
        contact: Contact,
        inbound: Inbound,
        understanding: Understanding | None,
    ) -> bool:
        """Whether `inbound` was a rating of the closed conversation, or its comment; then it is heard there."""
        situation = self._situation(conversation, contact, inbound, understanding)
        outcome = await self._handoffs.step(work, situation)
        if outcome.unhandled:
            return False
        await self._speaker.hear(work, conversation, inbound, row.channel)
        await self._acts.apply(work, situation, dialogue.Step(), outcome)
        return True

    def _closes_off(self, latest: Conversation, inbound: Inbound) -> bool:
        if not speaks(inbound.parts, latest.form):
            return True
        choice = chosen(inbound.parts, latest.offers)
        if is_vote(choice) or (choice is not None and choice.startswith(RATING)):
            return True
        commenting = latest.form is not None and latest.form.name == "rating" and latest.form.step == "comment"
        return commenting and not has_attachment(inbound.parts)

    def _situation(
        self, conversation: Conversation, contact: Contact, inbound: Inbound, understanding: Understanding | None
    ) -> Situation:
        return Situation(
            conversation=conversation,
            contact=contact,
            parts=inbound.parts,
            language=reply_language(
                understanding.language if understanding else None,
                conversation.language,
                contact.language,
                inbound.sender.language,
                default=self._company.language,
            ),
            now=self._clock(),
            channel_kind=self._channels[conversation.channel].kind,
            understanding=understanding,
        )

    def _actions(self, now: datetime) -> Callable[[str], Action | None]:
        return lambda article: self._knowledge.action(article, now)

    def _remember(
        self,
        work: Work,
        conversation: Conversation,
        message: Message,
        understanding: Understanding,
        decision: Decision,
    ) -> None:
        work.turns.add(
            conversation_id=conversation.id,
            message_id=message.id,
            understanding=understanding,
            did=type(decision).__name__.lower(),
            now=self._clock(),
        )


def _came_over(joined: Joined, conversation: Conversation) -> bool:
    """Whether the conversation was begun somewhere else than where the customer now writes."""
    before = joined.goes_on
    return before is not None and before.id == conversation.id and before.identity_id != conversation.identity_id
