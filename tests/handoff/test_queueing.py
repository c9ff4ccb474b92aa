"""Handing over, waiting, and leaving the queue again."""

from __future__ import annotations

from gateway.conversations import State
from gateway.messages import Media, MediaKind
from gateway.ports import Reason
from handoff.handoffs import HandoffOutcome, HandoffState
from tests.handoff.room import Room

PHOTO = Media(kind=MediaKind.IMAGE, ref="x")
EVENING = {"hours": 9}


async def test_in_hours_the_customer_joins_the_queue_and_learns_the_place(room: Room) -> None:
    await room.hear("ціна")
    said = await room.hear("людину")
    assert said[-1].startswith("Ви наступні в черзі.")
    assert (await room.conversation()).state is State.QUEUED
    handoff = await room.handoff()
    assert handoff.state is HandoffState.WAITING
    assert handoff.context.reason is Reason.ASKED
    assert [tried.text for tried in handoff.context.tried] == ["ціна"]
    assert await room.labels() == ["Краще зателефонуйте", "Назад до помічника"]


async def test_the_wait_is_told_only_when_somebody_can_know(room: Room) -> None:
    assert "Чекати" not in (await room.hear("людину", address="1"))[-1]
    await room.press("Назад", address="1")
    await room.desk.presence.seen((await room.agent("Ірина")).id)
    assert (await room.hear("людину"))[-1] == "Ви наступні в черзі. Чекати приблизно 1 хвилину."
    assert (await room.hear("людину", address="8"))[-1] == "Ваше місце в черзі: 2."


async def test_an_agent_who_went_away_counts_no_more(room: Room) -> None:
    await room.desk.presence.seen((await room.agent("Ірина")).id)
    room.clock.advance(minutes=2)
    assert (await room.hear("людину"))[-1] == "Ви наступні в черзі."


async def test_angry_customers_come_before_newcomers(room: Room) -> None:
    await room.hear("людину", address="1")
    room.clock.advance(minutes=1)
    said = await room.hear("жах, ганьба", address="2")
    assert "Ви наступні в черзі." in said[-1]


async def test_the_place_is_told_again_only_when_it_is_worth_it(room: Room) -> None:
    await room.hear("людину", address="1")
    await room.hear("людину")
    assert await room.hear("ви тут?") == []
    room.clock.advance(seconds=61)
    [again] = await room.hear("ви тут?")
    assert again.startswith("Ваше місце в черзі: 2.")
    agent = await room.agent("Ірина")
    await room.desk.claim((await room.conversation("1")).id, agent)
    [moved_up] = await room.hear("і досі?")
    assert moved_up.startswith("Ви наступні в черзі.")


async def test_back_to_the_bot_leaves_the_queue(room: Room) -> None:
    await room.hear("людину")
    assert await room.press("Назад") == ["З вами знову помічник. Чим допомогти?"]
    assert (await room.conversation()).state is State.BOT
    assert (await room.handoff()).outcome is HandoffOutcome.BOT
    assert await room.hear("ціна") == ["price in uk"]


async def test_after_the_waiting_limit_a_call_or_a_message_is_offered(room: Room) -> None:
    await room.hear("людину")
    assert await room.ring(minutes=9) == 0
    assert await room.ring(minutes=1) == 1
    assert (await room.said()).startswith("Вибачте, це триває довше")
    assert await room.labels() == ["Краще зателефонуйте", "Залишити повідомлення", "Назад до помічника"]
    assert (await room.conversation()).state is State.QUEUED


async def test_the_waiting_limit_is_silent_once_an_agent_has_it(room: Room) -> None:
    await room.hear("людину")
    await room.desk.claim((await room.conversation()).id, await room.agent("Ірина"))
    before = await room.said()
    await room.ring(minutes=20)
    assert await room.said() == before


async def test_a_message_left_while_waiting_keeps_the_place_and_stops_the_waiting(room: Room) -> None:
    await room.hear("людину")
    await room.ring(minutes=10)
    assert "одним повідомленням" in (await room.press("Залишити"))[-1]
    said = await room.hear("посилка розбита", PHOTO)
    assert "Мої колеги прочитають" in said[-1]
    handoff = await room.handoff()
    assert handoff.state is HandoffState.WAITING
    assert handoff.opening is not None
    assert (await room.conversation()).form is None


# --- outside opening hours -------------------------------------------------------------------


async def test_outside_hours_a_call_or_a_message_is_offered(room: Room) -> None:
    room.clock.advance(**EVENING)
    said = await room.hear("людину")
    assert said[-1] == (
        "Зараз мої колеги не на звʼязку. Вони повернуться: завтра, з 09:00. "
        "Вам зателефонувати чи залишите повідомлення?"
    )
    assert (await room.conversation()).state is State.BOT
    assert (await room.handoff()).state is HandoffState.OFFERED
    assert await room.hear("ціна") == ["price in uk"]


async def test_a_wish_from_the_night_keeps_its_reason_and_gains_what_was_said_since(room: Room) -> None:
    room.clock.advance(**EVENING)
    await room.hear("жах, ганьба")
    await room.press("Назад")
    await room.hear("людину")
    await room.hear("ціна")
    room.clock.advance(hours=14)
    await room.hear("людину")
    handoff = await room.handoff()
    assert (handoff.state, handoff.opening) == (HandoffState.WAITING, None)
    assert handoff.context.reason is Reason.ASKED
    assert [tried.text for tried in handoff.context.tried][-2:] == ["людину", "ціна"]
    assert handoff.anger == 0.9


async def test_a_message_for_tomorrow_waits_in_the_queue(room: Room) -> None:
    room.clock.advance(**EVENING)
    await room.hear("людину")
    await room.press("Залишити")
    said = await room.hear("посилка розбита")
    assert said[-1].endswith("Вони повернуться: завтра, з 09:00.")
    assert (await room.conversation()).state is State.QUEUED
    handoff = await room.handoff()
    assert handoff.state is HandoffState.WAITING
    assert handoff.opening.isoformat() == "2026-11-24T07:00:00+00:00"
    assert await room.hear("ще одне") == []  # said a moment ago
    room.clock.advance(minutes=31)
    assert "завтра, з 09:00" in (await room.hear("алло"))[-1]


async def test_asking_twice_outside_hours_is_enough_to_be_queued(room: Room) -> None:
    room.clock.advance(**EVENING)
    await room.hear("людину")
    said = await room.hear("людину")
    assert "Мої колеги прочитають усе" in said[-1]
    assert (await room.conversation()).state is State.QUEUED


async def test_a_photo_outside_hours_is_a_message_already(room: Room) -> None:
    room.clock.advance(**EVENING)
    said = await room.hear(PHOTO)
    assert "Мої колеги прочитають усе" in said[-1]
    assert (await room.handoff()).context.reason is Reason.ATTACHMENT


async def test_who_chose_nothing_is_queued_at_the_opening(each_room: Room) -> None:
    each_room.clock.advance(hours=11)
    await each_room.hear("людину")
    assert await each_room.ring(hours=11) == 0
    assert await each_room.ring(hours=1) == 1
    assert (await each_room.conversation()).state is State.QUEUED
    assert (await each_room.said()).startswith("Мої колеги вже на звʼязку")


async def test_over_a_long_weekend_nobody_is_forgotten(room: Room) -> None:
    room.clock.advance(days=4, hours=9)  # Friday, 19:00
    await room.hear("людину")
    said = await room.said()
    await room.ring(hours=12, minutes=1)  # before the silent conversation would be closed
    assert (await room.conversation()).state is State.QUEUED
    assert (await room.handoff()).opening.isoformat() == "2026-11-30T07:00:00+00:00"
    assert await room.said() == said  # nobody is woken on Saturday morning


async def test_a_talk_with_the_bot_is_not_cut_short(room: Room) -> None:
    room.clock.advance(days=4, hours=9)
    await room.hear("людину")
    room.clock.advance(hours=11, minutes=50)
    await room.hear("ціна")
    await room.ring(minutes=15)
    assert (await room.conversation()).state is State.BOT
    await room.ring(hours=12)
    assert (await room.conversation()).state is State.QUEUED


async def test_calling_it_off_while_waiting_shows_the_way_back(room: Room) -> None:
    await room.hear("людину")
    said = await room.hear("скасуйте дзвінок")
    assert said == ["Для вас немає запланованого дзвінка. Ви наступні в черзі."]
    assert await room.labels() == ["Краще зателефонуйте", "Назад до помічника"]


async def test_a_refusal_is_no_message(room: Room) -> None:
    room.clock.advance(**EVENING)
    await room.hear("людину")
    await room.hear("залиште повідомлення")
    assert await room.hear("ні, не треба") == ["Добре. Чим ще допомогти?"]
    assert (await room.conversation()).state is State.BOT
    await room.press("Залишити")
    assert "Мої колеги прочитають усе" in (await room.hear("ні, посилка не дійшла"))[-1]
