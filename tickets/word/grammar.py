"""Walks the tags of a template and tells what they use and what they must not.

Works on Jinja's syntax tree with the types of `ReportContext` beside it, so a mistyped variable is found
without filling anything. Only a short list of constructs is allowed; everything else is named and refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jinja2 import nodes
from pydantic import BaseModel

from tickets.word.environment import FILTERS, LOOP_WORDS, TESTS
from tickets.word.variables import GROUPS, LOOP_NAMES, Kind, ReportContext, fields_of, item_model

# A report's lists are flat (at most 200 items), so a loop within a loop could only be meant to exhaust us;
# with the size of a loop's body bounded too, the largest document that can come out is bounded.
MAX_LOOP_BODY: Final = 200_000
_LONGEST_CONSTANT: Final = 500

_FORBIDDEN: Final[dict[type[nodes.Node], str]] = {
    nodes.Call: "不能调用函数",
    nodes.CallBlock: "不能调用函数",
    nodes.Macro: "不能定义宏（macro）",
    nodes.Include: "不能引入其他文件（include）",
    nodes.Import: "不能引入其他文件（import）",
    nodes.FromImport: "不能引入其他文件（import）",
    nodes.Extends: "不能继承其他文件（extends）",
    nodes.Block: "不能使用 block",
    nodes.Assign: "不能定义变量（set）",
    nodes.AssignBlock: "不能定义变量（set）",
    nodes.FilterBlock: "不能使用 filter 块",
    nodes.With: "不能使用 with",
    nodes.Slice: "不能截取内容（[a:b]）",
}
_PLAIN: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that is no variable: as written, the line it stands in, the names it may have been meant to be."""

    name: str
    line: int
    suggestions: tuple[str, ...] = ()


@dataclass(slots=True)
class Reading:
    """What has been found so far."""

    used: set[str] = field(default_factory=set)
    unknown: list[Unknown] = field(default_factory=list)
    forbidden: list[tuple[int, str]] = field(default_factory=list)


Scope = Mapping[str, Any]  # name → annotation of the value; models, lists of models, or a plain type
_LOOP: Final = "the counters of a loop"


def read_tree(tree: nodes.Template, kind: Kind) -> Reading:
    """All variables, unknown names and forbidden constructs of one part of a template."""
    reading = Reading()
    scope = {name: ReportContext.model_fields[name].annotation for name in GROUPS[kind]}
    _Walk(reading, scope).visit(tree, scope, depth=0)
    return reading


class _Walk:
    def __init__(self, reading: Reading, roots: Scope) -> None:
        self.reading = reading
        self.roots = roots

    def visit(self, node: nodes.Node, scope: Scope, depth: int) -> None:
        if isinstance(node, nodes.For):
            self._loop(node, scope, depth)
        elif isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Name):
            self._variable(node, scope)
        elif isinstance(node, nodes.Const):
            if isinstance(node.value, str) and len(node.value) > _LONGEST_CONSTANT:
                self._forbid(node, "引号里的文字太长")
        elif isinstance(node, nodes.Filter):
            self._filter(node, scope, depth)
        elif isinstance(node, nodes.Test):
            if node.name not in TESTS:
                self._forbid(node, f"不能使用判断“is {node.name}”")
            self.visit(node.node, scope, depth)
        elif isinstance(node, nodes.Mul) and _is_column_span(node):
            return
        elif isinstance(node, _PLAIN):
            for child in node.iter_child_nodes():
                self.visit(child, scope, depth)
        else:
            self._forbid(node, _FORBIDDEN.get(type(node), "模板只能使用变量、循环和判断，不能运算"))

    def _filter(self, node: nodes.Filter, scope: Scope, depth: int) -> None:
        if node.name not in FILTERS:
            allowed = "、".join(FILTERS)
            self._forbid(node, f"不能使用“|{node.name}”，可用的有 {allowed}")
        if node.node is not None:
            self.visit(node.node, scope, depth)
        for argument in node.args:
            self.visit(argument, scope, depth)

    def _loop(self, node: nodes.For, scope: Scope, depth: int) -> None:
        if depth:
            self._forbid(node, "循环里不能再套循环")
            return
        if sum(len(text.data) for text in node.find_all(nodes.TemplateData)) > MAX_LOOP_BODY:
            self._forbid(node, "循环里的内容太多，请只循环一行或一段")
            return
        if node.recursive or not isinstance(node.target, nodes.Name):
            self._forbid(node, "循环只能写成 for t in tickets")
            return
        found = self._resolve(node.iter, scope)
        item = item_model(found[1]) if found else None
        if found and item is None:
            self._forbid(node, f"“{found[0]}”不是清单，不能循环")
        if found and item is not None:
            self.reading.used.add(found[0])
        name = node.target.name
        inner = {
            **scope,
            name: item if item is not None else Any,
            "loop": _LOOP,
            f"{name} ": found and found[0],
        }
        if node.test is not None:
            self.visit(node.test, inner, depth + 1)
        for child in [*node.body, *node.else_]:
            self.visit(child, inner, depth + 1)

    def _variable(self, node: nodes.Node, scope: Scope) -> None:
        found = self._resolve(node, scope)
        if found is None:
            return
        path, annotation = found
        if annotation is _LOOP or annotation is Any:
            return
        if item_model(annotation) is not None or _is_model(annotation):
            if not isinstance(node, nodes.Name) or path in self.roots:
                self.reading.used.add(path)
            return
        self.reading.used.add(path)

    def _resolve(self, node: nodes.Node, scope: Scope) -> tuple[str, Any] | None:
        """Path and type of a dotted name; None when it is unknown (noted) or no name at all (forbidden)."""
        names = _dotted(node)
        if names is None:
            self._forbid(node, "只能写变量名，例如 case.number")
            return None
        if names[0] not in scope:
            self._note_unknown(node, names)
            return None
        annotation = scope[names[0]]
        path = scope.get(f"{names[0]} ") or names[0]
        if annotation is _LOOP:
            if len(names) == 2 and names[1] in LOOP_WORDS:
                return "loop", _LOOP
            self._note_unknown(node, names)
            return None
        for name in names[1:]:
            if annotation is Any:
                return path, Any
            known = fields_of(annotation) if _is_model(annotation) else {}
            if name not in known:
                self._note_unknown(node, names)
                return None
            annotation, path = known[name].annotation, f"{path}.{name}"
        return path, annotation

    def _note_unknown(self, node: nodes.Node, names: list[str]) -> None:
        self.reading.unknown.append(Unknown(".".join(names), node.lineno))

    def _forbid(self, node: nodes.Node, sentence: str) -> None:
        self.reading.forbidden.append((node.lineno, sentence))


def outside_loop(name: str) -> str | None:
    """The list a loop name such as `t` belongs to, for a better sentence."""
    first = name.partition(".")[0]
    return next((group for group, short in LOOP_NAMES.items() if short == first), None)


def _dotted(node: nodes.Node) -> list[str] | None:
    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getattr):
        before = _dotted(node.node)
        return None if before is None else [*before, node.attr]
    if (
        isinstance(node, nodes.Getitem)
        and isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, str)
    ):
        before = _dotted(node.node)
        return None if before is None else [*before, node.arg.value]
    return None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_column_span(node: nodes.Mul) -> bool:
    """`3 * loop.length`: what docxtpl makes of its {% hm %} tag, the one calculation there is."""
    return (
        isinstance(node.left, nodes.Const)
        and isinstance(node.left.value, int)
        and node.left.value <= 63
        and _dotted(node.right) == ["loop", "length"]
    )
