"""Variables of the environment that look like settings and are none: misspelt ones, which nobody reads.

They are told and not refused, as an unknown field of the file is: the environment is shared. An orchestrator
puts ``FRONTDESK_SERVICE_HOST`` beside a service that is called so, and a gateway must not end of it. Never a
value is told: it may be a secret.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

import msgspec
import structlog

from gateway.improving.sources import PREFIX, variables_of
from gateway.messages import Value
from gateway.operating.checkup import Finding, warning
from gateway.registry import kind_in
from gateway.settings import Settings, describe

log = structlog.get_logger()

ELSEWHERE = frozenset({"CONFIG", "PASSWORD", "SITE", "UPSTREAMS"})
"""Not settings, but read: by the command line, `add-staff`, and the proxy before the gateway."""
TOOLS = ("TEST_", "BENCH_", "FAULTS_", "NLU_DATA", "HOSTILE_SENDS", "OUTAGE_SECONDS", "MACHINE_EXAMPLES", "PYTHON310")
"""What the tests, the benchmarks and the fault injector read begins so."""
TABLES = ("channels", "desks")
"""Sections whose tables have names that a firm chose, and the fields of a kind."""

ALIKE = 0.75
"""Of `difflib`: two letters that changed places among four."""


class Stranger(Value, frozen=True, kw_only=True):
    """A variable that nobody reads: its name, and the known name that is most like it (empty: none is)."""

    variable: str
    nearest: str = ""

    @property
    def fix(self) -> str:
        """What to do about it, as an end of a sentence."""
        meant = f"did you mean {self.nearest}? Else unset" if self.nearest else "correct its name or unset"
        return f"{meant} it; `Settings` in the README lists all"


def of_settings(settings: Settings, environ: Mapping[str, str] = os.environ) -> list[Stranger]:
    """Strangers among all variables but those below a table that `settings` have: only its kind knows those."""
    named = [f"{section}.{name}" for section in TABLES for name in getattr(settings, section)]
    below = tuple(f"{one}_" for name in named for one in variables_of(name))
    known = [doc.name for doc in describe(Settings)]
    return list(_strangers(known, (variable for variable in environ if not variable.startswith(below))))


def of_tables(
    settings: Settings,
    channel_kinds: Mapping[str, str],
    desk_kinds: Mapping[str, str],
    environ: Mapping[str, str] = os.environ,
) -> list[Stranger]:
    """Strangers below the tables of `settings`. The kinds say for each which module registers it; a table of a
    kind that is not there is passed over, for it is refused soon."""
    known: list[str] = []
    below: list[str] = []
    for section, kinds in zip(TABLES, (channel_kinds, desk_kinds), strict=True):
        for name, table in getattr(settings, section).items():
            if table["kind"] in kinds:
                known += _fields(f"{section}.{name}", kind_in(kinds[table["kind"]]).settings)
                below += [f"{one}_" for one in variables_of(f"{section}.{name}")]
    fields = (variable for variable in environ if variable.startswith(tuple(below)))
    # However the underscores of a `…_KIND` stand, it is read: it makes a table.
    return list(_strangers(known, (variable for variable in fields if not variable.endswith("_KIND"))))


def tell(strangers: Iterable[Stranger]) -> None:
    """A line of the log for each."""
    for one in strangers:
        log.warning("unknown_variable", variable=one.variable, says="is no setting and is ignored", fix=one.fix)


def finding(stranger: Stranger) -> Finding:
    """What the doctor says of it."""
    return warning("environment", f"{stranger.variable} is no setting and is ignored", stranger.fix)


def _fields(table: str, struct: type[msgspec.Struct]) -> Iterator[str]:
    yield f"{table}.kind"
    for doc in describe(struct):
        yield f"{table}.{doc.name}"


def _strangers(known: Iterable[str], variables: Iterable[str]) -> Iterator[Stranger]:
    names = {
        variable.removeprefix(PREFIX) + end
        for name in known
        for variable in variables_of(name)
        for end in ("", "_FILE")
    }
    for variable in sorted(variables):
        own = variable.removeprefix(PREFIX)
        if own == variable or own in names or own in ELSEWHERE or own.startswith(TOOLS):
            continue
        # Without the beginning that all share, which would make any two alike.
        nearest = get_close_matches(own, sorted(names), n=1, cutoff=ALIKE)
        yield Stranger(variable=variable, nearest="".join(PREFIX + one for one in nearest))
