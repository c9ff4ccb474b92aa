"""The checker is itself checked: ten seeded bugs, each caught; and the program without them is clean.

The scenes that are left out here are ends at named steps, which `test_faults` plays without bugs; the long set
(`make faults`) plays all of them both ways.
"""

from __future__ import annotations

import pytest

from tests.faults.bugs import BUGS
from tests.faults.scenes import TRAPS, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

RUNS = 3
"""A bug that needs bad luck may hide this often."""


async def test_every_bug_has_its_trap() -> None:
    assert TRAPS.keys() == BUGS.keys()


@pytest.mark.parametrize("name", [name for name, trap in TRAPS.items() if not trap.postgresql])
async def test_a_bug_is_caught(sqlite_stage: Stage, name: str) -> None:
    await _catch(sqlite_stage, name)


@pytest.mark.parametrize("name", [name for name, trap in TRAPS.items() if trap.postgresql])
async def test_a_bug_of_many_processes_is_caught(postgres_stage: Stage, name: str) -> None:
    await _catch(postgres_stage, name)


@pytest.mark.parametrize("name", ["no_dedupe", "lost_wakeup", "resend_always"])
async def test_its_scene_is_clean_without_the_bug(sqlite_stage: Stage, name: str) -> None:
    assert (await sqlite_stage.play(TRAPS[name].scene)).violations == ()


@pytest.mark.parametrize("name", [name for name, trap in TRAPS.items() if trap.postgresql])
async def test_its_scene_of_many_processes_is_clean_without_the_bug(postgres_stage: Stage, name: str) -> None:
    assert (await postgres_stage.play(TRAPS[name].scene)).violations == ()


async def _catch(stage: Stage, name: str) -> None:
    found = []
    for _ in range(RUNS):
        verdict = await stage.play(TRAPS[name].scene, bug=name)
        if TRAPS[name].breaks in verdict.rules:
            return
        found.append(verdict)
    pytest.fail(f"{name} was not caught in {RUNS} runs: {found}")
