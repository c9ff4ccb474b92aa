"""Rasa's REST channel with a bot of five intents, trained here: the anchor where Rasa is installed.

FRONTDESK_BENCH_RASA names its environment (the folder, or the python in it); Rasa 3.6 needs Python 3.10
and so an environment of its own. The pipeline is the one that `rasa init` suggests, without what five intents
have no use for, and trained shortly (how long makes no difference to how fast it answers); its tracker is
in memory: nothing is durable, and nothing is sent anywhere, the answer is in the response.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tests.bench.figures import RASA
from tests.bench.measuring import Target
from tests.bench.processes import Failed, Served, run

VARIABLE = "FRONTDESK_BENCH_RASA"
PATH = "/webhooks/rest/webhook"

INTENTS: Mapping[str, tuple[str, ...]] = {
    "delivery_cost": ("how much is delivery", "what does shipping cost", "скільки коштує доставка", "цена доставки"),
    "delivery_time": ("how long does delivery take", "коли приїде посилка", "сколько идёт посылка", "delivery time"),
    "track_parcel": ("where is my parcel", "track my order", "де моя посилка", "где моя посылка"),
    "opening_hours": ("when are you open", "opening hours", "коли ви працюєте", "часы работы"),
    "payment": ("how can I pay", "do you take cards", "як оплатити", "можно картой"),
}
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
    epochs: 20
    constrain_similarities: true
  - name: FallbackClassifier
    threshold: 0.1
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
    enable_fallback_prediction: false
"""


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


def write_project(folder: Path) -> None:
    """Rasa's files of the bot in `folder`."""
    folder.mkdir(parents=True)
    (folder / "data").mkdir()
    examples = [
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {phrase}\n" for phrase in phrases)
        for intent, phrases in INTENTS.items()
    ]
    rules = [f"- rule: {intent}\n  steps:\n  - intent: {intent}\n  - action: utter_{intent}\n" for intent in INTENTS]
    domain = ["version: '3.1'\nintents:\n", *(f"- {intent}\n" for intent in INTENTS), "responses:\n"]
    domain += [f"  utter_{intent}:\n  - text: The answer to {intent}.\n" for intent in INTENTS]
    files = {
        "config.yml": CONFIG,
        "credentials.yml": "rest:\n",
        "endpoints.yml": "",
        "domain.yml": "".join(domain),
        "data/nlu.yml": "version: '3.1'\nnlu:\n" + "".join(examples),
        "data/rules.yml": "version: '3.1'\nrules:\n" + "".join(rules),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def target(python: Path, folder: Path) -> Target:
    """Rasa's server with the bot trained, not started. Raises Failed."""
    write_project(folder)
    quiet = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
    run([str(python), "-m", "rasa", "train", "--quiet"], folder=folder, environ=quiet)
    served = Served(
        [str(python), "-m", "rasa", "run", "--port", "{port}", "--interface", "127.0.0.1"],
        folder=folder,
        log=folder / "rasa.log",
        ready="/webhooks/rest/",
        environ=quiet,
    )
    texts = [phrase for phrases in INTENTS.values() for phrase in phrases]
    return Target(RASA, served, PATH, texts, feed=None, kind="rasa", under_way=16, customers=100)
