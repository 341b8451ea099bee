"""The small faults that `tests.mutate` puts into a module, one at a time.

A mutation is a piece of source text and what stands there instead, so the rest of the file keeps
its lines. The kinds are the usual ones (Offutt et al., 1996, "An experimental determination of
sufficient mutant operators"; DeMillo et al., 1978): comparisons, arithmetic, and/or/not,
conditions, constants, bounds of slices, swapped arguments, another of two sister functions,
statements left out, returns.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FLIPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
SISTERS = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "reversed": "list",
    "startswith": "endswith",
    "endswith": "startswith",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
    "append": "extend",
    "rpartition": "partition",
    "partition": "rpartition",
    "floor": "ceil",
    "ceil": "floor",
}
UNDONE = {"strip", "lstrip", "rstrip", "lower", "casefold", "upper", "copy"}
EMPTY = {"str": "''", "int": "0", "float": "0.0", "bool": "False", "list": "[]", "dict": "{}"}
LOGGERS = {"log", "logger", "logging"}
TEXTS_FOR_PEOPLE = {"help", "description", "epilog", "metavar", "advice", "prog", "usage"}
INVARIANTS = {"strict", "encoding", "ensure_ascii", "stacklevel"}  # checks, or what is so anyway
ANY_ORDER = {  # of arguments, or none but this one
    *("min", "max", "isinstance", "cast", "getattr", "add_common", "are_same"),
}
UNSEEN = {"__repr__", "__str__"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of a module.

    Attributes:
        line: where it is. first, last: lines of which one is run if the change can be noticed.
        start, stop: the bytes of the source that go. text: what comes instead.
        told: "before -> after", for people and for the list of equivalent ones.
    """

    line: int
    first: int
    last: int
    start: int
    stop: int
    text: str
    told: str

    def applied(self, source: bytes) -> bytes:
        """The source with this fault."""
        return source[: self.start] + self.text.encode() + source[self.stop :]


def mutations(source: bytes) -> list[Mutation]:
    """Every mutation of the functions of a module, in the order of the text.

    >>> [m.told for m in mutations(b"def f(a):\\n    return a < 2\\n")][:3]
    ['return a < 2 -> return None', 'a < 2 -> a <= 2', 'a < 2 -> a >= 2']
    """
    tree = ast.parse(source)
    found = [made for node in _functions(tree) for made in _Function(node, source).all()]
    return sorted(set(found), key=lambda m: (m.start, m.stop, m.text))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    """The outermost functions and methods, `if TYPE_CHECKING` and main guards left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            if node.name not in UNSEEN:
                yield node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node)


class _Function:
    """The mutations of one function."""

    def __init__(self, node: ast.FunctionDef, source: bytes) -> None:
        self.node = node
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.source = source

    def all(self) -> Iterator[Mutation]:
        body = (self.node.body[0].lineno, self.node.end_lineno or 0)
        for default in (*self.node.args.defaults, *self.node.args.kw_defaults):
            if default is not None:
                yield from self._inside(default, body)
        yield from self._block(self.node.body, self.node)

    def _block(self, body: Sequence[ast.stmt], owner: ast.FunctionDef) -> Iterator[Mutation]:
        for statement in body:
            yield from self._statement(statement, owner)

    def _statement(self, node: ast.stmt, owner: ast.FunctionDef) -> Iterator[Mutation]:
        if _is_for_people(node) or isinstance(node, ast.Assert | ast.Import | ast.ImportFrom):
            return
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if isinstance(node, ast.FunctionDef):
                yield from _Function(node, self.source).all()
            return
        yield from self._whole(node, owner)
        header = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
        for child in header:
            if isinstance(child, ast.ExceptHandler | ast.match_case):
                yield from self._block(child.body, owner)
            elif not (isinstance(node, ast.AnnAssign) and child is node.annotation):
                span = (node.lineno, child.end_lineno) if hasattr(child, "end_lineno") else None
                yield from self._inside(child, span or (node.lineno, node.lineno))
        for name in ("body", "orelse", "finalbody"):
            yield from self._block(getattr(node, name, []), owner)

    def _whole(self, node: ast.stmt, owner: ast.FunctionDef) -> Iterator[Mutation]:
        """Statements left out, returns without their value, conditions turned round."""
        span = (node.lineno, node.end_lineno or 0)
        if _can_go(node, owner):
            yield self._made(node, "pass", span)
        if isinstance(node, ast.Continue):
            yield self._made(node, "break", span)
        if isinstance(node, ast.Break):
            yield self._made(node, "continue", span)
        if isinstance(node, ast.Return) and node.value is not None:
            kind = ast.unparse(owner.returns).partition("[")[0] if owner.returns else ""
            for text in sorted({"None", EMPTY.get(kind, "None")}):
                if text != ast.unparse(node.value):
                    yield self._made(node, f"return {text}", span)
        if isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Compare):
            yield self._turned(node.test)

    def _turned(self, test: ast.expr) -> Mutation:
        new = test.operand if _is_not(test) else ast.UnaryOp(ast.Not(), test)  # type: ignore[attr-defined]
        return self._made(test, ast.unparse(new), (test.lineno, test.end_lineno or 0))

    def _inside(
        self, root: ast.AST, span: tuple[int, int], decides: bool = False
    ) -> Iterator[Mutation]:
        """The mutations of an expression and of all that it is made of.

        Args:
            decides: a text here is compared or is a key; the words of other texts are for people.
        """
        if isinstance(root, ast.JoinedStr) or (isinstance(root, ast.Call) and _is_message(root)):
            return
        if isinstance(root, ast.expr) and (decides or not _is_text(root)):
            for new in _variants(root):
                if new and new != ast.unparse(root):
                    yield self._made(root, f"({new})", span, new)
        if isinstance(root, ast.Subscript):
            yield from self._key(root, span)
        if isinstance(root, ast.IfExp | ast.comprehension):
            tests = [root.test] if isinstance(root, ast.IfExp) else root.ifs
            yield from (self._turned(test) for test in tests if not isinstance(test, ast.Compare))
        for child in ast.iter_child_nodes(root):
            if isinstance(child, ast.keyword):
                if child.arg in TEXTS_FOR_PEOPLE | INVARIANTS:
                    continue
                child = child.value
            if not isinstance(child, ast.arguments):
                yield from self._inside(child, span, _decides(root, child, decides))

    def _key(self, node: ast.Subscript, span: tuple[int, int]) -> Iterator[Mutation]:
        """Bounds of a slice left out or moved; they have no brackets around them."""
        if not isinstance(node.slice, ast.Slice):
            return
        for name in ("lower", "upper", "step"):
            bound = getattr(node.slice, name)
            if bound is not None:
                for new in (None, ast.BinOp(bound, ast.Add(), ast.Constant(1))):
                    changed = copy.copy(node.slice)
                    setattr(changed, name, new)
                    yield self._made(node.slice, ast.unparse(changed), span)

    def _made(
        self, node: ast.expr | ast.stmt, text: str, span: tuple[int, int], told: str = ""
    ) -> Mutation:
        start = self.starts[node.lineno - 1] + node.col_offset
        stop = self.starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        before = " ".join(ast.unparse(node).split())
        after = " ".join((told or text).split())
        return Mutation(node.lineno, *span, start, stop, text, f"{before} -> {after}")


def _variants(node: ast.expr) -> Iterator[str]:
    """What may stand in the place of an expression, as text."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for flip in FLIPS[type(operator)]:
                ops = [*node.ops[:place], flip(), *node.ops[place + 1 :]]
                yield ast.unparse(ast.Compare(node.left, ops, node.comparators))
    elif isinstance(node, ast.BinOp) and not _joins_text(node):
        if other := ARITHMETIC.get(type(node.op)):
            yield ast.unparse(ast.BinOp(node.left, other(), node.right))
    elif isinstance(node, ast.BoolOp):
        other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.unparse(ast.BoolOp(other_op, node.values))
        for place in range(len(node.values)):
            rest = [*node.values[:place], *node.values[place + 1 :]]
            yield ast.unparse(rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        if not isinstance(node.operand, ast.Constant) or isinstance(node.op, ast.USub):
            yield ast.unparse(node.operand)
    elif isinstance(node, ast.Constant):
        yield from _constants(node.value)
    elif isinstance(node, ast.IfExp):
        yield ast.unparse(node.body)
        yield ast.unparse(node.orelse)
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _constants(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield repr(not value)
    elif isinstance(value, int):
        yield repr(value + 1)
        if value:
            yield repr(value - 1)
    elif isinstance(value, float):
        yield repr(value + 1)
        if value:
            yield repr(value * 2)
    elif isinstance(value, str | bytes):
        other = "XX" if isinstance(value, str) else b"XX"
        yield repr(value + other)  # type: ignore[operator]


def _calls(node: ast.Call) -> Iterator[str]:
    name = node.func
    called = getattr(name, "id", getattr(name, "attr", ""))
    if isinstance(name, ast.Name | ast.Attribute):
        if called == "sorted":
            yield ast.unparse(ast.Call(ast.Name("list"), node.args[:1], []))
            if not any(keyword.arg == "reverse" for keyword in node.keywords):
                turned = [*node.keywords, ast.keyword("reverse", ast.Constant(True))]
                yield ast.unparse(ast.Call(name, node.args, turned))
        elif called in SISTERS:
            sister = copy.copy(name)
            setattr(sister, "id" if isinstance(name, ast.Name) else "attr", SISTERS[called])
            yield ast.unparse(ast.Call(sister, node.args, node.keywords))
        elif isinstance(name, ast.Attribute) and called in UNDONE:
            yield ast.unparse(name.value)
    plain = [a for a in node.args if not isinstance(a, ast.Starred)]
    two = len(plain) == len(node.args) > 1 and ast.unparse(plain[0]) != ast.unparse(plain[1])
    if two and called not in ANY_ORDER:
        yield ast.unparse(ast.Call(name, [plain[1], plain[0], *plain[2:]], node.keywords))


def _joins_text(node: ast.BinOp) -> bool:
    """Texts and paths are put together: another operator could only be a TypeError."""
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr | ast.List | ast.Tuple)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def _can_go(node: ast.stmt, owner: ast.FunctionDef) -> bool:
    """A statement without which the function can still run."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom)
    if isinstance(node, ast.Assign):
        known = {name.id for target in node.targets for name in ast.walk(target) if _binds(name)}
        return not known or bool(known & _bound_before(node, owner))
    return isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break | ast.Delete)


def _binds(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _bound_before(node: ast.stmt, owner: ast.FunctionDef) -> set[str]:
    arguments = {a.arg for a in ast.walk(owner.args) if isinstance(a, ast.arg)}
    names = [n for n in ast.walk(owner) if isinstance(n, ast.Name) and _binds(n)]
    return arguments | {n.id for n in names if n.lineno < node.lineno}


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _decides(parent: ast.AST, child: ast.AST, decides: bool) -> bool:
    """Texts that are compared, members of what is compared, keys."""
    if isinstance(parent, ast.Dict):
        return child in parent.keys
    if isinstance(parent, ast.Subscript):
        return child is parent.slice
    inside = decides and isinstance(parent, ast.Tuple | ast.Set | ast.List)
    return inside or isinstance(parent, ast.Compare)


def _is_not(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _is_for_people(node: ast.stmt) -> bool:
    """A docstring, or a line of the log that only a curious reader sees."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Constant):
        return True
    return isinstance(node.value, ast.Call) and _is_message(node.value, ("debug", "info"))


def _is_message(
    node: ast.Call, names: Sequence[str] = ("debug", "info", "warning", "error", "exception")
) -> bool:
    """A call that hands a text to people: its words are not what the tests are about."""
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.value.id in LOGGERS and node.func.attr in names
    return isinstance(node.func, ast.Name) and node.func.id in ("InputError", "UnavailableError")
