"""Hidden checks of lesson 3 (`vae`): matrices, network, loss, training, completion, and the open challenge.

A good RMSE says little here: a bias-only model passes any threshold that a correct VAE passes. So the
network and its loss are judged by what they compute on fresh inputs, and RMSE only once, in `vae-train`.
"""

from time import monotonic

import numpy as np
import torch

from autograder.checks.compare import (
    STRANGE,
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
    shape_of,
    tensor,
    text,
)
from autograder.checks.registry import check, expect
from autograder.checks.thresholds import (
    CHALLENGE_SECONDS,
    CHALLENGE_TIERS,
    REPORT_TOLERANCE,
    START_RATIO,
)
from autograder.checks.training import EPOCH_PROBE, completed, judge_training
from autograder.errors import CourseError

HIDDEN, LATENT = 600, 50
BETA = 0.001
LOGVAR = 4.0
"""Log-variances of a probe reach up to here: what keeps them in wider bounds is right."""
STEP_SIZE = 0.02


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
    kind = str(matrix.dtype)
    matrix = torch.as_tensor(matrix)
    places = matrix.nonzero()
    count, places = len(places), places[:100_000]
    return {"kind": kind, "shape": list(matrix.shape), "count": count, "places": places, "values": matrix[tuple(places.T)]}

pairs = {name: (sparse(R), sparse(mask)) for name, R, mask in [
    ("train", R_train, mask_train), ("val", R_val, mask_val), ("test", R_test, mask_test)]}
small = [sparse(matrix) for matrix in to_matrices(part)]
batches = [[torch.as_tensor(half) for half in batch] for batch in train_user_loader]
sizes = [len(batch[0]) for batch in batches]
loaded = [sparse(torch.cat([batch[place] for batch in batches])) for place in range(2)]
again = sparse(torch.cat([torch.as_tensor(batch[0]) for batch in train_user_loader]))
single = [sparse(torch.as_tensor(half)[None]) for half in train_user_dataset[user]]
"""


SPARSE = record(kind=text, shape=many(number), count=number, places=tensor, values=tensor)


def dense(sparse, shape, name):
    """The matrix that a probe's {kind, shape, count, places, values} stands for, float64.

    Parameters
    ----------
    sparse : an answer of the probe.
    shape : (users, items) that it must have.
    name : what a sentence calls it.

    Raises
    ------
    CheckFailed
        Where it has another shape, more entries than a split has ratings, or its places lie elsewhere.
    """
    expect(sparse["shape"] == list(shape), f"{name} should be users by items.")
    expect(
        sparse["count"] == len(sparse["places"]),
        f"{name} has more cells that are not 0 than a split has ratings: the gaps should be 0.",
    )
    places = as_array(sparse["places"], (len(sparse["places"]), 2))
    values = as_array(sparse["values"], (len(sparse["places"]),))
    expect(places is not None and values is not None, f"{name} should be a matrix of numbers.")
    expect(((places >= 0) & (places < np.array(shape))).all(), f"{name} should be users by items.")
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
    kinds |= {"small": pair, "loaded": pair, "again": SPARSE, "single": pair}
    probe = ask(student, MATRICES_PROBE, kinds, part=part, user=user)
    for name, frame in (("train", data.train), ("val", data.val), ("test", data.test)):
        judge_pair(probe["pairs"][name], matrices(frame, data), f"`R_{name}`", f"`mask_{name}`")
    names = "`to_matrices(df)[0]`", "`to_matrices(df)[1]`"
    judge_pair(probe["small"], matrices(part, data), *names)
    R, mask = matrices(data.train, data)
    user_rows = R[user : user + 1], mask[user : user + 1]
    names = "`train_user_dataset[i][0]`", "`train_user_dataset[i][1]`"
    judge_pair(probe["single"], user_rows, *names)
    judge_loader(probe, R, mask)


def judge_loader(probe, R, mask):
    """Require batches of 64 users, every row of R with its mask once, in another order each pass."""
    expect(probe["sizes"][:1] == [min(64, len(R))], "Batches should hold 64 users.")
    expect(sum(probe["sizes"]) == len(R), "`train_user_loader` should give every user once.")
    loaded, mask_loaded, again = (
        dense(part, R.shape, "What `train_user_loader` gives in one pass")
        for part in (*probe["loaded"], probe["again"])
    )
    expect(
        is_close(in_order(np.hstack([loaded, mask_loaded])), in_order(np.hstack([R, mask]))),
        "`train_user_loader` does not give exactly the rows of `R_train` with their masks.",
    )
    expect(
        is_close(in_order(again), in_order(R)) and not np.array_equal(loaded, again),
        "`train_user_loader` gives the users in the same order in each pass: it should shuffle.",
    )


def judge_pair(pair, expected, name_R, name_mask):
    """Require a (R, mask) pair of a probe to equal the grader's own, and to be of kinds that train.

    Parameters
    ----------
    pair : two answers of the probe.
    expected : (R, mask), both (users, items).
    name_R, name_mask : what sentences call them.
    """
    R, mask = expected
    got_mask, got_R = dense(pair[1], R.shape, name_mask), dense(pair[0], R.shape, name_R)
    expect(
        not (is_close(got_R, mask) and is_close(got_mask, R)),
        f"{name_R} holds the mask and {name_mask} the stars: they are swapped.",
    )
    expect(got_mask.any(), f"{name_mask} is 0 everywhere: it needs a 1 at each rating.")
    expect((got_mask[mask == 0] == 0).all(), f"{name_mask} is not 0 where its split has no rating.")
    expect((got_mask[mask == 1] == 1).all(), f"{name_mask} is not 1 at each rating of its split.")
    expect(
        not is_close(got_R, mask),
        f"{name_R} holds ones where the stars of the ratings should stand.",
    )
    expect((got_R[mask == 0] == 0).all(), f"{name_R} is not 0 in the gaps.")
    expect(is_close(got_R, R), f"{name_R} does not hold the stars of its split at their places.")
    for name, answer in ((name_R, pair[0]), (name_mask, pair[1])):
        kind = answer["kind"]
        is_plain = name == name_mask and kind.startswith("torch.") and "float" not in kind
        expect(
            kind == "torch.float32" or is_plain,
            f"{name} should be a float32 tensor, as the weights of the network are.",
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


STANDING_PROBE = """
import torch

sizes = {
    kind: {name: list(value.shape) for name, value in network.state_dict().items()}
    for kind, network in [("standing", vae), ("default", VAE(11)), ("small", VAE(9, 24, 4))]
}
vae.train()
vae.zero_grad()
try:
    answer = vae(rows.to(next(vae.parameters())))
except Exception:
    answer = None
answer = answer if isinstance(answer, (tuple, list)) else ()
total = sum((part.square().mean() for part in answer), torch.zeros(()))
if total.requires_grad:
    total.backward()
start = {
    name: {
        "kind": str(value.dtype),
        "is_finite": bool(value.isfinite().all()),
        "largest": float(value.detach().abs().max()),
        "spread": float(value.detach().std()),
        "learns": value.requires_grad,
        "is_reached": value.grad is not None and bool(value.grad.abs().sum() > 0),
    }
    for name, value in vae.named_parameters()
}
"""

STANDING_KINDS = {
    "sizes": record(**dict.fromkeys(("standing", "default", "small"), mapping(many(number)))),
    "start": mapping(
        record(
            kind=text, is_finite=flag, largest=number, spread=number, learns=flag, is_reached=flag
        )
    ),
}

NETWORK_PROBE = """
import torch

where = next(vae.parameters()).device
rows, codes, centres, logvars, places = (part.to(where) for part in (rows, codes, centres, logvars, places))
small = VAE(9, 24, 4).to(where)
small.load_state_dict(weights)
small.train()
coded = small.encode(rows)
decoded = small.decode(codes)
answer = small(rows)
parts = [len(each) if isinstance(each, (tuple, list)) else each is not None for each in (coded, answer)]
none = torch.zeros(0)
mu, logvar = coded if parts[0] == 2 else (none, none)
recon, forward_mu, forward_logvar = answer if parts[1] == 3 else (none, none, none)
if recon.requires_grad:
    recon.sum().backward()
reached = [name for name, value in small.named_parameters() if value.grad is not None and bool(value.grad.abs().sum() > 0)]

glass = VAE(2, 4, 2).to(where)
glass.load_state_dict(glass_weights)
drawn, seen = {}, {}
for mode in ("train", "eval"):
    glass.train(mode == "train")
    drawn[mode] = [glass.reparameterize(centres.repeat(draws, 1), logvars.repeat(draws, 1)) for _ in range(2)]
    seen[mode] = [glass(places.repeat(draws, 1))[0] if parts[1] == 3 else none for _ in range(2)]
for answers in (*drawn.values(), *seen.values()):
    answers[1] = answers[1][:100] if isinstance(answers[1], torch.Tensor) else None
"""

PASSES = record(**dict.fromkeys(("train", "eval"), many(anything, 2)))
NETWORK_KINDS = dict.fromkeys(("mu", "logvar", "decoded", "forward_mu", "forward_logvar"), anything)
NETWORK_KINDS |= {
    "parts": many(anything, 2),
    "reached": many(text),
    "drawn": PASSES,
    "seen": PASSES,
}

DRAWS = 10_000


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
    """Weights of a VAE(2, 4, 2) whose output is its own z, since t = relu(t) - relu(-t).

    For rows x (B, 2) its mu is x + centres, and its logvar is 0.2 x + logvars.
    """
    zeros = random_weights(2, 4, 2, np.random.default_rng(0))
    zeros = {name: torch.zeros_like(value) for name, value in zeros.items()}
    fold = torch.cat([torch.eye(2), -torch.eye(2)])
    return zeros | {
        "fc1.weight": fold,
        "fc_mu.weight": fold.T.clone(),
        "fc_mu.bias": centres,
        "fc_logvar.weight": 0.2 * fold.T,
        "fc_logvar.bias": logvars,
        "fc3.weight": fold,
        "fc4.weight": fold.T.clone(),
    }


def float64(weights):
    """The same weights as float64 arrays."""
    return {name: as_array(value) for name, value in weights.items()}


@check("vae-model")
def the_network_encodes_samples_and_decodes(student, data):
    """The standing network can learn; encode, decode and forward on fresh weights; z is normal with mean mu and sd exp(logvar / 2)."""
    rng = np.random.default_rng()
    R = matrices(data.train.head(2000), data)[0]
    standing = ask(student, STANDING_PROBE, STANDING_KINDS, rows=torch.tensor(R[:6]))
    judge_layers(standing["sizes"]["standing"], data.num_items)
    judge_layers(standing["sizes"]["default"], 11)
    judge_layers(standing["sizes"]["small"], 9, 24, 4)
    judge_start(standing["start"], data.num_items)
    weights = random_weights(9, 24, 4, rng)
    centres = torch.tensor(rng.uniform(-2, 2, 2), dtype=torch.float32)
    logvars = torch.tensor([rng.uniform(0.8, 1.4), rng.uniform(-2.4, -1.6)], dtype=torch.float32)
    places = torch.tensor([[0.5, -1.0], [-1.0, 1.5]]) * float(rng.uniform(0.8, 1.2))
    inputs = {"weights": weights, "glass_weights": glass_weights(centres, logvars)}
    inputs |= {"centres": centres, "logvars": logvars, "places": places, "draws": DRAWS}
    inputs["rows"] = torch.tensor(rng.normal(2, 1, (5, 9)), dtype=torch.float32)
    inputs["codes"] = torch.tensor(rng.normal(0, 1, (3, 4)), dtype=torch.float32)
    widest = np.abs(encode(float64(weights), as_array(inputs["rows"]))[1]).max()
    for part in ("fc_logvar.weight", "fc_logvar.bias"):
        weights[part] *= LOGVAR / widest
    probe = ask(student, NETWORK_PROBE, NETWORK_KINDS, **inputs)
    judge_passes(probe, float64(weights), as_array(inputs["rows"]), as_array(inputs["codes"]))
    mu, logvar = as_array(centres), as_array(logvars)
    judge_modes(
        probe["drawn"], np.tile(mu, (DRAWS, 1)), np.tile(logvar, (DRAWS, 1)), "`reparameterize`"
    )
    x = np.tile(as_array(places), (DRAWS, 1))
    judge_modes(probe["seen"], x + mu, 0.2 * x + logvar, "`forward`")
    for name in weights:
        expect(
            name in probe["reached"] and standing["start"][name]["is_reached"],
            f"The gradient of what `forward` returns does not reach `{name.partition('.')[0]}`: is something detached on the way?",
        )


def layer_shapes(num_items, hidden=HIDDEN, latent=LATENT):
    """The shape of every weight and bias of a VAE(num_items, hidden, latent), by name."""
    sizes = {
        "fc1": (hidden, num_items),
        "fc_mu": (latent, hidden),
        "fc_logvar": (latent, hidden),
        "fc3": (hidden, latent),
        "fc4": (num_items, hidden),
    }
    weights = {f"{layer}.weight": shape for layer, shape in sizes.items()}
    return weights | {f"{layer}.bias": shape[:1] for layer, shape in sizes.items()}


def judge_layers(shapes, num_items, hidden=HIDDEN, latent=LATENT):
    """Require five layers of the stated sizes.

    Parameters
    ----------
    shapes : dict from the names of a state dict to their shapes.
    num_items : what the network reads.
    hidden, latent : the widths of its other layers.
    """
    for name, shape in layer_shapes(num_items, hidden, latent).items():
        layer = name.partition(".")[0]
        expect(name in shapes, f"The network has no layer `{layer}`.")
        expect(
            tuple(shapes[name]) == shape,
            f"The layer `{layer}` of the network has the wrong size: look at its two numbers.",
        )


def judge_start(start, num_items):
    """Require that the standing network starts about where nn.Linear does, and that all of it learns.

    Parameters
    ----------
    start : dict from the name of each parameter to what the probe says of it.
    num_items : what the network reads.

    Notes
    -----
    nn.Linear draws weights from +-1 / sqrt(inputs), an sd of 1 / sqrt(3 inputs). Other initialisations of the field
    lie within a factor of 3 from that, those of embeddings (sd 0.01) within 10.
    """
    for name, shape in layer_shapes(num_items).items():
        expect(name in start, f"`{name}` of `vae` is no parameter: nothing can train it.")
        now = start[name]
        expect(
            now["kind"] == "torch.float32", f"`{name}` of `vae` should be float32, as its input is."
        )
        expect(now["learns"], f"`{name}` of `vae` is frozen: its `requires_grad` is off.")
        expect(now["is_finite"], f"`{name}` of `vae` holds something that is no finite number.")
        expect(
            now["largest"] <= 10, f"`{name}` of `vae` starts with numbers that are far too large."
        )
        if name.endswith("weight"):
            ratio = now["spread"] * np.sqrt(3 * shape[1])
            expect(
                ratio > 1e-3,
                f"`{name}` of `vae` is one number everywhere: leave it as nn.Linear drew it.",
            )
            expect(
                0.1 < ratio < 10,
                f"`{name}` of `vae` starts on another scale than nn.Linear gives it: leave it as it was drawn.",
            )


def judge_passes(probe, weights, rows, codes):
    """Require encode, decode and forward to equal the grader's own on the same weights."""
    mu, logvar = encode(weights, rows)
    for parts, name, says in zip(
        probe["parts"],
        ("encode", "forward"),
        ("two things: mu and logvar", "three things: the rows, mu and logvar"),
        strict=True,
    ):
        expect(parts, f"`{name}` returns nothing: is its `return` there?")
        expect(parts == (2 if name == "encode" else 3), f"`{name}` should return {says}.")
    swapped = is_close(probe["mu"], logvar) and is_close(probe["logvar"], mu)
    expect(not swapped, "`encode` returns logvar first: mu comes first, then logvar.")
    linear_mu = linear(weights, "fc_mu", linear(weights, "fc1", rows))
    expect(
        not is_close(probe["mu"], linear_mu),
        "`encode` hands the output of `fc1` on as it is: a ReLU is missing.",
    )
    expect(not is_close(probe["logvar"], mu), "`encode` returns mu twice, and no logvar.")
    for name, expected in (("mu", mu), ("logvar", logvar)):
        expect(
            is_close(probe[name], expected),
            f"`encode` does not return the {name} that `fc_{name}` makes of the hidden layer.",
        )
    expect(
        is_close(probe["decoded"], decode(weights, codes)),
        "`decode` should go through fc3, a ReLU and fc4, and no other function.",
    )
    for name, expected in (("mu", mu), ("logvar", logvar)):
        expect(
            is_close(probe[f"forward_{name}"], expected),
            f"`forward` does not return the {name} of `encode` in its place, after the rows.",
        )


def judge_modes(passes, mu, logvar, what):
    """Require z to be drawn in training mode; in eval mode z = mu is as good.

    Parameters
    ----------
    passes : {"train": (draws, again), "eval": (draws, again)}.
    mu, logvar : (draws, 2) arrays.
    what : the method, for sentences.
    """
    judge_draws(*passes["train"], mu, logvar, what)
    if not (is_close(passes["eval"][0], mu) and is_close(passes["eval"][1], mu[:100])):
        judge_draws(*passes["eval"], mu, logvar, f"In eval mode {what}")


def judge_draws(draws, again, mu, logvar, what):
    """Require normal draws of mean `mu` and variance exp(`logvar`), within 6 standard errors, and anew in each pass.

    Parameters
    ----------
    draws, again : what two passes gave; of the second the first rows alone.
    mu, logvar : (draws, 2) arrays.
    what : how sentences begin.
    """
    expect(
        shape_of(draws) == mu.shape,
        f"{what} should return one row a user, of the shape of what it draws around.",
    )
    draws, again, count = as_array(draws), as_array(again, (100, 2)), len(mu)
    shift = draws - mu
    deviation = shift / np.exp(0.5 * logvar)
    expect(bool(np.isfinite(draws).all()), f"{what} gives something that is no finite number.")
    expect(np.abs(shift).max() > 1e-6, f"{what} gives z = mu: nothing is drawn.")
    expect(
        np.ptp(deviation, axis=0).min() > 1e-3,
        f"{what} adds the same amount to mu in every row: each user needs noise of its own.",
    )
    expect(
        np.abs(deviation.mean(axis=0) / deviation.std(axis=0).clip(1)).max() < 6 / np.sqrt(count),
        f"{what} draws around another value than mu.",
    )
    for wrong, sentence in (
        (np.exp(logvar), "takes the variance, exp(logvar), for the standard deviation"),
        (logvar, "takes logvar for the standard deviation: it is a logarithm, and of the variance"),
        (np.ones_like(logvar), "draws with standard deviation 1, whatever logvar is"),
    ):
        spread = (shift / wrong).std(axis=0)
        expect(np.abs(spread - 1).max() > 6 / np.sqrt(2 * count), f"{what} {sentence}.")
    expect(
        np.abs(deviation.std(axis=0) - 1).max() < 6 / np.sqrt(2 * count),
        f"{what} draws with another standard deviation than exp(logvar / 2).",
    )
    expect(
        np.abs(np.abs(deviation).mean(axis=0) - np.sqrt(2 / np.pi)).max() < 0.03,
        f"{what} draws noise that is not normal.",
    )
    expect(
        abs(np.corrcoef(deviation.T)[0, 1]) < 6 / np.sqrt(count),
        f"{what} moves all numbers of a user alike: each number of z needs noise of its own.",
    )
    expect(
        again is not None and np.mean(np.abs(draws[:100] - again) > 1e-6) > 0.9,
        f"{what} gives the same draw in each pass: the noise should be new each time.",
    )


LOSS_PROBE = """
import torch

answers, parts = [], []
for beta in [None, *betas]:
    leaves = [tensor.clone().requires_grad_() for tensor in (recon, mu, logvar)]
    extra = {} if beta is None else {"beta": beta}
    answer = vae_loss(leaves[0], x, leaves[1], leaves[2], mask, **extra)
    parts.append(len(answer) if isinstance(answer, (tuple, list)) else answer is not None)
    if parts[-1] != 3:
        continue
    carries = [isinstance(part, torch.Tensor) and part.requires_grad for part in answer]
    if carries[0] and answer[0].dim() == 0:
        answer[0].backward()
    answer = [torch.as_tensor(part).detach() for part in answer]
    answers.append({
        "values": [float(part.mean()) for part in answer],
        "dims": [part.dim() for part in answer],
        "carries": carries,
        "gradients": [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves],
    })
"""

LOSS_KINDS = {
    "parts": many(anything, 3),
    "answers": many(
        record(
            values=many(number, 3),
            dims=many(number, 3),
            carries=many(flag, 3),
            gradients=many(array, 3),
        )
    ),
}

OPTIMIZER_PROBE = """
import copy
import torch

network, optimizer = copy.deepcopy((vae, optimizer_vae))
owned = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
owns_all = all(id(parameter) in owned for parameter in network.parameters())
groups = [{key: float(group.get(key, -1)) for key in ("lr", "weight_decay")} for group in optimizer.param_groups]
optimizer.state.clear()

def corners():
    return {name: value.detach().flatten()[:shown].clone() for name, value in network.named_parameters()}

before = corners()
try:
    for slope in slopes:
        for parameter in network.parameters():
            pattern = slope.to(parameter)
            parameter.grad = pattern[torch.arange(parameter.numel()) % len(pattern)].reshape(parameter.shape)
        optimizer.step()
    after = corners()
except Exception:
    after = None
"""

OPTIMIZER_KINDS = {
    "owns_all": flag,
    "groups": many(record(lr=number, weight_decay=number)),
    "before": mapping(array),
    "after": maybe(mapping(array)),
}
LEARNING_RATE, WEIGHT_DECAY = 0.001, 1e-6
SHOWN = 50


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
    """Value and gradients on random inputs, an empty user included; parts detached; two steps of Adam as stated."""
    rng = np.random.default_rng()
    shape, latent = (6, 13), (6, 4)
    inputs = {
        "recon": rng.normal(3, 1, shape),
        "x": rng.integers(1, 6, shape).astype(float),
        "mu": rng.normal(0, 1, latent),
        "logvar": rng.normal(0, 0.7, latent),
        "mask": (rng.random(shape) < 0.4).astype(float),
    }
    inputs["mask"][0], inputs["mask"][1, :2], inputs["mask"][2, :7] = 0.0, 1.0, 1.0
    betas = [0.0, 0.7]
    tensors = {name: torch.tensor(value, dtype=torch.float32) for name, value in inputs.items()}
    probe = ask(student, LOSS_PROBE, LOSS_KINDS, betas=betas, **tensors)
    expect(any(probe["parts"]), "`vae_loss` returns nothing: is its `return` there?")
    expect(
        probe["parts"] == [3, 3, 3],
        "`vae_loss` should return three numbers: the total, the reconstruction part and the KL part.",
    )
    expect(len(probe["answers"]) == 1 + len(betas), STRANGE)
    arrays = {name: as_array(tensor) for name, tensor in tensors.items()}
    for answer in probe["answers"]:
        judge_parts(answer, **arrays)
    for answer, beta in zip(probe["answers"], [BETA, *betas], strict=True):
        judge_total(answer, beta, *loss_by_hand(**arrays, beta=beta))
    judge_optimizer(student, rng)


def judge_parts(answer, recon, x, mu, logvar, mask):
    """Require three single numbers, the reconstruction and the KL part right and without a gradient.

    Parameters
    ----------
    answer : one of the probe's.
    recon, x, mask : (B, items) arrays.
    mu, logvar : (B, latent) arrays.
    """
    names = ("The total", "The reconstruction part", "The KL part")
    for dims, name in zip(answer["dims"], names, strict=True):
        expect(
            dims == 0, f"{name} of `vae_loss` is not one number: a mean over the users is missing."
        )
    (_, right_recon, right_kl), _ = loss_by_hand(recon, x, mu, logvar, mask, BETA)
    squared, counts, B = (recon - x) ** 2, mask.sum(axis=1) + 1e-8, len(x)
    per_user = (squared * mask).sum(axis=1)
    found, is_right = answer["values"][1], is_close(answer["values"][1], right_recon)
    expect(
        np.isfinite(found),
        "The reconstruction part is no finite number where a user has no rating: what saves the division?",
    )
    for wrong, sentence in (
        (
            (squared.sum(axis=1) / counts).mean(),
            "counts the gaps: the mask is missing in the errors",
        ),
        (squared.mean(), "counts the gaps: it is a mean over all cells"),
        (B * right_recon, "is a sum over the users: it should be their mean"),
        (
            per_user.mean() / x.shape[1],
            "divides by the number of all items, not of those that the user rated",
        ),
        (per_user.mean(), "is not divided by the number of items that each user rated"),
        (per_user.sum() / mask.sum(), "is one mean over all rated cells: average each user first"),
        (mask.sum(axis=1).mean(), "averages the mask, not the errors"),
    ):
        expect(is_right or not is_close(found, wrong), f"The reconstruction part {sentence}.")
    expect(is_right, "The reconstruction part has another value than the formula.")
    found, is_right = answer["values"][2], is_close(answer["values"][2], right_kl)
    for wrong, sentence in (
        (-right_kl, "has the wrong sign"),
        (right_kl / mu.shape[1], "is a mean over the latent numbers: it should be their sum"),
        (B * right_kl, "is a sum over the users: it should be their mean"),
        (
            loss_by_hand(recon, x, mu, 2 * logvar, mask, BETA)[0][2],
            "takes `logvar` for the logarithm of sigma: it is that of the variance",
        ),
        (
            0.5 * (mu**2 - 1).sum() / B,
            "lacks the variance itself: `logvar` is its logarithm",
        ),
    ):
        expect(is_right or not is_close(found, wrong), f"The KL part {sentence}.")
    expect(is_right, "The KL part has another value than the formula.")
    for carries, name in zip(answer["carries"][1:], names[1:], strict=True):
        expect(
            not carries,
            f"{name} of `vae_loss` still carries its gradient: it is for printing alone.",
        )


def judge_total(answer, beta, values, gradients):
    """Require the total of one answer, and its gradients, to equal those in closed form.

    Parameters
    ----------
    answer : one of the probe's.
    beta : the weight of the KL part in it.
    values, gradients : as `loss_by_hand` gives them.
    """
    total, (_, recon, kl) = answer["values"][0], values
    expect(beta == 0 or not is_close(total, recon), "The total leaves the KL part out.")
    expect(
        beta == BETA or not is_close(total, recon + BETA * kl),
        "The total does not change with `beta`.",
    )
    expect(
        beta != BETA or is_close(total, values[0]),
        "The total is not the reconstruction part plus 0.001 times the KL part where no beta is given.",
    )
    expect(
        is_close(total, values[0]),
        "The total is not the reconstruction part plus beta times the KL part.",
    )
    expect(answer["carries"][0], "The total carries no gradient, so nothing can be trained on it.")
    whats = "reconstructed rows", "mu", "logvar"
    for got, expected, what in zip(answer["gradients"], gradients, whats, strict=True):
        expect(
            is_close(got, expected),
            f"The total has the right value, but the wrong gradient for the {what}: what of it is detached?",
        )


def judge_optimizer(student, rng):
    """Require two steps of the standing optimizer, on gradients of the grader's, to be those of Adam.

    Where a gradient is 0, a step shows the weight decay alone, as well as Adam's epsilon.
    """
    slopes = rng.normal(0, 0.1, (2, 60))
    slopes[:, ::4] = 0.0
    slopes = torch.tensor(slopes, dtype=torch.float32)
    probe = ask(student, OPTIMIZER_PROBE, OPTIMIZER_KINDS, slopes=slopes, shown=SHOWN)
    expect(
        probe["owns_all"],
        "`optimizer_vae` does not hold the parameters of `vae`: make it after the network.",
    )
    expect(probe["groups"], "`optimizer_vae` holds no parameters.")
    for key, value, words in (
        ("lr", LEARNING_RATE, "learning rate than 0.001"),
        ("weight_decay", WEIGHT_DECAY, "weight decay than 1e-6"),
    ):
        for group in probe["groups"]:
            expect(
                is_close(group[key], value, value / 100), f"`optimizer_vae` has another {words}."
            )
    expect(probe["after"] is not None, "`optimizer_vae` cannot take a step as Adam does.")
    slopes = as_array(slopes)[:, :SHOWN]
    for name, weights in probe["before"].items():
        weights = as_array(weights, (SHOWN,))
        expect(weights is not None, "`optimizer_vae` and `vae` should be as the lesson makes them.")
        moves = as_array(probe["after"].get(name), (SHOWN,))
        expect(moves is not None, "`optimizer_vae` and `vae` should be as the lesson makes them.")
        moves, right = moves - weights, adam_moves(weights, slopes)
        near = 0.02 * LEARNING_RATE
        expect(
            np.abs(moves + right)[1::4].max() > near,
            "`optimizer_vae` climbs: it makes the loss larger in each step.",
        )
        expect(
            np.abs(moves - right).max() < near,
            "Two steps of `optimizer_vae` are not those of Adam with its other settings left as they are.",
        )


def adam_moves(weights, slopes):
    """What Adam adds to weights in as many steps as there are rows of gradients, float64, (n,).

    Parameters
    ----------
    weights : (n,) array.
    slopes : (steps, n) array, gradients without weight decay.

    References
    ----------
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1; L2 as weight decay.
    """
    now, m, v = weights, 0.0, 0.0
    for t, slope in enumerate(slopes, 1):
        g = slope + WEIGHT_DECAY * now
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        now = now - LEARNING_RATE * m_hat / (np.sqrt(v_hat) + 1e-8)
    return now - weights


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
    curves = read_curves(student)
    judge_epoch(student)
    judge_training("vae", student, lambda part: rmse_of(predicted, part), data)
    judge_curves(*curves, loss_at(weights, R, (R > 0).astype(float))[0])


STEP_PROBE = f"""
{EPOCH_PROBE}
def epoch_from(start):
    small = VAE(6, 5, 3).to(next(vae.parameters()))
    small.load_state_dict(start)
    loader = probe_loader([rows, mask], train_user_loader)
    optimizer = torch.optim.SGD(small.parameters(), lr=step_size)
    with stand_in(vae=small, optimizer_vae=optimizer, train_user_loader=loader, train_user_dataset=loader.dataset):
        return pass_over(train_vae_epoch, small)

def numbers(returned):
    try:
        return [float(value) for value in torch.as_tensor(returned).flatten()[:4]]
    except Exception:
        return None

still, drawn, returned = None, None, None
if "train_vae_epoch" in own and can_run(train_vae_epoch):
    passes = [epoch_from(still_weights), epoch_from(drawn_weights)]
    still, drawn = (after and after[0] for after in passes)
    returned = passes[0] and numbers(passes[0][1])
"""

STILL, DRAWN = -9.9, 1.0
"""Values of logvar: with z almost still, a step can be worked out by hand; with z drawn it comes out otherwise."""
COPIES = 1000
"""Of each row in a batch, so that the noise of z averages out."""
NOISE = 4e-5
"""Weights differ by less where z is almost still; a forgotten KL part moves them by more than twice that."""


def judge_epoch(student):
    """Require `train_vae_epoch` to step down `vae_loss` with a z that is drawn, and to return its mean, where it can be run on two batches."""
    rng = np.random.default_rng()
    # Positive weights keep every ReLU open, so that rounding decides nothing.
    weights = {
        name: torch.tensor(rng.uniform(0.1, 0.3, value.shape), dtype=torch.float32)
        for name, value in random_weights(6, 5, 3, rng).items()
    } | {"fc_logvar.weight": torch.zeros(3, 5)}
    starts = [weights | {"fc_logvar.bias": torch.full((3,), level)} for level in (STILL, DRAWN)]
    mask = torch.tensor(rng.random((4, 6)) < 0.5).float()
    mask[:, 0] = 1.0
    rows = torch.tensor(rng.integers(1, 6, (4, 6))).float() * mask
    inputs = {"still_weights": starts[0], "drawn_weights": starts[1]}
    inputs |= {"rows": rows.repeat(COPIES, 1), "mask": mask.repeat(COPIES, 1)}
    kinds = dict.fromkeys(("still", "drawn"), maybe(mapping(array)))
    kinds["returned"] = maybe(many(number))
    probe = ask(student, STEP_PROBE, kinds, step_size=STEP_SIZE, **inputs)
    still, drawn, x, mask = probe["still"], probe["drawn"], as_array(rows), as_array(mask)
    if still is None or drawn is None or same_weights(still, starts[0], 0):
        return
    start, start_drawn = map(float64, starts)
    judge_step(still, start, x, mask)
    expect(
        not same_weights(drawn, two_steps(start_drawn, x, mask), 1e-3),
        "`train_vae_epoch` trains with z = mu: call the network itself, which draws z.",
    )
    if probe["returned"] is not None:
        batches = [loss_at(start, x, mask), loss_at(one_step(start, x, mask), x, mask)]
        judge_returned(probe["returned"], np.array(batches))


def judge_step(got, start, x, mask):
    """Require weights after one pass to be two steps down the loss from `start`; both batches are `x` and `mask`."""
    if same_weights(got, two_steps(start, x, mask), NOISE):
        return
    for change, sentence in (
        ({"steps": 4}, "takes two steps a batch"),
        ({"steps": 1}, "takes one step a pass: it should take one a batch"),
        ({"beta": 0.0}, "leaves the KL part out of what it trains on"),
        ({"beta": 1.0}, "trains with another beta than that of `vae_loss`"),
        (
            {"step": 2 * STEP_SIZE},
            "steps twice as far as it should: is `step` or `backward` called twice?",
        ),
        ({"mask": np.ones_like(mask)}, "trains on the gaps: the batch has a mask for them"),
        ({"keeps": True}, "does not clear the gradients of the batch before"),
        ({"step": -STEP_SIZE}, "climbs: it makes the loss larger in each step"),
    ):
        wrong = two_steps(start, x, **{"mask": mask} | change)
        expect(
            not same_weights(got, wrong, NOISE),
            f"`train_vae_epoch` {sentence}" + "." * (sentence[-1] != "?"),
        )
    expect(
        False,
        "`train_vae_epoch` does not take one step a batch down the total of `vae_loss`: look at what goes into the loss, and at the calls of the step.",
    )


def judge_returned(returned, batches):
    """Require what a pass returned to be the mean loss of its batches, or the means of the loss and its two parts.

    Parameters
    ----------
    returned : list of numbers.
    batches : (batches, 3) array, the total, reconstruction and KL of each batch.
    """
    means = batches.mean(axis=0)
    expect(
        len(returned) in (1, 3),
        "`train_vae_epoch` should return the mean loss of its batches, or three means: loss, reconstruction and KL.",
    )
    first_is_right, users = is_close(returned[0], means[0], 2e-4), 8 * COPIES
    for wrong, sentence in (
        (batches[:, 0].sum(), "the sum of the losses of the batches: divide by their number"),
        (batches[:, 0].sum() / users, "the losses of the batches divided by the number of users"),
        (batches[-1, 0], "the loss of the last batch alone"),
        (means[1], "the reconstruction part for the loss"),
        (np.sqrt(means[0]), "the root of the mean loss"),
    ):
        expect(
            first_is_right or not is_close(returned[0], wrong, 2e-4),
            f"`train_vae_epoch` returns {sentence}.",
        )
    expect(first_is_right, "`train_vae_epoch` does not return the mean loss of its batches.")
    if len(returned) == 3:
        expect(
            is_close(returned[1:], means[1:], 1e-3),
            "`train_vae_epoch` should return the means of the reconstruction and of the KL part after that of the loss.",
        )


CURVES_PROBE = """
def first(entry):
    while isinstance(entry, (tuple, list)) or getattr(entry, "ndim", 0):
        entry = entry[0]
    return float(entry)

def numbers(curve):
    try:
        return [first(entry) for entry in curve][:1000]
    except Exception:
        return None

curves = [numbers(train_curve), numbers(val_curve)]
best = [first(best_epoch), first(best_val)]
"""


def read_curves(student):
    """The losses of `train_curve`, the RMSE of `val_curve`, and [best_epoch, best_val].

    Raises
    ------
    CheckFailed
        Where a curve is no list of finite numbers, or they differ in length or end before `best_epoch`.
    """
    kinds = {"curves": many(maybe(many(number)), 2), "best": many(number, 2)}
    probe = ask(student, CURVES_PROBE, kinds)
    for name, curve in zip(("train_curve", "val_curve"), probe["curves"], strict=True):
        expect(
            curve and np.isfinite(curve).all(),
            f"`{name}` should hold finite numbers, one entry for each epoch.",
        )
    (train, val), best = probe["curves"], probe["best"]
    expect(
        len(train) == len(val),
        "`train_curve` and `val_curve` differ in length: each should have one entry for each epoch.",
    )
    expect(
        not best[0] > len(val),
        "`val_curve` ends before `best_epoch`: it should have one entry for each epoch.",
    )
    return train, val, best


def judge_curves(train, val, best, loss):
    """Require `best_val` at `best_epoch` of `val_curve`, and losses in `train_curve`.

    Parameters
    ----------
    train, val, best : as `read_curves` gives them; `best_epoch` has been found to be an epoch.
    loss : of the weights that stand, on the training rows with z = mu.
    """
    place = int(best[0]) - 1
    expect(
        abs(val[place] - best[1]) < REPORT_TOLERANCE,
        "`val_curve` does not hold `best_val` at `best_epoch`.",
    )
    expect(
        loss / 4 < train[place] < 4 * loss,
        "`train_curve` does not hold the mean training loss of each epoch.",
    )


def same_weights(got, expected, tolerance):
    """Whether a state dict holds these weights; other entries do not matter."""
    return all(is_close(got.get(name), value, tolerance) for name, value in expected.items())


def loss_at(weights, x, mask, beta=BETA):
    """[total, recon, kl] of a batch, with z = mu."""
    mu, logvar = encode(weights, x)
    return loss_by_hand(decode(weights, mu), x, mu, logvar, mask, beta)[0]


def two_steps(weights, x, mask, beta=BETA, steps=2, step=STEP_SIZE, keeps=False):
    """Weights after plain gradient steps down the loss on one batch, with z = mu throughout.

    Parameters
    ----------
    weights : dict of float64 arrays, as `encode` wants them.
    x, mask : (B, items) arrays.
    beta : the weight of the KL part.
    steps, step : how many, and the learning rate.
    keeps : whether gradients add up from step to step, as they do where nobody clears them.
    """
    kept = dict.fromkeys(weights, 0.0)
    for _ in range(steps):
        slopes = gradients_of(weights, x, mask, beta)
        kept = {name: slopes[name] + keeps * kept[name] for name in weights}
        weights = {name: value - step * kept[name] for name, value in weights.items()}
    return weights


def one_step(weights, x, mask):
    """Weights after one plain gradient step down the loss."""
    return two_steps(weights, x, mask, steps=1)


def gradients_of(weights, x, mask, beta):
    """Gradient of the loss for each weight, by its name, with z = mu."""
    hidden, (mu, logvar) = np.maximum(linear(weights, "fc1", x), 0), encode(weights, x)
    unfolded = np.maximum(linear(weights, "fc3", mu), 0)
    recon = linear(weights, "fc4", unfolded)
    d_recon, d_mu, d_logvar = loss_by_hand(recon, x, mu, logvar, mask, beta)[1]
    d_unfolded = (unfolded > 0) * (d_recon @ weights["fc4.weight"])
    d_mu = d_mu + d_unfolded @ weights["fc3.weight"]
    d_hidden = d_mu @ weights["fc_mu.weight"] + d_logvar @ weights["fc_logvar.weight"]
    slopes = {"fc1": ((hidden > 0) * d_hidden, x), "fc_mu": (d_mu, hidden)}
    slopes |= {"fc_logvar": (d_logvar, hidden), "fc3": (d_unfolded, mu), "fc4": (d_recon, unfolded)}
    gradients = {}
    for layer, (d_output, read_by_layer) in slopes.items():
        gradients[f"{layer}.weight"] = d_output.T @ read_by_layer
        gradients[f"{layer}.bias"] = d_output.sum(axis=0)
    return gradients


@check("vae-complete")
def the_matrix_holds_ratings_where_given_and_clamped_predictions_elsewhere(student, data):
    """R_pred is the network on R_train with z = mu, clamped; completed_vae keeps every rating and fills every gap."""
    weights = weights_of(student.evaluate(WEIGHTS_PROBE, returns=["weights"]), data)
    R = matrices(data.train, data)[0]
    more = R + sum(matrices(part, data)[0] for part in (data.val, data.test))
    predicted, from_more = (np.clip(predict(weights, rows), 1, 5) for rows in (R, more))
    R_pred, R_pred_np = read(student, "R_pred", "R_pred_np")
    value = as_array(R_pred, predicted.shape)
    expect(value is not None, "`R_pred` should be users by items.")
    expect(
        value.min() >= 1 - 1e-6 and value.max() <= 5 + 1e-6, "`R_pred` should be clamped to 1 to 5."
    )
    expect(
        not is_close(value, from_more, 1e-3),
        "`R_pred` is predicted from validation or test ratings too: predict from `R_train`.",
    )
    expect(
        is_close(value, predicted, 1e-3),
        "`R_pred` does not hold what the network predicts from `R_train` with z = mu.",
    )
    expect(
        is_close(as_array(R_pred_np, predicted.shape), predicted, 1e-3),
        "`R_pred_np` does not hold the numbers of `R_pred`, each in its place.",
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
