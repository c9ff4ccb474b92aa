"""The process that tries templates: verdicts in order, and a template that hangs costs only itself."""

from __future__ import annotations

import asyncio
import io
import time

import msgspec
import pytest

from gateway.errors import FrontdeskError
from knowledge_base.checking import TemplateChecker, Trial, Verdict, serve
from tests.knowledge_base import slow_worker


async def test_verdicts_come_in_order_and_equal_sources_are_tried_once() -> None:
    async with TemplateChecker() as checker:
        good, bad, again = await checker.check(["{{ company.name }}", "x\n{% for %}", "{{ company.name }}"])
        (filled,) = await checker.run([Trial(source="{{ company.name }}!", variables={"company": {"name": "Ж"}})])

    assert good == again == Verdict()
    assert bad.problem is not None
    assert bad.problem.line == 2
    assert filled.text == "Ж!"


async def test_a_template_that_hangs_is_killed_and_the_rest_goes_on() -> None:
    async with TemplateChecker(seconds=0.5, module=slow_worker.__name__) as checker:
        started = time.perf_counter()
        before, hanging, after = await checker.check(["before", slow_worker.HANGS, "after"])

    assert time.perf_counter() - started < 20
    assert (before.problem, after.problem) == (None, None)
    assert hanging.problem is not None
    assert "takes too long" in hanging.problem.text()


async def test_whoever_goes_away_half_way_leaves_no_wrong_answer_behind() -> None:
    async with TemplateChecker(seconds=30, module=slow_worker.__name__) as checker:
        await checker.check(["warm"])
        task = asyncio.create_task(checker.check([slow_worker.HANGS]))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await checker.check(["mine"]) == [Verdict(text="mine")]


async def test_a_worker_that_does_not_start_is_said_plainly() -> None:
    async with TemplateChecker(module="knowledge_base.no_such_module") as checker:
        with pytest.raises(FrontdeskError, match="did not start"):
            await checker.check(["x"])


def test_the_worker_answers_line_by_line() -> None:
    requests = io.BytesIO(msgspec.json.encode(Trial(source="{{ nope }}")) + b"\n")
    verdicts = io.BytesIO()
    serve(requests, verdicts)
    ready, verdict = verdicts.getvalue().splitlines()
    assert ready == b"ready"
    assert msgspec.json.decode(verdict, type=Verdict).problem is not None
