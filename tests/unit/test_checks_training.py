"""Steps worked out by hand agree with autograd, and what a training reports is read with care."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from autograder.checks import mf, vae
from autograder.checks.student import InProcessStudent
from autograder.checks.training import judge_best_epoch, reported
from autograder.errors import CheckFailed

REPORT = {"best_val": 0.9, "test_rmse": 0.95, "best_epoch": 3}


def stepped(parameters, loss, step_size):
    """The same parameters after two steps down `loss(parameters)` by autograd, as arrays."""
    parameters = {name: value.double().requires_grad_() for name, value in parameters.items()}
    for _ in range(2):
        moves = torch.autograd.grad(loss(parameters), list(parameters.values()))
        parameters = {
            name: (value - step_size * move).detach().requires_grad_()
            for (name, value), move in zip(parameters.items(), moves, strict=True)
        }
    return {name: value.detach().numpy() for name, value in parameters.items()}


@pytest.mark.parametrize("mean_learns", [True, False])
def test_two_steps_of_matrix_factorisation_are_those_of_autograd(mean_learns):
    inputs = mf.small_model() | {"mu": 6.0, "stars": torch.ones(12)}

    def loss(tables):
        users, items = inputs["users"], inputs["items"]
        taste = (tables["user_emb"][users] * tables["item_emb"][items]).sum(dim=1)
        bias = tables["user_bias"][users, 0] + tables["item_bias"][items, 0]
        mean = tables.get("global_bias", inputs["mu"])
        return ((taste + bias + mean - inputs["stars"]) ** 2).mean()

    start = dict(inputs["values"])
    if mean_learns:
        start["global_bias"] = torch.tensor(inputs["mu"])
    got = mf.two_steps(inputs, mean_learns)
    for name, expected in stepped(start, loss, mf.STEP_SIZE).items():
        np.testing.assert_allclose(got[name].reshape(expected.shape), expected, rtol=1e-9)


def test_two_steps_of_the_vae_without_noise_are_those_of_autograd():
    rng = np.random.default_rng(0)
    weights = vae.random_weights(6, 5, 3, rng)
    mask = torch.tensor(rng.random((4, 6)) < 0.6).double()
    rows = torch.tensor(rng.integers(1, 6, (4, 6))).double() * mask

    def loss(weights):
        layer = lambda name, x: x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]  # noqa: E731
        hidden = torch.relu(layer("fc1", rows))
        mu, logvar = layer("fc_mu", hidden), layer("fc_logvar", hidden)
        error = (layer("fc4", torch.relu(layer("fc3", mu))) - rows) ** 2 * mask
        kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(dim=1)
        return (error.sum(dim=1) / (mask.sum(dim=1) + 1e-8)).mean() + vae.BETA * kl.mean()

    got = vae.two_steps(vae.float64(weights), rows.numpy(), mask.numpy())
    for name, expected in stepped(weights, loss, vae.STEP_SIZE).items():
        np.testing.assert_allclose(got[name], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), torch.tensor(float("nan"))])
def test_a_training_that_reported_no_finite_number_did_not_run_to_its_end(value):
    with pytest.raises(CheckFailed, match="did not run to its end"):
        reported(InProcessStudent(REPORT | {"best_val": value}))


@pytest.mark.parametrize("value", ["0.9", None, [0.9, 0.9], np.zeros((0,)), {}])
def test_what_is_not_one_number_is_none(value):
    with pytest.raises(CheckFailed, match="should be one number"):
        reported(InProcessStudent(REPORT | {"test_rmse": value}))


@pytest.mark.parametrize("value", [0.95, np.float32(0.95), torch.tensor([0.95]), [[0.95]]])
def test_one_number_may_come_in_any_form(value):
    said = reported(InProcessStudent(REPORT | {"test_rmse": value}))
    assert said == pytest.approx(REPORT)


@pytest.mark.parametrize(
    "curve", [[1.0, 0.95, 0.9, 0.97], np.array([1.0, 0.9001, 0.9]), "none", []]
)
def test_the_best_epoch_is_where_the_curve_is_lowest_or_the_curve_says_nothing(curve):
    judge_best_epoch(InProcessStudent({"val_curve": curve}), 3)
    judge_best_epoch(InProcessStudent({}), 3)


@pytest.mark.parametrize("best_epoch", [0.0, 1.5, 2.0, 4.0])
def test_any_other_epoch_fails(best_epoch):
    with pytest.raises(CheckFailed, match="best_epoch"):
        judge_best_epoch(InProcessStudent({"val_curve": [1.0, 0.95, 0.9, 0.97]}), best_epoch)


def test_an_epoch_that_is_nearly_as_good_is_not_the_one_that_was_reported():
    student = InProcessStudent({"val_curve": [1.0, 0.9001, 0.9, 0.97]})
    judge_best_epoch(student, 3, 0.9)
    judge_best_epoch(student, 2, 0.9001)
    with pytest.raises(CheckFailed, match="counts epochs from 0"):
        judge_best_epoch(student, 2, 0.9)


def test_the_user_whose_next_unseen_film_stands_lowest_is_asked():
    scores = np.array([[5.0, 4.0, 3.0, 2.0]] * 3)
    seen = np.array([[0, 0, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0]], dtype=bool)
    data = SimpleNamespace(user_ids=[7, 8, 9], num_items=4)
    requests = mf.recommend_requests(scores, seen, data)
    assert requests[:2] == [(8, 1), (9, 3)]
    assert (8, 9) in requests
