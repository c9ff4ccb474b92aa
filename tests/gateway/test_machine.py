"""Histories nobody would write by hand: customers, agents, a moody messenger, visitors who come and go and
a process that dies, in any order, against what must always be true.

`make test` plays a few. FRONTDESK_MACHINE_EXAMPLES plays as many as it says, each longer (`make faults`).
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.errors import Conflict, RequestRefused
from gateway.steps import Step
from handoff.handoffs import HandoffOutcome
from tests.conftest import _administer, _named
from tests.gateway.machine_world import Fate, Snapshot, World

EXAMPLES = int(os.environ.get("FRONTDESK_MACHINE_EXAMPLES", "0"))
QUICK_EXAMPLES, QUICK_STEPS = 12, 30
DEEP_STEPS = 60

PEOPLE = ("7", "8", "9")
TEXTS = (
    "ціна",
    "людину",
    "жах, ганьба",
    "зателефонуйте мені",
    "бурмотіння",
    "дякую",
    "+380441234567",
    "скасуйте дзвінок",
)

ACTS = ("claim", "answer", "note", "hand to a colleague", "put back", "give to the bot", "resolved", "spam")
"""What an agent tries; the last two are ways to close."""

people = st.sampled_from(PEOPLE)
texts = st.sampled_from(TEXTS)
numbers = st.integers(min_value=0, max_value=50)
agents = st.integers(min_value=0, max_value=1)
visitors = st.integers(min_value=0, max_value=1)


def crashes(*steps: Step) -> st.SearchStrategy[Step | None]:
    """Nothing happens, or the process dies at one of `steps`."""
    return st.one_of(st.none(), st.none(), st.sampled_from(steps))


# --- what must be true -----------------------------------------------------------------------

AFTER: dict[str, set[str]] = {
    "queued": {"sending", "sent", "failed", "unknown", "dropped", "delivered", "read"},
    "sending": {"queued", "sent", "failed", "unknown", "dropped", "delivered", "read"},
    "unknown": {"queued", "sending", "sent", "failed", "dropped", "delivered", "read"},
    "failed": {"queued", "sending", "sent", "unknown", "dropped"},
    "sent": {"delivered", "read"},
    "delivered": {"read"},
    "read": set(),
    "dropped": set(),
}
"""Where a delivery may be one look later, by where it was."""
STATES: dict[str, set[str]] = {
    "bot": {"queued", "agent", "closed"},
    "queued": {"bot", "agent", "closed"},
    "agent": {"bot", "queued", "closed"},
    "closed": set(),
}
HANDOFF = {
    "bot": {None, "offered"},
    "queued": {"waiting"},
    "agent": {"claimed"},
    "closed": {None},
}
"""The active handoff a conversation in a state has."""


def check_transcripts(now: Snapshot) -> None:
    """Numbers without gaps; an agent's name where an agent is."""
    for conversation in now.conversations.values():
        told = [message.seq for message in now.of(conversation.id)]
        assert told == list(range(1, len(told) + 1)), f"conversation {conversation.id}: {told}"
        assert conversation.last_seq == len(told)
        assert (conversation.agent_id is not None) == (conversation.state == "agent")
    open_ones = Counter(one.contact_id for one in now.conversations.values() if one.state != "closed")
    assert max(open_ones.values(), default=0) <= 1, "two open conversations with one person"


def check_handoffs(now: Snapshot) -> None:
    """The room of people and the conversations say the same."""
    active: dict[int, Any] = {}
    for handoff in now.handoffs.values():
        if handoff.state != "closed":
            assert handoff.conversation_id not in active
            active[handoff.conversation_id] = handoff
    for conversation in now.conversations.values():
        handoff = active.get(conversation.id)
        state = handoff.state if handoff else None
        assert state in HANDOFF[conversation.state], f"{conversation.state} with handoff {state}"
        if conversation.state == "agent":
            assert handoff.claimed_by == conversation.agent_id


def check_moves(before: Snapshot, now: Snapshot) -> None:
    """What was there is still there, and went only where it may."""
    for number, conversation in before.conversations.items():
        state = now.conversations[number].state
        assert state == conversation.state or state in STATES[conversation.state]
        silent = conversation.state == "agent" and state == "agent"
        new = now.of(number)[conversation.last_seq :]
        if state == "agent" != conversation.state:
            assert not now.bots_words(number, "queued"), "the bot's words wait to be sent after the agent's"
        assert not (silent and any(message.author == "bot" for message in new)), "the bot talks over an agent"
    for number, message in before.messages.items():
        assert now.messages[number].seq == message.seq
        assert now.messages[number].parts == message.parts
    for number, delivery in before.deliveries.items():
        state = now.deliveries[number].state
        assert state == delivery.state or state in AFTER[delivery.state], f"{delivery.state} became {state}"


def check_sends(world: World, now: Snapshot) -> None:
    """What arrived at the messenger: all that is `sent`, in order, and again only where nobody could know."""
    arrived = Counter(world.messenger.arrived)
    by_key = {json.loads(one.send)["key"]: one for one in now.deliveries.values() if one.channel == "shop"}
    assert set(arrived) <= set(by_key)
    for key, delivery in by_key.items():
        again = world.requeued[delivery.id]
        assert arrived[key] <= 1 + world.messenger.excused[key] + again, f"{key} came {arrived[key]} times"
        assert arrived[key] <= 2 + 2 * again, "an unknown send is sent again once"
        if delivery.state in ("sent", "delivered", "read"):
            assert arrived[key], f"{key} is {delivery.state} and never came"
    first: dict[int, list[tuple[int, int]]] = {}
    for key in dict.fromkeys(world.messenger.arrived):
        if not world.requeued[by_key[key].id]:
            message, _, part = key.partition(".")
            first.setdefault(by_key[key].conversation_id, []).append((int(message), int(part)))
    for came in first.values():
        assert came == sorted(came), f"out of order: {came}"


def check_heard(world: World, now: Snapshot, *, all_taken: bool) -> None:
    """What was accepted is in its transcript once, in the order of its acceptance."""
    stored = {(row.channel, row.platform_id) for row in now.inbox.values()}
    assert {("shop", envelope.platform_id) for envelope in world.acked} <= stored
    for widget in world.widgets:
        assert {("site", f"{widget.visitor}:{key}") for key in widget.acked} <= stored
    assert not any(row.status == "quarantined" for row in now.inbox.values())
    everybody = [("shop", address) for address in PEOPLE] + [("site", widget.visitor) for widget in world.widgets]
    for channel, address in everybody:
        accepted = [
            row.platform_id.removeprefix("m:")
            for row in now.inbox.values()
            if row.channel == channel and now.identities[row.identity_id].address == address
        ]
        heard = now.heard(channel, address)
        assert heard == (accepted if all_taken else accepted[: len(heard)]), f"{address}: {heard} of {accepted}"
        for platform_id in heard:
            assert platform_id is not None


def check_views(world: World, now: Snapshot) -> None:
    """A visitor on the line sees all that is theirs and no note; one who is not holds the beginning of it."""
    for widget in world.widgets:
        own = [one for one in now.identities.values() if (one.channel, one.address) == ("site", widget.visitor)]
        talks = {one.id for one in now.conversations.values() if own and one.contact_id == own[0].contact_id}
        visible = [
            message.id
            for message in now.messages.values()
            if message.conversation_id in talks and message.direction != "note"
        ]
        held = [message["id"] for message in widget.thread]
        if held:
            visible = visible[visible.index(held[0]) :]
        if widget.connected:
            assert held == visible, "the visitor's view is not the transcript"
        else:
            assert held == visible[: len(held)]


# --- what may happen -------------------------------------------------------------------------


class Machine(RuleBasedStateMachine):
    """Any order of these rules."""

    def __init__(self, place: Callable[[], tuple[str, Path]], done: Callable[[str], Awaitable[None]]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self._done = done
        self._url, folder = place()

        async def begin() -> World:
            world = World(self._url, folder)
            await world.open()
            return world

        self.world = self.runner.run(begin())
        self.seen = Snapshot()
        self.dropped: dict[str, int] = {}

    def run(self, act: Coroutine[Any, Any, Any]) -> None:
        self.runner.run(act)

    @initialize(busy=st.booleans())
    def it_begins(self, busy: bool) -> None:
        """On some days people are wanted already."""
        if busy:
            self.run(self.world.take([self.world.text(who, "людину") for who in PEOPLE]))
            self.run(self._visitors_want_people())
            self.run(self.world.survive(self.world.turns))

    async def _visitors_want_people(self) -> None:
        for widget in self.world.widgets:
            widget.connect(self.world.webchat)
            widget.write(text="людину")
        await self.world.settle()

    # --- customers on the messenger ---

    @rule(who=people, text=texts, answered=st.booleans(), crash=crashes(Step.INSERTED, Step.STORED))
    def a_customer_writes(self, who: str, text: str, answered: bool, crash: Step | None) -> None:
        self.run(self.world.take([self.world.text(who, text)], crash))
        if answered:
            self.run(self.world.survive(self.world.turns))

    @rule(
        said=st.lists(st.tuples(people, texts), min_size=2, max_size=6),
        crash=crashes(Step.INSERTED, Step.STORED),
    )
    def several_write_at_once(self, said: list[tuple[str, str]], crash: Step | None) -> None:
        self.run(self.world.take([self.world.text(who, text) for who, text in said], crash))

    @precondition(lambda self: self.world.said)
    @rule(number=numbers, text=texts)
    def a_customer_edits(self, number: int, text: str) -> None:
        self.run(self.world.take([self.world.edit(number, text)]))

    @precondition(lambda self: self.world.said)
    @rule(which=st.lists(numbers, min_size=1, max_size=3))
    def the_messenger_repeats(self, which: list[int]) -> None:
        said = self.world.said
        self.run(self.world.take([said[number % len(said)] for number in which]))

    # --- our loops ---

    @rule(crash=crashes(Step.CLAIMED, Step.DECIDED, Step.TURNED))
    def turns_are_taken(self, crash: Step | None) -> None:
        self.run(self.world.survive(self.world.turns, crash))

    @rule(
        fates=st.lists(st.sampled_from(Fate), max_size=5),
        crash=crashes(Step.LEASED, Step.SENDING, Step.ANSWERED, Step.SETTLED),
    )
    def sends_are_sent(self, fates: list[Fate], crash: Step | None) -> None:
        self.world.messenger.fates.extend(fates)
        self.run(self.world.survive(self.world.sends, crash))
        self.world.messenger.fates.clear()

    @rule(seconds=st.sampled_from([1, 8, 60, 15 * 60, 2 * 3600, 26 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds=seconds)
        self.run(self.world.survive(self.world.room.timers.ring_due))

    @rule()
    def the_process_is_restarted(self) -> None:
        self.run(self.world.restart())

    # --- agents ---

    @precondition(lambda self: self._among("bot", "queued"))
    @rule(which=numbers, agent=agents)
    def an_agent_claims(self, which: int, agent: int) -> None:
        waiting = self._among("bot", "queued")
        self._act("claim", waiting[which % len(waiting)].id, agent)

    @precondition(lambda self: self._among("agent"))
    @rule(which=numbers, act=st.sampled_from(ACTS))
    def whoever_has_it_acts(self, which: int, act: str) -> None:
        held = self._among("agent")
        conversation = held[which % len(held)]
        ids = [agent.id for agent in self.world.agents]
        self._act(act, conversation.id, ids.index(conversation.agent_id))

    @precondition(lambda self: self.seen.conversations)
    @rule(which=numbers, agent=agents, act=st.sampled_from(ACTS))
    def somebody_acts(self, which: int, agent: int, act: str) -> None:
        anywhere = sorted(self.seen.conversations)
        self._act(act, anywhere[which % len(anywhere)], agent)

    @precondition(lambda self: any(one.state in ("unknown", "failed") for one in self.seen.deliveries.values()))
    @rule(which=numbers, agent=agents)
    def an_agent_sends_again(self, which: int, agent: int) -> None:
        failed = [one.id for one in self.seen.deliveries.values() if one.state in ("unknown", "failed")]
        delivery = failed[which % len(failed)]

        async def send() -> None:
            self.world.requeued[delivery] += 1
            try:
                await self.world.room.desk.resend(delivery, self.world.agents[agent])
            except Conflict:  # a colleague talks with them
                self.world.requeued[delivery] -= 1

        self.run(self.world.survive(send))

    # --- visitors ---

    @rule(who=visitors)
    def a_visitor_comes_or_goes(self, who: int) -> None:
        widget = self.world.widgets[who]

        async def turn() -> None:
            if widget.connected:
                await widget.disconnect()
            else:
                widget.connect(self.world.webchat)

        self.run(self.world.survive(turn))

    @rule(who=visitors, text=texts, crash=crashes(Step.INSERTED, Step.STORED))
    def a_visitor_writes(self, who: int, text: str, crash: Step | None) -> None:
        async def write() -> None:
            self.world.widgets[who].write(text=text)
            await self.world.settle()

        self.run(self.world.survive(write, crash))

    @precondition(lambda self: any(self._offers(widget) for widget in self.world.widgets))
    @rule(who=visitors, which=numbers)
    def a_visitor_presses(self, who: int, which: int) -> None:
        offers = self._offers(self.world.widgets[who])
        if offers:
            press = {"payload": offers[which % len(offers)]["payload"], "label": "кнопка"}
            self.world.widgets[who].write(press=press)
            self.run(self.world.survive(self.world.settle))

    @rule(who=visitors)
    def a_visitor_has_read(self, who: int) -> None:
        widget = self.world.widgets[who]
        if widget.connected and widget.wire and widget.cursor:
            widget.wire.say({"type": "read", "cursor": widget.cursor})
            self.run(self.world.survive(self.world.settle))

    # --- always ---

    @invariant()
    def all_is_well(self) -> None:
        now: Snapshot = self.runner.run(self.world.snapshot())
        check_transcripts(now)
        check_handoffs(now)
        check_moves(self.seen, now)
        check_sends(self.world, now)
        check_heard(self.world, now, all_taken=False)
        check_views(self.world, now)
        self._check_dropped(now)
        self.seen = now

    def teardown(self) -> None:
        try:
            self.run(self._end())
            self.all_is_well()
            check_heard(self.world, self.seen, all_taken=True)
            assert not any(row.status == "waiting" for row in self.seen.inbox.values())
            late = [one.state for one in self.seen.deliveries.values() if one.state in ("queued", "sending")]
            assert not late, "nothing waits for ever"
            said = {f"m:{one.platform_id}" for one in self.seen.messages.values() if one.channel == "shop"}
            assert {envelope.platform_id for envelope in self.world.said} <= said, "brought again and again, and lost"
        finally:
            self.run(self.world.close())
            self.runner.run(self._done(self._url))
            self.runner.close()

    async def _end(self) -> None:
        """The messenger is well again and repeats what was not taken, everybody comes, all is worked off."""
        world = self.world
        await world.take(world.said)
        for widget in world.widgets:
            await widget.disconnect()
            widget.connect(world.webchat)
        await world.settle()
        for _ in range(8):
            await world.survive(world.turns)
            await world.survive(world.sends)
            world.clock.advance(minutes=10)

    def _among(self, *states: str) -> list[Any]:
        """The conversations in one of `states`."""
        return [one for one in self.seen.conversations.values() if one.state in states]

    def _act(self, act: str, number: int, agent: int) -> None:
        """An agent tries something at a conversation, and may be refused with a reason."""
        desk, one, other = self.world.room.desk, self.world.agents[agent], self.world.agents[1 - agent]

        async def tried() -> None:
            with suppress(Conflict, RequestRefused):
                match act:
                    case "claim":
                        await desk.claim(number, one)
                    case "answer":
                        await desk.reply(number, one, "від людини")
                    case "note":
                        await desk.note(number, one, "нотатка")
                    case "hand to a colleague":
                        await desk.transfer(number, one, other.id)
                    case "put back":
                        await desk.transfer(number, one, None)
                    case "give to the bot":
                        await desk.back_to_bot(number, one)
                    case outcome:
                        await desk.close(number, one, HandoffOutcome(outcome))

        self.run(self.world.survive(tried))

    def _offers(self, widget: Any) -> list[dict[str, str]]:
        return [
            button for message in widget.thread[-3:] for button in message.get("buttons", []) if "payload" in button
        ]

    def _check_dropped(self, now: Snapshot) -> None:
        """What an agent's coming dropped does not arrive after it."""
        for delivery in now.deliveries.values():
            if delivery.state == "dropped":
                key = json.loads(delivery.send)["key"]
                came = self.world.messenger.arrived.count(key)
                assert came == self.dropped.setdefault(key, came), f"{key} was dropped and came"


# --- playing ---------------------------------------------------------------------------------


def play(machine: Callable[[], Machine], *, share: float = 1.0) -> None:
    """Play histories; where one breaks a rule, hypothesis shortens and prints it."""
    phases = set(Phase) - {Phase.explain}
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, int((EXAMPLES or QUICK_EXAMPLES) * share)),
            stateful_step_count=DEEP_STEPS if EXAMPLES else QUICK_STEPS,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


async def _nothing(_url: str) -> None:
    return None


def test_any_history_on_sqlite(migrated_sqlite: Path, tmp_path: Path) -> None:
    def place() -> tuple[str, Path]:
        folder = tmp_path / uuid4().hex
        folder.mkdir()
        (folder / "test.db").write_bytes(migrated_sqlite.read_bytes())
        return f"sqlite:///{folder / 'test.db'}", folder

    play(partial(Machine, place, _nothing))


def test_any_history_on_postgresql(postgres: str | None, migrated_postgres: str | None, tmp_path: Path) -> None:
    if postgres is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    server = postgres

    def place() -> tuple[str, Path]:
        name = f"test_{uuid4().hex}"
        asyncio.run(_administer(server, f"CREATE DATABASE {name} TEMPLATE {migrated_postgres}"))
        return _named(server, name), tmp_path

    async def done(url: str) -> None:
        await _administer(server, f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    play(partial(Machine, place, done), share=0.25)
