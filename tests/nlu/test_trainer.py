"""Tests of training in a process of its own."""

from __future__ import annotations

import io
import subprocess
import sys

import msgspec
import pytest

from gateway.errors import FrontdeskError
from gateway.ports import Trainer
from gateway.storage.engine import Database
from nlu.model import from_bytes
from nlu.storage import Models
from nlu.trainer import ProcessTrainer
from nlu.worker import REFUSED, Task, decode_result, work
from tests.conftest import SteppingClock
from tests.nlu.samples import PHRASES


def _program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def test_trains_and_stores(database: Database, clock: SteppingClock) -> None:
    trainer: Trainer = ProcessTrainer(database, clock)
    report = await trainer.train(4, PHRASES)
    assert (report.revision, report.phrases, report.intents) == (4, len(PHRASES), 6)
    async with database.read() as view:
        models = Models(view.connection)
        assert await models.newest() == 4
        assert await models.report(4) == report
        arrays = await models.arrays(4)
    assert arrays
    assert from_bytes(arrays).revision == 4


async def test_the_reason_of_a_refusal_comes_through(sqlite_database: Database, clock: SteppingClock) -> None:
    with pytest.raises(FrontdeskError, match=r"^training needs phrasings of at least two articles"):
        await ProcessTrainer(sqlite_database, clock).train(4, PHRASES[:3])
    async with sqlite_database.read() as view:
        assert await Models(view.connection).newest() is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import time; time.sleep(60)", "longer than 0.5 seconds"),
        ("import sys; sys.exit('out of memory')", r"exit status 1.*out of memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", r"exit status -9.*no reason given"),
        ("print('hello')", "gave no model"),
    ],
)
async def test_a_failing_process_is_reported(
    sqlite_database: Database, clock: SteppingClock, code: str, reason: str
) -> None:
    trainer = ProcessTrainer(sqlite_database, clock, limit=0.5 if "sleep" in code else 30, command=_program(code))
    with pytest.raises(FrontdeskError, match=reason):
        await trainer.train(1, PHRASES)


def test_the_worker_refuses_with_a_reason() -> None:
    task = msgspec.json.encode(Task(revision=1, phrases=PHRASES[:1]))
    complaints: list[str] = []
    assert work(io.BytesIO(task), io.BytesIO(), complaints.append) == REFUSED
    assert complaints[0].startswith("training needs")


def test_the_worker_gives_report_and_model() -> None:
    result = io.BytesIO()
    task = msgspec.json.encode(Task(revision=9, phrases=PHRASES))
    assert work(io.BytesIO(task), result, pytest.fail) == 0
    report, arrays = decode_result(result.getvalue())
    assert report.revision == from_bytes(arrays).revision == 9


def test_serving_needs_no_heavy_library() -> None:
    code = (
        "import sys, nlu.engine, nlu.trainer\n"
        "print([name for name in ('sklearn', 'scipy', 'dateparser', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        ("nlu.worker, nlu.model, nlu.training", {"litestar", "sqlalchemy", "structlog", "httpx", "aiogram", "sklearn"}),
        ("nlu.engine, nlu.entities, nlu.trainer", {"scipy", "sklearn", "aiogram"}),
    ],
)
def test_learning_and_serving_load_only_what_they_need(modules: str, unwanted: set[str]) -> None:
    program = f"import sys, {modules}; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not unwanted & set(told.stdout.split())
