"""python-liquid cut down to our language: three tags, six filters, strings out of plain dicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.content import Literal as Content
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.case_tag import CaseNode, CaseTag, MultiExpressionBlockNode
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.expression import Expression
from liquid.mode import Mode
from liquid.stream import TokenStream
from liquid.undefined import Undefined
from liquid.utils import ReadOnlyChainMap

from knowledge_base.template_filters import FILTERS

OUTPUT_LIMIT = 32 * 1024
DEPTH_LIMIT = 10


class Context(RenderContext):
    """Looks up ``group.name`` in plain dicts and nowhere else, and notes what was missing."""

    __slots__ = ("missing",)

    def __init__(self, template: BoundTemplate, **options: Any) -> None:
        super().__init__(template, **options)
        # The library's own chain also offers `now`, `today` and counters; ours are only the variables.
        self.scope = ReadOnlyChainMap(self.locals, self.globals)
        self.missing: list[str] = []

    def get_item(self, obj: Any, key: Any) -> Any:
        """The value of a plain dict's key; no `size`, `first`, `last`, attributes or indexes."""
        if type(obj) is dict and isinstance(key, str):
            return obj[key]
        raise KeyError(key)


class _Template(BoundTemplate):
    context_class = Context


class _OutputNode(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        text = value if isinstance(value, str) else _written(value)
        if not text and isinstance(context, Context):
            context.missing += _undefined(self.expression, context)
        return buffer.write(text)


def _undefined(expression: Expression, context: RenderContext) -> list[str]:
    """The variable that `expression` begins with, where it has no value (a filter may have hidden that)."""
    begins = expression.left if isinstance(expression, FilteredExpression) else expression
    return [str(begins)] if isinstance(begins.evaluate(context), Undefined) else []


def _written(value: object) -> str:
    """A literal as Liquid writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or isinstance(value, Undefined) else str(value)


class _Output(Output):
    node_class = _OutputNode


class _If(IfTag):
    mode = Mode.STRICT


class _Unless(UnlessTag):
    mode = Mode.STRICT


class _When(MultiExpressionBlockNode):
    """Rendered once. The library renders a block as often as its values match, which nested cases
    turn into an exponential amount of work."""

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return self.block.render(context, buffer) if any(self.expression.evaluate(context)) else -1


class _Case(CaseTag):
    def parse(self, stream: TokenStream) -> Node:
        node = super().parse(stream)
        if isinstance(node, CaseNode):
            node.blocks = [
                _When(block.token, block.block, block.expression)
                if isinstance(block, MultiExpressionBlockNode)
                else block
                for block in node.blocks
            ]
        return node


class Language(Environment):
    """The whole of the template language: whatever is not registered here does not exist."""

    template_class = _Template
    block_nesting_limit = DEPTH_LIMIT
    context_depth_limit = DEPTH_LIMIT
    loop_iteration_limit = 1
    local_namespace_limit = 1
    output_stream_limit = OUTPUT_LIMIT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Register ours and nothing else."""
        for tag in (Content, Illegal, _Output, _If, _Unless, _Case):
            self.add_tag(tag)
        self.filters.update(FILTERS)


def expressions(template: BoundTemplate) -> Iterator[Expression]:
    """Every expression of `template`, those within others too."""
    nodes = list(template.nodes)
    context = Context(template)
    while nodes:
        node = nodes.pop(0)
        nodes[:0] = node.children(context)
        waiting = list(node.expressions())
        while waiting:
            expression = waiting.pop(0)
            yield expression
            waiting[:0] = expression.children()


def filter_names(expression: Expression) -> list[str]:
    """The filters that `expression` applies."""
    if isinstance(expression, FilteredExpression) and expression.filters:
        return [used.name for used in expression.filters]
    return []


def variable(expression: Expression) -> tuple[str, ...] | None:
    """The names along a variable's path (``("company", "name")``), None where it is no variable.

    A computed step (``a[b]``, ``a[0]``) is named ``[]``.
    """
    if not isinstance(expression, Path):
        return None
    return tuple(step if isinstance(step, str) else "[]" for step in expression.path)


def is_range(expression: Expression) -> bool:
    """Whether `expression` is ``(1..9)``."""
    return isinstance(expression, RangeLiteral)
