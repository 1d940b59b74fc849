"""What held from the start, and must go on holding."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.build.notebooks import is_answer, is_code, is_solution
from autograder.cli import main
from autograder.demo import edited
from submissions.courses import blanks_of
from submissions.reports import in_class, report

FULL = {"svd-block": 3, "svd-factors": 3, "svd-complete": 4, "svd-rank": 4}


def without(check):
    """All points but those of one check."""
    return FULL | {check: 0}


def prefixed(notebook, lines):
    """A copy with lines on top of the blank of each check, by check."""
    result = deepcopy(notebook)
    for check, line in lines.items():
        cell = blanks_of(result, check)[0]
        cell.source = f"{line}\n{cell.source}"
    return result


def followed(notebook, sources):
    """A copy with a code cell of its own behind each check, by check."""
    result = deepcopy(notebook)
    for check, source in sources.items():
        result.cells.insert(index_of(result, check) + 1, new_code_cell(source))
    return result


def index_of(notebook, name):
    """Where the cell of this name stands."""
    return next(
        n
        for n, cell in enumerate(notebook.cells)
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name
    )


# --- What notebooks say to their kernel -----------------------------------------------------------


@in_class
def magics_on_top_of_an_answer_cost_no_points(pupil):
    magics = {
        "svd-block": "%%time",
        "svd-factors": "%%capture",
        "svd-rank": "%%capture out --no-stderr",
    }
    pupil.hand_in(
        prefixed(pupil.solved(), magics | {"svd-complete": "!wget -q https://example.org/more.csv"})
    )
    yield
    assert pupil.points == FULL


@in_class
def magics_within_an_answer_cost_no_points(pupil):
    changes = [
        ("R_sparse = ratings", "%time R_sparse = ratings"),
        (
            "global_mean = ",
            "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'\nglobal_mean = ",
        ),
        ("R_hat_block = ", "!pip install -q numpy\n%pip install -q pandas\nR_hat_block = "),
        ("rank_errors = [", "%load_ext autoreload\n%autoreload 2\nlisting = !ls\nrank_errors = ["),
    ]
    pupil.hand_in(edited(pupil.solved(), changes))
    yield
    assert pupil.points == FULL


@in_class
def pictures_for_a_desktop_or_a_widget_cost_no_points(pupil):
    extra = [
        "%matplotlib widget",
        "%matplotlib notebook",
        "%matplotlib tk",
        "import matplotlib\nmatplotlib.use('TkAgg')",
        "import matplotlib.pyplot as plt\nplt.switch_backend('QtAgg')",
    ]
    notebook = edited(pupil.solved(), extra=extra)
    drawn = "plt.plot([1, 2])\nplt.show()"
    pupil.hand_in(followed(notebook, {"svd-block": drawn, "svd-factors": drawn}))
    yield
    assert pupil.points == FULL


@in_class
def a_line_for_another_place_on_top_of_the_imports_costs_no_points(pupil):
    line = "%matplotlib widget\nfrom google.colab import files\nimport matplotlib.pyplot as plt"
    pupil.hand_in(edited(pupil.solved(), [("import matplotlib.pyplot as plt", line)]))
    yield
    assert pupil.points == FULL


@in_class
def whoever_asks_a_person_gets_no_answer_and_loses_no_points(pupil):
    extra = [
        "name = input('Your name? ')",
        "import getpass\ngetpass.getpass()",
        "from google.colab import drive\ndrive.mount('/content/drive')",
        "from google.colab import files\nfiles.upload()",
        "breakpoint()",
    ]
    pupil.hand_in(edited(pupil.solved(), extra=extra))
    yield
    assert pupil.points == FULL


@in_class
def an_exit_behind_the_last_answer_costs_no_points(pupil):
    pupil.hand_in(followed(pupil.solved(), {"svd-rank": "exit()"}))
    yield
    assert pupil.points == FULL


@in_class
def an_exit_between_two_answers_costs_no_points(pupil):
    pupil.hand_in(followed(pupil.solved(), {"svd-block": "exit()", "svd-complete": "quit()"}))
    yield
    assert pupil.points == FULL


# --- What notebooks lack, and what stands elsewhere -----------------------------------------------


@in_class
def a_first_import_that_is_missing_costs_no_points(pupil):
    pupil.hand_in(edited(pupil.solved(), [("import numpy as np\n", "")]))
    yield
    assert pupil.points == FULL


@in_class
def names_that_are_used_again_after_their_check_cost_no_points(pupil):
    after = {
        "svd-block": "R_sparse_old = R_sparse\nfig = image = 1",
        "svd-factors": "U = S = Vt = P_df = Q_df = U_k = S_k = V_k = None",
        "svd-complete": "R_hat_df = completed_block = R_hat_block = observed_pred = 'done'",
        "svd-rank": "rank_errors = rank_error = R_block = R_block_filled = P = Q = 0",
    }
    pupil.hand_in(followed(pupil.solved(), after))
    yield
    assert pupil.points == FULL


@in_class
def a_cell_that_was_split_counts_where_its_second_half_kept_the_name(pupil):
    notebook = deepcopy(pupil.solved())
    for check, last in {"svd-block": 2, "svd-factors": 4, "svd-complete": 1, "svd-rank": 1}.items():
        cell = blanks_of(notebook, check)[0]
        lines = cell.source.split("\n")
        first, cell.source = "\n".join(lines[:-last]), "\n".join(lines[-last:])
        notebook.cells.insert(notebook.cells.index(cell), new_code_cell(first))
    pupil.hand_in(notebook)
    yield
    assert pupil.points == FULL


@in_class
def answers_in_new_cells_below_the_blanks_or_the_checks_count(pupil):
    notebook = deepcopy(pupil.course.releases["svd"])
    for name, above in zip(
        FULL, ("blank-svd-block", "svd-factors", "blank-svd-complete", "svd-rank"), strict=True
    ):
        answer = blanks_of(pupil.solved(), name)[0].source
        notebook.cells.insert(index_of(notebook, above) + 1, new_code_cell(answer))
    pupil.hand_in(notebook)
    yield
    assert pupil.points == FULL


@in_class
def both_sides_of_a_conflict_in_cells_of_their_own_are_read(pupil):
    """As nbdime merges: cells of both sides, headed by cells that name the side."""
    notebook = deepcopy(pupil.solved())
    stubs = {name: blanks_of(pupil.course.releases["svd"], name)[0].source for name in FULL}
    for name in FULL:
        place = index_of(notebook, f"blank-{name}")
        ours = notebook.cells[place]
        theirs = NotebookNode(deepcopy(ours) | {"id": f"theirs-{name}"})
        if name == "svd-factors":
            ours.source = stubs[name]
        if name == "svd-rank":
            theirs.source = stubs[name]
        notebook.cells[place : place + 1] = [
            _side("&lt;&lt;&lt;&lt;&lt;&lt;&lt; local"),
            ours,
            _side("======="),
            theirs,
            _side("&gt;&gt;&gt;&gt;&gt;&gt;&gt; remote"),
        ]
    pupil.hand_in(notebook)
    yield
    assert pupil.points == FULL


def _side(name):
    cell = new_markdown_cell(f'<span style="color:red">**{name}**</span>')
    cell.metadata["nbdime-conflicts"] = {}
    return cell


@in_class
def a_conflict_within_an_answer_costs_that_answer_alone(pupil):
    cell = "R_hat_block = P @ Q.T"
    conflict = f"<<<<<<< local\n{cell}\n=======\n{cell} + 0\n>>>>>>> remote"
    pupil.hand_in(edited(pupil.solved(), [(cell, conflict)]))
    yield
    assert pupil.points == without("svd-complete")
    assert "`SyntaxError` in its line 1" in pupil.messages["svd-complete"]


@in_class
def raw_and_code_cells_that_were_swapped_are_what_they_were(pupil):
    notebook = deepcopy(pupil.solved())
    for cell in notebook.cells:
        if is_code(cell) and is_solution(cell):
            cell.cell_type = "raw"
            del cell["outputs"], cell["execution_count"]
        elif is_answer(cell):
            cell |= {"cell_type": "code", "outputs": [], "execution_count": None}
    pupil.hand_in(notebook)
    yield
    assert pupil.points == FULL


@in_class
def smart_quotes_cost_their_own_exercise_and_their_line_is_named(pupil):
    pupil.hand_in(
        edited(pupil.solved(), [('columns=["f1", "f2"])\nQ', "columns=[“f1”, “f2”])\nQ")])
    )
    yield
    assert pupil.points == without("svd-factors")
    assert "`SyntaxError` in its line 8" in pupil.messages["svd-factors"]


@in_class
def a_device_that_the_grader_lacks_costs_its_own_exercise(pupil):
    changes = [
        (
            "all_users = torch.arange(num_users, device=device)",
            "all_users = torch.arange(num_users, device='mps')",
        )
    ]
    pupil.hand_in(edited(pupil.solved("mf"), changes), "mf")
    yield
    failed = {record["check"] for record in pupil.records if record["outcome"] != "PASSED"}
    assert failed == {"mf-complete"} and len(pupil.records) == 6


# --- What lies beside -----------------------------------------------------------------------------


@in_class
def a_page_and_a_second_notebook_beside_do_no_harm_and_no_time_no_penalty(pupil):
    pupil.hand_in(pupil.solved())
    pupil.hand_in(pupil.course.releases["svd"], name="scratch.ipynb")
    (pupil.place() / "svd.html").write_text("<h1>svd</h1>")
    yield
    assert pupil.points == FULL
    with pupil.course.gradebook() as gradebook:
        submission = gradebook.find_submission("svd", pupil.name)
        assert submission.timestamp is None
        assert not submission.late_submission_penalty


# --- The machine ----------------------------------------------------------------------------------


@report
def a_course_in_a_folder_of_an_odd_name_is_graded(course):
    odd = course.copied(course.folder.with_name("2026년 강의 #1 100% 'A' & $HOME {b}"))
    odd.hand_in("kim", odd.solutions["svd"])
    assert {r["check"]: r["points"] for r in odd.records("svd")} == FULL
    assert {check: odd.grades()["kim", check] for check in FULL} == FULL
    odd.run("feedback", "svd")
    assert (odd.folder / "feedback" / "kim" / "svd" / "svd.html").is_file()


@report
def a_course_whose_gradebook_would_lie_elsewhere_is_refused(course):
    """Behind a `?` the address of a database has its options, so that nbgrader cuts the path there."""
    odd = course.copied(course.folder.with_name("ready?"))
    odd.hand_in("kim", odd.solutions["svd"])
    assert "rename the folder" in odd.run("grade", "svd", status=2)
    assert not course.folder.with_name("ready").exists()


@report
def a_terminal_that_lacks_the_letters_of_a_name_shows_the_table_all_the_same(course):
    course.hand_in("박지민 🦊", course.solutions["svd"])
    ran = subprocess.run(
        [Path(sys.executable).with_name("autograder"), "grade", "svd"],
        cwd=course.folder,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "14/14" in ran.stdout.decode("ascii")
    screen = io.TextIOWrapper(io.BytesIO(), encoding="cp949")
    with redirect_stdout(screen):
        main(["--course", str(course.folder), "grade", "svd"], standalone_mode=False)
    screen.flush()
    shown = screen.buffer.getvalue().decode("cp949")
    assert "박지민" in shown and "14/14" in shown
