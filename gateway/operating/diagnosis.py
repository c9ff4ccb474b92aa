"""From facts to findings: what of an installation is fine, what should be mended, and how. Pure policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from gateway.operating.checkup import Finding, fine, problem, warning
from gateway.settings import Settings
from gateway.storage.examination import SqliteFile, Waiting

MIB = 1024 * 1024
LITTLE, TOO_LITTLE = 1024 * MIB, 128 * MIB
"""Bytes of free disk."""
LARGE_WAL = 512 * MIB
SHORT_SECRET = 32
ASTRAY, FAR_ASTRAY = timedelta(seconds=2), timedelta(seconds=30)
"""Clocks. Alarms ring to the second; sessions and leases of half a minute would end at once."""
LATE, VERY_LATE = timedelta(minutes=1), timedelta(minutes=10)
BUILT = 2026


def of_public_url(settings: Settings) -> Finding:
    """Whether the world can reach us safely."""
    subject, url = "public_url", settings.public_url
    if not url:
        return fine(subject, "not set: only this machine's network reaches the gateway, and platforms are polled")
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return fine(subject, url)
    if parts.hostname in ("localhost", "127.0.0.1", "::1"):
        return warning(subject, f"{url} is this machine only", "set it to the https address that the world uses")
    return problem(
        subject,
        f"{url!r} is not an https address: passwords and tokens would travel openly, and Telegram refuses it",
        "put a reverse proxy with a certificate before the gateway and set public_url to its https:// address",
    )


def of_secret(settings: Settings, kept: Path, *, shared: bool) -> Finding:
    """Whether tokens can be forged, and are known by every process that reads them."""
    subject = "secret"
    if settings.secret:
        if len(settings.secret) < SHORT_SECRET:
            fix = f"take {SHORT_SECRET} random characters or more; who is signed in has to sign in again"
            return warning(subject, f"has only {len(settings.secret)} characters", fix)
        return fine(subject, "set in the settings")
    if shared:
        fix = f"set `secret` to the same value everywhere (the one in use is in {kept}), or share data_dir"
        return warning(subject, f"lies in {kept}: on another host it would be another one", fix)
    if kept.exists() and kept.stat().st_mode & 0o077:
        return warning(subject, f"{kept} can be read by others on this machine", f"chmod 600 {kept}")
    return fine(subject, f"generated, in {kept}")


def of_disk(subject: str, folder: Path, free: int, *, writable: bool) -> Finding:
    """Whether what comes in has somewhere to go."""
    if not writable:
        return problem(subject, f"{folder} cannot be written", f"chown it to the user that runs the gateway: {folder}")
    says = f"{folder}: {free // MIB} MiB free"
    if free < TOO_LITTLE:
        return problem(subject, says, "make room at once: without it messages are refused, though none is lost")
    if free < LITTLE:
        return warning(subject, says, "make room, or move to a larger disk")
    return fine(subject, says)


def of_sqlite(file: SqliteFile, served_by: int | None) -> Iterator[Finding]:
    """The file and what lies beside it."""
    serving = "nobody serves it now" if served_by is None else f"served by process {served_by or 'unknown'}"
    yield fine("database", f"SQLite {file.path}, {file.size // MIB} MiB, {serving}")
    if file.mode & 0o007:
        says = f"{file.path} can be read by every user of this machine, with all that was ever said"
        yield warning("database.rights", says, f"chmod o-rwx {file.path} {file.path}-wal {file.path}-shm")
    if file.wal > max(LARGE_WAL, file.size):
        says = f"the write-ahead log has {file.wal // MIB} MiB: somebody keeps a transaction open"
        yield warning("database.wal", says, "end what reads the database for long (a shell, a viewer, a backup)")


def of_revision(revision: str | None, newest: str, known: frozenset[str]) -> Finding:
    """Whether the schema is this program's."""
    subject = "migrations"
    if revision == newest:
        return fine(subject, f"newest ({newest})")
    if revision is None:
        return problem(subject, "the database is empty", "run: frontdesk migrate")
    if revision in known:
        return problem(subject, f"the database is at {revision}, this program needs {newest}", "run: frontdesk migrate")
    return problem(subject, f"the database ({revision}) is newer than this program", "update this program")


def of_clocks(now: datetime, zone: ZoneInfo, *, server: datetime | None, newest: datetime | None) -> Finding:
    """This machine's clock against the database server's, else against what it has already written."""
    subject, fix = "clock", "synchronise the clock (systemd-timesyncd, chrony)"
    local = f"{now.astimezone(zone):%Y-%m-%d %H:%M} in {zone.key}"
    if now.year < BUILT:
        return problem(subject, f"says {local}, which is before this program was made", fix)
    if server is not None:
        apart = abs(server - now)
        if apart > ASTRAY:
            judge = problem if apart > FAR_ASTRAY else warning
            return judge(subject, f"{apart.total_seconds():.0f} seconds from the database server's", fix + " of both")
        return fine(subject, f"{local}, as the database server's")
    if newest is not None and newest - now > FAR_ASTRAY:
        return problem(subject, f"says {local}, but messages were written {newest - now} later: it was set back", fix)
    return fine(subject, local)


def of_waiting(waiting: Waiting, now: datetime) -> Iterator[Finding]:
    """Queues that are not worked off, and what ended badly."""
    yield _late("inbox", "an event", waiting.oldest_event, now, f"{waiting.events} events wait for their turn")
    yield _late("timers", "an alarm", waiting.next_timer, now, "alarms ring in time")
    opened = [one for one in waiting.sends if one.state in ("queued", "sending")]
    oldest = min((one.oldest for one in opened if one.oldest), default=None)
    told = f"{sum(one.count for one in opened)} sends wait"
    slow = sorted({one.channel for one in opened if one.oldest and now - one.oldest > LATE})
    yield _late("outbox", f"a send of {', '.join(slow) or 'a channel'}", oldest, now, told)
    if waiting.quarantined:
        says = f"{waiting.quarantined} events were put aside, because they could not be read or broke their turn"
        yield warning("inbox.quarantined", says, "look for `quarantined` in the log; they are kept for looking into")
    unknown = sum(one.count for one in waiting.sends if one.state == "unknown")
    if unknown:
        fix = "look at these conversations on the desk and send again where needed"
        yield warning("outbox.unknown", f"nobody knows whether {unknown} sends arrived", fix)


def of_knowledge(published: int | None, trained: int | None) -> Finding:
    """Whether the bot knows something and understands what it knows."""
    subject = "knowledge"
    if published is None:
        return problem(subject, "nothing is published: the bot can answer nothing", "run: frontdesk import DIR")
    if trained is None:
        return problem(subject, f"revision {published} is published, nothing is trained", "run: frontdesk train")
    if trained != published:
        says = f"revision {published} is published, revision {trained} trained"
        return warning(subject, says, "run: frontdesk train (a gateway that runs does it by itself)")
    return fine(subject, f"revision {published} is published and trained")


def of_staff(agents: int) -> Finding:
    """Whether anybody answers."""
    if agents:
        return fine("staff", f"{agents} may answer at the desk")
    fix = "run: frontdesk add-staff EMAIL --name NAME --role agent"
    return warning("staff", "nobody may answer at the desk: what is handed over waits for ever", fix)


def _late(subject: str, what: str, since: datetime | None, now: datetime, otherwise: str) -> Finding:
    if since is None or now - since < LATE:
        return fine(subject, otherwise)
    minutes = int((now - since).total_seconds() // 60)
    judge = problem if now - since > VERY_LATE else warning
    fix = "see that `frontdesk serve` runs (with every role, where they are apart), and what it logs"
    return judge(subject, f"{what} has waited {minutes} minutes", fix)
