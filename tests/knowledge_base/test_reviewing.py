"""Reviews: who may sign what, what a signature does, and that nothing goes live without one where they are on."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import Conflict
from gateway.ports import Clock
from gateway.settings import Company
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from knowledge_base.articles import Status
from knowledge_base.base import PublishedKnowledge
from knowledge_base.file_writing import write_file
from knowledge_base.publishing import Publisher, Refused, StaleEdit, Unsigned
from knowledge_base.reviewing import Reviewing, enough
from knowledge_base.storage import Editor
from knowledge_base.storage_reviews import Deed
from tests.knowledge_base.fakes import InlineChecker, RecordingTrainer, an_article

ROLES = {
    "olena": Role.EDITOR,
    "petro": Role.REVIEWER,
    "rada": Role.REVIEWER,
    "oper": Role.OPERATOR,
}


@pytest.fixture
async def staff(database: Database, clock: Clock) -> dict[str, Staff]:
    people = {}
    async with database.write() as work:
        for name, role in ROLES.items():
            people[name] = await work.staff.add(
                email=f"{name}@x.example", name=name, password_hash="x", roles=frozenset({role}), now=clock()
            )
    return people


@pytest.fixture
def publisher(
    database: Database,
    trainer: RecordingTrainer,
    checker: InlineChecker,
    company: Company,
    clock: Clock,
    knowledge: PublishedKnowledge,
) -> Publisher:
    return Publisher(database, trainer, checker, company, clock, refreshers=[knowledge.refresh], review=True)


@pytest.fixture
def reviewing(database: Database, publisher: Publisher, clock: Clock) -> Reviewing:
    return Reviewing(database, publisher, clock)


def editor(one: Staff) -> Editor:
    return Editor(name=one.name, staff_id=one.id)


async def write(publisher: Publisher, author: Staff, *, based_on: int | None = None, **changes: object) -> int:
    draft = an_article(status=Status.DRAFT, **changes)
    return (await publisher.save(draft, editor(author), based_on=based_on)).revision


async def test_from_draft_to_live_by_a_colleagues_signature(
    reviewing: Reviewing, publisher: Publisher, staff: dict[str, Staff], knowledge: PublishedKnowledge
) -> None:
    await write(publisher, staff["olena"])
    saved = await reviewing.request("delivery-cost", 1, editor(staff["olena"]), "новий тариф")
    assert (saved.revision, saved.article.status) == (2, Status.REVIEW)
    assert not knowledge.articles

    signed = await reviewing.sign("delivery-cost", 2, staff["petro"], "добре", note="Signed")
    assert signed.saved is not None
    assert (signed.saved.revision, signed.saved.article.status, signed.saved.note) == (3, Status.PUBLISHED, "Signed")
    assert signed.publication is not None
    assert set(knowledge.articles) == {"delivery-cost"}
    entries = (await reviewing.standing("delivery-cost")).entries
    assert [(one.deed, one.author, one.words, one.revision) for one in entries] == [
        (Deed.REQUESTED, "olena", "новий тариф", 2),
        (Deed.SIGNED, "petro", "добре", 2),
    ]


async def test_nobody_signs_their_own_words_nor_without_the_right(
    reviewing: Reviewing, publisher: Publisher, staff: dict[str, Staff], knowledge: PublishedKnowledge
) -> None:
    await write(publisher, staff["petro"])
    # That a colleague sends it on makes it nobody else's words.
    await reviewing.request("delivery-cost", 1, editor(staff["olena"]))
    for name in ("petro", "olena"):
        with pytest.raises(Conflict, match="may not sign"):
            await reviewing.sign("delivery-cost", 2, staff[name])
    assert not knowledge.articles
    assert (await reviewing.standing("delivery-cost")).signers == frozenset()
    assert (await reviewing.sign("delivery-cost", 2, staff["oper"])).saved is not None


async def test_two_who_wrote_it_sign_for_each_other(
    reviewing: Reviewing, publisher: Publisher, staff: dict[str, Staff], knowledge: PublishedKnowledge
) -> None:
    await write(publisher, staff["petro"])
    await write(publisher, staff["rada"], based_on=1, notes="комa")
    await reviewing.request("delivery-cost", 2, editor(staff["rada"]))
    first = await reviewing.sign("delivery-cost", 3, staff["petro"])
    assert first.saved is None
    assert not knowledge.articles
    with pytest.raises(Conflict):
        await reviewing.sign("delivery-cost", 3, staff["petro"])
    assert (await reviewing.sign("delivery-cost", 3, staff["rada"])).saved is not None
    assert set(knowledge.articles) == {"delivery-cost"}


async def test_a_signature_is_of_one_revision(
    reviewing: Reviewing, publisher: Publisher, staff: dict[str, Staff]
) -> None:
    await write(publisher, staff["olena"])
    await reviewing.request("delivery-cost", 1, editor(staff["olena"]))
    await write(publisher, staff["olena"], based_on=2, notes="після підпису")
    with pytest.raises(StaleEdit):
        await reviewing.sign("delivery-cost", 2, staff["petro"])
    with pytest.raises(Conflict, match="not in review"):
        await reviewing.sign("delivery-cost", 3, staff["petro"])


async def test_what_is_live_already_needs_no_second_signature(
    reviewing: Reviewing, publisher: Publisher, staff: dict[str, Staff]
) -> None:
    await write(publisher, staff["petro"])
    await reviewing.request("delivery-cost", 1, editor(staff["petro"]))
    await reviewing.sign("delivery-cost", 2, staff["rada"])
    await write(publisher, staff["olena"], based_on=3, notes="дрібниця")
    await reviewing.request("delivery-cost", 4, editor(staff["olena"]))
    stands = await reviewing.standing("delivery-cost")
    assert (stands.names, stands.authors) == (("olena",), {staff["olena"].id})
    assert stands.may_sign(staff["petro"])

    # Off the air and back again: only the words since the last signature are new.
    await reviewing.sign("delivery-cost", 5, staff["petro"])
    archived = an_article(status=Status.ARCHIVED, notes="дрібниця")
    await publisher.save(archived, editor(staff["petro"]), based_on=6)
    assert (await publisher.publish(editor(staff["petro"]), ["delivery-cost"])) is not None
    await write(publisher, staff["rada"], based_on=7, notes="знову")
    await reviewing.request("delivery-cost", 8, editor(staff["rada"]))
    assert (await reviewing.standing("delivery-cost")).names == ("rada",)


async def test_sent_back_with_a_reason(reviewing: Reviewing, publisher: Publisher, staff: dict[str, Staff]) -> None:
    await write(publisher, staff["olena"])
    await reviewing.request("delivery-cost", 1, editor(staff["olena"]))
    assert [one.open for one in await reviewing.waiting()] == [True]
    saved = await reviewing.send_back("delivery-cost", 2, editor(staff["petro"]), "ціна стара")
    assert saved.article.status is Status.DRAFT
    await reviewing.comment("delivery-cost", 3, editor(staff["olena"]), "виправлю")
    (stands,) = await reviewing.waiting()
    assert stands.returned is not None
    assert (stands.returned.words, stands.open, stands.names) == ("ціна стара", False, ("olena",))
    await write(publisher, staff["olena"], based_on=3, notes="виправлено")
    await reviewing.request("delivery-cost", 4, editor(staff["olena"]))
    (stands,) = await reviewing.waiting()
    assert (stands.returned, stands.open) == (None, True)


async def test_only_what_is_fit_to_go_live_is_sent_to_review(
    reviewing: Reviewing, publisher: Publisher, staff: dict[str, Staff]
) -> None:
    await write(publisher, staff["olena"], answers={})
    with pytest.raises(Refused):
        await reviewing.request("delivery-cost", 1, editor(staff["olena"]))
    assert (await reviewing.standing("delivery-cost")).entries == ()


async def test_publishing_unsigned_is_refused_and_taking_away_is_not(
    publisher: Publisher, staff: dict[str, Staff], knowledge: PublishedKnowledge
) -> None:
    olena = editor(staff["olena"])
    await publisher.save(an_article(), olena, based_on=None)
    with pytest.raises(Unsigned, match="delivery-cost needs the signature"):
        await publisher.publish(olena, ["delivery-cost"])
    assert await publisher.publish(olena) is None
    assert not knowledge.articles
    # A command is the operator's.
    assert await publisher.publish(Editor(name="frontdesk import")) is not None
    await publisher.save(an_article(status=Status.ARCHIVED), olena, based_on=1)
    assert await publisher.publish(olena, ["delivery-cost"]) is not None
    assert not knowledge.articles


async def test_an_import_by_a_person_waits_for_a_signature(
    publisher: Publisher, staff: dict[str, Staff], knowledge: PublishedKnowledge, tmp_path: Path
) -> None:
    (tmp_path / "delivery-cost.md").write_bytes(write_file(an_article()))
    await publisher.import_folder(tmp_path, Editor(name="frontdesk import"))
    (tmp_path / "delivery-cost.md").write_bytes(write_file(an_article(notes="нове")))
    (tmp_path / "refund.md").write_bytes(write_file(an_article("refund")))
    report = await publisher.import_folder(tmp_path, editor(staff["olena"]))
    assert (report.held, report.publication) == (("delivery-cost", "refund"), None)
    assert {one: article.notes for one, article in knowledge.articles.items()} == {"delivery-cost": ""}


@pytest.mark.parametrize(
    ("authors", "signers", "verdict"),
    [
        ((), (), False),
        ((1,), (1,), False),
        ((1,), (2,), True),
        ((1, 2), (2,), False),
        ((1, 2), (1, 2), True),
        ((1, 2), (3,), True),
        (("frontdesk import",), (1,), True),
        ((), (1,), True),
    ],
)
def test_everybodys_words_are_signed_by_somebody_else(
    authors: tuple[int | str, ...], signers: tuple[int | str, ...], verdict: bool
) -> None:
    assert enough(authors, signers) is verdict
