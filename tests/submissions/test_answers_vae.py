"""What lesson 3 says to a wrong answer, in its visible and its hidden check, and that the visible one refuses nothing right.

Each wrong answer of `mistakes.py` has words that the sentence of the hidden check must contain: the object, and what
is seen on it. Most fail the visible check as well; those that do not are listed with the reason.
"""

import pytest

from submissions.bench import (
    REPLAY_FROM,
    Replacements,
    copied,
    edited,
    movielens,
    run_leniently,
    verdict,
)
from submissions.equivalents import EQUIVALENTS
from submissions.mistakes import MISTAKES

SENTENCES = {
    "vae-matrices": {
        "ones_for_stars": "`R_train` holds ones",
        "mask_all_ones": "`mask_train` has more cells that are not 0",
        "transposed_places": "`R_train` is not 0 in the gaps",
        "mask_forgotten": "`mask_train` is 0 everywhere",
        "trained_on_everything": "`mask_train` has more cells that are not 0",
        "gaps_filled_with_the_mean": "`R_train` has more cells that are not 0",
        "no_shuffle": "should shuffle",
        "mask_for_ratings": "`train_user_dataset[i][1]` the stars: they are swapped",
        "mask_and_ratings_swapped": "`mask_train` the stars: they are swapped",
        "matrices_in_float64": "`R_train` should be a float32 tensor",
        "everything_in_float64": "`R_train` should be a float32 tensor",
        "matrices_of_whole_numbers": "`R_train` should be a float32 tensor",
        "mask_in_half_precision": "`mask_train` should be a float32 tensor",
        "matrices_as_arrays": "`R_train` should be a float32 tensor",
    },
    "vae-model": {
        "same_noise_in_each_pass": "`reparameterize` gives the same draw",
        "seeded_in_each_pass": "`reparameterize` gives the same draw",
        "noise_kept": "`reparameterize` gives the same draw",
        "no_sampling": "`forward` gives z = mu",
        "variance_for_deviation": "`reparameterize` takes the variance",
        "logvar_for_deviation": "`reparameterize` takes logvar for the standard deviation",
        "uniform_noise": "`reparameterize` draws around another value than mu",
        "mu_twice": "`encode` returns mu twice",
        "mu_and_logvar_swapped": "`encode` returns logvar first",
        "no_relu": "a ReLU is missing",
        "sigmoid_output": "`decode` should go through fc3",
        "one_draw_a_user": "each number of z needs noise of its own",
        "one_draw_for_all": "each user needs noise of its own",
        "gradient_stopped": "does not reach `fc_logvar`",
        "mu_plus_sigma_in_eval_mode": "In eval mode `reparameterize`",
        "sigma_added_without_noise": "`reparameterize` adds the same amount to mu in every row",
        "log_sigma_for_logvar": "`reparameterize` draws with another standard deviation",
        "no_return_in_forward": "`forward` returns nothing",
        "rows_alone_returned": "`forward` should return three things",
        "sizes_of_a_layer_swapped": "`fc1` of the network has the wrong size",
        "frozen": "`requires_grad` is off",
        "all_zeros": "is one number everywhere",
        "one_number_everywhere": "is one number everywhere",
        "a_start_far_too_large": "starts on another scale",
        "network_in_float64": "should be float32",
    },
    "vae-loss": {
        "no_mask_in_the_loss": "the mask is missing",
        "no_division": "is not divided by the number of items",
        "mean_over_all_items": "divides by the number of all items",
        "sum_over_users": "reconstruction part is a sum over the users",
        "division_by_zero": "where a user has no rating",
        "kl_sign": "KL part has the wrong sign",
        "kl_without_exp": "KL part lacks the variance",
        "kl_mean_over_dimensions": "KL part is a mean over the latent numbers",
        "beta_one": "where no beta is given",
        "beta_ignored": "does not change with `beta`",
        "no_beta": "leaves the KL part out",
        "total_detached": "wrong gradient for the reconstructed rows",
        "other_learning_rate": "another learning rate",
        "one_mean_over_all_ratings": "one mean over all rated cells",
        "mask_averaged": "averages the mask",
        "not_averaged": "not one number",
        "root_of_the_error": "reconstruction part has another value",
        "log_sigma_for_logvar": "takes `logvar` for the logarithm of sigma",
        "recon_part_not_detached": "reconstruction part of `vae_loss` still carries",
        "kl_part_not_detached": "KL part of `vae_loss` still carries",
        "kl_detached_in_the_total": "wrong gradient for the mu",
        "no_return_in_the_loss": "returns nothing",
        "total_alone_returned": "should return three numbers",
        "no_weight_decay": "another weight decay",
        "decoupled_weight_decay": "not those of Adam",
        "optimizer_climbs": "climbs",
        "no_momentum": "not those of Adam",
        "epsilon_of_one": "not those of Adam",
        "half_of_it_at_another_rate": "another learning rate",
        "merely_called_adam": "not those of Adam",
        "optimizer_of_another_network": "does not hold the parameters of `vae`",
    },
    "vae-train": {
        "no_sampling_in_training": "trains with z = mu",
        "beta_zero_in_the_step": "leaves the KL part out",
        "beta_one_in_the_step": "another beta",
        "kl_dropped_in_the_step": "leaves the KL part out",
        "two_steps_a_batch": "steps twice as far",
        "backward_twice": "steps twice as far",
        "last_epoch_weights_kept": "`best_val` is not the validation RMSE of the weights",
        "best_epoch_is_the_last": "`best_epoch`",
        "epochs_counted_from_zero": "`best_epoch`",
        "trained_on_everything": "less well than it should",
        "no_zero_grad": "does not clear the gradients",
        "no_backward": "less well than it should",
        "no_step": "less well than it should",
        "mask_of_ones": "trains on the gaps",
        "sampling_at_evaluation": "predict with z = mu",
        "weights_not_copied": "`best_val` is not the validation RMSE of the weights",
        "not_rolled_back": "`best_val` is not the validation RMSE of the weights",
        "selected_on_test": "`best_val` is not the validation RMSE of the weights",
        "evaluated_on_validation_rows": "`best_val` is not the validation RMSE of the weights",
        "not_clamped": "`evaluate_vae_rmse`",
        "test_rows_read": "`test_rmse` is not the test RMSE",
        "reconstruction_alone_of_zeros": "does not take one step a batch down the total",
        "sum_of_the_losses_returned": "the sum of the losses",
        "losses_divided_by_users": "divided by the number of users",
        "last_loss_returned": "the loss of the last batch",
        "reconstruction_returned_for_the_loss": "the reconstruction part for the loss",
        "parts_returned_in_another_order": "the reconstruction and of the KL part after",
        "train_curve_of_validation": "`train_curve`",
        "val_curve_of_the_best_alone": "differ in length",
        "val_curve_of_test": "`best_epoch`",
    },
    "vae-complete": {
        "unclamped_predictions": "`R_pred` should be clamped",
        "sampled_predictions": "from `R_train` with z = mu",
        "transposed": "`R_pred_np` does not hold the numbers of `R_pred`",
        "ratings_overwritten": "An observed rating has changed",
        "not_clamped": "`R_pred` should be clamped",
        "everything_read": "from validation or test ratings too",
        "gaps_left": "still has gaps",
        "indices_for_labels": "`R_pred_df`",
    },
}

STEP = "the step is run on small batches by the grader alone: running it here would show it"
GIVEN = "a part of the blank's cell that stands there already"
SURVIVORS = {
    ("vae-model", "no_relu"): GIVEN,
    ("vae-model", "sigmoid_output"): GIVEN,
    (
        "vae-loss",
        "decoupled_weight_decay",
    ): "at 1e-6 it differs by less than rounding, but for weights without a gradient",
    ("vae-train", "no_sampling_in_training"): STEP,
    ("vae-train", "two_steps_a_batch"): STEP,
    ("vae-train", "backward_twice"): STEP,
    ("vae-train", "last_loss_returned"): STEP,
    ("vae-train", "reconstruction_returned_for_the_loss"): STEP,
}
"""Wrong answers that pass the visible check, and why."""

QUICK = ("vae-matrices", "vae-model", "vae-loss", "vae-complete")
LONG = pytest.mark.accuracy
"""The network is trained for each of these: half a minute."""


def mistakes_of_the_lesson():
    """(check, name) of every wrong answer, but for the open challenge."""
    found = {check: MISTAKES[check] for check in MISTAKES if check.startswith("vae-")}
    del found["vae-challenge"]
    return [(check, name) for check, mistakes in found.items() for name in mistakes]


CASES = [
    pytest.param(*case, marks=() if case[0] in QUICK else LONG) for case in mistakes_of_the_lesson()
]


def answered(kept, check, replacements):
    """The error of the visible check (None where it passes) and the sentence of the hidden one; check cells are the lesson's."""
    order = list(kept.parts)
    start = REPLAY_FROM.get(check, check)
    namespace = copied(kept.before[start])
    *cells, visible = kept.parts[check]
    with movielens(kept.visible):
        for name in order[order.index(start) : order.index(check)]:
            run_leniently(kept.parts[name], namespace)
        run_leniently(edited(cells, Replacements(replacements)), namespace)
        errors = run_leniently([visible], namespace)
    return next(iter(errors), None), verdict(check, namespace, kept.data)


def test_every_wrong_answer_has_its_words():
    assert mistakes_of_the_lesson() == [
        (check, name) for check, table in SENTENCES.items() for name in table
    ]


@pytest.mark.parametrize(("check", "name"), CASES)
def test_a_wrong_answer_is_told_what_is_seen_and_where(bench, check, name):
    error, sentence = answered(bench("vae"), check, MISTAKES[check][name])
    assert sentence is not None and SENTENCES[check][name] in sentence
    if (check, name) in SURVIVORS:
        assert error is None
    else:
        assert isinstance(error, AssertionError) and str(error)


def test_few_wrong_answers_pass_the_visible_check():
    assert len(SURVIVORS) <= 0.15 * len(CASES)
    assert SURVIVORS.keys() <= {*mistakes_of_the_lesson()}


RIGHT = [name for name, change in EQUIVALENTS.items() if change.assignment == "vae"]
IS_QUICK = {name: EQUIVALENTS[name].until in QUICK[:3] for name in RIGHT}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if IS_QUICK[name] else LONG) for name in RIGHT]
)
def test_no_right_answer_is_refused_by_a_visible_check(bench, name):
    kept, change = bench("vae"), EQUIVALENTS[name]
    replace = Replacements(change.replacements)
    changed = [check for check, cells in kept.parts.items() if edited(cells, replace) != cells]
    start = REPLAY_FROM.get(changed[0], changed[0])
    order = list(kept.parts)
    namespace = copied(kept.before[start])
    with movielens(kept.visible):
        for check in order[order.index(start) : order.index(change.until) + 1]:
            *cells, visible = kept.parts[check]
            run_leniently(edited(cells, replace), namespace)
            assert run_leniently([visible], namespace) == [], check
