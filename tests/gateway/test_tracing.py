"""One id finds a message's whole way in the logs, and no line says what was said, where, or with what key."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest
import structlog

from gateway.channels import Envelope, Send
from gateway.errors import Rejected, StorageUnavailable, Throttled
from gateway.logs import as_text, configure
from gateway.messages import Author, Outbound, Text
from gateway.ports import Action, Understanding, Utterance
from gateway.storage.engine import Database
from gateway.tracing import followed_inbox, following
from tests.fakes import FakeChannel, inbound
from tests.gateway.spine import Spine

TEXT, ADDRESS, TOKEN = "Заповітне-слово", "380671234567", "123456:AAbb-secret"
MARKS = (TEXT, ADDRESS, TOKEN, "Оля")
KNOWN = {TEXT: ("delivery-cost", 0.9), f"{TEXT} людину": ("want-person", 0.9)}
ACTIONS = {"delivery-cost": Action.ANSWER, "want-person": Action.HANDOFF}


class Leaky(FakeChannel):
    """A driver whose every fault quotes all it knows, as libraries do."""

    bug = False

    async def send(self, send: Send) -> str | None:
        if self.bug:
            self.bug = False
            try:
                raise ConnectionError(f"https://api/bot{TOKEN}/sendMessage?chat_id={send.address}&text={TEXT}")
            except ConnectionError as cause:
                raise RuntimeError(f"could not send {send!r} with {TOKEN}") from cause
        return await super().send(send)

    def parse(self, body: bytes) -> Any:
        if body == b"bug":
            raise ValueError(f"{TOKEN} {TEXT} {ADDRESS}")
        return super().parse(body)


Said = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def said() -> Iterator[Said]:
    """Every line logged so far, from debug on; libraries are heard from a warning on, as in the program."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure("json", level=logging.DEBUG, stream=stream)
    yield lambda: [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]
    structlog.configure(**before)
    root.handlers = handlers
    root.setLevel(level)


def spine_of(database: Database, clock: Any, channel: FakeChannel | None = None) -> Spine:
    return Spine(database, clock, known=KNOWN, actions=ACTIONS, channel=channel or Leaky())


def about(lines: Sequence[dict[str, Any]], **ids: int) -> list[str]:
    """The actions whose lines carry `ids`, in order."""
    return [line["event"] for line in lines if all(line.get(name) == value for name, value in ids.items())]


async def test_one_id_finds_the_whole_way(sqlite_database: Database, clock, said: Said) -> None:
    spine = spine_of(sqlite_database, clock)
    await spine.hear(inbound(TEXT, address="1", platform_id="1"), inbound(TEXT, address="2", platform_id="2"))
    spine.channel.failures = [Throttled("429", retry_after=5), Rejected("chat not found")]
    await spine.settle()
    clock.advance(seconds=10)
    await spine.settle()
    lines = said()
    first, second = sorted({line["inbox"] for line in lines if line["event"] == "turn_decided"})
    assert about(lines, inbox=first) == ["turn_decided", "send_failed", "sent"]
    assert about(lines, inbox=second) == ["turn_decided", "send_failed"]
    decided, *sends = [line for line in lines if line.get("inbox") == first]
    assert {"conversation", "message", "channel", "did", "replies"} <= decided.keys()
    assert {line["conversation"] for line in sends} == {decided["conversation"]}
    assert all({"delivery", "message", "channel"} <= line.keys() for line in sends)


async def test_what_nobody_asked_for_answers_no_row(sqlite_database: Database, clock, said: Said) -> None:
    spine = spine_of(sqlite_database, clock)
    await spine.hear(inbound(TEXT))
    await spine.settle()
    async with sqlite_database.write() as work:
        identity = (await work.contacts.find([("shop", "7")]))["shop", "7"]
        conversation = await work.conversations.latest_of(identity.contact_id)
        assert conversation is not None
        await spine.speaker.say(work, conversation, Outbound(parts=(Text(text=TEXT),), author=Author.SYSTEM))
    await spine.settle()
    assert [line.get("inbox") for line in said() if line["event"] == "sent"] == [1, None]


async def test_no_mark_is_logged_whatever_goes_wrong(database: Database, clock, said: Said) -> None:
    channel = Leaky()
    spine = spine_of(database, clock, channel)
    await spine.hear(inbound(TEXT, address=ADDRESS, platform_id="1"))
    await spine.inbox.take("shop", [Envelope(platform_id="bad", address=ADDRESS, body=TEXT.encode())])
    await spine.inbox.take("shop", [Envelope(platform_id="bug", address=ADDRESS, body=b"bug")])
    channel.bug = True
    await spine.settle()
    clock.advance(minutes=2)
    channel.failures = [Throttled("429", retry_after=1)]
    await spine.settle()

    async def lost(_utterances: Sequence[Utterance]) -> list[Understanding]:
        raise LookupError(f"no vector for {TEXT}")

    spine.turns._engine.understand = lost  # type: ignore[method-assign]
    await spine.hear(inbound(f"{TEXT} людину", address=ADDRESS, platform_id="2"))
    await spine.settle()

    async def broken(*_: object) -> None:
        raise KeyError(f"{ADDRESS}: {TEXT}")

    spine.turns._taker.take = broken  # type: ignore[method-assign]
    await spine.hear(inbound(TEXT, address=ADDRESS, platform_id="3"))
    for _ in range(4):
        clock.advance(minutes=2)
        await spine.settle()
    lines = said()
    actions = {line["event"] for line in lines}
    expected = {
        "turn_decided",
        "send_broke",
        "sent",
        "quarantined",
        "parse_broke",
        "understanding_broke",
        "turn_failed",
    }
    assert expected <= actions
    for line in lines:
        assert not [mark for mark in MARKS if mark in str(line)], line


async def test_the_mark_test_can_fail(said: Said) -> None:
    structlog.get_logger().warning("careless", reason=f"could not say {TEXT}")
    assert [line for line in said() if TEXT in str(line)]


def test_ids_are_gone_after_the_block(said: Said) -> None:
    log = structlog.get_logger()
    with following(inbox=1, message=None):
        with following(conversation=2):
            log.info("inner")
        log.info("outer", inbox=9)
        assert followed_inbox() == 1
    log.info("after")
    assert followed_inbox() is None
    inner, outer, after = said()
    assert (inner["inbox"], inner["conversation"], "message" in inner) == (1, 2, False)
    assert (outer["inbox"], "conversation" in outer) == (9, False)
    assert "inbox" not in after


# --- errors -------------------------------------------------------------------------------------


def logged(error: Callable[[], None], said: Said) -> str:
    try:
        error()
    except BaseException:
        structlog.get_logger().exception("broke")
    return str(said()[-1]["exception"])


def test_an_error_is_told_by_place_and_kind(said: Said) -> None:
    def fail() -> None:
        try:
            {}[TEXT]
        except KeyError as missing:
            raise ExceptionGroup(TEXT, [ValueError(TEXT), OSError(28, "No space left on device", TEXT)]) from missing

    exception = logged(fail, said)
    assert TEXT not in exception
    for words in ("KeyError", "and then:", "ExceptionGroup", "ValueError", "OSError: No space left", "in fail"):
        assert words in exception


def test_our_own_errors_say_what_they_say(said: Said) -> None:
    def fail() -> None:
        raise StorageUnavailable("the database does not answer")

    assert logged(fail, said).endswith("gateway.errors.StorageUnavailable: the database does not answer")


async def test_a_database_tells_its_number_only(database: Database, said: Said) -> None:
    try:
        async with database.write() as work:
            for _ in range(2):
                await work.connection.exec_driver_sql(
                    f"INSERT INTO contacts (id, name, created_at) VALUES (7, '{TEXT}', 1)"
                )
    except Exception:
        structlog.get_logger().exception("broke")
    exception = str(said()[-1]["exception"])
    assert TEXT not in exception
    assert "IntegrityError" in exception


def test_asyncio_does_not_go_on_with_the_task(said: Said) -> None:
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: <Task exception={TEXT!r}>")
    assert [line["event"] for line in said()] == ["Task exception was never retrieved"]


@pytest.mark.parametrize(
    ("value", "words"),
    [(7, "7"), ("site-1", "site-1"), ("two words", '"two words"'), ("a\nb=c", '"a\\nb=c"'), ("", '""'), (None, "None")],
)
def test_a_text_line_can_be_taken_apart(value: object, words: str) -> None:
    assert as_text(None, "", {"event": "did", "level": "info", "timestamp": "now", "id": value}) == (
        f"now [info] did id={words}"
    )
