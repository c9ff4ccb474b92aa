"""A whole Rasa assistant, really: words, buttons, a person called, pause and resume, silence, and its death."""

from __future__ import annotations

from gateway.conversations import State
from gateway.dialogue import Tell
from gateway.messages import Button, Message, plain_text
from tests.rasa.server import RasaServer
from tests.rasa.talk import Talk, until


def words(message: Message) -> str:
    return plain_text(message.parts)


async def asked(talk: Talk, text: str) -> Message:
    await talk.says(text)
    return await talk.hears()


async def did(talk: Talk) -> list[str]:
    conversation = await talk.conversation()
    async with talk.house.database.read() as view:
        return [tried.did for tried, _ in await view.turns.of(conversation.id)]


async def test_it_answers_and_its_buttons_go_back_to_it(talk: Talk) -> None:
    greeting = await asked(talk, "привіт")
    assert "Журавлик" in words(greeting)
    price = next(button for button in greeting.buttons if button.payload == "/delivery-cost")
    await talk.presses(price)
    answer = await talk.hears()
    assert "70 грн" in words(answer)
    assert [button.url for button in answer.buttons if button.url] == ["https://zhuravlyk.example/price"]
    assert await did(talk) == [Tell.__name__.lower()] * 2


async def test_it_is_told_the_customers_language(talk: Talk) -> None:
    await asked(talk, "how much is delivery")
    tracker = await talk.tracker()
    assert tracker["slots"]["language"] == "en"
    [heard] = [event for event in tracker["events"] if event["event"] == "user"]
    assert heard["metadata"]["frontdesk"]["message"] == 1


async def test_its_handoff_calls_a_person_and_pauses_it(talk: Talk) -> None:
    greeting = await asked(talk, "привіт")
    person = next(button for button in greeting.buttons if button.payload == "/frontdesk-person")
    await talk.presses(person)
    await talk.hears()
    state = (await talk.conversation()).state
    assert state in (State.QUEUED, State.BOT), "queued while people are there, else a call is offered"
    if state is State.QUEUED:
        await talk.remembers(lambda tracker: tracker["paused"])


async def test_it_stands_by_while_people_talk_and_is_told_what_they_said(talk: Talk) -> None:
    await asked(talk, "привіт")
    await talk.person_takes(State.AGENT)
    tracker = await talk.remembers(lambda tracker: tracker["paused"])
    await talk.says("хто ви?")
    await talk.person_says("Я Олена")
    await talk.person_takes(State.BOT)
    tracker = await talk.remembers(lambda tracker: not tracker["paused"])
    heard = [(event["event"], event["text"]) for event in tracker["events"] if event.get("text")]
    assert heard[-2:] == [("user", "хто ви?"), ("agent", "Я Олена")]
    assert "70 грн" in words(await asked(talk, "скільки коштує доставка"))


async def test_a_message_right_after_people_finds_it_resumed(talk: Talk) -> None:
    await asked(talk, "привіт")
    await talk.person_takes(State.AGENT)
    await talk.remembers(lambda tracker: tracker["paused"])
    await talk.person_takes(State.BOT)
    assert "70 грн" in words(await asked(talk, "скільки коштує доставка"))
    assert (await did(talk))[-1] == "tell"


async def test_what_it_does_not_know_and_an_empty_answer_are_answered_by_ourselves(talk: Talk) -> None:
    await asked(talk, "привіт")
    async with talk.house.database.read() as view:
        before = await view.turns.of((await talk.conversation()).id)
    # `back` undoes the last turn in Rasa and says nothing: an empty list.
    await talk.presses(Button(label="скільки коштує доставка", payload="/back"))
    assert "70 грн" in words(await talk.hears())
    assert (await did(talk))[len(before) :] == ["reply"]


async def test_killed_amid_a_conversation_and_back(talk: Talk, rasa: RasaServer) -> None:
    greeting = await asked(talk, "привіт")
    rasa.kill()
    assert "70 грн" in words(await asked(talk, "скільки коштує доставка"))
    price = next(button for button in greeting.buttons if button.payload == "/delivery-cost")
    await talk.presses(price)
    assert "70 грн" in words(await talk.hears())
    assert (await did(talk))[-2:] == ["reply", "reply"]
    rasa.start()

    async def told_again() -> bool | None:
        await asked(talk, "скільки коштує доставка")
        return True if (await did(talk))[-1] == "tell" else None

    assert await until(told_again)
