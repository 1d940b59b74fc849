"""Hidden checks of lesson 3 (`vae`): matrices, network, loss, training, completion, and the open challenge.

A good RMSE says little here: a bias-only model passes any threshold that a correct VAE passes. So the
network and its loss are judged by what they compute on fresh inputs, and RMSE only once, in `vae-train`.
"""

import numpy as np
import torch

from autograder.checks.compare import as_array, is_close, table
from autograder.checks.registry import check, expect
from autograder.checks.thresholds import CHALLENGE_SECONDS, CHALLENGE_TIERS
from autograder.checks.training import completed, judge_training, reported

HIDDEN, LATENT = 600, 50
LAYERS = ("fc1", "fc_mu", "fc_logvar", "fc3", "fc4")


def matrices(frame, data):
    """Ratings and mask of an indexed frame, both (users, items) float32, 0 in the gaps."""
    R = np.zeros((data.num_users, data.num_items), dtype=np.float32)
    mask = np.zeros_like(R)
    places = frame["user_idx"].to_numpy(), frame["item_idx"].to_numpy()
    R[places] = frame["rating"].to_numpy()
    mask[places] = 1.0
    return R, mask


MATRICES_PROBE = """
import torch

def sparse(matrix):
    matrix = torch.as_tensor(matrix)
    places = matrix.nonzero()
    count, places = len(places), places[:100_000]
    return {"shape": list(matrix.shape), "count": count, "places": places, "values": matrix[tuple(places.T)]}

pairs = {name: (sparse(R), sparse(mask)) for name, R, mask in [
    ("train", R_train, mask_train), ("val", R_val, mask_val), ("test", R_test, mask_test)]}
part_R, part_mask = (sparse(matrix) for matrix in to_matrices(part))
batches = [[torch.as_tensor(half) for half in batch] for batch in train_user_loader]
sizes = [len(batch[0]) for batch in batches]
loaded = [sparse(torch.cat([batch[place] for batch in batches])) for place in range(2)]
again = sparse(torch.cat([torch.as_tensor(batch[0]) for batch in train_user_loader]))
single = [sparse(torch.as_tensor(half)[None]) for half in train_user_dataset[user]]
"""


def dense(sparse):
    """The matrix that a probe's {shape, count, places, values} stands for, float64."""
    expect(
        sparse["count"] == len(sparse["places"]),
        "`R` and `mask` should be 0 in the gaps, and hold the ratings of one split alone.",
    )
    shape = tuple(int(size) for size in sparse["shape"])
    expect(
        len(shape) == 2 and 0 < shape[0] * shape[1] <= 10**8,
        "`R` and `mask` should be users by items.",
    )
    matrix = np.zeros(shape)
    places = as_array(sparse["places"]).astype(np.int64)
    matrix[tuple(places.T)] = as_array(sparse["values"])
    return matrix


@check("vae-matrices")
def matrices_hold_exactly_their_split_and_the_loader_exactly_the_training_rows(student, data):
    """R has stars and mask ones at the ratings of each split; the loader gives every training row once, shuffled."""
    part = data.train.sample(50, random_state=np.random.default_rng().integers(2**32))
    user = int(np.random.default_rng().integers(data.num_users))
    returns = ["pairs", "part_R", "part_mask", "sizes", "loaded", "again", "single"]
    probe = student.evaluate(MATRICES_PROBE, returns=returns, part=part, user=user)
    for name, frame in (("train", data.train), ("val", data.val), ("test", data.test)):
        judge_pair(probe["pairs"][name], matrices(frame, data), f"`R_{name}` and `mask_{name}`")
    judge_pair(
        (probe["part_R"], probe["part_mask"]), matrices(part, data), "The matrices of `to_matrices`"
    )
    R, mask = matrices(data.train, data)
    judge_pair(
        probe["single"],
        (R[user : user + 1], mask[user : user + 1]),
        "The rows of one user in `train_user_dataset`",
    )
    expect(probe["sizes"][0] == min(64, data.num_users), "Batches should hold 64 users.")
    loaded, mask_loaded, again = (dense(part) for part in (*probe["loaded"], probe["again"]))
    expect(
        loaded.shape == R.shape and mask_loaded.shape == mask.shape,
        "`train_user_loader` should give every user once.",
    )
    expect(
        is_close(in_order(np.hstack([loaded, mask_loaded])), in_order(np.hstack([R, mask]))),
        "`train_user_loader` does not give exactly the rows of `R_train` with their masks.",
    )
    expect(
        not np.array_equal(loaded, again), "`train_user_loader` should shuffle anew in each pass."
    )


def judge_pair(pair, expected, what):
    """Require a (R, mask) pair of a probe to equal the grader's own."""
    got_R, got_mask = (dense(sparse) for sparse in pair)
    R, mask = expected
    expect(
        got_R.shape == R.shape and got_mask.shape == mask.shape, f"{what} should be users by items."
    )
    expect(
        is_close(got_mask, mask),
        f"{what} are off: the mask needs a 1 at each rating of the split, and 0 elsewhere.",
    )
    expect(
        is_close(got_R, R),
        f"{what} are off: R needs the stars at each rating of the split, and 0 elsewhere.",
    )


def in_order(rows):
    """The rows of a matrix in lexicographic order of their bytes."""
    keys = [row.tobytes() for row in np.ascontiguousarray(rows, dtype=np.float64)]
    return rows[np.array(sorted(range(len(keys)), key=keys.__getitem__))]


def linear(weights, layer, x):
    """X W' + b of one layer, in float64."""
    return x @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]


def encode(weights, x):
    """Mu and logvar of rows x (B, items): two (B, latent) arrays."""
    h = np.maximum(linear(weights, "fc1", x), 0)
    return linear(weights, "fc_mu", h), linear(weights, "fc_logvar", h)


def decode(weights, z):
    """Rows (B, items) of codes z (B, latent)."""
    return linear(weights, "fc4", np.maximum(linear(weights, "fc3", z), 0))


NETWORK_PROBE = """
import torch

standing = {name: list(value.shape) for name, value in vae.state_dict().items()}
default = {name: list(value.shape) for name, value in VAE(11).state_dict().items()}
small = VAE(9, 24, 4)
small.load_state_dict(weights)
small.train()
mu, logvar = small.encode(rows)
decoded = small.decode(codes)
answer = small(rows)
forward_mu, forward_logvar = answer[1].detach(), answer[2].detach()
parts = len(answer)
answer[0].sum().backward()
reached = [name for name, value in small.named_parameters() if value.grad is not None and bool(value.grad.abs().sum() > 0)]
mu, logvar, decoded = mu.detach(), logvar.detach(), decoded.detach()

still = VAE(9, 24, 4)
still.load_state_dict(still_weights)
still.train()
centre = still(rows)[0].detach()

glass = VAE(2, 4, 2)
glass.load_state_dict(glass_weights)
glass.train()
seen = glass(torch.ones(draws, 2))[0].detach()
drawn = glass.reparameterize(centres.repeat(draws, 1), logvars.repeat(draws, 1)).detach()
"""


def random_weights(num_items, hidden, latent, rng):
    """A state dict of normal numbers for a VAE of that size, float32 Tensors."""
    sizes = {
        "fc1": (hidden, num_items),
        "fc_mu": (latent, hidden),
        "fc_logvar": (latent, hidden),
        "fc3": (hidden, latent),
        "fc4": (num_items, hidden),
    }
    weights = {}
    for layer, shape in sizes.items():
        weights[f"{layer}.weight"] = torch.tensor(rng.normal(0, 0.6, shape), dtype=torch.float32)
        weights[f"{layer}.bias"] = torch.tensor(rng.normal(0, 0.3, shape[0]), dtype=torch.float32)
    return weights


def glass_weights(centres, logvars):
    """Weights of a VAE(2, 4, 2) whose output is its own z, for every input: z = relu(z) - relu(-z)."""
    zeros = random_weights(2, 4, 2, np.random.default_rng(0))
    zeros = {name: torch.zeros_like(value) for name, value in zeros.items()}
    fold = torch.cat([torch.eye(2), -torch.eye(2)])
    return zeros | {
        "fc_mu.bias": centres,
        "fc_logvar.bias": logvars,
        "fc3.weight": fold,
        "fc4.weight": fold.T.clone(),
    }


def float64(weights):
    """The same weights as float64 arrays."""
    return {name: as_array(value) for name, value in weights.items()}


@check("vae-model")
def the_network_encodes_samples_and_decodes(student, data):
    """Layer sizes, encode, decode and forward on fresh weights; z is normal with mean mu and sd exp(logvar / 2)."""
    rng = np.random.default_rng()
    weights = random_weights(9, 24, 4, rng)
    still = weights | {
        "fc_logvar.weight": torch.zeros(4, 24),
        "fc_logvar.bias": torch.full((4,), -60.0),
    }
    centres = torch.tensor(rng.uniform(-2, 2, 2), dtype=torch.float32)
    logvars = torch.tensor([rng.uniform(0.8, 1.4), rng.uniform(-2.4, -1.6)], dtype=torch.float32)
    rows = torch.tensor(rng.normal(2, 1, (5, 9)), dtype=torch.float32)
    codes = torch.tensor(rng.normal(0, 1, (3, 4)), dtype=torch.float32)
    inputs = {
        "weights": weights,
        "still_weights": still,
        "glass_weights": glass_weights(centres, logvars),
    }
    inputs |= {"rows": rows, "codes": codes, "centres": centres, "logvars": logvars, "draws": 20000}
    returns = [
        "standing",
        "default",
        "mu",
        "logvar",
        "decoded",
        "forward_mu",
        "forward_logvar",
        "parts",
        "reached",
        "centre",
        "seen",
        "drawn",
    ]
    probe = student.evaluate(NETWORK_PROBE, returns=returns, **inputs)
    judge_layers(probe, data)
    judge_passes(probe, float64(weights), float64(still), as_array(rows), as_array(codes))
    for name in ("seen", "drawn"):
        judge_draws(as_array(probe[name]), as_array(centres), np.exp(0.5 * as_array(logvars)))
    expect(
        set(probe["reached"]) == set(weights),
        "The gradient of the output does not reach every layer: look at `forward`.",
    )


def judge_layers(probe, data):
    """Require five layers of the stated sizes, in the student's network and in a fresh one."""
    for shapes, num_items in ((probe["standing"], data.num_items), (probe["default"], 11)):
        sizes = {
            "fc1": (HIDDEN, num_items),
            "fc_mu": (LATENT, HIDDEN),
            "fc_logvar": (LATENT, HIDDEN),
            "fc3": (HIDDEN, LATENT),
            "fc4": (num_items, HIDDEN),
        }
        for layer, shape in sizes.items():
            got = tuple(shapes.get(f"{layer}.weight", ()))
            expect(
                got == shape,
                f"The layer `{layer}` of the network has the wrong size: look at its two numbers.",
            )


def judge_passes(probe, weights, still, rows, codes):
    """Require encode, decode and forward to equal the grader's own on the same weights."""
    mu, logvar = encode(weights, rows)
    expect(
        is_close(probe["mu"], mu) and is_close(probe["logvar"], logvar),
        "`encode` should return mu, then logvar, of the hidden layer.",
    )
    expect(
        is_close(probe["decoded"], decode(weights, codes)),
        "`decode` should go through fc3, a ReLU and fc4.",
    )
    expect(probe["parts"] == 3, "`forward` should return three things: the rows, mu and logvar.")
    expect(
        is_close(probe["forward_mu"], mu) and is_close(probe["forward_logvar"], logvar),
        "`forward` should return mu and logvar of `encode` after the rows.",
    )
    expect(
        is_close(probe["centre"], decode(still, encode(still, rows)[0])),
        "`forward` should encode the rows, draw z, and decode it: look at the order of the three calls.",
    )


def judge_draws(draws, centre, sd):
    """Require normal draws of mean `centre` and standard deviation `sd`, both (2,), within 6 standard errors."""
    expect(draws is not None and draws.shape == (20000, 2), "z should have one row a user.")
    deviation = (draws - centre) / sd
    expect(
        np.abs(deviation.mean(axis=0)).max() < 6 / np.sqrt(20000),
        "The draws of z should have mean mu: look at `reparameterize` and at the order of the calls in `forward`.",
    )
    expect(
        np.abs(deviation.std(axis=0) - 1).max() < 6 / np.sqrt(2 * 20000),
        "The draws of z should have standard deviation exp(logvar / 2): look at `reparameterize` and at `forward`.",
    )
    expect(
        np.abs(np.abs(deviation).mean(axis=0) - np.sqrt(2 / np.pi)).max() < 0.03,
        "The draws of z should be normal: look at `reparameterize`.",
    )
    expect(
        abs(np.corrcoef(deviation.T)[0, 1]) < 6 / np.sqrt(20000),
        "Each number of z needs noise of its own: look at the shape of the noise in `reparameterize`.",
    )


LOSS_PROBE = """
import torch

answers = []
for beta in [None, *betas]:
    leaves = [tensor.clone().requires_grad_() for tensor in (recon, mu, logvar)]
    extra = {} if beta is None else {"beta": beta}
    total, recon_part, kl_part = vae_loss(leaves[0], x, leaves[1], leaves[2], mask, **extra)
    total.backward()
    attached = [part for part in (recon_part, kl_part) if isinstance(part, torch.Tensor) and part.requires_grad]
    answers.append({
        "values": [float(torch.as_tensor(part).detach()) for part in (total, recon_part, kl_part)],
        "dims": [torch.as_tensor(part).dim() for part in (total, recon_part, kl_part)],
        "attached": len(attached),
        "gradients": [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves],
    })
owned = {id(parameter) for group in optimizer_vae.param_groups for parameter in group["params"]}
settings = {
    "kind": type(optimizer_vae).__name__,
    "lr": float(optimizer_vae.param_groups[0]["lr"]),
    "weight_decay": float(optimizer_vae.param_groups[0]["weight_decay"]),
    "owns_vae": all(id(parameter) in owned for parameter in vae.parameters()),
}
"""


def loss_by_hand(recon, x, mu, logvar, mask, beta):
    """The loss, its parts and its gradients, in float64 and closed form.

    Returns
    -------
    (values, gradients) : [total, recon, kl], and gradients of the total for recon (B, items), mu and logvar (B, latent).

    References
    ----------
    Kingma and Welling 2014, "Auto-Encoding Variational Bayes", appendix B, for the KL term.
    """
    B, counts = len(x), mask.sum(axis=1, keepdims=True) + 1e-8
    recon_loss = float((((recon - x) ** 2 * mask) / counts).sum() / B)
    kl = float(0.5 * (np.exp(logvar) + mu**2 - 1 - logvar).sum() / B)
    gradients = [
        2 * mask * (recon - x) / counts / B,
        beta * mu / B,
        beta * 0.5 * (np.exp(logvar) - 1) / B,
    ]
    return [recon_loss + beta * kl, recon_loss, kl], gradients


@check("vae-loss")
def the_loss_counts_rated_cells_alone_and_weighs_the_kl_term(student, data):
    """Value and gradients on random inputs, an empty user included; parts detached; Adam as stated."""
    rng = np.random.default_rng()
    shape, latent = (6, 13), (6, 4)
    inputs = {
        "recon": rng.normal(3, 1, shape),
        "x": rng.integers(1, 6, shape).astype(float),
        "mu": rng.normal(0, 1, latent),
        "logvar": rng.normal(0, 0.7, latent),
        "mask": (rng.random(shape) < 0.4).astype(float),
    }
    inputs["mask"][0], inputs["mask"][1, :2] = 0.0, 1.0
    betas = [0.0, 0.7]
    tensors = {name: torch.tensor(value, dtype=torch.float32) for name, value in inputs.items()}
    probe = student.evaluate(LOSS_PROBE, returns=["answers", "settings"], betas=betas, **tensors)
    arrays = {name: as_array(tensor) for name, tensor in tensors.items()}
    for answer, beta in zip(probe["answers"], [0.001, *betas], strict=True):
        judge_loss(answer, *loss_by_hand(**arrays, beta=beta))
    settings = probe["settings"]
    expect(
        settings["owns_vae"],
        "`optimizer_vae` does not hold the parameters of `vae`: make it after the network.",
    )
    expect(settings["kind"] == "Adam", "`optimizer_vae` should be Adam.")
    expect(
        is_close([settings["lr"], settings["weight_decay"]], [0.001, 1e-6], 1e-8),
        "`optimizer_vae` should have lr=0.001 and weight_decay=1e-6.",
    )


def judge_loss(answer, values, gradients):
    """Require one answer of the probe to equal values and gradients in closed form."""
    expect(
        answer["dims"] == [0, 0, 0],
        "`vae_loss` should return three single numbers: look at the means.",
    )
    expect(
        is_close(answer["values"][1], values[1]),
        "The reconstruction part is off: a mean over each user's rated cells, then a mean over users.",
    )
    expect(
        is_close(answer["values"][2], values[2]),
        "The KL part is off: a sum over the latent numbers, then a mean over users.",
    )
    expect(
        is_close(answer["values"][0], values[0]),
        "The total is off: reconstruction plus beta times KL.",
    )
    expect(
        answer["attached"] == 0,
        "The two parts should carry no gradient: look at the last line of `vae_loss`.",
    )
    for got, expected in zip(answer["gradients"], gradients, strict=True):
        expect(
            is_close(got, expected),
            "The total has the right value but the wrong gradient: look at what is detached.",
        )


WEIGHTS_PROBE = """
import torch

weights = {name: value.detach() for name, value in vae.state_dict().items()}
"""

PREDICT_PROBE = """
import torch

weights = {name: value.detach() for name, value in vae.state_dict().items()}
first, second = (torch.as_tensor(get_vae_predictions(vae, rows)).detach() for _ in range(2))
score = float(evaluate_vae_rmse(vae, rows, frame))
"""


def weights_of(probe, data):
    """The weights in a probe's answer as float64 arrays of the right shapes."""
    weights = probe["weights"]
    judge_layers(
        {
            "standing": {name: value.shape for name, value in weights.items()},
            "default": own_default(),
        },
        data,
    )
    return float64(weights)


def own_default():
    """Layer shapes of a VAE(11) of the stated sizes."""
    return {
        name: value.shape
        for name, value in random_weights(11, HIDDEN, LATENT, np.random.default_rng(0)).items()
    }


def predict(weights, R):
    """Predicted stars for rows R with z = mu, (B, items), float64, not clamped."""
    return decode(weights, encode(weights, np.asarray(R, dtype=np.float64))[0])


def rmse_of(predicted, frame):
    """RMSE of a clamped (users, items) matrix on an indexed frame, in stars."""
    stars = predicted[frame["user_idx"].to_numpy(), frame["item_idx"].to_numpy()]
    return float(np.sqrt(np.mean((np.clip(stars, 1, 5) - frame["rating"].to_numpy()) ** 2)))


@check("vae-train")
def the_best_epoch_is_back_and_predicts_withheld_ratings(student, data):
    """Prediction uses z = mu; weights give the reported RMSE from R_train, reach the threshold on withheld ratings, and leak nothing."""
    rng = np.random.default_rng()
    R = matrices(data.train, data)[0]
    rows = R[rng.choice(data.num_users, 150, replace=False)]
    frame = data.test.head(400).assign(
        user_idx=rng.integers(0, 150, 400), rating=rng.integers(1, 6, 400).astype(float)
    )
    frame.loc[frame.index[:100], "rating"] = 1.0
    probe = student.evaluate(
        PREDICT_PROBE,
        returns=["weights", "first", "second", "score"],
        rows=torch.tensor(rows),
        frame=frame,
    )
    weights = weights_of(probe, data)
    expect(
        np.shape(probe["first"]) == rows.shape,
        "`get_vae_predictions` should return users by items.",
    )
    expect(
        is_close(probe["first"], probe["second"]),
        "`get_vae_predictions` should give the same answer twice: predict with z = mu.",
    )
    expected = predict(weights, rows)
    expect(
        is_close(probe["first"], expected, 1e-3)
        or is_close(probe["first"], np.clip(expected, 1, 5), 1e-3),
        "`get_vae_predictions` should decode mu for each row of `R_input`.",
    )
    expect(
        is_close(probe["score"], rmse_of(expected, frame), 1e-3),
        "`evaluate_vae_rmse` should be the RMSE of predictions clamped to 1 to 5 on the rows of `df_eval`.",
    )
    predicted = predict(weights, R)
    judge_training("vae", reported(student), lambda part: rmse_of(predicted, part), data)


@check("vae-complete")
def the_matrix_holds_ratings_where_given_and_clamped_predictions_elsewhere(student, data):
    """R_pred is the network on R_train with z = mu, clamped; completed_vae keeps every rating and fills every gap."""
    weights = weights_of(student.evaluate(WEIGHTS_PROBE, returns=["weights"]), data)
    predicted = np.clip(predict(weights, matrices(data.train, data)[0]), 1, 5)
    for name in ("R_pred", "R_pred_np"):
        value = as_array(student[name])
        expect(
            value is not None and value.shape == predicted.shape,
            f"`{name}` should be users by items.",
        )
        expect(
            value.min() >= 1 - 1e-6 and value.max() <= 5 + 1e-6,
            f"`{name}` should be clamped to 1 to 5.",
        )
        expect(
            is_close(value, predicted, 1e-3),
            f"`{name}` should hold the predictions of the network for `R_train`.",
        )
    expect(
        isinstance(student["R_pred_np"], np.ndarray),
        "`R_pred_np` should be a numpy array: look at how a tensor becomes one.",
    )
    expect(
        table(student, "R_pred_df").shape == predicted.shape,
        "`R_pred_df` should be users by items.",
    )
    completed(student, "R_pred_df", "completed_vae", predicted, data)


CHALLENGE_PROBE = """
import time
import numpy
import torch

began = time.perf_counter()
predicted = challenge_predict(R, mask)
seconds = time.perf_counter() - began
predicted = predicted.detach() if isinstance(predicted, torch.Tensor) else numpy.asarray(predicted)
"""


@check("vae-challenge")
def predictions_for_every_cell_earn_a_bonus_by_their_rmse(student, data):
    """challenge_predict(R, mask) on the grader's training split; the bonus is a tier of RMSE relative to bias-only."""
    R, mask = (matrix.astype(np.float64) for matrix in matrices(data.train, data))
    probe = student.evaluate(CHALLENGE_PROBE, returns=["predicted", "seconds"], R=R, mask=mask)
    predicted = as_array(probe["predicted"])
    expect(
        predicted is not None and predicted.shape == R.shape,
        "`challenge_predict` should return one prediction for every user and item.",
    )
    expect(
        bool(np.isfinite(predicted).all()),
        "`challenge_predict` should return numbers, without NaN.",
    )
    expect(
        probe["seconds"] <= CHALLENGE_SECONDS, "`challenge_predict` took longer than 60 seconds."
    )
    return challenge_bonus(rmse_of(predicted, data.holdout_indexed) / data.baseline_rmse)


def challenge_bonus(ratio):
    """Bonus points of an RMSE relative to bias-only: those of the best tier that it reaches, else 0."""
    return max((points for limit, points in CHALLENGE_TIERS if ratio <= limit), default=0.0)
