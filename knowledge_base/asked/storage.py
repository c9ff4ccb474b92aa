"""Questions without a good answer in the database, what editors made of them, and agents' proposals.

The questions are the turns themselves: nothing is written for them while customers wait. What is kept of
one that was dealt with is its number, never its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Row,
    Select,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    select,
    text,
    type_coerce,
    update,
)

from gateway.errors import NotFound
from gateway.improving.masking import masked, plain
from gateway.improving.proposing import Proposal
from gateway.messages import Author, Part, Value, decode_parts, has_attachment
from gateway.ports import Understanding
from gateway.storage import tables
from gateway.storage.dialect import upsert
from gateway.storage.schema import Id, Instant, metadata
from gateway.storage.work import Work
from knowledge_base.asked.questions import Question, Why
from knowledge_base.asked.storage_votes import voted_down, voted_up

asked_marks = Table(
    "asked_marks",
    metadata,
    Column("message_id", Id, ForeignKey("messages.id"), primary_key=True, autoincrement=False),
    Column("deed", String(16), nullable=False),
    Column("article", String(64)),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("created_at", Instant, nullable=False),
)
"""Questions that an editor has dealt with."""

proposals = Table(
    "proposals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation_id", Id, ForeignKey("conversations.id"), nullable=False, index=True),
    Column("staff_id", Id, ForeignKey("staff.id"), nullable=False),
    Column("author", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("article", String(64)),
    Column("settled_by", Id, ForeignKey("staff.id")),
    Column("created_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Index(
        "ix_proposals_waiting",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)
"""What agents propose for the knowledge base."""

_UNANSWERED = "did in ('unknown', 'clarify', 'handover')"
Index(
    "ix_turns_unanswered",
    tables.turns.c.created_at,
    sqlite_where=text(_UNANSWERED),
    postgresql_where=text(_UNANSWERED),
)
"""Partial: turns that were answered, nearly all, cost nothing more."""

SOON = timedelta(days=1)
"""A person who joins later than this after an answer came for something else."""
NEXT = 4
"""Messages within which what was offered by "did you mean…" is chosen, if at all."""

_turn = tables.turns.c
_message = tables.messages.c
_mark = asked_marks.c
_proposal = proposals.c


class Deed(StrEnum):
    """What an editor made of a question."""

    ARTICLE = "article"
    LABEL = "label"
    DISMISSED = "dismissed"


class ProposalState(StrEnum):
    """How far a proposal is."""

    WAITING = "waiting"
    TAKEN = "taken"
    DISMISSED = "dismissed"


class Kept(Value, frozen=True, kw_only=True):
    """A proposal as it waits."""

    id: int
    proposal: Proposal
    created_at: datetime


class Sureness(Value, frozen=True, kw_only=True):
    """From which confidence on the bot answers, and from which anger on a person is called: turns that went
    to a person for another reason than not being understood are no open questions."""

    confidence: float
    anger: float


class AskedTable:
    """Reads the questions and keeps what was done about them, inside the caller's transaction."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    async def questions(self, since: datetime, limit: int, sureness: Sureness) -> list[Question]:
        """The newest `limit` questions from `since` on that nobody has dealt with, newest first."""
        found = [
            _question(row, Why(row.did))
            for row in await self._connection.execute(_unanswered(since).limit(limit))
            if _was_a_question(row, sureness)
        ]
        found += [
            _question(row, Why.ANSWERED) for row in await self._connection.execute(_not_helped(since).limit(limit))
        ]
        voted = _unmarked(voted_down(_turns())).where(_turn.created_at >= since).order_by(_turn.created_at.desc())
        found += [
            structs.replace(_question(row, Why.VOTED), article=row.voted)
            for row in await self._connection.execute(voted.limit(limit))
        ]
        # One message is one question: what the customer says of it, the last, is told.
        found = list({one.message: one for one in found}.values())
        return sorted((one for one in found if one.plain), key=lambda one: one.at, reverse=True)[:limit]

    async def texts(self, messages: Sequence[int]) -> list[Question]:
        """These messages as questions, those that are there, in the order asked for."""
        query = _turns().where(_turn.message_id.in_(list(messages)))
        found = {row.message_id: _question(row, Why.UNKNOWN) for row in await self._connection.execute(query)}
        return [found[one] for one in messages if one in found]

    async def mark(
        self, messages: Sequence[int], deed: Deed, now: datetime, *, by: int | None, article: str | None = None
    ) -> None:
        """Remember that these were dealt with; a later deed replaces the earlier."""
        for message in messages:
            row = {"deed": deed, "article": article, "staff_id": by, "created_at": now}
            await self._connection.execute(
                upsert(self._connection, asked_marks)
                .values(message_id=message, **row)
                .on_conflict_do_update(index_elements=["message_id"], set_=row)
            )


class StoredProposals:
    """`gateway.improving.proposing.Proposals` over the `proposals` table, and the editor's side of it."""

    async def put(self, work: Work, proposal: Proposal, now: datetime) -> None:
        """See `Proposals.put`."""
        row = {
            "author": proposal.author,
            "question": proposal.question,
            "answer": proposal.answer,
            "language": proposal.language,
            "created_at": now,
        }
        replaced = await work.connection.execute(
            update(proposals)
            .where(
                _proposal.conversation_id == proposal.conversation,
                _proposal.staff_id == proposal.by,
                _proposal.state == ProposalState.WAITING,
            )
            .values(**row)
        )
        if not replaced.rowcount:
            await work.connection.execute(
                insert(proposals).values(
                    conversation_id=proposal.conversation, staff_id=proposal.by, state=ProposalState.WAITING, **row
                )
            )

    async def waiting(self, work: Work, conversation: int) -> bool:
        """See `Proposals.waiting`."""
        query = select(_proposal.id).where(
            _proposal.conversation_id == conversation, _proposal.state == ProposalState.WAITING
        )
        return (await work.connection.execute(query.limit(1))).first() is not None

    async def all_waiting(self, work: Work, limit: int) -> list[Kept]:
        """What waits for an editor, oldest first."""
        query = select(proposals).where(text("state = 'waiting'")).order_by(_proposal.id).limit(limit)
        return [_kept(row) for row in await work.connection.execute(query)]

    async def count(self, work: Work) -> int:
        """How many wait."""
        query = select(func.count()).select_from(proposals).where(text("state = 'waiting'"))
        return int((await work.connection.execute(query)).scalar_one())

    async def get(self, work: Work, number: int) -> Kept:
        """One that waits. Raises NotFound."""
        query = select(proposals).where(_proposal.id == number, _proposal.state == ProposalState.WAITING)
        row = (await work.connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"proposal {number}")
        return _kept(row)

    async def settle(
        self, work: Work, number: int, state: ProposalState, now: datetime, *, by: int, article: str | None = None
    ) -> None:
        """Somebody has decided on it."""
        done = {"state": state, "article": article, "settled_by": by, "settled_at": now}
        await work.connection.execute(update(proposals).where(_proposal.id == number).values(**done))


# --- statements ------------------------------------------------------------------------------


def _turns() -> Select[Any]:
    columns = (_turn.message_id, _turn.conversation_id, _turn.text, _turn.intent, _turn.confidence, _turn.did)
    return select(*columns, _turn.understanding, _turn.created_at, _message.channel, _message.parts).join(
        tables.messages, _message.id == _turn.message_id
    )


def _unmarked(query: Select[Any]) -> Select[Any]:
    return query.outerjoin(asked_marks, _mark.message_id == _turn.message_id).where(_mark.message_id.is_(None))


def _unanswered(since: datetime) -> Select[Any]:
    later = tables.messages.alias()
    chosen = (
        select(later.c.id)
        .where(
            later.c.conversation_id == _turn.conversation_id,
            later.c.seq > _message.seq,
            later.c.seq <= _message.seq + NEXT,
            later.c.article.is_not(None),
            later.c.author == Author.BOT,
        )
        .exists()
    )
    return (
        _unmarked(_turns())
        .where(text(f"turns.{_UNANSWERED}"), _turn.created_at >= since)
        .where(~and_(_turn.did == Why.CLARIFY, chosen))
        .order_by(_turn.created_at.desc())
    )


def _not_helped(since: datetime) -> Select[Any]:
    """The last answer before a person joined, where nothing else stood between them."""
    person, after = tables.messages.alias(), tables.turns.alias()
    joined = select(person.c.conversation_id).where(
        person.c.agent_id.is_not(None), person.c.author == Author.AGENT, person.c.created_at >= since
    )
    soon = (
        select(person.c.id)
        .where(
            person.c.conversation_id == _turn.conversation_id,
            person.c.seq > _message.seq,
            person.c.agent_id.is_not(None),
            person.c.created_at <= type_coerce(_turn.created_at, BigInteger) + int(SOON / timedelta(microseconds=1)),
        )
        .exists()
    )
    followed = (
        select(after.c.id)
        .where(
            after.c.conversation_id == _turn.conversation_id,
            after.c.id > _turn.id,
            after.c.did.in_(("reply", "unknown", "clarify")),
        )
        .exists()
    )
    return (
        _unmarked(_turns())
        .where(_turn.conversation_id.in_(joined), _turn.did == "reply", _turn.created_at >= since)
        .where(soon, ~followed, ~voted_up())
        .order_by(_turn.created_at.desc())
    )


# --- rows ------------------------------------------------------------------------------------

_understanding = msgspec.json.Decoder(Understanding)


def _was_a_question(row: Row[Any], sureness: Sureness) -> bool:
    """Whether it went to a person because it was not understood: not by anger, a photo, or by its own wish."""
    if row.did != Why.HANDOVER:
        return True
    parts: tuple[Part, ...] = decode_parts(row.parts)
    if has_attachment(parts) or row.confidence >= sureness.confidence:
        return False
    return not row.understanding or _understanding.decode(row.understanding).mood.anger < sureness.anger


def _question(row: Row[Any], why: Why) -> Question:
    understood = _understanding.decode(row.understanding) if row.understanding else None
    entities = understood.entities if understood else ()
    return Question(
        message=row.message_id,
        conversation=row.conversation_id,
        text=masked(row.text, entities),
        plain=plain(row.text, entities),
        language=understood.language if understood else "",
        channel=row.channel,
        why=why,
        at=row.created_at,
        article=row.intent if why is Why.ANSWERED else None,
    )


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        id=row.id,
        created_at=row.created_at,
        proposal=Proposal(
            conversation=row.conversation_id,
            question=row.question,
            answer=row.answer,
            language=row.language,
            by=row.staff_id,
            author=row.author,
        ),
    )
