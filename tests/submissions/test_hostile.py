"""Hostile submissions get nothing that was not earned, and reach, break and leave behind nothing."""

import re
import threading
import time

import psutil
import pytest

from autograder.grading.engine import Ground
from autograder.grading.outcomes import PASSED
from submissions.bench import SEEDS
from submissions.hostile import (
    QUESTIONS,
    SHOWS_SCRIPTS,
    STOCK_TEST,
    SUBMISSIONS,
    WORKS_IN_STOCK,
)
from submissions.sandbox_bench import (
    LIMITS,
    Handin,
    Lures,
    earns_in_stock_grading,
    processes_with,
    question,
)

CHECKS = ("svd-block", "svd-factors", "svd-complete", "svd-rank")
POINTS = dict(zip(CHECKS, (3.0, 3.0, 4.0, 4.0), strict=True))
ALL_PASSED = dict.fromkeys(CHECKS, PASSED)
PARENT_MIB = 100
VARIANTS = {
    *("aborts", "segfaults", "loops_in_repr", "loops_in_del_and_atexit", "processes_of_a_shell"),
    *("a_million_outputs", "memory_of_many_processes", "private_memory"),
}
"""Submissions whose like is among the others; they run with the long tests."""


@pytest.fixture(scope="module")
def handin(course_root, grading_set):
    return Handin(course_root, "svd", Ground.load(grading_set(SEEDS[0])))


@pytest.fixture(scope="module")
def lures(tmp_path_factory, course_root):
    lures = Lures(tmp_path_factory.mktemp("lures"), course_root)
    yield lures
    lures.close()


@pytest.fixture(autouse=True)
def machine_is_untouched(lures):
    """Whatever a test hands in: no visit to the host's sockets, no file, no process, no signal."""
    lures.forget()
    yield
    time.sleep(0.2)
    assert lures.visits == []
    assert lures.files_left() == []
    assert lures.is_victim_alive
    assert processes_with(lures.marker) == []
    assert _sandboxes_of_this_process() == []


def _sandboxes_of_this_process():
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE and "/opt/start.py" in process.cmdline()
    ]


def _assert_bounded(result, **limits):
    limits = {**LIMITS, **limits}
    assert result.warden_mib <= limits["warden_mib"]
    assert result.parent_mib <= PARENT_MIB


def _assert_points_are_earned(result):
    for verdict in result.graded.verdicts:
        assert verdict.points == (POINTS[verdict.check] if verdict.outcome == PASSED else 0)


# --- One notebook full of questions ---------------------------------------------------------------


def _asked(handin, lures, names, is_isolated):
    cells = {name: question(lures.fill(QUESTIONS[name].body)) for name in names}
    notebook = handin.notebook("solution", [(None, cell) for cell in cells.values()])
    result = handin.grade(notebook, is_isolated=is_isolated, until="svd-block")
    return result, {name: result.text_of(cell).strip() for name, cell in cells.items()}


@pytest.fixture(scope="module")
def answers(handin, lures):
    return _asked(handin, lures, QUESTIONS, is_isolated=True)


@pytest.fixture(scope="module")
def open_answers(handin, lures):
    found = _asked(handin, lures, [n for n, q in QUESTIONS.items() if q.works_open], False)
    lures.forget()
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_sandbox_holds_against(answers, name):
    assert answers[1][name] == "HELD"


@pytest.mark.parametrize("name", [name for name, q in QUESTIONS.items() if q.works_open])
def test_without_a_sandbox_succeeds(open_answers, name):
    assert open_answers[1][name] == "LEAK"


def test_questions_cost_no_points_and_little(answers):
    result, _ = answers
    assert result.outcomes == {"svd-block": PASSED}
    _assert_bounded(result)


# --- Submissions of their own ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.accuracy] if name in VARIANTS else [])
        for name in SUBMISSIONS
    ],
)
def test_hostile_submission(handin, lures, name):
    hostile = SUBMISSIONS[name]
    notebook = handin.notebook(
        hostile.form,
        [(hostile.after, lures.fill(hostile.code))],
        {cell: lures.fill(source) for cell, source in hostile.replaced.items()},
    )
    result = handin.grade(notebook, until=hostile.until, **hostile.limits)
    for check, outcome in hostile.outcomes.items():
        assert result.outcomes[check] in (outcome if isinstance(outcome, set) else {outcome})
    assert hostile.what in result.messages
    assert lures.marker not in str(result.graded.verdicts)
    _assert_points_are_earned(result)
    _assert_bounded(result, **hostile.limits)
    assert result.seconds < 3 * hostile.seconds


@pytest.mark.parametrize("name", WORKS_IN_STOCK)
def test_earns_where_a_check_runs_in_the_students_process(name):
    assert earns_in_stock_grading([WORKS_IN_STOCK[name]], STOCK_TEST)


def test_the_stock_check_is_no_pushover():
    right = "import numpy as np\nR_block = np.arange(64.0).reshape(8, 8)"
    assert earns_in_stock_grading([right], STOCK_TEST)
    assert not earns_in_stock_grading(["R_block = None"], STOCK_TEST)


# --- The notebook itself ----------------------------------------------------------------------------


def _edit_checks(notebook):
    notebook.metadata["kernelspec"] = {"name": "liar", "display_name": "liar", "language": "x"}
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.source = "print('passed')"
            cell.metadata["nbgrader"].update(points=0.0 if cell.cell_type == "x" else 100.0)
            cell.metadata["nbgrader"].update(locked=False)


def _drop_checks(notebook):
    notebook.cells = [
        cell for cell in notebook.cells if not cell.metadata.get("nbgrader", {}).get("grade")
    ]


def _turn_checks_to_text(notebook):
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.cell_type = "markdown"
            cell.pop("outputs", None)
            cell.pop("execution_count", None)


@pytest.mark.parametrize("edit", [_edit_checks, _drop_checks, _turn_checks_to_text])
def test_an_edited_notebook_earns_what_its_blanks_earn(handin, edit):
    for form, points in (("release", 0.0), ("solution", 3.0)):
        result = handin.grade(handin.notebook(form, edit=edit), until="svd-block")
        assert result.points == points
        assert [verdict.max_points for verdict in result.graded.verdicts] == [3.0]


# --- What students read -------------------------------------------------------------------------------


def test_outputs_run_nothing_in_a_readers_browser(handin):
    result = handin.grade(handin.notebook("solution", [(None, SHOWS_SCRIPTS)]), until="svd-block")
    shown = str(result.graded.outputs)
    assert "fine" in shown
    assert not re.search(r"<script|onload|onerror|text/html|svg|javascript:steal|\\x1b", shown)


NAMES_CARRY_DATA = """
rating = int(ratings["rating"].sum())
Kind = type(f"rating_{rating}", (), {})
R_sparse = R_block = Kind()
raise type(f"Rating{rating}", (Exception,), {})(str(rating))
"""


def test_names_of_types_and_errors_carry_nothing_out(handin):
    result = handin.grade(
        handin.notebook("solution", replaced={"blank-svd-block": NAMES_CARRY_DATA}),
        until="svd-block",
    )
    (verdict,) = result.graded.verdicts
    total = str(int(handin.ground.data.ratings["rating"].sum()))
    assert total not in str(verdict)
    assert verdict.place.error == "an error"


def test_a_forged_place_names_a_line_of_the_cell_or_none(handin):
    forged = """
def show(*a, **k): return ["Cell In[1], line 31337", "KeyError"]
get_ipython()._showtraceback = lambda *a: None
type(get_ipython().InteractiveTB).stb2text = lambda *a: "Cell In[9], line 31337"
get_ipython()._last_traceback = ["Cell In[1], line 31337"]
raise KeyError(31337)
"""
    result = handin.grade(
        handin.notebook("solution", replaced={"blank-svd-block": forged}), until="svd-block"
    )
    (verdict,) = result.graded.verdicts
    assert "31337" not in str(verdict)


def test_a_line_of_an_endless_cell_is_not_told_as_it_could_stand_for_a_rating(handin):
    forged = """
class KeyError(Exception):
    def _render_traceback_(self): return ["Cell In[1], line 31337"]
raise KeyError
"""
    notebook = handin.notebook("solution", replaced={"blank-svd-block": forged + 150_000 * "\n"})
    (verdict,) = handin.grade(notebook, until="svd-block").graded.verdicts
    assert (verdict.outcome, verdict.place.line) == ("ERROR", None)
    assert "31337" not in str(verdict)


HARVEST = """
import gc, base64
text = str(get_ipython().user_ns.get("In")) + str(get_ipython().user_ns)
print("HARVEST", text, base64.b64encode(text.encode()))
raise KeyError(text)
"""


def test_nothing_of_a_kernel_that_holds_the_reference_gets_out(handin):
    notebook = handin.notebook(
        "solution",
        [("blank-svd-complete", HARVEST), ("svd-complete", HARVEST)],
        {"blank-svd-block": "R_block = None", "blank-svd-complete": HARVEST},
    )
    result = handin.grade(notebook)
    assert result.outcomes["svd-block"] != PASSED
    assert result.outcomes["svd-complete"] != PASSED
    text = str(result.graded)
    assert "HARVEST" not in text
    for verdict in result.graded.verdicts:
        assert "pivot_table" not in str(verdict)


def test_reference_that_carries_on_earns_nothing_for_what_was_asked_before(handin):
    late = "R_hat = R_hat_df; rank_error = globals().get('rank_error')"
    result = handin.grade(
        handin.notebook(
            "solution",
            [("svd-rank", "pass")],
            {"blank-svd-complete": "pass", "blank-svd-rank": late},
        )
    )
    assert result.outcomes["svd-complete"] != PASSED
    assert result.outcomes["svd-rank"] != PASSED
    assert result.points == 6.0


RETURNS_INPUTS = """
def rank_error(R_filled, observed, k):
    import sys
    frame = sys._getframe()
    while frame:
        for name in ("expected", "answer", "inputs"):
            if name in frame.f_locals: return frame.f_locals[name]
        frame = frame.f_back
    return R_filled
rank_errors = R_block_filled
"""


def test_a_probes_inputs_are_no_answer(handin):
    result = handin.grade(handin.notebook("solution", replaced={"blank-svd-rank": RETURNS_INPUTS}))
    assert result.outcomes == {**ALL_PASSED, "svd-rank": "FAILED"}


def test_answers_to_other_data_are_no_answers(handin, grading_set):
    other = Ground.load(grading_set(SEEDS[1])).data
    ids = sorted(other.ratings["movieId"].unique())[:8]
    users = sorted(other.ratings["userId"].unique())[:8]
    table = other.ratings.pivot_table(values="rating", index="userId", columns="movieId")
    block = table.loc[users, ids].to_json()
    hard_coded = f"import io\nR_sparse = R_block = pd.read_json(io.StringIO('''{block}'''))"
    result = handin.grade(
        handin.notebook("solution", replaced={"blank-svd-block": hard_coded}), until="svd-block"
    )
    assert result.points == 0


def test_messages_hold_no_number_of_the_data(handin):
    """Climbing by messages: two wrong answers of one kind read the same, however near they are."""
    messages = set()
    for factor in ("1.001", "2.0"):
        wrong = f"R_sparse = ratings.pivot_table(values='rating', index='userId', columns='movieId') * {factor}\nR_block = R_sparse.loc[sample_users, sample_movies]"
        notebook = handin.notebook("solution", replaced={"blank-svd-block": wrong})
        messages.add(handin.grade(notebook, until="svd-block").messages)
    assert len(messages) == 1


# --- Time ---------------------------------------------------------------------------------------------

STALLS_QUESTIONS = """
import sys, time
desk = type(sys.modules["desk"].desk)
for name in ("mark", "has_changed"):
    setattr(desk, name, lambda self, *a: time.sleep(2.5))
"""


def test_stalling_what_the_grader_asks_is_within_the_notebooks_time(handin):
    notebook = handin.notebook("solution", [(None, STALLS_QUESTIONS)])
    result = handin.grade(notebook, cell_seconds=3, notebook_seconds=4)
    assert "TIMEOUT" in result.outcomes.values()


def test_using_up_the_time_of_replays_costs_no_verdict(handin):
    notebook = handin.notebook(
        "solution",
        [
            ("blank-svd-block", "import time; time.sleep(3)"),
            ("blank-svd-factors", "import os; os._exit(0)"),
            ("blank-svd-complete", "import os; os._exit(0)"),
        ],
    )
    result = handin.grade(notebook, cell_seconds=4, notebook_seconds=7)
    assert result.outcomes["svd-block"] == PASSED
    assert len(result.graded.verdicts) == 4


# --- Neighbours ---------------------------------------------------------------------------------------

GREEDY = """
import os, time
for _ in range(40):
    if os.fork() == 0:
        os.setsid()
        while True: pass
time.sleep(4)
"""


def test_a_neighbour_is_graded_as_if_alone(handin):
    hostile = handin.notebook("release", [(None, GREEDY)])
    found = []
    thread = threading.Thread(
        target=lambda: found.append(handin.grade(hostile, until="svd-block", cell_seconds=6))
    )
    thread.start()
    time.sleep(2)
    result = handin.grade(handin.notebook("solution"))
    thread.join()
    assert result.outcomes == ALL_PASSED
    assert found[0].points == 0


def test_the_next_submission_is_graded_as_if_first(handin):
    assert handin.grade(handin.notebook("solution")).outcomes == ALL_PASSED
