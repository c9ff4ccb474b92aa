"""The bench itself, very small, so that it still runs when somebody needs its figures."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from sqlalchemy import text

from gateway.storage.engine import Database
from tests.bench import rasa
from tests.bench.figures import BARE, Figures, Flat, Latency, Machine, Start, System, goals
from tests.bench.filling import fill
from tests.bench.installation import Installation
from tests.bench.load import Customers, Plan, chat_id
from tests.bench.measuring import Times
from tests.bench.processes import Failed
from tests.bench.report import show
from tests.bench.running import PTB, Bench, Options

TINY = Times(warm=0.2, maximum=0.3, latency=0.3, drain=10)
SAID = ("скільки коштує доставка", 'сколько стоит "доставка"', "how much is delivery")
MACHINE = Machine(cores=2, load=0.1, python="3.11", sqlite="3")
SUBJECT = "SQLite, aiogram"


def empty() -> Figures:
    return Figures(machine=MACHINE, systems=[], starts=[], stages=[], flats=[], skipped=[])


def test_a_small_run_measures_the_bare_handler_and_the_real_program(tmp_path: Path, migrated_sqlite: Path) -> None:
    # Without articles the bot says to each that it did not understand, which is as good an answer here;
    # and this library is the quicker one to import.
    bare_of_knowledge = Installation(tmp_path / "prepared")
    bare_of_knowledge.configure()
    shutil.copy(migrated_sqlite, bare_of_knowledge.folder / "frontdesk.db")
    options = Options(
        times=TINY,
        parts=("rate", "stages"),
        rounds=1,
        stored=0,
        stage_messages=10,
        load_messages=10,
        customers=5000,
        under_way=4,
        shares=(0.5,),
        drivers=(PTB,),
        texts=SAID,
    )
    figures = empty()
    Bench(options, tmp_path, Console(quiet=True), figures, {None: bare_of_knowledge}).run()
    assert figures.skipped == []
    bare, frontdesk = (figures.system(name) for name in (BARE, f"SQLite, {PTB}"))
    assert bare is not None
    assert bare.rounds[0] > 0
    assert frontdesk is not None
    assert frontdesk.ratios
    assert frontdesk.refused == 0
    assert [latency.share for latency in frontdesk.latencies] == [0.5]
    (stages,) = figures.stages
    assert min(stages.receive, stages.turn, stages.send) > 0


async def test_a_filled_database_is_a_sound_one(database: Database) -> None:
    await asyncio.to_thread(fill, database.url.render_as_string(hide_password=False), 200)
    async with database.read() as view:
        counted = {
            table: (await view.connection.execute(text(f"SELECT count(*), max(id) FROM {table}"))).one()
            for table in ("contacts", "messages", "deliveries", "inbox", "turns")
        }
        assert {table: tuple(row) for table, row in counted.items()} == {
            "contacts": (20, 20),
            "messages": (200, 200),
            "deliveries": (100, 100),
            "inbox": (100, 100),
            "turns": (100, 100),
        }
        known = await view.contacts.find([("shop_telegram", str(chat_id(7, stored=True)))])
        (identity,) = known.values()
        (conversation,) = await view.conversations.of_contact(identity.contact_id)
        said = await view.messages.after(conversation.id, 0)
        assert [message.seq for message in said] == list(range(1, 11))
        assert len(await view.turns.of(conversation.id)) == 5
        assert len(await view.deliveries.of_messages(message.id for message in said)) == 5


def test_customers_come_and_go_evenly_and_never_say_the_same_twice() -> None:
    plan = Plan(port=1, path="/", customers=100, each=5, texts=list(SAID))
    customers = Customers(plan)
    chats = [customers.chat(number) for number in range(5000)]
    assert len(set(chats[:100])) == 100
    assert len(set(chats[1000:1100]) - set(chats[900:1000])) == 20
    assert max(chats.count(chat) for chat in set(chats)) == 5
    assert len({customers.request(number) for number in range(3000)}) == 3000


def test_stored_customers_and_new_ones_share_no_chat() -> None:
    stored = {chat_id(number, stored=True) for number in range(10_000)}
    new = {chat_id(number) for number in range(10_000)}
    assert len(stored) == len(new) == 10_000
    assert not stored & new


def latency(p99: float, *, kept: bool = True) -> Latency:
    return Latency(share=0.5, rate=500, p50=5, p99=p99, worst=p99, unanswered=0, kept=kept)


@pytest.mark.parametrize(
    ("system", "met"),
    [
        (System(name=SUBJECT, rounds=[500], ratios=[0.5], latencies=[latency(50)]), [True, None, True]),
        (System(name=SUBJECT, rounds=[490], ratios=[0.49], latencies=[latency(51)]), [False, None, False]),
        (System(name=SUBJECT, rounds=[500], ratios=[0.6], latencies=[latency(5, kept=False)]), [True, None, False]),
        (System(name="something else"), [None, None, None]),
    ],
)
def test_goals_say_met_missed_or_not_measured(system: System, met: list[bool | None]) -> None:
    figures = empty()
    figures.systems.append(system)
    assert [goal.met for goal in goals(figures, SUBJECT)][:3] == met


def test_the_report_names_what_was_missed_and_what_was_not_measured() -> None:
    figures = empty()
    figures.systems.append(System(name=SUBJECT, rounds=[100], ratios=[0.1], latencies=[latency(80)], unanswered=3))
    figures.starts.append(Start(name="web chat alone", seconds=[9.0], idle=100, loaded=None, messages=0))
    figures.flats.append(Flat(name="SQLite", stored=200_000, empty=[100], full=[95]))
    console = Console(width=100)
    with console.capture() as printed:
        show(console, figures, goals(figures, SUBJECT))
    shown = printed.get()
    assert f"{SUBJECT}: 3 not answered in time" in shown
    assert "5 / 80" in shown
    assert "missed" in shown
    assert "not measured" in shown
    assert "0.95 ×" in shown


def test_rasa_is_left_out_unless_named_and_refused_where_it_is_not(tmp_path: Path) -> None:
    assert rasa.settings({}) is None
    with pytest.raises(Failed, match="no bin/python"):
        rasa.settings({rasa.VARIABLE: str(tmp_path)})


def test_rasas_bot_knows_what_frontdesk_knows(tmp_path: Path) -> None:
    knowing = Installation(tmp_path / "knowing")
    knowing.prepare()
    rasa.write_project(knowing.folder, tmp_path / "bot")
    files = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in (tmp_path / "bot").rglob("*.yml")}
    assert "delivery-cost" in files["domain.yml"]["intents"]
    assert "utter_delivery-cost" in files["domain.yml"]["responses"]
    assert any(one["intent"] == "delivery-cost" and "доставка" in one["examples"] for one in files["nlu.yml"]["nlu"])
    assert [one["name"] for one in files["config.yml"]["policies"]][-1] == "TEDPolicy", "Rasa's own, not our export's"
    assert files["credentials.yml"] == {"rest": None}
