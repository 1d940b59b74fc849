"""Mutants of the reference solutions: every blank and region with one change in it, one mutant a change.

A change is made in the text, where the syntax tree says that something stands: an operator, a constant, a name, an
argument, a call, a statement. A mutant that does not compile, or has the tree of the solution, is none.
"""

import ast
import contextlib
import resource
import signal
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch

from autograder.build import read_notebook, remove_hidden_tests, unwrap_regions
from autograder.build.regions import find_regions
from submissions.bench import exercises

OPERATORS = {
    ast.Add: ("+", ["-"]),
    ast.Sub: ("-", ["+"]),
    ast.Mult: ("*", ["/", "+"]),
    ast.Div: ("/", ["*"]),
    ast.Pow: ("**", ["*"]),
    ast.MatMult: ("@", ["*"]),
}
COMPARISONS = {
    ast.Lt: ("<", ["<=", ">"]),
    ast.LtE: ("<=", ["<", ">="]),
    ast.Gt: (">", [">=", "<"]),
    ast.GtE: (">=", [">", "<="]),
    ast.Eq: ("==", ["!="]),
}
FAMILIES = [
    ("ratings", "df_idx", "train_df", "temp_df", "val_df", "test_df"),
    ("train_loader", "val_loader", "test_loader"),
    ("user_ids", "movie_ids", "sample_users", "sample_movies"),
    ("num_users", "num_items"),
    ("R_train", "R_val", "R_test", "mask_train"),
    ("global_mean", "global_bias"),
    ("sum", "mean"),
    ("isna", "notna"),
    ("zeros", "ones"),
    ("zeros_", "ones_"),
    ("randn_like", "rand_like"),
    ("relu", "sigmoid"),
    ("MSELoss", "L1Loss"),
    ("Adam", "SGD"),
    ("no_grad", "enable_grad"),
    ("nlargest", "nsmallest"),
    ("loc", "iloc"),
    ("train", "eval"),
    ("where", "mask"),
    ("float32", "long"),
]
"""Names that are easily taken for each other, wherever they stand."""

MODULES = {"np", "pd", "torch", "nn", "sys"}
ATOMS = (ast.Name, ast.Constant, ast.Call, ast.Attribute, ast.Subscript)


@dataclass(frozen=True)
class Mutant:
    """One changed cell: the exercise, the cell's grade_id, a stable key, and the new source."""

    check: str
    cell: str
    key: str
    source: str

    def __call__(self, name, source):
        """Give the changed source for its own cell, and every other one as it is."""
        return self.source if name == self.cell else source


class Change(ast.NodeVisitor):
    """All single changes of one cell, as (start, end, new text) in `edits`; places count characters.

    Parameters
    ----------
    source : text of the cell, solved.
    lines : numbers of the lines, from 0, that may change.
    """

    def __init__(self, source, lines):
        self.source, self.lines, self.edits = source, lines, []
        self.starts = [0]
        for line in source.split("\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)
        tree = ast.parse(source)
        nodes = list(ast.walk(tree))
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        self.called = called
        self.names = self._unique(
            node.arg if isinstance(node, ast.arg) else node.id
            for node in self._in_order(nodes, (ast.Name, ast.arg))
            if id(node) not in called
        )
        self.names = [name for name in self.names if name not in MODULES | {"self"}]
        self.attributes = self._unique(
            node.attr for node in self._in_order(nodes, ast.Attribute) if id(node) not in called
        )
        self.strings = self._unique(
            node.value
            for node in self._in_order(nodes, ast.Constant)
            if isinstance(node.value, str) and " " not in node.value
        )
        self.visit(tree)

    @staticmethod
    def _in_order(nodes, kinds):
        found = [node for node in nodes if isinstance(node, kinds)]
        return sorted(found, key=lambda node: (node.lineno, node.col_offset))

    @staticmethod
    def _unique(values):
        return list(dict.fromkeys(values))

    def place(self, line, column):
        """Where a line (from 1) and a column (in bytes, as in a syntax tree) stand in the text."""
        text = self.source[self.starts[line - 1] : self.starts[line] - 1]
        return self.starts[line - 1] + len(text.encode()[:column].decode())

    def span(self, node):
        """Start and end of a node in the text."""
        start = self.place(node.lineno, node.col_offset)
        return start, self.place(node.end_lineno, node.end_col_offset)

    def text(self, node):
        """The text of a node, in parentheses unless it is an atom."""
        start, end = self.span(node)
        text = self.source[start:end]
        return text if isinstance(node, ATOMS) else f"({text})"

    def change(self, start, end, new):
        """Note one change if all its lines may change."""
        first, last = (self.source.count("\n", 0, place) for place in (start, end))
        if set(range(first, last + 1)) <= self.lines:
            self.edits.append((start, end, new))

    def replace(self, node, new):
        """Note that a node becomes a text."""
        self.change(*self.span(node), new)

    def swap(self, first, second):
        """Note that two nodes change places."""
        (start, middle), (after, end) = self.span(first), self.span(second)
        source = self.source
        new = source[after:end] + source[middle:after] + source[start:middle]
        self.change(start, end, new)

    def between(self, left, right, table, kind):
        """Note that the operator between two nodes becomes each other one of a table."""
        if kind not in table:
            return
        (_, start), (end, _) = self.span(left), self.span(right)
        old, others = table[kind]
        for other in others:
            self.change(start, end, self.source[start:end].replace(old, other, 1))

    def confused(self, name, known):
        """Names that are easily taken for `name`: its family, else those with a word in common, else its neighbours."""
        family = [other for names in FAMILIES if name in names for other in names if other != name]
        if family or name not in known:
            return family
        words = set(name.split("_")) - {""}
        kin = [other for other in known if other != name and words & set(other.split("_"))]
        place = known.index(name)
        near = known[max(place - 1, 0) : place] + known[place + 1 : place + 2]
        return kin[:3] or near

    def visit_body(self, body):
        """Each statement left out, and neighbours swapped."""
        statements = [node for node in body if not _is_docstring(node)]
        for node in statements:
            if not isinstance(node, ast.Pass):
                self.replace(node, "pass")
        for first, second in pairwise(statements):
            definitions = (ast.FunctionDef, ast.ClassDef)
            if not (isinstance(first, definitions) and isinstance(second, definitions)):
                self.swap(first, second)

    def generic_visit(self, node):
        """Go down; a body is a body wherever it stands."""
        for part in ("body", "orelse"):
            body = getattr(node, part, None)
            if isinstance(body, list):
                self.visit_body(body)
        super().generic_visit(node)

    def visit_BinOp(self, node):
        kind = type(node.op)
        self.between(node.left, node.right, OPERATORS, kind)
        self.replace(node, self.text(node.left))
        self.replace(node, self.text(node.right))
        if kind in (ast.Sub, ast.Div, ast.Pow, ast.MatMult):
            sign = OPERATORS[kind][0]
            self.replace(node, f"({self.text(node.right)} {sign} {self.text(node.left)})")
        self.generic_visit(node)

    def visit_AugAssign(self, node):
        (_, start), (end, _) = self.span(node.target), self.span(node.value)
        for sign in (" -= ", " = "):
            self.change(start, end, sign)
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        self.replace(node, self.text(node.operand))
        self.generic_visit(node)

    def visit_Compare(self, node):
        self.between(node.left, node.comparators[0], COMPARISONS, type(node.ops[0]))
        self.generic_visit(node)

    def visit_If(self, node):
        self.replace(node.test, f"not ({self.text(node.test)})")
        self.generic_visit(node)

    def visit_Expr(self, node):
        if not _is_docstring(node):
            self.generic_visit(node)

    def visit_Constant(self, node):
        value = node.value
        if isinstance(value, bool):
            self.replace(node, repr(not value))
        elif isinstance(value, int):
            for other in (value + 1, value - 1):
                self.replace(node, repr(other))
        elif isinstance(value, float):
            for other in (value * 2, value / 2) if value else (1.0,):
                self.replace(node, repr(other))
        elif isinstance(value, str):
            for other in self.confused(value, self.strings) or [value + "_"]:
                self.replace(node, f'"{other}"')

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load) and id(node) not in self.called:
            for other in self.confused(node.id, self.names):
                self.replace(node, other)

    def visit_Attribute(self, node):
        known = [] if id(node) in self.called else self.attributes
        _, end = self.span(node)
        for other in self.confused(node.attr, known):
            self.change(end - len(node.attr), end, other)
        self.generic_visit(node)

    def visit_Call(self, node):
        """The call left out, an argument left out, neighbours swapped; how progress is shown is no answer."""
        if isinstance(node.func, ast.Attribute):
            self.replace(node, self.text(node.func.value))
        elif node.args:
            self.replace(node, self.text(node.args[0]))
        is_progress = isinstance(node.func, ast.Name) and node.func.id == "tqdm"
        keywords = [] if is_progress else node.keywords
        listed = [*node.args, *keywords]
        for place, argument in enumerate(listed):
            start, end = self.span(argument)
            if place + 1 < len(listed):
                end = self.span(listed[place + 1])[0]
            elif place:
                start = self.span(listed[place - 1])[1]
            self.change(start, end, "")
        for first, second in pairwise(node.args):
            self.swap(first, second)
        self.visit(node.func)
        for argument in listed:
            self.visit(argument)

    def visit_arguments(self, node):
        plain = node.args[: len(node.args) - len(node.defaults)]
        for first, second in pairwise(argument for argument in plain if argument.arg != "self"):
            self.swap(first, second)
        self.generic_visit(node)

    def visit_Tuple(self, node):
        for first, second in pairwise(node.elts):
            self.swap(first, second)
        self.generic_visit(node)

    def visit_List(self, node):
        self.visit_Tuple(node)

    def visit_Dict(self, node):
        for first, second in pairwise(node.values):
            self.swap(first, second)
        self.generic_visit(node)

    def visit_Slice(self, node):
        bounds = [bound for bound in (node.lower, node.upper) if bound is not None]
        if len(bounds) == 1:
            other = f"{self.text(bounds[0])}:" if node.upper else f":{self.text(bounds[0])}"
            self.replace(node, other)
            self.replace(node, ":")
        self.generic_visit(node)


def _is_docstring(node):
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _short(text):
    """The first line of a text without its comment, marked where more follow."""
    first, *others = text.strip().split("\n")
    return first.split("  #")[0].strip() + (" ..." if others else "")


def _key(check, source, start, end, new):
    """The changed lines as they were and as they are, by the first line of each."""
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    last = len(source) if last < 0 else last
    old, new = source[first:last], source[first:start] + new + source[end:last]
    return f"{check}: {_short(old)} -> {_short(new)}"


def mutants_of_cell(check, cell, source, lines):
    """The mutants of one cell, in the order of the text.

    Parameters
    ----------
    check, cell : names of the exercise and of the cell.
    source : text of the cell, solved.
    lines : set of int, the lines from 0 that a student writes.

    Returns
    -------
    List of Mutant, no two with one syntax tree.
    """
    seen, keys, mutants = {ast.dump(ast.parse(source))}, {}, []
    for start, end, new in sorted(Change(source, lines).edits):
        changed = source[:start] + new + source[end:]
        try:
            tree = ast.dump(ast.parse(changed))
            compile(changed, "<mutant>", "exec")
        except SyntaxError:
            continue
        if tree in seen:
            continue
        seen.add(tree)
        key = _key(check, source, start, end, new)
        keys[key] = keys.get(key, 0) + 1
        if keys[key] > 1:
            key += f" ({keys[key]})"
        mutants.append(Mutant(check, cell, key, changed))
    return mutants


def written_lines(notebook, cell):
    """Lines of the solved cell, from 0, that a student writes: those of its regions, or all of a masked cell."""
    regions = find_regions(notebook, cell)
    if not regions:
        return set(range(cell.source.count("\n") + 1))
    # Each marker line above a line moves it up by one in the solved cell.
    return {
        line - 2 * number - 1
        for number, (begin, end) in enumerate(regions)
        for line in range(begin + 1, end)
    }


def mutants(course, assignment):
    """All mutants of a lesson's solution, by check.

    Parameters
    ----------
    course : Path of the course, which holds `source/`.
    assignment : "svd", "mf" or "vae".

    Returns
    -------
    Dict from the name of a check to its list of Mutant.
    """
    notebook = read_notebook(Path(course) / "source" / assignment / f"{assignment}.ipynb")
    notebook = remove_hidden_tests(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lines = {_name(cell): written_lines(notebook, cell) for cell in code}
    solved = [cell for cell in unwrap_regions(notebook).cells if cell.cell_type == "code"]
    parts = exercises([(_name(cell), cell.source) for cell in solved])
    return {
        check: [
            mutant
            for name, source in cells
            if name.startswith("blank-")
            for mutant in mutants_of_cell(check, name, source, lines[name])
        ]
        for check, cells in parts.items()
    }


def _name(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


class OverLimit(BaseException):
    """A mutant ran longer than its limit; no Exception, so that nothing that runs takes it for its own."""


@contextlib.contextmanager
def limits(seconds, memory=6 * 2**30):
    """Raise OverLimit inside the block after `seconds`, and every second from then on; no more than `memory` bytes more.

    Memory that cannot be had raises MemoryError or RuntimeError. Only the main thread can use this.
    """

    def stop(_signal, _frame):
        raise OverLimit

    before = signal.signal(signal.SIGALRM, stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, hard))
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def judge(bench, mutant, seconds):
    """The verdict of the mutant's check as a sentence, None where it passes; one over its limit says so."""
    torch.manual_seed(0)  # what is drawn in training does not depend on the mutants before
    try:
        with limits(seconds):
            return bench.judge(mutant.check, mutant)
    except OverLimit:
        return f"It ran longer than {seconds} s."
