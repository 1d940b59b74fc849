"""Hidden checks of lesson 2 (`mf`): split, batches, model, training, completion, recommendation.

Predictions are the grader's own forward pass over the weights in the model; a number that the notebook
prints is only ever compared with what those weights give on the grader's own ratings.
"""

import numpy as np
import pandas as pd
import torch

from autograder.checks.compare import (
    NUMBERS,
    a,
    array,
    as_array,
    ask,
    flag,
    has_labels,
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
from autograder.checks.svd import ratings_matrix
from autograder.checks.training import (
    EPOCH_PROBE,
    adam,
    completed,
    judge_curves,
    judge_training,
    reported,
)

N_FACTORS = 100
BATCH_SIZE = 1024
STEP_SIZE = 0.05
LR, WEIGHT_DECAY = 0.005, 1e-5
COLUMNS = ("user_idx", "item_idx", "rating")
READ_LATER = {"train_df": (*COLUMNS, "movieId"), "val_df": COLUMNS, "test_df": COLUMNS}
PLACES = ("first", "second", "third")


def sorted_triples(columns, count):
    """Columns user_idx, item_idx, rating as (count, 3) float64 rows in lexicographic order; None where they are no such."""
    columns = [as_array(column, (count,)) for column in columns]
    if any(column is None for column in columns):
        return None
    return np.column_stack(columns)[np.lexsort((columns[1], columns[0]))]


def triples(frame):
    """(user_idx, item_idx, rating) of our own indexed frame, (n, 3) float64, in lexicographic order."""
    return sorted_triples([frame[name] for name in COLUMNS], len(frame))


def predict(weights, users, items):
    """Mu + b_u + b_i + p_u . q_i in float64, not clamped.

    Parameters
    ----------
    weights : dict of float64 arrays: user_emb (users, k), item_emb (items, k), user_bias (users,),
        item_bias (items,), global_bias (scalar).
    users, items : integer arrays of equal shape.

    Returns
    -------
    Array of that shape, stars.

    References
    ----------
    Koren, Bell and Volinsky 2009, "Matrix Factorization Techniques for Recommender Systems", eq. 4.
    """
    taste = np.einsum("nk,nk->n", weights["user_emb"][users], weights["item_emb"][items])
    return (
        weights["global_bias"] + weights["user_bias"][users] + weights["item_bias"][items] + taste
    )


SPLIT_PROBE = """
import numpy
import pandas

def probe_read(frame, asked):
    if not isinstance(frame, pandas.DataFrame):
        return None
    columns = {name: numpy.asarray(frame[name].tolist()[:100_000]) for name in asked if name in frame}
    return {"length": len(frame), "columns": columns}

parts = {
    name: probe_read(frame, read_later[name])
    for name, frame in [("train_df", train_df), ("val_df", val_df), ("test_df", test_df)]
}
temp_length = len(temp_df)
"""


@check("mf-split")
def every_rating_is_in_exactly_one_part_of_the_80_10_10_split(student, data):
    """The three frames are the split of random_state 42, with indices in the order of the sorted ids."""
    sizes = {"train_df": len(data.train), "val_df": len(data.val), "test_df": len(data.test)}
    frame = maybe(record(length=number, columns=mapping(array)))
    kinds = {"parts": record(**dict.fromkeys(sizes, frame)), "temp_length": number}
    read_later = {name: list(columns) for name, columns in READ_LATER.items()}
    probe = ask(student, SPLIT_PROBE, kinds, read_later=read_later)
    frames = probe["parts"]
    for name in sizes:
        expect(frames[name] is not None, f"`{name}` should be a DataFrame.")
    lengths = {name: frames[name]["length"] for name in sizes}
    swapped = sizes | {"val_df": sizes["test_df"], "test_df": sizes["val_df"]}
    expect(
        lengths == sizes or lengths != swapped,
        "`val_df` and `test_df` are swapped: the table that the second cut gives first is `val_df`.",
    )
    for name, size in sizes.items():
        found = lengths[name]
        is_half = name != "train_df" and abs(found - len(data.ratings) / 2) < 1
        expect(not is_half, f"`{name}` is half of all ratings: the second cut is one of `temp_df`.")
        expect(
            found == size,
            f"`{name}` has another number of rows than it should: look at `test_size`.",
        )
    expect(
        probe["temp_length"] == sizes["val_df"] + sizes["test_df"],
        "`temp_df` is what is put aside: 20 % of the rows.",
    )
    judge_rows({name: frames[name]["columns"] for name in sizes}, data)


def judge_rows(columns, data):
    """Require each part to hold its own rows, with the columns that later cells read.

    Parameters
    ----------
    columns : dict from the name of a part to its columns, by name.
    """
    for name, needed in READ_LATER.items():
        for column in needed:
            expect(
                column in columns[name],
                f"`{name}` lacks the column `{column}`, which a later cell reads: split the whole table.",
            )
    own = {"train_df": data.train, "val_df": data.val, "test_df": data.test}
    rows = {
        name: sorted_triples([columns[name][column] for column in COLUMNS], len(own[name]))
        for name in own
    }
    for name in own:
        expect(rows[name] is not None, f"`{name}` holds columns that are not all numbers.")
    pairs = {name: {*map(tuple, rows[name][:, :2])} for name in own}
    for one, other in (("val_df", "test_df"), ("train_df", "val_df"), ("train_df", "test_df")):
        expect(
            pairs[one].isdisjoint(pairs[other]),
            f"`{one}` and `{other}` share ratings: the second cut is one of `temp_df`, into two parts.",
        )
    expect(
        not is_close(rows["val_df"], triples(data.test)),
        "`val_df` and `test_df` are swapped: the table that the second cut gives first is `val_df`.",
    )
    for name, frame in own.items():
        expect(
            is_close(rows[name], triples(frame)),
            f"`{name}` holds other rows than `random_state=42` puts there: shuffle, with that `random_state`.",
        )
    places = as_array(columns["train_df"]["item_idx"]).astype(int)
    expect(
        is_close(columns["train_df"]["movieId"], np.asarray(data.movie_ids)[places]),
        "The column `movieId` of `train_df` is not that of its rows any more: split the whole table.",
    )


DATASET_PROBE = """
import numpy
import torch

def probe_parts(sample):
    if isinstance(sample, dict):
        return "dict"
    return list(sample) if isinstance(sample, (tuple, list, numpy.ndarray, torch.Tensor)) else None

def probe_numbers(sample):
    parts = probe_parts(sample)
    return [float(part) for part in parts] if isinstance(parts, list) else parts

def probe_gather(loader):
    batches = [probe_parts(batch) for batch in loader]
    if not all(isinstance(batch, list) and len(batch) == 3 for batch in batches):
        return None
    batches = [[torch.as_tensor(part) for part in batch] for batch in batches]
    columns = [torch.cat([batch[place] for batch in batches])[:100_000] for place in range(3)]
    types = [str(column.dtype) for column in columns]
    return {"sizes": [len(batch[0]) for batch in batches], "columns": columns, "types": types}

lengths = [len(train_dataset), len(val_dataset), len(test_dataset)]
given = RatingDataset(frame)
small = [probe_numbers(given[place]) for place in range(len(frame))]
samples = [probe_numbers(train_dataset[place]) for place in places if place < lengths[0]]
is_three = all(isinstance(sample, list) and len(sample) == 3 for sample in small + samples)
loaders = [train_loader, train_loader, val_loader, test_loader] if is_three else []
passes = [probe_gather(loader) for loader in loaders]
"""

INDEX_TYPES = ("torch.int64", "torch.int32")
"""What `nn.Embedding` takes for indices."""


@check("mf-dataset")
def loaders_hold_exactly_their_split_in_batches_of_1024(student, data):
    """One sample is (user_idx, item_idx, rating); only the training loader must shuffle, nothing is lost or added."""
    rng = np.random.default_rng()
    places = [int(place) for place in rng.integers(0, len(data.train), 20)]
    frame = data.ratings.head(4).assign(
        user_idx=[3, 1, 4, 1], item_idx=[9, 2, 6, 5], rating=[1.5, 2.5, 4.0, 3.0]
    )
    loaded = maybe(record(sizes=many(number), columns=many(tensor, 3), types=many(text, 3)))
    sample = maybe(a(list, str))
    kinds = {"passes": many(loaded), "lengths": many(number, 3)}
    kinds |= {"samples": many(sample), "small": many(sample, 4)}
    probe = ask(student, DATASET_PROBE, kinds, places=places, frame=frame)
    parts = {"train": data.train, "val": data.val, "test": data.test}
    for length, (name, own) in zip(probe["lengths"], parts.items(), strict=True):
        expect(
            length == len(own),
            f"`{name}_dataset` has not one sample for each row of `{name}_df`: look at `__len__` and at the frame that it was made of.",
        )
    judge_samples(probe["small"], frame)
    own = triples(data.train)
    samples = [as_array(sample, (3,)) for sample in probe["samples"]]
    expect(
        len(samples) == len(places)
        and all(sample is not None and (own == sample).all(axis=1).any() for sample in samples),
        "`train_dataset` has samples that are no row of `train_df`.",
    )
    expect(len(probe["passes"]) == 4, "A sample of `train_dataset` is no tuple of three numbers.")
    order = ("train", "train", "val", "test")
    for part, name in zip(probe["passes"], order, strict=True):
        judge_loader(part, f"{name}_loader", parts[name])
    first, second = (as_array(part["columns"][0]) for part in probe["passes"][:2])
    expect(
        not np.array_equal(first, second),
        "`train_loader` gives the same order in each pass: it should shuffle.",
    )


def judge_samples(samples, frame):
    """Require the samples of a frame's data set to be the three columns of its rows, in order."""
    expect(
        "dict" not in samples,
        "A sample of `RatingDataset` is a dict: it should be a tuple of three, (user_idx, item_idx, rating).",
    )
    expect(
        None not in samples,
        "A sample of `RatingDataset` is no tuple: let `__getitem__` return three values.",
    )
    expect(
        all(len(sample) == 3 for sample in samples),
        "A sample of `RatingDataset` should have three parts: (user_idx, item_idx, rating).",
    )
    found = as_array(samples)
    expect(found is not None, "The parts of a sample should be numbers.")
    for place, (word, own) in enumerate(zip(PLACES, COLUMNS, strict=True)):
        if is_close(found[:, place], frame[own]):
            continue
        others = [name for name in frame if is_close(found[:, place], frame[name])]
        holds = f"the column `{others[0]}`" if others else "something else"
        expect(
            False,
            f"The {word} part of a sample should be `{own}` of its row, and holds {holds}: look at `__init__`.",
        )


def judge_loader(part, name, own):
    """Require one pass over a loader to be batches of 1024 that hold exactly the ratings of its split.

    Parameters
    ----------
    part : what the pass gave: sizes of batches, three columns, and their types; None for no batches of three.
    name : of the loader.
    own : the grader's own indexed frame of that split.
    """
    expect(part is not None, f"A batch of `{name}` should be three vectors: users, items, stars.")
    for word, kind in zip(("user", "item"), part["types"], strict=False):
        expect(
            kind in INDEX_TYPES,
            f"The {word} indices of `{name}` should be whole numbers (int64), which `nn.Embedding` takes: look at their dtype.",
        )
    expect(
        part["columns"][2].is_floating_point(),
        f"The stars of `{name}` should be floats: look at their dtype.",
    )
    count = sum(part["sizes"])
    expect(
        count == len(own),
        f"`{name}` gives another number of ratings in one pass than its part has: no batch may be dropped or added.",
    )
    expect(
        part["sizes"] == batch_sizes(len(own)),
        f"`{name}` should give batches of {BATCH_SIZE} samples: look at `batch_size`.",
    )
    expect(
        is_close(sorted_triples(part["columns"], len(own)), triples(own)),
        f"`{name}` does not hold exactly the ratings of its split.",
    )


def batch_sizes(count):
    """Sizes of the batches of `count` samples: the last one holds what is left."""
    return [min(BATCH_SIZE, count - start) for start in range(0, count, BATCH_SIZE)]


MODEL_PROBE = """
import copy
import torch

def probe_weights(network):
    weights = {name: getattr(network, name).weight.detach().clone() for name in tables}
    return weights | {"global_bias": float(torch.as_tensor(network.global_bias).detach())}

def probe_shapes(network):
    return {name: list(getattr(network, name).weight.shape) for name in tables}

standing, fresh, small = model, MF(num_users, num_items), MF(7, 5, 3)
where = standing.user_emb.weight.device
standing_shapes, fresh_shapes, small_shapes = map(probe_shapes, (standing, fresh, small))
standing_weights, fresh_weights = probe_weights(standing), probe_weights(fresh)

predicted, alone, gradients, sparse = None, None, {}, []
if small_shapes == {name: list(values[name].shape) for name in tables}:
    small = small.to(where).train()
    with torch.no_grad():
        for name in tables:
            getattr(small, name).weight.copy_(values[name])
        if isinstance(small.global_bias, torch.Tensor):
            small.global_bias.fill_(mu)
        else:
            small.global_bias = mu
    answers = [small(users.to(where), items.to(where)), small(users[:1].to(where), items[:1].to(where))]
    predicted, alone = [part.detach() if isinstance(part, torch.Tensor) else None for part in answers]
    if predicted is not None and predicted.shape == slopes.shape and answers[0].requires_grad:
        (answers[0] * slopes.to(where)).sum().backward()
    gradients = {name: getattr(small, name).weight.grad for name in tables}
    sparse = [name for name in tables if gradients[name] is not None and gradients[name].is_sparse]
    gradients = {name: value.to_dense() if name in sparse else value for name, value in gradients.items()}

losses, loss_slopes = [], []
for guess, stars in pairs:
    guess = guess.to(where).requires_grad_()
    loss = criterion(guess, stars.to(where))
    is_number = isinstance(loss, torch.Tensor) and loss.numel() == 1
    if is_number and loss.requires_grad:
        loss.backward()
    losses.append(float(loss.detach()) if is_number else None)
    loss_slopes.append(guess.grad)

groups = [
    {
        "numbers": {key: float(group[key]) for key in ("lr", "weight_decay", "eps") if key in group},
        "betas": [float(beta) for beta in group.get("betas", ())],
        "flags": {key: bool(group.get(key)) for key in ("maximize", "amsgrad")},
    }
    for group in optimizer.param_groups
]
owned = [parameter for group in optimizer.param_groups for parameter in group["params"]]
owns = {name: any(getattr(standing, name).weight is parameter for parameter in owned) for name in tables}
mean_learns = any(standing.global_bias is parameter for parameter in owned)

moved = None
has_gradients = all(value is not None for value in [*gradients.values(), *loss_slopes])
if all(owns.values()) and gradients and has_gradients and not sparse:
    walker, mover = copy.deepcopy((standing, optimizer))
    walker.train()
    for step_users, step_items, stars in batches:
        guess = walker(step_users.to(where), step_items.to(where))
        mover.zero_grad()
        criterion(guess, stars.to(guess)).backward()
        mover.step()
    moved = probe_weights(walker)
"""

TABLES = ("user_emb", "item_emb", "user_bias", "item_bias")


def small_model():
    """Random weights of a model of 7 users, 5 items and 3 factors, and a batch of 12 pairs, as inputs of a probe."""
    rng = np.random.default_rng()
    shapes = {"user_emb": (7, 3), "item_emb": (5, 3), "user_bias": (7, 1), "item_bias": (5, 1)}
    return {
        "values": {
            name: torch.tensor(rng.normal(size=shape), dtype=torch.float32)
            for name, shape in shapes.items()
        },
        "mu": float(rng.uniform(2, 4)),
        "users": torch.tensor(rng.integers(0, 7, 12)),
        "items": torch.tensor(rng.integers(0, 5, 12)),
        "tables": list(TABLES),
    }


def model_probe(student, data):
    """Ask for weights, predictions and gradients of three models, and for losses and steps of the standing one.

    Returns
    -------
    (inputs, answers) : two dicts, the probe's inputs and what the student's code made of them.
    """
    rng = np.random.default_rng()

    def floats(values):
        return torch.tensor(values, dtype=torch.float32)

    def batch(size):
        users, items = rng.integers(0, data.num_users, size), rng.integers(0, data.num_items, size)
        return [torch.tensor(users), torch.tensor(items), floats(rng.integers(1, 6, size))]

    inputs = {**small_model(), "slopes": floats(rng.normal(size=12))}
    inputs["pairs"] = [
        [floats(rng.uniform(-2, 8, size)), floats(rng.integers(1, 6, size))]
        for size in (12, 2, 1, 40)
    ]
    inputs["batches"] = [batch(size) for size in (24, 5, 1, 24)]
    weights = record(**dict.fromkeys(TABLES, array), global_bias=number)
    shapes = mapping(many(number))
    kinds = {"standing_shapes": shapes, "fresh_shapes": shapes, "small_shapes": shapes}
    kinds |= {"standing_weights": weights, "fresh_weights": weights, "moved": maybe(weights)}
    kinds |= {"predicted": maybe(array), "alone": maybe(array), "gradients": mapping(maybe(array))}
    kinds |= {"losses": many(maybe(number), 4), "loss_slopes": many(maybe(array), 4)}
    kinds |= {"sparse": many(text), "owns": mapping(flag), "mean_learns": flag}
    kinds["groups"] = many(record(numbers=mapping(number), betas=many(number), flags=mapping(flag)))
    return inputs, ask(student, MODEL_PROBE, kinds, **inputs)


def numpy_weights(weights):
    """float64 arrays as `predict` wants them; biases lose their second dimension."""
    arrays = {name: as_array(weights[name]) for name in (*TABLES, "global_bias")}
    finite = all(values is not None and np.isfinite(values).all() for values in arrays.values())
    expect(finite, "The weights of `model` are no finite numbers: look at the training step.")
    return arrays | {name: arrays[name].reshape(-1) for name in ("user_bias", "item_bias")}


@check("mf-model")
def the_model_is_bias_plus_taste_and_starts_at_the_mean(student, data):
    """Tables have one row a user or item; forward is mu + b_u + b_i + p_u . q_i; init, loss and optimizer as stated."""
    inputs, probe = model_probe(student, data)
    judge_shapes(probe["standing_shapes"], data)
    judge_shapes(probe["fresh_shapes"], data)
    judge_forward(inputs, probe)
    judge_tables(numpy_weights(probe["fresh_weights"]), "a new `MF`")
    start = numpy_weights(probe["standing_weights"])
    judge_tables(start, "`model`")
    expect(
        abs(start["global_bias"] - data.train["rating"].mean()) < 1e-4,
        "`global_bias` of `model` should start at the mean of the training ratings.",
    )
    judge_criterion(inputs["pairs"], probe)
    judge_optimizer(probe)
    judge_steps(start, inputs["batches"], probe)


def judge_criterion(pairs, probe):
    """Require the mean squared error, and its gradient, on batches of several sizes."""
    expect(None not in probe["losses"], "`criterion` should give one number for a whole batch.")
    errors = [as_array(guess) - as_array(stars) for guess, stars in pairs]
    faults = {
        "adds the squared errors up: the mean is asked for": [np.sum(e**2) for e in errors],
        "is half of the mean squared error": [np.mean(e**2) / 2 for e in errors],
        "is the mean of absolute errors: they should be squared": [
            np.mean(np.abs(e)) for e in errors
        ],
        "takes a square root: the mean squared error has none": [
            np.sqrt(np.mean(e**2)) for e in errors
        ],
    }
    if not is_close(probe["losses"], [np.mean(e**2) for e in errors]):
        for fault, losses in faults.items():
            expect(not is_close(probe["losses"], losses), f"`criterion` {fault}.")
        expect(False, "`criterion` is not the mean squared error of a batch.")
    expect(
        all(slope is not None for slope in probe["loss_slopes"]),
        "No gradient comes out of `criterion`: it should not detach the predictions.",
    )
    expect(
        all(
            is_close(slope, 2 * e / len(e))
            for slope, e in zip(probe["loss_slopes"], errors, strict=True)
        ),
        "The gradient of `criterion` is not that of the mean squared error.",
    )


def judge_optimizer(probe):
    """Require an optimizer of the model's own tables, set as the lesson says in each of its groups."""
    for name in TABLES:
        expect(
            probe["owns"].get(name),
            f"`optimizer` does not hold `{name}` of `model`: make it after the model, of `model.parameters()`.",
        )
    for place, group in enumerate(probe["groups"]):
        whose = "`optimizer`" if place == 0 else "a later group of `optimizer`"
        expect(
            len(group["betas"]) == 2 and "eps" in group["numbers"],
            "`optimizer` is not Adam: it has no `betas`.",
        )
        for name, value in {"lr": LR, "weight_decay": WEIGHT_DECAY, "eps": 1e-8}.items():
            found = group["numbers"].get(name, 0.0)
            expect(
                abs(found - value) < value / 1000,
                f"`{name}` of {whose} should be {value}.",
            )
        expect(
            is_close(group["betas"], [0.9, 0.999], 1e-6),
            "`betas` of `optimizer` should be those that Adam has by itself, 0.9 and 0.999.",
        )
        for name, is_set in group["flags"].items():
            expect(not is_set, f"`{name}` of `optimizer` is set: leave it out.")


def judge_steps(start, batches, probe):
    """Require `optimizer` to move the tables down `criterion` as Adam does, one step a batch."""
    expect(probe["moved"] is not None, "No step of `optimizer` down `criterion` could be taken.")
    moved = numpy_weights(probe["moved"])

    def slopes_of(weights, batch):
        users, items, stars = (as_array(part) for part in batch)
        users, items = users.astype(int), items.astype(int)
        errors = predict(weights, users, items) - stars
        slopes = gradients(weights, users, items, 2 * errors / len(stars))
        return {name: slopes[name] for name in slopes if name in TABLES or probe["mean_learns"]}

    def is_moved_by(weight_decay):
        own = adam(start, slopes_of, batches, LR, weight_decay)
        return {name: is_close(moved[name], own[name]) for name in TABLES}

    agrees = is_moved_by(WEIGHT_DECAY)
    expect(
        all(agrees.values()) or not all(is_moved_by(0.0).values()),
        "`optimizer` does not decay the weights as Adam does, through the gradient (AdamW is another optimizer).",
    )
    for name, is_right in agrees.items():
        expect(
            is_right,
            f"`optimizer` moves `{name}` in another way than Adam with lr={LR} and weight_decay={WEIGHT_DECAY}.",
        )


def shapes_of(weights):
    """The shape of each table in a probe's weights."""
    return {name: weights[name].shape for name in TABLES}


def judge_shapes(shapes, data):
    """Require (users or items, factors) tables and one bias a user and item."""
    rows = {"user": data.num_users, "item": data.num_items}
    for name in TABLES:
        kind, _, table = name.partition("_")
        columns = N_FACTORS if table == "emb" else 1
        shape = tuple(shapes.get(name, ()))
        expect(
            shape != (columns, rows[kind]),
            f"The sizes of `{name}` are swapped: rows come first.",
        )
        expect(
            len(shape) == 2 and shape[0] == rows[kind],
            f"`{name}` should have one row for each {kind}: {rows[kind]}.",
        )
        word = "one column for each factor" if table == "emb" else "one column"
        expect(shape[1] == columns, f"`{name}` should have {word}: {columns}.")


TERMS = {
    "global_bias": "the mean",
    "user_bias": "the bias of the user",
    "item_bias": "the bias of the item",
    "user_emb": "the product of the factors",
}


def judge_forward(inputs, probe):
    """Require predictions and gradients of the small model to equal the grader's own."""
    users, items = inputs["users"].numpy(), inputs["items"].numpy()
    for name in TABLES:
        expect(
            tuple(probe["small_shapes"].get(name, ())) == inputs["values"][name].shape,
            f"`{name}` of `MF(7, 5, 3)` should have {inputs['values'][name].shape[0]} rows and {inputs['values'][name].shape[1]} columns: use the arguments of `__init__`.",
        )
    expect(probe["predicted"] is not None, "`forward` gives no tensor: look for its `return`.")
    expect(
        probe["predicted"].shape == (12,),
        "A batch of 12 pairs should give 12 predictions: look at `sum` and `squeeze`.",
    )
    expect(
        probe["alone"] is not None and probe["alone"].shape == (1,),
        "A batch of one pair should give one prediction: `squeeze()` needs its dimension.",
    )
    weights = numpy_weights({**inputs["values"], "global_bias": inputs["mu"]})
    expected = predict(weights, users, items)
    for name, words in TERMS.items():
        without = predict(weights | {name: np.zeros_like(weights[name])}, users, items)
        expect(not is_close(probe["predicted"], without), f"`forward` leaves out {words}.")
    expect(
        is_close(probe["predicted"], expected)
        or not is_close(probe["predicted"], np.clip(expected, 1, 5)),
        "`forward` clamps its predictions: a clamped one has no gradient.",
    )
    expect(
        is_close(probe["predicted"], expected),
        "`forward` gives something else than mu + b_u + b_i + p_u . q_i.",
    )
    expect(
        is_close(probe["alone"], expected[:1]),
        "A pair gets another prediction alone than in a batch.",
    )
    for name in probe["sparse"][:1]:
        expect(
            name not in TABLES,
            f"The gradient of `{name}` is sparse, and Adam takes none such: leave `sparse` out.",
        )
    slopes = gradients(weights, users, items, as_array(inputs["slopes"]))
    for name in TABLES:
        found = probe["gradients"].get(name)
        expect(found is not None, f"No gradient reaches `{name}`: `forward` detaches it.")
        expect(
            is_close(found, slopes[name].reshape(inputs["values"][name].shape)),
            f"The gradient of `{name}` is not that of the formula: look at `forward`.",
        )


def gradients(weights, users, items, slopes):
    """Gradients of sum(slopes * predictions), by name, each of the shape that `predict` wants.

    Parameters
    ----------
    weights, users, items : as in `predict`.
    slopes : array, one number a pair.
    """
    sums = {name: np.zeros_like(values) for name, values in weights.items()}
    np.add.at(sums["user_emb"], users, slopes[:, None] * weights["item_emb"][items])
    np.add.at(sums["item_emb"], items, slopes[:, None] * weights["user_emb"][users])
    np.add.at(sums["user_bias"], users, slopes)
    np.add.at(sums["item_bias"], items, slopes)
    return sums | {"global_bias": slopes.sum()}


def judge_tables(weights, whose):
    """Require factors that start as N(0, 0.01) numbers, and biases that start at 0."""
    for name in ("user_emb", "item_emb"):
        values = weights[name]
        expect(values.any(), f"`{name}` of {whose} starts at 0: factors that are all 0 never move.")
        expect(
            abs(values.mean()) < 0.002 and 0.008 < values.std() < 0.012,
            f"`{name}` of {whose} should start with mean 0 and standard deviation 0.01.",
        )
        kurtosis = np.mean((values - values.mean()) ** 4) / values.std() ** 4
        expect(2.5 < kurtosis < 3.5, f"`{name}` of {whose} should start as normal numbers.")
    for name in ("user_bias", "item_bias"):
        expect(not weights[name].any(), f"`{name}` of {whose} should start at 0.")


WEIGHTS_PROBE = """
import torch

weights = {name: getattr(model, name).weight.detach() for name in tables}
global_bias = float(torch.as_tensor(model.global_bias).detach())
"""

EVALUATE_PROBE = """
import torch

class ConstantModel(torch.nn.Module):
    def forward(self, users, items):
        return torch.full((len(users),), level, device=users.device)

scores = []
for level in levels:
    rated = torch.utils.data.TensorDataset(users, items, stars)
    with stand_in(model=ConstantModel()):
        scores.append(float(evaluate(torch.utils.data.DataLoader(rated, batch_size=3))))
"""


def weights_of(student, data):
    """The weights in the student's model as float64 arrays of the right shapes."""
    kinds = {"weights": record(**dict.fromkeys(TABLES, array)), "global_bias": number}
    probe = ask(student, WEIGHTS_PROBE, kinds, tables=list(TABLES))
    judge_shapes(shapes_of(probe["weights"]), data)
    return numpy_weights(probe["weights"] | {"global_bias": probe["global_bias"]})


def rmse_on(weights, frame):
    """RMSE of the clamped predictions on an indexed frame, in stars."""
    predicted = predict(weights, frame["user_idx"].to_numpy(), frame["item_idx"].to_numpy())
    return float(np.sqrt(np.mean((np.clip(predicted, 1, 5) - frame["rating"].to_numpy()) ** 2)))


@check("mf-train")
def the_best_epoch_is_back_and_predicts_withheld_ratings(student, data):
    """Weights give the reported RMSE, beat bias-only on withheld ratings, and were not fitted to validation or test."""
    judge_evaluate(student)
    weights = weights_of(student, data)
    says = reported(student)
    expect(
        weights["user_bias"].any(),
        "`user_bias` is still 0 in every row, so no step has moved the model: gradients are cleared, computed, and then used by `step`.",
    )
    judge_epoch(student)
    train_curve = judge_curves(student, says["best_val"])
    judge_training("mf", student, lambda frame: rmse_on(weights, frame), data, says)
    judge_pass(student, weights, data, train_curve[int(says["best_epoch"]) - 1])


PASS_PROBE = f"""
{EPOCH_PROBE}
returned, stands = None, False
if "train_epoch" in own and can_run(train_epoch):
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before = {{name: getattr(model, name).weight.detach().clone() for name in tables}}
    try:
        returned = float(train_epoch())
    except Exception:
        returned = None
    stands = all(torch.equal(before[name], getattr(model, name).weight) for name in tables)
"""


def judge_pass(student, weights, data, listed):
    """Require `train_epoch` to return the RMSE of the ratings that it passed over.

    Where steps of length 0 leave the weights as they are, that RMSE is theirs, clamped or not, up to the
    few per cent by which a mean over batches differs from one over ratings.

    Parameters
    ----------
    listed : entry of `train_curve` at the best epoch, in stars, which is judged more coarsely.
    """
    users, items = (data.train[name].to_numpy() for name in ("user_idx", "item_idx"))
    error = predict(weights, users, items) - data.train["rating"].to_numpy()
    low, high = 0.97 * rmse_on(weights, data.train), 1.03 * np.sqrt(np.mean(error**2))
    kinds = {"returned": maybe(number), "stands": flag}
    probe = ask(student, PASS_PROBE, kinds, tables=list(TABLES))
    found, batches = probe["returned"], len(batch_sizes(len(error)))
    if probe["stands"] and found is not None and not low < found < high:
        expect(
            not low**2 < found < high**2,
            "`train_epoch` returns the mean squared error: its root is the RMSE.",
        )
        expect(
            not low < found * np.sqrt(len(error) / batches) < high,
            "`train_epoch` divides a sum of batch means by the number of ratings: each mean counts as often as its batch has ratings.",
        )
        expect(
            False,
            "`train_epoch` returns another number than the RMSE of the ratings that it passes over.",
        )
    expect(
        0.8 * low < listed < 1.1 * data.train["rating"].std(),
        "`train_curve` holds at `best_epoch` no RMSE that the training ratings could have had.",
    )


def judge_evaluate(student):
    """Require `evaluate` to be the RMSE of clamped predictions, batches of unequal size included."""
    stars = np.array([5.0, 4.0, 1.0, 2.0, 3.0, 5.0, 5.0])
    levels = [7.0, 3.25, -2.0]
    index = torch.arange(7)
    inputs = {"levels": levels, "users": index, "items": index.clone()}
    inputs["stars"] = torch.tensor(stars, dtype=torch.float32)
    scores = ask(student, EVALUATE_PROBE, {"scores": many(number)}, **inputs)["scores"]
    errors = [np.clip(level, 1, 5) - stars for level in levels]
    faults = {
        "does not clamp the predictions to 1 to 5": [
            np.sqrt(np.mean((level - stars) ** 2)) for level in levels
        ],
        "gives the squared error: take the root": [np.mean(e**2) for e in errors],
        "gives the mean of the absolute errors: square them": [np.mean(abs(e)) for e in errors],
        "averages over batches, which may be of unequal size: average over ratings": [
            np.mean([np.sqrt(np.mean(e[i : i + 3] ** 2)) for i in (0, 3, 6)]) for e in errors
        ],
    }
    if is_close(scores, [np.sqrt(np.mean(e**2)) for e in errors]):
        return
    for fault, wrong in faults.items():
        expect(not is_close(scores, wrong), f"`evaluate` {fault}.")
    expect(
        False,
        "`evaluate` is not the RMSE of the clamped predictions over all ratings of the loader.",
    )


STEP_PROBE = f"""
{EPOCH_PROBE}
moved, mean_learns = None, False
if "train_epoch" in own and can_run(train_epoch):
    small = MF(7, 5, 3).to(next(model.parameters()))
    for name in tables:
        getattr(small, name).weight.data.copy_(values[name])
    mean_learns = isinstance(small.global_bias, torch.nn.Parameter)
    if isinstance(small.global_bias, torch.Tensor):
        small.global_bias.data.fill_(mu)
    else:
        small.global_bias = mu
    loader = probe_loader([users, items, stars], train_loader)
    optimizer = torch.optim.SGD(small.parameters(), lr=step_size)
    with stand_in(model=small, optimizer=optimizer, train_loader=loader, train_dataset=loader.dataset):
        after = pass_over(train_epoch, small)
    moved = after and {{name: after[0][name + ".weight"] for name in tables}}
"""


def judge_epoch(student):
    """Require `train_epoch` to take one step down the mean squared error a batch, where it can be run on two batches."""
    inputs = small_model()
    # Half of the predictions lie above 5, where clamping them would leave no gradient.
    without_mu = numpy_weights({**inputs["values"], "global_bias": 0.0})
    middle = np.median(predict(without_mu, inputs["users"].numpy(), inputs["items"].numpy()))
    inputs |= {"mu": 5.0 - float(middle), "stars": torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0, 5.0] * 2)}
    kinds = {"moved": maybe(record(**dict.fromkeys(TABLES, array))), "mean_learns": flag}
    probe = ask(student, STEP_PROBE, kinds, step_size=STEP_SIZE, **inputs)
    start, moved = inputs["values"], probe["moved"]
    if moved is None or all(is_close(moved[name], start[name], 0) for name in TABLES):
        return

    def is_moved_by(**fault):
        weights = two_steps(inputs, probe["mean_learns"], **fault)
        return all(
            is_close(moved[name], weights[name].reshape(start[name].shape)) for name in TABLES
        )

    if is_moved_by():
        return
    for fault, changes in STEP_FAULTS.items():
        expect(not is_moved_by(**changes), f"`train_epoch` {fault}.")
    expect(
        False,
        "`train_epoch` does not take one step a batch down the mean squared error: look at what goes into the loss, and at the calls of the step.",
    )


def slopes_of_mse(predicted, stars):
    """Gradient of the mean squared error with respect to the predictions."""
    return 2 * (predicted - stars) / len(stars)


STEP_FAULTS = {
    "clamps the predictions in the loss: a clamped one has no gradient": {
        "slopes_of": lambda predicted, stars: (
            slopes_of_mse(predicted.clip(1, 5), stars) * ((predicted > 1) & (predicted < 5))
        )
    },
    "steps down the sum of squared errors: their mean is the loss": {
        "slopes_of": lambda predicted, stars: 2 * (predicted - stars)
    },
    "steps down the root of the loss: the loss has none": {
        "slopes_of": lambda predicted, stars: (
            (predicted - stars) / len(stars) / np.sqrt(np.mean((predicted - stars) ** 2))
        )
    },
    "steps down the absolute error: the loss squares it": {
        "slopes_of": lambda predicted, stars: np.sign(predicted - stars) / len(stars)
    },
    "adds the gradients of earlier batches to those of this one: clear them in time": {"kept": 1.0},
    "leaves its loop after the first batch": {"batches": 1},
    "moves the model twice as far as the gradients of a batch say: compute them once, step once": {
        "times": 2.0
    },
}


def two_steps(inputs, mean_learns, slopes_of=slopes_of_mse, kept=0.0, times=1.0, batches=2):
    """Weights, as `predict` wants them, after two plain gradient steps on the batch of a probe's inputs.

    Parameters
    ----------
    mean_learns : whether the global bias moves too.
    slopes_of : function from predictions and stars to the gradient of the loss in the predictions.
    kept : share of the gradients of the first step that is left in those of the second.
    times : how often the gradients of a batch count.
    batches : how many steps are taken.
    """
    weights = numpy_weights({**inputs["values"], "global_bias": inputs["mu"]})
    users, items, stars = (as_array(inputs[name]) for name in ("users", "items", "stars"))
    users, items = users.astype(int), items.astype(int)
    moves = {name: np.zeros_like(value) for name, value in weights.items()}
    for _ in range(batches):
        slopes = times * slopes_of(predict(weights, users, items), stars)
        new = gradients(weights, users, items, slopes)
        moves = {name: kept * moves[name] + new[name] for name in weights}
        rates = dict.fromkeys(weights, STEP_SIZE) | {"global_bias": STEP_SIZE * mean_learns}
        weights = {name: weights[name] - rates[name] * moves[name] for name in weights}
    return weights


@check("mf-complete")
def the_matrix_holds_ratings_where_given_and_clamped_predictions_elsewhere(student, data):
    """R_hat_full is the model on every pair, clamped; completed_full keeps every rating and fills every gap."""
    weights = weights_of(student, data)
    bias = weights["global_bias"] + weights["user_bias"][:, None] + weights["item_bias"][None, :]
    predicted = np.clip(bias + weights["user_emb"] @ weights["item_emb"].T, 1, 5)
    R_hat = as_array(*read(student, "R_hat_full"), predicted.shape)
    expect(
        R_hat is not None,
        "`R_hat_full` is no array of users by items: look at the grids, and at `reshape`.",
    )
    expect(not np.isnan(R_hat).any(), "`R_hat_full` holds cells that are no number.")
    expect(
        R_hat.min() >= 1 - 1e-6 and R_hat.max() <= 5 + 1e-6,
        "`R_hat_full` has cells below 1 or above 5: clamp the predictions.",
    )
    same = {"row": np.ptp(R_hat, axis=0).max() < 1e-6, "column": np.ptp(R_hat, axis=1).max() < 1e-6}
    for word, is_same in same.items():
        grid = {"row": "user", "column": "item"}[word]
        expect(not is_same, f"Every {word} of `R_hat_full` is the same: look at the {grid} grid.")
    far = np.abs(R_hat - predicted).max()
    expect(
        far < 1e-3 or far > 0.6,
        "`R_hat_full` is near the predictions of the model, and differs from them: take them as they are, of the model as it stands, not rounded.",
    )
    in_order = far < 1e-3 or not np.allclose(
        np.sort(R_hat, None), np.sort(predicted, None), atol=1e-3
    )
    expect(
        in_order,
        "`R_hat_full` holds the right predictions in the wrong places: look at both grids, and at `reshape`.",
    )
    expect(
        is_close(R_hat, predicted, 1e-3),
        "A cell of `R_hat_full` should hold the prediction for its own user and item: look at both grids.",
    )
    completed(student, "R_hat_df_full", "completed_full", predicted, data)


RECOMMEND_PROBE = """
import pandas

def probe_read(got):
    if not isinstance(got, pandas.DataFrame):
        return None
    columns = [got.iloc[:, place].tolist() for place in range(min(got.shape[1], 4))]
    return {"names": [str(name) for name in got.columns][:4], "columns": columns}

lists = [probe_read(recommend(user_id, n)) for user_id, n in requests]
default = probe_read(recommend(requests[0][0]))
"""


@check("mf-recommend")
def recommend_lists_the_best_unseen_movies_with_their_titles(student, data):
    """N rows movieId, title, score, best first, none rated by the user; ties may stand in any order."""
    (scores,) = read(student, "R_hat_df_full")
    observed = ratings_matrix(data)
    is_table = isinstance(scores, pd.DataFrame)
    expect(
        is_table and has_labels(scores, observed.index, observed.columns) and is_finite(scores),
        "`R_hat_df_full` should hold a prediction for every user id and movie id.",
    )
    scores = pd.DataFrame(as_array(scores), observed.index, observed.columns)
    requests = recommend_requests(scores.to_numpy(), observed.notna().to_numpy(), data)
    got = maybe(record(names=many(text), columns=many(many(a(*NUMBERS, str, type(None))))))
    kinds = {"lists": many(got, len(requests)), "default": got}
    probe = ask(student, RECOMMEND_PROBE, kinds, requests=requests)
    titles = data.movies.set_index("movieId")["title"]
    lists = [*zip(requests, probe["lists"], strict=True), ((requests[0][0], 10), probe["default"])]
    for (user_id, n), answer in lists:
        judge_list(answer, scores.loc[user_id], observed.loc[user_id], titles, n)


def is_finite(frame):
    """Whether every cell of a frame is a finite number."""
    values = as_array(frame)
    return values is not None and bool(np.isfinite(values).all())


def recommend_requests(scores, seen, data):
    """(user id, n) pairs: some at random, and for some n the user whose n-th unseen film stands lowest among all scores.

    Parameters
    ----------
    scores : (users, items) array, stars.
    seen : (users, items) array of bool, true where there is a rating.
    """
    ranked = np.take_along_axis(seen, np.argsort(-scores, axis=1), axis=1)
    unseen = np.cumsum(~ranked, axis=1)
    sizes = [size for size in (10, 1, 3, 30, 100, 300) if size <= unseen[:, -1].max()]
    depth = {
        size: np.where(unseen[:, -1] >= size, (unseen < size).sum(axis=1), -1) for size in sizes
    }
    requests = [(int(data.user_ids[depth[size].argmax()]), size) for size in sizes]
    others = np.random.default_rng().choice(data.user_ids, 3, replace=False)
    return requests + [
        (int(user), n)
        for user, n in zip((requests[0][0], *others), (data.num_items + 5, 10, 7, 1), strict=True)
    ]


def judge_list(got, scores, observed, titles, n):
    """Require the n highest scores among the gaps of one user, each with its own title.

    Parameters
    ----------
    got : what `recommend` returned, as names and columns; None for no DataFrame.
    scores, observed : rows of one user, indexed by movie id, in stars; NaN where there is no rating.
    titles : Series of titles by movie id.
    n : how many were asked for.
    """
    expect(got is not None, "`recommend` should return a DataFrame.")
    expect(
        got["names"] == ["movieId", "title", "score"] and len(got["columns"]) == 3,
        "`recommend` should return the columns movieId, title, score.",
    )
    unseen = scores[observed.isna().to_numpy()]
    best = np.sort(unseen.to_numpy())[::-1][:n]
    rows = len(got["columns"][0])
    expect(
        rows == len(best) == len(got["columns"][2]),
        "`recommend` gives another number of rows than it should: n, or all unseen movies where there are fewer.",
    )
    ids, own_scores = (as_array(got["columns"][place]) for place in (0, 2))
    expect(ids is not None, "`movieId` should hold the ids of movies, which are numbers.")
    expect(np.isin(ids, scores.index).all(), "`movieId` holds numbers that are no movie ids.")
    expect(np.isin(ids, unseen.index).all(), "`recommend` lists a movie that the user has rated.")
    expect(len(np.unique(ids)) == len(ids), "`recommend` lists a movie twice.")
    expect(
        own_scores is not None and bool((np.diff(own_scores) <= 1e-9).all()),
        "`score` should be numbers that fall from row to row: the best movie comes first.",
    )
    ids = ids.astype(int)
    expect(
        is_close(own_scores, scores[ids]),
        "`score` should be the prediction for that user and movie in `R_hat_df_full`.",
    )
    expect(
        is_close(own_scores, best),
        "`recommend` leaves out an unseen movie with a higher score than one that it lists.",
    )
    expect(
        got["columns"][1] == list(titles[ids]),
        "`title` should be that of the movie in the same row.",
    )
