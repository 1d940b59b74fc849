"""How long the three solutions take against the plain loops that they replace, in one session.

    python benchmarks/solutions.py [DATA_FOLDER]

Runs `benchmarks/plain_loops.py`, then the code cells of the three masters on one thread each. Compared
are the same steps: each lesson through its `-complete` check, pictures on the way included. The column
`all cells` adds what the lessons do beyond that.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENTS = ("svd", "mf", "vae")


def time_solution(assignment):
    """Seconds of each cell of a solved master after its imports, in a process of its own."""
    command = [sys.executable, __file__, "--cells", assignment]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def time_cells(assignment):
    """Run the cells here and print their seconds as JSON, longest with its name."""
    import torch

    from autograder.checks.reference import run_cells, solved_cells, until

    torch.set_num_threads(1)
    import matplotlib.pyplot
    import sklearn.model_selection  # noqa: F401  imports are not what is compared

    torch.optim.Adam([torch.zeros(1)])  # imports torch._dynamo, once a process

    namespace, seconds = {"__name__": "__main__"}, []
    cells = solved_cells(ROOT, assignment)
    same_steps = len(until(cells, f"{assignment}-complete"))
    for name, source in cells:
        began = time.perf_counter()
        run_cells([(name, source)], namespace)
        seconds.append((time.perf_counter() - began, name or "given cell"))
    matplotlib.pyplot.close("all")
    steps = sum(second for second, _ in seconds[:same_steps])
    print(json.dumps({"steps": steps, "all": sum(s for s, _ in seconds), "longest": max(seconds)}))


def main(folder):
    """Time both sides and print the table."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MOVIELENS_DIR": str(folder)}
    os.environ.update(environment)
    plain = json.loads(
        subprocess.run(
            [sys.executable, ROOT / "benchmarks" / "plain_loops.py", folder],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        ).stdout
    )
    ours = {assignment: time_solution(assignment) for assignment in ASSIGNMENTS}
    print(f"{'':6}{'plain s':>10}{'ours s':>10}{'all cells':>11}   longest cell")
    for name in ASSIGNMENTS:
        seconds, cell = ours[name]["longest"]
        print(
            f"{name:6}{plain['seconds'][name]:10.1f}{ours[name]['steps']:10.1f}{ours[name]['all']:11.1f}   {cell} {seconds:.1f} s"
        )
    before, after = sum(plain["seconds"].values()), sum(one["steps"] for one in ours.values())
    print(f"{'all':6}{before:10.1f}{after:10.1f}   ratio {after / before:.3f}")
    print("plain best validation and test RMSE:", plain["best_val_and_test"])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cells"]:
        time_cells(sys.argv[2])
    else:
        from autograder.data import find_movielens

        main(Path(sys.argv[1]) if len(sys.argv) > 1 else find_movielens(ROOT))
