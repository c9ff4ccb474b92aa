"""A Rasa project as topics: our own export, or the training data and responses of a firm that has run Rasa so far.

Which response answers an intent is told by the rules, else by the stories, else by its name (`utter_<intent>`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateway.errors import FrontdeskError
from gateway.improving.topics import Choice, Topic, Variation
from gateway.messages import Value
from gateway.ports import Action
from gateway.settings import LANGUAGES
from nlu.examples import NOTHING, examples_of, guess, yaml_tree
from nlu.language import Languages
from nlu.rasa.writing import CALL, MARK, PERSON, digest

_UTTER = "utter_"
_LEFT_ALONE = frozenset({"credentials.yml", "endpoints.yml"})
_SLOT = re.compile(r"\{\{|\}\}|\{([^\n{}]+)\}")
_KNOWN_SLOTS = {
    "name": "contact.name",
    "order_number": "entities.order_number",
    "order": "entities.order_number",
    "phone": "entities.phone",
    "email": "entities.email",
    "time": "entities.time",
}
"""Slots for which we have a variable of our own; the words of others go."""
_PAYLOAD = re.compile(r"/([^{@\s]+)")
_NAME = re.compile(r"[^a-z0-9]+")
_CHANNEL = re.compile(r"[a-z][a-z0-9_]*")
_ACTIONS = {PERSON: Action.HANDOFF, CALL: Action.CALLBACK}


class Project(Value, frozen=True, kw_only=True):
    """What was read; `notes` say, for a person, what could not be taken over."""

    topics: tuple[Topic, ...]
    notes: tuple[str, ...] = ()


def read_project(path: Path) -> Project:
    """The project in the folder `path`, or what one file of it holds. Raises FrontdeskError with what to mend."""
    reading = _Reading()
    for file in _files(path):
        reading.take(file)
    if not reading.intents:
        raise FrontdeskError(f"{path} holds no intents with examples; is it Rasa's training data?")
    return reading.project()


def topic_id(intent: str) -> str:
    """An intent's name in the spelling of articles."""
    return _NAME.sub("-", intent.lower()).strip("-")[:60].strip("-")


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.intents: dict[str, list[Mapping[str, Any]]] = {}
        self._responses: dict[str, Any] = {}
        self._rules: dict[str, list[str]] = {}
        self._stories: dict[str, list[str]] = {}
        self._language: str | None = None
        self._languages = Languages()
        self._notes: dict[str, None] = {}

    def take(self, file: Path) -> None:
        """Read one file."""
        tree = yaml_tree(file, _text(file))
        if not isinstance(tree, Mapping):
            return
        if file.name == "config.yml":
            told = tree.get("language")
            self._language = told if told in LANGUAGES else None
            return
        for entry in _mappings(tree.get("nlu")):
            name = entry.get("intent")
            if isinstance(name, str) and name.lower() not in NOTHING and topic_id(name):
                self.intents.setdefault(name, []).append(entry)
        if isinstance(tree.get("responses"), Mapping):
            self._responses.update(tree["responses"])
        for kind, found in (("rules", self._rules), ("stories", self._stories)):
            for way in _mappings(tree.get(kind)):
                for intent, actions in _ways(way.get("steps")):
                    found.setdefault(intent, actions)

    def project(self) -> Project:
        """All of it."""
        topics = tuple(self._topic(name, entries) for name, entries in self.intents.items())
        return Project(topics=topics, notes=tuple(self._notes))

    def _topic(self, name: str, entries: list[Mapping[str, Any]]) -> Topic:
        phrasings: dict[str, list[str]] = {}
        for entry in entries:
            for said, spoken in () if _ours(entry).get("asked_by_title") else examples_of(entry):
                phrasings.setdefault(spoken or self._spoken(said), []).append(said)
        about = dict(next((ours for entry in entries if "title" in (ours := _ours(entry))), {}))
        for told in ("language", "asked_by_title"):
            about.pop(told, None)
        title = about.pop("title", None)
        action = about.pop("action", None)
        answers, choices, does = self._answers(name)
        return Topic(
            id=topic_id(name),
            title={str(key): str(words) for key, words in title.items()} if isinstance(title, Mapping) else {},
            phrasings={language: tuple(dict.fromkeys(said)) for language, said in phrasings.items()},
            answers=answers,
            choices=choices,
            action=does or (Action(action) if action in list(Action) else Action.ANSWER),
            about=about,
        )

    def _spoken(self, text: str) -> str:
        return self._language or guess(self._languages, text)

    # --- answers -----------------------------------------------------------------------------

    def _answers(self, intent: str) -> tuple[tuple[Variation, ...], tuple[Choice, ...], Action | None]:
        actions = self._rules.get(intent) or self._stories.get(intent) or [_UTTER + intent]
        for named in actions:
            if not named.startswith(_UTTER):
                self._notes[f"{named} is a program of its own and stays with Rasa (intent {intent})"] = None
        names = [named for named in actions if named in self._responses]
        if not names:
            self._notes[f"intent {intent} has no response: its article has no answer yet"] = None
            return (), (), None
        if len(names) > 1:
            self._notes[f"of the responses to {intent} the first is taken: {names[0]}"] = None
        variations: list[Variation] = []
        choices: list[Choice] = []
        does: Action | None = None
        for response in _mappings(self._responses[names[0]]):
            text, action = _said(response)
            does = does or action
            if text:
                variations.append(self._variation(response, text))
            language = variations[-1].language if text else None
            choices = _join(choices, list(self._choices(response, language or self._spoken(intent))))
        return tuple(variations), tuple(choices), does

    def _variation(self, response: Mapping[str, Any], text: str) -> Variation:
        ours = _ours(response)
        plain = _unescape(text)
        source = ours.get("template")
        unchanged = isinstance(source, str) and ours.get("digest") == digest(plain)
        told = ours.get("language") or _condition(response)
        channel = response.get("channel")
        return Variation(
            text=plain,
            language=told if told in LANGUAGES else self._spoken(plain),
            channel=channel if isinstance(channel, str) and _CHANNEL.fullmatch(channel) else None,
            source=source if unchanged else _template(text),
        )

    def _choices(self, response: Mapping[str, Any], language: str) -> Iterator[Choice]:
        buttons = [*_mappings(response.get("buttons")), *_mappings(response.get("quick_replies"))]
        for button in buttons:
            label = _unescape(str(button.get("title") or ""))
            payload, url = button.get("payload"), button.get("url")
            meant = _PAYLOAD.match(payload) if isinstance(payload, str) else None
            if isinstance(url, str) and url.startswith(("https://", "http://")):
                yield Choice(label={language: label}, url=url)
            elif meant and meant[1] in _ACTIONS:
                yield Choice(label={language: label}, action=_ACTIONS[meant[1]])
            elif meant:
                yield Choice(label={language: label}, topic=topic_id(meant[1]))
            else:
                self._notes[f"the button “{label}” sends words, not an intent, and is left out"] = None


def _join(choices: list[Choice], more: list[Choice]) -> list[Choice]:
    """The same buttons of another language are the same buttons."""
    for choice in more:
        key = (choice.topic, choice.action, choice.url)
        place = next((n for n, one in enumerate(choices) if (one.topic, one.action, one.url) == key), None)
        if place is None:
            choices.append(choice)
        else:
            choices[place] = Choice(label=choice.label | choices[place].label, topic=key[0], action=key[1], url=key[2])
    return choices


def _said(response: Mapping[str, Any]) -> tuple[str, Action | None]:
    """The words of a response, and what its custom payload does."""
    custom = response.get("custom")
    does: Action | None = None
    said = response.get("text")
    if isinstance(custom, Mapping):
        handoff, do = custom.get("handoff"), custom.get("do")
        does = Action.HANDOFF if isinstance(handoff, Mapping) else Action(do) if do in list(Action) else None
        said = said or (handoff.get("say") if isinstance(handoff, Mapping) else custom.get("say"))
    image = response.get("image")
    words = [one for one in (said, image) if isinstance(one, str) and one.strip()]
    return "\n\n".join(words), does


def _condition(response: Mapping[str, Any]) -> str | None:
    """The language that a conditional variation is for."""
    for condition in _mappings(response.get("condition")):
        if condition.get("name") == "language" and condition.get("value") in LANGUAGES:
            return str(condition["value"])
    return None


# --- spelling --------------------------------------------------------------------------------


def _unescape(text: str) -> str:
    """What Rasa says where it fills no slot."""
    return _SLOT.sub(lambda found: found[0] if found[1] else found[0][0], text)


def _template(text: str) -> str | None:
    """The text with our variables for its slots; None where it has none."""
    if not any(found[1] for found in _SLOT.finditer(text)):
        return None
    slot = {name: f"{{{{ {ours} }}}}" for name, ours in _KNOWN_SLOTS.items()}
    return _SLOT.sub(lambda found: slot.get(found[1], "") if found[1] else found[0][0] + " ", text)


# --- files -----------------------------------------------------------------------------------


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FrontdeskError(f"{path} is not there")
    found = [file for file in sorted(path.rglob("*.y*ml")) if file.suffix in (".yml", ".yaml")]
    inside = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    wanted = [file for file in inside if file.name not in _LEFT_ALONE]
    # Its language is known before the texts are read.
    return sorted(wanted, key=lambda file: file.name != "config.yml")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FrontdeskError(f"{file} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FrontdeskError(f"{file} is not UTF-8; save it as UTF-8") from error


def _mappings(listed: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in listed if isinstance(one, Mapping)) if isinstance(listed, list) else iter(())


def _ours(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = entry.get("metadata")
    ours = metadata.get(MARK) if isinstance(metadata, Mapping) else None
    return ours if isinstance(ours, Mapping) else {}


def _ways(steps: Any) -> Iterator[tuple[str, list[str]]]:
    """(intent, the actions that follow it) along a rule or story."""
    intents: list[str] = []
    actions: list[str] = []
    for step in _mappings(steps):
        heard = [one.get("intent") for one in (step, *_mappings(step.get("or")))]
        named = [one for one in heard if isinstance(one, str)]
        if named:
            yield from ((intent, actions) for intent in intents if actions)
            intents, actions = named, []
        elif isinstance(step.get("action"), str):
            actions.append(step["action"])
    yield from ((intent, actions) for intent in intents if actions)
