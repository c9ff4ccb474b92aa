"""Whether a process should get traffic, told from what was last seen, never from a wish."""

from __future__ import annotations

import asyncio

import pytest
import structlog
from sqlalchemy import text

from gateway.channels import Envelope
from gateway.errors import StorageUnavailable
from gateway.inbox import Inbox
from gateway.operating.readiness import STALE_SECONDS, Readiness, Status
from gateway.operating.vitals import OFTEN, WITHIN_SECONDS, Vitals
from gateway.processes.loops import running
from gateway.processes.wakeups import Wakeups
from gateway.storage.engine import Database
from gateway.texts import Texts
from tests.gateway.flaky import FlakyDatabase, until
from tests.gateway.webhouse import WebHouse


class Watch:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ward:
    """A Readiness with everything it looks at in reach."""

    def __init__(self, database: Database, clock) -> None:
        self.watch = Watch()
        self.wakeups = Wakeups()
        self.vitals = Vitals(self.watch)
        self.revisions: tuple[int | None, int | None] = (None, None)
        self.hints = True
        self.readiness = Readiness(
            database,
            clock,
            wakeups=self.wakeups,
            vitals=self.vitals,
            revisions=lambda: self.revisions,
            hints=lambda: self.hints,
            seconds=self.watch,
        )

    def breaks(self, loop: str, times: int) -> None:
        for _ in range(times):
            self.vitals.broke(loop)


async def test_everything_in_order_is_ready(database: Database, clock) -> None:
    ward = Ward(database, clock)
    await ward.readiness.look()
    report = ward.readiness.report()
    assert (report.status, report.reason) == (Status.READY, None)
    assert set(report.checks.values()) == {"ok"}
    assert {"database", "migrations", "writer", "inbox", "loops", "channels", "model"} <= report.checks.keys()


async def test_before_the_first_look_nothing_is_promised(flaky: FlakyDatabase, clock) -> None:
    report = Ward(flaky, clock).readiness.report()
    assert (report.status, report.reason) == (Status.NOT_READY, "database: not looked at yet")


async def test_a_database_that_is_away(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    flaky.reads = [StorageUnavailable("away at 10.0.0.7")]
    await ward.readiness.look()
    report = ward.readiness.report()
    assert (report.status, report.reason) == (Status.NOT_READY, "database: the database does not answer")
    await ward.readiness.look()
    assert ward.readiness.report().status is Status.READY


async def test_hints_that_do_not_travel_cost_a_second_and_no_traffic(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    await ward.readiness.look()
    ward.hints = False
    report = ward.readiness.report()
    assert (report.status, report.takes_traffic) == (Status.DEGRADED, True)
    assert (report.reason or "").startswith("live: hints do not reach")


async def test_a_database_that_takes_no_writes(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    flaky.failures = [StorageUnavailable("locked")]
    await ward.readiness.look()
    assert ward.readiness.report().reason == "writer: the database takes no writes"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_standby_is_not_ready(database: Database, clock) -> None:
    async with database.write() as work:
        await work.connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
    ward = Ward(database, clock)
    await ward.readiness.look()
    assert ward.readiness.report().reason == "writer: the database is read-only"


async def test_a_writer_that_is_stuck_keeps_nobody_waiting(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    await ward.readiness.look()
    flaky.open.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(ward.readiness.look())
        await until(lambda: flaky.writes == 2)
        assert ward.readiness.report().status is Status.READY
        ward.watch.now += STALE_SECONDS + 1
        assert ward.readiness.report().reason == "writer: no answer for 9 seconds"
        flaky.open.set()


async def test_a_loop_of_looks_that_ended_is_noticed(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    await ward.readiness.look()
    ward.watch.now += STALE_SECONDS + 1
    assert ward.readiness.report().reason == "database: no answer for 9 seconds"


@pytest.mark.parametrize(("rows", "words"), [([], "not migrated"), (["0001"], "not migrated"), (["9999"], "update it")])
async def test_another_schema(flaky: FlakyDatabase, clock, rows: list[str], words: str) -> None:
    async with flaky.write() as work:
        await work.connection.execute(text("DELETE FROM alembic_version"))
        for row in rows:
            await work.connection.execute(text("INSERT INTO alembic_version VALUES (:row)"), {"row": row})
    ward = Ward(flaky, clock)
    await ward.readiness.look()
    report = ward.readiness.report()
    assert words in (report.reason or "")
    # In a rolling update the database is newer than the old program, which has to go on until it is replaced.
    assert report.takes_traffic == (rows == ["9999"])


async def test_late_turns_are_told_but_do_not_turn_customers_away(database: Database, clock) -> None:
    ward = Ward(database, clock)
    await Inbox(database, clock).take("shop", [Envelope(platform_id="1", address="7", body=b"{}")])
    clock.advance(seconds=59)
    await ward.readiness.look()
    assert ward.readiness.report().status is Status.READY
    clock.advance(seconds=2)
    await ward.readiness.look()
    report = ward.readiness.report()
    assert (report.status, report.takes_traffic) == (Status.DEGRADED, True)
    assert report.reason == "inbox: the oldest event has waited 61 seconds for its turn"


async def test_articles_without_a_model(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    await ward.readiness.look()
    for revisions, status in (((3, None), Status.DEGRADED), ((3, 2), Status.READY), ((3, 3), Status.READY)):
        ward.revisions = revisions
        assert ward.readiness.report().status is status


@pytest.mark.parametrize(
    ("loop", "status"),
    [("turns", Status.NOT_READY), ("outbox:shop", Status.DEGRADED), ("channel:shop", Status.DEGRADED)],
)
async def test_a_loop_that_breaks_over_and_over(flaky: FlakyDatabase, clock, loop: str, status: Status) -> None:
    ward = Ward(flaky, clock)
    ward.breaks(loop, OFTEN - 1)
    await ward.readiness.look()
    assert ward.readiness.report().status is Status.READY
    ward.breaks(loop, 1)
    report = ward.readiness.report()
    assert report.status is status
    assert loop in (report.reason or "")
    ward.watch.now += WITHIN_SECONDS + 1
    await ward.readiness.look()
    assert ward.readiness.report().status is Status.READY


async def test_breaks_far_apart_are_not_over_and_over(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    for _ in range(5):
        ward.breaks("turns", 1)
        ward.watch.now += WITHIN_SECONDS / 2 + 1
    assert ward.vitals.breaking() == []
    assert [figure.value for figure in ward.vitals.figures()] == [5]


async def test_stopping_is_told_at_once(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    await ward.readiness.look()
    ward.wakeups.stop()
    report = ward.readiness.report()
    assert (report.status, report.takes_traffic) == (Status.STOPPING, False)


async def test_over_http(flaky: FlakyDatabase, clock) -> None:
    house = WebHouse(flaky, clock, Texts())
    async with house.visitor() as client:
        assert (await client.get("/health/ready")).status_code == 503
        await house.readiness.look()
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"], answer.json()["checks"]["writer"]) == (200, "ready", "ok")
        house.wakeups.stop()
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (503, "stopping")
        assert (await client.get("/health/live")).json() == {"status": "alive"}


async def test_the_loop_looks_until_told_to_stop(flaky: FlakyDatabase, clock) -> None:
    ward = Ward(flaky, clock)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(ward.readiness.run())
        await until(lambda: ward.readiness.report().status is Status.READY)
        ward.wakeups.stop()


async def test_a_loop_that_breaks_is_begun_again_and_told(clock) -> None:
    wakeups, vitals, runs = Wakeups(), Vitals(), []

    async def breaks() -> None:
        runs.append(1)
        raise RuntimeError("bug")

    with structlog.testing.capture_logs() as lines:
        async with running(wakeups, {"turns": breaks}, {}, vitals):
            await until(lambda: len(runs) == 2)
    assert [figure.labels for figure in vitals.figures()] == [{"loop": "turns"}]
    assert {line["event"] for line in lines} == {"loop_broke"}


async def test_a_loop_is_counted_from_its_beginning(clock) -> None:
    wakeups, vitals, told = Wakeups(), Vitals(), []

    async def looks() -> None:
        told.extend(vitals.figures())
        wakeups.stop()

    async with running(wakeups, {"turns": looks}, {}, vitals):
        await until(lambda: bool(told))
    assert [(figure.labels, figure.value) for figure in told] == [({"loop": "turns"}, 0)]
    assert vitals.breaking() == []
