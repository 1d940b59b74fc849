"""The machine: what a student's own environment has, and what the grader lacks."""

from submissions.reports import in_class
from submissions.reports.held import FULL, prefixed, without


@in_class
def progress_bars_of_notebooks_cost_no_points(pupil):
    line = "from tqdm.notebook import tqdm\nlist(tqdm(range(3)))"
    pupil.hand_in(prefixed(pupil.solved(), {"svd-factors": line}))
    yield
    assert pupil.points == FULL


@in_class
def a_module_that_the_grader_lacks_is_named_with_where_the_list_stands(pupil):
    pupil.hand_in(prefixed(pupil.solved(), {"svd-rank": "import surprise"}))
    yield
    assert pupil.points == without("svd-rank")
    said = pupil.messages["svd-rank"]
    assert "`ModuleNotFoundError`" in said
    assert "The grader does not have `surprise`" in said
    assert "lists the packages" in said


@in_class
def an_import_that_is_guarded_costs_no_points(pupil):
    line = "try:\n    import surprise\nexcept ImportError:\n    surprise = None"
    pupil.hand_in(prefixed(pupil.solved(), {"svd-rank": line}))
    yield
    assert pupil.points == FULL
