"""Topics as a Rasa project: `rasa train` in the folder, and the assistant answers.

Format 3.1, https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format and …/domain. One joint model serves
all languages: the phrasings of all teach one intent, and a response has a variation for each language, chosen
by the slot `language`, which the gateway fills in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from gateway.improving.topics import Choice, Topic, Variation
from gateway.messages import Value
from gateway.ports import Action

VERSION = "3.1"
MARK = "frontdesk"
"""Our part of Rasa's `metadata`, and the prefix of names that are no article's."""
SLOT = "language"
PERSON = f"{MARK}-person"
CALL = f"{MARK}-call"
_DOES = {Action.HANDOFF: PERSON, Action.CALLBACK: CALL}
UNKNOWN = f"utter_{MARK}_unknown"
EPOCHS = 100
_ENTITY = re.compile(r"\[([^\]]+)\](?=[({])")


class Plan(Value, frozen=True, kw_only=True):
    """How to write: the `languages` to take, of which the first is spoken where the customer's is unknown, the
    `name` of the assistant and how long it is trained."""

    languages: tuple[str, ...]
    name: str = MARK
    epochs: int = EPOCHS


def project(topics: Sequence[Topic], plan: Plan) -> dict[str, str]:
    """The project's files by their names in its folder."""
    return {
        "config.yml": _dump(_config(plan)),
        "domain.yml": _dump(_domain(topics, plan)),
        "data/nlu.yml": _dump({"version": VERSION, "nlu": list(_examples(topics, plan))}),
        "data/rules.yml": _dump({"version": VERSION, "rules": list(_rules(topics))}),
        "credentials.yml": "# Frontdesk talks with the assistant over the REST channel.\nrest:\n",
        "endpoints.yml": "# Name a tracker store and an action server here where you have them.\n",
    }


def response_of(topic: str) -> str:
    """The name of a topic's response."""
    return f"utter_{topic}"


def digest(text: str) -> str:
    """Tells whether `text` is still the one that was written."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def escape(text: str) -> str:
    """`text` as Rasa says it unchanged: it reads `{…}` as a slot."""
    return text.replace("{", "{{").replace("}", "}}")


# --- files -----------------------------------------------------------------------------------


def _config(plan: Plan) -> dict[str, Any]:
    characters = {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}
    diet = {
        "name": "DIETClassifier",
        "epochs": plan.epochs,
        "constrain_similarities": True,
        # What is named in a text, the gateway finds by itself.
        "entity_recognition": False,
        # On short questions a transformer costs four times the training.
        "number_of_transformer_layers": 0,
    }
    return {
        "recipe": "default.v1",
        "assistant_id": plan.name,
        "language": plan.languages[0],
        "pipeline": [
            {"name": "WhitespaceTokenizer"},
            {"name": "LexicalSyntacticFeaturizer"},
            {"name": "CountVectorsFeaturizer"},
            characters,
            diet,
            {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
        ],
        "policies": [
            {"name": "MemoizationPolicy"},
            {"name": "RulePolicy", "enable_fallback_prediction": False},
        ],
    }


def _domain(topics: Sequence[Topic], plan: Plan) -> dict[str, Any]:
    responses = {response_of(topic.id): variations for topic in topics if (variations := _responses(topic, plan))}
    responses |= {response_of(name): [{"custom": custom}] for name, custom in _helpers(topics)}
    responses[UNKNOWN] = [{"custom": {"do": "unknown"}}]
    slot = {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]}
    return {
        "version": VERSION,
        "intents": [*(topic.id for topic in topics), *(name for name, _ in _helpers(topics))],
        "slots": {SLOT: slot},
        "responses": responses,
        # A tracker is one conversation of the gateway's, which says itself when it is over.
        "session_config": {"session_expiration_time": 0, "carry_over_slots_to_new_session": True},
    }


def _examples(topics: Sequence[Topic], plan: Plan) -> Iterator[dict[str, Any]]:
    for topic in topics:
        known = _known(topic)
        bare = not any(topic.phrasings.get(language) for language in plan.languages)
        for language in plan.languages:
            titles = (topic.title[language],) if language in topic.title else ()
            phrasings = titles if bare else topic.phrasings.get(language, ())
            if phrasings:
                about = {"language": language, **known, **({"asked_by_title": True} if bare else {})}
                examples = "".join(f"- {_example(phrase)}\n" for phrase in phrasings)
                yield {"intent": topic.id, "metadata": {MARK: about}, "examples": examples}
                known = {}


def _known(topic: Topic) -> dict[str, Any]:
    """What the knowledge base says of a topic, once for all its languages."""
    return {"title": topic.title, "action": topic.action.value, **topic.about}


def _rules(topics: Sequence[Topic]) -> Iterator[dict[str, Any]]:
    names = [topic.id for topic in topics if topic.answers or topic.action is not Action.ANSWER]
    for name in [*names, *(name for name, _ in _helpers(topics))]:
        yield {"rule": name, "steps": [{"intent": name}, {"action": response_of(name)}]}
    yield {"rule": "what is not understood", "steps": [{"intent": "nlu_fallback"}, {"action": UNKNOWN}]}


# --- responses -------------------------------------------------------------------------------


def _responses(topic: Topic, plan: Plan) -> list[dict[str, Any]]:
    answers = [one for language in plan.languages for one in topic.answers if one.language == language]
    if not answers and topic.action not in (Action.ANSWER, Action.DECLINE):
        return [{"custom": _custom(topic.action, None)}]
    spoken = answers[0].language if answers else None
    return [_response(one, topic, default=one.language == spoken) for one in answers]


def _response(answer: Variation, topic: Topic, *, default: bool) -> dict[str, Any]:
    text = escape(answer.text)
    response: dict[str, Any] = {}
    if topic.action in (Action.ANSWER, Action.DECLINE):
        response["text"] = text
        buttons = [made for choice in topic.choices if (made := _button(choice, answer.language))]
        response |= {"buttons": buttons} if buttons else {}
    else:
        response["custom"] = _custom(topic.action, text)
    if answer.channel:
        response["channel"] = answer.channel
    if not default:
        response["condition"] = [{"type": "slot", "name": SLOT, "value": answer.language}]
    about = {"language": answer.language}
    if answer.source is not None:
        about |= {"template": answer.source, "digest": digest(answer.text)}
    return response | {"metadata": {MARK: about}}


def _custom(action: Action, text: str | None) -> dict[str, Any]:
    said = {"say": text} if text else {}
    if action is Action.HANDOFF:
        return {"handoff": {"reason": "asked", **said}}
    return {"do": action.value, **said}


def _button(choice: Choice, language: str) -> dict[str, Any] | None:
    label = choice.label.get(language) or next(iter(choice.label.values()), None)
    if label is None:
        return None
    if choice.url:
        return {"title": escape(label), "type": "web_url", "url": choice.url}
    intent = choice.topic or (choice.action and _DOES.get(choice.action))
    return {"title": escape(label), "payload": f"/{intent}"} if intent else None


def _helpers(topics: Sequence[Topic]) -> list[tuple[str, Mapping[str, Any]]]:
    """Intents that only buttons lead to, with what they do."""
    wanted = {choice.action for topic in topics for choice in topic.choices if choice.action}
    return [(name, _custom(action, None)) for action, name in _DOES.items() if action in wanted]


# --- spelling --------------------------------------------------------------------------------


def _example(phrase: str) -> str:
    """A phrase as Rasa reads it: no marking of entities, no intent behind a slash."""
    return _ENTITY.sub(r"(\1) ", " ".join(phrase.split())).lstrip("/-").strip()


class _Dumper(yaml.SafeDumper):
    """Longer texts as blocks, in which an editor can read and write."""


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _string)


def _dump(tree: Mapping[str, Any]) -> str:
    return yaml.dump(dict(tree), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
