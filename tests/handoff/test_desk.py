"""What agents do at the desk, and what they see."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import event

from gateway.conversations import State
from gateway.errors import Ambiguous, Conflict, NotFound, RequestRefused
from gateway.messages import Author, ButtonPress, Direction, Edit, Media, MediaKind, Part, Reaction
from gateway.ports import Reason
from gateway.settings import Company, Handoff, Settings
from gateway.staff import Role
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from handoff.canned import DEMO, Canned
from handoff.desk_rows import Filter
from handoff.desks.port import DeskPort
from handoff.handoffs import HandoffOutcome, HandoffState
from handoff.storage.canned import CannedTable
from tests.conftest import SteppingClock
from tests.fakes import PLAIN
from tests.handoff.room import Room, all_texts

FILE = Media(kind=MediaKind.FILE, ref="file:1", name="a.pdf")


def port(room: Room) -> DeskPort:
    return DeskPort(room.speaker, room.channels, all_texts(), room.settings, lambda *_: None, room.clock)


async def settle(room: Room) -> None:
    while await room.sender.send_due():
        pass


# --- taking ----------------------------------------------------------------------------------


async def test_two_agents_claim_at_once_and_one_wins(each_room: Room) -> None:
    await each_room.hear("людину")
    conversation = await each_room.conversation()
    first, second = await each_room.agent("Ірина"), await each_room.agent("Богдан")
    results = await asyncio.gather(
        each_room.desk.claim(conversation.id, first),
        each_room.desk.claim(conversation.id, second),
        return_exceptions=True,
    )
    [lost] = [result for result in results if isinstance(result, Conflict)]
    held = await each_room.conversation()
    assert held.state is State.AGENT
    winner = first if held.agent_id == first.id else second
    assert str(lost) == f"Цю розмову вже веде {winner.name}."
    assert await each_room.said() == f"Тепер з вами {winner.name}."
    assert (await each_room.desk.claim(conversation.id, winner)).agent_id == winner.id
    handoff = await each_room.handoff()
    assert (handoff.state, handoff.claimed_by) == (HandoffState.CLAIMED, winner.id)


async def test_what_the_bot_has_not_sent_is_dropped_at_the_takeover(each_room: Room) -> None:
    await each_room.hear("ціна")
    await settle(each_room)
    await each_room.hear("людину")  # the bot's farewell and place are queued, not sent
    agent = await each_room.agent("Ірина")
    conversation = await each_room.conversation()
    await each_room.desk.claim(conversation.id, agent)
    await each_room.desk.reply(conversation.id, agent, "Доброго дня!")
    await settle(each_room)
    assert each_room.channel.texts == ["price in uk", "Тепер з вами Ірина.", "Доброго дня!"]
    transcript = await each_room.desk.views.transcript(conversation.id)
    states = [line.deliveries[0].state for line in transcript.lines if line.deliveries]
    assert states == [DeliveryState.SENT, *[DeliveryState.DROPPED] * 2, *[DeliveryState.SENT] * 2]


async def test_an_agent_may_take_over_from_the_bot_unasked(room: Room) -> None:
    await room.hear("ціна")
    agent = await room.agent("Ірина")
    await room.desk.claim((await room.conversation()).id, agent)
    handoff = await room.handoff()
    assert (handoff.reason, handoff.state) == (None, HandoffState.CLAIMED)
    assert await room.hear("дякую") == []  # the bot is silent now


async def test_the_bots_texts_follow_the_customers_language_and_refusals_the_agents(room: Room) -> None:
    await room.hear("людину")
    conversation = await room.conversation()
    await room.desk.claim(conversation.id, await room.agent("Olena"))
    with pytest.raises(Conflict, match="Olena has this conversation"):
        await room.desk.reply(conversation.id, await room.agent("John", language="en"), "hi")


# --- speaking --------------------------------------------------------------------------------


async def taken(room: Room) -> tuple[int, object]:
    await room.hear("людину")
    agent = await room.agent("Ірина")
    conversation = await room.conversation()
    await room.desk.claim(conversation.id, agent)
    return conversation.id, agent


async def test_replies_need_the_conversation_and_words(room: Room) -> None:
    await room.hear("людину")
    agent = await room.agent("Ірина")
    conversation = await room.conversation()
    with pytest.raises(Conflict, match="Спершу візьміть"):
        await room.desk.reply(conversation.id, agent, "hi")
    await room.desk.claim(conversation.id, agent)
    for text in ("", " \x00 "):
        with pytest.raises(RequestRefused):
            await room.desk.reply(conversation.id, agent, text)
    with pytest.raises(RequestRefused):
        await room.desk.reply(conversation.id, agent, "x" * 20_001)
    with pytest.raises(NotFound):
        await room.desk.reply(conversation.id, agent, "x", reply_to=999)


async def test_a_reply_with_files_quotes_and_clears_the_draft(room: Room) -> None:
    conversation_id, agent = await taken(room)
    await room.hear("ось чек")
    line = (await room.desk.views.transcript(conversation_id)).lines[-1]
    await room.desk.save_draft(conversation_id, agent, "почала пи")
    assert (await room.desk.views.draft(conversation_id, agent)).text == "почала пи"
    said = await room.desk.reply(conversation_id, agent, "Дякую", media=[FILE, FILE], reply_to=line.message.id)
    assert (said.author, said.agent_id, said.reply_to) == (Author.AGENT, agent.id, line.message.id)
    assert [part.caption for part in said.parts if isinstance(part, Media)] == ["Дякую", None]
    assert (await room.desk.views.draft(conversation_id, agent)).text == ""


async def test_words_the_screen_asks_for_again_are_said_once(each_room: Room) -> None:
    conversation_id, agent = await taken(each_room)
    desk = each_room.desk
    said = await desk.reply(conversation_id, agent, "Вже їде", key="a1")
    assert (await desk.reply(conversation_id, agent, "Вже їде", key="a1")).id == said.id
    noted = await desk.note(conversation_id, agent, "Вже їде", key="a2")
    assert (await desk.note(conversation_id, agent, "Вже їде", key="a2")).id == noted.id
    assert (await desk.reply(conversation_id, agent, "Вже їде", key="a3")).seq == noted.seq + 1
    assert (await desk.reply(conversation_id, agent, "Вже їде")).seq == noted.seq + 2
    colleague = await each_room.agent("Тарас")
    await desk.transfer(conversation_id, agent, colleague.id)
    again = await desk.reply(conversation_id, agent, "Вже їде", key="a3")
    assert again.seq == noted.seq + 1


async def test_notes_are_private(room: Room) -> None:
    conversation_id, agent = await taken(room)
    await settle(room)
    sent = len(room.channel.sent)
    noted = await room.desk.note(conversation_id, agent, "постійний клієнт")
    await settle(room)
    assert noted.direction is Direction.NOTE
    assert len(room.channel.sent) == sent


async def test_an_unknown_send_is_repeated_only_because_a_person_says_so(room: Room) -> None:
    conversation_id, agent = await taken(room)
    await settle(room)
    room.channel.failures = [Ambiguous("time-out"), Ambiguous("time-out")]
    await room.desk.reply(conversation_id, agent, "Доброго дня")
    await settle(room)
    room.clock.advance(minutes=10)
    await settle(room)
    delivery = (await room.desk.views.transcript(conversation_id)).lines[-1].deliveries[0]
    assert delivery.state is DeliveryState.UNKNOWN
    await room.desk.resend(delivery.id, agent)
    await settle(room)
    assert room.channel.texts[-1] == "Доброго дня"
    with pytest.raises(Conflict):
        await room.desk.resend(delivery.id, agent)
    with pytest.raises(NotFound):
        await room.desk.resend(999, agent)
    room.channel.check()


async def test_typing_is_shown_where_the_channel_can(sqlite_database: Database, monday: SteppingClock) -> None:
    capable = msgspec.structs.replace(PLAIN, typing=True)
    room = Room(sqlite_database, monday, Settings(company=Company(name={"en": "Z"})), capable)
    conversation_id, agent = await taken(room)
    await room.desk.typing(conversation_id, agent)
    await room.desk.typing(conversation_id, await room.agent("Богдан"))  # does not hold it
    assert room.channel.typed == ["7"]


async def test_where_the_channel_is_gone_acts_still_work_but_replies_say_so(room: Room) -> None:
    await room.hear("людину")
    conversation_id = (await room.conversation()).id
    agent = await room.agent("Ірина")
    room.channels.clear()
    await room.ring(minutes=10)  # the waiting limit has nobody to tell, and rings only once
    assert await room.timers.ring_due() == 0
    await room.desk.claim(conversation_id, agent)
    with pytest.raises(Conflict, match="більше не підключено"):
        await room.desk.reply(conversation_id, agent, "алло")
    assert (await room.desk.views.row(agent, conversation_id)).channel_kind == "shop"
    await room.desk.close(conversation_id, agent, HandoffOutcome.RESOLVED)
    assert (await room.conversation()).state is State.CLOSED


# --- giving away -----------------------------------------------------------------------------


async def test_transfer_to_a_colleague(room: Room) -> None:
    conversation_id, agent = await taken(room)
    colleague = await room.agent("Богдан")
    editor = await room.agent("Редактор", Role.EDITOR)
    with pytest.raises(RequestRefused):
        await room.desk.transfer(conversation_id, agent, editor.id)
    with pytest.raises(RequestRefused):
        await room.desk.transfer(conversation_id, agent, agent.id)
    await room.desk.transfer(conversation_id, agent, colleague.id, "знає про повернення")
    assert (await room.conversation()).agent_id == colleague.id
    assert await room.said() == "Тепер з вами Богдан."
    notes = [line for line in (await room.desk.views.transcript(conversation_id)).lines if not line.deliveries]
    assert notes[-1].message.parts[0].text == "Передано: Богдан. знає про повернення"
    with pytest.raises(Conflict, match="Богдан"):
        await room.desk.reply(conversation_id, agent, "ще я")


async def test_a_transfer_is_not_the_moment_the_customer_was_taken(room: Room) -> None:
    conversation_id, agent = await taken(room)
    claimed = (await room.handoff()).claimed_at
    colleague = await room.agent("Богдан")
    room.clock.advance(hours=2)
    await room.desk.transfer(conversation_id, agent, colleague.id)
    handoff = await room.handoff()
    assert (handoff.claimed_by, handoff.claimed_at) == (colleague.id, claimed)


async def test_back_to_the_queue_keeps_the_old_place(room: Room) -> None:
    conversation_id, agent = await taken(room)
    room.clock.advance(minutes=5)
    await room.hear("людину", address="8")
    await room.desk.transfer(conversation_id, agent, None, "обід")
    assert (await room.conversation()).state is State.QUEUED
    rows = await room.desk.views.inbox(agent, Filter.QUEUE)
    assert [(row.id, row.place) for row in rows] == [(conversation_id, 1), ((await room.conversation("8")).id, 2)]


async def test_back_to_the_bot(room: Room) -> None:
    conversation_id, agent = await taken(room)
    await room.desk.back_to_bot(conversation_id, agent)
    assert (await room.conversation()).state is State.BOT
    assert (await room.handoff()).outcome is HandoffOutcome.BOT
    assert await room.hear("ціна") == ["price in uk"]


async def test_a_supervisor_may_act_on_anybodys_conversation(room: Room) -> None:
    conversation_id, _ = await taken(room)
    boss = await room.agent("Шеф", Role.AGENT, Role.SUPERVISOR)
    await room.desk.close(conversation_id, boss, HandoffOutcome.RESOLVED)
    assert (await room.conversation()).state is State.CLOSED


# --- closing and ratings ---------------------------------------------------------------------


async def closed(room: Room) -> int:
    conversation_id, agent = await taken(room)
    await room.desk.close(conversation_id, agent, HandoffOutcome.RESOLVED)
    return conversation_id


async def test_closing_asks_for_a_rating_which_counts_after_the_end(each_room: Room) -> None:
    conversation_id = await closed(each_room)
    conversation = await each_room.conversation()
    assert (conversation.state, conversation.agent_id) == (State.CLOSED, None)
    assert await each_room.labels() == [str(n) for n in range(1, 6)]
    assert "читаємо все" in (await each_room.press("5"))[-1]
    assert await each_room.hear("дуже швидко допомогли") == ["Дякуємо!"]
    context = await each_room.desk.views.context(conversation_id)
    assert context.rating is not None
    assert (context.rating.score, context.rating.comment) == (5, "дуже швидко допомогли")
    assert context.rating.agent_id == (await each_room.handoff()).claimed_by
    assert (await each_room.conversation()).rating == 5
    await each_room.hear("ціна")
    assert (await each_room.conversation()).id != conversation_id


async def test_a_typed_number_rates_as_well_and_can_be_changed(room: Room) -> None:
    conversation_id = await closed(room)
    await room.hear("2")
    await room.press("4")
    assert (await room.desk.views.context(conversation_id)).rating.score == 4


async def test_a_question_after_the_rating_is_answered_not_filed(room: Room) -> None:
    conversation_id = await closed(room)
    await room.press("5")
    assert "price in uk" in await room.hear("ціна")
    assert (await room.desk.views.context(conversation_id)).rating.comment is None


async def test_a_photo_after_the_rating_reaches_a_person(room: Room) -> None:
    conversation_id = await closed(room)
    await room.press("5")
    await room.hear(FILE)
    newer = await room.conversation()
    assert (newer.id != conversation_id, newer.state) == (True, State.QUEUED)


AFTERTHOUGHTS = [
    Reaction(target="out-1", emoji="👍"),
    Edit(target="in-1", text="людину, будь ласка"),
    Media(kind=MediaKind.STICKER, ref="thanks"),
]


@pytest.mark.parametrize("afterthought", AFTERTHOUGHTS, ids=["reaction", "edit", "sticker"])
async def test_what_asks_for_nothing_opens_no_new_matter_after_the_end(each_room: Room, afterthought: Part) -> None:
    conversation_id = await closed(each_room)
    assert await each_room.hear(afterthought) == []
    assert (await each_room.conversation()).id == conversation_id
    await each_room.hear("5")
    assert await each_room.hear(afterthought) == []
    await each_room.hear("дуже швидко допомогли")
    rating = (await each_room.desk.views.context(conversation_id)).rating
    assert rating is not None
    assert (rating.score, rating.comment) == (5, "дуже швидко допомогли")


async def test_words_long_after_the_rating_are_a_new_matter(room: Room) -> None:
    conversation_id = await closed(room)
    await room.press("5")
    await room.ring(minutes=15)
    await room.hear("ще одне питання про інше")
    assert (await room.conversation()).id != conversation_id


async def test_a_rating_pressed_in_the_next_conversation_goes_to_the_rated_one(room: Room) -> None:
    conversation_id = await closed(room)
    await room.hear("ціна")
    newer = await room.conversation()
    assert await room.press("1") == ["Дякуємо!"]
    assert (await room.desk.views.context(conversation_id)).rating.score == 1
    assert (await room.conversation()).id == newer.id
    assert (await room.conversation()).form is None


async def test_nobody_rates_a_strangers_conversation(room: Room) -> None:
    conversation_id = await closed(room)
    await room.hear("ціна", address="8")
    await room.hear(ButtonPress(payload=f"f:rating:1:{conversation_id}"), address="8")
    assert (await room.desk.views.context(conversation_id)).rating is None


async def test_spam_and_unanswered_conversations_are_not_asked(room: Room) -> None:
    conversation_id, agent = await taken(room)
    before = await room.said()
    await room.desk.close(conversation_id, agent, HandoffOutcome.SPAM)
    assert await room.said() == before
    await room.hear("людину", address="8")
    await room.desk.close((await room.conversation("8")).id, agent, HandoffOutcome.NO_ANSWER)
    assert await room.labels("8") != [str(n) for n in range(1, 6)]
    with pytest.raises(Conflict):
        await room.desk.close(conversation_id, agent, HandoffOutcome.RESOLVED)
    with pytest.raises(RequestRefused):
        await room.desk.close(conversation_id, agent, HandoffOutcome.CALLBACK)


async def test_ratings_can_be_switched_off(sqlite_database: Database, monday: SteppingClock) -> None:
    settings = Settings(company=Company(name={"en": "Z"}), handoff=Handoff(rating=False))
    room = Room(sqlite_database, monday, settings)
    await closed(room)
    assert await room.said() == "Тепер з вами Ірина."


# --- lists -----------------------------------------------------------------------------------


async def test_a_row_tells_who_waits_since_when_and_how_angry(each_room: Room) -> None:
    await each_room.hear("ціна", address="1", name="Спокійна")
    started = each_room.clock()
    await each_room.hear("жах, ганьба", name="Оксана Ковальчук")
    agent = await each_room.agent("Ірина")
    each_room.clock.advance(minutes=3)
    await each_room.hear("ви де?")
    [row] = await each_room.desk.views.inbox(agent, Filter.QUEUE)
    assert (row.name, row.channel, row.channel_kind, row.state) == ("Оксана Ковальчук", "shop", "fake", State.QUEUED)
    assert (row.preview_author, row.unread, row.place, row.anger) == (Author.BOT, 2, 1, 0.9)
    assert row.waiting_since == started
    assert row.handoff is not None
    assert row.handoff.reason is Reason.ANGRY
    assert len(await each_room.desk.views.inbox(agent, Filter.ALL)) == 2
    assert await each_room.desk.views.inbox(agent, Filter.MINE) == []


async def test_unread_and_waiting_follow_reading_and_answering(each_room: Room) -> None:
    conversation_id, agent = await taken(each_room)
    views = each_room.desk.views
    each_room.clock.advance(minutes=1)
    wrote = each_room.clock()
    await each_room.hear("раз")
    each_room.clock.advance(minutes=1)
    await each_room.hear("два")
    [row] = await views.inbox(agent, Filter.MINE)
    assert (row.unread, row.preview, row.preview_author) == (3, "два", Author.CONTACT)
    assert row.waiting_since is not None
    assert row.waiting_since <= wrote
    last = (await each_room.conversation()).last_seq
    await each_room.desk.mark_read(conversation_id, agent, last)
    await each_room.desk.mark_read(conversation_id, agent, 1)  # an older screen does not unread
    assert (await views.row(agent, conversation_id)).unread == 0
    await each_room.desk.reply(conversation_id, agent, "так")
    row = await views.row(agent, conversation_id)
    assert (row.waiting_since, row.preview_author, row.assignee) == (None, Author.AGENT, "Ірина")
    assert await views.row(agent, 999) is None


async def test_what_the_bot_answered_is_not_waiting_for_a_person(each_room: Room) -> None:
    await each_room.hear("ціна")
    each_room.clock.advance(hours=3)
    asked = each_room.clock()
    await each_room.hear("людину")
    agent = await each_room.agent("Ірина")
    each_room.clock.advance(minutes=1)
    conversation = await each_room.conversation()
    await each_room.desk.claim(conversation.id, agent)
    row = await each_room.desk.views.row(agent, conversation.id)
    assert row.waiting_since == asked
    async with each_room.database.read() as work:
        card = await port(each_room).card(work, (await each_room.handoff()).id, "uk")
    assert card.waits_since == asked


async def test_tabs_and_counts(room: Room) -> None:
    conversation_id, agent = await taken(room)
    await room.hear("людину", address="8")
    await room.desk.calls.book(conversation_id, agent, room.clock() + timedelta(hours=2), "0671234567")
    counts = await room.desk.views.counts(agent)
    assert (counts.mine, counts.queue, counts.due, counts.booked) == (1, 1, 0, 1)
    [with_call] = await room.desk.views.inbox(agent, Filter.CALLBACKS)
    assert with_call.callback is not None
    await room.desk.close(conversation_id, agent, HandoffOutcome.RESOLVED)
    [ended] = await room.desk.views.inbox(agent, Filter.CLOSED)
    assert ended.handoff.outcome is HandoffOutcome.RESOLVED


async def test_a_list_that_is_too_long_keeps_its_head(each_room: Room) -> None:
    await each_room.hear("людину", address="1", name="Перша")
    each_room.clock.advance(minutes=1)
    await each_room.hear("людину", address="2", name="Друга")
    each_room.clock.advance(minutes=1)
    await each_room.hear("ви де?", address="1", name="Перша")
    agent = await each_room.agent("Ірина")
    [head] = await each_room.desk.views.inbox(agent, Filter.QUEUE, limit=1)
    assert (head.name, head.place) == ("Перша", 1)
    await each_room.hear("жах, ганьба", address="3", name="Сердита")
    assert [row.name for row in await each_room.desk.views.inbox(agent, Filter.QUEUE, limit=1)] == ["Сердита"]
    for address, hours in (("1", 4), ("2", 2), ("3", 6)):
        conversation = await each_room.conversation(address)
        await each_room.desk.calls.book(
            conversation.id, agent, each_room.clock() + timedelta(hours=hours), "0671234567"
        )
    assert [row.name for row in await each_room.desk.views.inbox(agent, Filter.CALLBACKS, limit=1)] == ["Друга"]


async def test_search_finds_people_and_words_in_any_case(each_room: Room) -> None:
    await each_room.hear("Де моя посилка? 100% зникла", name="Оксана Ковальчук")
    await each_room.hear("ціна", address="8", name="Інша")
    agent = await each_room.agent("Ірина")
    for words in ("ковальчук", "Ковальчук", "оксана к", "посилка", "ПОСИЛКА", "#1", "100%"):
        rows = await each_room.desk.views.inbox(agent, Filter.ALL, words)
        assert [row.name for row in rows] == ["Оксана Ковальчук"], words


async def test_search_finds_a_number_as_people_write_it_and_a_name_as_the_desk_shows_it(each_room: Room) -> None:
    await each_room.hear("ціна", name="Оксана")
    wanted = await each_room.conversation()
    await each_room.hear("ціна", address="8", name="Інша")
    agent = await each_room.agent("Ірина")
    async with each_room.database.write() as work:
        work.contacts.update(wanted.contact_id, phone="+380671234567")
        work.contacts.update_identity(wanted.identity_id, name="Оксана", username="oksana_k", blocked=False)
    await each_room.desk.calls.book(wanted.id, agent, each_room.clock() + timedelta(hours=2), "050 765 43 21")
    numbers = ("+380 67 123 4567", "067 123-45-67", "(067) 1234567", "00380671234567", "+380 50 765 43 21")
    for words in (*numbers, "@oksana_k", "oksana_k"):
        rows = await each_room.desk.views.inbox(agent, Filter.ALL, words)
        assert [row.name for row in rows] == ["Оксана"], words
    for words in ("067 999 99 99", "0000 1", "@", "067 1"):
        assert await each_room.desk.views.inbox(agent, Filter.ALL, words) == [], words


async def test_search_takes_wildcards_as_letters(room: Room) -> None:
    await room.hear("ціна")
    agent = await room.agent("Ірина")
    assert await room.desk.views.inbox(agent, Filter.ALL, "%") == []
    assert await room.desk.views.inbox(agent, Filter.ALL, "іна_") == []


async def test_search_does_not_find_how_messages_are_stored(room: Room) -> None:
    await room.hear('вона сказала "ні"')
    agent = await room.agent("Ірина")
    assert await room.desk.views.inbox(agent, Filter.ALL, "part") == []
    assert await room.desk.views.inbox(agent, Filter.ALL, "text") == []
    assert len(await room.desk.views.inbox(agent, Filter.ALL, 'сказала "ні"')) == 1


# --- one conversation ------------------------------------------------------------------------


async def test_a_transcript_is_read_in_stretches(room: Room) -> None:
    for number in range(6):
        await room.hear(f"ціна {number}")
    conversation = await room.conversation()
    views = room.desk.views
    newest = await views.transcript(conversation.id, limit=4)
    assert newest.more
    older = await views.transcript(conversation.id, newest.lines[0].message.seq, limit=100)
    assert not older.more
    seqs = [line.message.seq for line in (*older.lines, *newest.lines)]
    assert seqs == list(range(1, conversation.last_seq + 1))
    since = await views.since(conversation.id, 3)
    assert since.lines[0].message.seq == 4


async def test_the_context_tells_everything_at_once(each_room: Room) -> None:
    first = await closed(each_room)
    await each_room.press("3")
    await each_room.press("Нічого")
    await each_room.hear("скільки коштує доставка")
    await each_room.hear("зателефонуйте мені")
    conversation = await each_room.conversation()
    context = await each_room.desk.views.context(conversation.id)
    assert context.contact.name == "Оля"
    assert [identity.address for identity in context.identities] == ["7"]
    assert context.conversation.form is not None
    assert [tried.did for tried in context.tried] == ["reply", "begin"]
    [earlier] = context.earlier
    assert (earlier.conversation.id, earlier.agent, earlier.topic) == (first, "Ірина", "людину")
    assert earlier.handoff is not None
    assert earlier.handoff.outcome is HandoffOutcome.RESOLVED
    assert earlier.rating is not None
    assert earlier.rating.score == 3
    with pytest.raises(NotFound):
        await each_room.desk.views.context(999)


async def test_canned_texts_come_filled_and_count_their_use(each_room: Room) -> None:
    conversation_id, agent = await taken(each_room)
    async with each_room.database.write() as work:
        await CannedTable(work).add_missing(DEMO, each_room.clock())
        await CannedTable(work).add_missing(DEMO, each_room.clock())
    texts = await each_room.desk.views.canned(conversation_id, agent, "/hel", "Журавлик")
    assert [text.text for text in texts] == ["Добрий день, Оля! Мене звати Ірина, я вже читаю ваше запитання."]
    await each_room.desk.reply(conversation_id, agent, "x", template="canned:bye")
    assert (await each_room.desk.views.canned(conversation_id, agent, "", "Журавлик"))[0].shortcut == "bye"
    saved = await each_room.desk.canned.save(Canned(shortcut="/New", texts={"uk": "Текст"}))
    assert saved.shortcut == "new"
    with pytest.raises(Conflict):
        await each_room.desk.canned.save(Canned(shortcut="new", texts={"uk": "Інше"}))
    with pytest.raises(NotFound):
        await each_room.desk.canned.save(Canned(id=999, shortcut="newer", texts={"uk": "Інше"}))
    await each_room.desk.canned.delete(saved.id)


async def test_a_text_names_the_firm_in_the_customers_language_on_every_desk(
    sqlite_database: Database, monday: SteppingClock
) -> None:
    company = Company(name={"uk": "Журавлик", "ru": "Журавль", "en": "Crane"}, zone="Europe/Kyiv")
    room = Room(sqlite_database, monday, Settings(company=company))
    conversation_id, _agent = await taken(room)
    english = await room.agent("Ann", language="en")
    async with room.database.write() as work:
        await CannedTable(work).add_missing(DEMO, room.clock())
        [bye] = await port(room).templates(work, conversation_id, english, "/bye")
    assert "Дякуємо, що написали в Журавлик." in bye.text


async def test_colleagues_who_are_there_come_first(room: Room) -> None:
    conversation_id, agent = await taken(room)
    await room.agent("Андрій")
    present = await room.agent("Яна")
    await room.desk.presence.seen(present.id)
    found = await room.desk.views.colleagues(conversation_id, agent)
    assert [(one.staff.name, one.online, one.load) for one in found] == [("Яна", True, 0), ("Андрій", False, 0)]
    await room.desk.presence.left(present.id)
    assert not any(one.online for one in await room.desk.views.colleagues(conversation_id, agent))


async def test_five_hundred_conversations_take_as_many_queries_as_one(room: Room) -> None:
    agent = await room.agent("Ірина")
    counted: list[str] = []
    await room.hear("людину")
    one = await count_queries(room, agent, counted)
    for number in range(8):
        await room.hear("людину", address=f"a{number}")
    assert len(await room.desk.views.inbox(agent, Filter.QUEUE)) == 9
    assert await count_queries(room, agent, counted) == one <= 8


async def count_queries(room: Room, agent, counted: list[str]) -> int:
    engine = room.database._reader.sync_engine

    def note(connection, cursor, statement, *_) -> None:
        counted.append(statement)

    counted.clear()
    event.listen(engine, "before_cursor_execute", note)
    await room.desk.views.inbox(agent, Filter.QUEUE)
    event.remove(engine, "before_cursor_execute", note)
    return len([statement for statement in counted if statement.startswith("SELECT")])
