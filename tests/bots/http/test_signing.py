"""Standard Webhooks: our signatures are theirs, theirs are ours, and rotation loses no request."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from bots.http.signing import ID, SIGNATURE, BadSecret, read_secrets, sign, verify
from gateway.errors import RequestRefused
from tests.bots.http.support import NOW, OLD_SECRET, SECRET, STRANGERS

BODY = '{"test": 2432232314, "слово": "так"}'.encode()

VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The example that the specification's reference libraries test themselves with."""


def check(headers: dict[str, str], secret: str = SECRET, now: datetime = NOW) -> str:
    return verify(read_secrets(secret), headers, BODY, now=now, tolerance=300)


def test_the_specifications_own_example() -> None:
    webhook_id, seconds, body = VECTOR
    at = datetime.fromtimestamp(seconds, UTC)
    assert sign(read_secrets(VECTOR_SECRET), webhook_id, at, body)[SIGNATURE] == VECTOR_SIGNATURE


def test_what_we_sign_we_take() -> None:
    assert check(sign(read_secrets(SECRET), "msg_1", NOW, BODY)) == "msg_1"


def test_while_a_secret_changes_nothing_is_refused() -> None:
    both = f"{SECRET} {OLD_SECRET}"
    signed = sign(read_secrets(both), "msg_1", NOW, BODY)
    assert len(signed[SIGNATURE].split()) == 2
    for theirs in (SECRET, OLD_SECRET, both):
        assert check(signed, theirs) == "msg_1"
        assert check(sign(read_secrets(theirs), "msg_1", NOW, BODY), both) == "msg_1"
    with pytest.raises(RequestRefused):
        check(signed, STRANGERS)


def test_other_signatures_beside_ours_do_no_harm() -> None:
    signed = sign(read_secrets(SECRET), "msg_1", NOW, BODY)
    signed[SIGNATURE] = f"v1a,AAAA v1,AAAA nonsense {signed[SIGNATURE]}"
    assert check(signed) == "msg_1"


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_within_the_window(seconds: int) -> None:
    assert check(sign(read_secrets(SECRET), "msg_1", NOW, BODY), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "way"), [(-301, "ahead"), (301, "behind")])
def test_outside_the_window(seconds: int, way: str) -> None:
    with pytest.raises(RequestRefused, match=way) as caught:
        check(sign(read_secrets(SECRET), "msg_1", NOW, BODY), now=NOW + timedelta(seconds=seconds))
    assert caught.value.status == 401


def test_an_id_that_could_not_be_kept_is_refused() -> None:
    with pytest.raises(RequestRefused, match=ID):
        check(sign(read_secrets(SECRET), "m" * 151, NOW, BODY))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("c2VjcmV0", "must begin with whsec_"),
        ("whsec_!!!", "must be base64"),
        ("whsec_c2hvcnQ=", "24–64 bytes, this one holds 5"),
        (f"{SECRET} whsec_", "24–64 bytes"),
    ],
)
def test_bad_secrets(text: str, named: str) -> None:
    with pytest.raises(BadSecret, match=named) as caught:
        read_secrets(text)
    assert "c2hvcnQ" not in str(caught.value)


# --- against the reference library -----------------------------------------------------------


def test_the_reference_library_takes_ours() -> None:
    library = pytest.importorskip("standardwebhooks")
    now = datetime.now(UTC)
    signed = sign(read_secrets(f"{OLD_SECRET} {SECRET}"), "msg_1", now, BODY)
    assert library.Webhook(SECRET).verify(BODY, signed) == json.loads(BODY)
    with pytest.raises(library.WebhookVerificationError):
        library.Webhook(STRANGERS).verify(BODY, signed)


def test_we_take_the_reference_librarys() -> None:
    library = pytest.importorskip("standardwebhooks")
    signature = library.Webhook(SECRET).sign("msg_1", NOW, BODY.decode())
    headers = {ID: "msg_1", "webhook-timestamp": str(int(NOW.timestamp())), SIGNATURE: signature}
    assert check(headers) == "msg_1"
