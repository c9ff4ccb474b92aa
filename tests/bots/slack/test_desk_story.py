"""A customer's way through a Slack desk: card, claim, words both ways, template, callback, close."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.conversations import State
from gateway.storage.engine import Database
from handoff.canned import Canned
from handoff.handoffs import HandoffOutcome
from tests.bots.slack.desk_room import PUBLIC, ROOM, DeskRoom, words_of

Make = Callable[..., DeskRoom]


@pytest.fixture
def desk(desk_room: Make) -> DeskRoom:
    return desk_room()


async def test_a_handoff_is_a_card_with_what_was_said(desk: DeskRoom) -> None:
    await desk.room.hear("скільки коштує доставка")
    await desk.settle()
    assert desk.cards == []
    await desk.room.hear("людину")
    await desk.settle()
    (card,) = desk.cards
    words = words_of(card)
    for said in (
        "In the queue",
        "*Оля*",
        "Fake",
        "Asked for a person",
        "скільки коштує доставка",
        "answered",
        "waited",
    ):
        assert said in words
    number = (await desk.room.conversation()).id
    assert f"<{PUBLIC}/desk/{number}|Open in the web desk>" in words
    assert desk.buttons == ["claim", "callback", "note", "close"]
    (lines,) = desk.thread
    said = ["скільки коштує доставка", "price in uk", "людину"]
    assert [lines.index(one) for one in said] == sorted(lines.index(one) for one in said)
    await desk.settle()
    assert len(desk.cards) == len(desk.thread) == 1


async def test_the_whole_story(desk_room: Make, database: Database) -> None:
    desk = desk_room(database)
    iryna = await desk.agent("Ірина", "U1IRYNA")
    bohdan = await desk.agent("Богдан", "U2BOHDAN")
    await desk.room.hear("людину")
    await desk.settle()

    await desk.presses("U1IRYNA", "desk:claim")
    held = await desk.room.conversation()
    assert (held.state, held.agent_id) == (State.AGENT, iryna.id)
    assert "Ірина has it" in words_of(desk.card)
    assert desk.buttons == ["template", "callback", "note", "transfer", "bot", "close"]

    await desk.says("U1IRYNA", "Доброго дня!")
    assert (await desk.told())[-1] == "Доброго дня!"
    await desk.room.hear("де моя посилка")
    await desk.settle()
    assert "де моя посилка" in desk.thread[-1]
    assert "waited since" in words_of(desk.card)

    await desk.says("U1IRYNA", "// пише вже втретє")
    assert (await desk.transcript())[-1] == "agent: пише вже втретє"
    assert "пише вже втретє" not in " ".join(await desk.told())

    # On the web desk a colleague notes something, and the conversation is given away and back.
    await desk.room.desk.note(held.id, bohdan, "посилка в Одесі")
    await desk.settle()
    assert "Private note by *Богдан*" in desk.thread[-1]
    await desk.room.desk.transfer(held.id, iryna, bohdan.id)
    await desk.settle()
    assert "Богдан has it" in words_of(desk.card)
    await desk.room.desk.reply(held.id, bohdan, "Вже дивлюся")
    await desk.settle()
    assert "*Богдан*" in desk.thread[-1]
    assert "Вже дивлюся" in desk.thread[-1]

    await desk.room.desk.canned.save(Canned(shortcut="wait", texts={"uk": "Хвилинку, {{ contact.name }}."}))
    await desk.presses("U2BOHDAN", "desk:template")
    await desk.post(desk.slack.choose(desk.slack.views[-1], "U2BOHDAN", "shortcut", "wait"))
    await desk.settle()
    await desk.submits("U2BOHDAN")
    assert (await desk.told())[-1] == "Хвилинку, Оля."
    assert "Хвилинку, Оля." in desk.thread[-1]

    await desk.presses("U2BOHDAN", "desk:callback")
    times = desk.slack.views[-1]["blocks"][0]["element"]["option_groups"][0]["options"]
    await desk.submits("U2BOHDAN", time=times[0]["value"], phone="067 123 45 67", topic="посилка")
    (call,) = await desk.room.calls()
    assert (call.phone, call.topic, call.booked_by) == ("+380671234567", "посилка", bohdan.id)
    assert "📞 Call:" in words_of(desk.card)

    await desk.presses("U2BOHDAN", "desk:close")
    await desk.submits("U2BOHDAN", outcome="resolved")
    assert (await desk.room.conversation()).state is State.CLOSED
    assert (await desk.room.handoff()).outcome is HandoffOutcome.RESOLVED
    assert "Solved" in words_of(desk.card)
    assert desk.buttons == []
    await desk.room.press("5")
    await desk.settle()
    assert "rated 5 of 5" in words_of(desk.card)
    assert len(desk.cards) == 1
    assert desk.slack.whispers == []


async def test_an_articles_answer_is_found_changed_and_sent(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    long = "Довга відповідь. " * 250
    desk.articles["uk"] = [
        ("price", "Скільки коштує доставка", "Доставка коштує 70 ₴."),
        ("terms", "Умови доставки", long),
    ]
    await desk.room.desk.canned.save(Canned(shortcut="hi", texts={"uk": "Вітаю, доставка в дорозі."}))
    await desk.room.hear("людину")
    await desk.settle()
    await desk.presses("U1IRYNA", "desk:claim")
    await desk.presses("U1IRYNA", "desk:template")
    await desk.post(desk.slack.choose(desk.slack.views[-1], "U1IRYNA", "search", "доставк"))
    await desk.settle()
    choices = desk.slack.views[-1]["blocks"][1]["element"]["options"]
    assert [one["value"] for one in choices] == ["hi", "article:price", "article:terms"]
    assert choices[1]["text"]["text"].startswith("📖 Скільки коштує доставка")

    await desk.post(desk.slack.choose(desk.slack.views[-1], "U1IRYNA", "shortcut", "article:price", search="доставк"))
    await desk.settle()
    assert desk.slack.views[-1]["blocks"][2]["element"]["initial_value"] == "Доставка коштує 70 ₴."
    await desk.submits("U1IRYNA", words="Для вас доставка коштує 70 ₴.")
    assert (await desk.told())[-1] == "Для вас доставка коштує 70 ₴."
    async with desk.room.database.read() as view:
        said = (await view.messages.before((await desk.room.conversation()).id, limit=1))[-1]
    assert (said.article, said.agent_id) == ("price", iryna.id)

    # An answer too long for a field is read in the dialog, and sent as it is.
    await desk.presses("U1IRYNA", "desk:template")
    await desk.post(desk.slack.choose(desk.slack.views[-1], "U1IRYNA", "search", "умови"))
    await desk.settle()
    await desk.post(desk.slack.choose(desk.slack.views[-1], "U1IRYNA", "shortcut", "article:terms", search="умови"))
    await desk.settle()
    await desk.submits("U1IRYNA")
    assert "".join(await desk.told()).count("Довга відповідь.") == 250
    assert desk.slack.whispers == []


async def test_a_search_that_finds_nothing_says_so(desk: DeskRoom) -> None:
    await desk.agent("Ірина", "U1IRYNA")
    await desk.room.hear("людину")
    await desk.settle()
    await desk.presses("U1IRYNA", "desk:claim")
    await desk.presses("U1IRYNA", "desk:template")
    assert "There are no templates yet" in desk.slack.views[-1]["blocks"][1]["text"]["text"]
    await desk.post(desk.slack.choose(desk.slack.views[-1], "U1IRYNA", "search", "слон"))
    await desk.settle()
    assert "Nothing has these words" in desk.slack.views[-1]["blocks"][1]["text"]["text"]
    await desk.submits("U1IRYNA")
    assert desk.whisper["text"] == "Choose a template first."


async def test_whatever_agents_wrote_in_slack_stands_there_once(desk: DeskRoom) -> None:
    await desk.agent("Ірина", "U1IRYNA")
    await desk.room.hear("людину")
    await desk.settle()
    await desk.says("U1IRYNA", "Перше")
    await desk.says("U1IRYNA", "note: ніхто не бачить")
    await desk.says("U1IRYNA", "Друге")
    all_words = " ".join(desk.thread)
    for words in ("Перше", "ніхто не бачить", "Друге"):
        assert all_words.count(words) == 1
    assert (await desk.told())[-2:] == ["Перше", "Друге"]
    assert (await desk.room.conversation()).state is State.AGENT  # who answers takes it


async def test_a_note_by_dialog_and_giving_back_to_the_bot(desk: DeskRoom) -> None:
    await desk.agent("Ірина", "U1IRYNA")
    await desk.room.hear("людину")
    await desk.settle()
    await desk.presses("U1IRYNA", "desk:claim")
    await desk.presses("U1IRYNA", "desk:note")
    await desk.submits("U1IRYNA", words="постійна клієнтка")
    assert "постійна клієнтка" in desk.thread[-1]
    await desk.presses("U1IRYNA", "desk:bot")
    assert (await desk.room.conversation()).state is State.BOT
    assert "Given back to the bot" in words_of(desk.card)
    assert desk.buttons == ["claim"]
    before = desk.thread
    assert await desk.room.hear("ціна") == ["price in uk"]
    await desk.settle()
    assert desk.thread == before  # the bot's own business
    await desk.presses("U1IRYNA", "desk:claim")
    assert len(desk.cards) == 1
    assert "price in uk" in desk.thread[-1]
    await desk.presses("U1IRYNA", "desk:bot")
    await desk.room.hear("людину")
    await desk.settle()
    assert len(desk.cards) == 2  # called anew: a new card


async def test_transfer_to_a_colleague_and_to_the_queue(desk: DeskRoom) -> None:
    await desk.agent("Ірина", "U1IRYNA")
    bohdan = await desk.agent("Богдан", "U2BOHDAN")
    await desk.room.hear("людину")
    await desk.settle()
    await desk.presses("U1IRYNA", "desk:claim")
    await desk.presses("U1IRYNA", "desk:transfer")
    await desk.submits("U1IRYNA", whom=str(bohdan.id), reason="ваш регіон")
    assert (await desk.room.conversation()).agent_id == bohdan.id
    assert "ваш регіон" in " ".join(desk.thread)
    await desk.presses("U2BOHDAN", "desk:transfer")
    await desk.submits("U2BOHDAN", whom="queue")
    assert (await desk.room.conversation()).state is State.QUEUED
    assert desk.buttons == ["claim", "callback", "note", "close"]


async def test_earlier_messages_are_shown_to_who_asks(desk_room: Make) -> None:
    desk = desk_room(transcript=2)
    await desk.agent("Ірина", "U1IRYNA")
    for number in range(6):
        await desk.room.hear(f"питання {number}")
    await desk.room.hear("людину")
    await desk.settle()
    opening = desk.slack.thread(ROOM, desk.card["ts"])[0]
    assert "питання 0" not in words_of(opening)
    assert "began earlier" in words_of(opening)
    await desk.presses("U1IRYNA", "desk:earlier", opening)
    assert desk.whisper["user"] == "U1IRYNA"
    words = words_of(desk.whisper)
    assert "питання 4" in words
    assert "питання 5" not in words  # that one stands in the thread
    assert "[Earlier messages]" not in words  # the conversation began with what is shown
