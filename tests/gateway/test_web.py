"""What every screen shares: signing in, sessions, guards, headers, fault pages, live hints."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from litestar import Litestar
from litestar.serialization import encode_json
from litestar.testing import AsyncTestClient

from gateway.errors import StorageUnavailable
from gateway.live import DESK, Change, Live
from gateway.staff import Role
from gateway.storage.inbox import InboxStatus
from gateway.texts import Texts
from gateway.web import events, passwords, signin
from gateway.web.guard import STAFF_KEY
from gateway.web.passwords import hash_password, verify_password
from gateway.web.security import HEADERS, SESSION_SECONDS
from gateway.web.sessions import RENEW_SECONDS, SessionStore
from gateway.web.signin import Throttle
from gateway.webhooks import BODY_LIMIT
from tests.fakes import inbound
from tests.gateway.flaky import FlakyDatabase
from tests.gateway.webhouse import WebHouse

EMAIL, PASSWORD = "ada@a.example", "correct horse"
SESSION, CSRF = "frontdesk_session", "frontdesk_csrf"
KNOWN_ID = "5e" * 32
Client = AsyncTestClient[Litestar]


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts()


@pytest.fixture
async def house(migrated_sqlite: Path, tmp_path: Path, clock, texts: Texts) -> AsyncIterator[WebHouse]:
    path = tmp_path / "web.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = FlakyDatabase(f"sqlite:///{path}")
    yield WebHouse(database, clock, texts)
    await database.close()


async def sign_in(client: Client, email: str = EMAIL, password: str = PASSWORD, **more: str) -> Any:
    if CSRF not in client.cookies:
        await client.get("/login")
    form = {"email": email, "password": password, "_csrf_token": client.cookies[CSRF], **more}
    return await client.post("/login", data=form)


async def session_of(house: WebHouse, *roles: Role, language: str = "en") -> str:
    """A cookie of somebody who has signed in already."""
    staff = await house.hire(EMAIL, "no password", *roles, language=language)
    await SessionStore(house.database, house.clock).set(KNOWN_ID, encode_json({STAFF_KEY: staff.id}), SESSION_SECONDS)
    return f"{SESSION}={KNOWN_ID}"


# --- signing in --------------------------------------------------------------------------------


async def test_the_right_password_opens_the_door(house: WebHouse, hashed: str) -> None:
    await house.hire(EMAIL, hashed, Role.AGENT)
    async with house.visitor() as client:
        answer = await sign_in(client, email=" ADA@a.example ")
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
        page = await client.get("/hello")
        assert page.status_code == 200
        assert "role ok, Ada" in page.text


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), (EMAIL, ""), ("nobody@a.example", PASSWORD), ("", ""), ("gone@a.example", PASSWORD)],
)
async def test_everything_else_is_refused_in_the_same_words(
    house: WebHouse, hashed: str, email: str, password: str
) -> None:
    await house.hire(EMAIL, hashed)
    gone = await house.hire("gone@a.example", hashed)
    async with house.database.write() as work:
        await work.staff.change(gone.id, active=False)
    async with house.visitor() as client:
        answer = await sign_in(client, email=email, password=password)
        assert answer.status_code == 401
        assert "This e-mail and password do not fit together." in answer.text
        assert SESSION not in client.cookies
        assert (await client.get("/hello")).status_code == 303


async def test_what_was_typed_is_shown_again_but_for_the_password(house: WebHouse) -> None:
    async with house.visitor() as client:
        answer = await sign_in(client, email='"><script>x', password="hush-hush", next="/hello")
    assert "hush-hush" not in answer.text
    assert "<script>x" not in answer.text
    assert "&#34;&gt;&lt;script&gt;x" in answer.text
    assert 'name="next" value="/hello"' in answer.text


def test_ten_tries_and_then_one_in_ten_seconds(clock) -> None:
    throttle = Throttle(Live(), clock)
    assert [throttle.allows(EMAIL) for _ in range(12)] == [True] * 10 + [False] * 2
    clock.advance(seconds=9)
    assert not throttle.allows(EMAIL)
    clock.advance(seconds=2)
    assert [throttle.allows(EMAIL), throttle.allows(EMAIL)] == [True, False]
    assert throttle.allows("other@a.example")


async def test_tries_at_other_processes_count_as_well(clock) -> None:
    lives = [Live(), Live()]
    here, there = (Throttle(live, clock) for live in lives)
    listening = asyncio.ensure_future(here.run())
    await asyncio.sleep(0)
    with lives[1].listen([signin.SIGNIN], Carried(lives[0])):
        assert [there.allows(EMAIL) for _ in range(4)] == [True] * 4
    assert [here.allows(EMAIL) for _ in range(7)] == [True] * 6 + [False]
    assert here.allows("other@a.example")
    listening.cancel()


class Carried:
    """What one process announces, delivered in another."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def put(self, change: Change) -> None:
        assert EMAIL not in str(change)
        self._live.deliver([change])


async def test_guessing_is_slowed_down_for_that_address_only(
    house: WebHouse, hashed: str, clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "TRIES", 2)
    await house.hire(EMAIL, hashed)
    async with house.visitor() as client:
        for _ in range(2):
            assert (await sign_in(client, password="guess")).status_code == 401
        refused = await sign_in(client, email=EMAIL.upper())
        assert refused.status_code == 429
        assert "Too many tries" in refused.text
        assert (await sign_in(client, email="other@a.example")).status_code == 401
        clock.advance(seconds=11)
        assert (await sign_in(client)).status_code == 303


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/hello?filter=mine", "/hello?filter=mine"),
        ("", "/desk"),
        ("hello", "/desk"),
        ("https://evil.example/", "/desk"),
        ("//evil.example", "/desk"),
        ("/\\evil.example", "/desk"),
        ("/\t/evil.example", "/desk"),
        ("/\n/evil.example", "/desk"),
        ("javascript:alert(1)", "/desk"),
        ("/hello\r\nset-cookie: a=b", "/desk"),
    ],
)
async def test_after_signing_in_nobody_is_sent_elsewhere(house: WebHouse, asked: str, led: str) -> None:
    async with house.visitor() as client:
        form = (await client.get("/login", params={"next": asked})).text
        [following] = re.findall(r'name="next" value="([^"]*)"', form)
        assert following == led


@pytest.mark.parametrize(("asked", "led"), [("/hello?a=1", "/hello?a=1"), ("/\t/evil.example", "/desk")])
async def test_nor_by_a_forged_form(house: WebHouse, hashed: str, asked: str, led: str) -> None:
    await house.hire(EMAIL, hashed)
    async with house.visitor() as client:
        answer = await sign_in(client, next=asked)
        assert (answer.status_code, answer.headers["location"]) == (303, led)


async def test_signing_out_ends_the_session_itself(house: WebHouse, hashed: str) -> None:
    await house.hire(EMAIL, hashed)
    async with house.visitor() as client:
        await sign_in(client)
        kept = client.cookies[SESSION]
        answer = await client.post("/logout", data={"_csrf_token": client.cookies[CSRF]})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        client.cookies.set(SESSION, kept)
        assert (await client.get("/hello")).status_code == 303


# --- sessions ----------------------------------------------------------------------------------


async def test_a_session_planted_before_signing_in_is_worth_nothing(house: WebHouse, hashed: str) -> None:
    await house.hire(EMAIL, hashed)
    planted = "a" * 64
    async with house.visitor() as client:
        client.cookies.set(SESSION, planted, domain="testserver.local", path="/")
        answer = await sign_in(client)
        [made] = re.findall(rf"{SESSION}=([0-9a-f]+)", answer.headers["set-cookie"])
        assert made != planted
    async with house.visitor(cookie=f"{SESSION}={planted}") as thief:
        assert (await thief.get("/hello")).status_code == 303
    async with house.visitor(cookie=f"{SESSION}={made}") as client:
        assert (await client.get("/hello")).status_code == 200


async def test_signing_in_as_somebody_else_ends_the_first_session(house: WebHouse, hashed: str) -> None:
    await house.hire(EMAIL, hashed)
    await house.hire("bob@a.example", hashed)
    async with house.visitor() as client:
        await sign_in(client)
        first = client.cookies[SESSION]
        await sign_in(client, email="bob@a.example")
        assert client.cookies[SESSION] != first
    async with house.visitor(cookie=f"{SESSION}={first}") as other:
        assert (await other.get("/hello")).status_code == 303


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house: WebHouse, hashed: str) -> None:
    await house.hire(EMAIL, hashed)
    async with house.visitor() as client:
        cookie = (await sign_in(client)).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert f"max-age={SESSION_SECONDS}" in cookie


async def test_strangers_and_reading_cost_no_write(house: WebHouse, hashed: str) -> None:
    await house.hire(EMAIL, hashed)
    async with house.visitor() as client:
        await sign_in(client)
        written = house.database.writes  # type: ignore[attr-defined]
        for _ in range(3):
            assert (await client.get("/hello")).status_code == 200
    async with house.visitor() as stranger:
        await stranger.get("/login")
        await stranger.get("/hello")
        assert SESSION not in stranger.cookies
    assert house.database.writes == written  # type: ignore[attr-defined]


async def test_a_session_lives_while_it_is_used(house: WebHouse, hashed: str, clock) -> None:
    await house.hire(EMAIL, hashed)
    async with house.visitor() as client:
        await sign_in(client)
        for _ in range(3):
            clock.advance(seconds=SESSION_SECONDS - RENEW_SECONDS)
            assert (await client.get("/hello")).status_code == 200
        clock.advance(seconds=SESSION_SECONDS + 1)
        assert (await client.get("/hello")).status_code == 303


async def test_passwords() -> None:
    stored = hash_password("päss")
    assert await verify_password(stored, "päss")
    assert not await verify_password(stored, "pass")
    assert not await verify_password(None, "päss")
    assert not await verify_password("no hash", "päss")
    # The stand-in for nobody costs what a real one costs, or its haste would tell who is on the staff.
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(passwords._NOBODY, "guess")
    assert not PasswordHasher().check_needs_rehash(passwords._NOBODY)


# --- CSRF --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/login", "/logout", "/form"])
@pytest.mark.parametrize("token", [None, "wrong", "f" * 128])
async def test_a_form_of_another_site_is_refused(house: WebHouse, path: str, token: str | None) -> None:
    async with house.visitor() as client:
        await client.get("/login")
        answer = await client.post(path, data={"email": EMAIL} | ({"_csrf_token": token} if token else {}))
        assert answer.status_code == 403
        assert "This page is too old" in answer.text


async def test_a_script_of_ours_sends_the_token_as_a_header(house: WebHouse) -> None:
    async with house.visitor() as client:
        page = await client.get("/login")
        [token] = re.findall(r'<body data-csrf="(\w+)"', page.text)
        assert (await client.post("/form", headers={"x-csrftoken": token})).json() == {"taken": "yes"}
    async with house.visitor() as other:
        assert (await other.post("/form", headers={"x-csrftoken": token})).status_code == 403


# --- guards ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "back"),
    [("/hello", "/hello"), ("/hello?filter=mine&page=2", "/hello?filter=mine&page=2")],
)
async def test_a_page_sends_strangers_to_the_door_and_back(house: WebHouse, hashed: str, path: str, back: str) -> None:
    await house.hire(EMAIL, hashed)
    async with house.visitor() as client:
        answer = await client.get(path)
        assert answer.status_code == 303
        door = await client.get(answer.headers["location"])
        assert door.status_code == 200
        [following] = re.findall(r'name="next" value="([^"]*)"', door.text)
        assert following.replace("&amp;", "&") == back


@pytest.mark.parametrize("headers", [{"accept": "application/json"}, {"accept": "text/html", "hx-request": "true"}])
async def test_a_program_is_told_instead(house: WebHouse, headers: dict[str, str]) -> None:
    async with house.visitor(**headers) as client:
        answer = await client.get("/hello")
        assert (answer.status_code, answer.json()) == (401, {"status": 401, "detail": "sign in first"})


@pytest.mark.parametrize(
    ("roles", "status"),
    [((), 403), ((Role.AGENT, Role.SUPERVISOR), 403), ((Role.EDITOR,), 200), ((Role.OPERATOR,), 200)],
)
async def test_a_role_is_needed(house: WebHouse, roles: tuple[Role, ...], status: int) -> None:
    async with house.visitor(cookie=await session_of(house, *roles)) as client:
        assert (await client.get("/editors")).status_code == status
        menu = (await client.get("/hello")).text
        assert ('href="/editors"' in menu) == (status == 200)


async def test_who_leaves_the_firm_is_out_at_once(house: WebHouse, hashed: str) -> None:
    staff = await house.hire(EMAIL, hashed)
    async with house.visitor() as client:
        await sign_in(client)
        async with house.database.write() as work:
            await work.staff.change(staff.id, active=False)
        assert (await client.get("/hello")).status_code == 303


# --- headers and faults ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/login", 200),
        ("/hello", 303),
        ("/nowhere", 404),
        ("/fail/bug", 500),
        ("/fail/away", 503),
        ("/health/live", 200),
        ("/static/gateway/base.css", 200),
        ("/static/gateway/nothing.css", 404),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_every_answer_has_the_security_headers(house: WebHouse, path: str, status: int, accept: str) -> None:
    async with house.visitor(accept=accept) as client:
        with structlog.testing.capture_logs():
            answer = await client.get(path)
    assert answer.status_code == (401 if (path, accept) == ("/hello", "application/json") else status)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [
        ("/nowhere", 404, "Not here"),
        ("/fail/missing", 404, "Not here"),
        ("/fail/conflict", 409, "Somebody was faster"),
        ("/fail/refused", 429, "Too many requests"),
        ("/fail/away", 503, "Please wait a moment"),
        ("/fail/bug", 500, "Something went wrong on our side"),
    ],
)
@pytest.mark.parametrize("language", ["uk", "ru", "en"])
async def test_faults_are_told_in_the_readers_words(
    house: WebHouse, texts: Texts, language: str, path: str, status: int, heading: str
) -> None:
    async with house.visitor(**{"accept-language": f"{language}-XX,en;q=0.5"}) as client:
        with structlog.testing.capture_logs():
            answer = await client.get(path)
    assert answer.status_code == status
    assert f"<h1>{texts.translator(language).gettext(heading)}</h1>" in answer.text.replace("&#39;", "'")
    assert f'<html lang="{language}">' in answer.text
    assert "hush" not in answer.text
    assert "Traceback" not in answer.text
    assert ("Ada has it already" in answer.text) == (status == 409)


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/fail/missing", 404, "not found"),
        ("/fail/conflict", 409, "Ada has it already"),
        ("/fail/nul", 400, "take it out"),
        ("/fail/refused", 429, "slowly"),
        ("/fail/away", 503, "the database does not answer; try again"),
        ("/fail/bug", 500, "something went wrong on our side"),
    ],
)
async def test_faults_for_programs(house: WebHouse, path: str, status: int, detail: str) -> None:
    async with house.visitor(accept="*/*") as client:
        with structlog.testing.capture_logs():
            answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (status, {"status": status, "detail": detail})


@pytest.mark.parametrize("language", ["uk", "ru", "en"])
@pytest.mark.parametrize(
    ("path", "status", "heading", "sentence"),
    [
        ("/fail/missing", 404, "Not here", "This page does not exist or was removed."),
        (
            "/fail/away",
            503,
            "Please wait a moment",
            "The database does not answer. Nothing was lost; try again soon.",
        ),
        ("/fail/bug", 500, "Something went wrong on our side", "It has been written down. Please try again."),
    ],
)
async def test_a_fault_of_what_a_page_asks_for_is_in_the_readers_words(
    house: WebHouse, texts: Texts, language: str, path: str, status: int, heading: str, sentence: str
) -> None:
    async with house.visitor(**{"accept-language": language, "hx-request": "true"}) as client:
        with structlog.testing.capture_logs():
            answer = await client.get(path)
    _ = texts.translator(language).gettext
    told = f"{_(heading)}. {_(sentence)}"
    assert (answer.status_code, answer.json()) == (status, {"status": status, "detail": told})


async def test_the_reader_chooses_the_language_and_it_stays(house: WebHouse) -> None:
    async with house.visitor(**{"accept-language": "en"}) as client:
        assert '<html lang="uk">' in (await client.get("/login?lang=uk")).text
        assert '<html lang="uk">' in (await client.get("/login")).text
        assert '<html lang="uk">' in (await client.get("/login?lang=xx")).text
        client.cookies.set(*(await session_of(house, language="ru")).split("="))
        assert '<html lang="ru">' in (await client.get("/hello")).text


async def test_static_files_are_served_and_nothing_beside_them(house: WebHouse) -> None:
    async with house.visitor() as client:
        page = await client.get("/login")
        [sheet] = re.findall(r'href="(/static/gateway/base\.css\?v=\w{10})"', page.text)
        answer = await client.get(sheet)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/css")
        for path in ("../signin.py", "..%2fsignin.py", "%2e%2e/signin.py", "../../settings.py"):
            assert (await client.get(f"/static/gateway/{path}")).status_code == 404


# --- live hints --------------------------------------------------------------------------------


class Stream:
    """An open `/live` request, read as the server sends it."""

    def __init__(self, house: WebHouse, topics: str, cookie: str) -> None:
        self._house = house
        self._topics = topics
        self._cookie = cookie
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._gone = asyncio.Event()

    async def run(self) -> None:
        """Serve the request until the reader leaves."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/live",
            "raw_path": b"/live",
            "root_path": "",
            "query_string": f"topics={self._topics}".encode(),
            "headers": [(b"cookie", self._cookie.encode()), (b"host", b"testserver")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            await self._sent.put(dict(message))

        await self._house.app(scope, receive, send)  # type: ignore[arg-type]

    async def next(self) -> dict[str, Any]:
        """The next message of the server."""
        return await self._sent.get()

    def leave(self) -> None:
        """Close the page."""
        self._gone.set()


async def test_a_change_is_told_to_an_open_page(house: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    stream = Stream(house, "desk,conversation:7", await session_of(house))
    changes = [Change(topic=DESK, kind="state", ids={"conversation": 7}), Change(topic="conversation:8", kind="x")]
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(stream.run())
        start = await stream.next()
        assert (start["status"], dict(start["headers"])[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
        assert b"alive" in (await stream.next())["body"]
        house.live.publish(changes)
        said = b""
        while b"data:" not in said:
            said = (await stream.next())["body"]
        [data] = re.findall(rb"data: (.*?)\r?\n", said)
        assert msgspec.json.decode(data, type=Change) == changes[0]
        stream.leave()


@pytest.mark.parametrize(
    "topics",
    [
        "",
        "everything",
        "desk,",
        "conversation:",
        "conversation:x",
        "address:site:v1",
        "work:inbox",
        "desk," * 20 + "desk",
    ],
)
async def test_only_what_staff_may_watch(house: WebHouse, topics: str) -> None:
    async with house.visitor(cookie=await session_of(house), accept="*/*") as client:
        assert (await client.get("/live", params={"topics": topics})).status_code == 400


async def test_strangers_watch_nothing(house: WebHouse) -> None:
    async with house.visitor(accept="text/event-stream") as client:
        assert (await client.get("/live?topics=desk")).status_code == 401
        assert (await client.get("/live")).status_code in (400, 401)


async def test_the_stream_ends_by_itself_when_the_server_does(house: WebHouse) -> None:
    stopped = asyncio.Event()
    stream = events._events(house.live, [DESK], stopped)
    waiting = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0.01)
    stopped.set()
    async with asyncio.timeout(20):
        assert await waiting is None


# --- webhooks ----------------------------------------------------------------------------------


def body_of(text: str, platform_id: str = "1") -> bytes:
    return msgspec.json.encode(inbound(text, platform_id=platform_id))


async def rows(house: WebHouse) -> dict[InboxStatus, int]:
    async with house.database.read() as view:
        counted = {status: await view.inbox.count(status) for status in InboxStatus}
    return {status: number for status, number in counted.items() if number}


async def test_an_event_is_stored_before_it_is_acknowledged(house: WebHouse) -> None:
    async with house.visitor() as client:
        for _ in range(2):
            answer = await client.post("/channels/shop/webhook", content=body_of("ціна"), headers={"X-Secret": "right"})
            assert (answer.status_code, answer.content) == (200, b"")
    assert await rows(house) == {InboxStatus.WAITING: 1}
    async with house.database.read() as view:
        [row] = await view.inbox.waiting(10)
    assert row.body == body_of("ціна")


@pytest.mark.parametrize(
    ("path", "secret", "content", "status"),
    [
        ("/channels/shop/webhook", "wrong", body_of("x"), 403),
        ("/channels/shop/webhook", "", body_of("x"), 403),
        ("/channels/other/webhook", "right", body_of("x"), 404),
        ("/channels/shop/webhook", "right", b"x" * (BODY_LIMIT + 1), 413),
    ],
    ids=["forged", "unsigned", "no such channel", "too large"],
)
async def test_what_is_not_taken_leaves_no_row(
    house: WebHouse, path: str, secret: str, content: bytes, status: int
) -> None:
    async with house.visitor(accept="*/*") as client:
        answer = await client.post(path, content=content, headers={"x-secret": secret})
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert await rows(house) == {}


async def test_a_channel_that_is_not_configured(house: WebHouse) -> None:
    async with house.visitor(accept="application/json") as client:
        told = await client.post("/channels/nobody-knows/webhook", content=b"{}")
    assert (told.status_code, "[channels.NAME]" in told.json()["detail"]) == (404, True)


async def test_only_get_and_post_are_for_webhooks(house: WebHouse) -> None:
    async with house.visitor(accept="*/*") as client:
        answer = await client.put("/channels/shop/webhook", content=body_of("x"), headers={"x-secret": "right"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert await rows(house) == {}


@pytest.mark.parametrize(
    "content",
    [b"", b"not json", b"[" * 200 + b"]" * 200, b"\xff\xfe", b'{"sender":{"address":"7"}}', b'"\\ud800"'],
)
async def test_authentic_but_unreadable_is_kept_aside(house: WebHouse, content: bytes) -> None:
    async with house.visitor(accept="*/*") as client:
        answer = await client.post("/channels/shop/webhook", content=content, headers={"x-secret": "right"})
    assert answer.status_code == 200
    assert await rows(house) == {InboxStatus.QUARANTINED: 1}


async def test_what_is_not_stored_is_not_acknowledged(house: WebHouse) -> None:
    house.database.failures = [StorageUnavailable("disk full at /hush")]  # type: ignore[attr-defined]
    async with house.visitor(accept="*/*") as client:
        asked = {"url": "/channels/shop/webhook", "content": body_of("x"), "headers": {"x-secret": "right"}}
        with structlog.testing.capture_logs():
            answer = await client.post(**asked)
        assert answer.status_code == 503
        assert "hush" not in answer.text
        assert await rows(house) == {}
        assert (await client.post(**asked)).status_code == 200
    assert await rows(house) == {InboxStatus.WAITING: 1}


# --- what everybody reads ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/static/gateway/base.css"])
async def test_what_is_only_read_sets_no_cookie(house: WebHouse, path: str) -> None:
    async with house.visitor() as client:
        assert "set-cookie" not in (await client.get(path)).headers
        assert CSRF in (await client.get("/login")).headers["set-cookie"]


@pytest.mark.parametrize("path", ["/login", "/health/live", "/metrics", "/static/gateway/base.css", "/nowhere"])
async def test_head_is_get_without_its_body(house: WebHouse, path: str) -> None:
    async with house.visitor() as client:
        told, whole = await client.head(path), await client.get(path)
    assert (told.status_code, told.content) == (whole.status_code, b"")
    assert told.headers["content-type"] == whole.headers["content-type"]


async def test_head_of_what_never_ends(house: WebHouse) -> None:
    cookie = await session_of(house, Role.AGENT)
    async with house.visitor(cookie=cookie) as client, asyncio.timeout(20):
        told = await client.head("/live?topics=desk")
    assert (told.status_code, told.content) == (200, b"")


async def test_head_brings_no_event(house: WebHouse) -> None:
    async with house.visitor() as client:
        assert (await client.head("/channels/nobody-knows/webhook")).status_code == 404
        assert (await client.head("/form")).status_code == 405


async def test_the_figures_name_their_type_once(house: WebHouse) -> None:
    async with house.visitor() as client:
        assert (await client.get("/metrics")).headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
