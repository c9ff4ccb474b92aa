"""What a report does to the delivery it is about, and to the address behind it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import select, update

from gateway.channels import Send
from gateway.inbox import Inbox
from gateway.live import DESK, Change
from gateway.messages import Signal
from gateway.receipts import Receipts
from gateway.storage import tables
from gateway.storage.engine import Database
from tests.bots.mail.arrivals import arrived
from tests.bots.mail.conftest import Opened
from tests.bots.mail.support import WIRE
from tests.conftest import SteppingClock


@pytest.mark.parametrize(
    ("name", "state", "blocked"),
    [
        ("news-01-user-unknown", "failed", True),
        ("news-02-mailbox-full", "failed", False),
        ("news-03-delayed", "sent", False),
        ("news-04-delivered", "delivered", False),
        ("news-05-plain-exim", "failed", False),
        ("news-06-read", "read", False),
        ("news-07-of-another", "sent", False),
    ],
)
async def test_a_report_moves_the_delivery(
    opened: Opened,
    sqlite_database: Database,
    clock: SteppingClock,
    said: str,
    announced: list[Change],
    name: str,
    state: str,
    blocked: bool,
) -> None:
    channel = opened()
    raw = (WIRE / f"{name}.eml").read_bytes()
    made = await arrived(channel, sqlite_database, clock, raw)
    await Inbox(sqlite_database, clock).take("shop", [made.envelope])
    announced.clear()
    event = channel.parse(made.envelope.body)
    if isinstance(event, Signal):
        assert made.envelope.address == "olena@mail.example"
        async with sqlite_database.write() as work:
            (row,) = await work.inbox.waiting(10)
            await Receipts(clock).note(work, row, event)
    else:
        assert made.envelope.address is None
    async with sqlite_database.read() as work:
        found = await work.connection.execute(
            select(tables.deliveries.c.state, tables.identities.c.blocked).join(
                tables.identities, tables.identities.c.address == "olena@mail.example"
            )
        )
        assert [tuple(one) for one in found] == [(state, blocked)]
    assert any(change.topic == DESK for change in announced) == (state == "failed")


async def test_reports_of_strangers_make_no_contacts(
    opened: Opened, sqlite_database: Database, clock: SteppingClock, bounce: Callable[[str], bytes]
) -> None:
    forged = bounce("<frontdesk.ffffffffffffffffffffffffffffffff@shop.example>")
    for raw in (forged, (WIRE / "no-03-list.eml").read_bytes(), (WIRE / "no-01-out-of-office.eml").read_bytes()):
        made = await arrived(opened(), sqlite_database, clock, raw)
        await Inbox(sqlite_database, clock).take("shop", [made.envelope])
        assert made.matters is False
    async with sqlite_database.read() as work:
        assert (await work.connection.execute(select(tables.identities.c.id))).all() == []


async def test_a_report_that_comes_before_its_mail_is_recorded(
    opened: Opened, sqlite_database: Database, clock: SteppingClock, said: str, bounce: Callable[[str], bytes]
) -> None:
    """A server on the next desk refuses at once, while our own is still at its "250 OK"."""
    channel = opened()
    async with sqlite_database.write() as work:
        await work.connection.execute(update(tables.deliveries).values(platform_id=None, state="sending"))
        stored = (await work.connection.execute(select(tables.deliveries.c.send))).scalar_one()
    own_id = channel.own_id(msgspec.json.decode(stored, type=Send))
    made = await arrived(channel, sqlite_database, clock, bounce(own_id))
    assert (made.matters, made.envelope.address) == (True, "olena@mail.example")
    await Inbox(sqlite_database, clock).take("shop", [made.envelope])
    event = channel.parse(made.envelope.body)
    assert isinstance(event, Signal)
    async with sqlite_database.write() as work:
        (row,) = await work.inbox.waiting(10)
        await Receipts(clock).note(work, row, event)
        await work.connection.execute(update(tables.deliveries).values(platform_id=own_id, state="sent"))
    clock.advance(seconds=1)
    async with sqlite_database.write() as work:
        timer = await work.timers.due(clock())
        assert timer is not None
        await Receipts(clock).look_again(work, timer)
        assert (await work.connection.execute(select(tables.deliveries.c.state))).scalars().all() == ["failed"]
