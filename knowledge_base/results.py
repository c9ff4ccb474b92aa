"""What becomes of a change of the knowledge base: refusals, trainings, and the reports of imports."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from gateway.errors import Conflict, FrontdeskError
from gateway.learning import TrainingReport
from gateway.messages import Value
from knowledge_base.problems import Problem
from knowledge_base.storage import Publication, Saved


class StaleEdit(Conflict):
    """Somebody saved the article after it was opened; `newest` is what they saved, and nothing was
    written. The text that was not saved is still in the hands of the caller."""

    def __init__(self, newest: Saved) -> None:
        super().__init__(
            f"article {newest.article.id} was changed by {newest.author}: it is at revision {newest.revision} now"
        )
        self.newest = newest


class Refused(FrontdeskError):
    """An article that was not saved; `problems` says why, place by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.text() for problem in problems))
        self.problems = tuple(problems)


class Unsigned(Conflict):
    """An article that may not go live yet: a reviewer must sign it first."""

    def __init__(self, article: str) -> None:
        super().__init__(f"article {article} needs the signature of a reviewer before it goes live")
        self.article = article


class TrainingState(StrEnum):
    """How far a training is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Training(Value, frozen=True, kw_only=True):
    """The last training of this process, for whoever watches; `reason` says why it failed."""

    state: TrainingState
    report: TrainingReport | None = None
    reason: str = ""


class ImportReport(Value, frozen=True, kw_only=True):
    """What an import did, as article ids. `missing` are stored but not in the folder; they stay,
    unless pruning was asked for, and then they are `removed`. `held` were to be published and wait for a
    reviewer instead; `snippets` are the names of those that changed. `publication` is None where nothing that
    customers see has changed, `training` where there was nothing new to learn."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    snippets: tuple[str, ...] = ()
    publication: Publication | None = None
    training: TrainingReport | None = None
