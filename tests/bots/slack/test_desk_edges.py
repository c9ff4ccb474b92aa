"""What goes wrong or happens at once at a Slack desk: strangers, forgeries, repeats, deaths, outages, collisions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import select

from bots.slack.desk.people import digest, proven_address
from bots.slack.desk.storage.events import EventTable
from bots.slack.desk.storage.people import Codes, Whisper, WhisperTable
from bots.slack.desk.storage.tables import events
from gateway.channels import Capabilities, Idempotency, Markup, Rate
from gateway.conversations import State
from gateway.errors import Rejected, RequestRefused, StorageUnavailable
from gateway.messages import Edit, Media, MediaKind, Text
from gateway.people.privacy import Privacy
from gateway.storage.engine import Database
from handoff.agents import online
from tests.bots.slack.desk_room import ROOM, DeskRoom, words_of
from tests.standins.slack import BOT_USER, TEAM, Fail, Ok, Reset, Take

Make = Callable[..., DeskRoom]
IRYNA, BOHDAN, NOBODY = "U1IRYNA", "U2BOHDAN", "U9NOBODY"
EDITING = Capabilities(
    text_limit=4096,
    markup=Markup.PLAIN,
    idempotency=Idempotency.NEITHER,
    edits=True,
    media=frozenset(MediaKind),
    caption_limit=1000,
)


@pytest.fixture
def desk(desk_room: Make) -> DeskRoom:
    return desk_room()


async def called(desk: DeskRoom) -> None:
    """A customer waits for a person, and Ірина is there."""
    await desk.agent("Ірина", IRYNA)
    await desk.room.hear("людину")
    await desk.settle()


async def held(desk: DeskRoom) -> None:
    """Ірина has the customer."""
    await called(desk)
    await desk.presses(IRYNA, "desk:claim")


# --- at the same moment ------------------------------------------------------------------------


async def test_two_agents_press_at_once_and_the_other_is_told(desk: DeskRoom) -> None:
    await called(desk)
    await desk.agent("Богдан", BOHDAN, language="uk")
    for user in (IRYNA, BOHDAN):
        await desk.post(desk.slack.press(ROOM, desk.card, "desk:claim", user))
    await desk.settle()
    assert "Ірина has it" in words_of(desk.card)
    assert desk.whisper["user"] == BOHDAN
    assert desk.whisper["text"] == "Цю розмову вже веде Ірина."


async def test_one_claims_in_slack_and_one_on_the_web(desk_room: Make, database: Database) -> None:
    desk = desk_room(database)
    await called(desk)
    bohdan = await desk.agent("Богдан", BOHDAN)
    number = (await desk.room.conversation()).id
    await desk.post(desk.slack.press(ROOM, desk.card, "desk:claim", IRYNA))
    await asyncio.gather(desk.desk.work_waiting(), desk.room.desk.claim(number, bohdan), return_exceptions=True)
    await desk.settle()
    conversation = await desk.room.conversation()
    names = {1: "Ірина", bohdan.id: "Богдан"}
    assert conversation.state is State.AGENT
    assert f"{names[conversation.agent_id or 0]} has it" in words_of(desk.card)
    assert len(desk.slack.whispers) == (conversation.agent_id == bohdan.id)
    said = [line for line in await desk.transcript() if "Тепер з вами" in line]
    assert len(said) == 1


async def test_words_for_a_colleagues_customer_ask_first(desk: DeskRoom) -> None:
    await held(desk)
    bohdan = await desk.agent("Богдан", BOHDAN)
    await desk.says(BOHDAN, "Я відповім")
    assert "Я відповім" not in await desk.told()
    assert desk.whisper["text"] == "Ірина has this conversation. Your words were not sent."
    await desk.presses(IRYNA, "desk:take_over", desk.whisper)  # it was not Ірина who wrote
    assert "Я відповім" not in await desk.told()
    await desk.presses(BOHDAN, "desk:take_over", desk.whisper)
    await desk.presses(BOHDAN, "desk:take_over", desk.whisper)
    assert (await desk.told())[-2:] == ["Тепер з вами Богдан.", "Я відповім"]
    assert (await desk.room.conversation()).agent_id == bohdan.id
    assert "agent: Taken over from Ірина." in await desk.transcript()
    assert " ".join(desk.thread).count("Я відповім") == 1


async def test_the_bot_never_talks_over_an_agent(desk: DeskRoom) -> None:
    await held(desk)
    assert await desk.room.hear("ціна") == []
    await desk.settle()
    assert "ціна" in desk.thread[-1]


# --- who is who --------------------------------------------------------------------------------


async def test_nothing_of_a_strangers_goes_to_the_customer(desk: DeskRoom) -> None:
    await called(desk)
    desk.slack.people[NOBODY] = {"profile": {"email": "nobody@example.org"}, "locale": "uk-UA"}
    before = await desk.transcript()
    await desk.says(NOBODY, "Привіт")
    await desk.says(NOBODY, "// нотатка")
    await desk.presses(NOBODY, "desk:claim")
    assert await desk.transcript() == before
    assert [one["user"] for one in desk.slack.whispers] == [NOBODY] * 3
    assert desk.whisper["text"].startswith("Нічого не зроблено")


async def test_a_code_from_the_web_desk_links_an_account(desk: DeskRoom) -> None:
    await called(desk)
    iryna = await desk.room.agent("Ольга", language="en")
    await desk.says(NOBODY, "Привіт")
    async with desk.room.database.write() as work:
        await Codes(work).add(digest("ABCD-2345"), iryna.id, desk.room.clock(), timedelta(minutes=10))
    await desk.presses(NOBODY, "desk:code", desk.whisper)
    await desk.submits(NOBODY, code="wrong")
    assert desk.whisper["text"].startswith("Цей код не підходить")
    await desk.submits(NOBODY, code="abcd 2345")
    assert desk.whisper["text"].startswith("You are Ольга here")
    await desk.submits("U8OTHER", code="ABCD-2345")
    assert desk.whisper["text"].startswith("Цей код не підходить")  # each works once
    await desk.says(NOBODY, "Тепер я")
    assert (await desk.told())[-1] == "Тепер я"


async def test_a_code_runs_out(desk: DeskRoom) -> None:
    await called(desk)
    agent = await desk.room.agent("Ольга")
    async with desk.room.database.write() as work:
        await Codes(work).add(digest("ABCD-2345"), agent.id, desk.room.clock(), timedelta(minutes=10))
    await desk.says(NOBODY, "Привіт")
    await desk.presses(NOBODY, "desk:code", desk.whisper)
    await desk.settle(601)
    await desk.submits(NOBODY, code="ABCD-2345")
    assert desk.whisper["text"].startswith("Цей код не підходить")


GOOD = {"team_id": TEAM, "profile": {"email": "a@b.c"}}


@pytest.mark.parametrize(
    ("user", "address"),
    [
        (GOOD, "a@b.c"),
        ({**GOOD, "is_email_confirmed": True}, "a@b.c"),
        ({**GOOD, "team_id": "T1", "enterprise_user": {"teams": [TEAM]}}, "a@b.c"),
        ({**GOOD, "team_id": "T0STRANGE"}, None),
        ({**GOOD, "team_id": None}, None),
        ({**GOOD, "is_stranger": True}, None),
        ({**GOOD, "is_restricted": True}, None),
        ({**GOOD, "is_ultra_restricted": True}, None),
        ({**GOOD, "is_bot": True}, None),
        ({**GOOD, "deleted": True}, None),
        ({**GOOD, "is_email_confirmed": False}, None),
        ({"team_id": TEAM, "profile": {}}, None),
        ({"team_id": TEAM}, None),
        ({}, None),
    ],
)
def test_whose_address_proves_who_they_are(user: dict[str, Any], address: str | None) -> None:
    assert proven_address(user, TEAM) == address
    assert proven_address(user, "") is None


async def test_who_left_the_firm_is_nobody(desk: DeskRoom) -> None:
    await held(desk)
    async with desk.room.database.write() as work:
        await work.staff.change(1, active=False)
    before = await desk.told()
    await desk.says(IRYNA, "Ще тут")
    assert await desk.told() == before
    assert desk.whisper["user"] == IRYNA


async def test_a_profile_is_asked_for_again_when_slack_is_back(desk: DeskRoom) -> None:
    await called(desk)
    desk.slack.script("users.info", Fail("internal_error", 500), Fail("ratelimited", 429, retry_after=3))
    await desk.says(IRYNA, "Вітаю")
    await desk.says(IRYNA, "Я тут")
    assert "Вітаю" not in await desk.told()
    await desk.settle(1.5)
    await desk.settle(3.5)
    assert (await desk.told())[-2:] == ["Вітаю", "Я тут"]


# --- what is not Slack's, or comes again ---------------------------------------------------------


async def test_a_forged_and_an_old_request_change_nothing(desk: DeskRoom) -> None:
    await called(desk)
    press = desk.slack.press(ROOM, desk.card, "desk:claim", IRYNA)
    with pytest.raises(RequestRefused) as forged:
        await desk.post(press, secret="somebody's")
    with pytest.raises(RequestRefused) as old:
        await desk.post(press, at=desk.room.clock().timestamp() - 301)
    await desk.settle()
    assert (forged.value.status, old.value.status) == (403, 403)
    assert (await desk.room.conversation()).state is State.QUEUED


async def test_repeats_are_done_once_over_a_restart_too(desk: DeskRoom) -> None:
    await held(desk)
    event = await desk.says(IRYNA, "Один раз")
    await desk.post(event)
    await desk.restart()
    await desk.post(event)
    await desk.post({**event, "event_id": "Ev-another"})
    await desk.settle()
    assert (await desk.told()).count("Один раз") == 1


async def test_what_is_not_ours_is_not_even_kept(desk: DeskRoom) -> None:
    await called(desk)
    own = desk.slack.write(ROOM, desk.card["ts"], BOT_USER, "я сам", bot_id="B0DESK")
    top = desk.slack.write(ROOM, "", IRYNA, "просто розмова")
    for event in (own, {**top, "event": {**top["event"], "thread_ts": None}}):
        await desk.post(event)
    await desk.post({"type": "event_callback", "event_id": "Ev1", "event": {"type": "reaction_added", "user": IRYNA}})
    assert await desk.desk.work_waiting() == 0
    other = desk.slack.write(ROOM, "1000000000.000001", IRYNA, "інша гілка")
    await desk.post(other)
    await desk.settle()
    assert desk.slack.whispers == []


async def test_what_cannot_be_read_is_put_aside(desk: DeskRoom) -> None:
    await desk.post({"type": "event_callback", "event_id": "Ev2", "event": {"type": "message", "ts": 7}})
    assert await desk.desk.work_waiting() == 0
    (finding,) = [one for one in await desk.desk.checkup() if one.subject == "desks.team.quarantined"]
    assert "1 things" in finding.says


# --- deaths --------------------------------------------------------------------------------------


async def test_a_death_after_the_event_was_kept(desk: DeskRoom) -> None:
    await held(desk)
    await desk.post(desk.slack.write(ROOM, desk.card["ts"], IRYNA, "Не загубіть"))
    await desk.restart()
    await desk.settle()
    assert (await desk.told())[-1] == "Не загубіть"


async def test_a_death_within_the_deed(desk: DeskRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    await held(desk)
    await desk.post(desk.slack.write(ROOM, desk.card["ts"], IRYNA, "Рівно раз"))
    acts = desk.desk._tools.acts
    reply = acts.reply

    async def dies(*given: Any, **named: Any) -> Any:
        await reply(*given, **named)
        raise StorageUnavailable("the process is gone before the commit")

    monkeypatch.setattr(acts, "reply", dies)
    monkeypatch.setattr(asyncio, "sleep", lambda _seconds: asyncio.wait_for(asyncio.Event().wait(), 0.01))
    with pytest.raises(TimeoutError):
        await desk.desk.work_waiting()
    monkeypatch.undo()
    assert "Рівно раз" not in " ".join(await desk.transcript())
    await desk.restart()
    await desk.settle()
    assert (await desk.told()).count("Рівно раз") == 1


@pytest.mark.parametrize("restarts", [True, False])
async def test_a_card_that_arrived_unanswered_is_posted_once(desk: DeskRoom, restarts: bool) -> None:
    desk.slack.script("chat.postMessage", Take())
    await called(desk)
    if restarts:
        await desk.restart()
    await desk.settle(5)
    assert len(desk.cards) == 1
    assert len(desk.slack.sent("conversations.history")) == 1
    await desk.presses(IRYNA, "desk:claim")
    assert "Ірина has it" in words_of(desk.card)


@pytest.mark.parametrize("restarts", [True, False])
async def test_lines_that_arrived_unanswered_are_posted_once(desk: DeskRoom, restarts: bool) -> None:
    await held(desk)
    desk.slack.script("chat.postMessage", Take())
    await desk.room.hear("раз")
    await desk.settle()
    await desk.room.hear("два")
    if restarts:
        await desk.restart()
    await desk.settle(5)
    words = " ".join(desk.thread)
    assert (words.count("раз"), words.count("два")) == (1, 1)
    assert words.index("раз") < words.index("два")


# --- outages -------------------------------------------------------------------------------------


async def test_while_slack_is_away_everything_waits_in_order(desk: DeskRoom) -> None:
    await called(desk)
    await desk.presses(IRYNA, "desk:claim")
    desk.slack.script("chat.postMessage", Reset(), Fail("service_unavailable", 503), Reset())
    desk.slack.script("conversations.replies", Fail("internal_error", 500), Fail("internal_error", 500))
    for word in ("перше", "друге", "третє"):
        await desk.room.hear(word)
        await desk.settle(1)
    await desk.room.hear("людину", address="8", name="Петро")
    for _ in range(8):
        await desk.settle(30)
    words = " ".join(words_of(one) for one in desk.slack.thread(ROOM, desk.cards[0]["ts"]))
    found = [words.index(word) for word in ("перше", "друге", "третє")]
    assert found == sorted(found)
    assert all(words.count(word) == 1 for word in ("перше", "друге", "третє"))
    assert [("Оля" in words_of(one), "Петро" in words_of(one)) for one in desk.cards] == [(True, False), (False, True)]


async def test_a_throttled_desk_waits_as_long_as_it_is_told(desk: DeskRoom) -> None:
    desk.slack.script("chat.postMessage", Fail("ratelimited", 429, retry_after=30))
    await called(desk)
    await desk.settle(20)
    assert desk.cards == []
    assert len(desk.slack.sent("chat.postMessage")) == 1
    await desk.settle(11)
    assert len(desk.cards) == 1
    assert desk.slack.sent("conversations.history") == []  # it was surely not posted


async def test_a_room_hears_one_message_a_second(desk_room: Make) -> None:
    desk = desk_room(rate=Rate(per_second=20, burst=20, per_address=1, address_burst=3))
    await desk.agent("Ірина", IRYNA)
    for number in range(10):
        await desk.room.hear("людину", address=str(number), name=f"Клієнт {number}")
    await desk.settle()
    assert len(desk.slack.sent("chat.postMessage")) == 3
    for _ in range(20):
        await desk.settle(1)
    assert len(desk.slack.sent("chat.postMessage")) == 20
    assert len(desk.cards) == 10


async def test_a_room_that_refuses_is_told_of_and_tried_again(desk: DeskRoom) -> None:
    desk.slack.script("chat.postMessage", Fail("not_in_channel"))
    await called(desk)
    assert desk.cards == []
    found = {one.subject: one.says for one in await desk.desk.checkup()}
    assert found["desks.team.shown"] == f"{ROOM} refuses 1 handoffs: not_in_channel"
    async with desk.room.database.read() as view:
        figures = {one.name: one.value for one in await desk.desk.figures(view)}
    assert (figures["frontdesk_desk_troubled"], figures["frontdesk_desk_waiting"]) == (1, 1)
    await desk.settle(61)
    assert len(desk.cards) == 1
    assert "desks.team.shown" not in {one.subject for one in await desk.desk.checkup()}


async def test_words_that_slack_refuses_do_not_stop_the_rest(desk: DeskRoom) -> None:
    await held(desk)
    desk.slack.script("chat.postMessage", Fail("invalid_blocks"))
    await desk.room.hear("дивне")
    await desk.settle()
    await desk.room.hear("звичайне")
    await desk.settle()
    assert "Slack does not show this message" in desk.thread[-2]
    assert "звичайне" in desk.thread[-1]


async def test_a_deleted_card_stops_nothing(desk: DeskRoom) -> None:
    await held(desk)
    desk.slack.script("chat.update", Fail("message_not_found"))
    await desk.says(IRYNA, "Вітаю")
    await desk.room.hear("далі")
    await desk.settle()
    assert "далі" in desk.thread[-1]


async def test_a_dialog_that_slack_gave_up_waiting_for(desk: DeskRoom) -> None:
    await held(desk)
    press = desk.slack.press(ROOM, desk.card, "desk:close", IRYNA)
    desk.slack.expired.add(press["trigger_id"])
    await desk.post(press)
    await desk.settle()
    assert desk.slack.views == []
    assert desk.whisper["text"] == "Slack did not open the dialog. Press again."


async def test_what_slack_may_have_whispered_is_whispered_again(desk: DeskRoom) -> None:
    await held(desk)
    await desk.agent("Богдан", BOHDAN)
    desk.slack.script("chat.postEphemeral", Reset())
    await desk.says(BOHDAN, "Я тут")
    assert desk.slack.whispers == []
    await desk.settle(5)
    assert desk.whisper["text"].startswith("Ірина has this conversation.")


# --- words that are no plain reply ---------------------------------------------------------------


async def test_words_that_call_a_colleague_stay_inside(desk: DeskRoom) -> None:
    await held(desk)
    before = await desk.told()
    await desk.says(IRYNA, f"<@{BOHDAN}> глянь, що з ним робити?")
    assert await desk.told() == before
    assert (await desk.transcript())[-1].endswith("глянь, що з ним робити?")
    async with desk.room.database.read() as view:
        assert (await view.messages.last_of([1]))[1].direction != "note"


async def test_an_edit_goes_out_as_an_edit(desk_room: Make) -> None:
    desk = desk_room(capabilities=EDITING)
    await held(desk)
    said = (await desk.says(IRYNA, "Завтра о 10"))["event"]
    lines = len(desk.thread)
    await desk.post(edited(desk, said, "Завтра об 11"))
    await desk.settle()
    last = desk.room.channel.sent[-1].part
    assert isinstance(last, Edit)
    assert last.text == "Завтра об 11"
    assert last.target.startswith("out-")
    assert len(desk.thread) == lines  # Slack shows the edit itself


@pytest.mark.parametrize("words", ["// він знову не платить", f"<@{BOHDAN}> він знову не платить"])
async def test_an_edit_that_makes_a_reply_private_does_not_go_out(desk_room: Make, words: str) -> None:
    desk = desk_room(capabilities=EDITING)
    await held(desk)
    said = (await desk.says(IRYNA, "Завтра о 10"))["event"]
    sent = len(desk.room.channel.sent)
    await desk.post(edited(desk, said, words))
    await desk.settle()
    assert len(desk.room.channel.sent) == sent
    assert desk.whisper["text"] == "A reply cannot become a note: the customer still reads the old words."


async def test_an_edit_that_the_channel_cannot_make_is_told(desk: DeskRoom) -> None:
    await held(desk)
    said = (await desk.says(IRYNA, "Завтра о 10"))["event"]
    sent = len(desk.room.channel.sent)
    await desk.post(edited(desk, said, "Завтра об 11"))
    await desk.settle()
    assert len(desk.room.channel.sent) == sent
    assert desk.whisper["text"].startswith("Fake cannot change this message")
    note = (await desk.says(IRYNA, "// приватне"))["event"]
    await desk.post(edited(desk, note, "інше"))
    await desk.settle()
    assert desk.whisper["text"] == "A note stays as it was written. Write another one."


async def test_a_deleted_message_is_not_taken_back(desk: DeskRoom) -> None:
    await held(desk)
    said = (await desk.says(IRYNA, "Ой"))["event"]
    gone = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": ROOM,
        "deleted_ts": said["ts"],
        "ts": "9.000001",
    }
    await desk.post(
        {"type": "event_callback", "event_id": "EvGone", "event": {**gone, "previous_message": said}, "team_id": TEAM}
    )
    await desk.settle()
    assert "takes nothing back" in desk.whisper["text"]
    assert "Ой" in (await desk.transcript())[-1]


async def test_nothing_can_be_said_when_it_is_over(desk: DeskRoom) -> None:
    await called(desk)
    bohdan = await desk.agent("Богдан", BOHDAN, language="uk")
    await desk.room.desk.close((await desk.room.conversation()).id, bohdan, "spam")
    await desk.says(BOHDAN, "Ще одне")
    assert desk.whisper["text"] == "Цю розмову закрито."
    assert "Ще одне" not in await desk.told()


def edited(desk: DeskRoom, said: dict[str, Any], text: str) -> dict[str, Any]:
    ts = f"{float(said['ts']) + 1:.6f}"
    message = {**said, "text": text, "edited": {"user": said["user"], "ts": ts}}
    change = {"type": "message", "subtype": "message_changed", "channel": ROOM, "ts": ts, "message": message}
    return {
        "type": "event_callback",
        "event_id": f"EvEdit{ts}",
        "team_id": TEAM,
        "event": {**change, "previous_message": said},
    }


# --- files and fates -----------------------------------------------------------------------------


async def test_an_agents_file_goes_to_the_customer(desk_room: Make) -> None:
    desk = desk_room(capabilities=EDITING)
    await held(desk)
    file = desk.slack.add_file("F1", b"%PDF", "bill.pdf", mimetype="application/pdf")
    await desk.says(IRYNA, "Ось рахунок", files=[file], subtype="file_share")
    media = desk.room.channel.sent[-1].part
    assert isinstance(media, Media)
    assert (media.name, media.caption, media.size) == ("bill.pdf", "Ось рахунок", 4)
    assert await desk.media.read(media.ref) == b"%PDF"


async def test_a_file_that_slack_does_not_give_out_sends_nothing(desk_room: Make) -> None:
    desk = desk_room(capabilities=EDITING)
    await held(desk)
    sent = len(desk.room.channel.sent)
    file = {"id": "F404", "name": "gone.pdf", "url_private": f"{desk.slack.base}/files-pri/T-F404/gone.pdf"}
    await desk.says(IRYNA, "Ось", files=[file], subtype="file_share")
    large = desk.slack.add_file("F2", b"x" * (1024 * 1024 + 1), "large.bin")
    await desk.says(IRYNA, "І ось", files=[large], subtype="file_share")
    assert len(desk.room.channel.sent) == sent
    said = [one["text"] for one in desk.slack.whispers]
    assert said == [
        "Slack does not give out the file gone.pdf, so nothing was sent.",
        "The file large.bin is too large, so nothing was sent.",
    ]


async def test_a_customers_file_is_shown_in_the_thread(desk: DeskRoom) -> None:
    await held(desk)
    await desk.room.hear(Media(kind=MediaKind.IMAGE, ref="photo-1", name="box.jpg", caption="ось так приїхало"))
    await desk.settle()
    last = desk.slack.thread(ROOM, desk.card["ts"])[-1]
    assert "ось так приїхало" in words_of(last)
    assert [file["name"] for file in last["files"]] == ["box.jpg"]
    assert desk.slack.contents[last["files"][0]["id"]] == b"photo-1"


async def test_a_file_that_cannot_be_shown_is_named(desk: DeskRoom) -> None:
    await held(desk)
    desk.slack.script("files.getUploadURLExternal", Fail("file_uploads_disabled"))
    await desk.room.hear(Media(kind=MediaKind.FILE, ref="doc", name="a.pdf"))
    await desk.settle()
    assert "📎 a.pdf" in desk.thread[-1]
    assert "The file is in the web desk." in desk.thread[-1]


async def test_a_reply_that_does_not_arrive_is_told_in_the_thread(desk: DeskRoom) -> None:
    await held(desk)
    desk.room.channel.failures.append(Rejected("chat not found"))
    await desk.says(IRYNA, "Чуєте?")
    await desk.settle()
    assert desk.thread[-1].startswith("❌ Not delivered")


# --- where, and how much ---------------------------------------------------------------------------


async def test_rooms_by_language_and_channel(desk_room: Make) -> None:
    desk = desk_room(rooms={"lang:uk": "C0UK", "channel:other": "C0OTHER"})
    await desk.room.hear("людину")
    await desk.settle()
    assert len(desk.slack.messages["C0UK"]) == 2
    assert desk.slack.messages[ROOM] == []


async def test_a_long_message_is_shown_by_its_beginning(desk: DeskRoom) -> None:
    await held(desk)
    await desk.room.hear(Text(text="слово " * 5000))
    await desk.room.hear("&<>" * 3000)
    await desk.settle()
    assert "The rest is in the web desk." in " ".join(desk.thread)


# --- what the operator is told ---------------------------------------------------------------------


async def test_the_doctor_names_what_is_missing(desk_room: Make) -> None:
    desk = desk_room(rooms={"lang:ru": "C0RU"})
    desk.slack.scopes = "chat:write,channels:history,users:read"
    desk.slack.script("conversations.info", Fail("channel_not_found"), Ok({"channel": {"is_member": False}}))
    found = [(one.subject, one.verdict.value, one.says) for one in await desk.desk.checkup()]
    assert found[0][1] == "ok"
    assert found[1][:2] == ("desks.team.scopes", "warning")
    assert "users:read.email (to know which account that is)" in found[1][2]
    assert found[2][2].endswith("must be https://desk.example/channels/team/webhook")
    assert found[3] == ("desks.team.room", "problem", f"Slack does not show {ROOM}: channel_not_found")
    assert found[4] == ("desks.team.room", "problem", "the app is not in C0RU")
    assert found[5] == ("desks.team.waiting", "ok", "0 deeds and cards wait")


async def test_the_doctor_says_what_waits_too_long(desk: DeskRoom) -> None:
    desk.slack.script("chat.postMessage", *[Fail("is_archived")] * 3)
    desk.slack.script("conversations.info", Ok({"channel": {"is_archived": True, "is_member": True}}))
    await called(desk)
    await desk.settle(61)
    await desk.settle(61)
    found = {one.subject: (one.verdict.value, one.says) for one in await desk.desk.checkup()}
    assert found["desks.team.room"] == ("problem", f"{ROOM} is archived")
    assert found["desks.team.waiting"] == ("problem", "agents' deeds or cards have waited 2 minutes")


async def test_old_events_are_forgotten(desk: DeskRoom) -> None:
    await held(desk)
    async with desk.room.database.write() as work:
        assert await EventTable(work, "team").forget(desk.room.clock() - timedelta(days=1)) == 0
        assert await EventTable(work, "team").forget(desk.room.clock() + timedelta(seconds=1)) == 1


async def test_who_is_erased_is_erased_from_what_agents_did_in_slack(desk: DeskRoom, tmp_path: Path) -> None:
    await held(desk)
    await desk.says(IRYNA, "Your number is 20450012345678, is it?")
    await desk.room.hear("людину", address="8")
    await desk.settle()
    await desk.presses(IRYNA, "desk:claim")
    async with desk.room.database.write() as work:
        whisper = Whisper(room=ROOM, ts=desk.cards[0]["ts"], user=IRYNA, words="Earlier messages")
        await WhisperTable(work, "team").add(whisper, desk.room.clock())
        await WhisperTable(work, "team").add(structs.replace(whisper, ts=desk.card["ts"]), desk.room.clock())
    privacy = Privacy(desk.room.database, tmp_path)
    await privacy.erase("shop:7")
    async with desk.room.database.read() as view:
        bodies = [row.body.decode() for row in await view.connection.execute(select(events))]
        told = [one.ts for one in await WhisperTable(view, "team").all(10)]
    assert told == [desk.card["ts"]]
    assert len(bodies) == 1, "the press about the other customer"
    assert "20450012345678" not in "".join(bodies)


async def test_who_acts_in_slack_is_at_the_desk(desk: DeskRoom) -> None:
    await held(desk)
    async with desk.room.database.read() as view:
        assert await online(view, desk.room.clock()) == [1]
