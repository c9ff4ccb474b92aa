"""The firm's own tokens: only what its key signed, the pinned way, for us, and for a short while."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.errors import Conflict, RequestRefused, SettingsError
from gateway.people.identifying import Identifying
from gateway.people.settings import SignedTokens as Settings
from gateway.people.signed import SignedTokens
from gateway.storage.engine import Database
from tests.conftest import SteppingClock
from tests.gateway.people_room import PeopleRoom

SECRET = "a secret of thirty-two bytes, or a few more"
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def said(clock: SteppingClock, **more: Any) -> dict[str, Any]:
    now = int(clock().timestamp())
    return {"sub": "42", "aud": "frontdesk", "exp": now + 300, **more}


def token(clock: SteppingClock, key: Any = SECRET, algorithm: str = "HS256", **more: Any) -> str:
    claims = {name: value for name, value in said(clock, **more).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm)


def reader(clock: SteppingClock, **settings: Any) -> SignedTokens:
    return SignedTokens(Settings(**{"key": SECRET, **settings}), clock)


@pytest.mark.parametrize(
    ("algorithm", "key", "signer"),
    [("HS256", SECRET, SECRET), ("RS256", pem(RSA), private(RSA)), ("ES256", pem(EC), private(EC))],
)
def test_a_good_token_names_the_customer(clock: SteppingClock, algorithm: str, key: str, signer: str) -> None:
    made = token(clock, signer, algorithm, email="Olha@Example.org", phone_number="+380671234567", name="Ольга")
    signed = reader(clock, key=key, algorithm=algorithm).read(made)
    assert [one.key for one in signed.claims] == [
        ("proof:account", "42"),
        ("proof:email", "olha@example.org"),
        ("proof:phone", "+380671234567"),
    ]
    assert signed.name == "Ольга"


def test_what_the_site_itself_calls_unverified_proves_nothing(clock: SteppingClock) -> None:
    unverified = {"email_verified": False, "phone_number_verified": False}
    made = token(clock, email="o@example.org", phone_number="+380671234567", **unverified)
    assert [one.shelf for one in reader(clock).read(made).claims] == ["proof:account"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"exp": None}, "must be there"),
        ({"sub": None}, "must be there"),
        ({"aud": None}, "must be there"),
        ({"aud": "another"}, "aud is not"),
        ({"exp": 0}, "expired"),
        ({"exp": 4_000_000_000}, "more than 900 seconds"),
        ({"exp": 10**300}, "is no time"),
        ({"nbf": 4_000_000_000}, "future"),
        ({"iat": 4_000_000_000}, "future"),
        ({"sub": "  "}, "sub must be"),
    ],
)
def test_a_bad_claim_is_refused_with_the_reason(clock: SteppingClock, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(RequestRefused, match=reason) as refused:
        reader(clock).read(token(clock, **more))
    assert refused.value.status == 401


def test_another_key_another_way_and_none_at_all(clock: SteppingClock) -> None:
    tokens = reader(clock)
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(json.dumps(said(clock)).encode()).rstrip(b"=").decode()
    good = token(clock)
    for bad in (
        token(clock, "another secret of thirty-two bytes or so"),
        token(clock, SECRET + SECRET, "HS512"),
        token(clock, private(RSA), "RS256"),
        f"{head}.{body}.",
        f"{head}.{body}.{good.split('.')[2]}",
        good[:-3],
        "",
        "a.b.c",
        "x" * 10_000,
    ):
        with pytest.raises(RequestRefused):
            tokens.read(bad)


def test_the_public_key_is_no_secret_to_sign_with(clock: SteppingClock) -> None:
    """The classic: an HS256 token signed with the text of the RSA public key (RFC 8725, 2.1)."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(json.dumps(said(clock)).encode()).rstrip(b"=").decode()
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    mac = hmac.digest(pem(RSA).encode(), f"{head}.{body}".encode(), hashlib.sha256)
    forged = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(RequestRefused):
        reader(clock, key=pem(RSA), algorithm="RS256").read(forged)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"key": "short"}, "32 bytes"),
        ({"key": pem(RSA)}, "PEM"),
        ({"key": SECRET, "algorithm": "RS256"}, "public key in PEM"),
        ({"key": pem(EC), "algorithm": "RS256"}, "RSA"),
        ({"key": pem(RSA), "algorithm": "ES256"}, "P-256"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_at_the_start(clock: SteppingClock, settings: Any, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        SignedTokens(Settings(**settings), clock)


def test_without_a_key_none_is_taken(clock: SteppingClock) -> None:
    tokens = SignedTokens(Settings(), clock)
    assert not tokens.taken
    with pytest.raises(RequestRefused):
        tokens.read(token(clock, "" or SECRET))


# --- and what follows ----------------------------------------------------------------------------


@pytest.fixture
def each_room(database: Database, clock: SteppingClock) -> PeopleRoom:
    return PeopleRoom(database, clock)


def identifying(room: PeopleRoom) -> Identifying:
    return Identifying(room.database, reader(room.clock), room.people.proving, room.clock)


async def test_a_signed_in_visitor_is_who_wrote_before(each_room: PeopleRoom) -> None:
    room = each_room
    await room.write("mail", "o@example.org", "ціна", verified=True)
    await room.write("web", "v1", "ціна")
    made = token(room.clock, email="o@example.org")
    for _ in range(2):
        await identifying(room).identify("web", "v1", made)
    assert (await room.identity("web", "v1")).contact_id == (await room.identity("mail", "o@example.org")).contact_id
    assert (await room.identity("web", "v1")).verified
    assert len(await room.log("web", "v1")) == 1


async def test_two_browsers_of_one_customer_are_one_and_two_customers_of_one_browser_are_not(
    each_room: PeopleRoom,
) -> None:
    room = each_room
    work = identifying(room)
    await work.identify("web", "home", token(room.clock, jti="1"))
    await work.identify("web", "phone", token(room.clock, jti="2"))
    assert (await room.identity("web", "home")).contact_id == (await room.identity("web", "phone")).contact_id
    with pytest.raises(Conflict):
        await work.identify("web", "home", token(room.clock, sub="43"))


async def test_a_token_that_somebody_else_has_used_opens_nothing(each_room: PeopleRoom) -> None:
    room = each_room
    made = token(room.clock)
    await identifying(room).identify("web", "mine", made)
    with pytest.raises(RequestRefused):
        await identifying(room).identify("web", "thief", made)
    async with room.database.read() as work:
        assert ("web", "thief") not in await work.contacts.find([("web", "thief")])
