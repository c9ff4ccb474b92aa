"""Sentence vectors in a whole house: the settings reach them, and the doctor sees what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.embeddings_settings import Embeddings
from gateway.operating.checkup import Finding, Verdict
from gateway.operating.doctor import examine
from gateway.settings import Settings
from tests.nlu.embeddings.tiny import settings


async def _told(database_url: str, tmp_path: Path, embeddings: Embeddings) -> Finding:
    house = Settings(
        database_url=database_url, data_dir=str(tmp_path / "var"), engine="embeddings", embeddings=embeddings
    )
    (found,) = [one for one in await examine(house) if one.subject == "embeddings"]
    return found


@pytest.mark.parametrize(
    ("named", "says"),
    [("", "embeddings.model is empty; name a folder"), ("./nowhere", "there is no folder nowhere; mend")],
)
async def test_a_model_that_is_missing(sqlite_database: object, tmp_path: Path, named: str, says: str) -> None:
    url = f"sqlite:///{tmp_path / 'only.db'}"
    found = await _told(url, tmp_path, Embeddings(model=named))
    assert found.verdict is Verdict.PROBLEM
    assert says in found.says


async def test_a_model_that_is_there(sqlite_database: object, tmp_path: Path, folder: Path) -> None:
    found = await _told(f"sqlite:///{tmp_path / 'only.db'}", tmp_path, settings(folder))
    assert (found.verdict, found.says.startswith("64 numbers a text")) == (Verdict.OK, True)
