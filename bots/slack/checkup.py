"""Whether Slack knows our tokens, and whether they may do what the gateway needs.

auth.test tells whose token it is, and the header ``x-oauth-scopes`` of every answer what it may do
(https://docs.slack.dev/authentication/installing-with-oauth/#errors).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bots.slack.api import SlackApi
from bots.slack.settings import SlackConnection, SlackSettings
from bots.slack.wire.replies import read_reply
from gateway.errors import Rejected, SendError
from gateway.operating.checkup import Finding, fine, problem, warning

NEEDED = {
    "chat:write": "to answer",
    "im:history": "to hear direct messages and to look what arrived",
    "im:write": "to answer slash commands",
    "files:read": "to fetch customers' files",
    "files:write": "to send files",
    "reactions:read": "to hear reactions",
    "reactions:write": "to react",
    "users:read": "to know people's names and languages",
}
"""Scopes of a bot token that the channel uses, with why."""
ROOMS = {
    "channels:history": "to hear threads in public channels",
    "groups:history": "to hear threads in private channels",
}
_DEAD = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type"}
)


async def look(name: str, api: SlackApi, settings: SlackSettings, public_url: str | None) -> Sequence[Finding]:
    """Ask Slack about the tokens of channel `name`."""
    wanted = NEEDED | (ROOMS if settings.rooms else {})
    return await look_at(f"channels.{name}", name, api, settings, wanted, public_url)


async def look_at(
    subject: str, name: str, api: SlackApi, settings: SlackConnection, wanted: Mapping[str, str], public_url: str | None
) -> list[Finding]:
    """Ask Slack about the tokens of `subject`, which needs the scopes `wanted` (with why)."""
    found = await _bot(subject, api, settings, wanted)
    if settings.mode == "socket":
        return [*found, await _app(subject, api, settings)]
    return [*found, judge_address(f"{subject}.webhook", settings, public_url, name)]


async def _bot(subject: str, api: SlackApi, settings: SlackConnection, wanted: Mapping[str, str]) -> list[Finding]:
    try:
        status, headers, body = await api.post("auth.test", {})
        told = read_reply(status, headers, body)
    except Rejected as error:
        if error.reason in _DEAD:
            fix = f"install the app to the workspace again and set {subject}.bot_token to its Bot User OAuth Token"
            return [problem(subject, f"Slack does not take this token: {error.reason}", fix)]
        return [problem(subject, f"Slack refuses: {error.reason}", f"see {settings.api_base}")]
    except SendError as error:
        fix = f"see that this machine reaches {settings.api_base} (or mend api_base)"
        return [problem(subject, f"the Web API does not answer: {error.reason}", fix)]
    who = fine(subject, f"the token is @{told.get('user', '?')}'s in {told.get('team', '?')}")
    scopes = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    return [who, judge_held(f"{subject}.scopes", scopes, wanted)]


async def _app(subject: str, api: SlackApi, settings: SlackConnection) -> Finding:
    try:
        await api.call("apps.connections.open", {}, token=settings.app_token)
    except Rejected as error:
        fix = f"turn Socket Mode on, make an App-Level Token with connections:write, and set {subject}.app_token"
        return problem(f"{subject}.socket", f"Slack gives no connection: {error.reason}", fix)
    except SendError as error:
        return warning(f"{subject}.socket", f"Slack gives no connection now: {error.reason}", "look again soon")
    return fine(f"{subject}.socket", "Slack gives a connection")


def judge_scopes(subject: str, scopes: str | None, *, rooms: bool) -> Finding:
    """Whether `scopes`, as the header lists them, are enough for a channel."""
    return judge_held(subject, scopes, NEEDED | (ROOMS if rooms else {}))


def judge_held(subject: str, scopes: str | None, wanted: Mapping[str, str]) -> Finding:
    """Whether `scopes`, as the header lists them, hold those of `wanted` (by scope, with why)."""
    if scopes is None:
        return warning(subject, "Slack did not say what the token may do", "see OAuth & Permissions of the app")
    held = {scope.strip() for scope in scopes.split(",")}
    missing = [f"{scope} ({why})" for scope, why in wanted.items() if scope not in held]
    if not missing:
        return fine(subject, "the token may do all that is needed")
    judge = problem if "chat:write" not in held else warning
    fix = "add them under OAuth & Permissions, and install the app to the workspace again"
    return judge(subject, f"missing: {', '.join(missing)}", fix)


def judge_address(subject: str, settings: SlackConnection, public_url: str | None, name: str) -> Finding:
    """Slack tells nobody which Request URL is set, so this says which it must be."""
    if not settings.signing_secret:
        return problem(subject, "signing_secret is not set", "copy it from Basic Information of the app")
    if public_url is None:
        return problem(subject, "public_url is not set, so nobody can say where Slack reaches us", "set public_url")
    url = f"{public_url}/channels/{name}/webhook"
    if not url.startswith("https://"):
        return problem(subject, f"{url} is not https, which Slack requires", "set public_url to an https address")
    says = f"Slack's Request URL (Event Subscriptions and Interactivity) must be {url}"
    return fine(subject, says)
