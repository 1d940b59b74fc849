"""Each wrong answer to lesson 2 gets the sentence of its own fault: one observation, on the object where it is seen.

The first of each check run always; the marker `accuracy` holds the rest.
"""

import pytest

from submissions.bench import Replacements
from submissions.mistakes import MISTAKES

SENTENCES = {
    "mf-split": {
        "seventy_thirty": "look at `test_size`",
        "second_cut_of_the_whole_table": "the second cut is one of `temp_df`",
        "second_cut_of_the_training_part": "`train_df` and `val_df` share ratings",
        "parts_swapped": "`val_df` and `test_df` are swapped",
        "another_random_state": "`random_state`",
        "stars_lost": "`train_df` lacks the column `rating`",
        "film_ids_lost": "`train_df` lacks the column `movieId`",
    },
    "mf-dataset": {
        "a_dict_for_a_tuple": "is a dict: it should be a tuple of three",
        "sample_not_returned": "let `__getitem__` return",
        "two_parts": "should have three parts",
        "columns_swapped": "first part of a sample should be `user_idx` of its row, and holds the column `item_idx`",
        "ids_for_indices": "holds the column `userId`",
        "timestamps_for_stars": "third part of a sample should be `rating` of its row, and holds the column `timestamp`",
        "float_indices": "user indices of `train_loader` should be whole numbers",
        "short_indices": "item indices of `train_loader` should be whole numbers",
        "no_shuffle": "should shuffle",
        "small_batches": "look at `batch_size`",
        "last_batch_dropped": "no batch may be dropped",
        "trained_on_everything": "`train_dataset` has",
        "validation_of_the_test_part": "`val_d",
    },
    "mf-model": {
        "no_global_bias": "leaves out the mean",
        "no_user_bias": "leaves out the bias of the user",
        "no_item_bias": "leaves out the bias of the item",
        "no_taste": "leaves out the product",
        "clamped_forward": "`forward` clamps",
        "nothing_returned": "look for its `return`",
        "detached_items": "No gradient reaches `item_emb`",
        "sparse_gradients": "gradient of `user_emb` is sparse",
        "sizes_swapped": "`user_emb`",
        "sizes_of_this_data": "use the arguments of `__init__`",
        "wide_start": "standard deviation 0.01",
        "uniform_start": "normal numbers",
        "global_bias_zero": "`global_bias` of `model` should start at the mean of the training ratings",
        "standing_model_of_zeros": "`user_emb` of `model` starts at 0",
        "standing_biases_started_at_random": "`user_bias` of `model` should start at 0",
        "summed_loss": "adds the squared errors up",
        "half_of_the_squares": "half of the mean squared error",
        "absolute_loss": "absolute errors",
        "root_in_the_criterion": "square root",
        "a_loss_for_each_pair": "one number for a whole batch",
        "detached_in_the_criterion": "should not detach",
        "half_the_gradient": "gradient of `criterion`",
        "plain_sgd": "is not Adam",
        "large_steps": "`lr` of `optimizer` should be 0.005",
        "another_rate_for_the_items": "`lr` of a later group of `optimizer`",
        "no_decay": "`weight_decay` of `optimizer` should be 1e-05",
        "no_memory": "`betas` of `optimizer`",
        "large_eps": "`eps` of `optimizer` should be 1e-08",
        "uphill": "`maximize` of `optimizer` is set",
        "adamw": "AdamW is another optimizer",
        "called_adam": "moves `user_emb` in another way than Adam",
        "optimizer_of_another_model": "make it after the model",
    },
    "mf-train": {
        "sum_of_batch_means_returned": "divides a sum of batch means by the number of ratings",
        "squared_error_returned": "returns the mean squared error",
        "nothing_returned": "`train_curve` should be a list of numbers",
        "validation_curve_not_kept": "`val_curve` is empty",
        "training_curve_not_kept": "`train_curve` is empty",
        "curves_swapped": "`val_curve` holds `best_val` nowhere",
        "validation_in_both_curves": "`train_curve` holds the same numbers as `val_curve`",
        "only_improvements_kept": "append to both once an epoch",
        "clamped_in_the_loss": "clamps the predictions in the loss",
        "summed_in_the_step": "sum of squared errors",
        "root_in_the_loss": "root of the loss",
        "absolute_error_in_the_step": "absolute error",
        "no_zero_grad": "gradients of earlier batches",
        "backward_twice": "twice as far",
        "one_batch_an_epoch": "after the first batch",
        "no_backward": "no step has moved the model",
        "stopped_by_an_error": "did not run to its end",
        "weights_not_copied": "stands at its last epoch",
        "selected_on_test": "`best_val` is the test RMSE",
        "selected_on_train": "`best_val` is the training RMSE",
        "test_rmse_of_validation": "`test_rmse` is the validation RMSE",
        "epochs_counted_from_zero": "counts epochs from 0",
        "not_clamped": "`evaluate` does not clamp",
        "trained_on_everything": "knows validation or test ratings",
    },
    "mf-complete": {
        "not_clamped": "below 1 or above 5",
        "grids_transposed": "in the wrong places",
        "rounded": "not rounded",
        "ratings_overwritten": "An observed rating has changed",
        "gaps_left": "still has gaps",
        "indices_for_labels": "rows of `R_hat_df_full` are not labelled by the user ids",
    },
    "mf-recommend": {
        "always_ten": "another number of rows than it should",
        "seen_movies_too": "a movie that the user has rated",
        "not_sorted": "fall from row to row",
        "item_index_for_id": "no movie ids",
        "same_list_for_all": "prediction for that user and movie",
        "titles_in_file_order": "`title` should be that of the movie",
    },
}
CASES = [
    pytest.param(check, name, marks=() if number == 0 else (pytest.mark.accuracy,))
    for check, rows in SENTENCES.items()
    for number, name in enumerate(rows)
]


@pytest.mark.parametrize(("check", "name"), CASES)
def test_a_wrong_answer_is_told_what_is_seen_and_where(bench, check, name):
    sentence = bench("mf").judge(check, Replacements(MISTAKES[check][name]))
    assert SENTENCES[check][name] in sentence


def test_no_sentence_serves_two_faults_of_one_check():
    for rows in SENTENCES.values():
        assert len(set(rows.values())) == len(rows)
