"""A Rasa server for tests: its HTTP API with a tracker a conversation, and answers as told."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from urllib.parse import unquote

from tests.standins.http import Got, HttpStandin, Status

Json = dict[str, Any]


class RasaStandin(HttpStandin):
    """`answers` are what the assistant says to a message, `meanings` what a text means; else it says nothing, and
    understands nothing."""

    def __init__(self) -> None:
        super().__init__(self._accept_rasa)
        self.answers: dict[str, list[Json]] = {}
        self.meanings: dict[str, tuple[str, float]] = {}
        self.intents = ["greeting", "delivery-cost"]
        self.model: str | None = "model.tar.gz"
        self.slots: dict[str, dict[str, Any]] = defaultdict(lambda: {"language": None})
        self.events: dict[str, list[Json]] = defaultdict(list)

    def paused(self, sender: str) -> bool:
        states = [event["event"] for event in self.events[sender] if event["event"] in ("pause", "resume")]
        return states[-1:] == ["pause"]

    def asked(self) -> list[str]:
        """The messages that came over the REST channel."""
        return [got.json["message"] for got in self.got if got.path == "/webhooks/rest/webhook"]

    def _accept_rasa(self, got: Got) -> Any:
        match got.method, got.path.strip("/").split("/"):
            case "POST", ["model", "parse"]:
                return self._parse(got.json["text"])
            case "POST", ["webhooks", "rest", "webhook"]:
                return self._converse(got.json)
            case "GET", ["webhooks", "rest"]:
                return {"status": "ok"}
            case "GET", ["status"]:
                return {"model_file": self.model, "model_id": "1"}
            case "GET", ["domain"]:
                return {"version": "3.1", "intents": [*self.intents, {"inform": {"use_entities": []}}]}
            case "GET", ["conversations", sender, "tracker"]:
                return self._tracker(unquote(sender))
            case "POST", ["conversations", sender, "tracker", "events"]:
                return self._append(unquote(sender), got.json)
            case _:
                return Status(404)

    def _parse(self, text: str) -> Json:
        name, confidence = self.meanings.get(text, (None, 0.0))
        intent = {"name": name, "confidence": confidence}
        return {"text": text, "intent": intent, "entities": [], "intent_ranking": [intent] if name else []}

    def _converse(self, body: Json) -> list[Json]:
        sender, message = body["sender"], body["message"]
        self.events[sender].append({"event": "user", "text": message, "metadata": body.get("metadata")})
        if self.paused(sender):
            return []
        said = [{"recipient_id": sender, **one} for one in self.answers.get(message, [])]
        for one in said:
            data = {name: value for name, value in one.items() if name not in ("recipient_id", "text")}
            self.events[sender].append({"event": "bot", "text": one.get("text"), "data": data})
        return said

    def _tracker(self, sender: str) -> Json:
        return {"paused": self.paused(sender), "slots": self.slots[sender], "events": self.events[sender]}

    def _append(self, sender: str, events: list[Json]) -> Any:
        for event in events:
            if event["event"] == "user" and "parse_data" not in event:
                return Status(500)
            if event["event"] == "slot":
                self.slots[sender][event["name"]] = event["value"]
            self.events[sender].append(event)
        return self._tracker(sender)
