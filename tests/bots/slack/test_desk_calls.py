"""Booked calls in a Slack desk: the room hears when one is due, and agents say there what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bots.slack.desk.wire import dialogs
from bots.slack.desk.wire.calls import call_blocks, call_words
from bots.slack.desk.wire.deeds import Spot, Subject
from gateway.conversations import State
from gateway.desk_calls import CallCard, CallEnding
from gateway.desks import CallTime, Named
from gateway.staff import Staff
from gateway.storage.engine import Database
from gateway.texts import Texts
from handoff.callbacks import CallbackRequest, CallbackState, CallOutcome
from tests.bots.slack.desk_room import PUBLIC, DeskRoom, words_of
from tests.standins.slack import Fail, Reset, Take, _check_blocks, _check_view

Make = Callable[..., DeskRoom]
TEXTS = Texts()


@pytest.fixture
def desk(desk_room: Make) -> DeskRoom:
    return desk_room()


async def booked(desk: DeskRoom, agent: Staff, *, hours: int = 2) -> CallbackRequest:
    """A call to a customer whom only the bot has answered."""
    await desk.room.hear("ціна")
    conversation = await desk.room.conversation()
    begins = desk.room.clock() + timedelta(hours=hours)
    call = await desk.room.desk.calls.book(conversation.id, agent, begins, "067 123 45 67", "посилка")
    await desk.settle()
    return call


async def due(desk: DeskRoom, agent: Staff) -> CallbackRequest:
    call = await booked(desk, agent)
    await passes(desk, hours=2)
    return call


async def passes(desk: DeskRoom, *, hours: float) -> None:
    """Time passes, here and at Slack, and rings what is due."""
    desk.slack.advance(hours * 3600)
    await desk.room.ring(hours=hours)
    await desk.settle()


async def test_a_call_that_is_due_is_a_card_until_it_is_made(desk_room: Make, database: Database) -> None:
    desk = desk_room(database)
    iryna = await desk.agent("Ірина", "U1IRYNA")
    call = await booked(desk, iryna)
    assert desk.cards == []

    await passes(desk, hours=2)
    words = words_of(desk.card)
    assert "Call now" in words
    assert "Оля" in words
    assert "<tel:+380671234567|+380 67 123 4567>" in words
    assert "About: посилка" in words
    assert "Promised: today, 12:00–13:00" in words
    assert f"{PUBLIC}/desk/{call.conversation_id}" in words
    assert desk.buttons == ["reached", "no_answer", "ending"]

    await desk.presses("U1IRYNA", "desk:no_answer")
    assert "не додзвонилися" in (await desk.told())[-1]
    assert "12:00 · No answer" in words_of(desk.card)
    assert desk.buttons == ["reached", "no_answer", "ending"]

    await desk.presses("U1IRYNA", "desk:reached")
    (made,) = await desk.room.calls()
    assert (made.state, made.outcome, made.agent_id) == (CallbackState.DONE, CallOutcome.REACHED, iryna.id)
    assert "*Done* (Ірина)" in words_of(desk.card)
    assert desk.buttons == []
    assert len(desk.cards) == 1
    assert desk.slack.whispers == []


async def test_a_moved_call_has_a_card_again_at_its_new_time(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await due(desk, iryna)
    await desk.presses("U1IRYNA", "desk:ending")
    times = desk.slack.views[-1]["blocks"][2]["element"]["option_groups"][0]["options"]
    await desk.submits("U1IRYNA", outcome="moved", time=times[-1]["value"], words="просить пізніше")
    (moved,) = await desk.room.calls()
    assert moved.state is CallbackState.BOOKED
    assert moved.starts_at.isoformat() == times[-1]["value"]
    assert "Зателефонуємо на +380 67 123 4567" in (await desk.told())[-1]
    assert words_of(desk.card).startswith("✔️ *Moved*")
    assert "просить пізніше" in words_of(desk.card)
    assert desk.buttons == []

    await passes(desk, hours=(moved.starts_at - desk.room.clock()) / timedelta(hours=1))
    assert len(desk.cards) == 2
    assert "Call now" in words_of(desk.card)
    assert desk.buttons == ["reached", "no_answer", "ending"]


async def test_a_call_that_is_moved_without_a_time_stays_as_it_is(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    call = await due(desk, iryna)
    await desk.presses("U1IRYNA", "desk:ending")
    await desk.submits("U1IRYNA", outcome="moved")
    assert "to which time" in desk.whisper["text"]
    assert [one.starts_at for one in await desk.room.calls()] == [call.starts_at]
    assert "Call now" in words_of(desk.card)


async def test_a_passed_window_is_said(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await due(desk, iryna)
    await passes(desk, hours=1)
    assert words_of(desk.card).startswith("❗ *Overdue*")
    assert desk.buttons == ["reached", "no_answer", "ending"]


async def test_two_agents_and_one_call(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await desk.agent("Богдан", "U2BOHDAN")
    await due(desk, iryna)
    seen = {**desk.card}
    await desk.presses("U1IRYNA", "desk:reached", seen)
    await desk.presses("U2BOHDAN", "desk:no_answer", seen)
    (made,) = await desk.room.calls()
    assert (made.state, made.agent_id) == (CallbackState.DONE, iryna.id)
    assert desk.whisper["user"] == "U2BOHDAN"
    assert "не додзвонилися" not in " ".join(await desk.told())


async def test_what_the_web_desk_says_of_a_call_is_seen_in_slack(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    call = await due(desk, iryna)
    await desk.room.desk.calls.cancel(call.id, iryna)
    await desk.settle()
    assert "*Cancelled*" in words_of(desk.card)
    assert desk.buttons == []


async def test_a_booked_call_is_changed_from_its_handoffs_card(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await booked(desk, iryna)
    await desk.room.hear("людину")
    await desk.settle()
    labels = [
        one["text"]["text"] for block in desk.card["blocks"] for one in block.get("elements", ()) if "value" in one
    ]
    assert "Call…" in labels
    await desk.presses("U1IRYNA", "desk:callback")
    view = desk.slack.views[-1]
    assert [one["value"] for one in view["blocks"][1]["element"]["options"]] == [
        "reached",
        "no_answer",
        "wrong_number",
        "moved",
        "cancel",
    ]
    await desk.submits("U1IRYNA", outcome="cancel")
    (call,) = await desk.room.calls()
    assert call.state is CallbackState.CANCELLED
    assert "Ми скасували дзвінок" in (await desk.told())[-1]
    assert "📞" not in words_of(desk.card)


async def test_words_in_a_calls_thread_are_a_note(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await due(desk, iryna)
    told = await desk.told()
    await desk.says("U1IRYNA", "// зайнято, спробую за годину")
    await desk.says("U1IRYNA", "просив не дзвонити після шостої")
    notes = (await desk.transcript())[-2:]
    assert notes == ["agent: зайнято, спробую за годину", "agent: просив не дзвонити після шостої"]
    assert await desk.told() == told
    assert (await desk.room.conversation()).state is State.BOT


async def test_a_stranger_says_nothing_of_calls(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await due(desk, iryna)
    desk.slack.people["U9"] = {"profile": {"email": "nobody@example.org"}}
    await desk.presses("U9", "desk:reached")
    await desk.says("U9", "вже подзвонив")
    assert [one["user"] for one in desk.slack.whispers] == ["U9", "U9"]
    (call,) = await desk.room.calls()
    assert call.state is CallbackState.DUE
    assert "вже подзвонив" not in " ".join(await desk.transcript())


@pytest.mark.parametrize("first", [Take(), Reset(), Fail("ratelimited", 429, retry_after=3), Fail("invalid_blocks")])
async def test_a_calls_card_stands_there_once(desk: DeskRoom, first: object) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await booked(desk, iryna)
    desk.slack.script("chat.postMessage", first)
    await passes(desk, hours=2)
    await desk.restart()
    await desk.settle(70)
    await desk.settle(70)
    assert len(desk.cards) == 1


async def test_a_room_that_refuses_is_asked_again(desk: DeskRoom) -> None:
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await booked(desk, iryna)
    desk.slack.script("chat.postMessage", Fail("not_in_channel"))
    await passes(desk, hours=2)
    assert desk.cards == []
    async with desk.room.database.read() as view:
        figures = {figure.name: figure.value for figure in await desk.desk.figures(view)}
    assert figures["frontdesk_desk_waiting"] == 1
    await desk.settle(61)
    assert "Call now" in words_of(desk.card)


async def test_a_call_goes_to_the_room_of_its_language(desk_room: Make) -> None:
    desk = desk_room(rooms={"lang:uk": "C0UK"})
    iryna = await desk.agent("Ірина", "U1IRYNA")
    await due(desk, iryna)
    assert desk.cards == []
    assert "Call now" in words_of(desk.slack.messages["C0UK"][-1])


words = some.text(max_size=200) | some.text(alphabet="&<>`*_@ \n", max_size=600) | some.just("&" * 9000)
calls = some.builds(
    CallCard,
    name=words,
    phone=words,
    number=some.just("+380671234567"),
    window=words,
    status=words,
    due=some.booleans(),
    active=some.booleans(),
    customers_window=words,
    topic=words,
    overdue=some.booleans(),
    tries=some.lists(words, max_size=8).map(tuple),
    by=words,
)
languages = some.sampled_from(["uk", "ru", "en"]).map(TEXTS.translator)


@given(calls, some.booleans(), languages)
def test_any_call_is_taken(card: CallCard, moved: bool, texts: Texts) -> None:
    _check_blocks(call_blocks(card, "7", PUBLIC, texts, moved=moved))
    assert 0 < len(call_words(card, texts)) <= 300


@given(calls, some.integers(0, 120), languages)
def test_any_ending_is_taken(card: CallCard, count: int, texts: Texts) -> None:
    times = tuple(
        CallTime(starts_at=f"2026-11-23T10:00:00.{number:06}", day=f"day {number // 7}", text="10:00")
        for number in range(count)
    )
    ending = CallEnding(outcomes=(Named(label="Reached", value="reached"),), times=times)
    _check_view(dialogs.ending_dialog(Subject(dialog="d", spot=Spot(room="C1", ts="1.0"), call=7), card, ending, texts))
