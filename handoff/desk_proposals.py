"""What an agent proposes for the knowledge base from a conversation they answered."""

from __future__ import annotations

import structlog

from gateway.errors import RequestRefused
from gateway.improving.masking import plain
from gateway.improving.proposing import Proposal, Proposals, tidy
from gateway.live import conversation_topic
from gateway.messages import Author, Direction, Value, plain_text
from gateway.ports import Clock
from gateway.settings import Settings
from gateway.staff import Staff
from gateway.storage.joined import Transactions
from gateway.storage.work import Work
from gateway.texts import Texts
from handoff.topics import topic_of

log = structlog.get_logger()

LOOKED_AT = 60
"""Messages, the newest, among which the answer is looked for."""
KB_TOPIC = "kb"
"""What the editors' screens listen to."""


class Draft(Value, frozen=True, kw_only=True):
    """What the form begins with; `waiting` where one of this conversation waits for an editor already."""

    question: str
    answer: str
    waiting: bool


class DeskProposals:
    """Proposes, where there is somewhere to propose to."""

    def __init__(
        self, database: Transactions, proposals: Proposals | None, texts: Texts, settings: Settings, clock: Clock
    ) -> None:
        self._database = database
        self._proposals = proposals
        self._texts = texts
        self._settings = settings
        self._clock = clock

    @property
    def possible(self) -> bool:
        """Whether there is somewhere to propose to."""
        return self._proposals is not None

    async def draft(self, conversation_id: int) -> Draft:
        """A beginning: the customer's matter without what is only theirs, and the agent's longest answer.

        Raises NotFound.
        """
        async with self._database.read() as work:
            await work.conversations.get(conversation_id)
            waiting = self._proposals is not None and await self._proposals.waiting(work, conversation_id)
            return Draft(
                question=await _question(work, conversation_id),
                answer=await _answer(work, conversation_id),
                waiting=waiting,
            )

    def check(self, agent: Staff, question: str, answer: str) -> None:
        """Raises RequestRefused where a word is missing, before anything else is done."""
        tidy(self._proposal(0, agent, question, answer, None), self._both(agent))

    async def propose(self, conversation_id: int, agent: Staff, question: str, answer: str) -> None:
        """Put the question and its answer before the editors. Raises NotFound, RequestRefused."""
        if self._proposals is None:
            raise RequestRefused(400, self._both(agent))
        async with self._database.write() as work:
            conversation = await work.conversations.get(conversation_id)
            proposal = self._proposal(conversation_id, agent, question, answer, conversation.language)
            await self._proposals.put(work, tidy(proposal, self._both(agent)), self._clock())
            work.announce(KB_TOPIC, "asked")
            work.announce(conversation_topic(conversation_id), "proposed")
        log.info("answer_proposed", conversation=conversation_id, agent=agent.id)

    def _proposal(
        self, conversation_id: int, agent: Staff, question: str, answer: str, language: str | None
    ) -> Proposal:
        return Proposal(
            conversation=conversation_id,
            question=question,
            answer=answer,
            language=language or self._settings.company.language,
            by=agent.id,
            author=agent.name,
        )

    def _both(self, agent: Staff) -> str:
        return self._texts.translator(agent.language).gettext("A proposal needs a question and an answer.")


async def _question(work: Work, conversation_id: int) -> str:
    turns = await work.turns.of(conversation_id, limit=LOOKED_AT)
    topic = topic_of([tried for tried, _ in turns])
    for tried, understood in reversed(turns):
        if topic and " ".join(tried.text.split()).startswith(topic):
            return plain(tried.text, understood.entities)
    return plain(turns[0][0].text, turns[0][1].entities) if turns else ""


async def _answer(work: Work, conversation_id: int) -> str:
    said = [
        plain_text(message.parts).strip()
        for message in await work.messages.before(conversation_id, None, LOOKED_AT)
        if message.author is Author.AGENT and message.direction is Direction.OUTBOUND
    ]
    return max(said, key=len, default="")
