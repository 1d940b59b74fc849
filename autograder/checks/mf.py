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
from autograder.checks.training import EPOCH_PROBE, completed, judge_training

N_FACTORS = 100
BATCH_SIZE = 1024
STEP_SIZE = 0.05
COLUMNS = ("user_idx", "item_idx", "rating")


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

def probe_read(frame):
    if not isinstance(frame, pandas.DataFrame):
        return None
    columns = {name: numpy.asarray(frame[name].tolist()[:100_000]) for name in asked if name in frame}
    return {"length": len(frame), "columns": columns}

parts = {
    name: probe_read(frame)
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
    probe = ask(student, SPLIT_PROBE, kinds, asked=list(COLUMNS))
    frames = probe["parts"]
    for name in sizes:
        expect(frames[name] is not None, f"`{name}` should be a DataFrame.")
    for name in sizes:
        expect(
            frames[name]["length"] == sizes[name],
            f"`{name}` has the wrong number of rows: look at `test_size`.",
        )
    expect(
        probe["temp_length"] == sizes["val_df"] + sizes["test_df"],
        "`temp_df` is what is put aside: 20 % of the rows.",
    )
    for name, own in (("train_df", data.train), ("val_df", data.val), ("test_df", data.test)):
        columns = frames[name]["columns"]
        missing = set(COLUMNS) - set(columns)
        expect(not missing, f"`{name}` lacks the column {', '.join(sorted(missing))}.")
        rows = sorted_triples([columns[column] for column in COLUMNS], len(own))
        expect(
            is_close(rows, triples(own)),
            f"`{name}` does not hold the rows it should: look at what you split, and at `random_state`.",
        )


DATASET_PROBE = """
import torch

def probe_gather(loader):
    batches = [[torch.as_tensor(part) for part in batch] for batch in loader]
    columns = [torch.cat([batch[place] for batch in batches])[:100_000] for place in range(3)]
    return {"sizes": [len(batch[0]) for batch in batches], "columns": columns}

passes = [probe_gather(train_loader), probe_gather(train_loader), probe_gather(val_loader), probe_gather(test_loader)]
lengths = [len(train_dataset), len(val_dataset), len(test_dataset)]
samples = [[float(part) for part in train_dataset[place]] for place in places]
small = [[float(part) for part in RatingDataset(frame)[place]] for place in range(len(frame))]
"""


@check("mf-dataset")
def loaders_hold_exactly_their_split_in_batches_of_1024(student, data):
    """One sample is (user_idx, item_idx, rating); only the training loader shuffles, nothing is lost or added."""
    rng = np.random.default_rng()
    places = [int(place) for place in rng.integers(0, len(data.train), 20)]
    frame = data.ratings.head(4).assign(
        user_idx=[3, 1, 4, 1], item_idx=[9, 2, 6, 5], rating=[1.5, 2.5, 4.0, 3.0]
    )
    loaded = record(sizes=many(number), columns=many(tensor, 3))
    kinds = {"passes": many(loaded, 4), "lengths": many(number)}
    kinds |= {"samples": many(many(number)), "small": many(many(number))}
    probe = ask(student, DATASET_PROBE, kinds, places=places, frame=frame)
    expect(
        probe["lengths"] == [len(data.train), len(data.val), len(data.test)],
        "Each data set needs one sample for each row of its frame: look at `__len__`.",
    )
    expect(
        is_close(probe["small"], frame[["user_idx", "item_idx", "rating"]].to_numpy()),
        "A sample should be (user_idx, item_idx, rating) of its row: look at `__init__`.",
    )
    parts = (data.train, data.train, data.val, data.test)
    for part, own in zip(probe["passes"], parts, strict=True):
        expect(part["sizes"] == batch_sizes(len(own)), f"Batches should hold {BATCH_SIZE} samples.")
        expect(part["columns"][2].is_floating_point(), "The stars of a batch should be floats.")
        expect(
            is_close(sorted_triples(part["columns"], len(own)), triples(own)),
            "A loader does not hold exactly the ratings of its split.",
        )
    own = triples(data.train)
    expect(
        len(probe["samples"]) == len(places)
        and all(
            len(sample) == 3 and (own == sample).all(axis=1).any() for sample in probe["samples"]
        ),
        "`train_dataset` should give samples of the training part.",
    )
    first, second = (as_array(part["columns"][0]) for part in probe["passes"][:2])
    expect(
        not np.array_equal(first, second), "The training loader should shuffle anew in each pass."
    )


def batch_sizes(count):
    """Sizes of the batches of `count` samples: the last one holds what is left."""
    return [min(BATCH_SIZE, count - start) for start in range(0, count, BATCH_SIZE)]


MODEL_PROBE = """
import torch

def weights_of(network):
    weights = {name: getattr(network, name).weight.detach().clone() for name in tables}
    return weights | {"global_bias": float(torch.as_tensor(network.global_bias).detach())}

standing, fresh, small = model, MF(num_users, num_items), MF(7, 5, 3)
with torch.no_grad():
    for name in tables:
        getattr(small, name).weight.copy_(values[name])
    if isinstance(small.global_bias, torch.Tensor):
        small.global_bias.data.fill_(mu)
    else:
        small.global_bias = mu
small.train()
predicted = small(users, items)
alone = small(users[:1], items[:1])
(predicted * slopes).sum().backward()
gradients = {name: getattr(small, name).weight.grad for name in tables}
standing_shapes = {name: list(getattr(standing, name).weight.shape) for name in tables}
fresh_weights = weights_of(fresh)
predicted, alone = predicted.detach(), alone.detach()
loss = float(criterion(torch.tensor([7.0, 1.0]), torch.tensor([5.0, 1.0])))
owned = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
settings = {
    "kind": type(optimizer).__name__,
    "lr": float(optimizer.param_groups[0]["lr"]),
    "weight_decay": float(optimizer.param_groups[0]["weight_decay"]),
    "owns_model": all(id(getattr(standing, name).weight) in owned for name in tables),
}
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


def model_probe(student):
    """Ask for weights, predictions and gradients of three models: the student's, a fresh one, a small one.

    Returns
    -------
    (inputs, answers) : two dicts, the probe's inputs and what the student's code made of them.
    """
    slopes = torch.tensor(np.random.default_rng().normal(size=12), dtype=torch.float32)
    inputs = {**small_model(), "slopes": slopes}
    weights = record(**dict.fromkeys(TABLES, array), global_bias=number)
    kinds = {"standing_shapes": mapping(many(number)), "fresh_weights": weights}
    kinds |= {
        "predicted": array,
        "alone": array,
        "gradients": mapping(maybe(array)),
        "loss": number,
    }
    kinds["settings"] = record(kind=text, lr=number, weight_decay=number, owns_model=flag)
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
    inputs, probe = model_probe(student)
    judge_shapes(probe["standing_shapes"], data)
    judge_forward(inputs, probe)
    judge_shapes(shapes_of(probe["fresh_weights"]), data)
    judge_start(numpy_weights(probe["fresh_weights"]), data)
    expect(abs(probe["loss"] - 2.0) < 1e-5, "`criterion` should be the mean squared error.")
    settings = probe["settings"]
    expect(
        settings["owns_model"],
        "`optimizer` does not hold the parameters of `model`: make it after the model.",
    )
    expect(settings["kind"] == "Adam", "`optimizer` should be Adam.")
    expect(
        is_close([settings["lr"], settings["weight_decay"]], [0.005, 1e-5], 1e-8),
        "`optimizer` should have lr=0.005 and weight_decay=1e-5.",
    )


def shapes_of(weights):
    """The shape of each table in a probe's weights."""
    return {name: weights[name].shape for name in TABLES}


def judge_shapes(shapes, data):
    """Require (users or items, factors) tables and one bias a user and item."""
    sizes = {"user_emb": (data.num_users, N_FACTORS), "item_emb": (data.num_items, N_FACTORS)}
    sizes |= {"user_bias": (data.num_users, 1), "item_bias": (data.num_items, 1)}
    for name, shape in sizes.items():
        expect(
            tuple(shapes.get(name, ())) == shape,
            f"`{name}` has the wrong shape: one row a user or item, one column a factor.",
        )


def judge_forward(inputs, probe):
    """Require predictions and gradients of the small model to equal the grader's own."""
    users, items = inputs["users"].numpy(), inputs["items"].numpy()
    weights = numpy_weights({**inputs["values"], "global_bias": inputs["mu"]})
    expected = predict(weights, users, items)
    expect(
        probe["predicted"].shape == (12,),
        "A batch of 12 pairs should give 12 predictions: look at `sum` and `squeeze`.",
    )
    expect(
        probe["alone"].shape == (1,),
        "A batch of one pair should give one prediction: `squeeze()` needs its dimension.",
    )
    expect(
        is_close(probe["predicted"], expected),
        "`forward` should add the mean, both biases and the product of the factors.",
    )
    expect(
        is_close(probe["alone"], expected[:1]),
        "A pair should get the same prediction alone as in a batch.",
    )
    expected = gradients(weights, users, items, as_array(inputs["slopes"]))
    for name in TABLES:
        expect(
            is_close(
                probe["gradients"].get(name), expected[name].reshape(inputs["values"][name].shape)
            ),
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


def judge_start(weights, data):
    """Require small random factors, zero biases and the mean of the training ratings."""
    for name in ("user_emb", "item_emb"):
        values = weights[name]
        expect(
            abs(values.mean()) < 0.002 and 0.008 < values.std() < 0.012,
            f"`{name}` should start as normal numbers of standard deviation 0.01.",
        )
    for name in ("user_bias", "item_bias"):
        expect(not weights[name].any(), f"`{name}` should start at 0.")
    expect(
        abs(weights["global_bias"] - data.train["rating"].mean()) < 1e-4,
        "`global_bias` should start at the mean of the training ratings.",
    )


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
    judge_training("mf", student, lambda frame: rmse_on(weights, frame), data)
    judge_epoch(student)


def judge_evaluate(student):
    """Require `evaluate` to be the RMSE of clamped predictions, batches of unequal size included."""
    stars = np.array([5.0, 4.0, 1.0, 2.0, 3.0, 5.0, 5.0])
    levels = [7.0, 3.25, -2.0]
    index = torch.arange(7)
    inputs = {"levels": levels, "users": index, "items": index.clone()}
    inputs["stars"] = torch.tensor(stars, dtype=torch.float32)
    scores = ask(student, EVALUATE_PROBE, {"scores": many(number)}, **inputs)["scores"]
    expected = [np.sqrt(np.mean((np.clip(level, 1, 5) - stars) ** 2)) for level in levels]
    expect(
        is_close(scores, expected),
        "`evaluate` should be the RMSE of predictions clamped to 1 to 5 over all ratings of the loader.",
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
    weights = two_steps(inputs, probe["mean_learns"])
    expect(
        all(is_close(moved[name], weights[name].reshape(start[name].shape)) for name in TABLES),
        "`train_epoch` should take one step a batch down the mean squared error: look at what goes into the loss, and at the calls of the step.",
    )


def two_steps(inputs, mean_learns):
    """Weights, as `predict` wants them, after two plain gradient steps on the batch of a probe's inputs."""
    weights = numpy_weights({**inputs["values"], "global_bias": inputs["mu"]})
    users, items, stars = (as_array(inputs[name]) for name in ("users", "items", "stars"))
    users, items = users.astype(int), items.astype(int)
    for _ in range(2):
        slopes = 2 * (predict(weights, users, items) - stars) / len(stars)
        moves = gradients(weights, users, items, slopes)
        moves["global_bias"] = moves["global_bias"] * mean_learns
        weights = {name: weights[name] - STEP_SIZE * moves[name] for name in weights}
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
        "`R_hat_full` should be users by items: look at the grids.",
    )
    expect(
        R_hat.min() >= 1 - 1e-6 and R_hat.max() <= 5 + 1e-6,
        "`R_hat_full` should be clamped to 1 to 5.",
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
    expect(
        all(len(column) == len(best) for column in got["columns"]),
        "`recommend` should return n rows, or all unseen movies where there are fewer.",
    )
    ids, own_scores = (as_array(got["columns"][place]) for place in (0, 2))
    expect(
        ids is not None and len(np.unique(ids)) == len(ids) and np.isin(ids, unseen.index).all(),
        "`recommend` should list each movie once, and none that the user has rated.",
    )
    expect(
        is_close(own_scores, best),
        "`recommend` should list the highest scores among the unseen movies, best first.",
    )
    ids = ids.astype(int)
    expect(
        is_close(own_scores, scores[ids]),
        "`score` should be the prediction for that movie in `R_hat_df_full`.",
    )
    expect(
        got["columns"][1] == list(titles[ids]),
        "`title` should be that of the movie in the same row.",
    )
