"""Hidden checks of lesson 2 (`mf`): split, batches, model, training, completion, recommendation.

Predictions are the grader's own forward pass over the weights in the model; a number that the notebook
prints is only ever compared with what those weights give on the grader's own ratings.
"""

import numpy as np
import pandas as pd
import torch

from autograder.checks.compare import as_array, is_close, table
from autograder.checks.registry import check, expect
from autograder.checks.svd import ratings_matrix
from autograder.checks.training import completed, judge_training, reported

N_FACTORS = 100
BATCH_SIZE = 1024


def triples(frame):
    """(user_idx, item_idx, rating) of a frame, (n, 3) float64, in lexicographic order of the indices."""
    columns = frame[["user_idx", "item_idx", "rating"]].to_numpy(dtype=np.float64)
    return columns[np.lexsort((columns[:, 1], columns[:, 0]))]


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
parts = {
    name: frame[[column for column in columns if column in frame]]
    for name, frame in [("train_df", train_df), ("temp_df", temp_df), ("val_df", val_df), ("test_df", test_df)]
}
"""


@check("mf-split")
def every_rating_is_in_exactly_one_part_of_the_80_10_10_split(student, data):
    """The three frames are the split of random_state 42, with indices in the order of the sorted ids."""
    columns = ["user_idx", "item_idx", "rating"]
    frames = student.evaluate(SPLIT_PROBE, returns=["parts"], columns=columns)["parts"]
    for name, frame in frames.items():
        expect(isinstance(frame, pd.DataFrame), f"`{name}` should be a DataFrame.")
    sizes = {"train_df": len(data.train), "val_df": len(data.val), "test_df": len(data.test)}
    for name, size in sizes.items():
        expect(
            len(frames[name]) == size,
            f"`{name}` has the wrong number of rows: look at `test_size`.",
        )
    expect(
        len(frames["temp_df"]) == len(data.val) + len(data.test),
        "`temp_df` is what is put aside: 20 % of the rows.",
    )
    for name, own in (("train_df", data.train), ("val_df", data.val), ("test_df", data.test)):
        missing = set(columns) - set(frames[name].columns)
        expect(not missing, f"`{name}` lacks the column {', '.join(sorted(missing))}.")
        expect(
            is_close(triples(frames[name]), triples(own)),
            f"`{name}` does not hold the rows it should: look at what you split, and at `random_state`.",
        )


DATASET_PROBE = """
import torch

def gather(loader):
    batches = [[torch.as_tensor(part) for part in batch] for batch in loader]
    columns = [torch.cat([batch[place] for batch in batches])[:100_000] for place in range(3)]
    return {"sizes": [len(batch[0]) for batch in batches], "columns": columns}

passes = [gather(train_loader), gather(train_loader), gather(val_loader), gather(test_loader)]
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
    probe = student.evaluate(
        DATASET_PROBE, returns=["passes", "lengths", "samples", "small"], places=places, frame=frame
    )
    expect(
        probe["lengths"] == [len(data.train), len(data.val), len(data.test)],
        "Each data set needs one sample for each row of its frame: look at `__len__`.",
    )
    expect(
        is_close(probe["small"], frame[["user_idx", "item_idx", "rating"]].to_numpy()),
        "A sample should be (user_idx, item_idx, rating) of its row: look at `__init__`.",
    )
    for part, own in zip(
        probe["passes"], (data.train, data.train, data.val, data.test), strict=True
    ):
        expect(
            part["sizes"][0] == min(BATCH_SIZE, len(own)),
            f"Batches should hold {BATCH_SIZE} samples.",
        )
        expect(part["columns"][2].is_floating_point(), "The stars of a batch should be floats.")
        rows = pd.DataFrame(
            {
                name: as_array(column)
                for name, column in zip(
                    ("user_idx", "item_idx", "rating"), part["columns"], strict=True
                )
            }
        )
        expect(
            is_close(triples(rows), triples(own)),
            "A loader does not hold exactly the ratings of its split.",
        )
    sample_set = {tuple(row) for row in triples(data.train)}
    expect(
        all(tuple(sample) in sample_set for sample in probe["samples"]),
        "`train_dataset` should give samples of the training part.",
    )
    first, second = (as_array(part["columns"][0]) for part in probe["passes"][:2])
    expect(
        not np.array_equal(first, second), "The training loader should shuffle anew in each pass."
    )


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
standing_weights, fresh_weights, small_weights = weights_of(standing), weights_of(fresh), weights_of(small)
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


def model_probe(student):
    """Ask for weights, predictions and gradients of three models: the student's, a fresh one, a small one.

    Returns
    -------
    (inputs, answers) : two dicts, the probe's inputs and what the student's code made of them.
    """
    rng = np.random.default_rng()
    shapes = {"user_emb": (7, 3), "item_emb": (5, 3), "user_bias": (7, 1), "item_bias": (5, 1)}
    inputs = {
        "values": {
            name: torch.tensor(rng.normal(size=shape), dtype=torch.float32)
            for name, shape in shapes.items()
        },
        "mu": float(rng.uniform(2, 4)),
        "users": torch.tensor(rng.integers(0, 7, 12)),
        "items": torch.tensor(rng.integers(0, 5, 12)),
        "slopes": torch.tensor(rng.normal(size=12), dtype=torch.float32),
        "tables": list(TABLES),
    }
    returns = [
        "standing_weights",
        "fresh_weights",
        "small_weights",
        "predicted",
        "alone",
        "gradients",
        "loss",
        "settings",
    ]
    return inputs, student.evaluate(MODEL_PROBE, returns=returns, **inputs)


def numpy_weights(weights):
    """float64 arrays as `predict` wants them; biases lose their second dimension."""
    arrays = {name: as_array(weights[name]) for name in (*TABLES, "global_bias")}
    return arrays | {name: arrays[name].reshape(-1) for name in ("user_bias", "item_bias")}


@check("mf-model")
def the_model_is_bias_plus_taste_and_starts_at_the_mean(student, data):
    """Tables have one row a user or item; forward is mu + b_u + b_i + p_u . q_i; init, loss and optimizer as stated."""
    inputs, probe = model_probe(student)
    judge_shapes(probe["standing_weights"], data)
    judge_forward(inputs, probe)
    judge_start(probe["fresh_weights"], data)
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


def judge_shapes(weights, data):
    """Require (users or items, factors) tables and one bias a user and item."""
    sizes = {"user_emb": (data.num_users, N_FACTORS), "item_emb": (data.num_items, N_FACTORS)}
    sizes |= {"user_bias": (data.num_users, 1), "item_bias": (data.num_items, 1)}
    for name, shape in sizes.items():
        expect(
            tuple(weights[name].shape) == shape,
            f"`{name}` has the wrong shape: one row a user or item, one column a factor.",
        )


def judge_forward(inputs, probe):
    """Require predictions and gradients of the small model to equal the grader's own."""
    users, items = inputs["users"].numpy(), inputs["items"].numpy()
    weights = numpy_weights({**inputs["values"], "global_bias": inputs["mu"]})
    expected = predict(weights, users, items)
    expect(
        np.shape(probe["predicted"]) == (12,),
        "A batch of 12 pairs should give 12 predictions: look at `sum` and `squeeze`.",
    )
    expect(
        np.shape(probe["alone"]) == (1,),
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
    slopes = as_array(inputs["slopes"])
    gradients = {
        "user_emb": np.zeros((7, 3)),
        "item_emb": np.zeros((5, 3)),
        "user_bias": np.zeros((7, 1)),
        "item_bias": np.zeros((5, 1)),
    }
    np.add.at(gradients["user_emb"], users, slopes[:, None] * weights["item_emb"][items])
    np.add.at(gradients["item_emb"], items, slopes[:, None] * weights["user_emb"][users])
    np.add.at(gradients["user_bias"], (users, 0), slopes)
    np.add.at(gradients["item_bias"], (items, 0), slopes)
    for name, gradient in gradients.items():
        expect(
            is_close(probe["gradients"][name], gradient),
            f"The gradient of `{name}` is not that of the formula: look at `forward`.",
        )


def judge_start(weights, data):
    """Require small random factors, zero biases and the mean of the training ratings."""
    for name in ("user_emb", "item_emb"):
        values = as_array(weights[name])
        expect(
            abs(values.mean()) < 0.002 and 0.008 < values.std() < 0.012,
            f"`{name}` should start as normal numbers of standard deviation 0.01.",
        )
    for name in ("user_bias", "item_bias"):
        expect(not as_array(weights[name]).any(), f"`{name}` should start at 0.")
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
    model = ConstantModel()
    rated = torch.utils.data.TensorDataset(users, items, stars)
    scores.append(float(evaluate(torch.utils.data.DataLoader(rated, batch_size=3))))
"""


def weights_of(student, data):
    """The weights in the student's model as float64 arrays of the right shapes."""
    probe = student.evaluate(WEIGHTS_PROBE, returns=["weights", "global_bias"], tables=list(TABLES))
    judge_shapes(probe["weights"], data)
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
    judge_training("mf", reported(student), lambda frame: rmse_on(weights, frame), data)


def judge_evaluate(student):
    """Require `evaluate` to be the RMSE of clamped predictions, batches of unequal size included."""
    stars = np.array([5.0, 4.0, 1.0, 2.0, 3.0, 5.0, 5.0])
    levels = [7.0, 3.25, -2.0]
    index = torch.arange(7)
    probe = student.evaluate(
        EVALUATE_PROBE,
        returns=["scores"],
        levels=levels,
        users=index,
        items=index.clone(),
        stars=torch.tensor(stars, dtype=torch.float32),
    )
    expected = [np.sqrt(np.mean((np.clip(level, 1, 5) - stars) ** 2)) for level in levels]
    expect(
        is_close(probe["scores"], expected),
        "`evaluate` should be the RMSE of predictions clamped to 1 to 5 over all ratings of the loader.",
    )


@check("mf-complete")
def the_matrix_holds_ratings_where_given_and_clamped_predictions_elsewhere(student, data):
    """R_hat_full is the model on every pair, clamped; completed_full keeps every rating and fills every gap."""
    weights = weights_of(student, data)
    bias = weights["global_bias"] + weights["user_bias"][:, None] + weights["item_bias"][None, :]
    predicted = np.clip(bias + weights["user_emb"] @ weights["item_emb"].T, 1, 5)
    R_hat = as_array(student["R_hat_full"])
    expect(
        R_hat is not None and R_hat.shape == predicted.shape,
        "`R_hat_full` should be users by items: look at the grids.",
    )
    expect(
        np.nanmin(R_hat) >= 1 - 1e-6 and np.nanmax(R_hat) <= 5 + 1e-6,
        "`R_hat_full` should be clamped to 1 to 5.",
    )
    expect(
        is_close(R_hat, predicted, 1e-3),
        "A cell of `R_hat_full` should hold the prediction for its own user and item: look at both grids.",
    )
    completed(student, "R_hat_df_full", "completed_full", predicted, data)


RECOMMEND_PROBE = """
lists = [recommend(user_id, n) for user_id, n in requests]
default = recommend(requests[0][0])
"""


@check("mf-recommend")
def recommend_lists_the_best_unseen_movies_with_their_titles(student, data):
    """N rows movieId, title, score, best first, none rated by the user; ties may stand in any order."""
    rng = np.random.default_rng()
    busiest = data.ratings["userId"].value_counts().index[0]
    people = [int(user) for user in (busiest, *rng.choice(data.user_ids, 3, replace=False))]
    requests = list(zip(people, [10, 1, 7, data.num_items + 5], strict=True))
    requests.append((people[0], data.num_items + 5))
    probe = student.evaluate(RECOMMEND_PROBE, returns=["lists", "default"], requests=requests)
    scores = table(student, "R_hat_df_full")
    expect(
        scores.shape == (data.num_users, data.num_items),
        "`R_hat_df_full` should be users by items.",
    )
    observed = ratings_matrix(data)
    titles = data.movies.set_index("movieId")["title"]
    lists = [*zip(requests, probe["lists"], strict=True), ((people[0], 10), probe["default"])]
    for (user_id, n), got in lists:
        judge_list(got, scores.loc[user_id], observed.loc[user_id], titles, n)


def judge_list(got, scores, observed, titles, n):
    """Require the n highest scores among the gaps of one user, each with its own title."""
    expect(isinstance(got, pd.DataFrame), "`recommend` should return a DataFrame.")
    expect(
        list(got.columns) == ["movieId", "title", "score"],
        "`recommend` should return the columns movieId, title, score.",
    )
    unseen = scores[observed.isna().to_numpy()]
    best = np.sort(unseen.to_numpy(dtype=np.float64))[::-1][:n]
    expect(
        len(got) == len(best),
        "`recommend` should return n rows, or all unseen movies where there are fewer.",
    )
    ids = list(got["movieId"])
    expect(
        len(set(ids)) == len(ids) and set(ids) <= set(unseen.index),
        "`recommend` should list each movie once, and none that the user has rated.",
    )
    expect(
        is_close(got["score"].to_numpy(), best),
        "`recommend` should list the highest scores among the unseen movies, best first.",
    )
    expect(
        is_close(got["score"].to_numpy(), scores[ids].to_numpy()),
        "`score` should be the prediction for that movie in `R_hat_df_full`.",
    )
    expect(
        list(got["title"]) == list(titles[ids]),
        "`title` should be that of the movie in the same row.",
    )
