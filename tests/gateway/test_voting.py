"""Customers say whether an answer helped: what is asked, what a press does, and what is remembered of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import structs
from sqlalchemy import select

from gateway.conversations import Conversation, State
from gateway.messages import ButtonPress, Inbound, Sender
from gateway.ports import Action, Reason
from gateway.settings import Dialogue
from gateway.storage.engine import Database
from gateway.storage.votes import Votes, votes
from gateway.voting import Vote, read_vote
from tests.conftest import SteppingClock
from tests.fakes import PLAIN, FakeChannel, inbound
from tests.gateway.spine import Spine

KNOWN = {
    "ціна": ("cost", 0.9),
    "привіт": ("hello", 0.9),
    "секрет": ("secret", 0.9),
    "людину": ("person", 0.9),
    "ще": ("with-button", 0.9),
    "хм": ("cost", 0.4),
}
ACTIONS = {
    "cost": Action.ANSWER,
    "hello": Action.ANSWER,
    "with-button": Action.ANSWER,
    "secret": Action.DECLINE,
    "person": Action.HANDOFF,
}
SORRY = "Шкода, що це не допомогло. Спробуйте сказати інакше, або я покличу людину."
THANKS = "Дякую, приємно це чути!"


class Talk:
    """One customer with a spine: `says` words, `presses` what stands under the `which`-th thing that was sent."""

    def __init__(self, database: Database, clock: SteppingClock, *, buttons: int = 8, asks: bool = True) -> None:
        policy = Dialogue(ask_helped=asks)
        channel = FakeChannel(capabilities=structs.replace(PLAIN, buttons=buttons))
        self.spine = Spine(database, clock, known=KNOWN, actions=ACTIONS, policy=policy, channel=channel)
        self.database = database
        self._number = 0

    async def says(self, text: str, *, address: str = "7") -> list[str]:
        self._number += 1
        return await self._hears(inbound(text, address=address, platform_id=str(self._number)))

    async def presses(self, payload: str, *, address: str = "7") -> list[str]:
        self._number += 1
        press = ButtonPress(payload=payload)
        return await self._hears(Inbound(sender=Sender(address=address), parts=(press,), platform_id=str(self._number)))

    async def _hears(self, event: Inbound) -> list[str]:
        before = len(self.spine.channel.sent)
        await self.spine.hear(event)
        await self.spine.settle()
        return self.spine.channel.texts[before:]

    def offered(self, which: int = -1) -> list[str]:
        return [button.payload or "" for button in self.spine.channel.sent[which].buttons]

    async def conversation(self) -> Conversation:
        async with self.database.read() as view:
            identity = (await view.contacts.find([("shop", "7")]))["shop", "7"]
            found = await view.conversations.latest_of(identity.contact_id)
        assert found is not None
        return found

    async def moves(self, state: State) -> None:
        conversation = await self.conversation()
        async with self.database.write() as work:
            work.conversations.change(conversation.id, state=state)

    async def votes(self) -> list[tuple[str, bool]]:
        async with self.database.read() as view:
            rows = await view.connection.execute(select(votes.c.article, votes.c.helped).order_by(votes.c.message_id))
            return [(row.article, row.helped) for row in rows]


@pytest.fixture
def talk(database: Database, clock: SteppingClock) -> Talk:
    return Talk(database, clock)


async def test_under_an_answer_it_is_asked_in_two_buttons(talk: Talk) -> None:
    assert await talk.says("ціна") == ["cost in uk"]
    assert [button.label for button in talk.spine.channel.sent[0].buttons] == ["Допомогло", "Не допомогло"]
    assert await talk.presses(talk.offered()[0]) == [THANKS]
    assert await talk.votes() == [("cost", True)]
    assert (await talk.conversation()).misses == 0


@pytest.mark.parametrize("text", ["привіт", "секрет", "людину", "хм", "абвгд"])
async def test_nothing_is_asked_under_what_is_no_help(talk: Talk, text: str) -> None:
    await talk.says(text)
    assert not [
        payload
        for which in range(len(talk.spine.channel.sent))
        for payload in talk.offered(which)
        if payload[:2] == "v:"
    ]


@pytest.mark.parametrize(("buttons", "text"), [(0, "ціна"), (1, "ціна"), (2, "ще")])
async def test_where_it_does_not_fit_as_buttons_it_is_not_asked(
    sqlite_database: Database, clock: SteppingClock, buttons: int, text: str
) -> None:
    talk = Talk(sqlite_database, clock, buttons=buttons)
    [said] = await talk.says(text)
    assert "Допомогло" not in said
    assert not [payload for payload in talk.offered() if payload.startswith("v:")]


async def test_it_is_asked_beside_the_answers_own_buttons(talk: Talk) -> None:
    await talk.says("ще")
    assert [payload[:4] for payload in talk.offered()] == ["a:mo", "v:1:", "v:0:"]


async def test_without_the_setting_nothing_is_asked(sqlite_database: Database, clock: SteppingClock) -> None:
    talk = Talk(sqlite_database, clock, asks=False)
    await talk.says("ціна")
    assert talk.offered() == []


async def test_what_did_not_help_offers_a_person_and_is_a_miss(talk: Talk) -> None:
    await talk.says("ціна")
    assert await talk.presses(talk.offered()[1]) == [SORRY]
    assert talk.offered() == ["do:handoff", "do:callback"]
    assert (await talk.conversation()).misses == 1
    await talk.says("абвгд")
    assert [context.reason for context in talk.spine.handoffs.requested] == [Reason.NOT_UNDERSTOOD]


async def test_the_same_press_again_changes_nothing_and_another_changes_the_vote(talk: Talk) -> None:
    await talk.says("ціна")
    helped, not_helped = talk.offered()
    await talk.presses(not_helped)
    assert await talk.presses(not_helped) == []
    assert ((await talk.conversation()).misses, await talk.votes()) == (1, [("cost", False)])
    assert await talk.presses(helped) == [THANKS]
    assert ((await talk.conversation()).misses, await talk.votes()) == (0, [("cost", True)])


async def test_a_press_under_an_old_answer_counts_for_that_one(talk: Talk) -> None:
    await talk.says("ціна")
    old = talk.offered()
    await talk.says("ще")
    assert await talk.presses(old[1]) == [SORRY]
    assert await talk.votes() == [("cost", False)]


async def test_a_typed_label_is_a_press_and_no_question(talk: Talk) -> None:
    await talk.says("ціна")
    assert await talk.says("не допомогло") == [SORRY]
    async with talk.database.read() as view:
        turns = await view.turns.of((await talk.conversation()).id)
    assert [tried.text for tried, _ in turns] == ["ціна"]


async def test_a_vote_in_the_very_transaction_of_its_answer(talk: Talk) -> None:
    await talk.spine.hear(inbound("ціна", platform_id="1"), inbound("Не допомогло", platform_id="2"))
    await talk.spine.settle()
    assert talk.spine.channel.texts == ["cost in uk", SORRY]
    assert await talk.votes() == [("cost", False)]


async def test_an_answer_chosen_from_did_you_mean_is_voted_on_too(talk: Talk) -> None:
    await talk.says("хм")
    await talk.presses("a:cost")
    await talk.presses(talk.offered()[1])
    assert await talk.votes() == [("cost", False)]


@pytest.mark.parametrize("state", [State.QUEUED, State.AGENT])
async def test_while_people_have_it_a_vote_counts_in_silence(talk: Talk, state: State) -> None:
    await talk.says("ціна")
    pressed = talk.offered()[1]
    await talk.moves(state)
    assert await talk.presses(pressed) == []
    assert await talk.votes() == [("cost", False)]
    assert (await talk.conversation()).misses == 0


async def test_a_vote_after_the_end_opens_nothing(talk: Talk) -> None:
    await talk.says("ціна")
    first = await talk.conversation()
    pressed = talk.offered()
    await talk.moves(State.CLOSED)
    assert await talk.presses(pressed[1]) == [SORRY]
    assert await talk.presses(pressed[0]) == [THANKS]
    after = await talk.conversation()
    assert (after.id, after.state) == (first.id, State.CLOSED)
    assert await talk.votes() == [("cost", True)]
    await talk.presses("do:handoff")
    assert (await talk.conversation()).id != first.id


async def test_nobody_votes_on_anothers_answer(talk: Talk) -> None:
    await talk.says("ціна")
    payload = talk.offered()[0]
    await talk.says("ціна", address="8")
    assert await talk.presses(payload, address="8") == []
    assert await talk.votes() == []


@pytest.mark.parametrize("payload", ["v:1:999", "v:1:", "v:2:1", "v:1:-1", "v:0:" + "9" * 40, "v:1:١"])
async def test_what_we_never_offered_says_nothing(talk: Talk, payload: str) -> None:
    await talk.says("ціна")
    assert await talk.presses(payload) == []
    assert await talk.votes() == []


def test_a_payload_says_what_was_voted_on() -> None:
    assert read_vote("v:0:12") == Vote(message=12, helped=False)
    assert read_vote("do:handoff") is None


async def test_votes_are_counted_by_article_and_time(talk: Talk, clock: SteppingClock) -> None:
    began = clock()
    for address, which in (("7", 0), ("8", 1), ("9", 0)):
        await talk.says("ціна", address=address)
        await talk.presses(talk.offered()[which], address=address)
    async with talk.database.read() as view:
        counted = Votes(view.connection)
        assert await counted.counts(began) == {"cost": (2, 1)}
        assert await counted.counts(began, began) == {}
        assert await counted.counts(clock() + timedelta(days=1)) == {}
