"""Booked calls from the first wish to the last attempt, through restarts and clock changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.conversations import State
from gateway.errors import Conflict, RequestRefused
from gateway.live import DESK, Change
from gateway.messages import ContactCard
from gateway.ports import Entity, EntityKind
from gateway.settings import Callbacks, Company, Hours, Settings
from gateway.storage.engine import Database
from handoff.bookings import DUE, Bookings
from handoff.callbacks import CallbackState, CallOutcome
from handoff.handoffs import HandoffOutcome
from handoff.hours import OpeningHours, Span
from handoff.storage.callbacks import CallbackTable
from tests.conftest import SteppingClock
from tests.handoff.room import Room
from tests.waiting import until_one_waits

KYIV = ZoneInfo("Europe/Kyiv")


def kyiv(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=KYIV).astimezone(UTC)


def at(day: int, hour: int) -> Entity:
    return Entity(kind=EntityKind.TIME, text="", value=kyiv(day, hour).isoformat(), start=0, end=1)


async def book(room: Room, window: str = "Завтра, 09", address: str = "7") -> None:
    await room.hear("скільки коштує доставка", address=address)
    await room.hear("зателефонуйте мені", address=address)
    await room.press(window, address=address)
    await room.hear("067 123 45 67", address=address)
    await room.press("Так, записати", address=address)


# --- by the customer -------------------------------------------------------------------------


async def test_a_call_is_booked_by_talking(room: Room) -> None:
    await room.hear("скільки коштує доставка")
    said = await room.hear("зателефонуйте мені")
    assert said[-1].startswith("Коли вам зателефонувати?")
    assert (await room.labels())[0] == "Сьогодні, 11:00–12:00"
    room.engine.known["завтра після 15"] = (None, (at(24, 15),), 0.0)
    assert await room.hear("завтра після 15") == ["На який номер зателефонувати?"]
    assert "Це не схоже на номер" in (await room.hear("12345678"))[-1]
    said = await room.hear("067 123 45 67")
    assert "Тема: скільки коштує доставка" in said[-1]
    said = await room.hear("так")
    assert said[-1] == "Записано. Зателефонуємо на +380 67 123 4567: завтра (вівторок, 24 листопада), 15:00–16:00."
    [callback] = await room.calls()
    assert (callback.starts_at, callback.state, callback.topic, callback.zone) == (
        kyiv(24, 15),
        CallbackState.BOOKED,
        "скільки коштує доставка",
        "Europe/Kyiv",
    )
    assert (await room.conversation()).form is None


async def test_another_question_is_answered_and_the_form_stays(room: Room) -> None:
    await room.hear("зателефонуйте мені")
    assert await room.hear("ціна") == ["price in uk"]
    form = (await room.conversation()).form
    assert form is not None
    assert form.name == "callback"


async def test_booking_from_the_queue_leaves_it(room: Room) -> None:
    await room.hear("людину")
    await room.press("Краще")
    assert (await room.conversation()).state is State.QUEUED
    await room.press("Завтра, 09")
    await room.hear("067 123 45 67")
    await room.press("Пропустити")
    await room.press("Так, записати")
    assert (await room.conversation()).state is State.BOT
    assert (await room.handoff()).outcome is HandoffOutcome.CALLBACK


async def test_declining_in_the_queue_keeps_the_place(room: Room) -> None:
    await room.hear("людину")
    await room.press("Краще")
    assert await room.press("Дзвінок не потрібен") == ["Добре, без дзвінка. Ви наступні в черзі."]
    assert (await room.conversation()).state is State.QUEUED


async def test_a_shared_contact_is_the_number_and_is_remembered(room: Room) -> None:
    await room.hear("зателефонуйте мені")
    await room.press("Завтра, 09")
    await room.hear(ContactCard(phone="380671234567", own=True))
    await room.press("Пропустити")
    await room.press("Так, записати")
    [callback] = await room.calls()
    assert callback.phone == "+380671234567"
    async with room.database.read() as work:
        assert (await work.contacts.get(callback.contact_id)).phone == "+380671234567"


async def test_a_typed_number_is_only_for_the_call_but_offered_again(room: Room) -> None:
    await book(room)
    async with room.database.read() as work:
        assert (await work.contacts.get((await room.conversation()).contact_id)).phone is None
    await room.press("Скасувати")
    await room.press("Так, скасувати")
    await room.hear("зателефонуйте мені")
    await room.press("Завтра, 09")
    assert (await room.labels())[0] == "+380 67 123 4567"


async def test_a_second_wish_shows_the_call_that_is_booked(room: Room) -> None:
    await book(room)
    said = await room.hear("зателефонуйте мені")
    assert said[-1] == "Дзвінок уже заплановано: завтра (вівторок, 24 листопада), 09:00–10:00."
    await room.press("Замовити ще один")
    await room.press("Завтра, 13")
    await room.press("+380 67")
    await room.press("Так, записати")
    assert len(await room.calls()) == 2


@pytest.mark.parametrize("label", ["Так, записати", "Дзвінок не потрібен", "Інший час", "Завтра, 13"])
async def test_a_booking_button_pressed_after_the_booking_shows_the_call(room: Room, label: str) -> None:
    await book(room)
    said = await room.press(label)
    assert said == ["Дзвінок уже заплановано: завтра (вівторок, 24 листопада), 09:00–10:00."]
    assert (await room.conversation()).form is None
    assert [call.state for call in await room.calls()] == [CallbackState.BOOKED]


async def test_moving_and_cancelling_by_words_and_buttons(each_room: Room) -> None:
    await book(each_room)
    await each_room.hear("перенесіть дзвінок")
    said = await each_room.press("Завтра, 13")
    assert said == [
        "Дзвінок перенесено. Зателефонуємо на +380 67 123 4567: завтра (вівторок, 24 листопада), 13:00–14:00."
    ]
    await each_room.hear("скасуйте дзвінок")
    assert await each_room.press("Залишити") == [
        "Добре, дзвінок лишається в силі: завтра (вівторок, 24 листопада), 13:00–14:00."
    ]
    await each_room.hear("скасуйте дзвінок")
    assert (await each_room.press("Так, скасувати"))[-1] == "Дзвінок скасовано."
    [callback] = await each_room.calls()
    assert callback.state is CallbackState.CANCELLED
    assert await each_room.ring(days=2) > 0  # the alarms ring into nothing
    assert (await each_room.calls())[0].state is CallbackState.CANCELLED
    assert "немає запланованого дзвінка" in (await each_room.hear("скасуйте дзвінок"))[-1]


async def test_with_an_agent_the_buttons_of_a_booked_call_still_work(room: Room) -> None:
    await book(room)
    await room.desk.claim((await room.conversation()).id, await room.agent("Ірина"))
    await room.press("Перенести")
    await room.press("Завтра, 13")
    [callback] = await room.calls()
    assert callback.starts_at == kyiv(24, 13)
    assert (await room.conversation()).state is State.AGENT


async def test_an_old_booking_button_is_silent_under_an_agent(room: Room) -> None:
    await room.hear("зателефонуйте мені")
    await room.desk.claim((await room.conversation()).id, await room.agent("Ірина"))
    assert (await room.conversation()).form is None
    assert await room.press("Завтра, 09") == []


async def test_a_full_window_is_not_offered_to_the_next(sqlite_database: Database, monday: SteppingClock) -> None:
    settings = Settings(company=Company(name={"en": "Z"}), callbacks=Callbacks(capacity=1))
    room = Room(sqlite_database, monday, settings)
    await book(room)
    await room.hear("зателефонуйте мені", address="8")
    assert "Завтра, 09:00–10:00" not in await room.labels("8")


async def test_a_call_in_the_customers_own_zone(room: Room) -> None:
    await room.hear("ціна")
    async with room.database.write() as work:
        work.contacts.update((await room.conversation()).contact_id, zone="Europe/Lisbon")
    await room.hear("зателефонуйте мені")
    assert (await room.labels())[0] == "Сьогодні, 09:00–10:00"  # 11:00 in Kyiv


# --- ringing ---------------------------------------------------------------------------------


async def test_a_call_becomes_due_and_the_desk_is_told(room: Room, announced: list[Change]) -> None:
    await book(room)
    [callback] = await room.calls()
    room.clock.now = callback.starts_at - timedelta(seconds=1)
    await room.timers.ring_due()
    assert (await room.calls())[0].state is CallbackState.BOOKED
    announced.clear()
    assert await room.ring(seconds=1) == 1
    [due] = await room.calls()
    assert (due.state, due.late) == (CallbackState.DUE, False)
    assert Change(topic=DESK, kind=DUE, ids={"callback": 1, "conversation": due.conversation_id}) in announced
    await room.ring(hours=1)
    assert (await room.calls())[0].overdue


async def test_a_reminder_comes_before_the_call(room: Room) -> None:
    await book(room)
    room.clock.now = kyiv(24, 8, 45)
    await room.timers.ring_due()
    assert await room.said() == "Незабаром зателефонуємо на +380 67 123 4567: сьогодні, 09:00–10:00."
    assert await room.labels() == ["Перенести дзвінок", "Скасувати дзвінок"]


async def test_who_moves_a_call_as_it_rings_has_the_last_word(each_room: Room) -> None:
    """On PostgreSQL: the alarm waits for the call, and touches its own row only after it, as they do."""
    room = each_room
    if room.database.is_sqlite:
        pytest.skip("one transaction follows the other")
    await book(room)
    [booked] = await room.calls()
    room.clock.now = booked.starts_at - timedelta(minutes=10)
    await room.timers.ring_due()
    room.clock.now = booked.starts_at
    later = Span(start=kyiv(24, 15), end=kyiv(24, 16))
    bookings = Bookings(OpeningHours(Hours(), "Europe/Kyiv"), room.settings.callbacks, room.clock)
    async with asyncio.TaskGroup() as group, room.database.write() as work:
        await work.conversations.lock(booked.conversation_id)
        held = await CallbackTable(work).get(booked.id, lock=True)
        group.create_task(room.timers.ring_due())
        await until_one_waits(room.database)
        await bookings.move(work, held, later)
    [moved] = await room.calls()
    assert (moved.state, moved.starts_at) == (CallbackState.BOOKED, later.start)
    room.clock.now = later.start
    await room.timers.ring_due()
    [due] = await room.calls()
    assert due.state is CallbackState.DUE


async def test_no_reminder_for_a_call_that_is_near_or_was_moved_away(room: Room) -> None:
    await book(room, "Сьогодні, 11")
    confirmation = await room.said()
    room.clock.now = kyiv(23, 10, 50)
    assert await room.timers.ring_due() == 0
    assert await room.said() == confirmation
    await book(room, "Завтра, 09", address="8")
    await room.hear("перенесіть дзвінок", address="8")
    await room.press("Сьогодні, 12", address="8")
    moved = await room.said("8")
    await room.ring(hours=24)
    assert await room.said("8") == moved


async def test_alarms_survive_a_restart_and_a_late_one_says_so(
    each_room: Room, monday: SteppingClock, settings: Settings
) -> None:
    await book(each_room)
    monday.now = kyiv(24, 11)  # the process was down from before the window until after it
    again = Room(each_room.database, monday, settings)
    assert await again.timers.ring_due() == 3
    [callback] = await again.calls()
    assert (callback.state, callback.late, callback.overdue) == (CallbackState.DUE, True, True)
    assert "Незабаром" not in await again.said()
    assert await again.timers.ring_due() == 0


@pytest.mark.parametrize(
    ("friday", "monday_nine"),
    [
        (datetime(2026, 10, 23, 15, tzinfo=KYIV), datetime(2026, 10, 26, 7, tzinfo=UTC)),
        (datetime(2026, 3, 27, 15, tzinfo=KYIV), datetime(2026, 3, 30, 6, tzinfo=UTC)),
    ],
)
async def test_a_call_booked_over_a_clock_change_rings_at_its_wall_time(
    room: Room, friday: datetime, monday_nine: datetime
) -> None:
    room.clock.now = friday.astimezone(UTC)
    await book(room, "Понеділок")
    [callback] = await room.calls()
    assert callback.starts_at == monday_nine
    assert callback.starts_at.astimezone(KYIV).hour == 9
    room.clock.now = monday_nine - timedelta(minutes=1)
    await room.timers.ring_due()
    assert (await room.calls())[0].state is CallbackState.BOOKED
    await room.ring(minutes=1)
    assert (await room.calls())[0].state is CallbackState.DUE


# --- by agents -------------------------------------------------------------------------------


async def test_after_the_last_unanswered_try_a_new_time_is_offered(each_room: Room) -> None:
    await book(each_room)
    agent = await each_room.agent("Ірина")
    each_room.clock.now = kyiv(24, 9, 5)
    await each_room.timers.ring_due()
    [callback] = await each_room.calls()
    await each_room.desk.calls.attempt(callback.id, agent, CallOutcome.NO_ANSWER, "скинули")
    assert "Спробуємо ще раз" in await each_room.said()
    first = await each_room.said()
    each_room.clock.advance(minutes=5)
    await each_room.desk.calls.attempt(callback.id, agent, CallOutcome.NO_ANSWER)
    assert await each_room.said() == first
    each_room.clock.advance(minutes=5)
    failed = await each_room.desk.calls.attempt(callback.id, agent, CallOutcome.NO_ANSWER)
    assert (failed.state, failed.tries, failed.agent_id) == (CallbackState.FAILED, 3, agent.id)
    assert "так і не додзвонилися" in await each_room.said()
    await each_room.press("Завтра, 09")
    await each_room.press("+380 67")
    await each_room.press("Так, записати")
    newest = (await each_room.calls())[0]
    assert (newest.state, newest.starts_at) == (CallbackState.BOOKED, kyiv(25, 9))
    with pytest.raises(Conflict, match="уже закрито"):
        await each_room.desk.calls.attempt(callback.id, agent, CallOutcome.REACHED)
    context = await each_room.desk.views.context(failed.conversation_id)
    assert [attempt.note for attempt in context.calls[1].attempts] == ["скинули", "", ""]


@pytest.mark.parametrize("outcome", [CallOutcome.NO_ANSWER, CallOutcome.REACHED, CallOutcome.WRONG_NUMBER])
async def test_a_double_click_says_it_once(each_room: Room, outcome: CallOutcome) -> None:
    await book(each_room)
    agent, other = await each_room.agent("Ірина"), await each_room.agent("Богдан")
    each_room.clock.now = kyiv(24, 9, 5)
    await each_room.timers.ring_due()
    [callback] = await each_room.calls()
    once = await each_room.desk.calls.attempt(callback.id, agent, outcome)
    said = await each_room.said()
    each_room.clock.advance(seconds=1)
    assert await each_room.desk.calls.attempt(callback.id, agent, outcome) == once
    assert await each_room.said() == said
    context = await each_room.desk.views.context(once.conversation_id)
    assert len(context.calls[0].attempts) == 1
    if once.active:
        assert (await each_room.desk.calls.attempt(callback.id, other, outcome)).tries == 2


async def test_a_wrong_number_ends_the_call_and_asks_anew(room: Room) -> None:
    await book(room)
    [callback] = await room.calls()
    ended = await room.desk.calls.attempt(callback.id, await room.agent("Ірина"), CallOutcome.WRONG_NUMBER)
    assert ended.state is CallbackState.FAILED
    assert "номер, схоже, неправильний" in await room.said()


async def test_a_call_moved_on_the_phone(room: Room) -> None:
    await book(room)
    agent = await room.agent("Ірина")
    [callback] = await room.calls()
    with pytest.raises(RequestRefused, match="на який час"):
        await room.desk.calls.attempt(callback.id, agent, CallOutcome.MOVED)
    moved = await room.desk.calls.attempt(callback.id, agent, CallOutcome.MOVED, starts_at=kyiv(25, 14))
    assert (moved.state, moved.starts_at) == (CallbackState.BOOKED, kyiv(25, 14))
    assert "14:00–15:00" in await room.said()


async def test_reaching_the_customer_ends_it_quietly(room: Room) -> None:
    await book(room)
    [callback] = await room.calls()
    before = await room.said()
    done = await room.desk.calls.attempt(callback.id, await room.agent("Ірина"), CallOutcome.REACHED)
    assert done.state is CallbackState.DONE
    assert await room.said() == before


async def test_the_same_call_asked_for_twice_is_booked_and_told_once(each_room: Room) -> None:
    await each_room.hear("людину")
    conversation, agent = await each_room.conversation(), await each_room.agent("Ірина")
    colleague, calls = await each_room.agent("Тарас"), each_room.desk.calls
    booked = await calls.book(conversation.id, agent, kyiv(24, 12), "067 123 45 67")
    assert await calls.book(conversation.id, agent, kyiv(24, 12), "+380671234567") == booked
    assert await calls.book(conversation.id, colleague, kyiv(24, 12), "067 123 45 67") == booked
    assert await each_room.calls() == [booked]
    told = [one.message for one in (await each_room.desk.views.transcript(conversation.id)).lines]
    assert len([one for one in told if "Зателефонуємо" in str(one.parts)]) == 1
    await calls.book(conversation.id, agent, kyiv(24, 14), "067 123 45 67")
    await calls.book(conversation.id, agent, kyiv(24, 14), "067 123 45 68")
    assert len(await each_room.calls()) == 3


async def test_an_agent_books_moves_and_cancels(room: Room) -> None:
    await room.hear("ціна")
    agent = await room.agent("Ірина")
    conversation = await room.conversation()
    calls = room.desk.calls
    for starts_at, phone, why in (
        (kyiv(23, 9), "0671234567", "минув"),
        (kyiv(28, 12), "0671234567", "поза робочими"),
        (kyiv(24, 12), "123", "номер телефону"),
    ):
        with pytest.raises(RequestRefused, match=why):
            await calls.book(conversation.id, agent, starts_at, phone)
    booked = await calls.book(conversation.id, agent, kyiv(24, 12), "067 123 45 67", " рахунок ")
    assert (booked.phone, booked.topic, booked.booked_by) == ("+380671234567", "рахунок", agent.id)
    assert "12:00–13:00" in await room.said()
    assert (await calls.move(booked.id, agent, kyiv(24, 16))).starts_at == kyiv(24, 16)
    assert (await calls.cancel(booked.id, agent)).state is CallbackState.CANCELLED
    assert "скасували" in await room.said()
    with pytest.raises(Conflict):
        await calls.move(booked.id, agent, kyiv(24, 17))
    at_once = await calls.book(conversation.id, agent, room.clock(), "0671234567")
    assert at_once.starts_at == room.clock()
    assert [call.callback.id for call in await room.desk.views.calls()] == [at_once.id]
