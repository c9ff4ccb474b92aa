"""Agents propose their answers for the knowledge base: while closing, and afterwards."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.improving.proposing import Proposal
from gateway.messages import Author, Direction, Text
from gateway.ports import Entity, EntityKind, Understanding
from gateway.staff import Staff
from gateway.storage.work import Work
from handoff.desk_proposals import DeskProposals
from tests.handoff.screens.app import DeskApp
from tests.handoff.screens.conftest import Agent

ASKED = "чи є знижки студентам, мій номер 0671234567"


class Kept:
    """Remembers what was proposed."""

    def __init__(self) -> None:
        self.proposals: list[Proposal] = []

    async def put(self, work: Work, proposal: Proposal, now: datetime) -> None:
        self.proposals.append(proposal)

    async def waiting(self, work: Work, conversation: int) -> bool:
        return any(one.conversation == conversation for one in self.proposals)


@pytest.fixture
def kept(app: DeskApp) -> Kept:
    found = Kept()
    app.desk.proposals = DeskProposals(app.database, found, app.texts, app.settings, app.clock)
    return found


@pytest.fixture
async def talk(app: DeskApp, me: Staff) -> int:
    """A conversation that I have and have answered."""
    async with app.database.write() as work:
        identity = await work.contacts.meet("site", "visitor-1", app.clock())
        talk = (await work.conversations.add(identity=identity, language="uk", now=app.clock())).id
        message = await said(work, app, talk, Author.CONTACT, ASKED)
        start = ASKED.index("067")
        phone = Entity(kind=EntityKind.PHONE, text=ASKED[start:], value="+380671234567", start=start, end=len(ASKED))
        understood = Understanding(text=ASKED, language="uk", language_confidence=1.0, entities=(phone,))
        work.turns.add(
            conversation_id=talk, message_id=message, understanding=understood, did="unknown", now=app.clock()
        )
    await app.desk.claim(talk, me)
    await app.desk.reply(talk, me, "Добрий день!")
    await app.desk.reply(talk, me, "Так, студентам знижка 10 % за квитком.")
    return talk


async def said(work: Work, app: DeskApp, talk: int, author: Author, text: str) -> int:
    message = await work.messages.add(
        conversation_id=talk,
        seq=await work.conversations.next_seq(talk, app.clock()),
        direction=Direction.INBOUND,
        author=author,
        channel="site",
        parts=(Text(text=text),),
        now=app.clock(),
    )
    return message.id


async def test_closing_offers_the_question_without_what_is_theirs_and_the_longest_answer(
    agent: Agent, kept: Kept, talk: int
) -> None:
    page = (await agent.get(f"/desk/{talk}/dialog/close")).text
    assert 'value="чи є знижки студентам, мій номер"' in page
    assert "знижка 10 % за квитком" in page
    form = {"outcome": "resolved", "propose": "1", "question": " Чи є  знижки? ", "answer": "Так."}
    assert (await agent.post(f"/desk/{talk}/close", **form)).status_code == 204
    (proposal,) = kept.proposals
    assert (proposal.question, proposal.answer, proposal.language) == ("Чи є знижки?", "Так.", "uk")
    assert (proposal.conversation, proposal.author) == (talk, "Oksana")


async def test_what_is_not_wanted_is_not_proposed(agent: Agent, kept: Kept, talk: int) -> None:
    form = {"outcome": "resolved", "question": "Чи є знижки?", "answer": "Так."}
    assert (await agent.post(f"/desk/{talk}/close", **form)).status_code == 204
    assert kept.proposals == []


async def test_a_proposal_without_an_answer_closes_nothing(agent: Agent, kept: Kept, talk: int) -> None:
    form = {"outcome": "resolved", "propose": "1", "question": "Чи є знижки?", "answer": " "}
    response = await agent.post(f"/desk/{talk}/close", **form)
    assert response.status_code == 400
    assert "needs a question and an answer" in response.text
    assert (await agent.post(f"/desk/{talk}/close", outcome="resolved")).status_code == 204


async def test_a_closed_conversation_can_be_proposed_from(agent: Agent, kept: Kept, app: DeskApp, talk: int) -> None:
    assert "Propose" not in (await agent.get(f"/desk/{talk}")).text
    await agent.post(f"/desk/{talk}/close", outcome="resolved")
    assert 'data-dialog="propose"' in (await agent.get(f"/desk/{talk}")).text
    assert (await agent.get(f"/desk/{talk}/dialog/propose")).status_code == 200
    done = await agent.post(f"/desk/{talk}/propose", question="Чи є знижки?", answer="Так.")
    assert done.status_code == 204
    assert "waits for an editor already" in (await agent.get(f"/desk/{talk}/dialog/propose")).text


async def test_without_a_knowledge_base_nothing_is_offered(agent: Agent, talk: int) -> None:
    assert "Propose" not in (await agent.get(f"/desk/{talk}/dialog/close")).text
    assert (await agent.get(f"/desk/{talk}/dialog/propose")).status_code == 404
    form = {"question": "Чи є знижки?", "answer": "Так."}
    assert (await agent.post(f"/desk/{talk}/propose", **form)).status_code == 400
