"""The loops of desks beside the web desk: each runs in one process at a time."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.desks import Desk
from gateway.processes.duties import Duties
from gateway.processes.loops import Loop


def desk_workers(desks: Mapping[str, Desk], duties: Duties) -> dict[str, Loop]:
    """What carries out agents' deeds and shows handoffs, by name."""
    loops: dict[str, Loop] = {}
    for name, desk in desks.items():
        loops[f"desk:{name}:work"] = duties.alone(f"desk:{name}:work", desk.work)
        loops[f"desk:{name}:show"] = duties.alone(f"desk:{name}:show", desk.show)
    return loops


def desk_listeners(desks: Mapping[str, Desk], duties: Duties) -> dict[str, Loop]:
    """What hears agents where no webhook tells of them, by name."""
    return {f"desk:{name}": duties.alone(f"desk:{name}", desk.listen) for name, desk in desks.items()}
