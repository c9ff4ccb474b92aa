"""What a run finds out, as it goes into the JSON file; and the goals it is held against."""

from __future__ import annotations

from statistics import median

import msgspec

BARE = "bare handler"
RASA = "Rasa's REST channel"
SHARES = (0.25, 0.5, 0.8)
"""Of the measured maximum: the loads at which latencies are taken."""

BARE_GOAL = 0.5
RASA_GOAL = 40.0
P99_GOAL = 50.0
FLAT_GOAL = 0.9
START_GOALS = {"web chat alone": (3.0, 160.0), "web chat + aiogram": (8.0, 320.0)}
"""Seconds until ready, and resident MiB after load."""


class Latency(msgspec.Struct, kw_only=True):
    """From a message's appointed moment to its sendMessage, in ms, at `rate` messages a second.
    `kept` tells whether the server kept up with the rate; if not, its latencies mean nothing."""

    share: float
    rate: float
    p50: float | None
    p99: float | None
    worst: float | None
    unanswered: int
    kept: bool


class System(msgspec.Struct, kw_only=True):
    """One system under load: messages a second in each round, processor ms a message (of the
    program itself, without its database server), and latencies."""

    name: str
    rounds: list[float] = []
    ratios: list[float] = []
    """To the bare handler in the same round."""
    processor_ms: list[float] = []
    latencies: list[Latency] = []
    refused: int = 0
    unanswered: int = 0

    @property
    def per_second(self) -> float | None:
        """The middle round."""
        return median(self.rounds) if self.rounds else None

    @property
    def ratio(self) -> float | None:
        """To the bare handler, of the middle round."""
        return median(self.ratios) if self.ratios else None


class Start(msgspec.Struct, kw_only=True):
    """What starting costs: seconds to ready, and resident MiB then and after `messages` of load."""

    name: str
    seconds: list[float]
    idle: float | None
    loaded: float | None
    messages: int


class Stages(msgspec.Struct, kw_only=True):
    """Processor ms a message by stage, run one after the other in one process."""

    name: str
    messages: int
    receive: float
    turn: float
    send: float


class Flat(msgspec.Struct, kw_only=True):
    """The same load on an empty and on a filled database, by turns: messages a second in each round."""

    name: str
    stored: int
    empty: list[float]
    full: list[float]

    @property
    def ratio(self) -> float:
        """Filled to empty, of the middle round."""
        return median(full / empty for empty, full in zip(self.empty, self.full, strict=True))


class Skipped(msgspec.Struct, kw_only=True):
    """What was not measured, and why; `broke` where it should have been."""

    name: str
    reason: str
    broke: bool = False


class Machine(msgspec.Struct, kw_only=True):
    """Where it ran."""

    cores: int
    load: float
    python: str
    sqlite: str


class Figures(msgspec.Struct, kw_only=True):
    """Everything."""

    machine: Machine
    systems: list[System] = []
    starts: list[Start] = []
    stages: list[Stages] = []
    flats: list[Flat] = []
    skipped: list[Skipped] = []
    seconds: float = 0.0

    def system(self, name: str) -> System | None:
        """The system of that name, where it was measured."""
        return next((system for system in self.systems if system.name == name), None)


class Goal(msgspec.Struct, kw_only=True):
    """One thing asked of Frontdesk: `met` is None where it was not measured."""

    text: str
    found: str
    met: bool | None


def goals(figures: Figures, subject: str) -> list[Goal]:
    """What `figures` say of the goals; `subject` names the system that the speed goals are about."""
    return [*_speed_goals(figures, subject), *_start_goals(figures), *_flat_goals(figures)]


def _speed_goals(figures: Figures, subject: str) -> list[Goal]:
    system = figures.system(subject)
    ratio = system.ratio if system else None
    half = next((one for one in system.latencies if one.share == 0.5), None) if system else None
    p99 = half.p99 if half and half.kept else None
    return [
        _goal(f"{subject}: messages/s ≥ {BARE_GOAL} × the bare handler", ratio, "{:.2f} ×", least=BARE_GOAL),
        _goal(
            f"{subject}: messages/s ≥ {RASA_GOAL:.0f} × Rasa", to_rasa(figures, subject), "{:.0f} ×", least=RASA_GOAL
        ),
        Goal(text=f"{subject}: p99 ≤ {P99_GOAL:.0f} ms at half load", found="overloaded", met=False)
        if half and not half.kept
        else _goal(f"{subject}: p99 ≤ {P99_GOAL:.0f} ms at half load", p99, "{:.0f} ms", most=P99_GOAL),
    ]


def _start_goals(figures: Figures) -> list[Goal]:
    found = []
    starts = {start.name: start for start in figures.starts}
    for name, (seconds, mebibytes) in START_GOALS.items():
        start = starts.get(name)
        taken = median(start.seconds) if start else None
        found.append(_goal(f"{name}: ready in ≤ {seconds:.0f} s", taken, "{:.1f} s", most=seconds))
        resident = start.loaded if start else None
        found.append(_goal(f"{name}: resident ≤ {mebibytes:.0f} MiB", resident, "{:.0f} MiB", most=mebibytes))
    return found


def _flat_goals(figures: Figures) -> list[Goal]:
    return [
        _goal(
            f"{flat.name}: {flat.stored:,} stored messages ≥ {FLAT_GOAL} × empty",
            flat.ratio,
            "{:.2f} ×",
            least=FLAT_GOAL,
        )
        for flat in figures.flats
    ]


def to_rasa(figures: Figures, name: str) -> float | None:
    """How many times Rasa's rate the system of that name reaches; None where either was not measured."""
    system, rasa = figures.system(name), figures.system(RASA)
    if system is None or rasa is None or not system.per_second or not rasa.per_second:
        return None
    return system.per_second / rasa.per_second


def _goal(text: str, value: float | None, form: str, *, least: float | None = None, most: float | None = None) -> Goal:
    if value is None:
        return Goal(text=text, found="not measured", met=None)
    met = (least is None or value >= least) and (most is None or value <= most)
    return Goal(text=text, found=form.format(value), met=met)
