"""What goes on after an answer, and ends with the program."""

from __future__ import annotations

import asyncio

import pytest

from knowledge_base.afterwards import Afterwards
from knowledge_base.publishing import Publisher


class Deed:
    """Takes as long as it is let, and writes down how it ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ended = ""

    async def __call__(self) -> None:
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.ended = "cut off"
            raise
        self.ended = "done"


@pytest.fixture
def stopped() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def afterwards(publisher: Publisher, stopped: asyncio.Event) -> Afterwards:
    return Afterwards(publisher, stopped)


async def test_it_is_done_when_the_answer_is_out(afterwards: Afterwards) -> None:
    deed = Deed()
    deed.go_on.set()
    await afterwards.doing(deed)()
    assert deed.ended == "done"


async def test_a_stop_ends_it_at_once_and_without_an_error(afterwards: Afterwards, stopped: asyncio.Event) -> None:
    deed = Deed()
    response = asyncio.create_task(afterwards.doing(deed)())
    await deed.begun.wait()
    stopped.set()
    async with asyncio.timeout(20):
        await response
    assert deed.ended == "cut off"


async def test_nothing_goes_on_where_its_request_is_cut_off(afterwards: Afterwards) -> None:
    deed = Deed()
    response = asyncio.create_task(afterwards.doing(deed)())
    await deed.begun.wait()
    response.cancel()
    with pytest.raises(asyncio.CancelledError):
        await response
    assert deed.ended == "cut off"


async def test_what_goes_wrong_is_not_hidden(afterwards: Afterwards) -> None:
    async def fail() -> None:
        raise LookupError("no such deed")

    with pytest.raises(LookupError, match="no such deed"):
        await afterwards.doing(fail)()
