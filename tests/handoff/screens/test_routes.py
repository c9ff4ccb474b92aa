"""The desk's addresses: who gets in, what each list, page and act gives, and what is refused."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from httpx import Response
from litestar.testing import AsyncTestClient

from gateway.conversations import State
from gateway.messages import Direction, Media, MediaKind, Text
from gateway.ports import EntityKind
from gateway.recalling import ORDER
from gateway.staff import Role, Staff
from gateway.storage.deliveries import DeliveryState
from handoff.handoffs import HandoffOutcome
from tests.handoff.screens.app import DeskApp
from tests.handoff.screens.conftest import Agent
from tests.handoff.screens.samples import PICTURE, Story, fate, named, tell_all


def words(response: Response) -> str:
    """A page as one reads it."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.text)))


@pytest.fixture
async def mine(waiting: Story, me: Staff) -> Story:
    """Somebody I am talking to."""
    await waiting.claim(me)
    return waiting


async def newest(app: DeskApp, conversation_id: int) -> tuple[Direction, str]:
    async with app.database.read() as work:
        message = (await work.messages.before(conversation_id, limit=1))[0]
    part = message.parts[0]
    return message.direction, part.text if isinstance(part, Text) else type(part).__name__


async def state(app: DeskApp, conversation_id: int) -> State:
    async with app.database.read() as work:
        return (await work.conversations.get(conversation_id)).state


class TestTheDoor:
    async def test_strangers_are_sent_to_sign_in(self, client: AsyncTestClient) -> None:
        response = await Agent(client).get("/desk")
        assert (response.status_code, response.headers["location"]) == (303, "/login?next=/desk")

    async def test_editors_are_not_agents(self, client: AsyncTestClient, editor: Staff) -> None:
        browser = Agent(client)
        await browser.sign_in(editor.email)
        assert (await browser.get("/desk")).status_code == 403

    @pytest.mark.parametrize("act", ["claim", "bot", "say", "typing", "draft", "read", "close", "transfer", "callback"])
    async def test_acts_need_the_token(self, client: AsyncTestClient, agent: Agent, waiting: Story, act: str) -> None:
        response = await client.post(f"/desk/{waiting.id}/{act}", data={"text": "x"})
        assert response.status_code == 403

    async def test_a_conversation_that_is_not_there(self, agent: Agent) -> None:
        assert (await agent.get("/desk/999")).status_code == 404


class TestLists:
    async def test_everything_has_its_row_and_every_tab_opens(self, app: DeskApp, agent: Agent, me: Staff) -> None:
        other = await app.hire("o@x.example", "Taras Petrenko")
        told = await tell_all(app, me, other)
        found = {name: await agent.get("/desk", list=name) for name in ("mine", "queue", "all", "callbacks", "closed")}
        assert all(page.status_code == 200 for page in found.values())
        assert "Андрей Соколов" in words(found["mine"])
        assert "angry" in words(found["queue"])
        assert "Taras Petrenko" in words(found["all"])
        assert f'id="row-{told["call"]}"' in found["callbacks"].text
        assert "Solved" in words(found["closed"])
        for number in told.values():
            assert (await agent.get(f"/desk/{number}", list="all")).status_code == 200

    async def test_a_list_nobody_knows(self, agent: Agent) -> None:
        assert (await agent.get("/desk", list="everything")).status_code == 400

    async def test_search_finds_words_and_says_when_it_does_not(self, agent: Agent, waiting: Story) -> None:
        found = await agent.get("/desk/list", htmx=True, list="all", q="посилка")
        missed = await agent.get("/desk/list", htmx=True, list="all", q="zebra")
        assert f'id="row-{waiting.id}"' in found.text
        assert "Nothing found" in words(missed)
        assert "Only this list was searched" in words(missed)

    async def test_only_what_is_mine_counts_as_unread(self, agent: Agent, waiting: Story, me: Staff) -> None:
        assert "row unread" not in (await agent.get("/desk", list="queue")).text
        await waiting.claim(me)
        assert 'data-unread="1"' in (await agent.get("/desk/list", htmx=True, list="mine")).text
        await agent.post(f"/desk/{waiting.id}/read", seq=99)
        assert 'data-unread="0"' in (await agent.get("/desk/list", htmx=True, list="mine")).text

    async def test_the_first_stretch_and_more(self, app: DeskApp, agent: Agent) -> None:
        for index in range(63):
            story = await Story.begin(app, f"N{index}", "site", "en", address=f"v{index}")
            await story.hear("hi")
            await story.queue()
        first = await agent.get("/desk", list="queue")
        assert first.text.count('class="row') - first.text.count('class="rows') == 60
        assert 'id="show-more"' in first.text
        rest = await agent.get("/desk/list", htmx=True, list="queue", shown=180)
        assert 'id="show-more"' not in rest.text


class TestLanguages:
    @pytest.mark.parametrize(("language", "word"), [("uk", "Черга"), ("ru", "Очередь"), ("en", "Queue")])
    async def test_the_reader_chooses(self, agent: Agent, language: str, word: str) -> None:
        assert word in words(await agent.get("/desk", lang=language))


class TestMoving:
    async def test_claim_then_somebody_else_is_too_late(
        self, app: DeskApp, agent: Agent, waiting: Story, other: Staff
    ) -> None:
        await app.desk.claim(waiting.id, other)
        response = await agent.post(f"/desk/{waiting.id}/claim")
        assert response.status_code == 409
        assert "Taras" in response.json()["detail"]

    async def test_claim_reply_note_close(self, app: DeskApp, agent: Agent, waiting: Story) -> None:
        assert (await agent.post(f"/desk/{waiting.id}/claim")).status_code == 204
        await agent.say(f"/desk/{waiting.id}/say", mode="reply", text="Шукаю")
        assert await newest(app, waiting.id) == (Direction.OUTBOUND, "Шукаю")
        await agent.say(f"/desk/{waiting.id}/say", mode="note", text="чемний")
        assert await newest(app, waiting.id) == (Direction.NOTE, "чемний")
        assert (await agent.post(f"/desk/{waiting.id}/close", outcome="resolved")).status_code == 204
        assert await state(app, waiting.id) is State.CLOSED

    async def test_closing_needs_an_outcome(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        response = await agent.post(f"/desk/{mine.id}/close", outcome="whatever")
        assert response.status_code == 400
        assert await state(app, mine.id) is State.AGENT

    async def test_transfer_to_a_colleague_and_to_the_queue(
        self, app: DeskApp, agent: Agent, mine: Story, other: Staff
    ) -> None:
        assert "Taras" in (await agent.get(f"/desk/{mine.id}/dialog/transfer", htmx=True)).text
        assert (await agent.post(f"/desk/{mine.id}/transfer", to="nobody")).status_code == 400
        assert (await agent.post(f"/desk/{mine.id}/transfer", to=other.id, reason="знає склад")).status_code == 204
        page = await agent.get(f"/desk/{mine.id}")
        assert "With Taras" in words(page)
        assert "знає склад" in words(page)

    async def test_back_to_the_bot(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        assert (await agent.post(f"/desk/{mine.id}/bot")).status_code == 204
        assert await state(app, mine.id) is State.BOT

    async def test_a_supervisor_may_write_in_anybodys(self, app: DeskApp, client: AsyncTestClient, mine: Story) -> None:
        boss = await app.hire("boss@x.example", "Iryna", Role.AGENT, Role.SUPERVISOR)
        browser = Agent(client)
        await browser.sign_in(boss.email)
        assert 'data-write="yes"' in (await browser.get(f"/desk/{mine.id}")).text


class TestSpeaking:
    async def test_words_without_the_conversation_are_refused_in_the_agents_language(
        self, agent: Agent, waiting: Story
    ) -> None:
        response = await agent.say(f"/desk/{waiting.id}/say", mode="reply", text="hello")
        assert response.status_code == 409
        assert response.json()["detail"] == "Take the conversation first."

    async def test_a_picture_goes_out_with_its_words(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        files = [("label.png", PICTURE, "image/png")]
        assert (await agent.say(f"/desk/{mine.id}/say", files, mode="reply", text="Наклейка")).status_code == 204
        async with app.database.read() as work:
            message = (await work.messages.before(mine.id, limit=1))[0]
        media = message.parts[0]
        assert isinstance(media, Media)
        assert (media.kind, media.caption, media.name) == (MediaKind.IMAGE, "Наклейка", "label.png")
        shown = await agent.get(f"/desk/media/{message.id}/0")
        assert shown.content == PICTURE
        assert shown.headers["content-type"].startswith("image/png")

    async def test_a_file_that_is_too_large(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        heavy = [("big.bin", b"x" * (21 * 1024 * 1024), "application/zip")]
        assert (await agent.say(f"/desk/{mine.id}/say", heavy, mode="reply", text="")).status_code == 413

    async def test_more_files_than_go_at_once_are_refused_not_dropped(
        self, app: DeskApp, agent: Agent, mine: Story
    ) -> None:
        files = [(f"{number}.txt", b"x", "text/plain") for number in range(11)]
        before = await newest(app, mine.id)
        refused = await agent.say(f"/desk/{mine.id}/say", files, text="Усе тут")
        assert (refused.status_code, refused.json()["detail"]) == (400, "Too many files at once: 10 at most.")
        assert await newest(app, mine.id) == before
        assert (await agent.say(f"/desk/{mine.id}/say", files[:10], text="Усе тут")).status_code == 204
        async with app.database.read() as work:
            message = (await work.messages.before(mine.id, limit=1))[0]
        assert len(message.parts) == 10

    async def test_a_note_needs_nobody(self, app: DeskApp, agent: Agent, waiting: Story) -> None:
        assert (await agent.say(f"/desk/{waiting.id}/say", mode="note", text="бачу")).status_code == 204

    async def test_a_send_of_unknown_fate_can_be_sent_again(
        self, app: DeskApp, agent: Agent, mine: Story, me: Staff
    ) -> None:
        message = await mine.agent(me, "Ви тут?")
        async with app.database.write() as work:
            await fate(work, message, DeliveryState.UNKNOWN)
        page = await agent.get(f"/desk/{mine.id}")
        assert "Nobody knows whether this arrived." in words(page)
        address = re.findall(r'data-post="(/desk/\d+/resend/\d+)"', page.text)[0]
        assert (await agent.post(address)).status_code == 204
        assert "On its way" in (await agent.get(f"/desk/{mine.id}/fresh", htmx=True, first=1)).text
        assert (await agent.post(address)).status_code == 409

    async def test_whether_it_is_sent_again_is_for_whoever_has_the_conversation(
        self, app: DeskApp, agent: Agent, waiting: Story, other: Staff
    ) -> None:
        await waiting.claim(other)
        message = await waiting.agent(other, "Ви тут?")
        async with app.database.write() as work:
            await fate(work, message, DeliveryState.UNKNOWN)
            [delivery] = (await work.deliveries.of_messages([message]))[message]
        page = await agent.get(f"/desk/{waiting.id}")
        assert "Nobody knows whether this arrived." in words(page)
        assert "/resend/" not in page.text
        refused = await agent.post(f"/desk/{waiting.id}/resend/{delivery.id}")
        assert (refused.status_code, refused.json()["detail"]) == (409, "Taras has this conversation.")

    async def test_drafts_come_back_and_go_with_sending(self, agent: Agent, mine: Story) -> None:
        await agent.post(f"/desk/{mine.id}/draft", text="Майже гот", note="1")
        page = await agent.get(f"/desk/{mine.id}")
        assert "Майже гот</textarea>" in page.text
        assert "composer is-note" in page.text
        await agent.say(f"/desk/{mine.id}/say", mode="reply", text="Майже готово")
        assert "Майже гот</textarea>" not in (await agent.get(f"/desk/{mine.id}")).text

    @pytest.mark.parametrize(("act", "fields"), [("draft", {"text": "Добрий день"}), ("read", {"seq": 4})])
    async def test_what_a_page_keeps_of_somebody_erased_is_refused_not_broken(
        self, agent: Agent, act: str, fields: dict[str, str | int]
    ) -> None:
        assert (await agent.post(f"/desk/999/{act}", **fields)).status_code == 404

    async def test_the_customer_sees_the_agent_typing(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        await agent.post(f"/desk/{mine.id}/typing")
        assert app.channels["shop_telegram"].typed == ["5"]


class TestLookingUp:
    async def test_templates_are_filled_and_keep_blanks_nobody_can_fill(
        self, app: DeskApp, agent: Agent, mine: Story, me: Staff
    ) -> None:
        await tell_all(app, me, me)
        found = words(await agent.get(f"/desk/{mine.id}/templates", htmx=True, q=""))
        assert "Добрий день, Олена! Мене звати Oksana" in found
        assert "{{ entities.order }}" in found

    async def test_knowledge_is_asked_in_the_customers_language(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        found = await agent.get(f"/desk/{mine.id}/knowledge", htmx=True, q="фото")
        assert app.searched == [("фото", "uk")]
        assert 'data-article="damaged-parcel"' in found.text

    async def test_an_article_sent_is_remembered(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        await agent.say(f"/desk/{mine.id}/say", mode="reply", text="**Три** фото", article="damaged-parcel")
        async with app.database.read() as work:
            message = (await work.messages.before(mine.id, limit=1))[0]
        assert message.article == "damaged-parcel"
        assert "<strong>Три</strong>" in (await agent.get(f"/desk/{mine.id}")).text


class TestCalls:
    async def test_book_move_and_tell_how_it_went(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        sheet = await agent.get(f"/desk/{mine.id}/dialog/callback", htmx=True)
        times = re.findall(r'name="starts_at" value="([^"]+)"', sheet.text)
        assert "+380 67 123 4567" in sheet.text
        booked = await agent.post(
            f"/desk/{mine.id}/callback", starts_at=times[0], phone="067 123 45 67", topic="де посилка"
        )
        assert booked.status_code == 204
        page = await agent.get(f"/desk/{mine.id}", list="callbacks")
        assert "де посилка" in words(page)
        address = re.findall(rf'hx-post="(/desk/{mine.id}/call/\d+)"', page.text)[0]
        number = address.rsplit("/", 1)[1]
        assert "Move the call" in words(await agent.get(f"/desk/{mine.id}/dialog/move-{number}", htmx=True))
        assert (await agent.post(address, outcome="moved", starts_at=times[3])).status_code == 204
        assert (await agent.post(address, outcome="no_answer", note="зайнято")).status_code == 204
        assert "No answer: зайнято" in words(await agent.get(f"/desk/{mine.id}"))
        assert (await agent.post(address, outcome="reached")).status_code == 204
        app.clock.advance(minutes=1)
        assert (await agent.post(address, outcome="reached")).status_code == 409

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"starts_at": "soon", "phone": "+380671234567"}, "Choose a time."),
            ({"starts_at": "2026-11-23T10:00", "phone": "+380671234567"}, "Choose a time."),
            ({"starts_at": "2026-11-23T08:00:00+00:00", "phone": "12"}, "telephone number"),
            ({"starts_at": "2020-11-23T08:00:00+00:00", "phone": "+380671234567"}, "passed"),
        ],
    )
    async def test_what_will_not_do_is_said(
        self, agent: Agent, mine: Story, fields: dict[str, str], reason: str
    ) -> None:
        response = await agent.post(f"/desk/{mine.id}/callback", **fields)
        assert response.status_code == 400
        assert reason in response.json()["detail"]

    async def test_a_call_can_be_moved_to_where_only_itself_stands_in_the_way(
        self, app: DeskApp, agent: Agent, mine: Story, me: Staff
    ) -> None:
        free = await app.desk.calls.free_windows()
        half_past = free[1].start + timedelta(minutes=30)
        calls = [
            await app.desk.calls.book(mine.id, me, half_past, f"+38067123456{last}")
            for last in range(app.settings.callbacks.capacity)
        ]
        full = {span.start.isoformat() for span in (free[1], free[2])}
        booking = await agent.get(f"/desk/{mine.id}/dialog/callback", htmx=True)
        moving = await agent.get(f"/desk/{mine.id}/dialog/move-{calls[0].id}", htmx=True)
        assert not full & set(re.findall(r'name="starts_at" value="([^"]+)"', booking.text))
        assert full <= set(re.findall(r'name="starts_at" value="([^"]+)"', moving.text))

    @pytest.mark.parametrize(
        ("zone", "theirs"),
        [("Europe/Kyiv", None), ("Europe/Warsaw", "08:00"), ("America/Los_Angeles", "22 Nov, 23:00")],
    )
    async def test_a_time_is_said_with_the_customers_day_where_that_is_another(
        self, app: DeskApp, agent: Agent, mine: Story, zone: str, theirs: str | None
    ) -> None:
        async with app.database.write() as work:
            work.contacts.update(mine.contact.id, zone=zone)
        sheet = (await agent.get(f"/desk/{mine.id}/dialog/callback", htmx=True)).text
        monday_nine = re.findall(
            r'value="2026-11-23T07:00:00\+00:00"[^>]*>09:00(?:<small[^>]*>([^<]*)</small>)?', sheet
        )
        assert monday_nine == [theirs or ""]

    async def test_cancel(self, app: DeskApp, agent: Agent, mine: Story, me: Staff) -> None:
        free = await app.desk.calls.free_windows()
        booked = await app.desk.calls.book(mine.id, me, free[0].start, "+380671234567")
        assert (await agent.post(f"/desk/{mine.id}/call/{booked.id}", outcome="cancel")).status_code == 204
        assert "Cancelled" in words(await agent.get(f"/desk/{mine.id}"))


class TestFiles:
    async def test_a_strangers_page_is_a_download_in_a_sandbox(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        await mine.hear(Media(kind=MediaKind.FILE, ref="far:1", name="evil.html", mime="text/html"))
        await mine.hear(Media(kind=MediaKind.IMAGE, ref="far:2", name="evil.svg", mime="image/svg+xml"))
        async with app.database.read() as work:
            messages = await work.messages.before(mine.id, limit=2)
        for message in messages:
            response = await agent.get(f"/desk/media/{message.id}/0")
            assert response.headers["content-type"] == "application/octet-stream"
            assert response.headers["content-disposition"].startswith("attachment")
            assert "sandbox" in response.headers["content-security-policy"]
        assert "<img" not in (await agent.get(f"/desk/{mine.id}")).text

    async def test_what_the_messenger_keeps_is_fetched_from_it(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        await mine.hear(Media(kind=MediaKind.IMAGE, ref="far:7", mime="image/jpeg"))
        async with app.database.read() as work:
            message = (await work.messages.before(mine.id, limit=1))[0]
        assert (await agent.get(f"/desk/media/{message.id}/0")).content == b"far:7"

    @pytest.mark.parametrize("index", [0, 5])
    async def test_no_file_there(self, agent: Agent, app: DeskApp, mine: Story, index: int) -> None:
        async with app.database.read() as work:
            message = (await work.messages.before(mine.id, limit=1))[0]
        assert (await agent.get(f"/desk/media/{message.id}/{index}")).status_code == 404


class TestStretches:
    async def test_older_messages_come_a_stretch_at_a_time(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        for index in range(150):
            await mine.hear(f"line {index}")
        page = await agent.get(f"/desk/{mine.id}")
        first = int(re.findall(r'data-first="(\d+)"', page.text)[0])
        assert "line 149" in page.text
        assert 'id="older"' not in page.text or first > 1
        older = await agent.get(f"/desk/{mine.id}/fresh", htmx=True, first=first, older=1)
        assert "line 149" in older.text
        assert int(re.findall(r'data-first="(\d+)"', older.text)[0]) == max(1, first - 60)

    async def test_what_was_new_on_opening_stays_marked(self, app: DeskApp, agent: Agent, mine: Story) -> None:
        await agent.post(f"/desk/{mine.id}/read", seq=1)
        await mine.hear("а ще питання")
        page = await agent.get(f"/desk/{mine.id}")
        new = re.findall(r'data-new="(\d+)"', page.text)[0]
        assert 'id="new-line"' in page.text
        await agent.post(f"/desk/{mine.id}/read", seq=99)
        fresh = await agent.get(f"/desk/{mine.id}/fresh", htmx=True, first=1, new=new)
        assert 'id="new-line"' in fresh.text


async def test_closed_ones_say_how_they_ended(app: DeskApp, agent: Agent, mine: Story, me: Staff) -> None:
    await app.desk.close(mine.id, me, HandoffOutcome.NO_ANSWER)
    assert "The customer went silent" in words(await agent.get("/desk", list="closed"))
    async with app.database.write() as work:
        contact = (await work.conversations.get(mine.id)).contact_id
        identity = (await work.contacts.identities(contact))[0]
        again = await work.conversations.add(identity=identity, language="uk", now=app.clock())
    assert "The customer went silent" in words(await agent.get(f"/desk/{again.id}"))


class TestThePerson:
    async def test_a_number_of_an_earlier_conversation_is_called_in_words(self, app: DeskApp, agent: Agent) -> None:
        story = await Story.begin(app, "Олена", "site", "uk", address="6", details={ORDER: "59000123456789"})
        await story.hear("Добрий день")
        await story.queue()
        page = words(await agent.get(f"/desk/{story.id}"))
        assert "Last number named 59000123456789" in page
        assert ORDER not in page

    async def test_a_number_of_this_conversation_is_shown_once(self, app: DeskApp, agent: Agent) -> None:
        story = await Story.begin(app, "Олена", "site", "uk", address="6", details={ORDER: "59000123456789"})
        await story.hear("Де 59000123456789?")
        await story.understood("Де 59000123456789?", None, 0.1, "unknown", named(EntityKind.ORDER, "59000123456789"))
        await story.queue()
        page = words(await agent.get(f"/desk/{story.id}"))
        assert "Last number named" not in page
        assert "Number 59000123456789" in page
