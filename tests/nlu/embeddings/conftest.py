"""A tiny language model, and what the small shop's phrasings teach with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlu.embeddings.encoder import Encoder
from nlu.model import Learnt
from nlu.training import train
from tests.nlu.embeddings.tiny import encoder, write_model
from tests.nlu.samples import PHRASES


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's folder."""
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def tiny(folder: Path) -> Encoder:
    """The model, loaded."""
    return encoder(folder)


@pytest.fixture(scope="session")
def taught(tiny: Encoder) -> Learnt:
    """What was learnt with it."""
    return train(1, PHRASES, encoder=tiny)[0]
