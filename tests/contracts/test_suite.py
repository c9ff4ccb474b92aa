"""The suite itself can fail: one bug at a time is put into a sound channel, and the right test finds it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from bots.http.channel import HttpChannel
from bots.http.signing import read_secrets, sign
from gateway.channels import Receipt, Send, WebhookRequest
from gateway.errors import Ambiguous, Rejected, RequestRefused, SendError, Throttled, Unreachable
from gateway.messages import Event, Ignored, Text
from tests.bots.http.contract import Case
from tests.bots.http.support import NOW, SECRET
from tests.contracts import test_in, test_out
from tests.contracts.case import ChannelCase, Reply

FOUND = (AssertionError, RequestRefused, pytest.fail.Exception)


class Buggy:
    """A sound channel; what a bug overrides comes first."""

    def __init__(self, inner: HttpChannel) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def resigned(request: WebhookRequest, body: bytes | None = None) -> WebhookRequest:
    body = request.body if body is None else body
    webhook_id = request.headers.get("webhook-id", "x")
    return msgspec.structs.replace(request, body=body, headers=sign(read_secrets(SECRET), webhook_id, NOW, body))


class TakesForgeries(Buggy):
    def receive(self, request: WebhookRequest) -> Receipt:
        return self.inner.receive(resigned(request))


class ForgetsTheWindow(Buggy):
    def receive(self, request: WebhookRequest) -> Receipt:
        try:
            return self.inner.receive(request)
        except RequestRefused as error:
            if "our clock" in error.reason:
                return self.inner.receive(resigned(request))
            raise


class SignsWhatItMeans(Buggy):
    """Verifies what an encoder of its own makes of the JSON, and not the bytes that came."""

    def receive(self, request: WebhookRequest) -> Receipt:
        body = msgspec.json.encode(msgspec.json.decode(request.body))
        return self.inner.receive(msgspec.structs.replace(request, body=body))


class NumbersAnew(Buggy):
    def receive(self, request: WebhookRequest) -> Receipt:
        receipt = self.inner.receive(request)
        again = [msgspec.structs.replace(one, platform_id=str(random.random())) for one in receipt.envelopes]
        return msgspec.structs.replace(receipt, envelopes=tuple(again))


class OneIdForAll(Buggy):
    def receive(self, request: WebhookRequest) -> Receipt:
        receipt = self.inner.receive(request)
        again = [msgspec.structs.replace(one, platform_id="the same") for one in receipt.envelopes]
        return msgspec.structs.replace(receipt, envelopes=tuple(again))


class StumblesOverUnknownTypes(Buggy):
    def receive(self, request: WebhookRequest) -> Receipt:
        receipt = self.inner.receive(request)
        known = [one for one in receipt.envelopes if not isinstance(self.inner.parse(one.body), Ignored)]
        return msgspec.structs.replace(receipt, envelopes=tuple(known[:1]))


class MisreadsParts(Buggy):
    def parse(self, body: bytes) -> Event:
        event = self.inner.parse(body)
        return Ignored(reason="nothing") if b'"location"' in body else event


class LosesWords(Buggy):
    async def send(self, send: Send) -> str | None:
        if isinstance(send.part, Text):
            send = msgspec.structs.replace(send, part=Text(text=send.part.text[:-3]))
        return await self.inner.send(send)


class LosesButtons(Buggy):
    async def send(self, send: Send) -> str | None:
        return await self.inner.send(msgspec.structs.replace(send, buttons=()))


class NewKeyAtEachTry(Buggy):
    async def send(self, send: Send) -> str | None:
        return await self.inner.send(msgspec.structs.replace(send, key=str(random.random())))


class Misjudges(Buggy):
    """Raises another error than what happened asks for."""

    wrong: ClassVar[dict[type[SendError], SendError]] = {}

    async def send(self, send: Send) -> str | None:
        try:
            return await self.inner.send(send)
        except SendError as error:
            raise self.wrong.get(type(error), error) from None


class IgnoresRetryAfter(Misjudges):
    wrong: ClassVar = {Throttled: Throttled("429", retry_after=1)}


class GivesUpOnServerErrors(Misjudges):
    wrong: ClassVar = {Ambiguous: Rejected("500")}


class TakesDoubtForCertainty(Misjudges):
    wrong: ClassVar = {Ambiguous: Unreachable("500")}


class TellsSecrets(Misjudges):
    wrong: ClassVar = {Ambiguous: Ambiguous(f"500 from {SECRET}")}


class RaisesFromTyping(Buggy):
    async def typing(self, address: str) -> None:
        raise AssertionError("typing failed")


class FetchesWithoutEnd(Buggy):
    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        yield b"x" * 1001


class StaysClosed(Buggy):
    closed = False

    async def close(self) -> None:
        self.closed = True
        await self.inner.close()

    async def send(self, send: Send) -> str | None:
        assert not self.closed, "closed"
        return await self.inner.send(send)


Test = Callable[..., Awaitable[None]]
BUGS: list[tuple[type[Buggy], Test, dict[str, Any]]] = [
    (TakesForgeries, test_in.test_forgeries_are_refused, {}),
    (TakesForgeries, test_in.test_a_signature_is_over_the_raw_bytes, {}),
    (ForgetsTheWindow, test_in.test_a_request_out_of_its_time_is_refused, {}),
    (SignsWhatItMeans, test_in.test_a_signature_is_over_the_raw_bytes, {}),
    (NumbersAnew, test_in.test_a_repeat_has_the_same_id_and_others_have_not, {}),
    (OneIdForAll, test_in.test_a_repeat_has_the_same_id_and_others_have_not, {}),
    (StumblesOverUnknownTypes, test_in.test_an_unknown_type_harms_no_neighbour, {}),
    (MisreadsParts, test_in.test_what_comes_is_read, {}),
    (FetchesWithoutEnd, test_in.test_a_file_that_is_too_large_is_not_fetched, {}),
    (LosesWords, test_out.test_words_arrive_as_they_are, {}),
    (LosesWords, test_out.test_long_text_is_cut_and_loses_nothing, {}),
    (LosesButtons, test_out.test_choices_can_be_made, {}),
    (NewKeyAtEachTry, test_out.test_a_repeat_is_what_the_channel_says_it_is, {"reply": Reply.LOST}),
    (IgnoresRetryAfter, test_out.test_every_way_to_fail, {"reply": Reply.THROTTLED}),
    (GivesUpOnServerErrors, test_out.test_every_way_to_fail, {"reply": Reply.BROKEN}),
    (TakesDoubtForCertainty, test_out.test_every_way_to_fail, {"reply": Reply.RESET}),
    (TellsSecrets, test_out.test_every_way_to_fail, {"reply": Reply.SILENT}),
    (RaisesFromTyping, test_out.test_typing_never_fails, {}),
    (StaysClosed, test_out.test_a_closed_channel_opens_again, {}),
]


@pytest.mark.parametrize(
    ("bug", "test", "more"), BUGS, ids=[f"{bug.__name__}-{test.__name__}" for bug, test, _ in BUGS]
)
async def test_a_bug_is_found(
    bug: type[Buggy], test: Test, more: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = {**more, "caplog": caplog} if test is test_out.test_every_way_to_fail else more
    async with Case("", tmp_path) as sound:
        await test(sound, **arguments)
    with pytest.raises(FOUND):
        await _with_bug(bug, test, arguments, tmp_path)


async def _with_bug(bug: type[Buggy], test: Test, arguments: dict[str, Any], folder: Path) -> None:
    buggy: ChannelCase
    async with Case("", folder) as buggy:
        buggy.channel = bug(buggy.channel)  # type: ignore[assignment, arg-type]
        await test(buggy, **arguments)
