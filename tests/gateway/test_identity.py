"""Who stays, what is taken over, which way is next: the policy, by table and by chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels import Capabilities, Idempotency, Markup
from gateway.contacts import Contact, Identity
from gateway.conversations import Conversation, Form, State
from gateway.identity import (
    Proof,
    Standing,
    Thing,
    claims_of,
    code_in,
    may_be_one,
    merge,
    normal_form,
    shelf,
    stays,
    thing_on,
    ways,
)
from gateway.messages import ContactCard, Inbound, Part, Sender, Signal, SignalKind, Start, Text
from gateway.people.lost import lost_there

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
FORM = Form(name="callback", step="time")
CODE = "go-" + "aB3_-" * 4 + "zzzz"


def person(number: int, state: State | None = None, *, form: Form | None = None, **fields: Any) -> Standing:
    contact = Contact(id=number, created_at=NOW + timedelta(minutes=number), **fields)
    if state is None:
        return Standing(contact=contact)
    talk = Conversation(
        id=number,
        contact_id=number,
        identity_id=number,
        channel="web",
        address="a",
        state=state,
        form=form,
        created_at=NOW,
        updated_at=NOW,
    )
    return Standing(contact=contact, open=talk)


@pytest.mark.parametrize(
    ("one", "other", "prefer", "kept"),
    [
        (person(1, State.BOT), person(2, State.AGENT), None, 2),
        (person(1, State.QUEUED), person(2, State.AGENT), 1, 2),
        (person(1, State.BOT), person(2, State.QUEUED), 1, 2),
        (person(1), person(2, State.BOT), 1, 2),
        (person(1, State.BOT), person(2, State.BOT, form=FORM), 1, 2),
        (person(1, State.BOT, form=FORM), person(2, State.QUEUED), None, 2),
        (person(1, State.BOT), person(2, State.BOT), 2, 2),
        (person(1, State.BOT), person(2, State.BOT), None, 1),
        (person(1, State.AGENT), person(2, State.AGENT), None, 1),
        (person(1), person(2), 2, 1),
    ],
)
def test_the_furthest_conversation_stays_then_the_form_then_the_older(
    one: Standing, other: Standing, prefer: int | None, kept: int
) -> None:
    for pair in ((one, other), (other, one)):
        first, second = stays(*pair, prefer=prefer)
        assert first.contact.id == kept
        assert {first.contact.id, second.contact.id} == {1, 2}


texts = st.one_of(st.none(), st.sampled_from(["", "Оля", "Ольга", "uk", "+380671234567"]))
details = st.dictionaries(st.sampled_from(["order", "city", "plan"]), st.sampled_from(["1", "2", ""]), max_size=3)
people = st.builds(
    lambda name, phone, email, more: Contact(id=1, created_at=NOW, name=name, phone=phone, email=email, details=more),
    texts,
    texts,
    texts,
    details,
)


@given(kept=people, other=people)
def test_merging_overwrites_nothing_and_forgets_nothing(kept: Contact, other: Contact) -> None:
    merged = merge(kept, other)
    for name in ("name", "phone", "email"):
        had, theirs = getattr(kept, name), getattr(other, name)
        if had:
            assert name not in merged.fields
        if theirs and theirs != had:
            assert theirs in (merged.fields.get(name), merged.differed.get(name))
    assert not kept.details.keys() & merged.details.keys()
    assert (kept.details | merged.details).keys() == kept.details.keys() | other.details.keys()


def identity(number: int, channel: str, **more: Any) -> Identity:
    return Identity(id=number, contact_id=1, channel=channel, address=f"a{number}", **more)


def test_two_accounts_are_two_people() -> None:
    account = shelf(Thing.ACCOUNT)
    mine = [Identity(id=1, contact_id=1, channel=account, address="42")]
    theirs = [Identity(id=2, contact_id=2, channel=account, address="43")]
    assert may_be_one(mine, [])
    assert may_be_one(mine, mine)
    assert not may_be_one(mine, theirs)
    assert may_be_one(mine, [*theirs, *mine])


@pytest.mark.parametrize(
    ("identities", "used", "tried", "order", "expected"),
    [
        ([identity(1, "telegram", verified=True), identity(2, "mail", verified=True)], {}, ["telegram"], [], [2]),
        ([identity(1, "mail")], {}, [], [], []),
        ([identity(1, "mail")], {"mail": NOW}, [], [], [1]),
        ([identity(1, "mail", verified=True, blocked=True)], {"mail": NOW}, [], [], []),
        ([identity(1, "gone", verified=True)], {}, [], [], []),
        ([identity(1, shelf(Thing.PHONE), verified=True)], {}, [], [], []),
        ([identity(1, "mail", verified=True), identity(2, "web", verified=True)], {"web": NOW}, [], [], [2, 1]),
        ([identity(1, "mail", verified=True), identity(2, "web", verified=True)], {"web": NOW}, [], ["mail"], [1, 2]),
        ([identity(1, "mail", verified=True), identity(2, "mail", verified=True)], {}, [], [], [2]),
    ],
)
def test_other_ways(
    identities: list[Identity], used: dict[str, datetime], tried: list[str], order: list[str], expected: list[int]
) -> None:
    found = ways(identities, used=used, tried=tried, known=["telegram", "mail", "web"], order=order)
    assert [one.id for one in found] == expected


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ((Start(payload=CODE),), CODE),
        ((Text(text=CODE),), CODE),
        ((Text(text=f" `{CODE}`.\n"),), CODE),
        ((Text(text=f"код {CODE}"),), None),
        ((Text(text=CODE[:-1]),), None),
        ((Text(text=CODE + "a"),), None),
        ((Start(payload="delivery-cost"),), None),
        ((Start(),), None),
        ((Text(text=CODE), Text(text="і ще")), None),
        ((), None),
    ],
)
def test_a_code_is_all_there_is_in_a_message(parts: tuple[Part, ...], found: str | None) -> None:
    assert code_in(parts) == found


@pytest.mark.parametrize(
    ("thing", "value", "normal"),
    [
        (Thing.PHONE, "+380 67 123-45-67", "+380671234567"),
        (Thing.PHONE, "380671234567", "+380671234567"),
        (Thing.PHONE, "0671234567", None),
        (Thing.PHONE, "hello", None),
        (Thing.EMAIL, " Olha@Example.ORG ", "olha@example.org"),
        (Thing.EMAIL, "olha@localhost", None),
        (Thing.EMAIL, "a@b.c, d@e.f", None),
        (Thing.EMAIL, "x" * 400 + "@example.org", None),
        (Thing.ACCOUNT, "  42 ", "42"),
        (Thing.ACCOUNT, " ", None),
    ],
)
def test_normal_forms(thing: Thing, value: str, normal: str | None) -> None:
    assert normal_form(thing, value) == normal


def test_a_shelf_is_no_channel_and_says_what_lies_there() -> None:
    for thing in Thing:
        channel = shelf(thing, "shop" * 30)
        assert thing_on(channel) is thing
        assert len(channel) <= 64
    assert thing_on("telegram") is None


PLAIN = {"text_limit": 100, "markup": Markup.PLAIN, "idempotency": Idempotency.NEITHER}


@pytest.mark.parametrize(
    ("sender", "parts", "able", "found"),
    [
        ({"verified": True}, (Text(text="a"),), {}, []),
        ({"verified": True}, (Text(text="a"),), {"address_is": "email"}, ["proof:email"]),
        ({"verified": False}, (Text(text="a"),), {"address_is": "email"}, []),
        ({"person": "7"}, (Text(text="a"),), {"person_is": "account"}, ["proof:person:shop"]),
        ({"person": "7", "verified": True}, (), {"person_is": "account"}, ["proof:person:shop", "proof:account"]),
        ({}, (ContactCard(phone="+380671234567", own=True),), {}, ["proof:phone"]),
        ({}, (ContactCard(phone="+380671234567"),), {}, []),
        ({}, (Text(text="+380671234567"),), {}, []),
    ],
)
def test_only_what_is_vouched_for_is_claimed(
    sender: dict[str, Any], parts: tuple[Part, ...], able: dict[str, str], found: list[str]
) -> None:
    inbound = Inbound(sender=Sender(address="o@example.org", **sender), parts=parts)
    claims = claims_of(inbound, "shop", Capabilities(**PLAIN, **able))
    assert [claim.shelf for claim in claims] == found
    assert all(claim.proof in (Proof.SENDER, Proof.CARD) for claim in claims)


@pytest.mark.parametrize(
    ("kind", "reason", "lost"),
    [
        (SignalKind.BLOCKED, None, True),
        (SignalKind.FAILED, "5.1.1", True),
        (SignalKind.FAILED, "5.2.2", True),
        (SignalKind.FAILED, "4.4.1", True),
        (SignalKind.FAILED, "5.7.1", False),
        (SignalKind.FAILED, "5.6.0", False),
        (SignalKind.FAILED, None, False),
        (SignalKind.READ, "5.1.1", False),
    ],
)
def test_lost_there(kind: SignalKind, reason: str | None, lost: bool) -> None:
    assert lost_there(Signal(kind=kind, address="a", platform_id="1", reason=reason)) is lost
