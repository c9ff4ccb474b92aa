"""The figures as tables for people."""

from __future__ import annotations

from statistics import median

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench.figures import SHARES, Figures, Flat, Goal, Latency, Stages, Start, System, to_rasa

NOTHING = "–"


def show(console: Console, figures: Figures, goals: list[Goal]) -> None:
    """Print every table that has something in it."""
    tables = (_speed(figures), _latencies(figures), _stages(figures), _starts(figures.starts), _flats(figures.flats))
    for table in tables:
        if table.row_count:
            _print(console, table)
    _print(console, _goals(goals))
    for skipped in figures.skipped:
        said = f"{'Broke' if skipped.broke else 'Not measured'}: {skipped.name} — {skipped.reason}"
        console.print(Text(said, "bold red" if skipped.broke else "dim"))
    machine = figures.machine
    console.print(
        f"[dim]{machine.cores} cores shared with the load generator and the stand-in platform, Python "
        f"{machine.python}, SQLite {machine.sqlite}; load {machine.load:.1f} before the run; "
        f"took {figures.seconds:.0f} s.[/dim]",
        highlight=False,
    )
    if machine.load > machine.cores / 2:
        console.print("[yellow]The machine was busy with other things: only the ratios mean something.[/yellow]")


def _print(console: Console, table: Table) -> None:
    """The title and the caption at full width, not at the table's."""
    title, caption = str(table.title or ""), str(table.caption or "")
    table.title = table.caption = None
    console.print(f"\n[bold]{title}[/bold]", highlight=False)
    console.print(table)
    if caption:
        console.print(f"[dim]{caption}[/dim]\n", highlight=False)


def _table(title: str, first: str, *columns: str, caption: str | None = None) -> Table:
    """A table whose first column says what the row is about, the others being numbers."""
    table = Table(title=title, caption=caption, box=SIMPLE_HEAD)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _speed(figures: Figures) -> Table:
    troubles = [f"{system.name}: {_troubles(system)}." for system in figures.systems if _troubles(system)]
    table = _table(
        "From webhook to sendMessage: the most it carries",
        "system",
        "messages/s",
        "× bare",
        "× Rasa",
        "CPU ms",
        caption="\n".join(["CPU is the program's own for a message, without a database server's.", *troubles]),
    )
    for system in figures.systems:
        table.add_row(
            system.name,
            _rate(system.per_second),
            _number(system.ratio, "{:.2f}"),
            _number(to_rasa(figures, system.name), "{:.0f}"),
            _number(median(system.processor_ms) if system.processor_ms else None, "{:.2f}"),
        )
    return table


def _latencies(figures: Figures) -> Table:
    table = _table(
        "From webhook to sendMessage: how long a customer waits",
        "system",
        *(f"at {share:.0%}" for share in SHARES),
        caption="p50 / p99 in ms at that share of the system's own maximum.",
    )
    for system in figures.systems:
        taken = {latency.share: latency for latency in system.latencies}
        if taken:
            table.add_row(system.name, *(_latency(taken.get(share)) for share in SHARES))
    return table


def _troubles(system: System) -> str:
    said = [("refused", system.refused), ("not answered in time", system.unanswered)]
    return ", ".join(f"{count:,} {what}" for what, count in said if count)


def _latency(latency: Latency | None) -> str:
    if latency is None:
        return NOTHING
    if not latency.kept:
        return "overloaded"
    return f"{_number(latency.p50, '{:.0f}')} / {_number(latency.p99, '{:.0f}')}"


def _stages(figures: Figures) -> Table:
    table = _table(
        "CPU ms a message, by stage",
        "database",
        "receive",
        "turn",
        "send",
        "together",
        caption="One stage after the other in one process, without uvicorn.",
    )
    for stages in figures.stages:
        table.add_row(stages.name, *(f"{value:.2f}" for value in _parts(stages)))
    return table


def _parts(stages: Stages) -> tuple[float, ...]:
    parts = (stages.receive, stages.turn, stages.send)
    return (*parts, sum(parts))


def _starts(starts: list[Start]) -> Table:
    table = _table("Starting and memory", "channels", "ready in s", "MiB idle", "MiB after load", "messages")
    for start in starts:
        table.add_row(
            start.name,
            f"{median(start.seconds):.1f}",
            _number(start.idle, "{:.0f}"),
            _number(start.loaded, "{:.0f}"),
            f"{start.messages:,}" if start.messages else NOTHING,
        )
    return table


def _flats(flats: list[Flat]) -> Table:
    table = _table(
        "The cost of a filled database", "database", "stored messages", "empty: messages/s", "filled", "filled / empty"
    )
    for flat in flats:
        table.add_row(
            flat.name,
            f"{flat.stored:,}",
            _rate(median(flat.empty)),
            _rate(median(flat.full)),
            f"{flat.ratio:.2f}",
        )
    return table


def _goals(goals: list[Goal]) -> Table:
    table = _table("Goals", "goal", "found")
    table.add_column("", min_width=len("missed"), no_wrap=True)
    for goal in goals:
        mark = (
            Text(NOTHING, "dim")
            if goal.met is None
            else Text("ok", "green")
            if goal.met
            else Text("missed", "bold red")
        )
        table.add_row(goal.text, goal.found, mark)
    return table


def _number(value: float | None, form: str) -> str:
    return NOTHING if value is None else form.format(value)


def _rate(per_second: float | None) -> str:
    return _number(per_second, "{:,.0f}" if (per_second or 0) >= 10 else "{:.1f}")
