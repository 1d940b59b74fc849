"""Hidden checks of lesson 3 (`vae`): matrices, network, loss, training, completion, and the open challenge.

A good RMSE says little here: a bias-only model passes any threshold that a correct VAE passes. So the
network and its loss are judged by what they compute on fresh inputs, and RMSE only once, in `vae-train`.
"""

from time import monotonic

import numpy as np
import torch

from autograder.checks.compare import (
    anything,
    array,
    as_array,
    ask,
    flag,
    is_close,
    many,
    mapping,
    maybe,
    number,
    read,
    record,
    tensor,
    text,
)
from autograder.checks.registry import check, expect
from autograder.checks.thresholds import CHALLENGE_SECONDS, CHALLENGE_TIERS, START_RATIO
from autograder.checks.training import EPOCH_PROBE, completed, judge_training
from autograder.errors import CourseError

HIDDEN, LATENT = 600, 50
BETA = 0.001
STEP_SIZE = 0.05


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

def probe_sparse(matrix):
    matrix = torch.as_tensor(matrix)
    places = matrix.nonzero()
    count, places = len(places), places[:100_000]
    return {"shape": list(matrix.shape), "count": count, "places": places, "values": matrix[tuple(places.T)]}

pairs = {name: (probe_sparse(R), probe_sparse(mask)) for name, R, mask in [
    ("train", R_train, mask_train), ("val", R_val, mask_val), ("test", R_test, mask_test)]}
part_R, part_mask = (probe_sparse(matrix) for matrix in to_matrices(part))
batches = [[torch.as_tensor(half) for half in batch] for batch in train_user_loader]
sizes = [len(batch[0]) for batch in batches]
loaded = [probe_sparse(torch.cat([batch[place] for batch in batches])) for place in range(2)]
again = probe_sparse(torch.cat([torch.as_tensor(batch[0]) for batch in train_user_loader]))
single = [probe_sparse(torch.as_tensor(half)[None]) for half in train_user_dataset[user]]
"""


SPARSE = record(shape=many(number), count=number, places=tensor, values=tensor)


def dense(sparse, shape):
    """The matrix that a probe's {shape, count, places, values} stands for, float64; None unless it has this shape.

    Raises
    ------
    CheckFailed
        Where it has more entries than a split has ratings, or its places lie elsewhere.
    """
    if sparse["shape"] != list(shape):
        return None
    places = as_array(sparse["places"], (len(sparse["places"]), 2))
    values = as_array(sparse["values"], (len(sparse["places"]),))
    expect(
        sparse["count"] == len(sparse["places"]) and places is not None and values is not None,
        "`R` and `mask` should be 0 in the gaps, and hold the ratings of one split alone.",
    )
    inside = (places >= 0) & (places < np.array(shape))
    expect(inside.all(), "`R` and `mask` should be users by items.")
    matrix = np.zeros(shape)
    matrix[tuple(places.astype(np.int64).T)] = values
    return matrix


@check("vae-matrices")
def matrices_hold_exactly_their_split_and_the_loader_exactly_the_training_rows(student, data):
    """R has stars and mask ones at the ratings of each split; the loader gives every training row once, shuffled."""
    part = data.train.sample(50, random_state=np.random.default_rng().integers(2**32))
    user = int(np.random.default_rng().integers(data.num_users))
    pair = many(SPARSE, 2)
    kinds = {"pairs": record(train=pair, val=pair, test=pair), "sizes": many(number)}
    kinds |= {
        "part_R": SPARSE,
        "part_mask": SPARSE,
        "loaded": pair,
        "again": SPARSE,
        "single": pair,
    }
    probe = ask(student, MATRICES_PROBE, kinds, part=part, user=user)
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
    judge_loader(probe, R, mask)


def judge_loader(probe, R, mask):
    """Require batches of 64 users, every row of R with its mask once, in another order each pass."""
    expect(probe["sizes"][:1] == [min(64, len(R))], "Batches should hold 64 users.")
    loaded, mask_loaded, again = (
        dense(part, R.shape) for part in (*probe["loaded"], probe["again"])
    )
    expect(
        loaded is not None and mask_loaded is not None and sum(probe["sizes"]) == len(R),
        "`train_user_loader` should give every user once.",
    )
    expect(
        is_close(in_order(np.hstack([loaded, mask_loaded])), in_order(np.hstack([R, mask]))),
        "`train_user_loader` does not give exactly the rows of `R_train` with their masks.",
    )
    expect(
        again is not None
        and is_close(in_order(again), in_order(R))
        and not np.array_equal(loaded, again),
        "`train_user_loader` should shuffle anew in each pass.",
    )


def judge_pair(pair, expected, what):
    """Require a (R, mask) pair of a probe to equal the grader's own."""
    R, mask = expected
    got_R, got_mask = (dense(sparse, R.shape) for sparse in pair)
    expect(got_R is not None and got_mask is not None, f"{what} should be users by items.")
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
    """X W' + b of one layer."""
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
seen, seen_again = (glass(torch.ones(draws, 2))[0].detach() for _ in range(2))
drawn, drawn_again = (
    glass.reparameterize(centres.repeat(draws, 1), logvars.repeat(draws, 1)).detach() for _ in range(2)
)
seen_again, drawn_again = seen_again[:100], drawn_again[:100]
"""

NETWORK_KINDS = dict.fromkeys(("standing", "default"), mapping(many(number)))
NETWORK_KINDS |= dict.fromkeys(("mu", "logvar", "decoded", "forward_mu", "forward_logvar"), array)
NETWORK_KINDS |= {"parts": number, "reached": many(text), "centre": array}
NETWORK_KINDS |= dict.fromkeys(("seen", "seen_again", "drawn", "drawn_again"), array)


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
    probe = ask(student, NETWORK_PROBE, NETWORK_KINDS, **inputs)
    judge_layers(probe["standing"], data.num_items)
    judge_layers(probe["default"], 11)
    judge_passes(probe, float64(weights), float64(still), as_array(rows), as_array(codes))
    for name in ("seen", "drawn"):
        judge_draws(probe[name], as_array(centres), np.exp(0.5 * as_array(logvars)))
        judge_fresh(probe[name], probe[f"{name}_again"])
    expect(
        set(probe["reached"]) == set(weights),
        "The gradient of the output does not reach every layer: look at `forward`.",
    )


def layer_shapes(num_items):
    """The shape of every weight and bias of a VAE(num_items), by name."""
    sizes = {
        "fc1": (HIDDEN, num_items),
        "fc_mu": (LATENT, HIDDEN),
        "fc_logvar": (LATENT, HIDDEN),
        "fc3": (HIDDEN, LATENT),
        "fc4": (num_items, HIDDEN),
    }
    weights = {f"{layer}.weight": shape for layer, shape in sizes.items()}
    return weights | {f"{layer}.bias": shape[:1] for layer, shape in sizes.items()}


def judge_layers(shapes, num_items):
    """Require five layers of the stated sizes.

    Parameters
    ----------
    shapes : dict from the names of a state dict to their shapes.
    num_items : what the network reads.
    """
    for name, shape in layer_shapes(num_items).items():
        expect(
            tuple(shapes.get(name, ())) == shape,
            f"The layer `{name.partition('.')[0]}` of the network has the wrong size: look at its two numbers.",
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
    draws = as_array(draws, (20000, 2))
    expect(draws is not None, "z should have one row a user.")
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


def judge_fresh(draws, again):
    """Require the first rows of a second pass to differ from those of the first."""
    draws, again = as_array(draws)[:100], as_array(again, (100, 2))
    expect(
        again is not None
        and bool(np.isfinite(again).all())
        and np.mean(np.abs(draws - again) > 1e-6) > 0.9,
        "z should be drawn anew in each pass: look at where the noise of `reparameterize` comes from.",
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

LOSS_KINDS = {
    "answers": many(
        record(
            values=many(number, 3), dims=many(number), attached=number, gradients=many(array, 3)
        ),
        3,
    ),
    "settings": record(kind=text, lr=number, weight_decay=number, owns_vae=flag),
}


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
    probe = ask(student, LOSS_PROBE, LOSS_KINDS, betas=betas, **tensors)
    arrays = {name: as_array(tensor) for name, tensor in tensors.items()}
    for answer, beta in zip(probe["answers"], [BETA, *betas], strict=True):
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
rows = rows.to(torch.as_tensor(R_train).dtype)
first, second = (torch.as_tensor(get_vae_predictions(vae, rows)).detach() for _ in range(2))
score = float(evaluate_vae_rmse(vae, rows, frame))
"""


def weights_of(probe, data):
    """The weights in a probe's answer as float64 arrays of the right shapes, all of them finite."""
    weights = record(weights=mapping(array))(probe)["weights"]
    judge_layers({name: value.shape for name, value in weights.items()}, data.num_items)
    arrays = float64({name: weights[name] for name in layer_shapes(data.num_items)})
    expect(
        all(array is not None and np.isfinite(array).all() for array in arrays.values()),
        "The weights of `vae` are no finite numbers: look at the training step.",
    )
    return arrays


def predict(weights, R):
    """Predicted stars for rows R with z = mu, (B, items), not clamped; in float32, as the lesson does it."""
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    return decode(weights, encode(weights, np.asarray(R, dtype=np.float32))[0])


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
    kinds = {"weights": mapping(array), "first": array, "second": array, "score": number}
    probe = ask(student, PREDICT_PROBE, kinds, rows=torch.tensor(rows), frame=frame)
    weights = weights_of(probe, data)
    expect(
        tuple(probe["first"].shape) == rows.shape,
        "`get_vae_predictions` should return users by items.",
    )
    first = as_array(probe["first"])
    expect(
        first is not None and is_close(probe["second"], first),
        "`get_vae_predictions` should give the same answer twice: predict with z = mu.",
    )
    expected = predict(weights, rows)
    expect(
        is_close(first, expected, 1e-3) or is_close(first, np.clip(expected, 1, 5), 1e-3),
        "`get_vae_predictions` should decode mu for each row of `R_input`.",
    )
    expect(
        is_close(probe["score"], rmse_of(expected, frame), 1e-3),
        "`evaluate_vae_rmse` should be the RMSE of predictions clamped to 1 to 5 on the rows of `df_eval`.",
    )
    predicted = predict(weights, R)
    judge_training("vae", student, lambda part: rmse_of(predicted, part), data)
    judge_epoch(student)


STEP_PROBE = f"""
{EPOCH_PROBE}
def epoch_from(start):
    small = VAE(6, 5, 3).to(next(vae.parameters()))
    small.load_state_dict(start)
    loader = probe_loader([rows, mask], train_user_loader)
    optimizer = torch.optim.SGD(small.parameters(), lr=step_size)
    with stand_in(vae=small, optimizer_vae=optimizer, train_user_loader=loader, train_user_dataset=loader.dataset):
        after = pass_over(train_vae_epoch, small)
    return after and after[0]

still, drawn = None, None
if "train_vae_epoch" in own and can_run(train_vae_epoch):
    still, drawn = epoch_from(still_weights), epoch_from(drawn_weights)
"""


def judge_epoch(student):
    """Require `train_vae_epoch` to step down `vae_loss` with a z that is drawn, where it can be run on two batches."""
    rng = np.random.default_rng()
    # Positive weights keep every ReLU open, so that rounding decides nothing.
    weights = {
        name: torch.tensor(rng.uniform(0.1, 0.4, value.shape), dtype=torch.float32)
        for name, value in random_weights(6, 5, 3, rng).items()
    } | {"fc_logvar.weight": torch.zeros(3, 5)}
    # With z almost still a step can be worked out by hand; with z drawn it has to come out otherwise.
    starts = [weights | {"fc_logvar.bias": torch.full((3,), level)} for level in (-60.0, 1.0)]
    mask = torch.tensor(rng.random((4, 6)) < 0.5).float()
    mask[:, 0] = 1.0
    rows = torch.tensor(rng.integers(1, 6, (4, 6))).float() * mask
    inputs = {"still_weights": starts[0], "drawn_weights": starts[1], "rows": rows, "mask": mask}
    kinds = dict.fromkeys(("still", "drawn"), maybe(mapping(array)))
    probe = ask(student, STEP_PROBE, kinds, step_size=STEP_SIZE, **inputs)
    still, drawn = probe["still"], probe["drawn"]
    if still is None or drawn is None or same_weights(still, starts[0], 0):
        return
    expected, without_noise = (
        two_steps(float64(start), as_array(rows), as_array(mask)) for start in starts
    )
    expect(
        same_weights(still, expected, 1e-5),
        "`train_vae_epoch` should take one step a batch down the total of `vae_loss`: look at what goes into the loss, and at the calls of the step.",
    )
    expect(
        not same_weights(drawn, without_noise, 1e-3),
        "`train_vae_epoch` should train on a z that is drawn: call the network itself.",
    )


def same_weights(got, expected, tolerance):
    """Whether a state dict holds these weights; other entries do not matter."""
    return all(is_close(got.get(name), value, tolerance) for name, value in expected.items())


def two_steps(weights, x, mask):
    """Weights after two plain gradient steps down the loss on one batch, with z = mu throughout.

    Parameters
    ----------
    weights : dict of float64 arrays, as `encode` wants them.
    x, mask : (B, items) arrays.
    """
    for _ in range(2):
        hidden, (mu, logvar) = np.maximum(linear(weights, "fc1", x), 0), encode(weights, x)
        unfolded = np.maximum(linear(weights, "fc3", mu), 0)
        recon = linear(weights, "fc4", unfolded)
        d_recon, d_mu, d_logvar = loss_by_hand(recon, x, mu, logvar, mask, BETA)[1]
        d_unfolded = (unfolded > 0) * (d_recon @ weights["fc4.weight"])
        d_mu = d_mu + d_unfolded @ weights["fc3.weight"]
        d_hidden = d_mu @ weights["fc_mu.weight"] + d_logvar @ weights["fc_logvar.weight"]
        slopes = {"fc1": ((hidden > 0) * d_hidden, x), "fc_mu": (d_mu, hidden)}
        slopes |= {"fc_logvar": (d_logvar, hidden), "fc3": (d_unfolded, mu)}
        slopes["fc4"] = d_recon, unfolded
        for layer, (d_output, read_by_layer) in slopes.items():
            moves = {"weight": d_output.T @ read_by_layer, "bias": d_output.sum(axis=0)}
            for part, move in moves.items():
                weights = weights | {
                    f"{layer}.{part}": weights[f"{layer}.{part}"] - STEP_SIZE * move
                }
    return weights


@check("vae-complete")
def the_matrix_holds_ratings_where_given_and_clamped_predictions_elsewhere(student, data):
    """R_pred is the network on R_train with z = mu, clamped; completed_vae keeps every rating and fills every gap."""
    weights = weights_of(student.evaluate(WEIGHTS_PROBE, returns=["weights"]), data)
    predicted = np.clip(predict(weights, matrices(data.train, data)[0]), 1, 5)
    R_pred, R_pred_np = read(student, "R_pred", "R_pred_np")
    for name, value in (("R_pred", R_pred), ("R_pred_np", R_pred_np)):
        value = as_array(value, predicted.shape)
        expect(value is not None, f"`{name}` should be users by items.")
        expect(
            value.min() >= 1 - 1e-6 and value.max() <= 5 + 1e-6,
            f"`{name}` should be clamped to 1 to 5.",
        )
        expect(
            is_close(value, predicted, 1e-3),
            f"`{name}` should hold the predictions of the network for `R_train`.",
        )
    expect(
        isinstance(R_pred_np, np.ndarray),
        "`R_pred_np` should be a numpy array: look at how a tensor becomes one.",
    )
    completed(student, "R_pred_df", "completed_vae", predicted, data)


CHALLENGE_PROBE = """
import numpy
import torch

R = stars.astype(numpy.float64)
mask = (stars > 0).astype(numpy.float64)
predicted = challenge_predict(R, mask)
predicted = predicted.detach() if isinstance(predicted, torch.Tensor) else numpy.asarray(predicted)
"""


@check("vae-challenge")
def predictions_for_every_cell_earn_a_bonus_by_their_rmse(student, data):
    """challenge_predict(R, mask) on a set that no notebook holds; the bonus is a tier of RMSE relative to the best starting point.

    The time is that of the grader's clock, which no cell can set.
    """
    if data.challenge is None:
        raise CourseError(
            "The private data has no set for the challenge: `autograder data --private` draws it."
        )
    data = data.challenge
    stars = matrices(data.train, data)[0].astype(np.uint8)
    began = monotonic()
    probe = ask(student, CHALLENGE_PROBE, {"predicted": anything}, stars=stars)
    seconds = monotonic() - began
    predicted = as_array(probe["predicted"], stars.shape)
    expect(
        predicted is not None,
        "`challenge_predict` should return one prediction for every user and item.",
    )
    expect(
        bool(np.isfinite(predicted).all()),
        "`challenge_predict` should return numbers, without NaN.",
    )
    expect(
        seconds <= CHALLENGE_SECONDS,
        "`challenge_predict` took longer than 60 seconds.",
    )
    start = data.start_rmse or START_RATIO * data.baseline_rmse
    return challenge_bonus(rmse_of(predicted, data.holdout_indexed) / start)


def challenge_bonus(ratio):
    """Bonus points of an RMSE relative to the best starting point: those of the best tier that it reaches, else 0."""
    return max((points for limit, points in CHALLENGE_TIERS if ratio <= limit), default=0.0)
