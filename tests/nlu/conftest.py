"""The small shop's model, trained once a session."""

from __future__ import annotations

import pytest

from nlu.model import Model
from nlu.training import train
from tests.nlu.samples import PHRASES


@pytest.fixture(scope="session")
def model() -> Model:
    """A model of the small shop, for knowledge-base revision 1."""
    return train(1, PHRASES)[0]
