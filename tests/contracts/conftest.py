"""Every test of this folder that asks for `case` runs for every variant of every kind of channel it concerns.

`@pytest.mark.unless("no_connection")` leaves out the kinds whose case gives a reason there; a test that asks
for `reply` runs for each way the platform can reply (`only=` names some).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.channels import Channel
from tests.contracts.case import ChannelCase, Reply
from tests.contracts.kinds import all_cases


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "unless(*excuses, only=()): not for kinds whose case has an excuse")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("unless")
    excuses: tuple[str, ...] = marker.args if marker else ()
    concerned = [one for one in all_cases() if not any(getattr(one.values[0][0], excuse) for excuse in excuses)]
    if "reply" not in metafunc.fixturenames:
        metafunc.parametrize("case", concerned, indirect=True)
        return
    replies = (marker and marker.kwargs.get("only")) or tuple(Reply)
    metafunc.parametrize(("case", "reply"), list(_pairs(concerned, replies)), indirect=["case"])


def _pairs(cases: list[Any], replies: tuple[Reply, ...]) -> list[Any]:
    return [
        pytest.param(case.values[0], reply, id=f"{case.id}-{reply.value.replace(' ', '-')}")
        for case in cases
        for reply in replies
        if reply not in case.values[0][0].cannot
    ]


@pytest.fixture
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ChannelCase]:
    """The case, its stand-in running and its channel built."""
    kind, variant = request.param
    async with kind(variant, tmp_path) as entered:
        yield entered


@pytest.fixture
def channel(case: ChannelCase) -> Channel:
    return case.channel
