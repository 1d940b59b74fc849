"""How long each lesson's solution takes, and how long until its first picture.

    MOVIELENS_DIR=... python benchmarks/lesson_times.py

Each lesson runs cell by cell in a fresh interpreter, as its kernel runs it. Seconds of the wall clock,
with those of the processor in brackets; import statements are timed by themselves.
"""

import ast
import contextlib
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

SOLUTIONS = Path(__file__).resolve().parents[1] / "solutions" / "en"
ASSIGNMENTS = ("svd", "mf", "vae")


def code_cells(assignment):
    """Sources of a solution's code cells."""
    notebook = json.loads((SOLUTIONS / assignment / f"{assignment}.ipynb").read_text())
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


def parts_of(source):
    """A cell's import statements, and all of the cell: what was imported before costs nothing."""
    imports = [n for n in ast.parse(source).body if isinstance(n, ast.Import | ast.ImportFrom)]
    return ast.unparse(ast.Module(imports, [])), source


def run(assignment):
    """Run one lesson in this process and print its line."""
    spent = {"imports": [0.0, 0.0], "cells": [0.0, 0.0]}
    namespace, picture = {"__name__": "__main__"}, None
    for source in code_cells(assignment):
        for name, text in zip(spent, parts_of(source), strict=True):
            start = time.perf_counter(), time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, "<cell>", "exec"), namespace)
            spent[name][0] += time.perf_counter() - start[0]
            spent[name][1] += time.process_time() - start[1]
        if picture is None and "plt.show()" in source:
            picture = [i + c for i, c in zip(*spent.values(), strict=True)]
    shown = {**spent, "open to first picture": picture}
    print(f"{assignment}:", ", ".join(f"{n} {w:.1f} s ({c:.1f})" for n, (w, c) in shown.items()))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(sys.argv[1])
    else:
        for name in ASSIGNMENTS:
            environment = {**os.environ, "MPLBACKEND": "Agg"}
            subprocess.run([sys.executable, __file__, name], check=True, env=environment)
