"""What every channel promises of what comes in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, suppress
from pathlib import Path

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from gateway.channels import UNREADABLE, Channel, Envelope, WebhookRequest
from gateway.errors import NotFound, Rejected, RequestRefused, SendError
from gateway.messages import Event, Ignored, Inbound, Media, Signal
from tests.contracts.case import Arrival, ChannelCase
from tests.contracts.doorway import Doorway
from tests.contracts.samples import PART_TYPES, tags_of

FORGED = (401, 403)


def read(case: ChannelCase, bodies: Iterable[bytes]) -> list[Event]:
    return [case.normal(case.channel.parse(body)) for body in bodies]


async def brought(case: ChannelCase, arrival: Arrival) -> list[Envelope]:
    envelopes = list(await case.bring(arrival.given))
    assert read(case, (envelope.body for envelope in envelopes)) == list(arrival.events)
    return envelopes


async def test_what_comes_is_read(case: ChannelCase) -> None:
    for arrival in case.arrivals().values():
        for envelope, event in zip(await brought(case, arrival), arrival.events, strict=True):
            assert 0 < len(envelope.platform_id) <= 200, "the inbox keeps no longer ids"
            if isinstance(event, Inbound):
                assert envelope.address == event.sender.address, "work is ordered by the address a reply goes to"
            if isinstance(event, Signal):
                assert envelope.address == event.address


def test_every_part_comes_in_or_there_is_a_reason(case: ChannelCase) -> None:
    covered = tags_of(dict(case.arrivals()))
    assert covered | case.lacks.keys() == PART_TYPES.keys()
    assert not covered & case.lacks.keys(), "what comes in is not lacking"
    assert all(case.lacks.values())


async def test_a_repeat_has_the_same_id_and_others_have_not(case: ChannelCase) -> None:
    seen: dict[str, str] = {}
    for name, arrival in case.arrivals().items():
        first = [envelope.platform_id for envelope in await case.bring(arrival.given)]
        again = [envelope.platform_id for envelope in await case.bring(case.repeat(arrival.given))]
        # A channel that dedupes by itself may bring nothing the second time.
        assert again in (first, []), name
        for platform_id in first:
            assert platform_id not in seen, f"{name} has the id of {seen[platform_id]}"
            seen[platform_id] = name


async def test_forgeries_are_refused(case: ChannelCase) -> None:
    forgeries = case.forgeries()
    assert bool(forgeries) != bool(case.no_signature), "either there is a proof, or a reason why there is none"
    for name, given in forgeries.items():
        with pytest.raises(RequestRefused) as caught:
            await case.bring(given)
        assert caught.value.status in FORGED, name
        assert not [secret for secret in case.secrets if secret in caught.value.reason], name


@pytest.mark.unless("no_body_signature", "no_signature")
async def test_a_signature_is_over_the_raw_bytes(case: ChannelCase) -> None:
    await brought(case, case.respelled())
    with pytest.raises(RequestRefused) as caught:
        await case.bring(case.tampered())
    assert caught.value.status in FORGED


@pytest.mark.unless("no_replay_window")
async def test_a_request_out_of_its_time_is_refused(case: ChannelCase) -> None:
    stale = case.stale()
    assert len(stale) > 1, "long ago, and far ahead"
    for name, given in stale.items():
        with pytest.raises(RequestRefused) as caught:
            await case.bring(given)
        assert caught.value.status in (400, *FORGED), name


async def test_what_cannot_be_read_is_put_aside(case: ChannelCase) -> None:
    if case.unreadable_status is None:
        (envelope,) = await case.bring(case.unreadable())
        assert envelope.platform_id.startswith(UNREADABLE)
        assert envelope.address is None
        assert envelope.body, "the raw body is kept for looking into"
        repeated = [one.platform_id for one in await case.bring(case.repeat(case.unreadable()))]
        assert repeated in ([envelope.platform_id], [])
    else:
        with pytest.raises(RequestRefused) as caught:
            await case.bring(case.unreadable())
        assert caught.value.status == case.unreadable_status
        assert len(caught.value.reason.split()) > 2, "a sentence that says what to mend"
    await a_neighbour_comes_in(case)


@pytest.mark.unless("no_unknown")
async def test_an_unknown_type_is_ignored(case: ChannelCase) -> None:
    envelopes = list(await case.bring(case.unknown()))
    assert all(isinstance(event, Ignored) for event in read(case, (envelope.body for envelope in envelopes)))
    await a_neighbour_comes_in(case)


async def test_an_unknown_type_harms_no_neighbour(case: ChannelCase) -> None:
    mixed = case.mixed()
    if mixed is None:
        return
    envelopes = await brought(case, mixed)
    assert any(isinstance(event, Ignored) for event in mixed.events)
    assert not isinstance(mixed.events[0], Ignored)
    assert not isinstance(mixed.events[-1], Ignored)
    assert len({envelope.platform_id for envelope in envelopes}) == len(envelopes)


async def a_neighbour_comes_in(case: ChannelCase) -> None:
    await brought(case, next(iter(case.arrivals().values())))


# --- through the gateway's own door ----------------------------------------------------------


@pytest.fixture
async def doorway(case: ChannelCase, migrated_sqlite: Path) -> AsyncIterator[Doorway]:
    path = case.folder / "doorway.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    door = Doorway(case.channel, f"sqlite:///{path}")
    yield door
    await door.close()


async def test_only_what_is_genuine_is_stored_and_only_once(case: ChannelCase, doorway: Doorway) -> None:
    """The whole way of a webhook: verified, committed, then acknowledged."""
    givens = [arrival.given for arrival in case.arrivals().values()]
    if not all(isinstance(given, WebhookRequest) for given in givens):
        return
    async with AsyncTestClient(doorway.application) as client:
        for given in case.forgeries().values():
            assert (await doorway.post(client, given)).status_code in FORGED
        assert await doorway.stored() == []
        for _ in range(2):
            for given in givens:
                answer = await doorway.post(client, case.repeat(given))
                assert 200 <= answer.status_code < 300, answer.text
    stored = await doorway.stored()
    expected = [event for arrival in case.arrivals().values() for event in arrival.events]
    assert read(case, stored) == expected


# --- files -----------------------------------------------------------------------------------


@pytest.mark.unless("no_files_in")
async def test_customers_files_can_be_fetched(case: ChannelCase) -> None:
    ref, content = await case.file()
    assert await fetched(case.channel, ref) == content
    refs = [
        part.ref
        for arrival in case.arrivals().values()
        for event in arrival.events
        if isinstance(event, Inbound)
        for part in event.parts
        if isinstance(part, Media)
    ]
    assert refs, "files come in"


@pytest.mark.unless("no_files_in")
async def test_a_file_that_is_not_there_is_not_found(case: ChannelCase) -> None:
    with pytest.raises((NotFound, Rejected)):
        await fetched(case.channel, "file:00000000-0000-4000-8000-000000000000")
    with suppress(NotFound, SendError):  # whatever a handle looks like, nothing else may come out
        await fetched(case.channel, "../../etc/passwd")
        pytest.fail("something was fetched")


@pytest.mark.unless("no_files_in", "no_large_file")
async def test_a_file_that_is_too_large_is_not_fetched(case: ChannelCase) -> None:
    with pytest.raises(Rejected) as caught:
        await fetched(case.channel, await case.large_file())
    assert re.search(r"large|limit|size", caught.value.reason)


async def fetched(channel: Channel, ref: str) -> bytes:
    async with aclosing(channel.fetch(ref)) as chunks:  # type: ignore[type-var]
        return b"".join([chunk async for chunk in chunks])


def test_exemptions_have_reasons(case: ChannelCase) -> None:
    for name in (name for name in dir(case) if name.startswith("no_")):
        reason = getattr(case, name)
        assert not reason or len(reason.split()) > 2, f"{name} is a sentence"
    assert all(len(reason.split()) > 2 for reason in case.cannot.values())


def test_events_are_values(case: ChannelCase) -> None:
    for arrival in case.arrivals().values():
        for event in arrival.events:
            assert msgspec.convert(msgspec.to_builtins(event), type(event)) == event
