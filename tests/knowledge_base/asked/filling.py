"""Puts conversations into a database as turns would have left them."""

from __future__ import annotations

from gateway.contacts import Identity
from gateway.conversations import State
from gateway.messages import Author, ButtonPress, Direction, Media, MediaKind, Text
from gateway.ports import Clock, Entity, Mood, Ranked, Understanding
from gateway.storage.engine import Database
from gateway.storage.votes import Votes
from gateway.storage.work import Work


class Past:
    """A past of conversations: `asks` what a customer wrote and what the bot did about it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._people = 0

    async def asks(
        self,
        text: str,
        did: str = "unknown",
        *,
        channel: str = "site",
        language: str = "uk",
        intent: str | None = "delivery-cost",
        confidence: float = 0.2,
        anger: float = 0.0,
        entities: tuple[Entity, ...] = (),
        photo: bool = False,
        answered: str | None = None,
        agent: int | None = None,
    ) -> tuple[int, int]:
        """A new person asks; `answered` is the article the bot then said, `agent` who then wrote to them.
        The numbers of the message and its conversation."""
        async with self._database.write() as work:
            identity = await self._somebody(work, channel)
            conversation = await work.conversations.add(identity=identity, language=language, now=self._clock())
            parts = (Text(text=text), *((Media(kind=MediaKind.IMAGE, ref="file:1"),) if photo else ()))
            message = await self._say(work, conversation.id, channel, Author.CONTACT, parts)
            ranking = (Ranked(intent=intent, confidence=confidence),) if intent else ()
            understanding = Understanding(
                text=text,
                language=language,
                language_confidence=1.0,
                ranking=ranking,
                entities=entities,
                mood=Mood(anger=anger),
            )
            work.turns.add(
                conversation_id=conversation.id,
                message_id=message,
                understanding=understanding,
                did=did,
                now=self._clock(),
            )
            if answered:
                await self._say(work, conversation.id, channel, Author.BOT, (Text(text="…"),), article=answered)
            if agent:
                await self._say(work, conversation.id, channel, Author.AGENT, (Text(text="…"),), agent=agent)
            work.conversations.change(conversation.id, state=State.CLOSED, closed_at=self._clock())
        return message, conversation.id

    async def votes(self, conversation: int, message: int, *, helped: bool) -> None:
        """Who asked says whether the answer to `message` helped."""
        async with self._database.write() as work:
            contact = (await work.conversations.get(conversation)).contact_id
            votes = Votes(work.connection)
            assert await votes.cast(contact_id=contact, message_id=message, helped=helped, now=self._clock())

    async def chooses(self, conversation: int, article: str) -> int:
        """Who asked presses what was offered, and the bot says it; the number of the press."""
        async with self._database.write() as work:
            press = (ButtonPress(payload=f"a:{article}"),)
            message = await self._say(work, conversation, "site", Author.CONTACT, press)
            await self._say(work, conversation, "site", Author.BOT, (Text(text="…"),), article=article)
        return message

    async def hires(self, email: str = "olena@x.example", name: str = "Олена") -> int:
        """Somebody on the staff; their number."""
        async with self._database.write() as work:
            await work.staff.add(
                email=email, name=name, password_hash="-", roles=frozenset(), language="uk", now=self._clock()
            )
            found = await work.staff.all()
        return next(person.id for person in found if person.email == email)

    async def _somebody(self, work: Work, channel: str) -> Identity:
        self._people += 1
        return await work.contacts.meet(channel, f"visitor-{self._people}", self._clock())

    async def _say(
        self,
        work: Work,
        conversation: int,
        channel: str,
        author: Author,
        parts: tuple[Text | Media | ButtonPress, ...],
        *,
        article: str | None = None,
        agent: int | None = None,
    ) -> int:
        said = await work.messages.add(
            conversation_id=conversation,
            seq=await work.conversations.next_seq(conversation, self._clock()),
            direction=Direction.INBOUND if author is Author.CONTACT else Direction.OUTBOUND,
            author=author,
            channel=channel,
            parts=parts,
            article=article,
            agent_id=agent,
            now=self._clock(),
        )
        return said.id
