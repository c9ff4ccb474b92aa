"""What happens on a street, scene by scene; each ends with the checker's verdict.

The same scenes are played with the gateway as it is and with a seeded bug in it: the first must come out
clean, the second must not.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import msgspec

from gateway.steps import Step
from tests.faults.checker import Rule, Verdict, check_transcripts
from tests.faults.databases import Databases
from tests.faults.nursery import Nursery
from tests.faults.street import REST_SECONDS, Fate, Street
from tests.faults.visitors import Visitors

TAKEOVER_SECONDS = 13.0
"""How long a dead sender may hold up its conversations: its lease, 10 s at most, one look a second, and the
pause before a repeat."""

EVERYWHERE = (*(Fate(step=step) for step in Step), Fate(answer=True))
"""An end between every two steps, and between a send and its answer."""
RISKIEST = (
    *(Fate(step=step) for step in (Step.DECIDED, Step.TURNED, Step.LEASED, Step.ANSWERED)),
    Fate(answer=True),
)

MANY = 24
"""Chats on PostgreSQL, where the leases of the dead hold some of them up for seconds: the others go on."""

LIVING_SECONDS = 5.0
STOP_SECONDS = 40.0

Play = Callable[[Street], Awaitable[Verdict]]


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Where scenes are played."""

    nursery: Nursery
    databases: Databases
    folder: Path

    async def play(self, scene: Scene, *, bug: str | None = None) -> Verdict:
        """Play `scene` on a database of its own; what it leaves stays where something was violated."""
        folder = Path(mkdtemp(dir=self.folder))
        verdict = await self._play(scene, bug, folder)
        if bug is not None or not verdict.violations:
            shutil.rmtree(folder)
        return verdict

    async def _play(self, scene: Scene, bug: str | None, folder: Path) -> Verdict:
        async with (
            self.databases.fresh(folder) as url,
            Street(
                self.nursery,
                url,
                folder,
                bug=bug,
                chats=scene.chats,
                pause=scene.pause,
                doors=scene.doors,
                unknown=scene.unknown,
                conversing=scene.conversing,
                webchat=scene.webchat,
                patience=scene.patience if bug else REST_SECONDS,
            ) as street,
        ):
            return await scene.play(street)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A play and the street it needs."""

    play: Play
    chats: int = 8
    pause: float = 0.01
    doors: int = 1
    unknown: str = "resend_once"
    conversing: bool = False
    webchat: bool = False
    patience: float = 15.0
    """Seconds until a gateway with a bug is judged: it may never come to rest."""


# --- plays -----------------------------------------------------------------------------------


def dying(fates: Sequence[Fate]) -> Play:
    """One life after another ends as `fates` say, under load; the last one works everything off."""

    async def play(street: Street) -> Verdict:
        for fate in fates:
            await street.live_through(fate)
        return await street.judge()

    return play


def living(messages: int) -> Play:
    """Nobody dies: all doors serve until so many messages are acknowledged, at most for a while (a bug may
    keep customers waiting)."""

    async def play(street: Street) -> Verdict:
        for door in range(len(street.ports)):
            await street.ready(await street.open(door=door), door)
        with suppress(TimeoutError):
            async with asyncio.timeout(LIVING_SECONDS):
                while street.customers.acked < messages:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        return await street.judge()

    return play


def rolling(rounds: int, dice: random.Random, *, kills: float = 0.5) -> Play:
    """Two processes on one database; in turn each is killed (the share `kills`) or stopped, as a rolling
    restart would, and begun again while the other serves."""

    async def play(street: Street) -> Verdict:
        doors = [await street.open(door=door) for door in range(2)]
        for door, life in enumerate(doors):
            await street.ready(life, door)
        for number in range(rounds):
            door = number % 2
            await asyncio.sleep(dice.uniform(0.1, 0.6))
            killed = dice.random() < kills
            (doors[door].kill if killed else doors[door].stop)()
            async with asyncio.timeout(STOP_SECONDS):
                await doors[door].ended.wait()
            assert doors[door].code == (-9 if killed else 0), street.said()
            doors[door] = await street.open(door=door)
            await street.ready(doors[door], door)
        return await street.judge()

    return play


async def stopping(street: Street) -> Verdict:
    """SIGTERM under load, twice; whatever is under way is ended tidily and the rest waits for the next life."""
    for _ in range(2):
        life = await street.open()
        await street.ready(life)
        await asyncio.sleep(0.4)
        life.stop()
        async with asyncio.timeout(STOP_SECONDS):
            await life.ended.wait()
        assert life.code == 0, f"stopped with {life.code}:\n{street.said()}"
    return await street.judge()


async def stalling(street: Street) -> Verdict:
    """A sender hangs until another has taken its lease over, sent and recorded; then it goes on, and learns
    that its own send came to nothing."""
    stalled = await street.open(door=0)
    await street.ready(stalled, 0)
    released = street.messenger.hold(stalled.number)
    await street.messenger.holding.wait()
    other = await street.open(door=1)
    await street.ready(other, 1)
    before = dict(street.messenger.answers)
    stalled.stall()
    await stalled.stalled.wait()
    async with asyncio.timeout(90):
        # Their conversations go on only after what was held was sent by the other one.
        while any(street.messenger.answers[chat] <= n for chat, n in before.items()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    released.set()
    stalled.resume()
    await asyncio.sleep(1.5)
    return await street.judge()


async def hanging(street: Street) -> Verdict:
    """One of two processes hangs for good while its transaction holds a person; the other must go on with that
    person all the same."""
    hanging_one = await street.open(Fate(step=Step.CLAIMED, stall=True), door=0)
    await hanging_one.stalled.wait()
    other = await street.open(door=1)
    await street.ready(other, 1)
    async with asyncio.timeout(TAKEOVER_SECONDS):
        while 1 not in street.messenger.answers:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    hanging_one.resume()
    return await street.judge()


async def taking_over(street: Street) -> Verdict:
    """One of two processes dies between a send and its answer; the other must not wait for long."""
    dying_one = await street.open(Fate(answer=True), door=0)
    await dying_one.ended.wait()
    other = await street.open(door=1)
    await street.ready(other, 1)
    return await street.judge()


def visiting(fates: Sequence[Fate]) -> Play:
    """Web-chat visitors read on through every death; judged by what they saw."""

    async def play(street: Street) -> Verdict:
        async with Visitors(street.log, street.bases[0], number=3) as visitors:
            for fate in fates:
                await street.live_through(fate)
            await street.open()
            await visitors.finish(REST_SECONDS)
            violations = check_transcripts(street.log.read())
            for _ in range(300):
                if {violation.rule for violation in violations} != {Rule.LOST}:
                    break
                await asyncio.sleep(0.1)  # what is only missing may be on its way
                violations = check_transcripts(street.log.read())
        return Verdict(violations=tuple(violations))

    return play


# --- scenes for bugs -------------------------------------------------------------------------


class Trap(msgspec.Struct, frozen=True, kw_only=True):
    """The scene that brings a seeded bug to light, the rule it breaks, and whether it needs PostgreSQL (a
    sequence, a second process)."""

    scene: Scene
    breaks: Rule
    postgresql: bool = False


def _often(step: Step, times: int = 2) -> list[Fate]:
    return [Fate(step=step, nth=3)] * times


TRAPS = {
    "ack_before_commit": Trap(scene=Scene(play=dying(_often(Step.INSERTED)), chats=2, pause=0.02), breaks=Rule.LOST),
    "no_dedupe": Trap(scene=Scene(play=living(60)), breaks=Rule.TWICE),
    "split_transaction": Trap(scene=Scene(play=dying(_often(Step.TURNED))), breaks=Rule.TWICE),
    "lock_on_messages": Trap(
        scene=Scene(play=living(200), doors=2, chats=4, pause=0.0), breaks=Rule.DISORDER, postgresql=True
    ),
    "unreferenced_task": Trap(scene=Scene(play=dying(_often(Step.TURNED))), breaks=Rule.LOST),
    "lost_wakeup": Trap(scene=Scene(play=living(10), chats=1, conversing=True, patience=4.0), breaks=Rule.LOST),
    "resend_always": Trap(scene=Scene(play=dying([Fate(answer=True)] * 3), chats=1), breaks=Rule.REPEATED),
    "seq_from_sequence": Trap(
        scene=Scene(play=visiting(_often(Step.DECIDED)), chats=0, webchat=True), breaks=Rule.GAP, postgresql=True
    ),
    "no_fencing": Trap(scene=Scene(play=stalling, doors=2, chats=2), breaks=Rule.REPEATED, postgresql=True),
    "settle_before_response": Trap(scene=Scene(play=dying(_often(Step.SENDING))), breaks=Rule.LOST),
}
"""A trap for each of `tests.faults.bugs.BUGS`."""
