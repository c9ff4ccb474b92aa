"""All settings in one frozen object, read once from a TOML file and the environment.

Every field carries its description as data (`msgspec.Meta`); `describe` lists them, and a test holds
the README's table against that list. A channel's own fields belong to its kind (`bots/<kind>`), so
here they stay raw and `gateway/app.py` checks them through `check_struct`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, field

from gateway.alerts_settings import Alerts
from gateway.assisting.settings import Rasa
from gateway.dialogue_settings import Dialogue
from gateway.embeddings_settings import Embeddings
from gateway.errors import SettingsError
from gateway.faulty import UNLIKE, in_words
from gateway.improving import sources
from gateway.knowledge_settings import Keeping
from gateway.people.settings import People
from gateway.section import Section

__all__ = ["Dialogue", "Section"]
"""What others may import from here although it is made elsewhere."""

LANGUAGES = ("uk", "ru", "en")


class Company(Section, frozen=True, kw_only=True):
    """`[company]`: what the bot says of the firm, and where it lives."""

    name: Annotated[dict[str, str], Meta(description="The firm's name in each language.")] = field(
        default_factory=lambda: {"en": "Frontdesk"}
    )
    phone: Annotated[str, Meta(description="Telephone number that answers may name.")] = ""
    email: Annotated[str, Meta(description="E-mail address that answers may name.")] = ""
    site: Annotated[str, Meta(description="Web address that answers may name.")] = ""
    zone: Annotated[str, Meta(description="IANA time zone of opening hours.")] = "Europe/Kyiv"
    language: Annotated[str, Meta(description="Language to use while the customer's is unknown.")] = "uk"
    regions: Annotated[
        list[str], Meta(description="Countries (ISO 3166) whose phone numbers may be typed without a prefix.")
    ] = field(default_factory=lambda: ["UA"])
    order_patterns: Annotated[
        list[str],
        Meta(description="Regular expressions of your order or parcel numbers; at first the postal form (UPU S10)."),
    ] = field(default_factory=lambda: [r"\b[A-Z]{2}\d{9}[A-Z]{2}\b"])


class Hours(Section, frozen=True, kw_only=True):
    """`[hours]`: when people answer, in the company's zone; `"09:00-18:00"`, several by comma, `""` closed."""

    mon: Annotated[str, Meta(description="Monday.")] = "09:00-18:00"
    tue: Annotated[str, Meta(description="Tuesday.")] = "09:00-18:00"
    wed: Annotated[str, Meta(description="Wednesday.")] = "09:00-18:00"
    thu: Annotated[str, Meta(description="Thursday.")] = "09:00-18:00"
    fri: Annotated[str, Meta(description="Friday.")] = "09:00-18:00"
    sat: Annotated[str, Meta(description="Saturday.")] = ""
    sun: Annotated[str, Meta(description="Sunday.")] = ""
    holidays: Annotated[str, Meta(description="Country whose public holidays are closed (ISO 3166); empty: none.")] = ""
    closed: Annotated[list[str], Meta(description="More closed days, as 2026-12-31.")] = field(default_factory=list)


class Handoff(Section, frozen=True, kw_only=True):
    """`[handoff]`: the queue."""

    waiting_limit: Annotated[
        int, Meta(ge=1, description="Minutes of waiting after which a call is offered instead.")
    ] = 10
    rating: Annotated[bool, Meta(description="Whether closing asks the customer for a rating.")] = True


class Callbacks(Section, frozen=True, kw_only=True):
    """`[callbacks]`: booked calls."""

    hours: Annotated[
        str, Meta(description="Times of day for calls within opening hours, as `08:00-20:00`; empty: all of them.")
    ] = ""
    window: Annotated[int, Meta(ge=15, le=480, description="Length of a call window in minutes.")] = 60
    days: Annotated[int, Meta(ge=1, le=60, description="How many days ahead a call may be booked.")] = 7
    notice: Annotated[int, Meta(ge=0, description="Minutes between booking and the earliest window.")] = 30
    capacity: Annotated[int, Meta(ge=1, description="Calls that one window may hold.")] = 3
    attempts: Annotated[int, Meta(ge=1, description="Tries before a call counts as failed.")] = 3


class Outbox(Section, frozen=True, kw_only=True):
    """`[outbox]`: sending."""

    unknown: Annotated[
        str,
        Meta(
            pattern="^(resend_once|never)$",
            description="What to do after a send whose fate is unknown: `resend_once` or `never`.",
        ),
    ] = "resend_once"
    attempts: Annotated[int, Meta(ge=1, description="Tries before a delivery fails for good.")] = 8
    concurrency: Annotated[int, Meta(ge=1, description="Sends of one channel under way at once.")] = 100


class Retention(Section, frozen=True, kw_only=True):
    """`[retention]`: how long raw events are kept; what was said is kept in conversations regardless."""

    body_days: Annotated[int, Meta(ge=0, description="Days until processed events lose their raw body; 0: never.")] = 30
    quarantine_days: Annotated[int, Meta(ge=0, description="The same for events that were put aside; 0: never.")] = 90
    dedupe_days: Annotated[int, Meta(ge=14, description="Days for which an event sent again is known as one.")] = 90


class Settings(Section, frozen=True, kw_only=True):
    """Everything that can be set. Times are minutes unless the field says otherwise."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on.")] = 8000
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^$|^https?://[^\s?#]+$",
            description="Where the world reaches this gateway, `https://…`; needed for webhooks to be registered.",
        ),
    ] = ""
    database_url: Annotated[str, Meta(description="`sqlite:///frontdesk.db` or `postgresql://user@host/name`.")] = (
        "sqlite:///frontdesk.db"
    )
    data_dir: Annotated[str, Meta(description="Folder for uploaded files and the generated secret.")] = "var"
    secret: Annotated[
        str,
        Meta(
            description="Signs visitor tokens and links; generated into the data folder when empty. "
            "The same on all hosts."
        ),
    ] = ""
    workers: Annotated[
        int, Meta(ge=1, le=64, description="Processes that share the port; more than one needs PostgreSQL.")
    ] = 1
    role: Annotated[
        str,
        Meta(
            pattern="^(all|web|turns|outbox)$",
            description="What the processes do: `all`, or a part of it beside others: `web` (requests, screens, "
            "polling), `turns` (answers, alarms), `outbox` (sending).",
        ),
    ] = "all"
    redis_url: Annotated[
        str,
        Meta(
            pattern="^$|^(redis|rediss|unix)://",
            description="Carries hints between processes, `redis://host:6379/0`; empty: PostgreSQL's NOTIFY does.",
        ),
    ] = ""
    api_token: Annotated[
        str, Meta(description="Bearer token of `/api/v1`; empty closes the API. Better by `FRONTDESK_API_TOKEN`.")
    ] = ""
    log_format: Annotated[str, Meta(pattern="^(text|json)$", description="`text` for people, `json` for machines.")] = (
        "text"
    )
    log_level: Annotated[
        str,
        Meta(
            pattern="^(debug|info|warning|error)$",
            description="Least that is logged: `info` has two lines a message, `warning` only what went wrong.",
        ),
    ] = "info"
    engine: Annotated[
        str,
        Meta(
            pattern="^(embedded|embeddings|rasa)$",
            description="What understands customers: the `embedded` engine, the same with a language model's sentence "
            "vectors (`embeddings`, see `[embeddings]`), or `rasa` (see `[rasa]`).",
        ),
    ] = "embedded"
    upload_limit: Annotated[int, Meta(ge=1, description="Largest uploaded file in MiB.")] = 20
    company: Company = field(default_factory=Company)
    hours: Hours = field(default_factory=Hours)
    dialogue: Dialogue = field(default_factory=Dialogue)
    handoff: Handoff = field(default_factory=Handoff)
    callbacks: Callbacks = field(default_factory=Callbacks)
    knowledge: Keeping = field(default_factory=Keeping)
    outbox: Outbox = field(default_factory=Outbox)
    people: People = field(default_factory=People)
    alerts: Alerts = field(default_factory=Alerts)
    embeddings: Embeddings = field(default_factory=Embeddings)
    rasa: Rasa = field(default_factory=Rasa)
    retention: Retention = field(default_factory=Retention)
    channels: Annotated[
        dict[str, dict[str, Any]],
        Meta(description="One table a channel: `[channels.NAME]` with its `kind` and the kind's fields."),
    ] = field(default_factory=lambda: {"site": {"kind": "webchat"}})
    desks: Annotated[
        dict[str, dict[str, Any]],
        Meta(
            description="One table a desk beside the web desk: `[desks.NAME]` with its `kind` (`slack`) and the kind's "
            "fields. No desk may be called as a channel is."
        ),
    ] = field(default_factory=dict)


class FieldDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as documentation sees it."""

    name: str
    type: str
    default: str
    description: str


def describe(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[FieldDoc]:
    """Every field of `struct` and of the sections in it, in order, with dotted names."""
    hints = get_type_hints(struct, include_extras=True)
    for info in msgspec.structs.fields(struct):
        base, meta = _unwrap(hints[info.name])
        name = f"{prefix}{info.encode_name}"
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            yield from describe(base, f"{name}.")
            continue
        default = "required" if info.required else _default_text(info)
        yield FieldDoc(name=name, type=_type_name(base), default=default, description=(meta and meta.description) or "")


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read settings from `path` (None: `frontdesk.toml` if it is there) and the environment, which wins.

    Raises SettingsError naming the field.
    """
    raw = _overlay(sources.read_toml(path), environ)
    sources.check_tables("channels", raw.get("channels"), "telegram")
    sources.check_tables("desks", raw.get("desks"), "slack")
    settings = check_struct(Settings, raw, "")
    _check_zone(settings.company.zone)
    if settings.company.language not in LANGUAGES:
        raise SettingsError("company.language", f"must be one of {', '.join(LANGUAGES)}")
    return settings


StructT = TypeVar("StructT", bound=msgspec.Struct)


def check_struct(struct: type[StructT], raw: Mapping[str, Any], prefix: str) -> StructT:
    """`raw` as `struct`, strings from the environment converted. Raises SettingsError under `prefix`."""
    try:
        return msgspec.convert(dict(raw), struct, strict=False)
    except msgspec.ValidationError as error:
        raise _as_settings_error(error, struct, prefix) from None


def overlay_channel(
    struct: type[msgspec.Struct],
    name: str,
    raw: Mapping[str, Any],
    environ: Mapping[str, str] = os.environ,
    *,
    section: str = "channels",
) -> dict[str, Any]:
    """A channel's (or, as `section` says, a desk's) raw table with `FRONTDESK_CHANNELS_<NAME>_<FIELD>` and
    `<field>_file` applied."""
    merged = dict(raw)
    for doc in describe(struct):
        source = merged.pop(f"{doc.name}_file", None)
        given = sources.from_environment(f"{section}.{name}.{doc.name}", doc.type, environ)
        if given is not None:
            merged[doc.name] = given
        elif source is not None and doc.name not in merged:
            merged[doc.name] = sources.read_secret(f"{section}.{name}.{doc.name}_file", Path(str(source)))
    return merged


# --- reading ---------------------------------------------------------------------------------


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    merged = {key: dict(value) if isinstance(value, dict) else value for key, value in raw.items()}
    for doc in describe(Settings):
        path = doc.name.split(".")
        table = sources.table_of(merged, path)
        source = table.pop(f"{path[-1]}_file", None) if doc.type == "str" else None
        given = sources.from_environment(doc.name, doc.type, environ)
        if given is not None:
            sources.put(merged, path, given)
        elif source is not None and path[-1] not in table:
            sources.put(merged, path, sources.read_secret(f"{doc.name}_file", Path(str(source))))
    for section in ("channels", "desks"):
        for name, kind in sources.kinds_in(environ, section, merged.get(section)).items():
            sources.put(merged, [section, name, "kind"], kind)
    return merged


# --- checking and describing -----------------------------------------------------------------


def _as_settings_error(error: msgspec.ValidationError, struct: type[msgspec.Struct], prefix: str) -> SettingsError:
    """msgspec says “… - at `$.a.b`”; unknown and missing fields are named inside the text instead."""
    text, _, place = str(error).partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    for marker in ("Object contains unknown field ", "Object missing required field "):
        if text.startswith(marker):
            named = text.removeprefix(marker).strip("`")
            known = _fields_at(struct, place)
            place = f"{place}.{named}".lstrip(".")
            text = f"is not known here; known are {known}" if "unknown" in marker else "is missing"
    # What a section's own check finds begins with the field's name.
    named, colon, rest = text.partition(": ")
    if colon and named in _fields_at(struct, place).split(", "):
        place, text = f"{place}.{named}".lstrip("."), rest
    text = in_words(text)
    if text == "is missing" or text.startswith(UNLIKE):
        text = _with_description(struct, place, text)
    return SettingsError(f"{prefix}{place}" or "settings", text)


def _with_description(struct: type[msgspec.Struct], place: str, text: str) -> str:
    """`text` and what the field at `place` is for: a person who has it wrong need not look it up."""
    name = place.partition("[")[0]
    told = next((doc.description for doc in describe(struct) if doc.name == name), "")
    return f"{text}: {told}" if told else text


def _fields_at(struct: type[msgspec.Struct], place: str) -> str:
    """The names that stand directly under the section `place`."""
    below = f"{place}." if place else ""
    names = (doc.name.removeprefix(below) for doc in describe(struct) if doc.name.startswith(below))
    return ", ".join(dict.fromkeys(name.partition(".")[0] for name in names))


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError("company.zone", f"{zone!r} is not a time zone; say for example Europe/Kyiv") from None


def _unwrap(hint: Any) -> tuple[Any, Meta | None]:
    if get_origin(hint) is Annotated:
        base, *extras = get_args(hint)
        return base, next((extra for extra in extras if isinstance(extra, Meta)), None)
    return hint, None


def _type_name(base: Any) -> str:
    return base.__name__ if isinstance(base, type) and not get_args(base) else str(base).replace("typing.", "")


def _default_text(info: msgspec.structs.FieldInfo) -> str:
    value = info.default if info.default is not msgspec.NODEFAULT else info.default_factory()
    return msgspec.json.encode(value).decode()
