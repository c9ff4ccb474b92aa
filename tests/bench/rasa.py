"""Rasa's REST channel with the same knowledge base, asked the same questions: the anchor where Rasa is installed.

FRONTDESK_BENCH_RASA names its environment (the folder, or the python in it); Rasa 3.6 needs Python 3.10 and so an
environment of its own. The project is what `frontdesk rasa export` writes of the articles that Frontdesk answers from
beside it; pipeline and policies are Rasa's own, as it sets up who names none, only trained more shortly: how long
makes no difference to how fast it answers. Its tracker is in memory: nothing is durable, and nothing is sent
anywhere, the answer is in the response.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.figures import RASA
from tests.bench.measuring import Target
from tests.bench.processes import Failed, Served, run
from tests.standins.program import command

VARIABLE = "FRONTDESK_BENCH_RASA"
PATH = "/webhooks/rest/webhook"

CONFIG = """recipe: default.v1
assistant_id: bench
language: xx
pipeline:
  - name: WhitespaceTokenizer
  - name: RegexFeaturizer
  - name: LexicalSyntacticFeaturizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: 2
    constrain_similarities: true
  - name: EntitySynonymMapper
  - name: ResponseSelector
    epochs: 2
    constrain_similarities: true
  - name: FallbackClassifier
    threshold: 0.3
    ambiguity_threshold: 0.1
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
  - name: UnexpecTEDIntentPolicy
    max_history: 5
    epochs: 2
  - name: TEDPolicy
    max_history: 5
    epochs: 2
    constrain_similarities: true
"""
"""Pipeline and policies of Rasa 3.6.21's own rasa/engine/recipes/config_files/default_config.yml, but for the epochs,
of which it has 100."""


def settings(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The python of Rasa's environment, None where none is named. Raises Failed where it is not one."""
    named = environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named)
    python = path / "bin" / "python" if path.is_dir() else path
    if not python.is_file():
        raise Failed(f"{VARIABLE} names {named}, where there is no bin/python")
    return python


def write_project(knowing: Path, folder: Path) -> None:
    """Rasa's files in `folder` of what the installation in the folder `knowing` has published."""
    run(command("rasa", "export", str(folder)), folder=knowing)
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")


def target(python: Path, knowing: Path, folder: Path, texts: Sequence[str]) -> Target:
    """Rasa's server with the bot trained, not started, to be asked `texts`. Raises Failed."""
    write_project(knowing, folder)
    quiet = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
    run([str(python), "-m", "rasa", "train", "--quiet"], folder=folder, environ=quiet)
    served = Served(
        [str(python), "-m", "rasa", "run", "--port", "{port}", "--interface", "127.0.0.1"],
        folder=folder,
        log=folder / "rasa.log",
        ready="/webhooks/rest/",
        environ=quiet,
    )
    return Target(RASA, served, PATH, list(texts), feed=None, kind="rasa", under_way=16, customers=100)
