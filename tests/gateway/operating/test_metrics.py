"""The figures tell what is so, cheaply, and something even while the database is away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import event, text

from gateway.breaker import Breaker
from gateway.channels import UNREADABLE, Envelope, Send
from gateway.errors import Ambiguous, StorageUnavailable, Throttled
from gateway.inbox import Inbox
from gateway.live import Live
from gateway.messages import Author, Direction, Text
from gateway.operating.backlog import WATCHED, Backlog
from gateway.operating.metrics import Metrics
from gateway.operating.observing import Figure
from gateway.operating.probes import of_breakers, of_live, of_revisions
from gateway.operating.readiness import Readiness
from gateway.operating.vitals import Vitals
from gateway.ports import Action
from gateway.processes.wakeups import Wakeups
from gateway.steps import Step
from gateway.storage.deliveries import DeliveryState
from gateway.storage.engine import Database
from gateway.storage.schema import metadata
from gateway.storage.work import Work
from gateway.texts import Texts
from handoff.figures import HandoffFigures
from handoff.handoffs import HandoffState
from handoff.storage.handoffs import HandoffTable
from tests.fakes import inbound
from tests.gateway.flaky import FlakyDatabase
from tests.gateway.spine import Spine
from tests.gateway.webhouse import WebHouse

LINE = re.compile(r"^([a-z_]+)(\{.*\})? (\S+)$")


async def shown(metrics: Metrics) -> dict[str, float]:
    """What a scrape gives, by name and labels as they stand."""
    lines = (await metrics.exposition()).decode().splitlines()
    found = [LINE.match(line) for line in lines if not line.startswith("#")]
    assert all(found), lines
    return {f"{one[1]}{one[2] or ''}": float(one[3]) for one in found if one}


async def queue(database: Database, clock: Callable[[], Any], *states: DeliveryState, channel: str = "shop") -> int:
    """Deliveries in `states`; returns their conversation."""
    async with database.write() as work:
        identity = await work.contacts.meet(channel, "7", clock())
        conversation = await work.conversations.add(identity=identity, language=None, now=clock())
        for seq, state in enumerate(states, start=1):
            message = await work.messages.add(
                conversation_id=conversation.id,
                seq=seq,
                direction=Direction.OUTBOUND,
                author=Author.BOT,
                channel=channel,
                parts=(Text(text="hello"),),
                now=clock(),
            )
            work.deliveries.add(
                conversation_id=conversation.id,
                message_id=message.id,
                channel=channel,
                sends=[Send(address="7", part=Text(text="hello"), key=str(seq))],
                author=Author.BOT,
                state=state,
                now=clock(),
            )
        return conversation.id


async def test_what_waits_and_how_long(database: Database, clock) -> None:
    await Inbox(database, clock).take("shop", [Envelope(platform_id=UNREADABLE + "1", address=None, body=b"?")])
    await Inbox(database, clock).take("shop", [Envelope(platform_id="2", address="7", body=b"{}")])
    clock.advance(seconds=30)
    await Inbox(database, clock).take("shop", [Envelope(platform_id="3", address="7", body=b"{}")])
    figures = await shown(Metrics(database, sources=[Backlog(["shop"], clock)], patience=20))
    assert figures['frontdesk_inbox{status="waiting"}'] == 2
    assert figures['frontdesk_inbox{status="quarantined"}'] == 1
    assert figures["frontdesk_inbox_oldest_seconds"] == 30
    assert figures["frontdesk_database_up"] == 1
    assert figures["frontdesk_timers_late_seconds"] == 0


async def test_sends_by_state_and_channel(database: Database, clock) -> None:
    states = DeliveryState
    await queue(database, clock, states.SENT, states.QUEUED, states.QUEUED, states.UNKNOWN)
    clock.advance(seconds=90)
    await queue(database, clock, states.SENDING, states.FAILED, states.FAILED, channel="other")
    clock.advance(seconds=10)
    figures = await shown(Metrics(database, sources=[Backlog(["shop", "idle"], clock)], patience=20))
    by_state = {state: figures[f'frontdesk_deliveries{{state="{state}"}}'] for state in WATCHED}
    assert by_state == {states.QUEUED: 2, states.SENDING: 1, states.UNKNOWN: 1, states.FAILED: 2}
    assert figures['frontdesk_channel_deliveries{channel="other",state="failed"}'] == 2
    assert figures['frontdesk_channel_deliveries{channel="idle",state="queued"}'] == 0
    assert figures['frontdesk_unsent_oldest_seconds{channel="shop"}'] == 100
    assert figures['frontdesk_unsent_oldest_seconds{channel="other"}'] == 10
    assert figures['frontdesk_unsent_oldest_seconds{channel="idle"}'] == 0


async def test_who_waits_for_a_person(database: Database, clock) -> None:
    conversation = await queue(database, clock)
    async with database.write() as work:
        await HandoffTable(work).add(
            conversation_id=conversation, state=HandoffState.WAITING, now=clock(), language="uk"
        )
    clock.advance(minutes=4)
    figures = await shown(Metrics(database, sources=[HandoffFigures(clock)], patience=20))
    assert figures["frontdesk_handoffs_waiting"] == 1
    assert figures["frontdesk_handoffs_waiting_seconds"] == 240


async def test_an_alarm_that_should_have_rung(database: Database, clock) -> None:
    async with database.write() as work:
        await work.timers.set("ring", "1", clock())
    clock.advance(seconds=5)
    assert (await shown(Metrics(database, sources=[Backlog([], clock)], patience=20)))[
        "frontdesk_timers_late_seconds"
    ] == 5


async def test_what_was_observed_carries_the_worker(flaky: FlakyDatabase) -> None:
    metrics = Metrics(flaky, worker="2", probes=[lambda: [Figure(name="frontdesk_live_up", help="x", value=1)]])
    metrics.watch(Step.TURNED, 3)
    metrics.watch(Step.TURNED, 2)
    metrics.turned(0.02)
    metrics.turned(-5)
    metrics.sent("shop", 0.3)
    metrics.send_failed("shop", "Throttled")
    metrics.webhook("shop", 503)
    figures = await shown(metrics)
    assert figures['frontdesk_messages_total{step="turned",worker="2"}'] == 5
    assert figures['frontdesk_messages_total{step="leased",worker="2"}'] == 0
    assert figures['frontdesk_turn_seconds_bucket{le="0.025",worker="2"}'] == 2
    assert figures['frontdesk_turn_seconds_sum{worker="2"}'] == 0.02
    assert figures['frontdesk_send_seconds_bucket{channel="shop",le="0.25",worker="2"}'] == 0
    assert figures['frontdesk_send_seconds_bucket{channel="shop",le="0.5",worker="2"}'] == 1
    assert figures['frontdesk_send_errors_total{channel="shop",kind="Throttled",worker="2"}'] == 1
    assert figures['frontdesk_webhooks_total{channel="shop",status="503",worker="2"}'] == 1
    assert figures['frontdesk_live_up{worker="2"}'] == 1
    assert figures['process_resident_memory_bytes{worker="2"}'] > 1_000_000
    assert 'process_cpu_seconds_total{worker="2"}' in figures
    assert not [name for name in figures if "_created" in name]


async def test_the_build_is_told(flaky: FlakyDatabase) -> None:
    [line] = [name for name in await shown(Metrics(flaky)) if name.startswith("frontdesk_build_info")]
    assert 'database="sqlite"' in line
    assert 'version="' in line


async def test_without_the_database_what_is_known_is_still_told(flaky: FlakyDatabase, clock) -> None:
    metrics = Metrics(flaky, sources=[Backlog(["shop"], clock), HandoffFigures(clock)], patience=20)
    metrics.watch(Step.TURNED, 1)
    flaky.reads = [StorageUnavailable("away")]
    figures = await shown(metrics)
    assert figures["frontdesk_database_up"] == 0
    assert figures['frontdesk_messages_total{step="turned",worker="0"}'] == 1
    # An old or a made-up number would look like a true one.
    assert not [name for name in figures if name.startswith(("frontdesk_inbox", "frontdesk_deliveries"))]
    assert (await shown(metrics))["frontdesk_database_up"] == 1


async def test_a_source_that_breaks_spoils_no_others(flaky: FlakyDatabase, clock) -> None:
    async def broken(_work: Work) -> Sequence[Figure]:
        raise RuntimeError("bug")

    figures = await shown(Metrics(flaky, sources=[broken, Backlog([], clock)], patience=20))
    assert figures["frontdesk_database_up"] == 1
    assert figures['frontdesk_inbox{status="waiting"}'] == 0


async def test_scrapes_share_a_look_and_none_waits_for_ever(flaky: FlakyDatabase) -> None:
    asked, gate = [], asyncio.Event()

    async def slow(_work: Work) -> Sequence[Figure]:
        asked.append(1)
        await gate.wait()
        return [Figure(name="frontdesk_slow", help="x", value=7)]

    async with flaky.read():
        pass  # a connection is there: opening one is not what is waited for
    metrics = Metrics(flaky, sources=[slow], patience=0.5)
    first, second = await asyncio.gather(shown(metrics), shown(metrics))
    assert first["frontdesk_database_up"] == second["frontdesk_database_up"] == 0
    assert len(asked) == 1
    gate.set()
    await metrics.close()
    assert (await shown(metrics))["frontdesk_slow"] == 7
    assert len(asked) == 2


async def test_the_spine_tells_how_long_it_took(sqlite_database: Database, clock) -> None:
    metrics = Metrics(sqlite_database)
    spine = Spine(
        sqlite_database,
        clock,
        known={"ціна": ("delivery-cost", 0.9)},
        actions={"delivery-cost": Action.ANSWER},
        observer=metrics,
    )
    await spine.hear(inbound("ціна", platform_id="1"), inbound("ціна", address="8", platform_id="2"))
    clock.advance(seconds=3)
    spine.channel.failures = [Throttled("429", retry_after=5), Ambiguous("time-out")]
    await spine.settle()
    clock.advance(seconds=60)
    await spine.settle()
    figures = await shown(metrics)
    assert figures['frontdesk_turn_seconds_bucket{le="2.5",worker="0"}'] == 0
    assert figures['frontdesk_turn_seconds_bucket{le="5.0",worker="0"}'] == 2
    assert figures['frontdesk_send_seconds_count{channel="shop",worker="0"}'] == 2
    assert figures['frontdesk_send_seconds_bucket{channel="shop",le="60.0",worker="0"}'] == 2
    assert figures['frontdesk_send_seconds_bucket{channel="shop",le="30.0",worker="0"}'] == 0
    for kind in ("Throttled", "Ambiguous"):
        assert figures[f'frontdesk_send_errors_total{{channel="shop",kind="{kind}",worker="0"}}'] == 1


def test_what_a_process_knows_of_itself() -> None:
    breakers = {"shop": Breaker(failures=1), "other": Breaker()}
    breakers["shop"].failed(1, "7", 0.0, reached=False)
    probes = [of_live(Live()), of_breakers(breakers), of_revisions(lambda: (3, None))]
    told = {(figure.name, *figure.labels.values()): figure.value for probe in probes for figure in probe()}
    assert told == {
        ("frontdesk_live_up",): True,
        ("frontdesk_breaker_open", "other"): False,
        ("frontdesk_breaker_open", "shop"): True,
        ("frontdesk_knowledge_revision",): 3,
        ("frontdesk_model_revision",): 0,
    }


async def test_webhooks_are_counted_by_channel_and_status(flaky: FlakyDatabase, clock) -> None:
    house = WebHouse(flaky, clock, Texts())
    right, hook = {"x-secret": "right"}, "/channels/shop/webhook"
    body = msgspec.json.encode(inbound("ціна"))
    async with house.visitor(accept="application/json") as client:
        await client.post(hook, content=body, headers=right)
        await client.post(hook, content=body, headers={"x-secret": "wrong"})
        await client.post(hook, content=b"x" * 2_000_000, headers=right)
        await client.post("/channels/nobody-knows/webhook", content=body)
        flaky.failures = [StorageUnavailable("away"), RuntimeError("bug")]
        await client.post(hook, content=msgspec.json.encode(inbound("ціна", platform_id="2")), headers=right)
        await client.post(hook, content=msgspec.json.encode(inbound("ціна", platform_id="3")), headers=right)
        text_ = (await client.get("/metrics")).text
    counted = {
        (channel, status)
        for channel, status, count in re.findall(
            r'frontdesk_webhooks_total\{channel="(.*?)",status="(\d+)",worker="0"\} (\S+)', text_
        )
        if float(count) == 1
    }
    # What a stranger writes into the address never becomes a label.
    assert counted == {("shop", "200"), ("shop", "403"), ("shop", "413"), ("", "404"), ("shop", "503"), ("shop", "500")}
    assert 'frontdesk_deliveries{state="unknown"} 0.0' in text_.splitlines()


# --- cheap --------------------------------------------------------------------------------------


PARTIAL = [
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
]


@asynccontextmanager
async def statements(database: Database) -> AsyncIterator[list[tuple[str, Any]]]:
    """Every statement executed meanwhile, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    engine = database._reader.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


async def plan_of(database: Database, statement: str, parameters: Any) -> str:
    async with database.read() as view:
        prefix = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        if not database.is_sqlite:
            # With a handful of rows a whole scan is cheapest; what counts is whether there is another way.
            await view.connection.execute(text("SET LOCAL enable_seqscan = off"))
        result = await view.connection.exec_driver_sql(prefix + statement, parameters)
        return "\n".join(" ".join(str(value) for value in row) for row in result)


async def test_no_figure_reads_what_is_done(database: Database, clock) -> None:
    """Millions of finished rows must cost a scrape nothing: every look at a large table goes by a partial
    index, or ends at its first row."""
    metrics = Metrics(database, sources=[Backlog(["shop"], clock), HandoffFigures(clock)], patience=20)
    readiness = Readiness(database, clock, wakeups=Wakeups(), vitals=Vitals(), revisions=lambda: (None, None))
    async with statements(database) as seen:
        await metrics.exposition()
        await readiness.look()
    looked = [(one, given) for one, given in seen if re.search(r"FROM (inbox|deliveries|handoffs|messages|turns)", one)]
    assert len(looked) >= 7
    for statement, parameters in looked:
        plan = await plan_of(database, statement, parameters)
        assert any(index in plan for index in (*PARTIAL, "PRIMARY KEY", "pk_")), f"{statement}\n{plan}"
        assert "Seq Scan" not in plan


async def test_the_plan_test_can_fail(database: Database) -> None:
    plan = await plan_of(database, "SELECT count(*) FROM inbox WHERE status = 'done'", ())
    assert "ix_inbox_waiting" not in plan
