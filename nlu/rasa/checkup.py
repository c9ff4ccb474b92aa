"""What `frontdesk doctor` says of a Rasa server."""

from __future__ import annotations

from collections.abc import Collection

from gateway.assisting.settings import Rasa
from gateway.operating.checkup import Finding, fine, problem, warning
from nlu.rasa.client import RasaClient, RasaFailed
from nlu.rasa.ranking import article_of

SUBJECT = "rasa"
_SHOWN = 5
_EXPORT = "frontdesk rasa export DIR, in it: rasa train, then restart Rasa"


async def look(client: RasaClient, settings: Rasa, articles: Collection[str]) -> list[Finding]:
    """Whether it answers, with a model of our articles, and where needed over its REST channel."""
    try:
        status = await client.status()
        if not status.model_file:
            return [problem(SUBJECT, "answers, but has no model", _EXPORT)]
        found = [_of_intents(await client.intents(), settings, articles)]
        if settings.mode == "assistant" and not await client.talks():
            found.append(problem(SUBJECT, "its REST channel is closed", "write `rest:` into its credentials.yml"))
        return found
    except RasaFailed as error:
        return [_of_failure(str(error))]


def _of_failure(reason: str) -> Finding:
    fixes = {
        "401": "set rasa.token (FRONTDESK_RASA_TOKEN) to what its --auth-token says",
        "403": "set rasa.token (FRONTDESK_RASA_TOKEN) to what its --auth-token says",
        "404": "start it with: rasa run --enable-api",
        "409": f"it has no model loaded: {_EXPORT}",
    }
    fix = fixes.get(reason, "start it (rasa run --enable-api), or mend rasa.url")
    return problem(SUBJECT, f"does not answer as it should ({reason}); the embedded engine does meanwhile", fix)


def _of_intents(intents: Collection[str], settings: Rasa, articles: Collection[str]) -> Finding:
    known = {article_of(intent, settings) for intent in intents}
    missing = sorted(set(articles) - known)
    if articles and len(missing) == len(set(articles)):
        return problem(SUBJECT, "its model knows none of the published articles", _EXPORT)
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        says = f"its model does not know {', '.join(missing[:_SHOWN])}{more}"
        return warning(SUBJECT, says, f"{_EXPORT}; or name its intents under [rasa.intents]")
    return fine(SUBJECT, f"answers, and knows the {len(articles)} published articles")
