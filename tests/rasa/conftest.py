"""What the tests against a real Rasa share: its server, and a whole house with a customer in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from gateway.app import Frontdesk
from gateway.settings import Rasa
from gateway.storage.migrate import migrate
from knowledge_base.storage import Editor
from tests.rasa.server import RasaServer, demo_settings, small_demo, trained
from tests.rasa.talk import Talk

VARIABLE = "FRONTDESK_TEST_RASA"


@pytest.fixture(scope="session")
def rasa_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RasaServer]:
    """A server with the demo's export, started."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} names no python with Rasa; run: make test-rasa")
    folder = tmp_path_factory.mktemp("rasa")
    server = RasaServer(Path(named), trained(Path(named), small_demo(folder / "articles"), folder / "project"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def rasa(rasa_server: RasaServer) -> RasaServer:
    """The server, up again where a test killed it."""
    rasa_server.start()
    return rasa_server


@pytest.fixture(scope="session")
def prepared(rasa_server: RasaServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the same articles, published and learnt by the embedded engine."""
    folder = tmp_path_factory.mktemp("house")
    articles = small_demo(folder / "articles")
    settings = structs.replace(
        demo_settings(), database_url=f"sqlite:///{folder / 'frontdesk.db'}", data_dir=str(folder), channels={}
    )

    async def prepare() -> None:
        await migrate(settings.database_url)
        house = Frontdesk(settings)
        await house.brain.publisher.import_folder(articles, Editor(name="test"))
        await house.close()

    asyncio.run(prepare())
    return folder / "frontdesk.db"


@pytest.fixture
async def talk(rasa: RasaServer, prepared: Path, tmp_path: Path) -> AsyncIterator[Talk]:
    """A customer of a house whose whole assistant is Rasa."""
    async with Talk.opened(structs.replace(rasa.settings, mode="assistant"), prepared, tmp_path) as made:
        yield made


@pytest.fixture
def nlu(rasa: RasaServer) -> Rasa:
    """Settings of a Rasa that only understands."""
    return rasa.settings
