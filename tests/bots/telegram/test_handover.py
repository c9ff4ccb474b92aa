"""What a host bot hands over: kept in order, carried in order, and dropped only when it is taken."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bots.telegram.handover import Handover, handover_for
from bots.telegram.spool import Spool
from gateway.errors import Rejected, Unreachable
from tests.bots.telegram.support import Pauses


def updates(*numbers: int) -> bytes:
    return json.dumps({"ok": True, "result": [{"update_id": number} for number in numbers]}).encode()


class Gateway:
    """Takes bodies; fails as often as `failures` says, and refuses those in `refused` for good."""

    def __init__(self, failures: int = 0, refused: set[int] | None = None) -> None:
        self.failures = failures
        self.refused = refused or set()
        self.taken: list[int] = []

    async def __call__(self, body: bytes) -> None:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise Unreachable("away")
        number = json.loads(body)["update_id"]
        if number in self.refused:
            raise Rejected("413")
        self.taken.append(number)


def test_a_spool_is_read_in_order_by_the_next_run(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    assert spool.waiting() == []
    for number in range(5):
        spool.add([b"%d" % number, b"\xff\x00"])
    later = Spool(tmp_path / "s")
    later.add([b"5"])
    assert [later.read(place)[0] for place in later.waiting()] == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert not list((tmp_path / "s").glob("*.part"))


def test_a_clock_that_was_set_back_changes_no_order(tmp_path: Path) -> None:
    ahead = tmp_path / f"{9 * 10**18:020d}.json"
    ahead.write_text("[]")
    place = Spool(tmp_path).add([b"1"])
    assert place.name > ahead.name


async def test_nothing_overtakes_and_nothing_is_lost(tmp_path: Path) -> None:
    gateway, pauses = Gateway(failures=3), Pauses()
    way = Handover(gateway, Spool(tmp_path), pause=pauses)
    for start in range(0, 30, 3):
        way.heard(updates(start, start + 1, start + 2))
    await way.stop()
    assert gateway.taken == list(range(30))
    assert len(pauses.taken) == 3
    assert not list(tmp_path.glob("*"))


async def test_what_was_heard_before_is_not_handed_over_again(tmp_path: Path) -> None:
    gateway = Gateway()
    way = Handover(gateway, Spool(tmp_path))
    way.heard(updates(1, 2))
    way.heard(updates(2, 3))
    assert way.knows(3)
    await way.stop()
    assert gateway.taken == [1, 2, 3]


async def test_what_the_gateway_refuses_for_good_holds_up_nobody(tmp_path: Path) -> None:
    gateway = Gateway(refused={1})
    way = Handover(gateway, Spool(tmp_path))
    way.heard(updates(1, 2))
    await way.stop()
    assert gateway.taken == [2]


async def test_a_damaged_file_holds_up_nobody(tmp_path: Path) -> None:
    (tmp_path / f"{1:020d}.json").write_text("{nonsense")
    gateway = Gateway()
    way = Handover(gateway, Spool(tmp_path))
    way.heard(updates(7))
    await way.stop()
    assert gateway.taken == [7]


async def test_a_filter_that_breaks_hands_over(tmp_path: Path) -> None:
    def broken(update: dict[str, object]) -> bool:
        raise KeyError("message")

    gateway = Gateway()
    way = Handover(gateway, Spool(tmp_path), wants=broken)
    way.heard(updates(7))
    await way.stop()
    assert gateway.taken == [7]


@pytest.mark.parametrize(("url", "secret"), [("", "s"), ("gateway.example", "s"), ("https://gateway.example", "")])
def test_two_lines_that_name_no_gateway_are_refused(url: str, secret: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="webhook of this channel"):
        handover_for(url, secret, tmp_path, None, None)
