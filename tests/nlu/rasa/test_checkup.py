"""What the doctor says of a Rasa server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.assisting.settings import Rasa
from gateway.operating.checkup import Verdict
from nlu.rasa.checkup import look
from nlu.rasa.client import RasaClient
from tests.nlu.rasa.standin import RasaStandin
from tests.standins.http import Status

ARTICLES = ["greeting", "delivery-cost"]


def _no_model(server: RasaStandin) -> None:
    server.model = None


def _foreign(server: RasaStandin) -> None:
    server.intents = ["book_flight"]


def _half(server: RasaStandin) -> None:
    server.intents = ["greeting"]


def _closed(server: RasaStandin) -> None:
    server.script(
        Status(200, body=b'{"model_file": "m"}'), Status(200, body=b'{"intents": ["greeting", "delivery_cost"]}')
    )
    server.script(Status(404))


@pytest.mark.parametrize(
    ("make", "verdicts", "word"),
    [
        (lambda server: None, ["ok"], "knows the 2"),
        (_no_model, ["problem"], "no model"),
        (_foreign, ["problem"], "none of the published"),
        (_half, ["warning"], "delivery-cost"),
        (_closed, ["ok", "problem"], "REST channel"),
        (lambda server: server.script(Status(401)), ["problem"], "401"),
        (lambda server: server.script(Status(404)), ["problem"], "404"),
        (lambda server: server.script(Status(200, body=b"hm")), ["problem"], "not Rasa's"),
    ],
)
async def test_findings(make: Callable[[RasaStandin], None], verdicts: list[str], word: str) -> None:
    async with RasaStandin() as server:
        make(server)
        settings = Rasa(url=server.base, mode="assistant", token="hush")
        client = RasaClient(settings)
        found = await look(client, settings, ARTICLES)
        await client.close()
    assert [finding.verdict for finding in found] == [Verdict(one) for one in verdicts]
    assert word in " ".join(finding.says for finding in found)
    assert all(finding.fix for finding in found if finding.verdict is not Verdict.OK)
    assert "hush" not in str(found)


async def test_nobody_there() -> None:
    settings = Rasa(url="http://127.0.0.1:9", timeout=0.5)
    [finding] = await look(RasaClient(settings), settings, ARTICLES)
    assert "no connection" in finding.says
    assert "rasa.url" in finding.fix
