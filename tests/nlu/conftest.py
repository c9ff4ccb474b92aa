"""What the small shop's phrasings teach, and the model of it, trained once a session."""

from __future__ import annotations

import pytest

from nlu.model import Learnt, Model
from nlu.training import train
from tests.nlu.samples import PHRASES


@pytest.fixture(scope="session")
def learnt() -> Learnt:
    """What was learnt of the small shop, for knowledge-base revision 1."""
    return train(1, PHRASES)[0]


@pytest.fixture(scope="session")
def model(learnt: Learnt) -> Model:
    """The model of it."""
    return Model(learnt)
