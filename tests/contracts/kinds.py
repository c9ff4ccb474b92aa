"""The kinds of channels there are, and the case that each brings."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.case import ChannelCase

ROOT = Path(__file__).parents[2]
KINDS = sorted(home.parent.name for home in (ROOT / "bots").glob("[a-z]*/__init__.py"))


def case_file(kind: str) -> Path:
    """Where the case of `kind` must be."""
    return ROOT / "tests" / "bots" / kind / "contract.py"


@cache
def case_of(kind: str) -> type[ChannelCase]:
    """The case of `kind`."""
    found: type[ChannelCase] = import_module(f"tests.bots.{kind}.contract").Case
    return found


def all_cases() -> list[Any]:
    """A parameter for every variant of every kind whose case can be loaded; `test_kinds` fails for the others."""
    return [
        pytest.param((case_of(kind), variant), id="-".join(word for word in (kind, variant) if word))
        for kind in KINDS
        if _can_be_loaded(kind)
        for variant in case_of(kind).variants
    ]


def _can_be_loaded(kind: str) -> bool:
    try:
        case_of(kind)
    except (ImportError, AttributeError):
        return False
    return True
