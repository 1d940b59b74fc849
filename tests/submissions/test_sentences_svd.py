"""What a student of lesson 1 is told: one observation, one sentence, that names the object and its likeliest cause."""

import pytest

from autograder.build import build_solution, read_notebook
from autograder.grading.engine import Ground, grade
from autograder.grading.rebuild import rebuild
from submissions.bench import SEEDS, Replacements
from submissions.mistakes import MISTAKES

# (check, wrong answer) -> words of its sentence: the object, what is seen there, and where to look.
SENTENCES = {
    ("svd-block", "gaps_filled_with_zero"): ("`R_block`", "nobody rated", "stays `NaN`"),
    ("svd-block", "transposed"): ("`R_block`", "movies in its rows", "before the comma"),
    ("svd-block", "last_eight"): ("labels of `R_block`", "first eight ids"),
    ("svd-block", "counts_for_ratings"): ("`R_sparse`", "other numbers", "`values`"),
    ("svd-block", "labels_swapped"): ("`R_block`", "movies in its rows"),
    ("svd-block", "turned_before_it_was_cut"): ("`R_sparse`", "movies in its rows", "`index`"),
    ("svd-block", "index_and_columns_swapped"): ("`R_sparse`", "movies in its rows", "`index`"),
    ("svd-block", "zeros_for_gaps"): ("`R_sparse`", "nobody rated", "stays `NaN`"),
    ("svd-block", "times_for_ratings"): ("`R_sparse`", "other numbers", "`values`"),
    ("svd-block", "seven_by_eight"): ("`R_block`", "wrong shape", "`.loc`"),
    ("svd-block", "an_array"): ("`R_block`", "DataFrame", "ndarray"),
    ("svd-factors", "gaps_filled_with_zero"): ("gap of `R_block_filled`", "than `global_mean`"),
    ("svd-factors", "gaps_filled_with_movie_means"): ("gap of `R_block_filled`", "`global_mean`"),
    ("svd-factors", "mean_of_the_block"): ("`global_mean`", "of the block alone"),
    ("svd-factors", "modes_for_a_mean"): ("`global_mean`", "one number"),
    ("svd-factors", "gaps_left"): ("`R_block_filled` still has gaps",),
    ("svd-factors", "ratings_clipped"): ("rating has changed", "`R_block_filled`"),
    ("svd-factors", "filled_in_place"): ("`R_block` lost its gaps", "fill a copy"),
    ("svd-factors", "block_changed"): ("`R_block` was changed", "a name of its own"),
    ("svd-factors", "rank_three"): ("`P`", "two columns", "`k`"),
    ("svd-factors", "singular_values_twice"): ("`Q`", "not of length 1", "`P` alone carries"),
    ("svd-factors", "roots_on_both_sides"): ("`Q`", "not of length 1", "`P` alone carries"),
    ("svd-factors", "roots_of_singular_values"): ("`P`", "roots of the singular values"),
    ("svd-factors", "no_singular_values"): ("`P`", "length 1", "should carry"),
    ("svd-factors", "rising_singular_values"): ("singular values", "falling order"),
    ("svd-factors", "all_values_rising"): ("singular values", "falling order"),
    ("svd-factors", "last_factors"): ("singular values", "the largest comes first"),
    ("svd-factors", "rows_for_columns_of_U"): ("`P @ Q.T`", "belong to one factor"),
    ("svd-factors", "one_sign_flipped"): ("`P @ Q.T`", "signs included"),
    ("svd-factors", "movie_ids_for_users"): ("`P_df`", "ids", "`index`"),
    ("svd-factors", "columns_unnamed"): ("columns of `P_df`", "f1 and f2"),
    ("svd-complete", "labels_swapped"): ("`R_hat_df`", "movies in its rows", "`index`"),
    ("svd-complete", "no_labels"): ("labels of `R_hat_df`", "`index` and `columns`"),
    ("svd-complete", "labels_picked"): ("`R_hat_df`", "without a number", "by label"),
    ("svd-complete", "transposed_values"): ("`R_hat_df`", "right labels", "transposed"),
    ("svd-complete", "clamped"): ("`R_hat_df`", "right labels", "other numbers", "`R_hat_block`"),
    ("svd-complete", "rounded"): ("`R_hat_df`", "right labels", "other numbers", "`R_hat_block`"),
    ("svd-complete", "ratings_overwritten"): ("`completed_block`", "predictions where a rating"),
    ("svd-complete", "rule_reversed"): ("`completed_block`", "keeps `A` where the condition"),
    ("svd-complete", "ratings_rounded"): ("rating has changed", "`completed_block`"),
    ("svd-complete", "compared_with_nan"): (
        "`completed_block` still has gaps",
        "condition",
        "`!=`",
    ),
    ("svd-complete", "gaps_take_the_mean"): ("gaps of `completed_block`", "predictions"),
    ("svd-complete", "filled_in_place"): ("`R_block` lost its gaps", "fill a copy"),
    ("svd-complete", "predictions_in_the_gaps_too"): ("`observed_pred`", "nobody rated"),
    ("svd-complete", "ratings_for_predictions"): ("`observed_pred`", "other numbers"),
    ("svd-rank", "no_square_root"): ("`rank_error`", "mean of squares", "root"),
    ("svd-rank", "error_on_all_cells"): ("`rank_error`", "every cell", "`observed`"),
    ("svd-rank", "error_on_the_gaps"): ("`rank_error`", "does not mark"),
    ("svd-rank", "absolute_error"): ("`rank_error`", "absolute errors"),
    ("svd-rank", "root_of_the_sum"): ("`rank_error`", "root of a sum", "divide"),
    ("svd-rank", "zero"): ("`rank_error`", "0 whatever it is given"),
    ("svd-rank", "no_return"): ("`rank_error` returns nothing", "`return`"),
    ("svd-rank", "the_matrix"): ("`rank_error`", "one number"),
    ("svd-rank", "one_factor_too_many"): ("`rank_error`", "number of factors", "slices"),
    ("svd-rank", "one_factor_too_few"): ("`rank_error`", "number of factors", "slices"),
    ("svd-rank", "factors_from_outside"): ("`rank_error`", "another shape", "`R_filled`"),
    ("svd-rank", "for_the_block_alone"): ("`rank_error`", "another shape", "`R_filled`"),
    ("svd-rank", "errors_of_the_gaps"): ("`rank_error` is right", "`rank_errors`"),
    ("svd-rank", "ranks_from_zero"): ("`rank_error` is right", "ranks from 1 to 8"),
    ("svd-rank", "seven_ranks"): ("`rank_errors`", "one number for each rank"),
}


@pytest.mark.parametrize(("check", "mistake"), SENTENCES)
def test_a_sentence_names_what_is_seen_where_and_why(bench, check, mistake):
    sentence = bench("svd").judge(check, Replacements(MISTAKES[check][mistake]))
    assert sentence is not None
    assert [words for words in SENTENCES[check, mistake] if words not in sentence] == [], sentence


def test_gaps_that_were_filled_in_place_cost_the_exercise_that_filled_them_and_no_other(
    course_root, grading_set
):
    master = read_notebook(course_root / "source/svd/svd.ipynb")
    notebook = build_solution(master, "en")
    (cell,) = (c for c in notebook.cells if c.id == "blank-svd-factors")
    right = "R_block_filled = R_block.fillna(global_mean).values"
    assert right in cell.source
    in_place = "R_block.fillna(global_mean, inplace=True)\nR_block_filled = R_block.values"
    cell.source = cell.source.replace(right, in_place)
    graded = grade(rebuild(master, notebook).notebook, master, Ground.load(grading_set(SEEDS[0])))
    lost = {verdict.check: verdict.message for verdict in graded.verdicts if not verdict.has_passed}
    assert list(lost) == ["svd-factors"]
    assert "`R_block` lost its gaps" in lost["svd-factors"]
