"""A real Rasa server: trained once on the demo knowledge base's export, started and killed at will."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import yaml
from rich.console import Console

from gateway.commands import rasa as rasa_commands
from gateway.settings import Rasa, Settings, load
from tests.standins.program import free_port

DEMO = Path(__file__).parents[2] / "knowledge_base" / "demo"
PHRASINGS = 6
"""Of each article in each language: all 8,000 would train for an hour."""
EPOCHS = 40
TOKEN = "the right token"
READY_SECONDS = 300
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}


def demo_settings() -> Settings:
    """Those of the demo company."""
    return load(DEMO / "frontdesk.toml", {})


def small_demo(folder: Path) -> Path:
    """The demo articles with few phrasings each."""
    folder.mkdir()
    for article in DEMO.glob("*.md"):
        _, front, notes = article.read_text(encoding="utf-8").split("---\n", 2)
        tree = yaml.safe_load(front)
        tree["phrasings"] = {language: said[:PHRASINGS] for language, said in tree["phrasings"].items()}
        matter = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
        (folder / article.name).write_text(f"---\n{matter}---\n{notes}", encoding="utf-8")
    return folder


def trained(python: Path, articles: Path, folder: Path) -> Path:
    """`frontdesk rasa export`, then `rasa train`: a folder with a model. The model is kept beside Rasa's environment
    for as long as the export is the same."""
    quiet = Console(quiet=True)
    asyncio.run(
        rasa_commands.export(demo_settings(), folder, source=articles, language=None, epochs=EPOCHS, console=quiet)
    )
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.yml")):
        digest.update(file.read_bytes())
    kept = python.parents[1] / "models" / f"{digest.hexdigest()[:16]}.tar.gz"
    if not kept.exists():
        run = [str(python), "-m", "rasa", "train", "--quiet", "--fixed-model-name", "model"]
        environ = {**os.environ, **QUIET}
        done = subprocess.run(run, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"rasa train failed:\n{done.stdout}\n{done.stderr}"
        kept.parent.mkdir(exist_ok=True)
        (folder / "models" / "model.tar.gz").replace(kept)
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "model.tar.gz").unlink(missing_ok=True)
    (folder / "models" / "model.tar.gz").symlink_to(kept)
    return folder


class RasaServer:
    """`rasa run` in a project's folder, on one port for its whole life."""

    def __init__(self, python: Path, project: Path) -> None:
        self.port = free_port()
        self._python = python
        self._project = project
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Rasa:
        """How Frontdesk reaches it."""
        return Rasa(url=f"http://127.0.0.1:{self.port}", token=TOKEN, timeout=10)

    def start(self) -> None:
        """Start, and wait until the model is loaded."""
        if self._process is not None and self._process.poll() is None:
            return
        words = ["run", "--enable-api", "--interface", "127.0.0.1", "--port", str(self.port), "--auth-token", TOKEN]
        log = (self._project / "rasa.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [str(self._python), "-m", "rasa", *words],
                cwd=self._project,
                env={**os.environ, **QUIET},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            assert self._process.poll() is None, (self._project / "rasa.log").read_text(errors="replace")
            try:
                answer = httpx.get(f"{self.settings.url}/status", params={"token": TOKEN}, timeout=2)
                if answer.status_code == 200 and answer.json().get("model_file"):
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        raise AssertionError("Rasa was not ready in time")

    def kill(self) -> None:
        """End it at once, with all its processes."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
