"""What an agent proposes for the knowledge base from a conversation: a question, and the answer that helped."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.errors import RequestRefused
from gateway.messages import Value, clean_text

if TYPE_CHECKING:
    from gateway.storage.work import Work

QUESTION_LIMIT = 300
"""Characters of a proposed question: it becomes a phrasing."""
ANSWER_LIMIT = 4000
"""Characters of a proposed answer: it becomes a template."""


class Proposal(Value, frozen=True, kw_only=True):
    """A question that customers ask in `language`, and the agent's answer to it. `by` is the agent's number,
    `author` their name; `conversation` is where both were said."""

    conversation: int
    question: str
    answer: str
    language: str
    by: int
    author: str


class Proposals(Protocol):
    """Where proposals wait for an editor."""

    async def put(self, work: Work, proposal: Proposal, now: datetime) -> None:
        """Keep a proposal; a later one from the same conversation by the same agent replaces one that nobody
        has looked at yet."""
        ...

    async def waiting(self, work: Work, conversation: int) -> bool:
        """Whether one of this conversation waits already."""
        ...


def tidy(proposal: Proposal, both: str) -> Proposal:
    """`proposal` with its words cleaned. Raises RequestRefused with the text `both` where one is missing."""
    question = " ".join(clean_text(proposal.question).split())[:QUESTION_LIMIT]
    answer = clean_text(proposal.answer).strip()[:ANSWER_LIMIT]
    if not question or not answer:
        raise RequestRefused(400, both)
    return Proposal(
        conversation=proposal.conversation,
        question=question,
        answer=answer,
        language=proposal.language,
        by=proposal.by,
        author=proposal.author,
    )
