"""A whole assistant behind its HTTP API: what is asked, what it is told, and what counts as a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from gateway.assisting.assistant import AssistantFailed, Question, Said
from gateway.assisting.settings import Rasa
from gateway.messages import Author, plain_text
from nlu.rasa.assistant import RasaAssistant
from nlu.rasa.client import RasaClient
from tests.nlu.rasa.standin import RasaStandin
from tests.standins.http import Status, Take

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
TALKED = (Said(author=Author.CONTACT, text="Hello?", at=NOW), Said(author=Author.AGENT, text="I am here.", at=NOW))
LONG = '/inform{"what": "' + "коробка " * 20 + '"}'


async def nothing(after: int) -> Sequence[Said]:
    raise AssertionError("nobody talked")


async def talked(after: int) -> Sequence[Said]:
    assert after == 4
    return TALKED


class Setting:
    def __init__(self, server: RasaStandin) -> None:
        self.server = server
        server.answers = {"price": [{"text": "70"}], "/delivery-cost": [{"text": "70"}]}

    def assistant(self, start: str = "") -> RasaAssistant:
        """As a process that has just begun has it."""
        settings = Rasa(url=self.server.base, mode="assistant", timeout=0.5, start=start)
        self.client = RasaClient(settings)
        return RasaAssistant(self.client, settings, lambda article: article == "delivery-cost")


def question(text: str, message: int = 1, payload: str | None = None, language: str = "uk") -> Question:
    return Question(sender="frontdesk-7", message=message, text=text, payload=payload, language=language)


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    async with RasaStandin() as server:
        made = Setting(server)
        yield made
        await made.client.close()


async def test_words_and_payloads_are_asked(setting: Setting) -> None:
    assistant = setting.assistant()
    assert [plain_text(one.parts) for one in (await assistant.ask(question("/price"), nothing)).replies] == ["70"]
    await assistant.ask(question("How much?", 2, payload="/delivery-cost"), nothing)
    assert setting.server.asked() == ["price", "/delivery-cost"]
    [look] = [got for got in setting.server.got if got.path.endswith("/tracker")]
    assert look.method == "GET", "a conversation's tracker is looked at once"


async def test_the_language_is_told_when_it_changes(setting: Setting) -> None:
    assistant = setting.assistant()
    for number, language in enumerate(("uk", "uk", "en"), 1):
        await assistant.ask(question("price", number, language=language), nothing)
    told = [event["value"] for event in setting.server.events["frontdesk-7"] if event["event"] == "slot"]
    assert told == ["uk", "en"]


async def test_an_assistant_without_the_slot_is_told_no_language(setting: Setting) -> None:
    setting.server.slots["frontdesk-7"] = {}
    await setting.assistant().ask(question("price"), nothing)
    assert [event["event"] for event in setting.server.events["frontdesk-7"]] == ["user", "bot"]


async def test_an_empty_answer_is_a_failure(setting: Setting) -> None:
    with pytest.raises(AssistantFailed, match="empty"):
        await setting.assistant().ask(question("anything else"), nothing)


@pytest.mark.parametrize("reply", [Status(500), Status(200, body=b"nonsense"), Take()])
async def test_what_is_no_answer_is_a_failure(setting: Setting, reply: Status | Take) -> None:
    assistant = setting.assistant()
    await assistant.ask(question("price"), nothing)
    setting.server.script(reply)
    with pytest.raises(AssistantFailed):
        await assistant.ask(question("price", 2), nothing)


async def test_what_was_answered_before_a_crash_is_not_asked_again(setting: Setting) -> None:
    first = await setting.assistant().ask(question("price"), nothing)
    await setting.client.close()
    assert await setting.assistant().ask(question("price"), nothing) == first
    assert setting.server.asked() == ["price"]


async def test_an_answer_lost_on_its_way_is_found(setting: Setting) -> None:
    assistant = setting.assistant()
    await assistant.ask(question("price"), nothing)
    setting.server.script(Take())
    with pytest.raises(AssistantFailed):
        await assistant.ask(question("price", 2), nothing)
    assert (await assistant.ask(question("price", 2), nothing)).replies
    assert setting.server.asked() == ["price", "price"]


async def test_it_is_paused_and_told_what_it_missed(setting: Setting) -> None:
    assistant = setting.assistant()
    await assistant.ask(question("price"), nothing)
    await assistant.pause("frontdesk-7", 4)
    await assistant.pause("frontdesk-7", 5)
    assert setting.server.paused("frontdesk-7")
    await assistant.resume("frontdesk-7", talked)
    await assistant.resume("frontdesk-7", nothing)
    kinds = [(event["event"], event.get("text")) for event in setting.server.events["frontdesk-7"]]
    assert kinds[-4:] == [("pause", None), ("user", "Hello?"), ("agent", "I am here."), ("resume", None)]


async def test_a_pause_that_nobody_ended_ends_with_the_next_question(setting: Setting) -> None:
    before = setting.assistant()
    await before.ask(question("price"), nothing)
    await before.pause("frontdesk-7", 4)
    assert (await before.ask(question("price", 2), talked)).replies


async def test_who_never_spoke_with_it_needs_no_pause(setting: Setting) -> None:
    await setting.assistant().pause("frontdesk-7", 4)
    assert not setting.server.events["frontdesk-7"]


async def test_long_payloads_come_back_whole(setting: Setting) -> None:
    setting.server.answers |= {
        "price": [{"text": "?", "buttons": [{"title": "Box", "payload": LONG}]}],
        LONG: [{"text": "!"}],
    }
    assistant = setting.assistant()
    [asked] = (await assistant.ask(question("price"), nothing)).replies
    short = asked.buttons[0].payload
    assert short is not None
    assert len(short) <= 64
    await assistant.ask(question("Box", 2, payload=short), nothing)
    assert setting.server.asked()[-1] == LONG


async def test_payloads_that_are_articles(setting: Setting) -> None:
    assistant = setting.assistant(start="/greet")
    assert assistant.start == "/greet"
    assert assistant.article('/delivery_cost{"a": 1}') == "delivery-cost"
    assert assistant.article("/snow") is None
    assert assistant.article("delivery-cost") is None
