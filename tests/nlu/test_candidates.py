"""Models that are asked and thrown away: both tell of the same texts, and nothing in service changes."""

from __future__ import annotations

import sys

import msgspec
import pytest

from gateway.errors import FrontdeskError
from gateway.improving.candidates import Candidates
from gateway.learning import Phrase
from gateway.storage.engine import Database
from nlu.candidates import ProcessCandidates
from nlu.storage import Models
from nlu.trainer import ProcessTrainer
from tests.conftest import SteppingClock
from tests.nlu.samples import PHRASES

NEW = [
    Phrase(intent="gift-wrap", language="en", text=text)
    for text in ("can you wrap it as a gift", "gift wrapping please", "wrap the present", "do you have gift paper")
]
ASKED = ["do you wrap presents as a gift", PHRASES[0].text]


async def test_two_models_are_asked_and_nothing_is_stored(database: Database, clock: SteppingClock) -> None:
    await ProcessTrainer(database, clock).train(4, PHRASES)
    candidates: Candidates = ProcessCandidates(database)
    trial = await candidates.ask([*PHRASES, *NEW], ASKED)

    assert trial.before is not None
    assert "gift-wrap" not in {ranked.intent for ranked in trial.before[0]}
    assert trial.after[0][0].intent == "gift-wrap"
    assert trial.before[1][0].intent == trial.after[1][0].intent == PHRASES[0].intent
    assert trial.phrases == len(PHRASES) + len(NEW)
    async with database.read() as view:
        assert await Models(view.connection).newest() == 4


async def test_no_model_yet(sqlite_database: Database) -> None:
    trial = await ProcessCandidates(sqlite_database).ask(PHRASES, ASKED)
    assert trial.before is None
    assert len(trial.after) == 2


async def test_a_stored_model_that_cannot_be_read_is_as_none(sqlite_database: Database, clock: SteppingClock) -> None:
    report = await ProcessTrainer(sqlite_database, clock).train(4, PHRASES)
    async with sqlite_database.write() as work:
        arrays = await Models(work.connection).arrays(4)
        assert arrays
        await Models(work.connection).put(msgspec.structs.replace(report, revision=5), arrays[:900], clock())
    trial = await ProcessCandidates(sqlite_database).ask(PHRASES, ASKED)
    assert trial.before is None


@pytest.mark.parametrize(
    ("phrases", "code", "reason"),
    [
        (PHRASES[:3], None, r"^training needs phrasings of at least two articles"),
        (PHRASES, "print('hello')", "the trial gave no answers"),
        (PHRASES, "import sys; sys.exit('out of memory')", "the trial process failed .* out of memory"),
        (PHRASES, "import time; time.sleep(60)", "trial took longer than 0.5 seconds"),
    ],
)
async def test_what_goes_wrong_is_said(
    sqlite_database: Database, phrases: list[Phrase], code: str | None, reason: str
) -> None:
    limit = 0.5 if code and "sleep" in code else 60
    candidates = (
        ProcessCandidates(sqlite_database, limit=limit, command=(sys.executable, "-c", code))
        if code
        else ProcessCandidates(sqlite_database)
    )
    with pytest.raises(FrontdeskError, match=reason):
        await candidates.ask(phrases, ASKED)
