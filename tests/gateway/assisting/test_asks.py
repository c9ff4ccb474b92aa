"""An assistant of another program answers in the dialogue's place: durably, once, in order, and not alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.assisting.asks import KIND
from gateway.assisting.assistant import AssistantFailed, HandingOver, Missed, Question, Told
from gateway.assisting.standing_by import StandingBy
from gateway.conversations import State
from gateway.messages import (
    Button,
    ButtonPress,
    ContactCard,
    Direction,
    Inbound,
    Media,
    MediaKind,
    Outbound,
    Sender,
    Start,
    Text,
    plain_text,
)
from gateway.ports import Action, Reason
from gateway.storage.engine import Database
from gateway.timers import Timers
from tests.fakes import inbound
from tests.gateway.spine import Spine

KNOWN = {"ціна": ("cost", 0.9), "людину": ("person", 0.9)}
ACTIONS = {"cost": Action.ANSWER, "person": Action.HANDOFF}


def said(text: str, *buttons: Button) -> Told:
    return Told(replies=(Outbound(parts=(Text(text=text),), buttons=buttons),))


class FakeAssistant:
    """Tells what it was given for a text or payload, fails on all else; notes pauses."""

    start: str | None = None

    def __init__(self) -> None:
        self.told: dict[str, Told] = {"ціна": said("from the assistant"), "/more": said("more")}
        self.questions: list[Question] = []
        self.steps: list[tuple[str, object]] = []
        self.wait = asyncio.Event()
        self.wait.set()

    async def ask(self, question: Question, missed: Missed) -> Told:
        self.questions.append(question)
        await self.wait.wait()
        told = self.told.get(question.payload or question.text)
        if told is None:
            raise AssistantFailed("an empty answer")
        return told

    async def pause(self, sender: str, seq: int) -> None:
        self.steps.append(("pause", seq))

    async def resume(self, sender: str, missed: Missed) -> None:
        self.steps.append(("resume", [line.text for line in await missed(0)]))

    async def look(self) -> None:
        return None

    def article(self, payload: str) -> str | None:
        return payload.removeprefix("/") if payload.removeprefix("/") in ACTIONS else None


class Room:
    """The spine with an assistant before it."""

    def __init__(self, database: Database, clock) -> None:
        self.clock = clock
        self.assistant = FakeAssistant()
        self.spine = Spine(database, clock, known=KNOWN, actions=ACTIONS, assistant=self.assistant)
        assert self.spine.asks is not None
        self.asks = self.spine.asks
        handlers = {KIND: self.asks.ring}
        self.timers = Timers(database, handlers, clock=clock, wakeups=self.spine.wakeups)
        self.number = 0

    async def hear(self, *parts: object) -> None:
        self.number += 1
        event = Inbound(sender=Sender(address="7"), parts=tuple(parts), platform_id=str(self.number))  # type: ignore[arg-type]
        await self.spine.hear(event)
        await self.spine.settle()

    async def answer(self) -> None:
        """Work off the questions, one round a conversation at a time, as the loop does."""
        while waiting := await self.asks._waiting():
            for asked in waiting:
                await self.asks.answer(asked)
        await self.spine.settle()

    async def says(self, text: str) -> list[str]:
        """What the customer hears after they said `text`."""
        before = len(self.spine.channel.texts)
        await self.hear(Text(text=text))
        await self.answer()
        return self.spine.channel.texts[before:]

    async def conversation(self):
        async with self.spine.database.read() as view:
            [found] = await view.conversations.in_states(list(State))
        return found

    async def tried(self) -> list[str]:
        conversation = await self.conversation()
        async with self.spine.database.read() as view:
            return [tried.did for tried, _ in await view.turns.of(conversation.id)]


@pytest.fixture
def room(database: Database, clock) -> Room:
    return Room(database, clock)


async def test_it_answers_in_our_place(room: Room) -> None:
    assert await room.says("ціна") == ["from the assistant"]
    [question] = room.assistant.questions
    assert (question.text, question.payload, question.language) == ("ціна", None, "uk")
    assert await room.tried() == ["tell"]


async def test_where_it_fails_we_answer(room: Room) -> None:
    del room.assistant.told["ціна"]
    assert await room.says("ціна") == ["cost in uk"]
    assert await room.tried() == ["reply"]


async def test_where_it_does_not_know_we_ask_back_and_then_call_a_person(room: Room) -> None:
    room.assistant.told["щось"] = Told(unknown=True)
    [words] = await room.says("щось")
    assert "I can call a person in" in words or "людину" in words
    await room.says("щось")
    assert (await room.conversation()).state is State.QUEUED


async def test_its_buttons_go_back_to_it_and_ours_stay_ours(room: Room) -> None:
    room.assistant.told["ціна"] = said("?", Button(label="More", payload="/more"))
    await room.says("ціна")
    await room.hear(ButtonPress(payload="/more", label="More"))
    await room.answer()
    await room.hear(ButtonPress(payload="a:cost", label="Cost"))
    await room.answer()
    assert room.spine.channel.texts[-2:] == ["more", "cost in uk"]
    assert [question.payload for question in room.assistant.questions] == [None, "/more"]


async def test_a_typed_label_is_a_pressed_button(room: Room) -> None:
    room.assistant.told["ціна"] = said("?", Button(label="More", payload="/more"))
    await room.says("ціна")
    assert await room.says("more") == ["more"]


async def test_its_button_means_our_article_where_it_is_silent(room: Room) -> None:
    await room.hear(ButtonPress(payload="/cost", label="Whatever"))
    await room.answer()
    await room.hear(ButtonPress(payload="/unheard", label="ціна"))
    await room.answer()
    assert room.spine.channel.texts == ["cost in uk", "cost in uk"]


async def test_a_button_that_says_nothing_is_not_passed_over(room: Room) -> None:
    await room.hear(ButtonPress(payload="/unheard"))
    await room.answer()
    assert len(room.spine.channel.texts) == 1
    assert await room.tried() == []


async def test_a_buttons_label_is_known_where_the_messenger_tells_none(room: Room) -> None:
    room.assistant.told["ціна"] = said("?", Button(label="людину", payload="/unheard"))
    await room.says("ціна")
    await room.hear(ButtonPress(payload="/unheard"))
    await room.answer()
    assert (await room.conversation()).state is State.QUEUED


async def test_it_calls_a_person(room: Room) -> None:
    handing = HandingOver(reason=Reason.ANGRY, note="wants the money back", say="Кличу.")
    room.assistant.told["ціна"] = Told(replies=said("Шкода.").replies, handoff=handing)
    assert await room.says("ціна") == ["Шкода.", "Кличу.", "You are number 1."]
    assert [context.reason for context in room.spine.handoffs.requested] == [Reason.ANGRY]
    async with room.spine.database.read() as view:
        messages = await view.messages.after((await room.conversation()).id, 0)
    assert [plain_text(one.parts) for one in messages if one.direction is Direction.NOTE] == ["wants the money back"]


async def test_it_begins_our_form(room: Room) -> None:
    room.assistant.told["ціна"] = Told(replies=said("Gladly.").replies, action=Action.CALLBACK)
    assert await room.says("ціна") == ["Gladly.", "Form callback."]


@pytest.mark.parametrize(
    "part",
    [
        Media(kind=MediaKind.IMAGE, ref="x"),
        ContactCard(phone="+380441234567"),
        Start(),
    ],
    ids=lambda part: type(part).__name__,
)
async def test_what_is_ours_is_not_asked(room: Room, part: object) -> None:
    await room.hear(part)
    await room.answer()
    assert room.assistant.questions == []
    assert room.spine.channel.texts


async def test_who_opens_the_conversation_is_greeted_by_it_where_it_wants_to(room: Room) -> None:
    room.assistant.start = "/greet"
    room.assistant.told["/greet"] = said("Hello.")
    await room.hear(Start())
    await room.answer()
    assert room.spine.channel.texts == ["Hello."]


async def test_too_slow_it_is_answered_for_and_comes_too_late(room: Room) -> None:
    room.assistant.wait.clear()
    await room.hear(Text(text="ціна"))
    [asked] = await room.asks._waiting()
    asking = asyncio.ensure_future(room.asks.answer(asked))
    await asyncio.sleep(0.01)
    assert await room.timers.ring_due() == 0
    room.clock.now += timedelta(seconds=3)
    assert await room.timers.ring_due() == 1
    room.assistant.wait.set()
    await asking
    await room.spine.settle()
    assert room.spine.channel.texts == ["cost in uk"]


async def test_a_person_who_came_first_is_not_talked_over(room: Room) -> None:
    await room.hear(Text(text="ціна"))
    async with room.spine.database.write() as work:
        work.conversations.change((await room.conversation()).id, state=State.QUEUED)
    await room.answer()
    assert room.assistant.questions == []
    assert room.spine.channel.texts == []
    async with room.spine.database.read() as view:
        assert await view.timers.of_kind(KIND, 10) == []


async def test_questions_of_one_conversation_go_in_order(room: Room) -> None:
    room.assistant.told["людину"] = said("second")
    await room.hear(Text(text="ціна"))
    await room.hear(Text(text="людину"))
    assert len(await room.asks._waiting()) == 1
    await room.answer()
    assert room.spine.channel.texts == ["from the assistant", "second"]


async def test_the_loop_answers_and_ends_tidily(room: Room) -> None:
    running = asyncio.ensure_future(room.asks.run())
    await room.hear(Text(text="ціна"))
    async with asyncio.timeout(20):
        while not room.spine.channel.texts:
            await asyncio.sleep(0.01)
            await room.spine.settle()
    room.spine.wakeups.stop()
    async with asyncio.timeout(20):
        await running


async def test_while_people_talk_it_is_out_and_then_told(room: Room) -> None:
    standing_by = StandingBy(room.spine.database, room.assistant, room.spine.wakeups)
    await room.says("ціна")
    conversation = (await room.conversation()).id
    for state in (State.QUEUED, State.AGENT, State.BOT, State.CLOSED):
        async with room.spine.database.write() as work:
            work.conversations.change(conversation, state=state)
        await standing_by.look()
    assert room.assistant.steps == [("pause", 2), ("resume", ["ціна", "from the assistant"])]


async def test_without_an_assistant_nothing_is_asked(database: Database, clock) -> None:
    spine = Spine(database, clock, known=KNOWN, actions=ACTIONS)
    await spine.hear(inbound("ціна"))
    await spine.settle()
    assert spine.channel.texts == ["cost in uk"]
