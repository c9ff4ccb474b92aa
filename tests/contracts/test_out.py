"""What every channel promises of what goes out."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from structlog.testing import capture_logs

from gateway.channels import Capabilities, Channel, Idempotency, Reconciling, Send
from gateway.errors import Rejected, SendError, Throttled
from gateway.messages import MediaKind, Outbound, Part, Text
from gateway.rendering import fit
from gateway.splitting import length
from tests.contracts.case import FILES, MEANS, NOT_CONNECTED, RETRY_AFTER, ChannelCase, Reply, Shown
from tests.contracts.samples import (
    CARD,
    CHOICES,
    EDIT_WORDS,
    FILE,
    HELLO,
    LINK,
    MARKDOWN,
    PHOTO,
    PLACE,
    PLAIN_PLACE,
    SEVERAL,
    WORDS,
    edit,
    everything,
    is_at,
    long_text,
    reaction,
)

PATIENCE = 10.0
"""Seconds after which a channel that has not given up never will."""


async def show(case: ChannelCase, *parts: Part, key: str = "1", **fields: object) -> list[Shown]:
    """Say `parts`; what the customer sees of it."""
    before = len(await case.shown())
    await case.say(Outbound(parts=parts, **fields), key)  # type: ignore[arg-type]
    shown = list(await case.shown())[before:]
    assert shown, "the customer sees nothing"
    assert {one.address for one in shown} == {case.address}
    return shown


# --- every part ------------------------------------------------------------------------------


async def test_words_arrive_as_they_are(case: ChannelCase) -> None:
    assert WORDS in everything(await show(case, Text(text=WORDS)))


async def test_light_markdown_is_readable(case: ChannelCase) -> None:
    words = everything(await show(case, Text(text=MARKDOWN, markdown=True)))
    for word in ("Вартість", "до 1 кг: 50 грн", "карта", "https://example.org/map"):
        assert word in words


async def test_strange_text_does_no_harm(case: ChannelCase) -> None:
    await show(case, Text(text="a\x00b \u202e\u200d\u0301 кінець"))
    assert "кінець" in everything(await show(case, Text(text="кінець"), key="2"))


async def test_files_arrive_or_are_named(case: ChannelCase) -> None:
    assert has_file(await show(case, FILE), FILE.name)
    shown = await show(case, PHOTO, key="2")
    assert has_file(shown, PHOTO.name)
    assert str(PHOTO.caption) in everything(shown)


@pytest.mark.parametrize("kind", list(MediaKind))
async def test_every_kind_of_file_arrives_or_is_named(case: ChannelCase, kind: MediaKind) -> None:
    media = SEVERAL[kind]
    shown = await show(case, media)
    assert has_file(shown, media.name)
    if kind in case.channel.capabilities.media:
        assert FILES[media.ref] in [content for one in shown for content in one.files]


def has_file(shown: list[Shown], name: str | None) -> bool:
    return any(one.files for one in shown) or str(name) in everything(shown)


async def test_a_file_that_is_too_large_is_named_and_not_sent(case: ChannelCase) -> None:
    limit = case.channel.capabilities.media_limit
    if not limit or case.channel.capabilities.stored:
        return
    huge = msgspec.structs.replace(FILE, size=limit + 1, caption="Ваш рахунок")
    shown = await show(case, huge)
    assert not [one.files for one in shown if one.files]
    assert "рахунок.txt" in everything(shown)
    assert "Ваш рахунок" in everything(shown)


async def test_a_file_that_is_gone_is_a_definite_failure(case: ChannelCase) -> None:
    if MediaKind.FILE not in case.channel.capabilities.media or case.channel.capabilities.stored:
        return
    gone = msgspec.structs.replace(FILE, ref="file:404")
    with pytest.raises(Rejected):
        await case.channel.send(Send(address=case.address, part=gone, key="1"))
    assert not await case.shown()


async def test_places_can_be_found(case: ChannelCase) -> None:
    shown = await show(case, PLACE)
    assert any(is_at(one, PLACE) for one in shown)
    assert "Відділення 1" in everything(shown)
    assert any(is_at(one, PLAIN_PLACE) for one in await show(case, PLAIN_PLACE, key="2"))


async def test_a_contact_is_readable(case: ChannelCase) -> None:
    words = everything(await show(case, CARD))
    assert CARD.phone.removeprefix("+") in words
    assert str(CARD.name) in words


async def test_an_edit_and_a_reaction_are_done_or_refused_for_good(case: ChannelCase) -> None:
    if case.channel.capabilities.stored:
        return
    *_, target = await case.say(Outbound(parts=(HELLO,)))
    assert target
    try:
        await case.channel.send(Send(address=case.address, part=edit(target), key="2"))
    except Rejected:
        assert not case.channel.capabilities.edits, "capabilities.edits says that messages can be edited"
    else:
        assert EDIT_WORDS in everything(list(await case.shown()))
    with suppress(Rejected):
        await case.channel.send(Send(address=case.address, part=reaction(target), key="3"))


# --- buttons ---------------------------------------------------------------------------------


async def test_choices_can_be_made(case: ChannelCase) -> None:
    shown = await show(case, Text(text="Що далі?"), buttons=CHOICES)
    choices = [choice for one in shown for choice in one.choices]
    listed = everything(shown)
    assert choices == [button.label for button in CHOICES] or all(
        f"{number}. {button.label}" in listed for number, button in enumerate(CHOICES, 1)
    )


async def test_a_link_can_be_opened(case: ChannelCase) -> None:
    assert str(LINK.label) in everything(await show(case, Text(text="Де ми?"), buttons=(LINK,)))


async def test_many_choices_are_all_readable(case: ChannelCase) -> None:
    many = tuple(msgspec.structs.replace(CHOICES[0], label=f"Вибір {n}", payload=f"a:{n}") for n in range(1, 31))
    words = everything(await show(case, Text(text="Оберіть"), buttons=many))
    assert [n for n in range(1, 31) if f"Вибір {n}" not in words] == []


# --- long text -------------------------------------------------------------------------------


async def test_long_text_is_cut_and_loses_nothing(case: ChannelCase) -> None:
    capabilities = case.channel.capabilities
    text = long_text(capabilities.text_limit)
    for part in fit(Outbound(parts=(Text(text=text),)), capabilities).parts:
        assert isinstance(part, Text)
        assert length(part.text, capabilities) <= capabilities.text_limit
    shown = await show(case, Text(text=text))
    assert " ".join(one.words for one in shown).split() == text.split()


async def test_the_longest_text_of_all_is_taken(case: ChannelCase) -> None:
    """Exactly the limit, of the characters that take most room on the wire."""
    limit = min(case.channel.capabilities.text_limit, 100_000)
    text = ("😀" if not case.channel.capabilities.utf16 else "&") * limit
    shown = await show(case, Text(text=text))
    assert "".join(one.words for one in shown).replace("\n", "") == text


# --- ways to fail ----------------------------------------------------------------------------


def hello(case: ChannelCase, key: str = "1.0") -> Send:
    return Send(address=case.address, part=HELLO, key=key)


async def failing(case: ChannelCase, reply: Reply) -> SendError:
    case.reply(reply)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(SendError) as caught:
            await case.channel.send(hello(case))
    return caught.value


@pytest.mark.unless("no_connection")
async def test_every_way_to_fail(case: ChannelCase, reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), capture_logs() as ours:
        error = await failing(case, reply)
        expected = MEANS[reply]
        assert isinstance(error, expected), f"{reply}: {type(error).__name__}, and not {expected.__name__}"
        if isinstance(error, Throttled):
            assert error.retry_after == pytest.approx(RETRY_AFTER, abs=1), "the platform's own delay"
        await case.channel.send(hello(case, "2.0"))
    assert HELLO.text in everything(list(await case.shown())), "the channel is well again"
    written = "\n".join([str(error), *(record.getMessage() for record in caplog.records), repr(ours)])
    assert not [secret for secret in (*case.secrets, HELLO.text) if secret in written]


@pytest.mark.unless("no_connection", only=(Reply.LOST, Reply.RESET, Reply.BROKEN, Reply.SILENT))
async def test_a_repeat_is_what_the_channel_says_it_is(case: ChannelCase, reply: Reply) -> None:
    """After an unknown outcome: keyed, send again; reconciled, look and then send; neither, leave it unknown."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    await failing(case, reply)
    match case.channel.capabilities.idempotency:
        case Idempotency.KEYED:
            await case.channel.send(hello(case))
        case Idempotency.RECONCILED:
            assert isinstance(case.channel, Reconciling)
            found = await case.channel.find_sent(hello(case), since)
            assert bool(found) == (reply is Reply.LOST)
            if found is None:
                await case.channel.send(hello(case))
        case Idempotency.NEITHER:
            return
    seen = [one for one in await case.shown() if HELLO.text in one.words]
    assert len(seen) == 1, f"seen {len(seen)} times"


@pytest.mark.unless("no_connection")
async def test_nobody_listening_is_unreachable(case: ChannelCase) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with elsewhere(case, *closed.getsockname()) as channel:
            with pytest.raises(NOT_CONNECTED):
                await channel.send(hello(case))


@pytest.mark.unless("no_connection")
async def test_a_connection_that_never_comes_is_unreachable(case: ChannelCase) -> None:
    with a_full_backlog() as place:
        async with elsewhere(case, *place) as channel, asyncio.timeout(PATIENCE):
            with pytest.raises(NOT_CONNECTED):
                await channel.send(hello(case))


@asynccontextmanager
async def elsewhere(case: ChannelCase, host: str, port: int) -> AsyncIterator[Channel]:
    channel = case.at(host, port)
    yield channel
    await channel.close()


@contextmanager
def a_full_backlog() -> Iterator[tuple[str, int]]:
    """An address where further connections are neither taken nor refused."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        host, port = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex((host, port))
        yield host, port
        for one in waiting:
            one.close()


# --- the rest --------------------------------------------------------------------------------


async def test_typing_never_fails(case: ChannelCase) -> None:
    await case.channel.typing(case.address)
    await case.channel.typing("nobody's address \x00")
    if not case.no_connection:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            async with elsewhere(case, *closed.getsockname()) as channel:
                await channel.typing(case.address)


async def test_a_closed_channel_opens_again(case: ChannelCase) -> None:
    await show(case, HELLO)
    await case.channel.close()
    await show(case, HELLO, key="2")


async def test_sends_side_by_side_all_arrive(case: ChannelCase) -> None:
    outbounds = [Outbound(parts=(Text(text=f"разом {n}"),)) for n in range(1, 9)]
    async with asyncio.TaskGroup() as group:
        for number, outbound in enumerate(outbounds, 1):
            group.create_task(case.say(outbound, str(number)))
    words = everything(list(await case.shown()))
    assert all(f"разом {n}" in words for n in range(1, 9))


def test_capabilities_are_data(channel: Channel) -> None:
    told = channel.capabilities
    assert msgspec.json.decode(msgspec.json.encode(told), type=Capabilities) == told
    assert told.text_limit > 0
    assert told.media_limit > 0 or not told.media
    assert told.button_label_limit > 0


def test_a_channel_knows_its_name_and_kind(case: ChannelCase) -> None:
    assert case.channel.kind == case.kind
    assert case.channel.name
